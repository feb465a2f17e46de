"""Substances of the last month, in the person's own words turned into codes (`domain/exchange.md` 3). Always optional."""

from __future__ import annotations

from typing import Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.spec import Codes, Compose, Kind, Payload, Picks, Privacy, info


class Substance(Codes):
    """What the person believes it was (codes as in `domain/consumption.md` 3)."""

    HEROIN = "heroin", _("Heroin")
    FENTANYL = "fentanyl", _("Fentanyl")
    NITAZENE = "nitazene", _("Nitazene")
    OTHER_OPIOID = "unspecified_opioid", _("Another opioid")
    METHADONE = "methadone", _("Methadone")
    BUPRENORPHINE = "buprenorphine", _("Buprenorphine")
    COCAINE = "cocaine", _("Cocaine")
    CRACK = "crack", _("Crack")
    METHAMPHETAMINE = "methamphetamine", _("Methamphetamine")
    AMPHETAMINE = "amphetamine", _("Amphetamine")
    CATHINONES = "cathinones", _("Cathinones")
    BENZODIAZEPINE = "benzodiazepine", _("Benzodiazepine")
    KETAMINE = "ketamine", _("Ketamine")
    GHB = "GHB", _("GHB")
    CANNABIS = "cannabis", _("Cannabis")
    ALCOHOL = "alcohol", _("Alcohol")
    OTHER = "other", _("Something else")
    UNKNOWN = "unknown", _("The person does not know")
    NONE = "none", _("Nothing")
    NOT_SAID = "not_said", _("Not said")


class Used(Payload):
    """Substances of the last month. “Nothing” and “not said” stand alone."""

    substances: tuple[Substance, ...] = info(_("Used in the last month"), privacy=Privacy.CLINICAL, min_length=1)

    @model_validator(mode="after")
    def _alone(self) -> Self:
        if len(set(self.substances)) != len(self.substances):
            raise ValueError(_t("An answer is there twice."))
        if {Substance.NONE, Substance.NOT_SAID} & set(self.substances) and len(self.substances) > 1:
            raise ValueError(_t("“None” cannot be chosen together with others."))
        return self


KIND = Kind(
    title=_("Used in the last month"),
    explain=_("What the person says they used in the last month. Optional; it never decides what is given."),
    payload=Used,
    may="exchange.record",
    sample=Used(substances=(Substance.HEROIN, Substance.CRACK)),
    compose=Compose(
        order=70, title=_("Used in the last month"), folded=True,
        part=Picks(
            field="substances", shown=(Substance.HEROIN, Substance.FENTANYL, Substance.COCAINE, Substance.CRACK, Substance.METHAMPHETAMINE),
            alone=(Substance.NONE, Substance.NOT_SAID),
        ),
    ),
)
