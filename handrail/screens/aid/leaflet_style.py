"""How the leaflet looks on paper: one sheet of A4 with two columns, which can be folded in the middle."""

LEAFLET = """
@page { size: A4; margin: 10mm 13mm }
body { font: 10pt/1.28 "Noto Sans", "DejaVu Sans", sans-serif; color: #1d2421; margin: 0 }
h1 { font-size: 21pt; line-height: 1.1; margin: 0 } .over { color: #0b6b57; font-size: 10.5pt; font-weight: bold; margin: 0 }
.steps { columns: 2; column-gap: 12mm; margin: 5mm 0 0; padding: 0; list-style: none } .steps > li { break-inside: avoid; border-top: 1pt solid #d9d2c3; padding: 2.2mm 0; margin: 0 }
.steps h2 { font-size: 14pt; margin: 0 } .steps h2 span { color: #0b6b57 } .steps p { margin: 0.8mm 0 0 } .steps svg { width: 34mm; height: 20.2mm; display: block; color: #1d2421 } .steps b { color: #0b6b57 }
.more { margin-top: 4mm } .more svg { float: right; width: 30mm; height: 30mm; margin: 0 0 0 6mm } .more p { margin: 0 0 1.5mm } .fine { color: #4b544f; font-size: 8.5pt }
"""
