"""What screens read from the exchange room."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.db.models import QuerySet

from handrail.facts.fold import as_json
from handrail.kernel import clock, scope
from handrail.kernel.access import Actor
from handrail.services.exchange.models import OpenTest


def open_tests(actor: Actor) -> QuerySet[OpenTest]:
    """Tests that still owe an answer, oldest first, at the sites where the actor follows them."""
    return OpenTest.objects.filter(actor.filter("exchange.test.follow")).select_related("site").order_by("occurred_at")


_USUAL = """
WITH recent AS MATERIALIZED (
  SELECT encounter, payload -> 'lines' AS lines FROM facts_fact
  WHERE organisation_id = %s::bigint AND site_id = %s::bigint AND kind = 'exchange.given' AND occurred_at > %s::timestamptz
  ORDER BY occurred_at DESC LIMIT 300
)
SELECT r.lines, (e.payload ->> 'on_behalf_of')::int, count(*) AS times
FROM recent r JOIN facts_fact e ON e.organisation_id = %s::bigint AND e.id = r.encounter
GROUP BY 1, 2 HAVING count(*) > 1 ORDER BY times DESC, 1 LIMIT %s::int
"""
"""The latest 300 only, so that the composer opens as fast in the tenth year as on the first day."""


def usual_baskets(site: int, *, days: int = 60, most: int = 3) -> list[tuple[dict[str, int], int]]:
    """What is taken here most often: (quantity by item, number of others collected for), most frequent first."""
    with connection.cursor() as cursor:
        cursor.execute(_USUAL, [scope.organisation(), site, clock.now() - timedelta(days=days), scope.organisation(), most])
        rows = cursor.fetchall()
    return [({line["item"]: line["quantity"] for line in as_json(lines)}, others) for lines, others, _times in rows]
