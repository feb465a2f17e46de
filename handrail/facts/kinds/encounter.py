"""One meeting with one person or group. Its id is the encounter that the other facts of the visit name."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationInfo, field_validator

from handrail.facts.codes import Channel, Gender
from handrail.facts.codes_of_people import AgeBand
from handrail.facts.spec import Kind, Payload, Privacy, info

MOST_PEOPLE = 500
"""More than this at once is an event (`domain/exchange.md` 11, rule 5)."""


class Band(Payload):
    """So many of the people met, by what they seem or say; an empty field is not known. Not a `Line`: a visit stays one row."""

    gender: Gender | None = info(_("Gender"), privacy=Privacy.PERSONAL, default=None)
    age_band: AgeBand | None = info(_("Age"), privacy=Privacy.PERSONAL, default=None)
    people: int = info(_("People"), privacy=Privacy.OPERATIONAL, ge=1, le=100_000)

    def __repr__(self) -> str:
        """In words, for the page of a visit."""
        who = [str(codes(value).label) for codes, value in ((Gender, self.gender), (AgeBand, self.age_band)) if value]
        return f"{self.people} × {' '.join(who) or '?'}"

    __str__ = __repr__


class Encounter(Payload):
    """Who was met, counted; nobody is named. Limits: `domain/exchange.md` 11, rule 5."""

    channel: Channel = info(_("How"), privacy=Privacy.OPERATIONAL, default=Channel.OUTREACH)
    people_count: int = info(_("People met"), privacy=Privacy.OPERATIONAL, default=1, ge=1, le=100_000)
    on_behalf_of: int = info(_("Collecting also for"), privacy=Privacy.OPERATIONAL, default=0, ge=0, le=500)
    others_household: int | None = info(_("of them in the same household"), privacy=Privacy.OPERATIONAL, default=None, ge=0, le=500)
    others_regular: int | None = info(_("of them regular contacts"), privacy=Privacy.OPERATIONAL, default=None, ge=0, le=500)
    bands: tuple[Band, ...] = info(_("Who they were"), privacy=Privacy.PERSONAL, default=(), max_length=60)

    @field_validator("people_count")
    @classmethod
    def _many_are_an_event(cls, people: int, found: ValidationInfo) -> int:
        if people > MOST_PEOPLE and found.data.get("channel") != Channel.EVENT:
            raise ValueError(_t("More than 500 people at once is an event. Choose a place or channel of that kind."))
        return people

    @field_validator("others_household", "others_regular")
    @classmethod
    def _part_of_the_others(cls, part: int | None, found: ValidationInfo) -> int | None:
        known = (part or 0) + (found.data.get("others_household") or 0)
        if known > found.data.get("on_behalf_of", 0):
            raise ValueError(_t("That is more than the others who are collected for."))
        return part

    @field_validator("bands")
    @classmethod
    def _part_of_the_people(cls, bands: tuple[Band, ...], found: ValidationInfo) -> tuple[Band, ...]:
        if sum(band.people for band in bands) > found.data.get("people_count", 0):
            raise ValueError(_t("The bands add up to more people than were met."))
        return bands

    @property
    def others_unknown(self) -> int:
        """How many of the others nobody said anything about."""
        return self.on_behalf_of - (self.others_household or 0) - (self.others_regular or 0)


def _as_it_was(old: dict[str, Any]) -> dict[str, Any]:
    """Version 1 had no bands and no split: both stay unknown."""
    return old


KIND = Kind(
    title=_("Visit"),
    explain=_("One meeting with one person or group; holds everything that was done in it."),
    payload=Encounter,
    may="visit.record",
    may_correct="visit.correct",
    sample=Encounter(channel=Channel.VEHICLE, people_count=1, on_behalf_of=2),
    version=2,
    upcasters={1: _as_it_was},
    needs_encounter=False,
)
