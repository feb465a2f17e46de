"""Estimates and counted deaths from a CSV file: what each row would do, which rows are wrong, and doing it.

Numbers are never guessed: how thousands are written is said by whoever imports. A count that its source hides stays
hidden. Counts of twelve months that end with each month overlap; each row is kept for itself and none are added up.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from handrail.facts.record import lock_organisation
from handrail.facts.spec import Text
from handrail.gates.spreadsheet.plan import Bad
from handrail.gates.spreadsheet.reading import NotReadable, SheetRow, heading, read
from handrail.insight import deaths, estimates
from handrail.insight.models import DeathCount, FromOutside
from handrail.insight.outside import Problems, add, in_force, plain, require_enter
from handrail.kernel.access import Actor

THOUSANDS: dict[str, Text] = {
    "": _l("without anything: 12500"), ",": _l("with a comma: 12,500"), ".": _l("with a point: 12.500"), " ": _l("with a space: 12 500"),
    "'": _l("with an apostrophe: 12'500"),
}
_ALIKE = {" ": "[ \u00a0\u202f\u2009]", "'": "['’]", ",": ",", ".": r"\."}
MOST_ROWS = 5_000


@dataclass(frozen=True)
class Sort:
    """What a file holds: its columns, how a row is read, and what it would replace."""

    key: str
    title: Text
    columns: tuple[str, ...]
    needed: tuple[str, ...]
    numbers: tuple[str, ...]
    read_typed: Callable[[Mapping[str, str]], tuple[Any, Problems]]
    same_question: Callable[[Any], Any]
    question: tuple[str, ...]


SORTS: dict[str, Sort] = {
    one.key: one
    for one in (
        Sort(
            "estimates", _l("Estimates of how many people there are"), estimates.FIELDS, ("population", "level", "area", "value", "method", "year", "source"),
            ("value", "low", "high"), estimates.read_typed, estimates.same_question, ("population", "level", "area", "year"),
        ),
        Sort(
            "deaths", _l("Deaths by opioid overdose"), deaths.FIELDS, ("level", "area", "months", "ends", "deaths", "source"), ("deaths",),
            deaths.read_typed, deaths.same_question, ("level", "area", "starts_on", "ends_before"),
        ),
    )
}


@dataclass(frozen=True)
class Planned:
    """A row that is right: what it would add, and what that would take the place of."""

    row: int
    what: FromOutside
    replaces: FromOutside | None


@dataclass
class Plan:
    """What a file would do."""

    sort: Sort
    rows: int
    planned: list[Planned] = field(default_factory=list)
    known: int = 0
    bad: list[Bad] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def corrections(self) -> list[Planned]:
        """Rows that say something else than what is here."""
        return [one for one in self.planned if one.replaces is not None]


def prepare(*, actor: Actor, sort: Sort, data: bytes, thousands: str = "") -> Plan:
    """Judge a file. Saves nothing. `NotReadable` when it cannot be read at all."""
    require_enter(actor)
    sheet = read(data, sort.columns)
    named = {heading(name): name for name in sheet.headings if name}
    missing = [name for name in sort.needed if name not in named]
    if missing:
        raise NotReadable(_("The first row must name the columns. Missing: %s.") % ", ".join(missing))
    if len(sheet.rows) > MOST_ROWS:
        raise NotReadable(_("At most %d rows. Split the file.") % MOST_ROWS)
    plan = Plan(sort, len(sheet.rows))
    surplus = [name for code, name in named.items() if code not in sort.columns]
    if surplus:
        plan.warnings.append(_("Columns that are not read: %s.") % ", ".join(surplus))
    seen: dict[tuple[Any, ...], int] = {}
    for row in sheet.rows:
        _judge(plan, row, {name: row.cells[named[name]] for name in sort.columns if name in named}, thousands, seen)
    if sort.key == "deaths":
        plan.warnings += _overlaps(plan)
    return plan


def _judge(plan: Plan, row: SheetRow, cells: dict[str, str], thousands: str, seen: dict[tuple[Any, ...], int]) -> None:
    typed = cells | {name: ungrouped(cells[name], thousands) for name in plan.sort.numbers if name in cells}
    what, problems = plan.sort.read_typed(typed)
    if row.surplus:
        problems.append(("", _("There are more cells than headings.")))
    question = tuple(getattr(what, name) for name in plan.sort.question)
    if not problems and question in seen:
        problems.append(("", _("Row %d asks the same already. Which of the two is right?") % seen[question]))
    if problems:
        plan.bad += [Bad(row.number, name, cells.get(name, ""), sentence, _todo(cells.get(name, ""), name in plan.sort.numbers)) for name, sentence in problems]
        return
    seen[question] = row.number
    there = plan.sort.same_question(what)
    if there is not None and plain(there) | {"note": ""} == plain(what) | {"note": ""}:
        plan.known += 1
    else:
        plan.planned.append(Planned(row.number, what, there))


def _todo(typed: str, is_number: bool) -> str:
    if is_number and re.fullmatch(r"\d{1,3}([.,' \u00a0\u202f\u2009’]\d{3})+", typed):
        return _("Say above how thousands are written in this file, or correct it.")
    if is_number and re.match(r"[<≤*]", typed):
        return _("Leave the row out, or find a source that says it.")
    return _("Correct it in the file and choose it again.")


def ungrouped(typed: str, thousands: str) -> str:
    """A number without its separators, if it is grouped in threes by the one that was named; else as it stands."""
    if thousands not in _ALIKE:
        return typed
    mark = _ALIKE[thousands]
    return re.sub(mark, "", typed) if re.fullmatch(rf"\d{{1,3}}({mark}\d{{3}})+", typed) else typed


def _overlaps(plan: Plan) -> list[str]:
    """A sentence for each area whose counts overlap, among themselves or with those that are here."""
    replaced = {one.replaces.pk for one in plan.corrections if one.replaces is not None}
    stored = [row for row in in_force(DeathCount) if row.pk not in replaced]
    areas: dict[tuple[str, str], list[DeathCount]] = {}
    for row in [*stored, *(one.what for one in plan.planned)]:
        if isinstance(row, DeathCount):
            areas.setdefault((row.level, row.area), []).append(row)
    mine = {(one.what.level, one.what.area) for one in plan.planned if isinstance(one.what, DeathCount)}
    found = []
    for (level, area), rows in sorted(areas.items()):
        ordered = sorted(rows, key=lambda row: (row.starts_on, row.ends_before))
        if (level, area) in mine and any(b.starts_on < a.ends_before for a, b in itertools.pairwise(ordered)):
            found.append(_("Counts for %s overlap. Each is kept for itself; they are never added up.") % area)
    return found


def run(*, actor: Actor, sort: Sort, data: bytes, thousands: str = "", only_good: bool = False) -> Plan:
    """Do what a file says, judged again now: nothing at all if a row is wrong, unless only the good ones are wanted."""
    require_enter(actor)
    lock_organisation()
    plan = prepare(actor=actor, sort=sort, data=data, thousands=thousands)
    if plan.bad and not only_good:
        raise NotReadable(_("Nothing was imported: some rows have to be corrected first."))
    for one in plan.planned:
        note = _("From an imported file, row %d") % one.row if one.replaces is not None else ""
        add(one.what, actor=actor, problems=[], replaces=one.replaces, note=note)
    return plan
