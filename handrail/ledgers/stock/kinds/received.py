"""A delivery came in, lot by lot."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Kind, Line, Move, Payload, Place, Privacy, info


class ReceivedLine(Line):
    """So many units of one lot."""

    item: str = info(_("Item"), privacy=Privacy.OPERATIONAL)
    lot: uuid.UUID = info(_("Lot"), privacy=Privacy.OPERATIONAL)
    quantity: int = info(_("Quantity"), privacy=Privacy.OPERATIONAL, ge=1, le=10_000_000)


class Received(Payload):
    """The delivery."""

    lines: tuple[ReceivedLine, ...] = info(_("Lots"), privacy=Privacy.OPERATIONAL, min_length=1)
    order: uuid.UUID | None = info(_("Order"), privacy=Privacy.OPERATIONAL, default=None)
    approval: str | None = info(
        _("Number of the approval"), privacy=Privacy.OPERATIONAL, default=None, max_length=80,
        help_text=_("Only where a fund asks for one. A document's number, no names."),
    )


KIND = Kind(
    title=_("Delivery received"),
    explain=_("A delivery came in, lot by lot, with expiry dates."),
    payload=Received,
    may="stock.receive",
    sample=Received(lines=(ReceivedLine(item="syringe-1ml-29g", lot=uuid.UUID(int=3), quantity=1000),)),
    moves=lambda p: [Move(line.item, line.quantity, Place.SUPPLIER, Place.SITE, lot=line.lot) for line in p.lines],
    needs_encounter=False,
    version=2,
    upcasters={1: lambda payload: {**payload, "order": None, "approval": None}},
    about="order",
)
