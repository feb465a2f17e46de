"""A wall box was looked at and filled from a van: what was found, what was added. What people took is `exchange.dispensed`."""

from __future__ import annotations

import uuid
from typing import Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.spec import Kind, Line, Move, Payload, Place, Privacy, info


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


class BoxRefilled(Payload):
    """The refill: from which shelf, and line by line."""

    from_site: uuid.UUID = info(_("Filled from"), privacy=Privacy.OPERATIONAL)
    lines: tuple[BoxLine, ...] = info(_("Items"), privacy=Privacy.OPERATIONAL, min_length=1)

    @model_validator(mode="after")
    def _each_item_once(self) -> Self:
        if len({line.item for line in self.lines}) != len(self.lines):
            raise ValueError(_t("An item is there twice."))
        return self


def _moves(payload: BoxRefilled) -> list[Move]:
    """What was added comes from the van; what was found beyond the book comes from the count differences."""
    added = [Move(line.item, line.added, Place.OTHER_SITE, Place.SITE, other_site=payload.from_site) for line in payload.lines]
    surplus = [Move(line.item, line.surplus, Place.COUNTED, Place.SITE, lot=line.surplus_lot) for line in payload.lines]
    return [*surplus, *added]


KIND = Kind(
    title=_("Box filled"),
    explain=_("A wall box was looked at and filled: what was found, what was added and from which shelf."),
    payload=BoxRefilled,
    may="exchange.record",
    sample=BoxRefilled(
        from_site=uuid.UUID(int=4), lines=(BoxLine(item="syringe-1ml-29g", in_book=60, found=18, added=42),)
    ),
    moves=_moves,
    needs_encounter=False,
)
