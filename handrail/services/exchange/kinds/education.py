"""What was talked about: the merged list of topics (`domain/exchange.md` 3). Offered, never a condition."""

from __future__ import annotations

from typing import Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.spec import Codes, Compose, Kind, Payload, Picks, Privacy, info


class Topic(Codes):
    """Topics of the Tanzanian and Kenyan lists, merged."""

    SAFER_INJECTING = "safer_injecting", _("Safer injecting")
    VEIN_CARE = "vein_care", _("Vein care")
    WOUND_CARE = "wound_care", _("Wound care")
    OVERDOSE = "overdose", _("Overdose")
    NALOXONE = "naloxone", _("Naloxone")
    HIV = "HIV", _("HIV")
    HEPATITIS = "hepatitis", _("Hepatitis B and C")
    STI = "STI", _("Sexually transmitted infections")
    TB = "TB", _("Tuberculosis")
    PREP = "PrEP", _("PrEP")
    PEP = "PEP", _("PEP")
    U_EQUALS_U = "U=U", _("Undetectable = untransmittable")
    CONTRACEPTION = "contraception", _("Contraception")
    PREGNANCY = "pregnancy", _("Pregnancy")
    NUTRITION = "nutrition", _("Nutrition")
    MENTAL_HEALTH = "mental_health", _("Mental health")
    VIOLENCE = "violence", _("Violence")
    STIGMA = "stigma", _("Stigma")
    DISCLOSURE = "disclosure", _("Telling others")
    LEGAL_RIGHTS = "legal_rights", _("Legal rights")
    OAT_INFORMATION = "OAT_information", _("Methadone and buprenorphine")
    DRUG_CHECKING = "drug_checking", _("Drug checking")
    SAFER_SMOKING = "safer_smoking", _("Safer smoking")
    DISPOSAL = "disposal", _("Safe disposal")
    NONE = "none", _("None wanted")


class Education(Payload):
    """Topics. “None wanted” stands alone (`domain/exchange.md` 11, rule 8)."""

    topics: tuple[Topic, ...] = info(_("Talked about"), privacy=Privacy.PERSONAL, min_length=1)

    @model_validator(mode="after")
    def _none_alone(self) -> Self:
        if len(set(self.topics)) != len(self.topics):
            raise ValueError(_t("An answer is there twice."))
        if Topic.NONE in self.topics and len(self.topics) > 1:
            raise ValueError(_t("“None” cannot be chosen together with others."))
        return self


KIND = Kind(
    title=_("Talked about"),
    explain=_("Topics that were talked about in a visit."),
    payload=Education,
    may="exchange.record",
    sample=Education(topics=(Topic.OVERDOSE, Topic.VEIN_CARE)),
    compose=Compose(
        order=60, title=_("Talked about"), folded=True,
        part=Picks(
            field="topics", shown=(Topic.SAFER_INJECTING, Topic.OVERDOSE, Topic.NALOXONE, Topic.VEIN_CARE, Topic.HEPATITIS, Topic.SAFER_SMOKING),
            alone=(Topic.NONE,),
        ),
    ),
)
