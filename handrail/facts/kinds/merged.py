"""Two participants are one person. A person decided it; it is undone by taking this record back."""

from __future__ import annotations

import uuid
from typing import Self

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.codes_of_people import Agreed, Corroboration
from handrail.facts.spec import Kind, Payload, Privacy, info

LEAST = 2
"""Corroborating facts a merge needs (`domain/people.md` 3.3)."""


class Merged(Payload):
    """The survivor stands for the other from now on, for earlier periods too; nothing is copied or moved.

    The fact itself is of the survivor. Whether enough fits is compared again at the door (`people_rules`).
    """

    survivor: uuid.UUID = info(_("Stands for both"), privacy=Privacy.PERSONAL)
    other: uuid.UUID = info(_("Is the same person"), privacy=Privacy.PERSONAL)
    corroborating: tuple[Corroboration, ...] = info(_("What fits together"), privacy=Privacy.PERSONAL)
    person_agreed: Agreed = info(_("Did the person say yes"), privacy=Privacy.PERSONAL)

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.survivor == self.other:
            raise ValueError(_now("This is one record already."))
        if len(set(self.corroborating)) < LEAST:
            raise ValueError(_now("Two facts that fit together are needed to say that two people are one."))
        return self


KIND = Kind(
    title=_("Same person"),
    explain=_("Two records are of one person. It can be undone at any time; numbers computed later follow it."),
    payload=Merged,
    may="person.merge",
    sample=Merged(
        survivor=uuid.UUID(int=1), other=uuid.UUID(int=2), corroborating=(Corroboration.AGE, Corroboration.LANGUAGE), person_agreed=Agreed.YES
    ),
    needs_encounter=False,
    step_up=True,
    about="other",
)
