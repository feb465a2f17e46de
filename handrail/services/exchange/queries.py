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


def usual_baskets(site: int, *, days: int = 60, most: int = 3) -> list[tuple[dict[str, int], int]]:
    """What is taken here most often: (quantity by item, number of others collected for), most frequent first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT g.payload -> 'lines', (e.payload ->> 'on_behalf_of')::int, count(*) AS times"
            " FROM facts_fact g JOIN facts_fact e ON e.organisation_id = g.organisation_id AND e.id = g.encounter"
            " WHERE g.organisation_id = %s AND g.site_id = %s AND g.kind = 'exchange.given' AND g.occurred_at > %s"
            " GROUP BY 1, 2 HAVING count(*) > 1 ORDER BY times DESC, 1 LIMIT %s",
            [scope.organisation(), site, clock.now() - timedelta(days=days), most],
        )
        rows = cursor.fetchall()
    return [({line["item"]: line["quantity"] for line in as_json(lines)}, others) for lines, others, _times in rows]
