"""Leave-one-out tokens of self-made codes: kept only while the programme wants tolerant review (`domain/people.md` 3.2)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from handrail.facts.models import CodeHint
from handrail.facts.values import TOLERANT_REVIEW
from handrail.kernel import audit
from handrail.kernel.access import Actor


def keep(person: uuid.UUID, hints: Sequence[bytes], *, actor: Actor) -> None:
    """Remember the hints of a person; with none wanted, those of before are thrown away."""
    if not hints:
        forget_unwanted(actor=actor)
    elif not CodeHint.objects.filter(participant=person, token=hints[0]).exists():
        CodeHint.objects.bulk_create(
            CodeHint(organisation_id=actor.organisation, token=hint, participant=person, position=at) for at, hint in enumerate(hints)
        )


def forget_unwanted(*, actor: Actor) -> bool:
    """Throw all hints away where tolerant review is off today; says whether there were any."""
    if TOLERANT_REVIEW.read().value or not CodeHint.objects.exists():
        return False
    CodeHint.objects.all().delete()
    audit.write("hints.forgotten", actor=actor)
    return True
