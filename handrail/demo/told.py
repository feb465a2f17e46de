"""What came without a sign-in in the demonstration: an overdose told of today, and two kits that somebody will come for. Everything is invented."""

from __future__ import annotations

import random
import uuid

from handrail.facts import setting_changes
from handrail.facts.models import Organisation, Site
from handrail.kernel.access import Actor
from handrail.services.naloxone import public_reports
from handrail.services.naloxone.models import KitRequest
from handrail.services.naloxone.public_reports import When
from handrail.services.naloxone.values import PICK_UP


def load(organisation: Organisation, system: Actor, place: Site) -> None:
    """The place says that one may come there; one kit is asked for, another is ready."""
    made = random.Random("told without a sign-in")
    setting_changes.set_value(actor=system, value=PICK_UP, typed="yes", site=place, valid_from=place.today, source="The demonstration")

    def id() -> uuid.UUID:
        return uuid.UUID(int=made.getrandbits(128), version=4)

    public_reports.keep(organisation=organisation, id=id(), when=When.TODAY, said={"outcome": "recovered", "doses_total": 2, "emergency_called": "no"})
    ready = id()
    for wanted in (ready, id()):
        public_reports.ask_for_kit(organisation=organisation, id=wanted, site=place.id)
    public_reports.move_on(actor=system, request=ready, state=KitRequest.State.READY)
