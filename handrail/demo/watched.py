"""What somebody in charge has to look at: an emergency access that waits, and a week with something unusual about looks."""

from __future__ import annotations

import uuid
from datetime import timedelta

from handrail.facts import glass, unusual
from handrail.facts.models import Fact, Participant, Site
from handrail.kernel import clock
from handrail.kernel.access import Actor
from handrail.kernel.models import AccessEntry

LOOKS = 26


def load(worker: Actor, site: Site, id: uuid.UUID) -> None:
    """A worker used emergency access for somebody who comes to another place, and looked at many people in the last week that is over."""
    elsewhere = Fact.objects.filter(kind="facts.encounter", participant__isnull=False, site__closed_setting="").exclude(site=site)
    person = elsewhere.order_by("-occurred_at", "key").values_list("participant", flat=True)[0]
    glass.break_glass(actor=worker, site=site, participant=person, why=glass.Why.TRANSFER.value, id=id)
    last = unusual.last_week()
    people = list(Participant.objects.order_by("id").values_list("id", flat=True)[:LOOKS])
    AccessEntry.objects.bulk_create(
        [
            AccessEntry(
                organisation_id=worker.organisation, at=clock.noon(last + timedelta(days=1), site.time_zone) + timedelta(minutes=3 * number),
                actor=worker.staff_id, what="person", object_id=str(one),
            )
            for number, one in enumerate(people)
        ]
    )
    unusual.make(last)
