"""Measures to numbers: of everywhere, of each site, and of each cell of a breakdown, in one query. Only jobs and the command line import it.

Which rows are counted say `measures.py` and `slices.py`; `plans.py` remembers how that is said in the engine's language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ibis import _

from handrail.insight.arithmetic import Cell
from handrail.insight.breakdowns import BREAKDOWNS, UNKNOWN
from handrail.insight.deaths import DeathRow, of_rows
from handrail.insight.models import Level
from handrail.insight.packages import resolved
from handrail.insight.periods import Window
from handrail.insight.plans import Asking
from handrail.insight.slices import EVERYWHERE, Asked, cells_of, exact
from handrail.insight.spec import FROM_OUTSIDE, Deaths, Estimate, Measure, Package, People, Prevented, PrisonCount
from handrail.insight.tables import ENCOUNTER, NOWHERE, Tables

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


class Reader(Asking):
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
        counted = [pair for pair in missing if not isinstance(pair[0], FROM_OUTSIDE)]
        for pair in missing:
            self._broken_down[pair] = asked[pair] | self._broken_down.get(pair, frozenset())
            if isinstance(pair[0], Estimate):
                self._done[pair] = self._estimate(pair[0], pair[1])
            elif isinstance(pair[0], Deaths):
                self._done[pair] = self._deaths(pair[1])
        if counted:
            self._done |= zip(counted, self._cells(counted), strict=True)

    def joined(self, window: Window) -> int:
        """How many records of people met in the window stand for somebody else now: the numbers of people use it, in earlier periods too."""
        if not self.anybody_merged:
            return 0

        def make(tables: Tables, windows: Sequence[Window]) -> Any:
            met = tables.everything(ENCOUNTER)
            met = met.filter(met["local_date"] >= windows[0].starts_on, met["local_date"] < windows[0].ends_before)
            found = met.semi_join(tables.dimension("survivors"), "participant")
            return found.agg(joined=found["participant"].nunique())

        return int(self.ask("joined", make, [window])[0]["joined"])

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """Every row of a kind that counts, in the order it happened: for tests and exports."""

        def make(tables: Tables, _windows: Sequence[Window]) -> Any:
            counting = tables.counting(kind)
            return counting.order_by([name for name in ("occurred_at", "counter", "line") if name in counting.columns])

        return self.ask(("rows", kind), make)

    def places(self) -> dict[str, tuple[str, ...]]:
        """For each breakdown of places, the codes that occur: of places that are open and of those where anything was counted."""
        rows = self.ask("places", lambda tables, _windows: tables.dimension("sites").filter(_["kind"] != "store"))
        by_place = [breakdown for breakdown in BREAKDOWNS.values() if breakdown.of == "place"]
        return {b.key: tuple(sorted({row[b.column] or UNKNOWN for row in rows})) for b in by_place}

    def _cells(self, wanted: Sequence[Wanted]) -> list[Measured]:
        """Each number and the people behind it, for each site, each cell and for everywhere."""
        windows = list(dict.fromkeys(window for _measure, window in wanted))
        asked = [Asked(resolved(pair[0], pair[1]), windows.index(pair[1]), tuple(sorted(self._broken_down[pair]))) for pair in wanted]
        question = ("cells", *((exact(one.measure), one.window, one.breakdowns) for one in asked))
        cells: list[dict[str, Cell]] = [{} for _pair in wanted]
        for row in self.ask(question, lambda tables, sketched: cells_of(asked, tables, sketched), windows):
            measure = wanted[row["measure"]][0]
            amount = row["coded"] + row["amount"] if getattr(measure, "who", "") == "once" else row["amount"]
            value = row["coded"] if isinstance(measure, (People, Package, Prevented)) else amount
            cells[row["measure"]][row["slice"]] = Cell(int(value), int(row["coded"] + row["heads"]))
        return [_measured(found, measure) for found, (measure, _window) in zip(cells, wanted, strict=True)]

    # -- estimates ------------------------------------------------------------------------------------------------

    def _estimate(self, measure: Estimate, window: Window) -> Measured:
        """Targeted area: the sum over the areas of our sites, each needed. Country: the organisation's own."""
        rows = self.ask("estimates", lambda tables, _windows: tables.dimension("estimates").order_by("year"))
        fitting = [r for r in rows if (r["population"], r["level"]) == (measure.population, measure.level.value) and r["year"] <= window.last_year]
        newest = {row["area"]: row for row in fitting}
        areas = {self.manifest.country} if measure.level == Level.COUNTRY else {area for area in self.places()["area"] if area != UNKNOWN}
        used = [newest[area] for area in sorted(areas) if area in newest]
        notes = tuple({"area": r["area"], **{k: r[k] for k in ("value", "low", "high", "year", "method", "source")}} for r in used)
        missing = tuple({"area": area, "missing": True} for area in sorted(areas - set(newest)))
        if missing or not used:
            return Measured(None, {}, notes + missing)
        total = sum(row["value"] for row in used)
        return Measured(Cell(total, total), {}, notes)

    def _deaths(self, window: Window) -> Measured:
        """The sum over the areas of our places, each needed: counts of one area are never added where they overlap."""
        rows = [DeathRow(**row) for row in self.ask("deaths", lambda tables, _windows: tables.dimension("deaths"))]
        areas = sorted(area for area in self.places()["area"] if area != UNKNOWN)
        counted = {area: of_rows([row for row in rows if row.level == Level.TARGETED_AREA and row.area == area], window) for area in areas}
        notes = tuple(
            {"area": area, "missing": True, "deaths": True} if deaths is None else {"area": area, "value": deaths, "deaths": True}
            for area, deaths in counted.items()
        )
        known = [deaths for deaths in counted.values() if deaths is not None]
        if not areas or len(known) < len(areas):
            return Measured(None, {}, notes)
        return Measured(Cell(sum(known), sum(known)), {}, notes)


def _measured(found: dict[str, Cell], measure: Measure) -> Measured:
    silent = None if isinstance(measure, PrisonCount) else _NOBODY
    everywhere = found.pop(EVERYWHERE, silent)
    cells = {key: found.pop(key) for key in [key for key in found if "=" in key]}
    found.pop(NOWHERE, None)
    return Measured(everywhere, found, by_cell=cells, silent=silent)
