"""How paper looks: A4, and with room to spare on Letter; black on white, no font from anywhere."""

PAPER = """
@page { size: A4; margin: 20mm 18mm 22mm; @bottom-right { content: counter(page) " / " counter(pages); font: 9pt sans-serif; color: #4b544f } }
body { font: 10.5pt/1.45 "Noto Sans", "DejaVu Sans", sans-serif; color: #1d2421; margin: 0 }
h1 { font-size: 22pt; line-height: 1.15; margin: 0 } h2 { font-size: 14pt; margin: 9mm 0 1mm; padding-bottom: 1.5mm; border-bottom: 1.5pt solid #0b6b57; break-after: avoid }
h3 { font-size: 11.5pt; margin: 0 } p { margin: 1mm 0 } .over { color: #0b6b57; font-weight: bold } .period { font-size: 14pt; margin-bottom: 3mm }
.small { color: #4b544f; font-size: 9.5pt } .fine { color: #6b736d; font-size: 8pt; overflow-wrap: anywhere } .code { font-weight: normal; color: #6b736d; font-size: 9pt }
dl { display: grid; grid-template-columns: 42mm 1fr; gap: 1mm 4mm; margin: 4mm 0 0 } dt { color: #4b544f } dd { margin: 0 }
article { padding: 3mm 0; border-bottom: .5pt solid #d9d2c3 } .line { display: flex; justify-content: space-between; gap: 6mm; break-after: avoid } .figure { font-size: 17pt; font-weight: bold; margin: 0; line-height: 1.1; text-align: end }
p.as-words { font-size: 11pt; color: #4b544f }
table { border-collapse: collapse; width: 100%; margin: 2mm 0 3mm; font-size: 9.5pt } caption { text-align: start; color: #4b544f; padding-bottom: 1mm } th { text-align: start; font-weight: normal } thead th { color: #4b544f } th, td { padding: .8mm 2mm; border-bottom: .5pt solid #d9d2c3 } .num { text-align: end } tr { break-inside: avoid }
footer { margin-top: 8mm; break-inside: avoid }
"""
