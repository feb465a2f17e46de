"""People without names: a random id, and cards that lead to it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import transaction

from handrail.facts.models import CardToken
from handrail.facts.record import Draft, Outcome, record_many
from handrail.kernel import audit, clock, crypto, ids
from handrail.kernel.access import Actor


def card_token(ten: str) -> bytes:
    """Look-up token of a card's ten symbols; without the key file it cannot be computed."""
    return crypto.token(crypto.key(settings.CONFIG.keys, "lookup"), "card", ten)


@transaction.atomic
def enrol(
    *, actor: Actor, site: uuid.UUID, code: str, participant: uuid.UUID, birth_year: object = None, gender: str | None = None,
    injects: str | None = None,
) -> list[Outcome]:
    """A new participant with a card, and what they chose to say. Sent twice, it is done once."""
    drafts = [
        Draft(
            kind="facts.enrolled", site=site, participant=participant, id=ids.derived(participant, "enrolled"),
            payload={"birth_year": birth_year or None, "gender": gender or None},
        )
    ]
    if injects:
        drafts.append(
            Draft(
                kind="facts.asked", site=site, participant=participant, id=ids.derived(participant, "asked"), payload={"injects": injects}
            )
        )
    outcomes = record_many(drafts, actor=actor)
    issue_card(actor=actor, participant=participant, code=code)
    return outcomes


def issue_card(*, actor: Actor, participant: uuid.UUID, code: str) -> None:
    """Remember a card by its token; the code itself is not kept."""
    ten = crypto.read_code(code)
    if ten is None:
        raise ValueError("That code has a wrong check symbol.")
    _row, created = CardToken.objects.get_or_create(
        organisation_id=actor.organisation, token=card_token(ten), defaults={"participant": participant, "issued_at": clock.now()}
    )
    if created:
        audit.write("card.issued", actor=actor, object_kind="participant", object_id=participant)


def find_by_card(typed: str) -> uuid.UUID | None:
    """The participant of a card, None when the code is well formed but unknown; a mistyped one raises ValueError."""
    ten = crypto.read_code(typed)
    if ten is None:
        raise ValueError("Check the code: one of its symbols is wrong.")
    return CardToken.objects.filter(token=card_token(ten), revoked_at=None).values_list("participant", flat=True).first()
