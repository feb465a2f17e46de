"""Kits were taken apart: the parts are on the shelf again, in the lots they came from."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Kind, Line, Move, Payload, Place, Privacy, info


class DisassembledLine(Line):
    """So many parts of one lot, back on the shelf."""

    item: str = info(_("Item"), privacy=Privacy.OPERATIONAL)
    lot: uuid.UUID = info(_("Lot"), privacy=Privacy.OPERATIONAL)
    quantity: int = info(_("Quantity"), privacy=Privacy.OPERATIONAL, ge=1, le=10_000_000)


class Disassembled(Payload):
    """Which kits, and what came out of them."""

    kit: str = info(_("Kit"), privacy=Privacy.OPERATIONAL)
    kit_lot: uuid.UUID = info(_("Lot of the kits"), privacy=Privacy.OPERATIONAL)
    kits: int = info(_("Kits"), privacy=Privacy.OPERATIONAL, ge=1, le=1_000_000)
    lines: tuple[DisassembledLine, ...] = info(_("Parts"), privacy=Privacy.OPERATIONAL, min_length=1)


KIND = Kind(
    title=_("Kits taken apart"),
    explain=_("Kits were opened and their parts put back on the shelf."),
    payload=Disassembled,
    may="stock.assemble",
    sample=Disassembled(
        kit="injecting-kit", kit_lot=uuid.UUID(int=5), kits=1,
        lines=(DisassembledLine(item="syringe-1ml-29g", lot=uuid.UUID(int=3), quantity=10),),
    ),
    moves=lambda p: [
        Move(p.kit, p.kits, Place.SITE, Place.ASSEMBLY, lot=p.kit_lot),
        *(Move(line.item, line.quantity, Place.ASSEMBLY, Place.SITE, lot=line.lot) for line in p.lines),
    ],
    needs_encounter=False,
)
