"""Rules about people that hold for whoever records, at whatever door (`domain/people.md` 13)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from django.utils.translation import gettext as _

from handrail.facts import corroboration
from handrail.facts.codes_of_people import Agreed
from handrail.facts.derived_codes import OLDEST
from handrail.facts.drafts import Refusal
from handrail.facts.fold import Recorded
from handrail.facts.kinds.merged import LEAST
from handrail.facts.models import Fact, Participant

Problem = tuple[str, str]


class CannotBe(Refusal):
    """Something that cannot be true of a person, or two people who cannot be one."""

    reason: ClassVar[str] = "cannot_be"


@dataclass
class Seen:
    """What the batch at hand has said about people so far: rules hold between its facts too."""

    dead: set[uuid.UUID] = field(default_factory=set)
    into: dict[uuid.UUID, uuid.UUID] = field(default_factory=dict)

    def root(self, person: uuid.UUID) -> uuid.UUID:
        """Who stands for a person, with the merges of this batch."""
        found = last_survivor(person)
        while found in self.into:
            found = self.into[found]
        return found

    def bring(self, fact: Recorded) -> None:
        """A fact that was let in."""
        if fact.kind == "facts.died" and fact.participant is not None:
            self.dead.add(self.root(fact.participant))
        elif fact.kind == "facts.merged":
            survivor, other = self.root(fact.parsed.survivor), self.root(fact.parsed.other)
            self.into[other] = survivor
            if other in self.dead:
                self.dead.add(survivor)

    def take_away(self, fact: Recorded) -> None:
        """A fact that stops counting."""
        if fact.kind == "facts.merged":
            self.into.pop(fact.parsed.other, None)


def problem(fact: Recorded, seen: Seen) -> Problem | None:
    """What forbids this fact, as (field, sentence); None when nothing does. Asked only while recording, never in a replay."""
    rule = _RULES.get(fact.kind)
    return rule(fact, seen) if rule is not None else None


def _birth_year(fact: Recorded, _seen: Seen) -> Problem | None:
    born, visit = fact.parsed.birth_year, fact.day.year
    if born is None or visit - OLDEST <= born <= visit:
        return None
    return "birth_year", _("A year between %(first)s and %(last)s.") % {"first": visit - OLDEST, "last": visit}


def _merge(fact: Recorded, seen: Seen) -> Problem | None:
    survivor, other = fact.parsed.survivor, fact.parsed.other
    if fact.participant != survivor:
        return "survivor", _("The record of a joining belongs to who stands for both.")
    if fact.parsed.person_agreed == Agreed.NO:
        return "person_agreed", _("The person said no: the records stay apart.")
    last = seen.root(survivor)  # what is known of somebody joined before stands with who stands for them
    rows = {row.id: row for row in Participant.objects.filter(id__in=[last, other])}
    dead = {who in seen.dead or (who in rows and rows[who].status == "deceased") for who in (last, other)}
    if len(dead) == 2:
        return "", _("One of them is recorded as deceased, the other is not. Clear that up first.")
    if other in seen.into or (other in rows and rows[other].merged_into is not None):
        return "", _("This record was joined with another before. Undo that first.")
    if last == other:
        return "", _("These two are joined already, the other way round. Undo that first.")
    if closed_site_of(survivor) != closed_site_of(other):
        return "", _("One of them is known only inside a closed place. Such records are never joined with those outside.")
    if len(corroboration.supports(other, survivor) & set(fact.parsed.corroborating)) < LEAST:
        return "corroborating", _("Two facts that fit together are needed to say that two people are one.")
    return None


def last_survivor(participant: uuid.UUID) -> uuid.UUID:
    """Who stands for a participant after all merges; themselves when there was none."""
    survivor = Participant.objects.filter(id=participant).values_list("merged_into", flat=True).first()
    return survivor or participant


def closed_site_of(participant: uuid.UUID) -> int | None:
    """Key of the closed setting a participant was enrolled in, None for everybody else (`domain/exchange.md` 8)."""
    # Ordered here and not by the database, which would walk the facts by counter instead of looking the person up.
    enrolled = Fact.objects.filter(participant=participant, kind="facts.enrolled").exclude(site=None)
    inside = enrolled.exclude(site__closed_setting="").values_list("counter", "site")
    return min(inside, default=(0, None))[1]


_RULES: dict[str, Callable[[Recorded, Seen], Problem | None]] = {
    "facts.enrolled": _birth_year, "facts.profile": _birth_year, "facts.merged": _merge,
}
