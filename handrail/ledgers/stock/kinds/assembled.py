"""Kits were put together: parts left the shelf, kits of one lot came onto it."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Kind, Line, Move, Payload, Place, Privacy, info


class AssembledLine(Line):
    """So many parts of one sort, for all the kits together; the first to expire are taken."""

    item: str = info(_("Item"), privacy=Privacy.OPERATIONAL)
    quantity: int = info(_("Quantity"), privacy=Privacy.OPERATIONAL, ge=1, le=10_000_000)


class Assembled(Payload):
    """Which kit, how many, from what. The kit's lot expires with its first part."""

    kit: str = info(_("Kit"), privacy=Privacy.OPERATIONAL)
    kit_lot: uuid.UUID = info(_("Lot of the kits"), privacy=Privacy.OPERATIONAL)
    kits: int = info(_("Kits"), privacy=Privacy.OPERATIONAL, ge=1, le=1_000_000)
    lines: tuple[AssembledLine, ...] = info(_("Parts"), privacy=Privacy.OPERATIONAL, min_length=1)


KIND = Kind(
    title=_("Kits put together"),
    explain=_("Parts from the shelf became kits; which lots are inside stays known."),
    payload=Assembled,
    may="stock.assemble",
    sample=Assembled(
        kit="injecting-kit", kit_lot=uuid.UUID(int=5), kits=2,
        lines=(AssembledLine(item="syringe-1ml-29g", quantity=20), AssembledLine(item="filter", quantity=20)),
    ),
    moves=lambda p: [
        *(Move(line.item, line.quantity, Place.SITE, Place.ASSEMBLY) for line in p.lines),
        Move(p.kit, p.kits, Place.ASSEMBLY, Place.SITE, lot=p.kit_lot),
    ],
    needs_encounter=False,
)
