"""Stock that can no longer be handed out left the shelf for good, and why."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Codes, Kind, Line, Move, Payload, Place, Privacy, info


class Reason(Codes):
    """Why it was written off; what expired may be kept to practise with or go to others (`domain/naloxone.md` 3)."""

    EXPIRED = "expired", _("Expired")
    DAMAGED = "damaged", _("Damaged")
    LOST = "lost", _("Lost")
    STOLEN = "stolen", _("Stolen")
    SEIZED = "seized_by_police", _("Seized by police")
    RECALLED = "recalled", _("Recalled")
    TRAINING_DEVICE = "training_device", _("Kept to practise with")
    DONATED = "donated", _("Given to another organisation")
    OTHER = "other", _("Other")


class WrittenOffLine(Line):
    """So many units of one lot."""

    item: str = info(_("Item"), privacy=Privacy.OPERATIONAL)
    lot: uuid.UUID = info(_("Lot"), privacy=Privacy.OPERATIONAL)
    quantity: int = info(_("Quantity"), privacy=Privacy.OPERATIONAL, ge=1, le=10_000_000)


class WrittenOff(Payload):
    """What left the shelf."""

    reason: Reason = info(_("Why"), privacy=Privacy.OPERATIONAL)
    lines: tuple[WrittenOffLine, ...] = info(_("Lots"), privacy=Privacy.OPERATIONAL, min_length=1)


KIND = Kind(
    title=_("Written off"),
    explain=_("Stock that expired, broke, got lost, was taken away or went to others left the shelf, lot by lot."),
    payload=WrittenOff,
    may="stock.write_off",
    sample=WrittenOff(reason=Reason.EXPIRED, lines=(WrittenOffLine(item="syringe-1ml-29g", lot=uuid.UUID(int=3), quantity=20),)),
    moves=lambda p: [Move(line.item, line.quantity, Place.SITE, Place.WASTE, lot=line.lot) for line in p.lines],
    needs_encounter=False,
)
