"""Nothing more comes of an order: it was cancelled, or the rest will not be delivered."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Codes, Kind, Payload, Privacy, info


class OrderEnd(Codes):
    """Why nothing more comes."""

    CANCELLED = "cancelled", _("We cancelled it")
    NOT_DELIVERABLE = "not_deliverable", _("The supplier cannot deliver")
    MISTAKE = "mistake", _("It was written by mistake")


class OrderClosed(Payload):
    """Which order, and why. What was delivered stays delivered."""

    order: uuid.UUID = info(_("Order"), privacy=Privacy.OPERATIONAL)
    why: OrderEnd = info(_("Why"), privacy=Privacy.OPERATIONAL)


KIND = Kind(
    title=_("Order closed"),
    explain=_("What is still missing of an order is no longer expected."),
    payload=OrderClosed,
    may="stock.order",
    sample=OrderClosed(order=uuid.UUID(int=7), why=OrderEnd.CANCELLED),
    needs_encounter=False,
    about="order",
    asks_about=True,
)
