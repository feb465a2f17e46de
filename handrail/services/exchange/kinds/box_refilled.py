"""A wall box was looked at and filled from a van: what was found, taken out of use, added. What people took is `exchange.dispensed`."""

from __future__ import annotations

import uuid
from typing import Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.spec import Codes, Kind, Line, Move, Payload, Place, Privacy, info


class BoxLine(Line):
    """One item: the book's figure before, what was there, what was put in. The book's figure is frozen: it decided what was taken."""

    item: str = info(_("Item"), privacy=Privacy.OPERATIONAL)
    in_book: int = info(_("In the book"), privacy=Privacy.OPERATIONAL, ge=-1_000_000, le=1_000_000)
    found: int | None = info(_("Found"), privacy=Privacy.OPERATIONAL, default=None, ge=0, le=100_000, help_text=_("Empty: not counted"))
    added: int = info(_("Added"), privacy=Privacy.OPERATIONAL, default=0, ge=0, le=100_000)
    surplus_lot: uuid.UUID | None = info(_("Lot of what was found beyond the book"), privacy=Privacy.OPERATIONAL, default=None)

    @property
    def taken(self) -> int:
        """What people took: the book less what was found; never below 0, and unknown is not taken."""
        return 0 if self.found is None else max(0, self.in_book - self.found)

    @property
    def surplus(self) -> int:
        """What was found beyond the book: a count difference, not a negative number of people's takings."""
        return 0 if self.found is None else max(0, self.found - self.in_book)

    @model_validator(mode="after")
    def _surplus_has_a_lot(self) -> Self:
        if self.surplus and self.surplus_lot is None:
            raise ValueError(_t("More was found than the book has: name the lot it is put on."))
        return self


class OutOfUse(Codes):
    """Why something that lay in the box was taken out of it."""

    EXPIRED = "expired", _("Expired")
    RECALLED = "recalled", _("Recalled")
    DAMAGED = "damaged", _("Damaged")


class RemovedLine(Line):
    """So many units of a lot that were found in the box and taken out of use: waste, given to nobody."""

    item: str = info(_("Item"), privacy=Privacy.OPERATIONAL)
    lot: uuid.UUID = info(_("Lot"), privacy=Privacy.OPERATIONAL)
    quantity: int = info(_("Quantity"), privacy=Privacy.OPERATIONAL, ge=1, le=100_000)
    reason: OutOfUse = info(_("Why"), privacy=Privacy.OPERATIONAL)


class BoxRefilled(Payload):
    """The refill: from which shelf, line by line, and which lots were taken out of use."""

    from_site: uuid.UUID = info(_("Filled from"), privacy=Privacy.OPERATIONAL)
    lines: tuple[BoxLine, ...] = info(_("Items"), privacy=Privacy.OPERATIONAL, min_length=1)
    removed: tuple[RemovedLine, ...] = info(_("Taken out of use"), privacy=Privacy.OPERATIONAL, default=())

    @model_validator(mode="after")
    def _each_item_once(self) -> Self:
        if len({line.item for line in self.lines}) != len(self.lines):
            raise ValueError(_t("An item is there twice."))
        return self

    @model_validator(mode="after")
    def _no_more_out_than_found(self) -> Self:
        there = {line.item: line.in_book if line.found is None else line.found for line in self.lines}
        for item in {line.item for line in self.removed}:
            if sum(line.quantity for line in self.removed if line.item == item) > there.get(item, 0):
                raise ValueError(_t("You cannot take out more than was in it. Write under “found” all that was there."))
        return self


def _moves(payload: BoxRefilled) -> list[Move]:
    """What was found beyond the book comes from the count differences, what is out of use is waste, what was added comes from the van."""
    added = [Move(line.item, line.added, Place.OTHER_SITE, Place.SITE, other_site=payload.from_site) for line in payload.lines]
    surplus = [Move(line.item, line.surplus, Place.COUNTED, Place.SITE, lot=line.surplus_lot) for line in payload.lines]
    removed = [Move(line.item, line.quantity, Place.SITE, Place.WASTE, lot=line.lot) for line in payload.removed]
    return [*surplus, *removed, *added]


KIND = Kind(
    title=_("Box filled"),
    explain=_("A wall box was looked at and filled: what was found, what was taken out of use, what was added and from which shelf."),
    payload=BoxRefilled,
    may="exchange.record",
    sample=BoxRefilled(
        from_site=uuid.UUID(int=4), lines=(BoxLine(item="syringe-1ml-29g", in_book=60, found=18, added=42),),
        removed=(RemovedLine(item="syringe-1ml-29g", lot=uuid.UUID(int=3), quantity=4, reason=OutOfUse.EXPIRED),),
    ),
    version=2,
    upcasters={1: lambda old: old},
    moves=_moves,
    needs_encounter=False,
)
