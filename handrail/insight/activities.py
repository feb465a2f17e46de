"""What was done for somebody, by name: activities that a package or PEPFAR's list asks for.

Each is a table of site, participant, encounter and local date. Only `measures.py` uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import ibis
from ibis import _

from handrail.insight.periods import Window
from handrail.insight.spec import OFFERED
from handrail.insight.tables import ENCOUNTER, Tables

TEST, REFERRAL, EDUCATION, SCREEN = "exchange.test", "facts.referral", "exchange.education", "exchange.screen"
COLUMNS = ("site", "participant", "encounter", "local_date")
LARGEST_GROUP = 25
"""More people at once are not reached one by one (MER 2.6.1, KP_PREV)."""
DECLINED = "offered_declined"
LISTED_SERVICES = (
    "HIV_care", "PrEP", "PEP", "OAT", "NSP", "HCV_test", "HCV_treatment", "TB", "antenatal", "contraception", "violence_support", "mental_health", "naloxone",
)
"""Ways to another service that KP_PREV lists, as we read it."""


def offers(tables: Tables, window: Window) -> Any:
    """HIV tests offered, and ways to one, each with whether it was declined."""
    tests = tables.within(TEST, window).filter(_["disease"] == "HIV", _["state"].isin(OFFERED))
    ways = tables.within(REFERRAL, window).filter(_["service"] == "HIV_test")
    return ibis.union(
        tests.select(*COLUMNS, declined=tests["state"] == DECLINED), ways.select(*COLUMNS, declined=ways["status"] == "declined")
    )


def _information(tables: Tables, window: Window) -> Any:
    return tables.within(EDUCATION, window).filter(~_["topics"].contains("none"))


def _listed(tables: Tables, window: Window) -> Any:
    """Any activity of PEPFAR's list besides the test."""
    ways = tables.within(REFERRAL, window).filter(_["service"].isin(LISTED_SERVICES))
    screens = tables.within(SCREEN, window).filter(_["finding"] != "not_screened")
    named = [activity(name, tables, window) for name in ("needles", "condoms", "lubricant", "information")]
    return ibis.union(*named, ways.select(*COLUMNS), screens.select(*COLUMNS))


_MADE: Mapping[str, Callable[[Tables, Window], Any]] = {
    "needles": lambda tables, window: tables.picked_up(window),
    "condoms": lambda tables, window: tables.received(window, ("external_condoms", "internal_condoms")),
    "lubricant": lambda tables, window: tables.received(window, ("lubricant",)),
    "information": _information,
    "HIV_test_offered": offers,
    "listed": _listed,
}


def activity(name: str, tables: Tables, window: Window) -> Any:
    """Who had an activity in the window, at which visit."""
    return tables.view(f"activity {name} {window.written}", lambda: _MADE[name](tables, window).select(*COLUMNS).filter(_["participant"].notnull()))


def everybody_with(names: Iterable[str], tables: Tables, window: Window, *, closed: bool = False) -> Any:
    """All rows of the activities, of people who had each of them; with `closed`, at places where people are held."""
    parts = [activity(name, tables, window) for name in names]
    parts = [tables.closed(rows) for rows in parts] if closed else parts
    rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
    for part in parts if len(parts) > 1 else ():
        rows = rows.semi_join(part, "participant")
    return rows


def prevented(tables: Tables, window: Window) -> Any:
    """Site, participant and `part` of everybody KP_PREV reaches in the window, whoever was counted before in its year included.

    Known to be positive before the window, or says so in it and was not found so in it; else tested or shown the way; else declined.
    """

    def make() -> Any:
        met = tables.within(ENCOUNTER, window).filter(_["people_count"] <= LARGEST_GROUP).select(visit="root")
        offered, listed = (rows.semi_join(met, rows["encounter"] == met["visit"]) for rows in (offers(tables, window), activity("listed", tables, window)))
        tests = tables.counting(TEST).filter(_["disease"] == "HIV", _["participant"].notnull(), _["local_date"] < window.ends_before)
        said, found = tests["state"] == "known_positive", (tests["state"] == "resulted") & (tests["result"] == "positive")
        before = tests["local_date"] < window.starts_on
        new = tests.filter(found & ~before).select("participant")
        positive = ibis.union(
            tests.filter((said | found) & before).select("participant"), tests.filter(said & ~before).select("participant").anti_join(new, "participant"),
            distinct=True,
        )
        done = offered.filter(~_["declined"]).select("participant").distinct()
        known = positive.mutate(rank=ibis.literal(0))
        ranked = ibis.union(known, done.mutate(rank=ibis.literal(1)), offered.select("participant").distinct().mutate(rank=ibis.literal(2)))
        status = ranked.filter(_["participant"].notnull()).group_by("participant").agg(rank=_["rank"].min())
        parts = ibis.cases((status["rank"] == 0, "known_positive"), (status["rank"] == 1, "newly_tested"), else_="declined")
        where_met = ibis.union(listed.select("site", "participant"), offered.select("site", "participant"), distinct=True)
        reached = status.mutate(part=parts).semi_join(listed, "participant")
        return where_met.inner_join(reached, "participant").select("site", "participant", "part")

    return tables.kept(f"prevented {window.written}", make)
