"""Folds what people said about consent, contact and death. Depends on facts alone; expiry by date is read, not folded.

Clocks of phones go wrong. Nothing was said later than it was recorded here, and where clock and order of arrival
disagree the protective word stands.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection

from handrail.facts.consents import recipient_key
from handrail.facts.fold import Recorded, read_facts
from handrail.facts.models import Consent, Participant
from handrail.facts.recorded import COUNTS

GIVEN, REVOKED, STATUS, DIED = "facts.consent", "facts.consent_revoked", "facts.status", "facts.died"
NO_CONTACT = "do_not_contact"


def said_at(fact: Recorded) -> datetime:
    """When something was said: not after it was recorded, so that a clock that runs ahead delays no wish."""
    return min(fact.occurred_at, fact.recorded_at or fact.occurred_at)


def fold_wishes(row: Participant, fact: Recorded) -> None:
    """What a status or a death does to the participant; facts come oldest first. A death stands until it is taken back.

    “Does not want to be contacted” ends only by what was said after it by both the clock and the order of arrival.
    """
    if fact.kind == DIED:
        row.status, row.status_at, row.died_on = "deceased", fact.occurred_at, fact.parsed.died_on
    elif fact.kind == STATUS and row.died_on is None:
        if fact.parsed.status == NO_CONTACT:
            row.no_contact_counter = max(row.no_contact_counter, fact.counter)
        elif row.status == NO_CONTACT and fact.counter < row.no_contact_counter:
            return
        row.status, row.status_at = fact.parsed.status, fact.occurred_at


def ends(revoked: Recorded, consent: uuid.UUID, given_at: datetime, counter: int | None) -> bool:
    """Whether a revocation ends a consent: the one it names, else every one given or recorded before it.

    `counter` is that of the consent's first fact; None for one that is only being recorded.
    """
    if revoked.parsed.consent is not None:
        return bool(revoked.parsed.consent == consent)
    return given_at <= said_at(revoked) or (counter is not None and counter < revoked.counter)


def revocations(cursor: Any, organisation: int, people: Iterable[uuid.UUID], consents: Iterable[uuid.UUID], condition: str, *parameters: Any) -> list[Recorded]:
    """What these people took back: named consents, and all at once."""
    found: list[Recorded] = list(
        read_facts(
            cursor, organisation,
            f"f.kind = %s AND (f.about = ANY(%s::uuid[]) OR (f.participant = ANY(%s::uuid[]) AND f.about IS NULL)) AND {condition} AND {COUNTS}",
            [REVOKED, list(consents), list(people), *parameters],
        )
    )
    return found


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
        firsts = {first.id: first for first in read_facts(cursor, organisation, "f.id = ANY(%s::uuid[])", [list(roots.values())])}
        ended = revocations(cursor, organisation, touched, roots.values(), "f.counter <= %s", through)
    ordered = sorted(found, key=lambda f: (said_at(f), f.counter))
    rows = [
        _consent(fact, fact.participant, firsts.get(roots[fact.id], fact), ended, organisation, root=roots[fact.id])
        for fact in ordered if fact.participant
    ]
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


def _consent(
    fact: Recorded, person: uuid.UUID, first: Recorded, ended: Iterable[Recorded], organisation: int, *, root: uuid.UUID
) -> Consent:
    """As the fact that counts says it; given when its first fact was, so that a correction revives nothing."""
    said, day = fact.parsed, fact.day
    given_first = min(said_at(first), said_at(fact))
    revoked = [
        said_at(end) for end in ended
        if ends(end, root, given_first, first.counter) and (end.parsed.consent is not None or end.participant == person)
    ]
    return Consent(
        organisation_id=organisation, fact=root, participant=person, purpose=said.purpose, scope=sorted(said.scope),
        from_whom=said.from_whom or "", site_id=fact.site, to_whom=said.to_whom, given_at=said_at(fact),
        valid_from=said.valid_from or min(said.given_on or day, day), valid_to=said.valid_to, until=said.until or "",
        revoked_at=min(revoked, default=None), superseded_by=None,
    )
