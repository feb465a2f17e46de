"""CSV: one line for each number, for people with a spreadsheet and for programs. English headings, the same everywhere."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handrail.gates.release_formats import Format, Where, place_names
from handrail.gates.spreadsheet.badlist import safe
from handrail.insight.arithmetic import Status

if TYPE_CHECKING:
    from handrail.gates.receivers import Mapping
    from handrail.insight.releases import Frozen

HEAD = (
    "release", "revision", "report", "period", "key", "code", "variant", "version", "name", "place", "cell", "from", "before", "status", "value",
    "unit", "level", "source", "rounded_to",
)
"""`value` is the number, or the status once more: hidden is “suppressed”, never empty and never 0."""
MARK = "\ufeff"
"""Tells spreadsheet programs that the file is UTF-8."""
HIDDEN = "suppressed"


def build(frozen: Frozen, _mapping: Mapping | None = None) -> bytes:
    """The release as CSV."""
    written = io.StringIO()
    lines = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    lines.writerow(HEAD)
    release, names = frozen.release, place_names(frozen)
    for value in frozen:
        indicator = value.indicator
        status = HIDDEN if value.is_hidden else value.status.value
        cells: Iterable[object] = (
            release.number, release.revision, frozen.report.key, frozen.period, indicator.key, indicator.code, indicator.variant, value.version,
            indicator.name, names[value.site], value.cell, value.window.starts_on, value.window.ends_before, status, value.plain, indicator.unit,
            indicator.level.value, indicator.source, release.rounding or "",
        )
        lines.writerow([safe(str(cell)) for cell in cells])
    return (MARK + written.getvalue()).encode()


def _rows(content: bytes) -> Iterator[dict[str, str]]:
    yield from csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)


def validate(content: bytes, _mapping: Mapping | None = None) -> list[str]:
    """Whether each line has every heading, a status, and a number exactly where the status says so."""
    try:
        rows = list(_rows(content))
    except (UnicodeDecodeError, csv.Error) as error:
        return [_("This is not a CSV file: %s") % error]
    if rows and tuple(rows[0]) != HEAD:
        return [_("The headings are not those of this format.")]
    problems = []
    for number, row in enumerate(rows, 2):
        if any(cell is None for cell in row.values()) or row["status"] not in {HIDDEN, *Status.values}:
            problems.append(_("Line %d has no status or too few cells.") % number)
        elif (row["status"] == Status.OK) != _is_number(row["value"]) or (row["status"] != Status.OK and row["value"] != row["status"]):
            problems.append(_("Line %d: the value does not fit its status.") % number)
        elif any(cell != safe(cell) for cell in row.values()):
            problems.append(_("Line %d: a spreadsheet program would run a cell as a formula.") % number)
    return problems


def _is_number(text: str) -> bool:
    whole, _point, rest = text.removeprefix("'").removeprefix("-").partition(".")
    return whole.isascii() and whole.isdigit() and (not rest or (rest.isascii() and rest.isdigit()))


def read_back(content: bytes, _mapping: Mapping | None = None) -> dict[Where, str]:
    """The shown numbers."""
    rows = [row for row in _rows(content) if row["status"] == Status.OK]
    return {(row["key"], as_typed(row["place"]), row["cell"]): as_typed(row["value"]) for row in rows}


def as_typed(text: str) -> str:
    """A defused cell as it was: only what begins like a formula had its sign put in front."""
    rest = text.removeprefix("'")
    return rest if safe(rest) == text else text


FORMAT = Format(gettext_lazy("CSV (spreadsheet programs and others)"), "text/csv; charset=utf-8", "csv", build, validate, read_back, is_compared=True)
