"""How many people: three numbers, of which only one may be called “unique persons” (`domain/people.md` 3.4)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class PeopleCount:
    """`coded` people are counted; `uncoded` are contacts; `estimate` and `at_most` are what they may come to."""

    coded: int
    uncoded: int
    estimate: int | None
    """None when no coded person came: there is nothing to estimate from."""
    at_most: int


def count_people(*, coded_people: int, coded_contacts: int, uncoded_contacts: int) -> PeopleCount:
    """People with codes, contacts without, and the estimate people + uncoded ÷ mean contacts per person, half up."""
    if min(coded_people, coded_contacts, uncoded_contacts) < 0 or coded_contacts < coded_people:
        raise ValueError("Counts are not negative, and every counted person came at least once.")
    estimate = None
    if coded_people:
        exact = coded_people + uncoded_contacts * Fraction(coded_people, coded_contacts)
        estimate = int(exact + Fraction(1, 2))
    return PeopleCount(coded_people, uncoded_contacts, estimate, coded_people + uncoded_contacts)
