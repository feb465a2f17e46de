"""Folds facts into participants and referrals.

Each touched participant or referral is computed afresh from its facts that count, so that a correction in the middle
of its history needs no special case.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import connection

from handrail.facts import people_rules
from handrail.facts.fold import Batch, Recorded, Step, read_facts
from handrail.facts.models import Referral
from handrail.facts.people_fold import FOLDS, MERGED, People, in_order
from handrail.facts.recorded import COUNTS

_ABOUT_REFERRALS = {"facts.referral", "facts.referral_outcome"}


class PeopleReactor:
    """Keeps `Participant` and `Referral` in step with the facts."""

    name = "people"

    def __init__(self) -> None:
        self._seen = people_rules.Seen()

    def prepare(self, steps: Sequence[Step], batch: Batch) -> None:
        """Nothing to read before deciding."""

    def settle(self, step: Step, batch: Batch) -> object | None:
        """Nothing to freeze; what cannot be said of a person is refused."""
        for fact in step.undo:
            self._seen.take_away(fact)
        for fact in step.do:
            if problem := people_rules.problem(fact, self._seen):
                raise people_rules.CannotBe([problem])
            self._seen.bring(fact)
        return None

    def apply(self, steps: Sequence[Step], batch: Batch) -> None:
        """Refresh whoever the steps touch."""
        touched = [fact for step in steps for fact in (*step.undo, *step.do)]
        people = {f.participant for f in touched if f.kind in FOLDS and f.participant}
        people |= {person for f in touched if f.kind == MERGED for person in (f.parsed.survivor, f.parsed.other)}
        referrals = {_referral_of(f) for f in touched if f.kind in _ABOUT_REFERRALS}
        through = steps[-1].cause.counter if steps else 0
        if people:
            People(batch.organisation, through).refresh(people)
        if referrals:
            self._referrals(referrals, batch.organisation, through)

    def _referrals(self, roots: set[uuid.UUID], organisation: int, through: int) -> None:
        # A correction that came before its original was stored before its root was known; the standing knows.
        corrected = _standing(organisation, roots)
        made = _counting(
            organisation, through, "f.kind = 'facts.referral' AND (f.root = ANY(%s::uuid[]) OR f.id = ANY(%s::uuid[]))",
            [list(roots), list(corrected)],
        )
        for fact in made:
            fact.root = corrected.get(fact.id, fact.root)
        outcomes: dict[uuid.UUID, list[Recorded]] = {}
        for fact in _counting(
            organisation, through, "f.kind = 'facts.referral_outcome' AND f.about = ANY(%s::uuid[])", [list(roots)]
        ):
            outcomes.setdefault(fact.parsed.referral, []).append(fact)
        sites = _site_keys(organisation)
        Referral.objects.filter(fact__in=roots).delete()
        Referral.objects.bulk_create(
            _referral(fact, outcomes.get(fact.root or fact.id, []), sites, organisation, fact.site) for fact in made if fact.site
        )


def _referral_of(fact: Recorded) -> uuid.UUID:
    if fact.kind == "facts.referral":
        return fact.root or fact.id
    referral: uuid.UUID = fact.parsed.referral
    return referral


def _referral(fact: Recorded, outcomes: list[Recorded], sites: dict[uuid.UUID, int], organisation: int, from_site: int) -> Referral:
    status, source, at = fact.parsed.status, "", fact.occurred_at
    accepted = at if status == "accepted" else None
    for outcome in outcomes:
        status, source, at = outcome.parsed.status, outcome.parsed.source, outcome.occurred_at
        accepted = at if status == "accepted" else accepted
    return Referral(
        organisation_id=organisation, fact=fact.root or fact.id, service=fact.parsed.service, status=status, source=source,
        from_site_id=from_site, to_site_id=sites.get(fact.parsed.to_site), participant=fact.participant,
        made_at=fact.occurred_at, status_at=at, accepted_at=accepted, consent_to_share=fact.parsed.consent_to_share,
        to_service=fact.parsed.to_service or "",
    )


def _standing(organisation: int, roots: set[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """Root by the fact that counts, for chains with a correction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT effective, root FROM facts_standing WHERE organisation_id = %s AND root = ANY(%s::uuid[]) AND effective IS NOT NULL",
            [organisation, list(roots)],
        )
        return dict(cursor.fetchall())


def _counting(organisation: int, through: int, condition: str, parameters: list[Any]) -> list[Recorded]:
    """Facts that count, oldest event first; the counter decides between equal times.

    Only through the batch at hand: in a replay later facts are stored already, and what keeps them aside is not.
    """
    with connection.cursor() as cursor:
        found = read_facts(
            cursor, organisation, f"{condition} AND f.counter <= %s AND {COUNTS}", [*parameters, through], "ORDER BY f.occurred_at, f.counter"
        )
    ordered: list[Recorded] = sorted(found, key=in_order)
    return ordered


def _site_keys(organisation: int) -> dict[uuid.UUID, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, key FROM facts_site WHERE organisation_id = %s", [organisation])
        return dict(cursor.fetchall())
