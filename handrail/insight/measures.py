"""Each measure as rows of (site, coded, person, year, amount, alone, part): a new measure is a class in `spec.py` and a function here.

A person with a code is one person wherever they were met; a contact without a code is one row of its encounter, standing
for as many people as were met, and `alone` for so many where there is no encounter. `year` is the year of what happened,
from which the age at the event follows (`domain/indicators.md` 1, rule 8); without a person it is 0. `part` is what the measure itself tells apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import ibis
from ibis import _

from handrail.insight.activities import everybody_with, prevented
from handrail.insight.apart import CODE, OF_A_WAY, with_codes
from handrail.insight.breakdowns import UNKNOWN
from handrail.insight.periods import Window, months_before
from handrail.insight.spec import (
    ANSWERED,
    INJECTS,
    NEEDLES,
    NOBODY_MET,
    Among,
    Contacts,
    Due,
    Followed,
    Measure,
    Outlets,
    OutOfStock,
    People,
    Prevented,
    PrisonCount,
    Recalled,
    Records,
    Regular,
    Sum,
    Waited,
    Where,
)
from handrail.insight.tables import ENCOUNTER, NOWHERE, Tables

WINDOW_DAYS = 30
"""Length of a window of regular pick-ups (`domain/exchange.md` 9)."""
SHAPE = {
    "measure": "int64", "site": "string", "coded": "boolean", "person": "string", "year": "int64", "amount": "int64", "alone": "int64", "part": "string",
}
"""Columns of every measure's rows."""


@singledispatch
def rows_of(measure: Measure, _tables: Tables, _window: Window) -> Any:
    """The rows of a measure over the local dates of a window."""
    raise TypeError(f"Nobody knows how to compute {measure!r}.")


@rows_of.register
def _records(measure: Records, tables: Tables, window: Window) -> Any:
    rows = where(tables.within(measure.kind, window), measure.where)
    rows = rows.filter(_[measure.said].notnull()) if measure.said else rows
    if measure.who == "without_code":
        rows = rows.filter(_["participant"].isnull())
    found = by_person(rows, _["id"].nunique())
    # Whoever has a code is counted as a person, once, wherever and however often (`compile.py`).
    return found.mutate(amount=ibis.ifelse(found["coded"], 0, found["amount"])) if measure.who == "once" else found


@rows_of.register
def _sum(measure: Sum, tables: Tables, window: Window) -> Any:
    rows = [_sum_of(kind, measure, tables, window) for kind in measure.kinds]
    return ibis.union(*rows) if len(rows) > 1 else rows[0]


def _sum_of(kind: str, measure: Sum, tables: Tables, window: Window) -> Any:
    rows = tables.of_sale(kind, where(tables.within(kind, window), measure.where), measure.sold)
    alone = int(kind not in NOBODY_MET)
    if measure.items:
        return _sum_of_items(rows, measure, tables, alone)
    if not measure.as_needles:
        return by_person(rows, rows[measure.column].sum().fill_null(0), alone)
    items = tables.needles()
    rows = rows.inner_join(items, rows["item"] == items["code"])
    times = {name: (rows[measure.column] * rows[name]).sum() for name in ("whole", "barrels", "needles")}
    # Of barrels and needles that went out together, in one record, whichever is more.
    records = rows.group_by("id", "site", "participant", "encounter", "root", "local_date").agg(**times)
    return by_person(records, (records["whole"] + ibis.greatest(records["barrels"], records["needles"])).sum(), alone)


def _sum_of_items(rows: Any, measure: Sum, tables: Tables, alone: int) -> Any:
    """Units of each group of items, the group as part."""
    items = tables.dimension("items")
    rows = rows.inner_join(items, rows["item"] == items["code"])
    if measure.apart:
        rows = rows.filter(sum(rows[group] for group in measure.items) > 0)
        return told_apart(rows, measure, tables, alone)
    found = [by_person(rows.filter(_[group] > 0), (_[measure.column] * _[group]).sum(), alone, part=ibis.literal(group)) for group in measure.items]
    return ibis.union(*found) if len(found) > 1 else found[0]


def told_apart(rows: Any, measure: Sum, tables: Tables, alone: int) -> Any:
    """The whole, and the same once more for each way to tell it apart, its code as part: so a meeting counts once in each cell."""
    rows = with_codes(rows, measure, tables)
    amount = (_[measure.column] * sum(_[group] for group in measure.items)).sum()
    ways = [by_person(rows, amount, alone, part=ibis.literal(f"{key}{OF_A_WAY}").concat(rows[f"{CODE}{key}"])) for key in measure.apart]
    return ibis.union(by_person(rows, amount, alone), *ways)


@rows_of.register
def _regular(measure: Regular, tables: Tables, window: Window) -> Any:
    rows = tables.picked_up(window).filter(_["participant"].notnull())
    rows = rows.semi_join(_injecting(tables, window), "participant")
    if measure.way == "monthly":
        found, enough = rows.group_by("participant").agg(times=_["encounter"].nunique()), window.whole_months
    else:
        enough = window.thirties
        numbered = rows.mutate(window=(rows["local_date"] - ibis.literal(window.starts_on)).cast("int64") // WINDOW_DAYS)
        found = numbered.filter(_["window"] < enough).group_by("participant").agg(times=_["window"].nunique())
    found = found.filter(_["times"] >= max(enough, 1)) if enough else found.filter(ibis.literal(False))
    return found.select(site=ibis.literal(NOWHERE), person="participant", **_each(window.last_year))


@rows_of.register
def _contacts(measure: Contacts, tables: Tables, window: Window) -> Any:
    rows = tables.within(ENCOUNTER, window)
    if measure.without_code:
        rows = rows.filter(_["participant"].isnull())
    if measure.with_code:
        rows = rows.filter(_["participant"].notnull())
    if measure.picked_up:
        given = tables.picked_up(window, measure.sold)
        rows = rows.semi_join(given, rows["root"] == given["encounter"])
    return by_person(rows, _["people_count"].sum())


@rows_of.register
def _people(measure: People, tables: Tables, window: Window) -> Any:
    if measure.picked_up:
        rows = tables.picked_up(window, measure.sold)
    elif measure.all_of:
        rows = everybody_with(measure.all_of, tables, window, closed=measure.closed)
    else:
        rows = _had(measure, tables, window) if measure.had else tables.served(window)
    rows = tables.closed(rows) if measure.closed else rows
    rows = rows.filter(_["participant"].notnull())
    if measure.injects == "yes":
        rows = rows.semi_join(_injecting(tables, window), "participant")
    elif measure.injects == "unknown":
        rows = rows.anti_join(tables.last_answers(window).filter(_["injects"].isin(ANSWERED)), "participant")
    return one_each(rows, window, _best(rows, *measure.best))


def _injecting(tables: Tables, window: Window) -> Any:
    return tables.last_answers(window).filter(_["injects"].isin(INJECTS))


def _best(rows: Any, column: str, codes: Sequence[str]) -> Any:
    """For each person the first of these codes that any of their rows has; None where nothing is told apart."""
    if not column:
        return None
    ranked = rows.mutate(rank=ibis.cases(*((rows[column] == code, number) for number, code in enumerate(codes)), else_=len(codes)))
    best = ranked.group_by("participant").agg(rank=_["rank"].min())
    return best.select("participant", part=ibis.cases(*((best["rank"] == number, code) for number, code in enumerate(codes)), else_=""))


@rows_of.register
def _prevented(_measure: Prevented, tables: Tables, window: Window) -> Any:
    rows = prevented(tables, window).semi_join(_injecting(tables, window), "participant")
    if window.opens_in_april:
        first = Window(months_before(window.starts_on, 6), window.starts_on)
        counted = prevented(tables, first).semi_join(_injecting(tables, first), "participant").select("participant")
        rows = rows.anti_join(counted, "participant")
    return rows.select(site=_site(), person="participant", **(_each(window.last_year) | {"part": rows["part"]}))


@rows_of.register
def _prison_count(measure: PrisonCount, tables: Tables, window: Window) -> Any:
    rows = tables.counting("exchange.prison_year").filter(_["year"] == window.last_year)
    newest_first = ibis.window(group_by="site", order_by=[ibis.desc("occurred_at"), ibis.desc("counter")])
    rows = rows.mutate(place=ibis.row_number().over(newest_first)).filter(_["place"] == 0, _[measure.column].notnull())
    # How many people stand behind it nobody said: as many as were counted, at most.
    return rows.select(
        site=_site(), coded=ibis.literal(False), person="root", year=ibis.literal(0), amount=rows[measure.column], alone=rows[measure.column], part=ibis.literal("")
    )


@rows_of.register
def _outlets(measure: Outlets, tables: Tables, window: Window) -> Any:
    items, sites = tables.needles(), tables.dimension("sites").filter(_["kind"].isin(measure.kinds)).select(place="id")
    given = [tables.within(kind, window).select("site", "item", "quantity") for kind in NEEDLES]
    rows = ibis.union(*given).filter(_["quantity"] >= 1)
    rows = rows.semi_join(items, rows["item"] == items["code"]).select("site").distinct()
    rows = rows.semi_join(sites, rows["site"] == sites["place"])
    return rows.select("site", coded=ibis.literal(False), person="site", year=ibis.literal(0), amount=ibis.literal(1), alone=ibis.literal(0), part=ibis.literal(""))


@rows_of.register
def _among(measure: Among, tables: Tables, window: Window) -> Any:
    rows, said = rows_of(measure.of, tables, window), tables.said(window.ends_before).select("participant", "gender")
    told = rows.left_join(said, (rows["person"] == said["participant"]) & rows["coded"])
    return told.filter(told["gender"].fill_null(UNKNOWN).isin(measure.gender)).select(*rows.columns)


def _had(measure: People, tables: Tables, window: Window) -> Any:
    """Records of a kind in the window, without those of people who had an earlier one that rules them out."""
    rows = where(tables.within(measure.had, window), measure.where)
    for name, codes in measure.always:
        others = tables.within(measure.had, window).filter(_[name].notnull(), ~_[name].isin(codes))
        rows = rows.anti_join(others.select("participant").distinct(), "participant")
    for condition in measure.not_before:
        first = where(tables.counting(measure.had), condition).group_by("participant").agg(since=_["occurred_at"].min())
        known = rows.left_join(first, "participant")
        rows = known.filter(known["since"].isnull() | (known["since"] >= known["occurred_at"])).select(rows.columns)
    return rows


@rows_of.register
def _followed(measure: Followed, tables: Tables, window: Window) -> Any:
    outcomes = tables.counting(measure.outcome)
    reached = outcomes.filter(outcomes[measure.status].isin(measure.ever)).select(reached=measure.named_by).distinct()
    made = tables.within(measure.kind, window)
    rows = made.left_join(reached, made["root"] == reached["reached"])
    rows = rows.filter(rows[measure.status].isin(measure.ever) | rows["reached"].notnull())
    return by_person(rows, _["root"].nunique(), part=_[measure.by] if measure.by else None)


@rows_of.register
def _waited(measure: Waited, tables: Tables, window: Window) -> Any:
    rows = where(tables.within(measure.kind, window), measure.where).filter(_[measure.until].notnull())
    return by_person(rows.mutate(days=ibis.greatest((rows[measure.until] - rows["local_date"]).cast("int64"), 0)), _["days"].sum())


@rows_of.register
def _due(measure: Due, tables: Tables, window: Window) -> Any:
    rows = where(tables.counting(measure.kind), measure.where).filter(_["participant"].notnull(), _[measure.since].notnull())
    begins, ends = ((rows[measure.since] - ibis.literal(day)).cast("int64") for day in (window.starts_on, window.ends_before))
    rows = rows.filter(begins >= -measure.days, ends < -measure.days)
    if measure.outcome:
        followed = tables.counting(measure.outcome).filter(_[measure.named_by].notnull())
        followed = followed.group_by(named=followed[measure.named_by]).agg(on=_["local_date"].min())
        joined = rows.inner_join(followed, rows["root"] == followed["named"])
        rows = joined.filter((joined["on"] - joined[measure.since]).cast("int64") <= measure.days)
    return by_person(rows, _["root"].nunique())


@rows_of.register
def _out_of_stock(_measure: OutOfStock, tables: Tables, window: Window) -> Any:
    rows = tables.dimension("out_of_stock").filter(_["starts_on"] < window.ends_before, _["ends_before"] > window.starts_on)
    days = ibis.least(rows["ends_before"], ibis.literal(window.ends_before)) - ibis.greatest(rows["starts_on"], ibis.literal(window.starts_on))
    return rows.select(
        "site", coded=ibis.literal(False), person="site", year=ibis.literal(0), amount=days.cast("int64"), alone=ibis.literal(0), part=rows["product"]
    )


@rows_of.register
def _recalled(measure: Recalled, tables: Tables, window: Window) -> Any:
    rows = tables.dimension("recalls").filter(_["began_on"] >= window.starts_on, _["began_on"] < window.ends_before)
    # How many people have them nobody knows: as many as there are kits, at most.
    return rows.select(
        site=ibis.literal(NOWHERE), coded=ibis.literal(False), person="recall", year=ibis.literal(0), amount=rows[measure.column], alone=rows[measure.column],
        part=ibis.literal(""),
    )


# -- what measures are made of -------------------------------------------------------------------------------------------


def where(rows: Any, conditions: Where) -> Any:
    """The rows in which each field holds one of its codes."""
    for name, codes in conditions:
        rows = rows.filter(rows[name].isin(codes))
    return rows


def by_person(rows: Any, amount: Any, alone: int = 1, part: Any = None) -> Any:
    """Rows to one line for each site, person and year; without a code the encounter stands for its people, `alone` where there is none."""
    keyed = rows.group_by(
        site=_site(), coded=_["participant"].notnull(), person=ibis.coalesce(_["participant"], _["encounter"], _["root"]),
        year=ibis.ifelse(_["participant"].notnull(), _["local_date"].year(), 0), part=ibis.literal("") if part is None else part,
    )
    return keyed.agg(amount=amount).mutate(alone=ibis.literal(alone))


def one_each(rows: Any, window: Window, parts: Any = None) -> Any:
    """One line for each site and person with a code. Their year is that of the last thing that happened, wherever it was."""
    if parts is not None:
        found = one_each(rows, window)
        return found.drop("part").left_join(parts, found["person"] == parts["participant"]).drop("participant")
    if window.in_one_year:
        return rows.select(site=_site(), person="participant", **_each(window.last_year)).distinct()
    found = rows.group_by(site=_site(), person=_["participant"]).agg(year=_["local_date"].year().max())
    found = found.mutate(year=found["year"].max().over(ibis.window(group_by="person")))
    return found.select("site", "person", **(_each(0) | {"year": found["year"]}))


def _each(year: int) -> dict[str, Any]:
    return {"coded": ibis.literal(True), "year": ibis.literal(year), "amount": ibis.literal(1), "alone": ibis.literal(1), "part": ibis.literal("")}


def _site() -> Any:
    return _["site"].fill_null(NOWHERE)
