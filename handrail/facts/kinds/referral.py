"""A way to another service was offered. Making a referral is not an outcome; arriving is (`domain/exchange.md` 7)."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from handrail.facts.codes import Service
from handrail.facts.spec import Answer, Codes, Compose, Kind, Matrix, Payload, Privacy, info


class Offer(Codes):
    """What the person said to the offer."""

    OFFERED = "offered", _("Offered")
    DECLINED = "declined", _("Declined")
    ACCEPTED = "accepted", _("Accepted")


class Referral(Payload):
    """Where to, and what the person said."""

    service: Service = info(_("Service"), privacy=Privacy.CLINICAL)
    status: Offer = info(_("Answer"), privacy=Privacy.OPERATIONAL)
    to_site: uuid.UUID | None = info(_("To"), privacy=Privacy.OPERATIONAL, default=None)
    warm_handover: bool = info(_("Accompanied"), privacy=Privacy.OPERATIONAL, default=False)


KIND = Kind(
    title=_("Referral"),
    explain=_("A way to another service was offered, and what the person said."),
    payload=Referral,
    may="referral.make",
    sample=Referral(service=Service.OAT, status=Offer.ACCEPTED),
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
