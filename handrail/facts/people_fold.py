"""Folds facts about people into `Participant`: what they chose to say, what they asked for, and who stands for whom.

A participant is computed afresh from all facts that count. What is said of somebody merged into another counts for the
survivor too; undoing the merge takes it away again, because nothing is copied.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from handrail.facts.fold import Recorded, read_facts
from handrail.facts.models import Participant
from handrail.facts.recorded import COUNTS
from handrail.facts.wishes_fold import fold_wishes, said_at

MERGED = "facts.merged"


def _enrolled(row: Participant, fact: Recorded) -> None:
    row.birth_year = fact.parsed.birth_year or row.birth_year
    row.gender = fact.parsed.gender or row.gender


def _asked(row: Participant, fact: Recorded) -> None:
    row.injects, row.injects_asked_on, row.injects_source = fact.parsed.injects, fact.day, fact.parsed.source or ""


def _profile(row: Participant, fact: Recorded) -> None:
    """The latest answer to each question stands; a question left open leaves the answer before."""
    said, day = fact.parsed, fact.day
    for taken_back in said.withdrawn:
        _forget(row, taken_back)
    if said.birth_year is not None:
        row.birth_year, row.age_band, row.age_band_asked_on = said.birth_year, "", None
    elif said.age_band is not None:
        row.birth_year, row.age_band, row.age_band_asked_on = None, said.age_band, day
    if said.gender is not None:
        row.gender = ",".join(sorted(said.gender))
    row.trans = said.trans or row.trans
    row.pronouns = said.pronouns or row.pronouns
    row.languages = row.languages if said.languages is None else list(said.languages)
    row.needs = row.needs if said.needs is None else list(said.needs)
    for flag, answer in said.flags().items():
        row.flags = row.flags | {flag: {"answer": answer, "asked_on": day.isoformat(), "source": said.source}}


def _forget(row: Participant, question: str) -> None:
    if question in {"birth_year", "age_band"}:
        row.birth_year, row.age_band, row.age_band_asked_on = None, "", None
    elif question == "injects":
        row.injects, row.injects_asked_on, row.injects_source = "", None, ""
    elif question in {"languages", "needs"}:
        setattr(row, question, [])
    elif question in {"gender", "trans", "pronouns"}:
        setattr(row, question, "")
    else:
        row.flags = {flag: answer for flag, answer in row.flags.items() if flag != question}


FOLDS: dict[str, Callable[[Participant, Recorded], None]] = {
    "facts.enrolled": _enrolled, "facts.asked": _asked, "facts.profile": _profile,
    "facts.status": fold_wishes, "facts.died": fold_wishes,
}
"""What a kind does to the participant it is about, oldest fact first. A new kind about a person adds its line here."""


class People:
    """Refreshes participants of one organisation from the facts that count, up to a counter."""

    def __init__(self, organisation: int, through: int) -> None:
        self._organisation = organisation
        self._through = through

    def refresh(self, people: Iterable[uuid.UUID]) -> None:
        """Compute these participants again, and everybody tied to them by merges."""
        touched, merges = self._tied(set(people))
        into = resolve([(f.parsed.survivor, f.parsed.other) for f in sorted(merges, key=lambda f: f.counter)])
        rows: dict[uuid.UUID, Participant] = {}
        facts = self._counting("f.participant = ANY(%s::uuid[]) AND f.kind = ANY(%s)", [list(touched), list(FOLDS)])
        for fact in sorted(facts, key=in_order):
            person = fact.participant
            assert person is not None  # noqa: S101  the query asks for these people
            for who in {person, into.get(person, person)}:
                FOLDS[fact.kind](self._row(rows, who), fact)
        for other, survivor in into.items():
            self._row(rows, other).merged_into = survivor
            self._row(rows, survivor)
        Participant.objects.filter(id__in=touched).delete()
        Participant.objects.bulk_create(rows.values())

    def _row(self, rows: dict[uuid.UUID, Participant], person: uuid.UUID) -> Participant:
        return rows.setdefault(person, Participant(organisation_id=self._organisation, id=person))

    def _tied(self, people: set[uuid.UUID]) -> tuple[set[uuid.UUID], list[Recorded]]:
        """These people with all who are merged with them, directly or along a chain; and those merges."""
        merges: dict[uuid.UUID, Recorded] = {}
        found = new = people | self._known_ties(people)
        while new:
            ties = self._counting(f"f.kind = '{MERGED}' AND (f.about = ANY(%s::uuid[]) OR f.participant = ANY(%s::uuid[]))", [list(new), list(new)])
            merges |= {fact.id: fact for fact in ties}
            named = {person for fact in ties for person in (fact.parsed.survivor, fact.parsed.other)}
            new = (named | self._known_ties(named)) - found
            found = found | new
        return found, list(merges.values())

    def _known_ties(self, people: set[uuid.UUID]) -> set[uuid.UUID]:
        """Everybody whom the rows so far tie to these people, whatever a merge's own envelope names."""
        standing = Participant.objects.filter(Q(id__in=people) | Q(merged_into__in=people)).values_list("id", "merged_into")
        return {person for pair in standing for person in pair if person is not None}

    def _counting(self, condition: str, parameters: list[Any]) -> list[Recorded]:
        with connection.cursor() as cursor:
            return list(
                read_facts(cursor, self._organisation, f"{condition} AND f.counter <= %s AND {COUNTS}", [*parameters, self._through])
            )


def resolve(merges: Sequence[tuple[uuid.UUID, uuid.UUID]]) -> dict[uuid.UUID, uuid.UUID]:
    """Who stands for whom at last, from merges (survivor, other) in the order they were recorded.

    A later merge of the same person wins; one that would close a circle is passed over.
    """
    into: dict[uuid.UUID, uuid.UUID] = {}

    def last(person: uuid.UUID) -> uuid.UUID:
        while person in into:
            person = into[person]
        return person

    for survivor, other in merges:
        before = into.pop(other, None)
        if last(survivor) == other:
            if before is not None:
                into[other] = before
        else:
            into[other] = survivor
    return {other: last(other) for other in into}


def in_order(fact: Recorded) -> tuple[datetime, int]:
    """Oldest event first; the counter decides between equal times."""
    return said_at(fact), fact.counter
