"""Folds what people said about consent, contact and death. Depends on facts alone; expiry by date is read, not folded."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.db import connection

from handrail.facts.consents import recipient_key
from handrail.facts.fold import Recorded, read_facts
from handrail.facts.models import Consent, Participant
from handrail.facts.recorded import COUNTS

GIVEN, REVOKED, STATUS, DIED = "facts.consent", "facts.consent_revoked", "facts.status", "facts.died"


def fold_wishes(row: Participant, fact: Recorded) -> None:
    """What a status or a death does to the participant; facts come oldest first. A death stands until it is taken back."""
    if fact.kind == DIED:
        row.status, row.status_at, row.died_on = "deceased", fact.occurred_at, fact.parsed.died_on
    elif fact.kind == STATUS and row.died_on is None:
        row.status, row.status_at = fact.parsed.status, fact.occurred_at


def refresh_consents(people: Iterable[uuid.UUID], organisation: int, through: int) -> None:
    """Compute the consents of these people again from the facts that count, up to a counter."""
    touched = list(people)
    with connection.cursor() as cursor:
        found = list(
            read_facts(
                cursor, organisation, f"f.participant = ANY(%s::uuid[]) AND f.kind = %s AND f.counter <= %s AND {COUNTS}",
                [touched, GIVEN, through],
            )
        )
        roots = _roots(cursor, organisation, found)
        ended = list(
            read_facts(
                cursor, organisation, f"f.about = ANY(%s::uuid[]) AND f.kind = %s AND f.counter <= %s AND {COUNTS}",
                [list(roots.values()), REVOKED, through],
            )
        )
    ordered = sorted(found, key=lambda f: (f.occurred_at, f.counter))
    rows = [_consent(fact, fact.participant, roots[fact.id], ended, organisation) for fact in ordered if fact.participant]
    latest: dict[tuple[uuid.UUID, str, str], Consent] = {}
    for row in rows:
        group = (row.participant, row.purpose, recipient_key(row.to_whom))
        if group in latest:
            latest[group].superseded_by = row.fact
        latest[group] = row
    Consent.objects.filter(participant__in=touched).delete()
    Consent.objects.bulk_create(rows)


def _roots(cursor: Any, organisation: int, found: Iterable[Recorded]) -> dict[uuid.UUID, uuid.UUID]:
    """First fact of each consent's chain. A correction that came before its original only learns it from the standing."""
    facts = list(found)
    cursor.execute(
        "SELECT effective, root FROM facts_standing WHERE organisation_id = %s AND effective = ANY(%s::uuid[])",
        [organisation, [fact.id for fact in facts]],
    )
    known: dict[uuid.UUID, uuid.UUID] = dict(cursor.fetchall())
    return {fact.id: known.get(fact.id, fact.root or fact.id) for fact in facts}


def _consent(fact: Recorded, person: uuid.UUID, root: uuid.UUID, ended: Iterable[Recorded], organisation: int) -> Consent:
    said, day = fact.parsed, fact.day
    revoked = [end.occurred_at for end in ended if end.parsed.consent == root]
    return Consent(
        organisation_id=organisation, fact=root, participant=person, purpose=said.purpose, scope=sorted(said.scope),
        from_whom=said.from_whom or "", to_whom=said.to_whom, given_at=fact.occurred_at,
        valid_from=said.valid_from or min(said.given_on or day, day), valid_to=said.valid_to,
        revoked_at=min(revoked, default=None), superseded_by=None,
    )
