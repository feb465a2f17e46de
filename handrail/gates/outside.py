"""Estimates and counted deaths from a CSV file: what each row would do, which rows are wrong, and doing it.

Numbers are never guessed: how thousands are written is said by whoever imports. A count that its source hides stays
hidden. Counts of twelve months that end with each month overlap; each row is kept for itself and none are added up.
The file that CDC publishes is read by `vsrr.py`: of its many rows those that were chosen.
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
from handrail.gates import vsrr
from handrail.gates.spreadsheet.plan import Bad
from handrail.gates.spreadsheet.reading import NotReadable, Sheet, heading, read
from handrail.gates.vsrr import Given
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
    headings: Mapping[str, str] = field(default_factory=dict)
    """Under which heading of the file a field stands, where it is not its own name."""

    def column(self, name: str) -> str:
        """The column that a heading of a file means; a program that writes for programs joins words by “_”."""
        code = heading(name)
        return code if code in self.columns else code.replace("_", " ")


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
        Sort(
            "cdc", _l("Deaths by opioid overdose, as CDC publishes them (VSRR)"), vsrr.COLUMNS, vsrr.NEEDED, (),
            deaths.read_typed, deaths.same_question, ("level", "area", "starts_on", "ends_before"), vsrr.HEADINGS,
        ),
    )
}


@dataclass(frozen=True)
class Planned:
    """A row that is right: what it would add, and what that would take the place of."""

    row: int
    what: FromOutside
    replaces: FromOutside | None
    note: str = ""


@dataclass
class Plan:
    """What a file would do."""

    sort: Sort
    rows: int
    planned: list[Planned] = field(default_factory=list)
    known: int = 0
    left: int = 0
    """Rows of something else, which nobody asked for."""
    bad: list[Bad] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def corrections(self) -> list[Planned]:
        """Rows that say something else than what is here."""
        return [one for one in self.planned if one.replaces is not None]


def prepare(*, actor: Actor, sort: Sort, data: bytes, thousands: str = "", said: Mapping[str, str] | None = None) -> Plan:
    """Judge a file. Saves nothing. `NotReadable` when it cannot be read at all. `said` is what a file of CDC needs beside it."""
    require_enter(actor)
    sheet = read(data, sort.columns)
    named = {sort.column(name): name for name in sheet.headings if name}
    missing = [name for name in sort.needed if name not in named]
    if missing:
        raise NotReadable(_("The first row must name the columns. Missing: %s.") % ", ".join(missing))
    plan = Plan(sort, len(sheet.rows))
    surplus = [name for code, name in named.items() if code not in sort.columns]
    if surplus:
        plan.warnings.append(_("Columns that are not read: %s.") % ", ".join(surplus))
    given = _given(plan, sheet, named, thousands, said or {})
    if len(given) > MOST_ROWS:
        raise NotReadable(_("At most %d rows. Split the file.") % MOST_ROWS)
    seen: dict[tuple[Any, ...], int] = {}
    for one in given:
        _judge(plan, one, seen)
    if sort.key != "estimates":
        plan.warnings += [*_other_ways(plan), *_overlaps(plan)]
    return plan


def _given(plan: Plan, sheet: Sheet, named: Mapping[str, str], thousands: str, said: Mapping[str, str]) -> list[Given]:
    """The rows in our own fields."""
    sort = plan.sort
    rows = [(row, {name: row.cells[named[name]] for name in sort.columns if name in named}) for row in sheet.rows]
    if sort.key == "cdc":
        taken = vsrr.take(rows, said)
        plan.left, plan.warnings = taken.left, plan.warnings + taken.warnings
        return taken.given
    return [Given(row, cells, cells | {name: ungrouped(cells[name], thousands) for name in sort.numbers if name in cells}) for row, cells in rows]


def _judge(plan: Plan, given: Given, seen: dict[tuple[Any, ...], int]) -> None:
    row, sort = given.row, plan.sort
    what, problems = sort.read_typed(given.typed)
    problems = [*given.problems, *(one for one in problems if one[0] not in {name for name, _sentence in given.problems})]
    if row.surplus:
        problems.append(("", _("There are more cells than headings.")))
    question = tuple(getattr(what, name) for name in sort.question)
    if not problems and question in seen:
        problems.append(("", _("Row %d asks the same already. Which of the two is right?") % seen[question]))
    if problems:
        for name, sentence in problems:
            column = sort.headings.get(name, name)
            cell = given.cells.get(column, "")
            plan.bad.append(Bad(row.number, column, cell, sentence, _todo(cell, name in sort.numbers)))
        return
    seen[question] = row.number
    there = sort.same_question(what)
    if there is not None and plain(there) | {"note": ""} == plain(what) | {"note": ""}:
        plan.known += 1
    else:
        note = given.note or (_("From an imported file, row %d") % row.number if there is not None else "")
        plan.planned.append(Planned(row.number, what, there, note))


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


def _other_ways(plan: Plan) -> list[str]:
    """A sentence for each way of counting that another would take the place of: reported by predicted, one cause by another."""
    ways = {(one.replaces.method, one.what.method) for one in plan.corrections if isinstance(one.replaces, DeathCount) and isinstance(one.what, DeathCount)}
    return [
        _("Counts that are here were counted another way (%(before)s). Those of this file (%(after)s) would take their place.") % {"before": before or "–", "after": after or "–"}
        for before, after in sorted(ways) if before != after
    ]


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


def run(*, actor: Actor, sort: Sort, data: bytes, thousands: str = "", said: Mapping[str, str] | None = None, only_good: bool = False) -> Plan:
    """Do what a file says, judged again now: nothing at all if a row is wrong, unless only the good ones are wanted."""
    require_enter(actor)
    lock_organisation()
    plan = prepare(actor=actor, sort=sort, data=data, thousands=thousands, said=said)
    if plan.bad and not only_good:
        raise NotReadable(_("Nothing was imported: some rows have to be corrected first."))
    for one in plan.planned:
        add(one.what, actor=actor, problems=[], replaces=one.replaces, note=one.note)
    return plan
