"""What runs out when: gathers the inputs of `rules.outlook` from the ledger, for one place or all of them together."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
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


@dataclass(frozen=True)
class Member:
    """An item of a group that is counted as one; `each` is how much of the group one unit is. `fills_kits` is False where its kits are in the group too."""

    item: Item
    each: int = 1
    fills_kits: bool = True


class Day(NamedTuple):
    """What one day did to an item: net change of the shelves, how many went to people, and how many more went into kits than came out of them."""

    change: int = 0
    given: int = 0
    into_kits: int = 0


class _Margins(NamedTuple):
    """Days that the programme plans for; the same for every item, so read once."""

    lead: int
    review: int
    safety: int

    @classmethod
    def read(cls) -> _Margins:
        """As they hold today."""
        return cls(values.LEAD_TIME_DAYS.read().value, values.REVIEW_DAYS.read().value, values.SAFETY_DAYS.read().value)


_OPEN_END = datetime(9000, 1, 1, tzinfo=UTC)
"""Every leg is before it. With two ends PostgreSQL expects few rows and takes the index; with a beginning alone it expects a third of all there are."""
_IS_PART = "NOT EXISTS (SELECT 1 FROM stock_kitcomponent k WHERE k.organisation_id = l.organisation_id AND k.kit_id = l.item_id)"
"""SQL: lot `l` is a part where it passes through assembly. A kit that is made or taken apart is neither used nor given back: only people use kits."""


_DAILY = f"""
WITH day AS MATERIALIZED (
  SELECT z.time_zone, d.day::date AS day, d.day AT TIME ZONE z.time_zone AS begins,
    CASE WHEN d.day < %s::timestamp THEN (d.day + interval '1 day') AT TIME ZONE z.time_zone ELSE 'infinity'::timestamptz END AS ends
  FROM (SELECT DISTINCT time_zone FROM facts_site WHERE organisation_id = %s::bigint) z
  CROSS JOIN generate_series(%s::timestamp, %s::timestamp, interval '1 day') AS d (day)
)
SELECT l.item_id, m.day, sum(m.quantity) FILTER (WHERE m.kind = 'site')::bigint, sum(m.quantity) FILTER (WHERE m.kind = 'people')::bigint,
  sum(m.quantity) FILTER (WHERE m.kind = 'assembly' AND {_IS_PART})::bigint
FROM (
  SELECT p.kind, d.day, moved.lot_id, moved.quantity FROM stock_location p CROSS JOIN day d CROSS JOIN LATERAL (
    SELECT g.lot_id, sum(g.quantity) AS quantity FROM stock_leg g JOIN facts_site s ON s.key = g.site_id AND s.time_zone = d.time_zone
    WHERE g.organisation_id = p.organisation_id AND g.location_id = p.key AND g.at >= d.begins AND g.at < d.ends
      AND (p.kind = 'site' OR %s::bigint[] IS NULL OR g.site_id = ANY(%s::bigint[]))
    GROUP BY 1
  ) moved
  WHERE p.organisation_id = %s::bigint
    AND (p.kind IN ('people', 'assembly') OR (p.kind = 'site' AND (%s::bigint[] IS NULL OR p.site_id = ANY(%s::bigint[]))))
) m JOIN stock_lot l ON l.key = m.lot_id
GROUP BY 1, 2
"""  # noqa: S608  our own constant
"""Only the legs of these days, place by place and day by day of its own zone by the index `leg_place_time`; the last day has no end."""


def forecasts(sites: Iterable[int] | None, today: date) -> list[Forecast]:
    """Every active item at these places taken together (None: all places)."""
    return of_groups(sites, today, [(Member(item),) for item in Item.objects.filter(is_active=True)])


def of_groups(sites: Iterable[int] | None, today: date, groups: Sequence[Sequence[Member]]) -> list[Forecast]:
    """Each group as if it were one item, such as all items of one product; named by its first. Whole packs are those of an item that is alone."""
    keys = None if sites is None else list(sites)
    window, margins = values.USE_WINDOW_DAYS.read().value, _Margins.read()
    since = today - timedelta(days=window)
    daily = _daily(keys, since, today)
    shelves: dict[str, list[queries.ShelfLot]] = {}
    for lot in queries.lots(keys):
        shelves.setdefault(lot.item, []).append(lot)
    ordered = orders.outstanding(keys)
    found = []
    for group in groups:
        lots = [replace(lot, quantity=lot.quantity * one.each) for one in group for lot in shelves.get(one.item.code, [])]
        days = _together((daily.get(one.item.key, {}), one) for one in group)
        on_order = sum(ordered.get(one.item.code, 0) * one.each for one in group)
        supply = _supply(group[0].item.pack_size if len(group) == 1 else 1, lots, days, today, window, on_order, margins)
        found.append(Forecast(group[0].item, supply, rules.outlook(supply)))
    return found


def _together(items: Iterable[tuple[Mapping[date, Day], Member]]) -> dict[date, Day]:
    """The days of several items as those of one; what went into kits of the same group was not used."""
    found: dict[date, Day] = {}
    for days, one in items:
        for on, day in days.items():
            before = found.get(on, Day())
            into_kits = day.into_kits * one.each if one.fills_kits else 0
            found[on] = Day(before.change + day.change * one.each, before.given + day.given * one.each, before.into_kits + into_kits)
    return found


def _supply(
    pack: int, lots: list[queries.ShelfLot], daily: Mapping[date, Day], today: date, window: int, on_order: int,
    margins: _Margins,
) -> rules.Supply:
    """The inputs of one item or group. Today is not over yet: use is counted through yesterday.

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
        on_order=on_order, lead_time_days=margins.lead, review_days=margins.review, safety_days=margins.safety, pack=pack, owed=-sum(lot.quantity for lot in lots if lot.quantity < 0),
    )


def _daily(sites: list[int] | None, since: date, today: date) -> dict[int, dict[date, Day]]:
    """By item and day; what is dated after tomorrow, as no day is that far ahead, stands on that of tomorrow."""
    organisation, last = scope.organisation(), today + timedelta(days=1)
    found: dict[int, dict[date, Day]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_DAILY, [last, organisation, since, last, sites, sites, organisation, sites, sites])
        for item, day, change, given, into_kits in cursor.fetchall():
            if change or given or into_kits:
                found.setdefault(item, {})[day] = Day(change or 0, max(0, given or 0), into_kits or 0)
    return found


_LATELY = f"""
SELECT m.site_id, i.code, (coalesce(sum(m.quantity) FILTER (WHERE p.kind = 'people'), 0)
  + greatest(0, sum(m.quantity) FILTER (WHERE p.kind = 'assembly' AND {_IS_PART})))::bigint
FROM stock_location p CROSS JOIN LATERAL (
  SELECT g.site_id, g.lot_id, sum(g.quantity) AS quantity
  FROM stock_leg g JOIN unnest(%s::bigint[], %s::timestamptz[]) AS w (site, since) ON w.site = g.site_id AND g.at >= w.since
  WHERE g.organisation_id = p.organisation_id AND g.location_id = p.key AND g.at BETWEEN %s::timestamptz AND %s::timestamptz
  GROUP BY 1, 2
) m
JOIN stock_lot l ON l.key = m.lot_id JOIN stock_item i ON i.key = l.item_id AND i.is_active
WHERE p.organisation_id = %s::bigint AND p.kind IN ('people', 'assembly')
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
        cursor.execute(_LATELY, [list(days), since, min(since), _OPEN_END, scope.organisation()])
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
