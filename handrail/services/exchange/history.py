"""What one person took before, for the composer's offers: one indexed query, whatever the person's history."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median_high
from typing import Any

from django.db import connection

from handrail.facts.fold import as_json
from handrail.facts.recorded import COUNTS
from handrail.facts.spec import KINDS
from handrail.kernel import scope
from handrail.services.exchange.kinds.need import Need

MOST_FACTS = 90
"""Enough for some twenty visits; the composer opens as fast for somebody who has come for ten years."""
USUAL_OVER = 6
"""Visits that what somebody usually takes is the median of."""
FEWEST_FOR_USUAL = 3


@dataclass
class PastVisit:
    """One earlier visit: when, where, what was taken, for how many others, what need was said."""

    visit: uuid.UUID
    at: datetime
    site: int | None
    site_name: str
    time_zone: str
    others: int = 0
    taken: dict[str, int] = field(default_factory=dict)
    need: Need | None = None


_PAST = f"""
WITH person AS (SELECT coalesce((SELECT p.merged_into FROM facts_participant p WHERE p.organisation_id = %s::bigint AND p.id = %s::uuid), %s::uuid) AS id)
SELECT f.kind, f.kind_version, f.payload, coalesce(f.encounter, f.root), f.occurred_at, f.site_id, s.name, s.time_zone
FROM facts_fact f LEFT JOIN facts_site s ON s.key = f.site_id
WHERE f.organisation_id = %s::bigint
  AND f.participant = ANY(array_append(
    ARRAY(SELECT p.id FROM facts_participant p WHERE p.organisation_id = %s::bigint AND p.merged_into = (SELECT id FROM person)), (SELECT id FROM person)))
  AND f.kind = ANY(%s::text[]) AND {COUNTS}
ORDER BY f.occurred_at DESC, f.counter DESC LIMIT %s::int
"""  # noqa: S608  our own constant
_KINDS = ["facts.encounter", "exchange.given", "exchange.need"]


def past_visits(participant: uuid.UUID, *, most: int = MOST_FACTS) -> list[PastVisit]:
    """Earlier visits of a person, newest first, whichever of their records they were recorded with. What was taken back is not there.

    The caller leaves out places whose visits the reader may not see.
    """
    organisation = scope.organisation()
    with connection.cursor() as cursor:
        cursor.execute(_PAST, [organisation, participant, participant, organisation, organisation, _KINDS, most])
        rows = cursor.fetchall()
    found: dict[uuid.UUID, PastVisit] = {}
    for kind, version, payload, visit, at, site, name, zone in rows:
        past = found.setdefault(visit, PastVisit(visit, at, site, name or "", zone or "UTC"))
        _add(past, kind, KINDS[kind].parse(as_json(payload), version))
    return list(found.values())


def _add(past: PastVisit, kind: str, payload: Any) -> None:
    if kind == "facts.encounter":
        past.others = payload.on_behalf_of
    elif kind == "exchange.need":
        past.need = payload
    else:
        for line in payload.lines:
            past.taken[line.item] = past.taken.get(line.item, 0) + line.quantity


def usual(visits: Sequence[PastVisit]) -> tuple[dict[str, int], int] | None:
    """What the person usually takes: the median of each item over their latest visits, and for how many others.

    None with fewer than three visits. Of two middle numbers the higher one: an offer should not run short.
    """
    latest = [past for past in visits if past.taken][:USUAL_OVER]
    if len(latest) < FEWEST_FOR_USUAL:
        return None
    items = list(dict.fromkeys(code for past in latest for code in past.taken))
    middle = {code: median_high([past.taken.get(code, 0) for past in latest]) for code in items}
    return {code: quantity for code, quantity in middle.items() if quantity}, median_high([past.others for past in latest])
