"""What runs out when: gathers the inputs of `rules.outlook` from the ledger, for one place or all of them together."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from django.db import connection

from handrail.facts.models import Site
from handrail.kernel import clock, scope
from handrail.ledgers.stock import orders, queries, rules, values
from handrail.ledgers.stock.models import Item


@dataclass(frozen=True)
class Forecast:
    """One item: the inputs and what follows."""

    item: Item
    supply: rules.Supply
    outlook: rules.Outlook


class Day(NamedTuple):
    """What one day did to an item: net change of the shelves, how many went to people, and how many more went into kits than came out of them."""

    change: int = 0
    given: int = 0
    into_kits: int = 0


_IS_PART = "NOT EXISTS (SELECT 1 FROM stock_kitcomponent k WHERE k.organisation_id = l.organisation_id AND k.kit_id = l.item_id)"
"""SQL: lot `l` is a part where it passes through assembly. A kit that is made or taken apart is neither used nor given back: only people use kits."""


_DAILY = f"""
WITH moved AS MATERIALIZED (
  SELECT g.location_id, g.lot_id, g.site_id, (g.at AT TIME ZONE s.time_zone)::date AS day, sum(g.quantity) AS quantity
  FROM stock_leg g JOIN facts_site s ON s.key = g.site_id
  WHERE g.organisation_id = %s::bigint AND g.at >= %s::timestamptz GROUP BY 1, 2, 3, 4
)
SELECT l.item_id, m.day,
  sum(m.quantity) FILTER (WHERE p.kind = 'site' AND (%s::bigint[] IS NULL OR p.site_id = ANY(%s::bigint[])))::bigint,
  sum(m.quantity) FILTER (WHERE p.kind = 'people' AND (%s::bigint[] IS NULL OR m.site_id = ANY(%s::bigint[])))::bigint,
  sum(m.quantity) FILTER (WHERE p.kind = 'assembly' AND {_IS_PART} AND (%s::bigint[] IS NULL OR m.site_id = ANY(%s::bigint[])))::bigint
FROM moved m
JOIN stock_location p ON p.key = m.location_id AND p.kind IN ('site', 'people', 'assembly')
JOIN stock_lot l ON l.key = m.lot_id
WHERE m.day >= %s::date GROUP BY 1, 2
"""  # noqa: S608  our own constant
"""One scan of the legs of these days, by the index `leg_time`; what they mean is asked of the sums alone."""


def forecasts(sites: Iterable[int] | None, today: date) -> list[Forecast]:
    """Every active item at these places taken together (None: all places)."""
    keys = None if sites is None else list(sites)
    window = values.USE_WINDOW_DAYS.read().value
    since = today - timedelta(days=window)
    daily = _daily(keys, since)
    shelves: dict[str, list[queries.ShelfLot]] = {}
    for lot in queries.lots(keys):
        shelves.setdefault(lot.item, []).append(lot)
    ordered = orders.outstanding(keys)
    found = []
    for item in Item.objects.filter(is_active=True):
        supply = _supply(item, shelves.get(item.code, []), daily.get(item.key, {}), today, window, ordered.get(item.code, 0))
        found.append(Forecast(item, supply, rules.outlook(supply)))
    return found


def _supply(
    item: Item, lots: list[queries.ShelfLot], daily: Mapping[date, Day], today: date, window: int, on_order: int
) -> rules.Supply:
    """The inputs of one item. Today is not over yet: use is counted through yesterday.

    A shelf that was empty as the days began is known from its first move on. Parts that came back out of kits were not
    used: they are taken off what went into kits in the same days, never off what people took.
    """
    before = sum(lot.quantity for lot in lots) - sum(day.change for day in daily.values())
    known = window if before else (today - min(daily, default=today)).days
    days = [today - timedelta(days=back) for back in range(known, 0, -1)]
    moved = [daily.get(day, Day()) for day in days]
    now = sum(lot.quantity for lot in lots) - daily.get(today, Day()).change
    usable = [lot for lot in lots if not lot.is_held and lot.quantity > 0]
    given = rules.by_week({on: day.given for on, day in daily.items()}, today, known // 7)
    into_kits = rules.by_week({on: day.into_kits for on, day in daily.items()}, today, known // 7)
    return rules.Supply(
        today=today, used=sum(day.given for day in moved) + max(0, sum(day.into_kits for day in moved)), days=known,
        stock_out_days=rules.stock_out_days(now, [(day.change, day.given + max(0, day.into_kits)) for day in moved]),
        weeks=tuple(people + max(0, kits) for people, kits in zip(given, into_kits, strict=True)), lots=tuple(rules.Batch(lot.quantity, lot.expiry) for lot in usable),
        on_order=on_order, lead_time_days=values.LEAD_TIME_DAYS.read().value, review_days=values.REVIEW_DAYS.read().value,
        safety_days=values.SAFETY_DAYS.read().value, pack=item.pack_size, owed=-sum(lot.quantity for lot in lots if lot.quantity < 0),
    )


def _daily(sites: list[int] | None, since: date) -> dict[int, dict[date, Day]]:
    """By item and day."""
    found: dict[int, dict[date, Day]] = {}
    with connection.cursor() as cursor:
        # A day begins up to 14 hours before that of UTC.
        cursor.execute(_DAILY, [scope.organisation(), since - timedelta(days=1), sites, sites, sites, sites, sites, sites, since])
        for item, day, change, given, into_kits in cursor.fetchall():
            if change or given or into_kits:
                found.setdefault(item, {})[day] = Day(change or 0, max(0, given or 0), into_kits or 0)
    return found


_LATELY = f"""
WITH moved AS MATERIALIZED (
  SELECT g.site_id, g.location_id, g.lot_id, sum(g.quantity) AS quantity
  FROM stock_leg g JOIN unnest(%s::bigint[], %s::timestamptz[]) AS w (site, since) ON w.site = g.site_id AND g.at >= w.since
  WHERE g.organisation_id = %s::bigint AND g.at >= %s::timestamptz GROUP BY 1, 2, 3
)
SELECT m.site_id, i.code, (coalesce(sum(m.quantity) FILTER (WHERE p.kind = 'people'), 0)
  + greatest(0, sum(m.quantity) FILTER (WHERE p.kind = 'assembly' AND {_IS_PART})))::bigint
FROM moved m
JOIN stock_location p ON p.key = m.location_id AND p.kind IN ('people', 'assembly')
JOIN stock_lot l ON l.key = m.lot_id JOIN stock_item i ON i.key = l.item_id AND i.is_active
GROUP BY 1, 2
"""  # noqa: S608  our own constant
"""What went out lately, place by place since a midnight of its own, by the same index."""


def low(lots: Iterable[queries.ShelfLot], sites: Sequence[Site]) -> dict[int, set[str]]:
    """By place: items of which there is less to give than went out in the days that an order takes to come.

    `lots` are the lots on the shelves of these places.
    """
    days = {site.key: site.today for site in sites}
    there: dict[tuple[int, str], int] = {}
    for lot in lots:
        if lot.site in days and not (lot.is_held or lot.is_expired(days[lot.site])):
            there[lot.site, lot.item] = there.get((lot.site, lot.item), 0) + lot.quantity
    if not days:
        return {}
    lead = timedelta(days=values.LEAD_TIME_DAYS.read().value)
    since = [clock.midnight(site.today - lead, site.time_zone) for site in sites]
    found: dict[int, set[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_LATELY, [list(days), since, scope.organisation(), min(since)])
        for place, item, used in cursor.fetchall():
            if used > there.get((place, item), 0):
                found.setdefault(place, set()).add(item)
    return found


def frozen(found: Forecast) -> dict[str, object]:
    """The inputs of a suggestion, as an order keeps them (`stock.ordered`)."""
    supply, out = found.supply, found.outlook
    known = out.use_per_day is not None
    return {
        "suggested": out.suggested, "used": supply.used if known else None, "over_days": supply.over_days if known else None,
        "lead_time_days": supply.lead_time_days, "review_days": supply.review_days, "safety_days": supply.safety_days,
        "on_hand": out.counted_on_hand, "on_order": supply.on_order, "pack": supply.pack,
    }


def order(
    *, actor: orders.Actor, site: Site, supplier: str, quantities: Mapping[str, int], fund: str = "", sites: Iterable[int] | None = None,
    id: uuid.UUID | None = None,
) -> orders.Outcome:
    """Write an order down: what is wanted, and beside it what was suggested and why."""
    inputs = {one.item.code: frozen(one) for one in forecasts(sites, site.today)}
    lines = [{"item": code, "quantity": quantity, **inputs.get(code, {})} for code, quantity in quantities.items() if quantity]
    return orders.place(actor=actor, site=site, supplier=supplier, lines=lines, fund=fund, id=id)
