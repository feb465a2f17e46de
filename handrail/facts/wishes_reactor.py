"""What people said about consent, contact and death, at the door: it refuses what would go against it, and folds consents.

Refused while it is typed, kept aside when it arrived from elsewhere: a service dated after a death, a consent without what
it needs, something told to others without a basis, and an answer to a legal demand that one person gave alone. All of it
is decided only when a fact is recorded; a replay takes what was accepted.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, ClassVar

from django.db import connection
from django.utils.translation import gettext as _

from handrail.facts import consents
from handrail.facts.codes import only_a_service, shows_whom
from handrail.facts.fold import Batch, Recorded, Step, read_facts
from handrail.facts.kinds.consent import Profile, Teller
from handrail.facts.kinds.disclosed import Basis, Law
from handrail.facts.kinds.legal_decision import Decision
from handrail.facts.models import Consent, Site, SiteKind
from handrail.facts.people_fold import MERGED
from handrail.facts.record import Refusal
from handrail.facts.recorded import COUNTS
from handrail.facts.wishes_fold import (
    DIED,
    GIVEN,
    NO_CONTACT,
    REVOKED,
    STATUS,
    ends,
    refresh_consents,
    revocations,
    said_at,
)

DISCLOSED, DEMAND, ANSWER = "facts.disclosed", "facts.legal_demand", "facts.legal_decision"
TREATING = frozenset({SiteKind.OAT_CLINIC, SiteKind.HOSPITAL, SiteKind.PHARMACY, SiteKind.PRISON_UNIT})
"""Kinds of place whose workers are a treating team."""
_OF_THE_LIVING = frozenset({"facts.encounter", "facts.asked", GIVEN})
"""Kinds that need a living person although they belong to no visit."""

_ROOTS = """
SELECT p.id, coalesce(p.merged_into, p.id), coalesce(s.status, p.status) = 'deceased' FROM unnest(%s::uuid[]) AS asked(id)
CROSS JOIN LATERAL (SELECT * FROM facts_participant WHERE organisation_id = %s::bigint AND id = asked.id LIMIT 1) p
LEFT JOIN LATERAL (SELECT status FROM facts_participant WHERE organisation_id = p.organisation_id AND id = p.merged_into LIMIT 1) s ON true
"""
"""Who stands for these people, and whether they have died. Written so that the plan is two look-ups by id whatever the planner believes about the table: every named visit asks it."""


class AfterDeath(Refusal):
    """A service for somebody, dated after their death."""

    reason: ClassVar[str] = "after_death"


class Incomplete(Refusal):
    """A consent that lacks what it needs."""

    reason: ClassVar[str] = "consent_incomplete"


class NoBasis(Refusal):
    """Telling somebody else without consent, law or emergency."""

    reason: ClassVar[str] = "no_basis"


class OnePerson(Refusal):
    """An answer to a legal demand that needs a second person, or a lawyer."""

    reason: ClassVar[str] = "one_person"


def needs_life(fact: Recorded) -> bool:
    """Whether a fact of this kind can only be about somebody alive: what is done or given in a visit is, wishes are not."""
    spec = fact.spec
    is_service = spec is not None and (spec.needs_encounter or spec.compose is not None or spec.moves is not None)
    return is_service or fact.kind in _OF_THE_LIVING


@dataclass
class _Held:
    """A consent as far as the door knows it now: what is stored, and what this batch brings."""

    fact: uuid.UUID
    participant: uuid.UUID
    purpose: str
    scope: Sequence[str]
    from_whom: str
    site: int | None
    to_whom: str
    given_at: datetime
    valid_from: date
    valid_to: date | None
    revoked_at: datetime | None = None


class WishesReactor:
    """Keeps `Consent` in step with the facts, and refuses what goes against a person's wishes."""

    name = "wishes"

    def __init__(self) -> None:
        self._deaths: dict[uuid.UUID, Recorded] = {}
        self._roots: dict[uuid.UUID, uuid.UUID] = {}
        self._consents: dict[uuid.UUID, list[_Held]] = {}
        self._ended: list[Recorded] = []
        self._standing: dict[uuid.UUID, str] = {}
        self._demands: dict[uuid.UUID, Recorded] = {}
        self._answers: dict[uuid.UUID, Recorded] = {}

    # -- reading --------------------------------------------------------------------------------------------------

    def prepare(self, steps: Sequence[Step], batch: Batch) -> None:
        """Who of these people has died: one query on an index, none when nobody is named. The rest only when asked for."""
        if not batch.live:
            return
        facts = [fact for step in steps for fact in step.do]
        self._read_deaths(_named(facts), batch.organisation)
        telling = [f for f in facts if f.kind == DISCLOSED and f.parsed is not None]
        brought = [f.root or f.id for f in facts if f.kind == GIVEN]
        for person in {self._root(f.participant) for f in telling if f.participant}:
            self._read_consents(person, batch.organisation, brought)
        asked = {f.parsed.demand for f in facts if f.kind in {ANSWER, DISCLOSED} and f.parsed is not None and f.parsed.demand}
        if asked:
            self._read_demands(asked, batch.organisation)

    def _read_deaths(self, people: set[uuid.UUID], organisation: int) -> None:
        if not people:
            return
        with connection.cursor() as cursor:
            cursor.execute(_ROOTS, [list(people), organisation])
            rows = cursor.fetchall()
            self._roots.update({person: root for person, root, _dead in rows if person != root})
            for root in {root for _person, root, is_dead in rows if is_dead}:
                found = read_facts(
                    cursor, organisation, f"f.participant = ANY(%s::uuid[]) AND f.kind = %s AND {COUNTS}", [consents.selves(root), DIED]
                )
                for fact in sorted(found, key=lambda f: (f.occurred_at, f.counter)):
                    self._deaths[root] = fact

    def _root(self, person: uuid.UUID) -> uuid.UUID:
        """Who stands for somebody, with the merges of this batch."""
        while person in self._roots:
            person = self._roots[person]
        return person

    def _read_consents(self, person: uuid.UUID, organisation: int, brought: Sequence[uuid.UUID]) -> None:
        people = consents.selves(person)
        self._standing[person] = consents.standing([person])[person]
        self._consents[person] = [
            _Held(c.fact, c.participant, c.purpose, c.scope, c.from_whom, c.site_id, c.to_whom, c.given_at, c.valid_from, c.valid_to, c.revoked_at)
            for c in Consent.objects.filter(participant__in=people)
        ]
        with connection.cursor() as cursor:
            self._ended += revocations(cursor, organisation, people, brought, "true")

    def _read_demands(self, asked: set[uuid.UUID], organisation: int) -> None:
        with connection.cursor() as cursor:
            for fact in read_facts(
                cursor, organisation, f"((f.root = ANY(%s::uuid[]) AND f.kind = %s) OR (f.about = ANY(%s::uuid[]) AND f.kind = %s)) AND {COUNTS}",
                [list(asked), DEMAND, list(asked), ANSWER], "ORDER BY f.counter",
            ):
                if fact.kind == DEMAND:
                    self._demands[fact.root or fact.id] = fact
                else:
                    self._answers[fact.parsed.demand] = fact

    # -- deciding -------------------------------------------------------------------------------------------------

    def settle(self, step: Step, batch: Batch) -> object | None:
        """Refuse what goes against a person's wishes; nothing is frozen, being accepted says it all."""
        for fact in step.undo:
            self._take_away(fact)
        for fact in step.do:
            if fact.participant is not None and needs_life(fact):
                self._check_alive(fact, step.undo)
            if fact.kind == GIVEN:
                self._check_consent(fact)
            elif fact.kind == DISCLOSED:
                self._check_basis(fact)
            elif fact.kind == DIED:
                self._check_death(fact)
            elif fact.kind in {DEMAND, ANSWER}:
                self._check_demand(fact)
            self._bring(fact)
        return None

    def _check_alive(self, fact: Recorded, undone: Sequence[Recorded]) -> None:
        if not self._is_after_death(fact) or any(old.participant == fact.participant and self._is_after_death(old) for old in undone):
            return  # what already stood before the death was known may still be put right
        raise AfterDeath(
            [
                (
                    "",
                    _(
                        "We were told that this person has died, so nothing after that day is recorded for them. If somebody else came,"
                        " save it as “No code”: everybody gets what they need. If the report is wrong, take it back on their page."
                    ),
                )
            ]
        )

    def _is_after_death(self, fact: Recorded) -> bool:
        death = self._deaths.get(self._root(fact.participant)) if fact.participant else None
        # Of a death known by its month only, nobody lived longer than until the day it was reported.
        return death is not None and fact.day > min(death.parsed.last_day, death.day)

    def _check_consent(self, fact: Recorded) -> None:
        said = fact.parsed
        if fact.participant is None:
            raise Incomplete([("", _("A consent belongs to a person. Find them first."))])
        profile = consents.profile_now()
        lacking = consents.missing(profile, said) or consents.missing(said.profile, said)
        if lacking:
            raise Incomplete(lacking)
        if said.valid_to is not None and said.valid_to < (said.valid_from or fact.day):
            raise Incomplete([("valid_to", _("The last day lies before the first."))])

    def _check_basis(self, fact: Recorded) -> None:
        said, person = fact.parsed, fact.participant
        if shows_whom(said.to_whom):
            raise NoBasis([("to_whom", only_a_service())])
        if person is None:
            raise NoBasis([("", _("Say whom it is about. Find them first."))])
        if said.basis == Basis.EMERGENCY:
            if said.emergency is None:
                raise NoBasis([("emergency", _("Say which emergency."))])
        elif said.basis == Basis.LAW:
            self._check_law(said)
        else:
            self._check_agreed(fact, self._root(person))

    def _check_law(self, said: Any) -> None:
        if said.law is None:
            raise NoBasis([("law", _("Say which law."))])
        answer = self._answers.get(said.demand) if said.demand else None
        if said.law == Law.COURT_ORDER and (answer is None or answer.parsed.decision == Decision.REFUSED):
            raise NoBasis([("law", _("A demand is refused until two people decided otherwise. Log it first."))])
        if said.law == Law.COURT_ORDER and answer is not None and not set(said.what) <= set(answer.parsed.released):
            raise NoBasis([("what", _("Less was decided than what you tick here."))])

    def _check_agreed(self, fact: Recorded, person: uuid.UUID) -> None:
        said = fact.parsed
        found = None
        if said.purpose is not None and not consents.gives_nothing(said.purpose, self._standing.get(person, "active")):
            found = consents.covering(
                self._consents.get(person, []), said.purpose, said.to_whom, fact.occurred_at, what=said.what, time_zone=fact.zone
            )
        if not isinstance(found, _Held) or said.consent != found.fact or not self._may_tell(found, fact.site):
            raise NoBasis([("", _("No consent for this holds now, so nothing may be told. Ask the person. What they get here does not change."))])
        if consents.profile_now() == Profile.PART2 and not said.notice_sent:
            raise NoBasis([("notice_sent", _("The notice has to go with it."))])

    def _may_tell(self, consent: _Held, site: int | None) -> bool:
        """Whether this place may tell: a consent may be for the place where it was given, or for those that treat people."""
        if consent.from_whom == Teller.THIS_PLACE:
            return site == consent.site
        if consent.from_whom == Teller.TREATING_TEAM:
            return site is not None and (site == consent.site or Site.objects.filter(key=site, kind__in=TREATING).exists())
        return True

    def _check_death(self, fact: Recorded) -> None:
        if fact.participant is None:
            raise Refusal([("", _("Say who has died. Find them first."))])
        if fact.parsed.died_on > fact.day:
            raise Refusal([("died_on", _("This day has not come yet."))])

    def _check_demand(self, fact: Recorded) -> None:
        if fact.participant is not None:
            raise OnePerson([("", _("No person is named in the record of a demand."))])
        if fact.kind == DEMAND:
            return
        said, demand = fact.parsed, self._demands.get(fact.parsed.demand)
        if demand is None:
            raise OnePerson([("demand", _("This demand is not here."))])
        if said.decision == Decision.REFUSED:
            return
        if fact.staff is None or demand.staff is None or fact.staff == demand.staff:
            raise OnePerson([("decision", _("Another person than the one who logged it has to decide this."))])
        if not said.lawyer_asked:
            raise OnePerson([("lawyer_asked", _("Ask a lawyer first."))])

    # -- what this batch itself changes ---------------------------------------------------------------------------

    def _bring(self, fact: Recorded) -> None:
        person = self._root(fact.participant) if fact.participant else None
        if fact.kind == MERGED:
            self._bring_merge(self._root(fact.parsed.survivor), self._root(fact.parsed.other))
        elif fact.kind == DIED and person is not None:
            self._deaths[person], self._standing[person] = fact, "deceased"
        elif fact.kind == STATUS and person is not None and fact.parsed.status == NO_CONTACT:
            self._standing[person] = NO_CONTACT
        elif fact.kind == GIVEN and fact.participant is not None and person in self._consents:
            self._consents[person].append(self._held(fact, fact.participant))
        elif fact.kind == REVOKED:
            self._ended.append(fact)
            for who, held in self._consents.items():
                self._consents[who] = [
                    replace(c, revoked_at=min(said_at(fact), c.revoked_at or said_at(fact))) if _names(fact, c) else c for c in held
                ]
        elif fact.kind == DEMAND:
            self._demands[fact.root or fact.id] = fact
        elif fact.kind == ANSWER:
            self._answers[fact.parsed.demand] = fact

    def _bring_merge(self, survivor: uuid.UUID, other: uuid.UUID) -> None:
        if survivor == other:
            return
        self._roots[other] = survivor
        if other in self._deaths:
            self._deaths.setdefault(survivor, self._deaths[other])
        if other in self._consents or survivor in self._consents:
            self._consents[survivor] = [*self._consents.get(survivor, []), *self._consents.pop(other, [])]
            if other in self._standing:
                self._standing[survivor] = self._standing[other]

    def _held(self, fact: Recorded, person: uuid.UUID) -> _Held:
        said, root = fact.parsed, fact.root or fact.id
        found = _Held(
            root, person, said.purpose, said.scope, said.from_whom or "", fact.site, said.to_whom, said_at(fact),
            said.valid_from or min(said.given_on or fact.day, fact.day), said.valid_to,
        )
        ended = [said_at(end) for end in self._ended if _names(end, found) and ends(end, root, found.given_at, None)]
        return replace(found, revoked_at=min(ended, default=None))

    def _take_away(self, fact: Recorded) -> None:
        """What stops counting. A revocation that is taken back in the same batch is not trusted yet."""
        if fact.kind == DIED and fact.participant is not None:
            self._deaths.pop(self._root(fact.participant), None)
        elif fact.kind == MERGED and fact.parsed is not None:
            self._roots.pop(fact.parsed.other, None)
        elif fact.kind == GIVEN:
            for who, held in self._consents.items():
                self._consents[who] = [c for c in held if c.fact != (fact.root or fact.id)]
        elif fact.kind == ANSWER and fact.parsed is not None:
            self._answers.pop(fact.parsed.demand, None)

    # -- acting ---------------------------------------------------------------------------------------------------

    def apply(self, steps: Sequence[Step], batch: Batch) -> None:
        """Compute the consents of whoever the steps touch."""
        touched = [fact for step in steps for fact in (*step.undo, *step.do) if fact.kind in {GIVEN, REVOKED}]
        if not touched:
            return
        people = {f.participant for f in touched if f.kind == GIVEN and f.participant}
        people |= {f.participant for f in touched if f.kind == REVOKED and f.participant}
        people |= _people_of(f.parsed.consent for f in touched if f.kind == REVOKED and f.parsed.consent is not None)
        refresh_consents(people, batch.organisation, steps[-1].cause.counter)


def _names(revoked: Recorded, consent: _Held) -> bool:
    """Whether a revocation speaks of a consent: by its id, or of all that the same record has."""
    return bool(revoked.parsed.consent == consent.fact or (revoked.parsed.consent is None and revoked.participant == consent.participant))


def _named(facts: Sequence[Recorded]) -> set[uuid.UUID]:
    """Everybody these facts are about, where it matters who they are: what is done for the living, deaths, merges, telling."""
    people = {f.participant for f in facts if f.participant and (needs_life(f) or f.kind in {DIED, DISCLOSED})}
    return people | {who for f in facts if f.kind == MERGED for who in (f.parsed.survivor, f.parsed.other)}


def _people_of(named: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    found = list(named)
    return set(Consent.objects.filter(fact__in=found).values_list("participant", flat=True)) if found else set()
