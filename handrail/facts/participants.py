"""People without names: a random id, and cards that lead to it."""

from __future__ import annotations

import uuid

from django.conf import settings

from handrail.facts.models import CardToken
from handrail.facts.record import Draft, Mode, Outcome, record
from handrail.kernel import audit, clock, crypto, ids
from handrail.kernel.access import Actor


def card_token(ten: str) -> bytes:
    """Look-up token of a card's ten symbols; without the key file it cannot be computed."""
    return crypto.token(crypto.key(settings.CONFIG.keys, "lookup"), "card", ten)


def enrol(
    *, actor: Actor, site: uuid.UUID, birth_year: int | None = None, gender: str | None = None, code: str | None = None
) -> tuple[uuid.UUID, str]:
    """A new participant and the code to write on a card: the only time it is shown."""
    participant = ids.random()
    record(
        Draft(
            kind="facts.enrolled", site=site, participant=participant, id=ids.random(),
            payload={"birth_year": birth_year, "gender": gender},
        ),
        actor=actor,
    )
    printed = code or crypto.new_code()
    issue_card(actor=actor, participant=participant, code=printed)
    return participant, printed


def issue_card(*, actor: Actor, participant: uuid.UUID, code: str) -> None:
    """Remember a card by its token; the code itself is not kept."""
    ten = crypto.read_code(code)
    if ten is None:
        raise ValueError("That code has a wrong check symbol.")
    CardToken.objects.create(
        organisation_id=actor.organisation, token=card_token(ten), participant=participant, issued_at=clock.now()
    )
    audit.write("card.issued", actor=actor, object_kind="participant", object_id=participant)


def find_by_card(typed: str) -> uuid.UUID | None:
    """The participant of a card, None when the code is well formed but unknown; a mistyped one raises ValueError."""
    ten = crypto.read_code(typed)
    if ten is None:
        raise ValueError("Check the code: one of its symbols is wrong.")
    return CardToken.objects.filter(token=card_token(ten), revoked_at=None).values_list("participant", flat=True).first()


def ask(*, actor: Actor, site: uuid.UUID, participant: uuid.UUID, injects: str) -> Outcome:
    """Keep what a person answered about injecting."""
    return record(
        Draft(kind="facts.asked", site=site, participant=participant, payload={"injects": injects}), actor=actor, mode=Mode.TYPED
    )
