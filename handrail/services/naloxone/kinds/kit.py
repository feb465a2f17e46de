"""What became of kits that had been given: used, back, lost, taken away, passed on, swapped (`domain/naloxone.md` 7)."""

from __future__ import annotations

import uuid
from typing import Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.spec import Codes, Kind, Move, Payload, Place, Privacy, info
from handrail.services.naloxone.codes import KitCode, Origin


class Event(Codes):
    """What happened to them."""

    USED = "used", _("Used")
    RETURNED = "returned", _("Came back unused")
    LOST = "lost", _("Lost")
    CONFISCATED = "confiscated", _("Taken away by police")
    PASSED_ON = "passed_on", _("Passed on to somebody else")
    EXPIRED_REPLACED = "expired_replaced", _("Expired, swapped for a new one")
    RECALLED_RECOVERED = "recalled_recovered", _("Recalled, got back")
    DESTROYED = "destroyed", _("Destroyed")


CAME_BACK = frozenset({Event.RETURNED.value, Event.EXPIRED_REPLACED.value, Event.RECALLED_RECOVERED.value})
"""What lies on our shelf again, where an expired or recalled lot is never offered."""


class KitEvent(Payload):
    """So many kits of a lot, with their codes where they have some. The unknown lot of the item is a lot too."""

    event: Event = info(_("What happened"), privacy=Privacy.OPERATIONAL)
    item: str = info(_("Item"), privacy=Privacy.OPERATIONAL)
    lot: uuid.UUID = info(_("Lot"), privacy=Privacy.OPERATIONAL)
    quantity: int = info(_("How many"), privacy=Privacy.OPERATIONAL, default=1, ge=1, le=1_000)
    kit_codes: tuple[KitCode, ...] = info(_("Codes on the kits"), privacy=Privacy.OPERATIONAL, default=(), max_length=200)
    ours: bool = info(_("They were still on our shelf or in the bag"), privacy=Privacy.OPERATIONAL, default=False)
    origin: Origin = info(_("How they had reached whoever had them"), privacy=Privacy.OPERATIONAL, default=Origin.UNKNOWN)
    report: uuid.UUID | None = info(_("The report that tells of it"), privacy=Privacy.OPERATIONAL, default=None)
    supply: uuid.UUID | None = info(_("The hand-over it was part of"), privacy=Privacy.OPERATIONAL, default=None)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(set(self.kit_codes)) != len(self.kit_codes):
            raise ValueError(_t("A code is there twice."))
        if len(self.kit_codes) > self.quantity:
            raise ValueError(_t("There are more codes than kits."))
        if self.ours and self.event in CAME_BACK | {Event.PASSED_ON.value}:
            raise ValueError(_t("What was still ours cannot come back or be passed on: say that it was given."))
        return self


def _moves(payload: KitEvent) -> list[Move]:
    """What came back lies on the shelf, what was ours and is gone is waste; what people have stays with them."""
    if payload.event in CAME_BACK:
        return [Move(payload.item, payload.quantity, Place.PEOPLE, Place.SITE, lot=payload.lot)]
    if payload.ours:
        return [Move(payload.item, payload.quantity, Place.SITE, Place.WASTE, lot=payload.lot)]
    return []


KIND = Kind(
    title=_("What became of kits"),
    explain=_("Kits that had been given were used, came back, were lost, taken away, passed on, swapped or destroyed."),
    payload=KitEvent,
    may="naloxone.give",
    sample=KitEvent(event=Event.USED, item="naloxone-nasal-4mg", lot=uuid.UUID(int=3), kit_codes=("NX-0417",), origin=Origin.BAG),
    moves=_moves,
    needs_encounter=False,
    fades=True,
    about="report",
)
