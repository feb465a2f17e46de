"""Stock went from this site to another: a van is loaded, a box is filled."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Kind, Line, Move, Payload, Place, Privacy, info


class TransferredLine(Line):
    """So many units; without a lot the first to expire go."""

    item: str = info(_("Item"), privacy=Privacy.OPERATIONAL)
    quantity: int = info(_("Quantity"), privacy=Privacy.OPERATIONAL, ge=1, le=10_000_000)
    lot: uuid.UUID | None = info(_("Lot"), privacy=Privacy.OPERATIONAL, default=None)


class Transferred(Payload):
    """Where it went, and what."""

    to_site: uuid.UUID = info(_("To"), privacy=Privacy.OPERATIONAL)
    lines: tuple[TransferredLine, ...] = info(_("Items"), privacy=Privacy.OPERATIONAL, min_length=1)


KIND = Kind(
    title=_("Stock moved"),
    explain=_("Stock went from one site to another; a van was loaded."),
    payload=Transferred,
    may="stock.transfer",
    sample=Transferred(to_site=uuid.UUID(int=4), lines=(TransferredLine(item="syringe-1ml-29g", quantity=400),)),
    moves=lambda p: [
        Move(line.item, line.quantity, Place.SITE, Place.OTHER_SITE, lot=line.lot, other_site=p.to_site) for line in p.lines
    ],
    needs_encounter=False,
)
