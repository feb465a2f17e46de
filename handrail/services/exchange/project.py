"""Folds this room's facts into its state."""

from __future__ import annotations

from handrail.facts.fold import Recorded
from handrail.services.exchange.kinds.test import State
from handrail.services.exchange.models import OpenTest

KINDS = frozenset({"exchange.test"})
_OPEN = {State.SAMPLE_TAKEN.value, State.RESULT_PENDING.value, State.INVALID.value}


def apply(fact: Recorded) -> None:
    """The fact counts now."""
    if fact.parsed.state in _OPEN and fact.site is not None:
        OpenTest.objects.create(
            organisation_id=fact.organisation, fact=fact.id, encounter=fact.encounter, site_id=fact.site, disease=fact.parsed.disease,
            state=fact.parsed.state, participant=fact.participant, occurred_at=fact.occurred_at,
        )


def undo(fact: Recorded) -> None:
    """The fact counts no more."""
    if fact.parsed.state in _OPEN:
        OpenTest.objects.filter(fact=fact.id).delete()
