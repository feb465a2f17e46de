"""Somebody counted a lot on the shelf; the difference to the book moves to or from the count differences."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Codes, Kind, Line, Move, Payload, Place, Privacy, info


class Difference(Codes):
    """Why book and shelf differ, as far as the person counting knows."""

    NOT_KNOWN = "not_known", _("Not known")
    MISCOUNTED = "miscounted", _("Counted wrong before")
    GIVEN = "given_unrecorded", _("Handed out and not recorded")
    MOVED = "moved_unrecorded", _("Delivered or moved and not recorded")
    BROKEN = "broken", _("Broken or thrown away")
    MISSING = "missing", _("Missing")


class CountedLine(Line):
    """What the book said and what was there. The book's figure is kept because later facts do not change it."""

    item: str = info(_("Item"), privacy=Privacy.OPERATIONAL)
    lot: uuid.UUID = info(_("Lot"), privacy=Privacy.OPERATIONAL)
    in_book: int = info(_("In the book"), privacy=Privacy.OPERATIONAL, ge=-10_000_000, le=10_000_000)
    on_shelf: int = info(_("On the shelf"), privacy=Privacy.OPERATIONAL, ge=0, le=10_000_000)


class Counted(Payload):
    """A count."""

    lines: tuple[CountedLine, ...] = info(_("Lots"), privacy=Privacy.OPERATIONAL, min_length=1)
    reason: Difference = info(_("Why they differ"), privacy=Privacy.OPERATIONAL, default=Difference.NOT_KNOWN.value)


def _moves(payload: Counted) -> list[Move]:
    return [
        Move(line.item, line.on_shelf - line.in_book, Place.COUNTED, Place.SITE, lot=line.lot)
        if line.on_shelf > line.in_book
        else Move(line.item, line.in_book - line.on_shelf, Place.SITE, Place.COUNTED, lot=line.lot)
        for line in payload.lines
    ]


KIND = Kind(
    title=_("Shelf counted"),
    explain=_("The shelf was counted; the book follows, and the difference stays visible."),
    payload=Counted,
    may="stock.count",
    sample=Counted(lines=(CountedLine(item="syringe-1ml-29g", lot=uuid.UUID(int=3), in_book=12, on_shelf=10),)),
    moves=_moves,
    needs_encounter=False,
    version=2,
    upcasters={1: lambda payload: {**payload, "reason": Difference.NOT_KNOWN.value}},
)
