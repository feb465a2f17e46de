"""What a community place gives besides equipment: a meal, a shower, a rest (`domain/exchange.md` 8, the Maré model)."""

from __future__ import annotations

from typing import Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.spec import Codes, Compose, Kind, Payload, Picks, Privacy, info

COMMUNITY_PLACES = ("drop_in", "community_centre", "ops", "housing_project", "legal_office", "event")


class Service(Codes):
    """Services of a resource centre."""

    MEAL = "meal", _("Meal")
    SHOWER = "shower", _("Shower")
    LAUNDRY = "laundry", _("Laundry")
    REST = "rest", _("Rest or a bed")
    PHONE_CHARGE = "phone_charge", _("Phone charged")
    DOCUMENTS = "documents", _("Help with documents")
    WOMENS_SPACE = "womens_space", _("Women’s space")
    CHILD_MINDING = "child_minding", _("Children looked after")
    CLOTHES = "clothes", _("Clothes")
    STORAGE = "storage", _("Belongings kept safe")
    INTERNET = "internet", _("Internet or phone call")
    TRANSPORT = "transport", _("Fare or a lift")


class Care(Payload):
    """What the person had."""

    services: tuple[Service, ...] = info(_("Had here"), privacy=Privacy.OPERATIONAL, min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.services)) != len(self.services):
            raise ValueError(_t("An answer is there twice."))
        return self


KIND = Kind(
    title=_("Had here"),
    explain=_("Meals, showers, rest and other services of a community place."),
    payload=Care,
    may="exchange.record",
    sample=Care(services=(Service.MEAL, Service.SHOWER)),
    compose=Compose(
        order=15, title=_("Had here"), where=COMMUNITY_PLACES,
        part=Picks(field="services", shown=(Service.MEAL, Service.SHOWER, Service.LAUNDRY, Service.REST, Service.PHONE_CHARGE, Service.DOCUMENTS)),
    ),
)
