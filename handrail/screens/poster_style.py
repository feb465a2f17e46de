"""How the poster looks on paper: one sheet of A4 with room on Letter, to be read from two metres away."""

POSTER = """
@page { size: A4; margin: 18mm 16mm 20mm }
body { font: 13pt/1.35 "Noto Sans", "DejaVu Sans", sans-serif; color: #1d2421; margin: 0 }
.over { color: #0b6b57; font-size: 14pt; font-weight: bold; margin: 0 } h1 { font-size: 34pt; line-height: 1.1; margin: 1mm 0 } .period { font-size: 17pt; margin: 0 0 7mm; color: #4b544f }
ul { list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: 1fr 1fr; gap: 5mm } li { border: 1.2pt solid #0b6b57; border-radius: 4mm; padding: 5mm; min-height: 30mm }
.figure { font-size: 44pt; font-weight: bold; line-height: 1.05; margin: 0 } .words { font-size: 16pt; margin: 1mm 0 } .small { color: #4b544f; font-size: 12pt; margin: 0 }
.thanks { font-size: 18pt; font-weight: bold; margin: 8mm 0 0 } footer { margin-top: 7mm; color: #4b544f; font-size: 9.5pt } footer p { margin: 0 }
"""
