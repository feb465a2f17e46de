"""What a person chose to say about themselves. Every question can be left open; the latest answer stands, all are kept."""

from __future__ import annotations

from typing import Any, Self

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.codes import Gender
from handrail.facts.codes_of_people import AgeBand, Flag, Language, Need, Pronouns, Question, Said, YesNo
from handrail.facts.spec import Kind, Payload, Privacy, info

_PERSONAL: Any = {"privacy": Privacy.PERSONAL, "default": None}


class Profile(Payload):
    """Left out means not asked, which is not “no” (`domain/people.md` 2). No name, no place, no free text."""

    source: Said = info(_("Who said so"), privacy=Privacy.PERSONAL, default=Said.PERSON)
    birth_year: int | None = info(_("Year of birth"), ge=1850, le=2200, **_PERSONAL)
    age_band: AgeBand | None = info(_("Age, roughly"), **_PERSONAL)
    gender: tuple[Gender, ...] | None = info(_("Gender, as they say"), max_length=3, **_PERSONAL)
    trans: YesNo | None = info(_("Trans, as they say"), **_PERSONAL)
    pronouns: Pronouns | None = info(_("Pronouns"), **_PERSONAL)
    languages: tuple[Language, ...] | None = info(_("Languages"), **_PERSONAL)
    needs: tuple[Need, ...] | None = info(_("What makes it easier"), **_PERSONAL)
    smokes_crack: YesNo | None = info(Flag.SMOKES_CRACK.label, **_PERSONAL)
    sex_work: YesNo | None = info(Flag.SEX_WORK.label, **_PERSONAL)
    homeless: YesNo | None = info(Flag.HOMELESS.label, **_PERSONAL)
    pregnant: YesNo | None = info(Flag.PREGNANT.label, **_PERSONAL)
    formerly_imprisoned: YesNo | None = info(Flag.FORMERLY_IMPRISONED.label, **_PERSONAL)
    withdrawn: tuple[Question, ...] = info(
        _("Answers taken back"), privacy=Privacy.PERSONAL, default=(), help_text=_("From now on as if it had never been asked.")
    )

    @model_validator(mode="after")
    def _one_age(self) -> Self:
        if self.birth_year is not None and self.age_band is not None:
            raise ValueError(_now("Give the year of birth or the age, not both."))
        return self

    def flags(self) -> dict[str, str]:
        """The population flags that were answered, by their code."""
        return {flag: answer for flag in Flag.values if (answer := getattr(self, flag)) is not None}


KIND = Kind(
    title=_("What a person says about themselves"),
    explain=_("Year of birth or age, gender, languages, what makes it easier. Everything may be left open, changed or taken back."),
    payload=Profile,
    may="person.find",
    sample=Profile(birth_year=1985, gender=(Gender.FEMALE,), languages=(Language.RU, Language.UK), needs=(Need.INTERPRETER,), homeless=YesNo.YES),
    needs_encounter=False,
)
