"""What left a wall box or a machine: nobody was met, the holder is unknown (`domain/exchange.md` 8).

The needles and syringes of these lines count as given, with 0 people.
"""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from handrail.facts.codes import Channel
from handrail.facts.spec import Kind, Line, Move, Payload, Place, Privacy, info


class DispensedLine(Line):
    """So many units of an item; a machine says from which coil."""

    item: str = info(_("Item"), privacy=Privacy.OPERATIONAL)
    quantity: int = info(_("Quantity"), privacy=Privacy.OPERATIONAL, ge=1, le=100_000)
    lot: uuid.UUID | None = info(_("Lot"), privacy=Privacy.OPERATIONAL, default=None)
    coil: int | None = info(_("Coil"), privacy=Privacy.OPERATIONAL, default=None, ge=0, le=999)


class Dispensed(Payload):
    """What was taken since the last look."""

    lines: tuple[DispensedLine, ...] = info(_("Taken"), privacy=Privacy.OPERATIONAL, min_length=1)
    channel: Channel = info(_("How"), privacy=Privacy.OPERATIONAL, default=Channel.VENDING_MACHINE)
    refill: uuid.UUID | None = info(_("Found at the refill"), privacy=Privacy.OPERATIONAL, default=None)


KIND = Kind(
    title=_("Taken from a box"),
    explain=_("What people took from a wall box or a machine. Nobody was met and nobody is counted."),
    payload=Dispensed,
    may="exchange.record",
    sample=Dispensed(lines=(DispensedLine(item="syringe-1ml-29g", quantity=40, coil=3),)),
    moves=lambda p: [Move(line.item, line.quantity, Place.SITE, Place.PEOPLE, lot=line.lot) for line in p.lines],
    needs_encounter=False,
    about="refill",
)
