"""What lies locked away in the demonstration: how the person with the card to try wants to be reached."""

from __future__ import annotations

import uuid

from handrail.facts.models import Site
from handrail.kernel.access import Actor
from handrail.vault import records
from handrail.vault.spec import STORES

SAID = {"phone": "000 0000 (invented)", "how": "Evenings. Ask for “Otter”, and say nothing to anybody else."}


def load(system: Actor, site: Site, person: uuid.UUID) -> None:
    """One sealed record, so that somebody who opens the person's page sees what that looks like."""
    store = STORES["vault.contact"]
    said = records.checked(store, SAID)
    records.seal(actor=system, store=store, participant=person, site=site, said=said, organisation=system.organisation_id)
