"""The list of bad rows as a CSV file that a spreadsheet program opens without running anything in it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

from django.utils.translation import gettext as _

from handrail.gates.spreadsheet.plan import Bad

_SIGNS = "=+@＝＋－＠-"
_AFTER_A_DELIMITER = re.compile(rf"([;\t\r\n]\s*)(?=[{_SIGNS}])")


def safe(text: str) -> str:
    """A cell that no spreadsheet program takes for a formula (security.md 4.3), also where it splits cells at ; or tab."""
    begins = text[:1] in {*_SIGNS, "\t", "\r", "\n"}
    return ("'" if begins else "") + _AFTER_A_DELIMITER.sub(r"\1'", text)


def as_csv(found: Iterable[Bad]) -> str:
    """Row, column, what was typed, why, what to do."""
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\r\n")
    lines.writerow([_("Row"), _("Column"), _("Typed"), _("Why"), _("What to do")])
    for bad in found:
        lines.writerow([bad.row, *(safe(text) for text in (bad.heading, bad.typed, bad.reason, bad.todo))])
    return written.getvalue()
