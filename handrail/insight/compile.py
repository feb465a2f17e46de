"""Measures to numbers: of everywhere, of each site, and of each cell of a breakdown, in one query. Only jobs and the command line import it.

With `tables.py`, `measures.py` and `engines/` the only files that know Ibis. What all measures are made of are rows of a person (or of
a meeting without a code) at a site; here they are counted for each *slice*: everywhere, a site, or a cell such as
`gender=female`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import ibis
from ibis import _

from handrail.insight.arithmetic import Cell
from handrail.insight.breakdowns import BREAKDOWNS, UNKNOWN, Breakdown, keys_of
from handrail.insight.measures import SHAPE, rows_of
from handrail.insight.models import Level
from handrail.insight.periods import Window
from handrail.insight.spec import Estimate, Measure, Package, People, Prevented, PrisonCount, Regular
from handrail.insight.tables import ENCOUNTER, NOWHERE, Tables

EVERYWHERE = "*"
_NOBODY = Cell(0, 0)
Wanted = tuple[Measure, Window]


@dataclass(frozen=True)
class Measured:
    """A measure over a window. `everywhere` is None when an input is missing; `notes` say which estimates were used."""

    everywhere: Cell | None
    by_site: Mapping[str, Cell] = field(default_factory=dict)
    notes: tuple[Mapping[str, Any], ...] = ()
    by_cell: Mapping[str, Cell] = field(default_factory=dict)
    silent: Cell | None = _NOBODY
    """What holds where nothing was recorded: 0, or nothing is known."""

    def at(self, site: str | None, cell: str = "") -> Cell | None:
        """Of a site (a known site without facts has 0), of a cell, or of everywhere."""
        if cell:
            return self.by_cell.get(cell, self.silent)
        return self.everywhere if site is None else self.by_site.get(site, self.silent)


class Reader(Tables):
    """Measures over the warehouse of one organisation. Use with `with`."""

    def __init__(self, organisation: str, engine: str = "") -> None:
        super().__init__(organisation, engine)
        self._done: dict[Wanted, Measured] = {}
        self._broken_down: dict[Wanted, frozenset[str]] = {}

    @property
    def watermark(self) -> int:
        """Counter of the newest fact that is in."""
        return self.manifest.watermark

    def measure(self, measure: Measure, window: Window, breakdowns: Iterable[str] = ()) -> Measured:
        """The measure over the local dates of the window; asked twice it is computed once."""
        self.measure_all([(measure, window)], {(measure, window): breakdowns})
        return self._done[measure, window]

    def measure_all(self, wanted: Iterable[Wanted], breakdowns: Mapping[Wanted, Iterable[str]] | None = None) -> None:
        """Compute many measures in one query, so that `measure` has them at hand."""
        asked = {pair: frozenset((breakdowns or {}).get(pair, ())) for pair in wanted}
        missing = [pair for pair in asked if pair not in self._done or not asked[pair] <= self._broken_down[pair]]
        counted = [pair for pair in missing if not isinstance(pair[0], Estimate)]
        for pair in missing:
            self._broken_down[pair] = asked[pair] | self._broken_down.get(pair, frozenset())
            if isinstance(pair[0], Estimate):
                self._done[pair] = self._estimate(pair[0], pair[1])
        if counted:
            self._done |= zip(counted, self._cells(counted), strict=True)

    def joined(self, window: Window) -> int:
        """How many records of people met in the window stand for somebody else now: the numbers of people use it, in earlier periods too."""
        if not self.anybody_merged:
            return 0
        met = self.everything(ENCOUNTER)
        met = met.filter(met["local_date"] >= window.starts_on, met["local_date"] < window.ends_before)
        found = met.semi_join(self.dimension("survivors"), "participant")
        return int(self.fetch(found.agg(joined=found["participant"].nunique()))[0]["joined"])

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """Every row of a kind that counts, in the order it happened: for tests and exports."""
        order = [name for name in ("occurred_at", "counter", "line") if name in self.counting(kind).columns]
        return self.fetch(self.counting(kind).order_by(order))

    # -- slices -------------------------------------------------------------------------------------------------------

    def _cells(self, wanted: Sequence[Wanted]) -> list[Measured]:
        """Each number and the people behind it, for each site, each cell and for everywhere.

        What is counted is computed once and kept: a row of each measure for each person with a code, and one for all
        meetings without a code, at a site. The slices are taken from these rows, which are few.
        """
        rows = self.engine.kept(self._people_at_sites(wanted))
        slices = [rows.mutate(slice=ibis.literal(EVERYWHERE)), rows.mutate(slice=rows["site"]), *self._broken(rows, wanted)]
        grouped = union([part.select("measure", "slice", "person", "amount", "heads") for part in slices])
        grouped = grouped.group_by("measure", "slice").agg(amount=_["amount"].sum(), coded=_["person"].nunique(), heads=_["heads"].sum())
        cells: list[dict[str, Cell]] = [{} for _pair in wanted]
        for row in self.fetch(grouped):
            of_people = isinstance(wanted[row["measure"]][0], (People, Package, Prevented))
            value = row["coded"] if of_people else row["amount"]
            cells[row["measure"]][row["slice"]] = Cell(int(value), int(row["coded"] + row["heads"]))
        return [_measured(found, measure) for found, (measure, _window) in zip(cells, wanted, strict=True)]

    def _people_at_sites(self, wanted: Sequence[Wanted]) -> Any:
        """Rows of all measures: measure, site, person (null: all meetings without a code), year, part, amount, heads."""
        numbered = [rows_of(measure, self, window).mutate(measure=ibis.literal(i)) for i, (measure, window) in enumerate(wanted)]
        atoms = self.engine.together([rows.select(*SHAPE).cast(SHAPE) for rows in numbered])
        heads = self.counting(ENCOUNTER).filter(_["participant"].isnull()).select(visit="root", people_count="people_count")
        rows = atoms.left_join(heads, (atoms["person"] == heads["visit"]) & ~atoms["coded"])
        return rows.group_by("measure", "site", "year", "part", person=ibis.ifelse(rows["coded"], rows["person"], None)).agg(
            amount=rows["amount"].sum(), heads=ibis.ifelse(rows["coded"], 0, rows["people_count"].fill_null(rows["alone"])).sum()
        )

    def _broken(self, rows: Any, wanted: Sequence[Wanted]) -> Iterable[Any]:
        """The rows once more for each breakdown, with their cell as slice."""
        asked: dict[tuple[str, date], list[int]] = {}
        for index, (measure, window) in enumerate(wanted):
            for written in self._broken_down[measure, window]:
                if not (isinstance(measure, Regular) and BREAKDOWNS[keys_of(written)[0]].of == "place"):
                    asked.setdefault((written, window.ends_before), []).append(index)
        for (written, ends_before), indexes in sorted(asked.items()):
            breakdowns = [BREAKDOWNS[key] for key in keys_of(written)]
            found = rows.filter(rows["measure"].isin(indexes))
            for looked_at in sorted({"place" if breakdown.of == "place" else "people" for breakdown in breakdowns if breakdown.of != "part"}):
                found = self._with_places(found) if looked_at == "place" else self._with_people(found, ends_before)
            parts: list[Any] = []
            for breakdown in breakdowns:
                parts += [ibis.literal(f"{';' if parts else ''}{breakdown.key}="), _code(found, breakdown)]
            yield found.mutate(slice=ibis.literal("").concat(*parts))

    def _with_people(self, rows: Any, before: date) -> Any:
        said = self.said(before)
        found = rows.left_join(said, rows["person"] == said["participant"])
        age = found["year"] - found["birth_year"]
        return found.mutate(age_from=ibis.coalesce(age, found["age_from"]), age_to=ibis.coalesce(age, found["age_to"]))

    def _with_places(self, rows: Any) -> Any:
        columns = [breakdown.column for breakdown in BREAKDOWNS.values() if breakdown.column]
        places = self.dimension("sites").select(*columns, place="id")
        return rows.left_join(places, rows["site"] == places["place"])

    def places(self) -> dict[str, tuple[str, ...]]:
        """For each breakdown of places, the codes that occur: of places that are open and of those where anything was counted."""
        rows = self.fetch(self.dimension("sites").filter(_["kind"] != "store"))
        by_place = [breakdown for breakdown in BREAKDOWNS.values() if breakdown.of == "place"]
        return {b.key: tuple(sorted({row[b.column] or UNKNOWN for row in rows})) for b in by_place}

    # -- estimates ------------------------------------------------------------------------------------------------

    def _estimate(self, measure: Estimate, window: Window) -> Measured:
        """Targeted area: the sum over the areas of our sites, each needed. Country: the organisation's own."""
        rows = self.fetch(
            self.dimension("estimates").filter(
                _["population"] == measure.population, _["level"] == measure.level.value, _["year"] <= window.last_year
            ).order_by("year")
        )
        newest = {row["area"]: row for row in rows}
        if measure.level == Level.COUNTRY:
            areas = {self.manifest.country}
        else:
            sites = self.fetch(self.dimension("sites").filter(_["kind"] != "store", _["area"] != "").select("area").distinct())
            areas = {row["area"] for row in sites}
        used = [newest[area] for area in sorted(areas) if area in newest]
        notes = tuple({"area": r["area"], **{k: r[k] for k in ("value", "low", "high", "year", "method", "source")}} for r in used)
        missing = tuple({"area": area, "missing": True} for area in sorted(areas - set(newest)))
        if missing or not used:
            return Measured(None, {}, notes + missing)
        total = sum(row["value"] for row in used)
        return Measured(Cell(total, total), {}, notes)


def union(parts: Sequence[Any]) -> Any:
    """All rows of the parts."""
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _measured(found: dict[str, Cell], measure: Measure) -> Measured:
    silent = None if isinstance(measure, PrisonCount) else _NOBODY
    everywhere = found.pop(EVERYWHERE, silent)
    cells = {key: found.pop(key) for key in [key for key in found if "=" in key]}
    found.pop(NOWHERE, None)
    return Measured(everywhere, found, by_cell=cells, silent=silent)


def _code(rows: Any, breakdown: Breakdown) -> Any:
    """The code of each row's cell."""
    match breakdown.of:
        case "gender":
            return rows["gender"].fill_null(UNKNOWN)
        case "place":
            return rows[breakdown.column].nullif("").fill_null(UNKNOWN)
        case "part":
            return rows["part"].nullif("").fill_null(UNKNOWN)
        case "age":
            inside = [((rows["age_from"] >= low) & (rows["age_to"] < after), ibis.literal(code)) for code, low, after in breakdown.bands]
            return ibis.cases(*inside, else_=UNKNOWN)
