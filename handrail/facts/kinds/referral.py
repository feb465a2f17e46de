"""A way to another service was offered. Making a referral is not an outcome; arriving is (`domain/exchange.md` 7)."""

from __future__ import annotations

import uuid
from typing import Any, Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import field_validator, model_validator

from handrail.facts.codes import Service, name_of_service
from handrail.facts.spec import Answer, Codes, Compose, Detail, Kind, Matrix, Payload, Privacy, info


class Offer(Codes):
    """What the person said to the offer."""

    OFFERED = "offered", _("Offered")
    DECLINED = "declined", _("Declined")
    ACCEPTED = "accepted", _("Accepted")


class Urgency(Codes):
    """How soon."""

    TODAY = "today", _("Today")
    THIS_WEEK = "this_week", _("This week")
    NOT_URGENT = "not_urgent", _("Not urgent")


class Referral(Payload):
    """Where to, and what the person said. Not asked about consent is not “no”, and not “yes”."""

    service: Service = info(_("Service"), privacy=Privacy.CLINICAL)
    status: Offer = info(_("Answer"), privacy=Privacy.OPERATIONAL)
    to_site: uuid.UUID | None = info(_("To"), privacy=Privacy.OPERATIONAL, default=None, names="site")
    to_service: str | None = info(
        _("Another service"), privacy=Privacy.OPERATIONAL, default=None, max_length=60, help_text=_("Its name, never the name of a person")
    )
    warm_handover: bool = info(_("Accompanied"), privacy=Privacy.OPERATIONAL, default=False)
    urgency: Urgency | None = info(_("How soon"), privacy=Privacy.OPERATIONAL, default=None)
    consent_to_share: bool | None = info(_("The other service may tell us the outcome"), privacy=Privacy.PERSONAL, default=None)

    @field_validator("to_service")
    @classmethod
    def _names_a_service(cls, typed: str | None) -> str | None:
        return name_of_service(typed) or None if typed is not None else None

    @model_validator(mode="after")
    def _leads_to_one_place(self) -> Self:
        if self.to_site is not None and self.to_service is not None:
            raise ValueError(_t("Choose one of our places or write the name of another service, not both."))
        return self


def _as_it_was(old: dict[str, Any]) -> dict[str, Any]:
    """Version 1 asked neither urgency nor consent, version 2 knew no service but our own: what was not asked stays not asked."""
    return old


KIND = Kind(
    title=_("Referral"),
    explain=_("A way to another service was offered, and what the person said."),
    payload=Referral,
    may="referral.make",
    sample=Referral(service=Service.OAT, status=Offer.ACCEPTED),
    version=3,
    upcasters={1: _as_it_was, 2: _as_it_was},
    compose=Compose(
        order=40,
        title=_("Referral"),
        part=Matrix(
            row="service",
            shown=(Service.OAT, Service.HIV_TEST, Service.HCV_TREATMENT, Service.WOUND_CARE, Service.HOUSING, Service.LEGAL),
            answers=(
                Answer("accepted", _("Wants it"), {"status": Offer.ACCEPTED}),
                Answer("declined", _("Not now"), {"status": Offer.DECLINED}),
            ),
            details=(
                Detail("to_site", only=("accepted",), offering=True), Detail("to_service", only=("accepted",)),
                Detail("warm_handover", only=("accepted",)), Detail("consent_to_share", only=("accepted",)), Detail("urgency", only=("accepted",)),
            ),
            fold=_("Where to, and how soon"),
        ),
    ),
)
