"""Measures to queries over the Parquet files. The one file that knows Ibis; only jobs and the command line import it.

Every measure becomes rows of (site, person, amount): a person with a code is one person wherever they were met; a
contact without a code is one row of its encounter, standing for as many people as were met. The rows are grouped once
for each site and once for everywhere, in one query.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self

import ibis
import pyarrow.parquet as pq
from ibis import _

from handrail.facts.codes import Channel
from handrail.facts.spec import KINDS
from handrail.insight.arithmetic import Cell
from handrail.insight.models import Level
from handrail.insight.periods import Window, months_before
from handrail.insight.spec import (
    ANSWERED,
    INJECTS,
    NOBODY_MET,
    Contacts,
    Estimate,
    Followed,
    Measure,
    People,
    Records,
    Regular,
    Sold,
    Sum,
)
from handrail.insight.warehouse import read_manifest, schema_of

EVERYWHERE = "*"
WINDOW_DAYS = 30
"""Length of a window of regular pick-ups (`domain/exchange.md` 9)."""
NOWHERE = "?"
"""Site of facts whose site nobody knows: they count for the organisation and for no site."""
_ENCOUNTER, _ASKED, _PROFILE, _GIVEN = "facts.encounter", "facts.asked", "facts.profile", "exchange.given"
_SHAPE = {"measure": "int64", "site": "string", "coded": "boolean", "person": "string", "amount": "int64", "alone": "int64"}
_OFFLINE = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}


@dataclass(frozen=True)
class Measured:
    """A measure over a window. `everywhere` is None when an input is missing; `notes` say which estimates were used."""

    everywhere: Cell | None
    by_site: Mapping[str, Cell] = field(default_factory=dict)
    notes: tuple[Mapping[str, Any], ...] = ()

    def at(self, site: str | None) -> Cell | None:
        """The cell of a site (a known site without facts has 0), or of everywhere."""
        return self.everywhere if site is None else self.by_site.get(site, Cell(0, 0))


@contextmanager
def _quiet() -> Iterator[None]:
    """Ibis 12 calls functions that DuckDB 2 deprecates."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


class Reader:
    """Measures over the warehouse of one organisation, as its manifest was when opened. Use with `with`."""

    def __init__(self, organisation: str) -> None:
        self._manifest = read_manifest(organisation)
        with _quiet():
            self._con = ibis.duckdb.connect(":memory:", **_OFFLINE)
        self._tables: dict[str, Any] = {}
        self._numbers = itertools.count()
        self._done: dict[tuple[Measure, Window], Measured] = {}
        self._anybody_merged = pq.read_metadata(self._manifest.folder / self._manifest.dimensions["survivors"]).num_rows > 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_args: object) -> None:
        self._con.disconnect()

    @property
    def watermark(self) -> int:
        """Counter of the newest fact that is in."""
        return self._manifest.watermark

    def measure(self, measure: Measure, window: Window) -> Measured:
        """The measure over the local dates of the window; asked twice it is computed once."""
        self.measure_all([(measure, window)])
        return self._done[measure, window]

    def measure_all(self, wanted: Iterable[tuple[Measure, Window]]) -> None:
        """Compute many measures in one query, so that `measure` has them at hand."""
        missing = [pair for pair in dict.fromkeys(wanted) if pair not in self._done]
        counted = [pair for pair in missing if not isinstance(pair[0], Estimate)]
        for pair in missing:
            if isinstance(pair[0], Estimate):
                self._done[pair] = self._estimate(pair[0], pair[1])
        if counted:
            self._done |= zip(counted, self._cells(counted), strict=True)

    def joined(self, window: Window) -> int:
        """How many records of people met in the window stand for somebody else now: the numbers of people use it, in earlier periods too."""
        if not self._anybody_merged:
            return 0
        files = self._manifest.files(_ENCOUNTER)
        met = self._parquet(f"all {_ENCOUNTER}", files) if files else schema_of(KINDS[_ENCOUNTER]).empty_table()
        met = met.filter(met["local_date"] >= window.starts_on, met["local_date"] < window.ends_before)
        found = met.semi_join(self._dimension("survivors"), "participant")
        return int(self._fetch(found.agg(joined=found["participant"].nunique()))[0]["joined"])

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """Every row of a kind that counts, in the order it happened: for tests and exports."""
        order = [name for name in ("occurred_at", "counter", "line") if name in self._counting(kind).columns]
        return self._fetch(self._counting(kind).order_by(order))

    # -- tables ---------------------------------------------------------------------------------------------------

    def _fetch(self, expression: Any) -> list[dict[str, Any]]:
        with _quiet():
            found: list[dict[str, Any]] = self._con.to_pyarrow(expression).to_pylist()
        return found

    def _parquet(self, name: str, files: Sequence[Any]) -> Any:
        return self._named(name, lambda: self._con.read_parquet([str(path) for path in files], table_name=self._next_name()))

    def _view(self, name: str, make: Callable[[], Any]) -> Any:
        """An expression under a name: Ibis then translates it once and not in every query that uses it."""
        return self._named(name, lambda: self._con.create_view(self._next_name(), make()))

    def _kept(self, name: str, make: Callable[[], Any]) -> Any:
        """A small result that several measures share, computed once."""
        return self._named(name, lambda: self._con.create_table(self._next_name(), make(), temp=True))

    def _next_name(self) -> str:
        """Never like `t7`: so Ibis names the parts of its own queries, and the query's part would hide our table."""
        return f"warehouse_{next(self._numbers)}"

    def _named(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self._tables:
            with _quiet():
                self._tables[name] = make()
        return self._tables[name]

    def _dimension(self, name: str) -> Any:
        return self._parquet(f"dimension {name}", [self._manifest.folder / self._manifest.dimensions[name]])

    def _counting(self, kind: str) -> Any:
        """The facts of a kind that count now; a kind without facts gives an empty table with its columns."""
        files = self._manifest.files(kind)
        if not files:
            return self._kept(f"counting {kind}", lambda: schema_of(KINDS[kind]).empty_table())
        table, asides = self._parquet(f"all {kind}", files), self._dimension("asides")
        return self._view(f"counting {kind}", lambda: self._merged(table.anti_join(asides, table["id"] == asides["fact"])))

    def _merged(self, rows: Any) -> Any:
        """The rows with the survivor in the place of everybody who was merged, for earlier periods too."""
        if not self._anybody_merged:
            return rows
        survivors = self._dimension("survivors").select(merged="participant", survivor="survivor")
        found = rows.left_join(survivors, rows["participant"] == survivors["merged"])
        return found.mutate(participant=ibis.coalesce(found["survivor"], found["participant"])).drop("merged", "survivor")

    def _needles(self) -> Any:
        """Items that count as needles-syringes: `whole`, and `barrels` and `needles` as far as the convention counts them."""

        def make() -> Any:
            items, convention = self._dimension("items"), self._manifest.values["ns_convention"]
            if convention == "barrels":  # as the catalogue counts; a kit of the time before parts were known is whole
                items = items.select(code="code", whole="counts_as_ns", barrels=ibis.literal(0), needles=ibis.literal(0))
            else:
                barrels = _["barrels"] if convention == "max_of_both" else ibis.literal(0)
                items = items.select("code", "whole", barrels=barrels, needles="needles")
            return items.filter(_["whole"] + _["barrels"] + _["needles"] > 0)

        return self._kept("needles", make)

    def _within(self, kind: str, window: Window) -> Any:
        days = (_["local_date"] >= window.starts_on, _["local_date"] < window.ends_before)
        return self._view(f"{kind} {window}", lambda: self._counting(kind).filter(*days))

    # -- measures -------------------------------------------------------------------------------------------------

    def _atoms(self, measure: Measure, window: Window) -> Any:
        """Rows of (site, coded, person, amount)."""
        match measure:
            case People():
                return self._people(measure, window)
            case Contacts():
                return self._contacts(measure, window)
            case Regular():
                return self._regular(measure, window)
            case Followed():
                return self._followed(measure, window)
            case Records():
                return _atoms(_where(self._within(measure.kind, window), measure.where), _["id"].nunique())
            case Sum():
                return self._sum(measure, window)
            case _:
                raise TypeError(f"Nobody knows how to compute {measure!r}.")

    def _sum(self, measure: Sum, window: Window) -> Any:
        rows = [self._sum_of(kind, measure, window) for kind in measure.kinds]
        return ibis.union(*rows) if len(rows) > 1 else rows[0]

    def _sum_of(self, kind: str, measure: Sum, window: Window) -> Any:
        rows = self._of_sale(kind, _where(self._within(kind, window), measure.where), measure.sold)
        alone = int(kind not in NOBODY_MET)
        if not measure.as_needles:
            return _atoms(rows, rows[measure.column].sum().fill_null(0), alone)
        items = self._needles()
        rows = rows.inner_join(items, rows["item"] == items["code"])
        times = {name: (rows[measure.column] * rows[name]).sum() for name in ("whole", "barrels", "needles")}
        # Of barrels and needles that went out together, in one record, whichever is more.
        records = rows.group_by("id", "site", "participant", "encounter", "root").agg(**times)
        return _atoms(records, (records["whole"] + ibis.greatest(records["barrels"], records["needles"])).sum(), alone)

    def _of_sale(self, kind: str, rows: Any, sold: Sold) -> Any:
        """The rows without pharmacy sales, or only those: a box says its channel itself, all else the visit it belongs to."""
        if sold == "any":
            return rows
        if kind != _GIVEN:
            is_sale = rows["channel"].fill_null("") == Channel.PHARMACY.value
            return rows.filter(is_sale if sold == "only" else ~is_sale)
        sales = self._view("sales", lambda: self._counting(_ENCOUNTER).filter(_["channel"] == Channel.PHARMACY.value).select(sale="root"))
        fits = rows["encounter"] == sales["sale"]
        return rows.semi_join(sales, fits) if sold == "only" else rows.anti_join(sales, fits)

    def _picked_up(self, window: Window, sold: Sold = "any") -> Any:
        def make() -> Any:
            items, rows = self._needles(), self._of_sale(_GIVEN, self._within(_GIVEN, window), sold)
            found = rows.filter(_["quantity"] >= 1).semi_join(items, rows["item"] == items["code"])
            return found.select("site", "participant", "encounter", "local_date").distinct()

        return self._kept(f"picked up {window} {sold}", make)

    def _regular(self, measure: Regular, window: Window) -> Any:
        rows = self._picked_up(window).filter(_["participant"].notnull())
        rows = rows.semi_join(self._last_answers(window).filter(_["injects"].isin(INJECTS)), "participant")
        if measure.way == "monthly":
            found, enough = rows.group_by("participant").agg(times=_["encounter"].nunique()), window.whole_months
        else:
            enough = window.days // WINDOW_DAYS
            numbered = rows.mutate(window=(rows["local_date"] - ibis.literal(window.starts_on)).cast("int64") // WINDOW_DAYS)
            found = numbered.filter(_["window"] < enough).group_by("participant").agg(times=_["window"].nunique())
        found = found.filter(_["times"] >= max(enough, 1)) if enough else found.filter(ibis.literal(False))
        return found.select(site=ibis.literal(NOWHERE), coded=ibis.literal(True), person="participant", amount=ibis.literal(1), alone=ibis.literal(1))

    def _served(self, window: Window) -> Any:
        def make() -> Any:
            kinds = [kind.key for kind in KINDS if kind.key == _ENCOUNTER or (kind.needs_encounter and self._manifest.files(kind.key))]
            rows = [self._within(kind, window).filter(_["participant"].notnull()).select("site", "participant") for kind in kinds]
            return ibis.union(*rows, distinct=True) if len(rows) > 1 else rows[0].distinct()

        return self._kept(f"served {window}", make)

    def _contacts(self, measure: Contacts, window: Window) -> Any:
        rows = self._within(_ENCOUNTER, window)
        if measure.without_code:
            rows = rows.filter(_["participant"].isnull())
        if measure.with_code:
            rows = rows.filter(_["participant"].notnull())
        if measure.picked_up:
            given = self._picked_up(window, measure.sold)
            rows = rows.semi_join(given, rows["root"] == given["encounter"])
        return _atoms(rows, _["people_count"].sum())

    def _people(self, measure: People, window: Window) -> Any:
        rows = self._picked_up(window, measure.sold) if measure.picked_up else self._had(measure, window) if measure.had else self._served(window)
        rows = rows.filter(_["participant"].notnull())
        if measure.injects == "yes":
            who = self._last_answers(window).filter(_["injects"].isin(INJECTS))
            rows = rows.semi_join(who, "participant")
        elif measure.injects == "unknown":
            who = self._last_answers(window).filter(_["injects"].isin(ANSWERED))
            rows = rows.anti_join(who, "participant")
        return rows.select(site=_site(), coded=ibis.literal(True), person="participant", amount=ibis.literal(1), alone=ibis.literal(1)).distinct()

    def _had(self, measure: People, window: Window) -> Any:
        """Records of a kind in the window, without those of people who had an earlier one that rules them out."""
        rows = _where(self._within(measure.had, window), measure.where)
        for condition in measure.not_before:
            first = _where(self._counting(measure.had), condition).group_by("participant").agg(since=_["occurred_at"].min())
            known = rows.left_join(first, "participant")
            rows = known.filter(known["since"].isnull() | (known["since"] >= known["occurred_at"])).select(rows.columns)
        return rows

    def _last_answers(self, window: Window) -> Any:
        """The last answer of each person before the window's end, unless it is too old (the value `pwid_window`)."""

        def make() -> Any:
            asked, columns = self._counting(_ASKED), ("participant", "injects", "occurred_at", "counter", "local_date")
            said = self._counting(_PROFILE)
            taken_back = said.filter(said["withdrawn"].contains("injects")).mutate(injects=ibis.literal("not_said"))
            asked = ibis.union(asked.select(*columns), taken_back.select(*columns))
            asked = asked.filter(_["participant"].notnull(), _["local_date"] < window.ends_before)
            newest_first = ibis.window(group_by="participant", order_by=[ibis.desc("occurred_at"), ibis.desc("counter")])
            last = asked.mutate(place=ibis.row_number().over(newest_first)).filter(_["place"] == 0)
            since = months_before(window.ends_before, self._manifest.values["pwid_window"])
            return last.filter(_["local_date"] >= since).select("participant", "injects")

        return self._kept(f"answers {window.ends_before}", make)

    def _followed(self, measure: Followed, window: Window) -> Any:
        outcomes = self._counting(measure.outcome)
        reached = outcomes.filter(outcomes[measure.status].isin(measure.ever)).select(reached=measure.named_by).distinct()
        made = self._within(measure.kind, window)
        rows = made.left_join(reached, made["root"] == reached["reached"])
        rows = rows.filter(rows[measure.status].isin(measure.ever) | rows["reached"].notnull())
        return _atoms(rows, _["root"].nunique())

    def _cells(self, wanted: Sequence[tuple[Measure, Window]]) -> list[Measured]:
        """One query: each number and the people behind it, for each site and for everywhere."""
        numbered = [self._atoms(*pair).mutate(measure=ibis.literal(index)) for index, pair in enumerate(wanted)]
        same = [rows.select(*_SHAPE).cast(_SHAPE) for rows in numbered]
        atoms = ibis.union(*same) if len(same) > 1 else same[0]
        heads = self._counting(_ENCOUNTER).filter(_["participant"].isnull()).select(visit="root", people_count="people_count")
        rows = atoms.left_join(heads, (atoms["person"] == heads["visit"]) & ~atoms["coded"])
        rows = rows.select(*_SHAPE, heads=ibis.ifelse(rows["coded"], 0, rows["people_count"].fill_null(rows["alone"])))
        rows = ibis.union(rows, rows.mutate(site=ibis.literal(EVERYWHERE)))
        grouped = rows.group_by("measure", "site").agg(
            amount=_["amount"].sum(), coded=_["person"].nunique(where=_["coded"]), heads=_["heads"].sum()
        )
        cells: list[dict[str, Cell]] = [{} for _pair in wanted]
        for row in self._fetch(grouped):
            of_people = isinstance(wanted[row["measure"]][0], People)
            value = row["coded"] if of_people else row["amount"]
            cells[row["measure"]][row["site"]] = Cell(int(value), int(row["coded"] + row["heads"]))
        for found in cells:
            found.pop(NOWHERE, None)
        return [Measured(found.pop(EVERYWHERE, Cell(0, 0)), found) for found in cells]

    # -- estimates ------------------------------------------------------------------------------------------------

    def _estimate(self, measure: Estimate, window: Window) -> Measured:
        """Targeted area: the sum over the areas of our sites, each needed. Country: the organisation's own."""
        year = _last_year(window)
        rows = self._fetch(
            self._dimension("estimates").filter(
                _["population"] == measure.population, _["level"] == measure.level.value, _["year"] <= year
            ).order_by("year")
        )
        newest = {row["area"]: row for row in rows}
        if measure.level == Level.COUNTRY:
            areas = {self._manifest.country}
        else:
            sites = self._fetch(self._dimension("sites").filter(_["kind"] != "store", _["area"] != "").select("area").distinct())
            areas = {row["area"] for row in sites}
        used = [newest[area] for area in sorted(areas) if area in newest]
        notes = tuple({"area": r["area"], **{k: r[k] for k in ("value", "low", "high", "year", "method", "source")}} for r in used)
        missing = tuple({"area": area, "missing": True} for area in sorted(areas - set(newest)))
        if missing or not used:
            return Measured(None, {}, notes + missing)
        total = sum(row["value"] for row in used)
        return Measured(Cell(total, total), {}, notes)


def _last_year(window: Window) -> int:
    return window.ends_before.year - (window.ends_before == date(window.ends_before.year, 1, 1))


def _where(rows: Any, where: Sequence[tuple[str, tuple[str, ...]]]) -> Any:
    for name, codes in where:
        rows = rows.filter(rows[name].isin(codes))
    return rows


def _site() -> Any:
    return _["site"].fill_null(NOWHERE)


def _atoms(rows: Any, amount: Any, alone: int = 1) -> Any:
    """Rows to one line for each site and person; without a code the encounter stands for its people, `alone` where there is none."""
    keyed = rows.group_by(
        site=_site(), coded=_["participant"].notnull(), person=ibis.coalesce(_["participant"], _["encounter"], _["root"])
    )
    return keyed.agg(amount=amount).mutate(alone=ibis.literal(alone))


