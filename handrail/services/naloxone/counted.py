"""What the warehouse cannot read from facts alone: days without a product, and how far recalls have come. Read from the ledger when it is built."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby
from typing import NamedTuple

from django.conf import settings
from django.db import connection

from handrail.facts.models import Fact, Site
from handrail.kernel import clock, scope
from handrail.ledgers.stock import recalls
from handrail.ledgers.stock.kinds.recall_closed import RecallEnd
from handrail.services.naloxone import queries, reach, rules
from handrail.services.naloxone.models import Report


class OutOfStock(NamedTuple):
    """A place without any of a product, from a day to the day before another. `product` is empty where nobody said what an item is."""

    site: str
    product: str
    starts_on: date
    ends_before: date


_DAYS = """
WITH what AS MATERIALIZED (
  SELECT l.key AS lot, w.product FROM unnest(%(codes)s::text[], %(products)s::text[]) AS w (code, product)
  JOIN stock_item i ON i.organisation_id = %(organisation)s::bigint AND i.code = w.code JOIN stock_lot l ON l.item_id = i.key
), moved AS (
  SELECT p.site_id AS site, what.product, g.at, sum(g.quantity) AS change
  FROM stock_leg g JOIN what ON what.lot = g.lot_id JOIN stock_location p ON p.key = g.location_id AND p.kind = 'site'
  WHERE g.organisation_id = %(organisation)s::bigint GROUP BY 1, 2, 3 HAVING sum(g.quantity) <> 0
), book AS (
  SELECT m.site, m.product, m.at, (m.at AT TIME ZONE s.time_zone)::date AS day, sum(m.change) OVER (PARTITION BY m.site, m.product ORDER BY m.at) AS there
  FROM moved m JOIN facts_site s ON s.key = m.site
), used AS (
  SELECT g.site_id AS site, what.product, (g.at AT TIME ZONE s.time_zone)::date AS day, sum(g.quantity) AS quantity
  FROM stock_leg g JOIN what ON what.lot = g.lot_id JOIN stock_location p ON p.key = g.location_id AND p.kind = 'people' JOIN facts_site s ON s.key = g.site_id
  WHERE g.organisation_id = %(organisation)s::bigint GROUP BY 1, 2, 3
)
SELECT b.site, b.product, b.day, min(b.there)::bigint, (array_agg(b.there ORDER BY b.at DESC))[1]::bigint, coalesce(max(u.quantity), 0)::bigint
FROM book b LEFT JOIN used u ON u.site = b.site AND u.product = b.product AND u.day = b.day
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
"""Of each place and product the days on which something moved: the lowest of the book after a move, the book at the end, what went to people."""


def told_twice() -> list[tuple[str, str, bool, int]]:
    """Reports that tell again what another report tells: each counts no more, as a row of what was set aside."""
    facts = dict(Report.objects.filter(root__in=queries.doubles()).values_list("fact", "root"))
    counters = Fact.objects.filter(id__in=facts).values_list("id", "counter")
    return sorted((str(fact), "same_event", False, counter) for fact, counter in counters)


def out_of_stock() -> list[OutOfStock]:
    """Days on which a place had none of a product at some moment, from the first that came there; the house knows no opening hours.

    A product that is handed out no more, and a place that is closed, end with their last day.
    """
    known = queries.kits()
    products = {code: kit.product or code for code, kit in known.items()}
    named = {kit.product for kit in known.values()}
    over = _given_up(products)
    sites = {site.key: site for site in Site.objects.all()}
    found = []
    for (site, product), days in _days(products):
        place, last = sites[site], days[-1].on + timedelta(days=1)
        until = min(place.today + timedelta(days=1), over.get(product, date.max)) if place.is_active else last
        spans = rules.out_of_stock(days, max(until, last) if product in over else until)
        found += [OutOfStock(str(place.id), product if product in named else "", *span) for span in spans]
    return sorted(found)


def _days(products: dict[str, str]) -> Iterator[tuple[tuple[int, str], list[rules.DayOfBook]]]:
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, {"codes": list(products), "products": list(products.values()), "organisation": scope.organisation()})
        rows = cursor.fetchall()
    for key, days in groupby(rows, key=lambda row: (row[0], row[1])):
        yield key, [rules.DayOfBook(*row[2:]) for row in days]


def _given_up(products: dict[str, str]) -> dict[str, date]:
    """Products of which no item is handed out any more, with the first day of that; before it was kept, none is known."""
    ended: dict[str, list[date | None]] = {}
    for item in queries.items():
        ended.setdefault(products[item.code], []).append(None if item.is_active else item.active_to or date.min)
    return {product: max(day for day in days if day) for product, days in ended.items() if None not in days}


class Recalled(NamedTuple):
    """A recall of naloxone: the day it began, how many had left the store and had not come back by then, how many of them are accounted for."""

    recall: str
    began_on: date
    sent: int
    accounted: int


def recalled() -> list[Recalled]:
    """Every recall of naloxone that was not lifted. Accounted for is what of it was used, came back or was destroyed: no more on the list of the recall."""
    found = []
    for one in recalls.listed():
        whole = recalls.find(one.id) if one.closed != RecallEnd.LIFTED.value else None
        out = reach.of_recall(whole) if whole else None
        if out is not None:
            found.append(Recalled(str(one.id), clock.local_date(one.since, settings.CONFIG.time_zone), out.sent, min(out.accounted, out.sent)))
    return sorted(found)
