"""A report that is not released yet, as its coordinator reads it: each number, the period before, what would stay hidden."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.insight.breakdowns import label_of, pairs_of
from handrail.insight.desk import Draft
from handrail.insight.due import missing_of
from handrail.insight.results import Row
from handrail.insight.sheet import code_of, rank, title_of
from handrail.insight.spec import INDICATORS, Text
from handrail.screens.console.quarter import text_of


@dataclass(frozen=True)
class Shown:
    """One number: exact, with the period before and the change. `is_hidden` says that its readers will not see it."""

    name: str
    code: str
    address: str
    text: str
    window: str
    before: str
    change: str
    is_hidden: bool
    why: str
    is_word: bool = False
    """Whether `text` says why there is no number."""


@dataclass(frozen=True)
class Told:
    """A number told apart in one way."""

    title: str
    lines: list[Shown]

    @property
    def hidden(self) -> int:
        """How many of them will be hidden."""
        return sum(line.is_hidden for line in self.lines)


@dataclass(frozen=True)
class Numbered:
    """A number of the whole and everything it is told apart by."""

    shown: Shown
    parts: list[Told]


@dataclass(frozen=True)
class Part:
    """A section of the report."""

    title: Text
    numbers: list[Numbered]


def parts_of(draft: Draft) -> list[Part]:
    """The report's sections; a number that was never computed says so."""
    return [Part(section.title, [_numbered(draft, key) for key in section.indicators if INDICATORS.get(key)]) for section in draft.report.sections]


def number_address(period: object, indicator: str, site: object = None, *, cell: str = "", report: str = "") -> str:
    """The page that opens a number; it leads back to the report it was opened from."""
    path = reverse("number", args=[period, indicator]) if site is None else reverse("number-site", args=[period, indicator, site])
    query = urlencode({name: value for name, value in (("cell", cell), ("report", report)) if value})
    return f"{path}?{query}" if query else path


def change_of(now: Row, before: Row | None) -> str:
    """How a number changed on the period before, in words; a percentage changes by points."""
    if before is None or now.value is None or before.value is None:
        return ""
    if now.indicator.kind == "percent":
        points = now.value - before.value
        return _("%(points)+.1f points") % {"points": float(points)} if round(points, 1) else _("as before")
    if not before.value:
        return ""
    change = (now.value - before.value) * Decimal(100) / before.value
    return _("%(change)+d %%") % {"change": round(change)} if round(change) else _("as before")


def _numbered(draft: Draft, key: str) -> Numbered:
    pack, indicator = draft.pack, INDICATORS[key]
    whole = pack.get(key)
    if whole is None:
        return Numbered(Shown(str(indicator.name), code_of(indicator), "", _("not computed yet"), "", "", "", False, "", True), [])
    ways: dict[tuple[str, ...], list[Row]] = {}
    for row in pack.cells(key):
        ways.setdefault(tuple(pairs_of(row.cell)), []).append(row)
    parts = [Told(title_of(rows[0].cell), [_shown(draft, row, label_of(row.cell)) for row in sorted(rows, key=lambda row: rank(row.cell))]) for rows in ways.values()]
    sites = pack.by_site(key)
    if sites:
        parts.append(Told(_("Place"), [_shown(draft, row, row.site_name) for row in sites]))
    return Numbered(_shown(draft, whole, str(indicator.name)), parts)


def _shown(draft: Draft, row: Row, name: str) -> Shown:
    before = draft.pack.previous(*row.place)
    why = missing_of(row.indicator, row.status, row.noted).why if row.value is None and not row.cell and row.site is None else ""
    return Shown(
        name, code_of(row.indicator), number_address(draft.period, row.indicator.key, row.site, cell=row.cell, report=draft.report.key), text_of(row),
        row.window.label, text_of(before) if before else "", change_of(row, before), draft.hides(row.place), why, row.value is None,
    )
