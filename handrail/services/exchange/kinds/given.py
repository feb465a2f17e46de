"""Equipment handed out, as much as was asked for. Never conditional on what came back (`domain/exchange.md` 1, 4)."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Codes, Compose, ItemLines, Kind, Line, Move, Payload, Place, Privacy, info


class ShortReason(Codes):
    """Why somebody went with less than they need (`domain/exchange.md` 4). Never a reason to refuse."""

    STOCK = "stock", _("We had no more")
    RULE_OF_JURISDICTION = "rule_of_jurisdiction", _("The law here allows no more")
    PARTICIPANT_CHOSE_FEWER = "participant_chose_fewer", _("The person wanted fewer")


class GivenLine(Line):
    """So many units of an item."""

    item: str = info(_("Item"), privacy=Privacy.OPERATIONAL)
    quantity: int = info(_("Quantity"), privacy=Privacy.OPERATIONAL, ge=1, le=100_000)
    lot: uuid.UUID | None = info(_("Lot"), privacy=Privacy.OPERATIONAL, default=None)


class Given(Payload):
    """What was handed out in a visit."""

    lines: tuple[GivenLine, ...] = info(_("Given"), privacy=Privacy.OPERATIONAL, min_length=1)
    short_reason: ShortReason | None = info(_("Why fewer than needed"), privacy=Privacy.OPERATIONAL, default=None)


KIND = Kind(
    title=_("Given"),
    explain=_("Sterile equipment handed out. There is no limit and nothing has to come back."),
    payload=Given,
    may="exchange.record",
    sample=Given(lines=(GivenLine(item="syringe-1ml-29g", quantity=30), GivenLine(item="filter", quantity=10))),
    version=2,
    upcasters={1: lambda old: old},
    compose=Compose(order=10, title=_("Given"), part=ItemLines(besides=("naloxone",))),
    moves=lambda p: [Move(line.item, line.quantity, Place.SITE, Place.PEOPLE, lot=line.lot) for line in p.lines],
)
