"""Commands about what people want: consent given and taken back, something told to others, contact, death, legal demands."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from handrail.facts import consents
from handrail.facts.fold import Recorded, read_facts
from handrail.facts.kinds.consent_revoked import Why
from handrail.facts.models import Consent, Site
from handrail.facts.record import Draft, Outcome, Refusal, lock_organisation, record, record_many
from handrail.facts.recorded import COUNTS
from handrail.facts.wishes_fold import DIED
from handrail.kernel import clock, ids, scope
from handrail.kernel.access import Actor


class UnknownConsent(Refusal):
    """A consent that this person never gave."""


@transaction.atomic
def give_consent(*, actor: Actor, site: Site, participant: uuid.UUID, id: uuid.UUID, said: Mapping[str, Any], at: datetime | None = None) -> Outcome:
    """Activate a consent under the programme's profile. Raises `Refusal` naming each missing element: “9 date”."""
    payload = {"profile": consents.profile_now(), **said}
    return record(_draft("facts.consent", site, participant, id, payload, at), actor=actor)


@transaction.atomic
def revoke(
    *, actor: Actor, site: Site, participant: uuid.UUID, id: uuid.UUID, consent: uuid.UUID | None = None, why: str = Why.PERSON_SAID,
    at: datetime | None = None,
) -> list[Outcome]:
    """End one consent of a person, or with none named every one given before, also those still on their way here.

    Sent twice it is done once. A consent that is not this person's is a `Refusal`.
    """
    lock_organisation()
    people = consents.selves(participant)
    if consent is None:
        # Each of their records says so itself: an undone merge brings nothing back.
        drafts = [_draft("facts.consent_revoked", site, who, ids.derived(id, str(who)), {"why": why}, at) for who in people]
        return record_many(drafts, actor=actor)
    found = Consent.objects.filter(participant__in=people, fact=consent).first()
    if found is None:
        raise UnknownConsent([("consent", _("This consent is not here."))])
    if found.revoked_at is not None:
        return []
    draft = _draft("facts.consent_revoked", site, found.participant, ids.derived(id, str(consent)), {"consent": str(consent), "why": why}, at)
    return record_many([draft], actor=actor)


@transaction.atomic
def disclose(
    *, actor: Actor, site: Site, participant: uuid.UUID, id: uuid.UUID, what: Sequence[str], to_whom: str, basis: str,
    purpose: str | None = None, notice_sent: bool = False, at: datetime | None = None, **named: Any,
) -> Outcome:
    """Record that something is told to others. With basis consent the one that holds now is looked up; without any: `Refusal`.

    `named` may hold `law`, `demand` and `emergency`. Call it before telling; a refusal means it may not be told.
    """
    lock_organisation()
    found = None
    if basis == "consent" and purpose:
        found = consents.allows(participant, purpose, to_whom, at or clock.now(), what=what, time_zone=site.time_zone)
    payload = {
        "what": list(what), "to_whom": to_whom, "basis": basis, "purpose": purpose or None, "notice_sent": notice_sent,
        "consent": str(found.fact) if found else None, **{name: value or None for name, value in named.items()},
    }
    return record(_draft("facts.disclosed", site, participant, id, payload, at), actor=actor)


@transaction.atomic
def set_status(*, actor: Actor, site: Site, participant: uuid.UUID, id: uuid.UUID, status: str, at: datetime | None = None) -> Outcome:
    """How the person wants to stand with us; the latest stands."""
    return record(_draft("facts.status", site, participant, id, {"status": status}, at), actor=actor)


@transaction.atomic
def report_death(
    *, actor: Actor, site: Site, participant: uuid.UUID, id: uuid.UUID, said: Mapping[str, Any], at: datetime | None = None
) -> Outcome:
    """A person has died. Reported once more, the later report replaces the one before."""
    lock_organisation()
    before = [death for death in deaths(participant) if death.id != id]
    draft = _draft("facts.died", site, before[-1].participant if before else participant, id, said, at)
    if before:
        draft = replace(draft, supersedes=(before[-1].id,))
    return record(draft, actor=actor)


@transaction.atomic
def reverse_death(*, actor: Actor, site: Site, participant: uuid.UUID, id: uuid.UUID, why: str) -> list[Outcome]:
    """The report was wrong: it no longer counts, and everything is as before. Both stay readable."""
    lock_organisation()
    found = deaths(participant)
    return record_many(
        [
            Draft(
                kind="facts.taken_back", site=site.id, participant=death.participant, id=ids.derived(id, str(death.id)),
                payload={"why": why}, supersedes=(death.id,),
            )
            for death in found
        ],
        actor=actor,
    )


@transaction.atomic
def log_demand(*, actor: Actor, site: Site, id: uuid.UUID, said: Mapping[str, Any], at: datetime | None = None) -> Outcome:
    """Police, a court or a prosecutor wants data: write down what, and say no for now."""
    return record(_draft("facts.legal_demand", site, None, id, said, at), actor=actor)


@transaction.atomic
def answer_demand(*, actor: Actor, demand: uuid.UUID, id: uuid.UUID, said: Mapping[str, Any], at: datetime | None = None) -> Outcome:
    """The answer to a demand; anything but refused needs another person than the one who logged it, and a lawyer asked."""
    lock_organisation()
    logged = next((d.demand for d in demands() if (d.demand.root or d.demand.id) == demand), None)
    site = Site.objects.filter(key=logged.site).first() if logged and logged.site else None
    if logged is None or site is None:
        raise Refusal([("demand", _("This demand is not here."))])
    return record(_draft("facts.legal_decision", site, None, id, {**said, "demand": str(demand)}, at), actor=actor)


def _draft(kind: str, site: Site, participant: uuid.UUID | None, id: uuid.UUID, payload: Mapping[str, Any], at: datetime | None) -> Draft:
    return Draft(kind=kind, site=site.id, participant=participant, id=id, payload=payload, occurred_at=at or clock.now())


# -- what stands ---------------------------------------------------------------------------------------------------------


def deaths(participant: uuid.UUID) -> list[Recorded]:
    """The reports of a person's death that count, oldest first."""
    return _counting(
        "f.participant = ANY(%s::uuid[]) AND f.kind = %s", [consents.selves(participant), DIED], "ORDER BY f.occurred_at, f.counter"
    )


def disclosures(participant: uuid.UUID) -> list[Recorded]:
    """Everything that was told about a person and counts, newest first."""
    return _counting(
        "f.participant = ANY(%s::uuid[]) AND f.kind = %s", [consents.selves(participant), "facts.disclosed"],
        "ORDER BY f.occurred_at DESC, f.counter DESC",
    )


@dataclass(frozen=True)
class Demand:
    """A demand and the answer that stands; none means refused."""

    demand: Recorded
    answer: Recorded | None


def demands() -> list[Demand]:
    """All legal demands of the organisation with their answers, newest first."""
    # The kinds stand in the text: PostgreSQL knows that they are rare and takes the index, which it cannot know of a parameter.
    found = _counting("f.kind IN ('facts.legal_demand', 'facts.legal_decision')", [], "ORDER BY f.counter")
    answers = {fact.parsed.demand: fact for fact in found if fact.kind == "facts.legal_decision"}
    logged = [fact for fact in found if fact.kind == "facts.legal_demand"]
    return [Demand(fact, answers.get(fact.root or fact.id)) for fact in sorted(logged, key=lambda f: f.occurred_at, reverse=True)]


def visits_after(participant: uuid.UUID, day: date) -> int:
    """How many visits of a person are dated after a day where they were: a sign that a reported death, or its day, is wrong."""
    earliest = datetime.combine(day, time(0), UTC)  # no place is a whole day ahead of or behind UTC
    came = _counting(
        "f.participant = ANY(%s::uuid[]) AND f.kind = %s AND f.occurred_at >= %s", [consents.selves(participant), "facts.encounter", earliest]
    )
    return sum(fact.day > day for fact in came)


def _counting(condition: str, parameters: list[Any], order: str = "") -> list[Recorded]:
    with connection.cursor() as cursor:
        return list(read_facts(cursor, scope.organisation(), f"{condition} AND {COUNTS}", parameters, order))
