"""A way to another service was offered. Making a referral is not an outcome; arriving is (`domain/exchange.md` 7)."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils.translation import gettext_lazy as _

from handrail.facts.codes import Service
from handrail.facts.spec import Answer, Codes, Compose, Kind, Matrix, Payload, Privacy, info


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
    to_site: uuid.UUID | None = info(_("To"), privacy=Privacy.OPERATIONAL, default=None)
    warm_handover: bool = info(_("Accompanied"), privacy=Privacy.OPERATIONAL, default=False)
    urgency: Urgency | None = info(_("How soon"), privacy=Privacy.OPERATIONAL, default=None)
    consent_to_share: bool | None = info(_("The other service may tell us the outcome"), privacy=Privacy.PERSONAL, default=None)


def _as_it_was(old: dict[str, Any]) -> dict[str, Any]:
    """Version 1 asked neither urgency nor consent: both stay not asked."""
    return old


KIND = Kind(
    title=_("Referral"),
    explain=_("A way to another service was offered, and what the person said."),
    payload=Referral,
    may="referral.make",
    sample=Referral(service=Service.OAT, status=Offer.ACCEPTED),
    version=2,
    upcasters={1: _as_it_was},
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
        ),
    ),
)
