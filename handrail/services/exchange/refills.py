"""A wall box or machine is looked at and filled: what people took, what was taken out of use, what was put in.

Two facts: `exchange.dispensed` (people took it, it counts as given) and `exchange.box_refilled` (the rest). A correction
mends both. What expired, was recalled or broke and was taken out goes to waste: nobody received it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from handrail.facts.fold import Recorded
from handrail.facts.models import Fact, Site
from handrail.facts.record import Draft, Mode, Refusal, lock_organisation, record, record_many
from handrail.kernel import clock, ids
from handrail.kernel.access import Actor
from handrail.ledgers.stock.models import Leg, Lot
from handrail.ledgers.stock.queries import ShelfLot, lots
from handrail.services.exchange import queries
from handrail.services.exchange.kinds.box_refilled import BoxLine, BoxRefilled, OutOfUse, RemovedLine
from handrail.services.exchange.kinds.dispensed import Dispensed, DispensedLine

BOX_KINDS = frozenset({"wall_box", "vending_machine"})
Shelf = Mapping[str, Sequence[ShelfLot]]


@dataclass(frozen=True)
class Refill:
    """One item at a refill: what was found (None: not counted), put in, and of what was found taken out of use."""

    item: str
    found: int | None
    added: int = 0
    removed: int = 0


class OutOfDate(Refusal):
    """The refill to correct is not the latest of its box any more."""

    def __init__(self) -> None:
        super().__init__([("", _("Somebody filled or corrected this box since you opened the page. Nothing of yours is saved; it is kept below to look at."))])


@transaction.atomic
def refill_box(*, actor: Actor, box: Site, van: Site, lines: Sequence[Refill], id: uuid.UUID, mode: Mode = Mode.TYPED) -> None:
    """A box was looked at and filled: what is missing was taken by people, what was put in came from the van's shelf.

    Sent twice, it is done once.
    """
    _check_shelves(actor, box, van)
    lock_organisation()
    if Fact.objects.filter(id=id, kind="exchange.box_refilled").exists():
        return
    there = _by_item(lots([box.key]))
    moment = clock.now()
    books = {line.item: sum(lot.quantity for lot in there.get(line.item, [])) for line in lines}
    payload = _payload(van, lines, books, there, box.today)
    taken = _taken(payload, there, id)
    if taken is not None:
        record(
            Draft(kind="exchange.dispensed", payload=taken, site=box.id, id=ids.derived(id, "dispensed"), occurred_at=moment),
            actor=actor, mode=Mode.CONFIRMED,  # it is gone: the book cannot refuse that
        )
    record(Draft(kind="exchange.box_refilled", payload=payload, site=box.id, id=id, occurred_at=moment), actor=actor, mode=mode)


@transaction.atomic
def correct_refill(
    *, actor: Actor, box: Site, van: Site, refill: uuid.UUID, lines: Sequence[Refill], id: uuid.UUID, mode: Mode = Mode.TYPED
) -> None:
    """Make the latest refill say something else. The book's figures of that moment stand; what was taken follows anew.

    A refill that another one followed, or that was corrected meanwhile, is left alone: the later one counted on it.
    """
    _check_shelves(actor, box, van)
    lock_organisation()
    if Fact.objects.filter(id=id, kind="exchange.box_refilled").exists():
        return
    old = queries.last_refill(box.key)
    if old is None or old.id != refill:
        raise OutOfDate
    before = queries.dispensed_at(old.root or old.id)
    there = _before(box, [fact.id for fact in (old, before) if fact is not None])
    books = {line.item: line.in_book for line in old.parsed.lines}
    books |= {line.item: sum(lot.quantity for lot in there.get(line.item, [])) for line in lines if line.item not in books}
    payload = _payload(van, lines, books, there, old.day, known=old)
    taken = _taken(payload, there, old.root or old.id)
    common: dict[str, Any] = {"site": box.id, "occurred_at": old.occurred_at}
    supersedes = (before.id,) if before else ()
    dispensed = ids.derived(id, "dispensed")
    if taken is not None:
        drafts = [Draft(kind="exchange.dispensed", payload=taken, id=dispensed, supersedes=supersedes, **common)]
    else:
        drafts = [Draft(kind="facts.taken_back", payload={"why": "did_not_happen"}, id=dispensed, supersedes=supersedes, **common)] if before else []
    record_many(drafts, actor=actor, mode=Mode.CONFIRMED)
    record(Draft(kind="exchange.box_refilled", payload=payload, id=id, supersedes=(old.id,), **common), actor=actor, mode=mode)


def _check_shelves(actor: Actor, box: Site, van: Site) -> None:
    actor.require("exchange.record", box.key)
    actor.require("exchange.record", van.key)
    if box.key == van.key or box.kind not in BOX_KINDS:
        raise Refusal([("from_site", _("Choose the van or shelf it is filled from."))])


def _by_item(found: Sequence[ShelfLot]) -> dict[str, list[ShelfLot]]:
    by_item: dict[str, list[ShelfLot]] = {}
    for lot in found:
        by_item.setdefault(lot.item, []).append(lot)
    return by_item


def _before(box: Site, facts: Sequence[uuid.UUID]) -> dict[str, list[ShelfLot]]:
    """What lay in a box before these records moved anything there, lot by lot, the first to expire first."""
    moved = dict(Leg.objects.filter(fact__in=facts, location__site=box).values_list("lot__id").annotate(Sum("quantity")))
    found = {lot.lot_id: lot for lot in lots([box.key])}
    for lot in Lot.objects.filter(id__in=moved).select_related("item"):
        now = found.get(lot.id) or ShelfLot(
            site=box.key, item=lot.item.code, item_name="", lot_id=lot.id, lot=lot.code, expiry=lot.expiry, quantity=0, is_unknown=lot.is_unknown
        )
        found[lot.id] = replace(now, quantity=now.quantity - moved[lot.id])
    return _by_item(sorted(found.values(), key=lambda lot: (lot.expiry or date.max, lot.lot_id)))


def _payload(
    van: Site, lines: Sequence[Refill], books: Mapping[str, int], there: Shelf, day: date, *, known: Recorded | None = None
) -> BoxRefilled:
    """The record of a refill; `known` is the one that is corrected, whose lots taken out of use come first again."""
    if not lines:
        raise Refusal([("", _("Write what you found, or what you put in."))])
    unknown = dict(Lot.objects.filter(is_unknown=True, item__code__in=[line.item for line in lines]).values_list("item__code", "id"))
    made = [
        BoxLine(
            item=line.item, in_book=books[line.item], found=line.found, added=line.added,
            surplus_lot=unknown.get(line.item) if line.found is not None and line.found > books[line.item] else None,
        )
        for line in lines
    ]
    before = {removed.lot: OutOfUse(removed.reason) for removed in known.parsed.removed} if known else {}
    removed: list[RemovedLine] = []
    for line, box_line in zip(lines, made, strict=True):
        if line.removed and line.removed > (books[line.item] if line.found is None else line.found):
            raise Refusal([(f"lines.{line.item}", _("You cannot take out more than was in it. Write under “found” all that was there."))])
        removed += _out_of_use(box_line, line.removed, there.get(line.item, []), day, before)
    return BoxRefilled(from_site=van.id, lines=tuple(made), removed=tuple(removed))


def _out_of_use(
    line: BoxLine, quantity: int, there: Sequence[ShelfLot], day: date, before: Mapping[uuid.UUID, OutOfUse]
) -> list[RemovedLine]:
    """From which lots something was taken out: those that expired or were recalled first; any other was damaged."""

    def why(lot: ShelfLot) -> OutOfUse:
        return before.get(lot.lot_id) or (OutOfUse.EXPIRED if lot.is_expired(day) else OutOfUse.RECALLED if lot.is_held else OutOfUse.DAMAGED)

    found: list[RemovedLine] = []
    for lot in sorted(there, key=lambda lot: (lot.lot_id not in before, why(lot) == OutOfUse.DAMAGED)):
        taken = min(quantity, max(0, lot.quantity))
        if taken:
            found.append(RemovedLine(item=line.item, lot=lot.lot_id, quantity=taken, reason=why(lot)))
            quantity -= taken
    if quantity and line.surplus_lot is not None:
        found.append(RemovedLine(item=line.item, lot=line.surplus_lot, quantity=quantity, reason=OutOfUse.DAMAGED))
    return found


def _taken(payload: BoxRefilled, there: Shelf, refill: uuid.UUID) -> Dispensed | None:
    """What people took, lot by lot in the order of expiry, expired ones too: it is not there any more."""
    out: dict[uuid.UUID, int] = {}
    for gone in payload.removed:
        out[gone.lot] = out.get(gone.lot, 0) + gone.quantity
    found: list[DispensedLine] = []
    for line in payload.lines:
        left = line.taken
        for lot in there.get(line.item, []):
            quantity = min(left, max(0, lot.quantity - out.get(lot.lot_id, 0)))
            if quantity:
                found.append(DispensedLine(item=line.item, quantity=quantity, lot=lot.lot_id if lot.lot_id.int else None))
                left -= quantity
        if left:
            found.append(DispensedLine(item=line.item, quantity=left))
    return Dispensed(lines=tuple(found), refill=refill) if found else None
