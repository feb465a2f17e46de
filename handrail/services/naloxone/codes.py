"""Code lists that several files of this room share (`domain/naloxone.md` 2, 4, 6, 7). Codes are stable, labels translated."""

from __future__ import annotations

from typing import Annotated

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from handrail.facts.spec import Codes

KitCode = Annotated[str, Field(pattern=r"^[A-Z0-9-]*[0-9][A-Z0-9-]*$", min_length=3, max_length=24)]
"""A code as it is printed on a kit: letters, digits, hyphens, and a digit among them. It is no word and names no person."""


class Product(Codes):
    """What is in a kit. Only the first is read in a public source (openFDA); the strengths of the others are not verified."""

    NASAL_4MG = "nasal_4mg", _("Nasal spray, 4 mg")
    NASAL_2MG = "nasal_2mg", _("Nasal spray, 2 mg")
    NASAL_8MG = "nasal_8mg", _("Nasal spray, 8 mg")
    NASAL_1_8MG = "nasal_1_8mg", _("Nasal spray, 1.8 mg")
    IM_0_4MG_VIAL = "im_0_4mg_vial", _("Injection, vials of 0.4 mg")
    IM_PREFILLED_2MG = "im_prefilled_2mg", _("Injection, prefilled 2 mg in steps")
    IM_AUTOINJECTOR = "im_autoinjector", _("Autoinjector")
    ATOMISER_2MG = "atomiser_2mg", _("Syringe with atomiser, 2 mg")

    @property
    def route(self) -> str:
        """`nasal` or `im`: kits are counted apart by it."""
        return "im" if self.value.startswith("im_") else "nasal"


class HandedOut(Codes):
    """How the kit reached somebody."""

    IN_PERSON = "in_person", _("In person")
    OUTREACH = "outreach", _("On outreach")
    PEER = "peer", _("By a peer")
    WALL_BOX = "wall_box", _("Wall box")
    MAIL = "mail", _("By mail")
    PRISON_RELEASE = "prison_release", _("On release from prison")
    HOSPITAL_DISCHARGE = "hospital_discharge", _("On leaving hospital")
    AMBULANCE = "ambulance", _("Ambulance")
    PHARMACY = "pharmacy", _("Pharmacy")
    HOUSING_UNIT = "housing_unit", _("Where people live")
    EVENT = "event", _("At an event")


class SourceClass(Codes):
    """Sorts of outlets that the Scottish programme reports each by itself."""

    COMMUNITY_OUTLET = "community_outlet", _("Community outlet")
    PRISON_AT_RELEASE = "prison_at_release", _("Prison, at release")
    COMMUNITY_PRESCRIPTION = "community_prescription", _("Prescription in the community")
    AMBULANCE = "ambulance", _("Ambulance")
    OTHER = "other", _("Other")


class Recipient(Codes):
    """Who received it."""

    PERSON_AT_RISK = "person_at_risk", _("Somebody who may overdose")
    FAMILY_OR_FRIEND = "family_or_friend", _("Family or a friend")
    PEER_DISTRIBUTOR = "peer_distributor", _("A peer who passes kits on")
    SERVICE_WORKER = "service_worker", _("Somebody who works in a service")
    WALL_BOX = "wall_box", _("Wall box")
    MAIL_ORDER = "mail_order", _("Mail order")
    UNKNOWN = "unknown", _("Not known")


class RiskConsent(Codes):
    """Whether the person at risk agreed that somebody else carries a kit for them."""

    RECORDED = "recorded", _("Agreed, written down")
    NOT_APPLICABLE = "not_applicable", _("Not needed")
    NOT_RECORDED = "not_recorded", _("Not asked")


class SupplyType(Codes):
    """Of this recipient, not of the visit."""

    FIRST = "first", _("First kit")
    REPEAT = "repeat", _("Had one before")
    UNKNOWN = "unknown", _("Not known")


class RepeatReason(Codes):
    """Why somebody needs another one."""

    USED_ON_SELF = "used_on_self", _("Used on them")
    USED_ON_OTHER = "used_on_other", _("Used on somebody else")
    USED_UNKNOWN = "used_unknown", _("Used")
    LOST = "lost", _("Lost")
    STOLEN = "stolen", _("Stolen")
    CONFISCATED = "confiscated", _("Taken away by police")
    EXPIRED = "expired", _("Expired")
    DAMAGED = "damaged", _("Damaged")
    GIVEN_AWAY = "given_away", _("Given away")
    EXTRA_FOR_OTHERS = "extra_for_others", _("Extra, for others")
    NOT_SAID = "not_said", _("Not said")


USED = (RepeatReason.USED_ON_SELF, RepeatReason.USED_ON_OTHER, RepeatReason.USED_UNKNOWN)
"""Reasons that say a kit was used (HR-NAL-03)."""


class PreviousFrom(Codes):
    """Where the kit before came from."""

    IN_PERSON = "in_person", _("In person")
    OUTREACH = "outreach", _("On outreach")
    PEER = "peer", _("By a peer")
    WALL_BOX = "wall_box", _("Wall box")
    MAIL = "mail", _("By mail")
    PRISON_RELEASE = "prison_release", _("On release from prison")
    HOSPITAL_DISCHARGE = "hospital_discharge", _("On leaving hospital")
    AMBULANCE = "ambulance", _("Ambulance")
    PHARMACY = "pharmacy", _("Pharmacy")
    HOUSING_UNIT = "housing_unit", _("Where people live")
    EVENT = "event", _("At an event")
    OTHER_PROGRAMME = "other_programme", _("Another programme")
    UNKNOWN = "unknown", _("Not known")


class Trained(Codes):
    """Training is offered, never a gate."""

    NOW = "now", _("Trained now")
    ALREADY_TRAINED = "already_trained", _("Knew it already")
    DECLINED = "declined", _("Not now")


class KitState(Codes):
    """Where a kit is in its life (`domain/naloxone.md` 7)."""

    IN_STOCK = "in_stock", _("In the store")
    WITH_BAG = "with_bag", _("In a peer’s bag")
    IN_WALL_BOX = "in_wall_box", _("In a wall box")
    WITH_HOLDER = "with_holder", _("With somebody")
    PASSED_ON = "passed_on", _("Passed on")
    USED = "used", _("Used")
    RETURNED = "returned", _("Came back")
    LOST = "lost", _("Lost")
    CONFISCATED = "confiscated", _("Taken away by police")
    EXPIRED_REPLACED = "expired_replaced", _("Expired, swapped")
    RECALLED_RECOVERED = "recalled_recovered", _("Recalled, got back")
    DESTROYED = "destroyed", _("Destroyed")


class Origin(Codes):
    """How a kit had reached whoever had it."""

    GIVEN = "given", _("We gave it")
    BAG = "bag", _("From a peer’s bag")
    BOX = "box", _("From a wall box")
    UNKNOWN = "unknown", _("Not known")


class YesNoUnknown(Codes):
    """An answer, or none: not known is never no."""

    YES = "yes", _("Yes")
    NO = "no", _("No")
    UNKNOWN = "unknown", _("Not known")


BAGS = frozenset({"peer_bag"})
BOXES = frozenset({"wall_box", "vending_machine"})
VEHICLES = frozenset({"vehicle"})
CARRIED = BAGS | BOXES | VEHICLES
"""Kinds of place whose stock has left the store: a bag, a box, a van. Filling one is a transfer, not a supply."""
