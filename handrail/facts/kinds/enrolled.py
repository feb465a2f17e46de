"""A person becomes a participant: a random id, and what they chose to say. No name, no date of birth."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.facts.codes import Gender
from handrail.facts.spec import Kind, Payload, Privacy, info


class Enrolled(Payload):
    """All optional (`domain/people.md` 2); the year only, never the date."""

    birth_year: int | None = info(_("Year of birth"), privacy=Privacy.PERSONAL, default=None, ge=1900, le=2100)
    gender: Gender | None = info(_("Gender, as they say"), privacy=Privacy.PERSONAL, default=None)


KIND = Kind(
    title=_("New card"),
    explain=_("Gives a person a random id and a card. They may say their year of birth and gender, or nothing."),
    payload=Enrolled,
    may="visit.record",
    sample=Enrolled(birth_year=1985, gender=Gender.FEMALE),
    needs_encounter=False,
)
