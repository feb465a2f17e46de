"""Each measure as rows of (site, coded, person, year, amount, alone): a new measure is a class in `spec.py` and a function here.

A person with a code is one person wherever they were met; a contact without a code is one row of its encounter, standing
for as many people as were met, and `alone` for so many where there is no encounter. `year` is the year of what happened,
from which the age at the event follows (`domain/indicators.md` 1, rule 8); without a person it is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import ibis
from ibis import _

from handrail.insight.periods import Window
from handrail.insight.spec import (
    ANSWERED,
    INJECTS,
    NOBODY_MET,
    Contacts,
    Followed,
    Measure,
    People,
    Records,
    Regular,
    Sum,
)
from handrail.insight.tables import ENCOUNTER, NOWHERE, Tables

WINDOW_DAYS = 30
"""Length of a window of regular pick-ups (`domain/exchange.md` 9)."""
SHAPE = {"measure": "int64", "site": "string", "coded": "boolean", "person": "string", "year": "int64", "amount": "int64", "alone": "int64"}
"""Columns of every measure's rows."""


@singledispatch
def rows_of(measure: Measure, _tables: Tables, _window: Window) -> Any:
    """The rows of a measure over the local dates of a window."""
    raise TypeError(f"Nobody knows how to compute {measure!r}.")


@rows_of.register
def _records(measure: Records, tables: Tables, window: Window) -> Any:
    return by_person(where(tables.within(measure.kind, window), measure.where), _["id"].nunique())


@rows_of.register
def _sum(measure: Sum, tables: Tables, window: Window) -> Any:
    rows = [_sum_of(kind, measure, tables, window) for kind in measure.kinds]
    return ibis.union(*rows) if len(rows) > 1 else rows[0]


def _sum_of(kind: str, measure: Sum, tables: Tables, window: Window) -> Any:
    rows = tables.of_sale(kind, where(tables.within(kind, window), measure.where), measure.sold)
    alone = int(kind not in NOBODY_MET)
    if not measure.as_needles:
        return by_person(rows, rows[measure.column].sum().fill_null(0), alone)
    items = tables.needles()
    rows = rows.inner_join(items, rows["item"] == items["code"])
    times = {name: (rows[measure.column] * rows[name]).sum() for name in ("whole", "barrels", "needles")}
    # Of barrels and needles that went out together, in one record, whichever is more.
    records = rows.group_by("id", "site", "participant", "encounter", "root", "local_date").agg(**times)
    return by_person(records, (records["whole"] + ibis.greatest(records["barrels"], records["needles"])).sum(), alone)


@rows_of.register
def _regular(measure: Regular, tables: Tables, window: Window) -> Any:
    rows = tables.picked_up(window).filter(_["participant"].notnull())
    rows = rows.semi_join(tables.last_answers(window).filter(_["injects"].isin(INJECTS)), "participant")
    if measure.way == "monthly":
        found, enough = rows.group_by("participant").agg(times=_["encounter"].nunique()), window.whole_months
    else:
        enough = window.days // WINDOW_DAYS
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
    else:
        rows = _had(measure, tables, window) if measure.had else tables.served(window)
    rows = rows.filter(_["participant"].notnull())
    if measure.injects == "yes":
        rows = rows.semi_join(tables.last_answers(window).filter(_["injects"].isin(INJECTS)), "participant")
    elif measure.injects == "unknown":
        rows = rows.anti_join(tables.last_answers(window).filter(_["injects"].isin(ANSWERED)), "participant")
    return one_each(rows, window)


def _had(measure: People, tables: Tables, window: Window) -> Any:
    """Records of a kind in the window, without those of people who had an earlier one that rules them out."""
    rows = where(tables.within(measure.had, window), measure.where)
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
    return by_person(rows, _["root"].nunique())


# -- what measures are made of -------------------------------------------------------------------------------------------


def where(rows: Any, conditions: Sequence[tuple[str, tuple[str, ...]]]) -> Any:
    """The rows in which each field holds one of its codes."""
    for name, codes in conditions:
        rows = rows.filter(rows[name].isin(codes))
    return rows


def by_person(rows: Any, amount: Any, alone: int = 1) -> Any:
    """Rows to one line for each site, person and year; without a code the encounter stands for its people, `alone` where there is none."""
    keyed = rows.group_by(
        site=_site(), coded=_["participant"].notnull(), person=ibis.coalesce(_["participant"], _["encounter"], _["root"]),
        year=ibis.ifelse(_["participant"].notnull(), _["local_date"].year(), 0),
    )
    return keyed.agg(amount=amount).mutate(alone=ibis.literal(alone))


def one_each(rows: Any, window: Window) -> Any:
    """One line for each site and person with a code. Their year is that of the last thing that happened, wherever it was."""
    if window.starts_on.year == window.last_year:
        return rows.select(site=_site(), person="participant", **_each(window.last_year)).distinct()
    found = rows.group_by(site=_site(), person=_["participant"]).agg(year=_["local_date"].year().max())
    found = found.mutate(year=found["year"].max().over(ibis.window(group_by="person")))
    return found.select("site", "person", **(_each(0) | {"year": found["year"]}))


def _each(year: int) -> dict[str, Any]:
    return {"coded": ibis.literal(True), "year": ibis.literal(year), "amount": ibis.literal(1), "alone": ibis.literal(1)}


def _site() -> Any:
    return _["site"].fill_null(NOWHERE)
