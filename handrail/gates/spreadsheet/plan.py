"""What a file would record: every row judged, nothing stored. The dry run shows it, the real run records it."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from pydantic import BaseModel, ValidationError

from handrail.facts.codes import Channel, Gender, Injects
from handrail.facts.codes_of_people import AgeBand
from handrail.facts.drafts import sentence_of
from handrail.facts.models import Site
from handrail.facts.participants import namespace
from handrail.facts.spec import KINDS, Codes
from handrail.facts.unreadable import is_storable
from handrail.gates.spreadsheet import cells
from handrail.gates.spreadsheet.cells import BadCell
from handrail.gates.spreadsheet.mapping import Also
from handrail.gates.spreadsheet.mapping import Mapping as MappingFile
from handrail.gates.spreadsheet.reading import Sheet, SheetRow, heading
from handrail.kernel import crypto, ids, keyring

MOST_OF_AN_ITEM, MOST_PEOPLE, MOST_OTHERS, MOST_RETURNED = 100_000, 500, 500, 1_000_000
_CODES: dict[str, type[Codes]] = {"gender": Gender, "age_band": AgeBand, "injects": Injects, "channel": Channel}


@dataclass(frozen=True)
class Bad:
    """A row that cannot be imported: where, what was typed, why, and what to do."""

    row: int
    heading: str
    typed: str
    reason: str
    todo: str


@dataclass(frozen=True)
class Part:
    """One record of a visit besides the visit itself."""

    slot: str
    kind: str
    payload: BaseModel


@dataclass(frozen=True)
class Visit:
    """What one row (or the rows with one key) stands for. `person` is a keyed token; the id in the file is not kept."""

    rows: tuple[int, ...]
    id: uuid.UUID
    site: Site
    occurred_at: datetime
    encounter: BaseModel
    parts: tuple[Part, ...]
    person: bytes | None
    profile: Mapping[str, Any]


@dataclass
class Plan:
    """The judged file."""

    mapping: MappingFile
    sheet: Sheet
    visits: list[Visit] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """What is wrong with the file or the mapping as a whole; nothing can be imported before it is mended."""
    known: list[Visit] = field(default_factory=list)
    """Visits that an earlier run recorded, and that say the same."""

    @property
    def bad_rows(self) -> int:
        """Rows with at least one problem."""
        return len({bad.row for bad in self.bad})

    def totals(self) -> dict[str, int]:
        """Sums over the good rows: visits, people with an id of their own, contacts without, units by item, returned."""
        found: Counter[str] = Counter()
        for visit in [*self.visits, *self.known]:
            found["visits"] += 1
            found["contacts_without_code"] += 0 if visit.person else visit.encounter.people_count  # type: ignore[attr-defined]
            for part in visit.parts:
                if part.kind == "exchange.given":
                    for line in part.payload.lines:  # type: ignore[attr-defined]
                        found[f"item:{line.item}"] += line.quantity
                elif part.kind == "exchange.returned":
                    found["returned"] += part.payload.quantity  # type: ignore[attr-defined]
                else:
                    found[f"kind:{part.kind}"] += 1
        found["people"] = len({visit.person for visit in [*self.visits, *self.known] if visit.person})
        return dict(found)


@dataclass(frozen=True)
class Known:
    """What an import may name: places and items of the organisation."""

    organisation: uuid.UUID
    sites: Mapping[str, Site]
    """By name as compared, and by id."""
    items: Mapping[str, str]
    """Item code by code and name as compared."""


def make(mapping: MappingFile, sheet: Sheet, known: Known) -> Plan:
    """Judge every row."""
    plan = Plan(mapping, sheet)
    plan.problems += list(_whole_file(mapping, sheet, known))
    if plan.problems:
        return plan
    plan.warnings += list(_warnings(mapping, sheet))
    _Planner(plan, known).run()
    return plan


# -- the file as a whole --------------------------------------------------------------------------------------------


def _whole_file(mapping: MappingFile, sheet: Sheet, known: Known) -> Iterator[str]:
    there = {heading(name): name for name in sheet.headings}
    for name, use in dict(mapping.headings()).items():
        if heading(name) not in there:
            yield _("The mapping reads the column “%(column)s” (%(use)s), and the file has none. It has: %(there)s.") % {
                "column": name, "use": use, "there": ", ".join(h for h in sheet.headings if h)}
    if not cells.is_date_format(mapping.dates.format):
        yield _("dates.format must name DD, MM and YYYY, such as DD/MM/YYYY.")
    if not cells.is_time_format(mapping.dates.time_format):
        yield _("dates.time_format must name hh and mm, such as hh:mm or hh:mm AM.")
    for column, code in mapping.items.items():
        if heading(code) not in known.items:
            yield _("The catalogue has no item “%(code)s” (column “%(column)s”). Add it, or correct [items].") % {"code": code, "column": column}
    left_out = {heading(name) for name in mapping.never_import}
    uses = {heading(name): "ignore" for name in mapping.ignore} | {heading(name): use for name, use in mapping.headings()}
    for name in sheet.headings:
        if not name or heading(name) in left_out:
            continue
        word = cells.identity_in_heading(name)
        if not word and (uses.get(heading(name), "person") == "person"):
            word = cells.identity_in_cells(row.cells[name] for row in sheet.rows[:400])
        if word:
            yield _(
                "The column “%(column)s” looks like it says who somebody is (%(word)s). Handrail keeps no names, numbers or dates of birth."
                " Take it out of the file, or list it in never_import: it is then not read at all."
            ) % {"column": name, "word": word}


def _warnings(mapping: MappingFile, sheet: Sheet) -> Iterator[str]:
    read = {heading(name) for name, _use in mapping.headings()} | {heading(n) for n in [*mapping.ignore, *mapping.never_import]}
    for name in sheet.headings:
        if name and heading(name) not in read:
            yield _("The column “%s” is not imported. List it under ignore if that is right.") % name
    if not mapping.columns.key:
        yield _("There is no key column: a row that is edited and imported again counts as a new one. Name one under columns.key if there is one.")
    if not mapping.columns.time and "hh" not in mapping.dates.format:
        yield _("There are no times: every visit is recorded at noon, local time.")


# -- row by row -------------------------------------------------------------------------------------------------------


def _joined(cells_of_key: list[str]) -> str:
    """Cells as one text, such that no two rows of different cells give the same."""
    return "|".join(cell.replace("\\", "\\\\").replace("|", "\\|") for cell in cells_of_key)


class _Planner:
    """Judges the rows of one file; remembers what it has seen."""

    def __init__(self, plan: Plan, known: Known) -> None:
        self._plan, self._mapping, self._known = plan, plan.mapping, known
        self._key = keyring.mac("lookup")
        self._own = {heading(name): name for name in plan.sheet.headings}
        self._left_out = {heading(name) for name in [*self._mapping.ignore, *self._mapping.never_import]}
        self._read = sorted({heading(name) for name, _use in self._mapping.headings()})
        self._sites = {heading(theirs): ours for theirs, ours in self._mapping.sites.items()}
        self._item_codes = {heading(theirs): ours for theirs, ours in self._mapping.item_codes.items()}
        self._here: list[Bad] = []

    def run(self) -> None:
        """Fill the plan."""
        seen: Counter[str] = Counter()
        first: dict[str, int] = {}
        again = 0
        for rows in self._groups():
            identity, is_key = self._identity(rows[0])
            if is_key and identity in first:
                self._plan.bad.append(Bad(rows[0].number, self._mapping.columns.key[0], "", _("Row %d has the same key.") % first[identity],
                                          _("Take one of them out, or give it its own key.")))
                continue
            first[identity] = rows[0].number
            seen[identity] += 1
            if seen[identity] > 1:
                again += 1
                identity += f"|{seen[identity]}"
            visit = self._visit(rows, identity)
            if visit is not None:
                self._plan.visits.append(visit)
        if again:
            self._plan.warnings.append(
                ngettext("%d row is the same as an earlier one and is taken as a visit of its own.",
                         "%d rows are the same as earlier ones and are taken as visits of their own.", again) % again)

    def _groups(self) -> Iterator[list[SheetRow]]:
        """Rows that belong together: those with one key where each item has its row, else each row alone."""
        if not (self._mapping.item_rows and self._mapping.columns.key):
            yield from ([row] for row in self._plan.sheet.rows)
            return
        groups: dict[str, list[SheetRow]] = {}
        for row in self._plan.sheet.rows:
            identity, is_key = self._identity(row)
            groups.setdefault(identity if is_key else f"{identity}|{row.number}", []).append(row)
        yield from groups.values()

    def _identity(self, row: SheetRow) -> tuple[str, bool]:
        """What makes a row the same row when the file comes again: its key, else all that is read of it and nothing that is not."""
        key = [heading(self._cell(row, name)) for name in self._mapping.columns.key]
        if any(key):
            return "key|" + _joined(key), True
        read = [(name, heading(cell)) for name in self._read if (cell := row.cells[self._own[name]])]
        return "row|" + _joined([part for pair in read for part in pair]), False

    def _cell(self, row: SheetRow, name: str) -> str:
        """What stands under a heading; empty for no heading."""
        return row.cells[self._own[heading(name)]] if name else ""

    def _token(self, purpose: str, text: str) -> bytes:
        return crypto.token(self._key, purpose, f"{self._known.organisation}|{self._mapping.name}|{text}")

    # -- one visit ------------------------------------------------------------------------------------------------------

    def _visit(self, rows: list[SheetRow], identity: str) -> Visit | None:
        self._here, row, column = [], rows[0], self._mapping.columns
        self._check_rows(rows)
        site = self._try(row, column.site, self._site, row)
        zone = self._mapping.dates.time_zone or (site.time_zone if site else "UTC")
        occurred_at = self._try(row, column.date, self._moment, row, zone)
        person, profile = self._person(row, site), self._profile(row)
        encounter = self._encounter(row, person is not None, profile)
        parts = [part for part in (self._given(rows), self._returned(row)) if part]
        if profile.get("injects") and person is not None:
            parts += self._made(row, "injects", column.injects, "facts.asked", {"injects": profile["injects"]})
        for also in self._mapping.also:
            parts += self._also(row, also)
        if self._here or site is None or occurred_at is None or encounter is None:
            self._plan.bad += self._here
            return None
        visit = ids.derived(uuid.UUID(bytes=self._token("import-row", identity)[:16]), "visit")
        return Visit(tuple(r.number for r in rows), visit, site, occurred_at, encounter, tuple(parts), person, profile)

    def _check_rows(self, rows: list[SheetRow]) -> None:
        column = self._mapping.columns
        for row in rows:
            if row.surplus:
                self._here.append(Bad(row.number, "", "", _("There are more cells than headings."), _("A comma or semicolon inside a cell needs quotation marks.")))
            for name, cell in row.cells.items():
                if heading(name) not in self._left_out and (not is_storable(cell[:1], 0, {"": cell}) or len(cell) > 2000):
                    self._here.append(Bad(row.number, name, self._shown(row, name)[:40], _("This cannot be read."), _("Correct it in the file and import it again.")))
        for row in rows[1:]:
            for name in [column.date, column.time, column.site, *column.person]:
                if self._cell(row, name) != self._cell(rows[0], name):
                    self._here.append(Bad(row.number, name, self._shown(row, name), _("Row %d has the same key and says something else.") % rows[0].number,
                                          _("Rows with one key are one visit: date, place and person must be the same.")))

    def _shown(self, row: SheetRow, name: str) -> str:
        """What was typed, unless it stands for a person."""
        if heading(name) in {heading(one) for one in self._mapping.columns.person}:
            return _("(not shown)")
        return self._cell(row, name)[:80] if name and heading(name) in self._own else ""

    def _try(self, row: SheetRow, name: str, work: Any, *arguments: Any) -> Any:
        """The result, or None with the problem noted."""
        try:
            return work(*arguments)
        except BadCell as bad:
            self._here.append(Bad(row.number, name, self._shown(row, name), bad.reason, bad.todo))
            return None

    def _site(self, row: SheetRow) -> Site:
        typed = self._cell(row, self._mapping.columns.site) or self._mapping.constants.site
        if not typed:
            raise BadCell(_("There is no place."))
        wanted = self._sites.get(heading(typed), typed)
        found = self._known.sites.get(heading(wanted))
        if found is None:
            raise BadCell(_("There is no place “%s” here.") % wanted[:60], _("Add it under [sites] in the mapping: their word on the left, our place on the right."))
        return found

    def _moment(self, row: SheetRow, zone: str) -> datetime:
        column, dates = self._mapping.columns, self._mapping.dates
        return cells.moment(self._cell(row, column.date), self._cell(row, column.time), dates.format, dates.time_format, zone)

    def _person(self, row: SheetRow, site: Site | None) -> bytes | None:
        """The keyed token of somebody's id in the old system; None when the first column of it is empty.

        Inside a closed setting the same id is somebody else, as with cards: nothing ties people there to people outside.
        """
        typed = [heading(self._cell(row, name)) for name in self._mapping.columns.person]
        return self._token("import" + namespace(site), _joined(typed)) if typed and typed[0] else None

    def _profile(self, row: SheetRow) -> dict[str, Any]:
        column = self._mapping.columns
        found: dict[str, Any] = {"birth_year": self._try(row, column.birth_year, lambda: cells.whole(self._cell(row, column.birth_year), most=2100, least=1900))}
        for name in ("gender", "age_band", "injects"):
            found[name] = self._coded(row, name)
        return {name: value for name, value in found.items() if value is not None}

    def _coded(self, row: SheetRow, name: str) -> str | None:
        column = getattr(self._mapping.columns, name)
        typed = self._cell(row, column) or getattr(self._mapping.constants, name, "")
        found: str | None = self._try(row, column, cells.code, typed, self._mapping.codes.get(name, {}), _CODES[name], name)
        return found

    def _encounter(self, row: SheetRow, is_person: bool, profile: dict[str, Any]) -> BaseModel | None:
        column = self._mapping.columns
        people = self._try(row, column.people_count, lambda: cells.whole(self._cell(row, column.people_count), most=MOST_PEOPLE, least=1)) or 1
        if is_person and people > 1:
            self._here.append(Bad(row.number, column.people_count, str(people), _("A row about one person counts %d people.") % people,
                                  _("Leave the person empty for a group, or the count at 1.")))
        told = {heading(k): str(v) for k, v in self._mapping.codes.get("on_behalf_of", {}).items()}
        typed = self._cell(row, column.on_behalf_of)
        others = self._try(row, column.on_behalf_of, lambda: cells.whole(told.get(heading(typed), typed), most=MOST_OTHERS))
        payload: dict[str, Any] = {"people_count": people, "on_behalf_of": others or 0}
        channel = self._coded(row, "channel")
        if channel:
            payload["channel"] = channel
        band = {name: profile[name] for name in ("gender", "age_band") if name in profile}
        if band and not is_person:
            payload["bands"] = [band | {"people": people}]
        made = self._made(row, "encounter", column.people_count, "facts.encounter", payload)
        return made[0].payload if made else None

    def _given(self, rows: list[SheetRow]) -> Part | None:
        amounts: Counter[str] = Counter()
        for row in rows:
            for name, code in self._mapping.items.items():
                amounts[self._known.items[heading(code)]] += self._try(row, name, lambda r=row, n=name: cells.whole(self._cell(r, n), most=MOST_OF_AN_ITEM)) or 0
            if self._mapping.item_rows:
                name = self._mapping.item_rows.quantity
                quantity = self._try(row, name, lambda r=row, n=name: cells.whole(self._cell(r, n), most=MOST_OF_AN_ITEM))
                item = self._try(row, self._mapping.item_rows.item, self._item, row, quantity)
                if item:
                    amounts[item] += quantity or 0
        lines = [{"item": item, "quantity": quantity} for item, quantity in sorted(amounts.items()) if quantity]
        return next(iter(self._made(rows[0], "given", "", "exchange.given", {"lines": lines})), None) if lines else None

    def _item(self, row: SheetRow, quantity: int | None) -> str | None:
        typed = self._cell(row, self._mapping.item_rows.item) if self._mapping.item_rows else ""
        if not typed:
            if quantity:
                raise BadCell(_("There is a quantity and no item."))
            return None
        found = self._known.items.get(heading(self._item_codes.get(heading(typed), typed)))
        if found is None:
            raise BadCell(_("The catalogue has no item “%s”.") % typed[:60], _("Say under [item_codes] in the mapping which item it is, or add it to the catalogue."))
        return found

    def _returned(self, row: SheetRow) -> Part | None:
        column = self._mapping.columns
        quantity = self._try(row, column.returned, lambda: cells.whole(self._cell(row, column.returned), most=MOST_RETURNED))
        if not quantity:
            return None
        typed = self._cell(row, column.returned_method) or self._mapping.constants.returned_method
        told = {heading(k): str(v) for k, v in self._mapping.codes.get("returned_method", {}).items()}
        method = {"method": told.get(heading(typed), typed)} if typed else {}
        return next(iter(self._made(row, "returned", column.returned, "exchange.returned", {"quantity": quantity} | method)), None)

    def _also(self, row: SheetRow, also: Also) -> list[Part]:
        """The values of one cell as records of another kind."""
        told = {heading(theirs): ours for theirs, ours in also.codes.items()}
        typed = [v.strip() for v in self._cell(row, also.column).split(also.separator or "\n")] if also.separator else [self._cell(row, also.column)]
        values = [value for value in dict.fromkeys(told.get(heading(v), v) for v in typed if v) if value]
        if also.together:
            return self._made(row, also.kind, also.column, also.kind, {also.field: values, **also.constants}) if values else []
        return [part for value in values for part in self._made(row, f"{also.kind}:{value}", also.column, also.kind, {also.field: value, **also.constants})]

    def _made(self, row: SheetRow, slot: str, column: str, kind: str, payload: dict[str, Any]) -> list[Part]:
        """The payload, judged by its own kind: one part, or none with the problems noted."""
        try:
            return [Part(slot, kind, KINDS[kind].parse(payload))]
        except ValidationError as error:
            for problem in error.errors():
                said = sentence_of(dict(problem))
                self._here.append(Bad(row.number, column, self._shown(row, column), said, _("Correct it in the file, or say in the mapping what it means.")))
            return []
