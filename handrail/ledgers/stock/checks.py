"""Rules the ledger itself keeps, whoever writes: what a fund forbids, and what a kit is made of. Called while deciding only."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import gettext as _

from handrail.facts.record import Refusal
from handrail.facts.recorded import Recorded
from handrail.facts.spec import Move, Place
from handrail.ledgers.stock import kits, rules
from handrail.ledgers.stock.funds import BUYING, find, problems_of
from handrail.ledgers.stock.models import Item, KitComponent, Lot

_ASSEMBLED, DISASSEMBLED = "stock.assembled", "stock.disassembled"


def funds(fact: Recorded, moves: Sequence[Move]) -> None:
    """Refuse a lot that comes into being on a fund which forbids what it is, or what is inside it (`domain/funding.md` 4).

    Checked at the day it happened. What is already on a shelf may move: a later rule flags it and rewrites nothing.
    """
    entering = [
        (number, move.lot) for number, move in enumerate(moves, 1)
        if move.lot and (move.source is Place.SUPPLIER or (fact.kind == _ASSEMBLED and move.source is Place.ASSEMBLY))
    ]
    if not entering:
        return
    lots = {lot.id: lot for lot in Lot.objects.filter(id__in=[lot for _n, lot in entering], fund__isnull=False).select_related("item", "fund")}
    lines = [(number, lots[lot].item, lots[lot].fund) for number, lot in entering if lot in lots]
    found = problems_of(lines, fact.day, approval=getattr(fact.parsed, "approval", None) or "")
    if found:
        raise Refusal([("lines", sentence) for _number, sentence in found])


def assembly(fact: Recorded, taken: Sequence[tuple[str, int]]) -> None:
    """Kits hold what the catalogue says, and expire with their first part."""
    if fact.kind != _ASSEMBLED:
        return
    made = fact.parsed
    recipe = dict(KitComponent.objects.filter(kit__code=made.kit).values_list("component__code", "quantity"))
    used: dict[str, int] = {}
    for line in made.lines:
        used[line.item] = used.get(line.item, 0) + line.quantity
    if not recipe or used != {code: each * made.kits for code, each in recipe.items()}:
        raise Refusal([("lines", _("The parts are not those of the kit in the catalogue."))])
    lots = {lot.id: lot for lot in Lot.objects.filter(id__in=[uuid.UUID(lot) for lot, _q in taken])}
    own = lots[made.kit_lot]
    first = rules.earliest(lot.expiry for key, lot in lots.items() if key != made.kit_lot)
    if first is not None and (own.expiry is None or own.expiry > first):
        raise Refusal([("kit_lot", _("A kit cannot be kept longer than its first part: %(date)s.") % {"date": first})])


def disassembly(fact: Recorded, inside: Mapping[uuid.UUID, int]) -> None:
    """Out of a kit comes what the catalogue says, and of each lot no more than is in: else stock, or a fund's needles, would be made from nothing."""
    apart = fact.parsed
    recipe = dict(KitComponent.objects.filter(kit__code=apart.kit).values_list("component__code", "quantity"))
    out: dict[str, int] = {}
    lots: dict[uuid.UUID, int] = {}
    for line in apart.lines:
        out[line.item] = out.get(line.item, 0) + line.quantity
        lots[line.lot] = lots.get(line.lot, 0) + line.quantity
    if out != {code: each * apart.kits for code, each in recipe.items()} or any(quantity > inside.get(lot, 0) for lot, quantity in lots.items()):
        raise Refusal([("lines", _("The parts are not those of the kit in the catalogue."))])


def kits_among(codes: Iterable[str]) -> set[str]:
    """Those of these items that are made of parts."""
    return set(KitComponent.objects.filter(kit__code__in=set(codes)).values_list("kit__code", flat=True))


def without_moves(fact: Recorded, *, typed: bool) -> None:
    """What facts that move nothing must keep: an order its fund, a recall the kits with the lot inside.

    A recall that is not being typed counts as it is: its kits are on hold all the same (`queries.HELD_SINCE`).
    """
    if fact.kind == "stock.ordered":
        _order(fact)
    elif fact.kind == "stock.recalled" and typed:
        named = {line.lot for line in fact.parsed.lines}
        if any(kit not in named for line in fact.parsed.lines if line.via is None for kit in kits.made_with(line.lot)):
            raise Refusal([("lines", _("There are kits with this lot inside. Name the lots of these kits as well."))])


def _order(fact: Recorded) -> None:
    """An order of what is here, on a fund that may buy it (`domain/funding.md` 4)."""
    fund, lines = find(fact.parsed.fund or ""), fact.parsed.lines
    items = {item.code: item for item in Item.objects.filter(code__in=[line.item for line in lines])}
    unknown = next((line.item for line in lines if line.item not in items), None)
    if unknown is not None:
        raise Refusal([("lines", _("The catalogue has no item “%s”.") % unknown)])
    checked = [(number, items[line.item], fund) for number, line in enumerate(lines, 1)]
    found = problems_of(checked, fact.day, effects=BUYING)
    if found:
        raise Refusal([("lines", sentence) for _number, sentence in found])
