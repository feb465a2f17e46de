"""A bag, a box or a van was filled, or brought back what was in it. A transfer: the kits are still ours (`domain/naloxone.md` 4)."""

from __future__ import annotations

import uuid
from typing import Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.spec import Kind, Line, Move, Payload, Place, Privacy, info
from handrail.services.naloxone.codes import KitCode


class FilledLine(Line):
    """So many units of an item, with the codes on them where kits are followed one by one."""

    item: str = info(_("Item"), privacy=Privacy.OPERATIONAL)
    quantity: int = info(_("Quantity"), privacy=Privacy.OPERATIONAL, ge=1, le=100_000)
    lot: uuid.UUID | None = info(_("Lot"), privacy=Privacy.OPERATIONAL, default=None)
    kit_codes: tuple[KitCode, ...] = info(_("Codes on the kits"), privacy=Privacy.OPERATIONAL, default=(), max_length=1000)

    @model_validator(mode="after")
    def _no_more_codes_than_kits(self) -> Self:
        if len(set(self.kit_codes)) != len(self.kit_codes):
            raise ValueError(_t("A code is there twice."))
        if len(self.kit_codes) > self.quantity:
            raise ValueError(_t("There are more codes than kits."))
        return self


class Filled(Payload):
    """Where it went, and what."""

    to_site: uuid.UUID = info(_("To"), privacy=Privacy.OPERATIONAL, names="site")
    lines: tuple[FilledLine, ...] = info(_("Naloxone"), privacy=Privacy.OPERATIONAL, min_length=1)


KIND = Kind(
    title=_("Bag filled"),
    explain=_("Naloxone went into a peer’s bag, a van or a box, or came back from there. It is still ours."),
    payload=Filled,
    may="naloxone.give",
    sample=Filled(to_site=uuid.UUID(int=4), lines=(FilledLine(item="naloxone-nasal-4mg", quantity=40, kit_codes=("NX-0417",)),)),
    moves=lambda p: [
        Move(line.item, line.quantity, Place.SITE, Place.OTHER_SITE, lot=line.lot, other_site=p.to_site) for line in p.lines
    ],
    needs_encounter=False,
)
