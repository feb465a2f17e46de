"""Who looked at one person's record: for those who serve the person, so that a look without a reason is seen by somebody who cares."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q

from handrail.facts.models import Fact, GlassBreak, Staff
from handrail.kernel import clock, scope
from handrail.kernel.access import Actor
from handrail.kernel.models import AccessEntry

DAYS = 31
MONTHS_OF_SERVICE = 12


@dataclass(frozen=True)
class Looked:
    """A colleague who looked: how often, when last, and whether in an emergency."""

    name: str
    times: int
    last: datetime
    in_emergency: bool


def may_see(actor: Actor, people: Sequence[uuid.UUID]) -> bool:
    """Whether this worker recorded something with the person within a year, or is in charge: they are the ones who can tell a look without a reason."""
    if any(actor.may(permission) for permission in ("glass.review", "unusual.read")):
        return True
    since = clock.now() - timedelta(days=31 * MONTHS_OF_SERVICE)
    return Fact.objects.filter(participant__in=people, staff=actor.staff_id, occurred_at__gt=since).exists()


def of_person(people: Sequence[uuid.UUID]) -> list[Looked]:
    """Who looked within a month at any record of a person, the latest first."""
    since, named = clock.now() - timedelta(days=DAYS), [str(person) for person in people]
    rows = AccessEntry.objects.filter(object_id__in=named, at__gt=since, refused=False, actor__isnull=False).values("actor").annotate(
        times=Count("key"), last=Max("at")
    )
    names = dict(Staff.objects.filter(organisation_id=scope.organisation()).values_list("id", "name"))
    glasses = set(GlassBreak.objects.filter(Q(participant__in=people), broken_at__gt=since).values_list("staff", flat=True))
    found = [Looked(names.get(row["actor"], ""), row["times"], row["last"], row["actor"] in glasses) for row in rows]
    return sorted(found, key=lambda looked: looked.last, reverse=True)
