"""Code lists shared by several kinds (`domain/exchange.md` 3 and 7, `domain/people.md` 2). Codes are stable, labels translated."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Codes

_A_NUMBER = re.compile(r"\d[\d\s().-]{4,}\d")


def shows_whom(typed: str) -> bool:
    """Whether a recipient holds a telephone number or an address: the name of a service does not."""
    return "@" in typed or _A_NUMBER.search(typed) is not None


def only_a_service() -> str:
    """What to say to that."""
    return _now("Write the name of a service or office, without a number or an address.")


def name_of_service(typed: str) -> str:
    """The name of a service or office as it was typed; a telephone number or an address of mail in it is refused."""
    if shows_whom(typed):
        raise ValueError(only_a_service())
    return " ".join(typed.split())


class Channel(Codes):
    """How the contact came about."""

    FIXED = "fixed", _("At a fixed place")
    OUTREACH = "outreach", _("On foot")
    VEHICLE = "vehicle", _("From a vehicle")
    VENDING_MACHINE = "vending_machine", _("Vending machine")
    PEER = "peer", _("By a peer")
    PHARMACY = "pharmacy", _("Pharmacy")
    MAIL = "mail", _("By mail")
    PRISON = "prison", _("In prison")
    EVENT = "event", _("At an event")


class Service(Codes):
    """What somebody can be referred to."""

    OAT = "OAT", _("Methadone or buprenorphine")
    HIV_TEST = "HIV_test", _("HIV test")
    HIV_CARE = "HIV_care", _("HIV care")
    HCV_TEST = "HCV_test", _("Hepatitis C test")
    HCV_TREATMENT = "HCV_treatment", _("Hepatitis C treatment")
    WOUND_CARE = "wound_care", _("Wound care")
    OPS = "OPS", _("Overdose prevention site")
    NALOXONE = "naloxone", _("Naloxone")
    MENTAL_HEALTH = "mental_health", _("Mental health")
    ANTENATAL = "antenatal", _("Antenatal care")
    CONTRACEPTION = "contraception", _("Contraception")
    PREP = "PrEP", _("PrEP")
    PEP = "PEP", _("PEP")
    TB = "TB", _("Tuberculosis")
    HOUSING = "housing", _("Housing")
    LEGAL = "legal", _("Legal help")
    VIOLENCE_SUPPORT = "violence_support", _("Support after violence")
    SOCIAL_BENEFITS = "social_benefits", _("Social benefits")
    FOOD = "food", _("Food")
    DETOX_REQUESTED = "detox_requested", _("Detox, at own request")
    NSP = "NSP", _("Needles and syringes")
    OTHER = "other", _("Something else")


class Gender(Codes):
    """As stated by the person; changeable; an organisation's own list comes with the people issue."""

    FEMALE = "female", _("Woman")
    MALE = "male", _("Man")
    TRANS = "trans", _("Trans")
    DIVERSE = "diverse", _("Another")
    NOT_SAID = "not_said", _("Not said")


class Injects(Codes):
    """When the person last injected, in their own words."""

    NEVER = "never", _("Never")
    EVER = "ever", _("Longer than a year ago")
    LAST_12_MONTHS = "last_12_months", _("In the last 12 months")
    LAST_MONTH = "last_month", _("In the last month")
    NOT_SAID = "not_said", _("Not said")
