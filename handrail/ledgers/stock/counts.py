"""Counting a shelf: what is there, lot by lot, also of lots that the book does not have there."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from handrail.facts.models import Site
from handrail.facts.record import Draft, Mode, Outcome, Refusal, lock_organisation, record
from handrail.kernel import ids
from handrail.kernel.access import Actor
from handrail.ledgers.stock.commands import find_or_add_lot, items_of
from handrail.ledgers.stock.models import Balance, Item, Lot


@dataclass(frozen=True)
class Other:
    """A lot that lay on the shelf and not on the list: its item, the number on the box (empty: it cannot be read), how many."""

    item: str
    lot: str
    quantity: int
    expiry: date | None = None


@transaction.atomic
def count(
    *, actor: Actor, site: Site, found: Mapping[uuid.UUID, int], others: Sequence[Other] = (), id: uuid.UUID | None = None,
    reason: str = "not_known",
) -> Outcome | None:
    """The shelf was counted: for each lot what was there. Lots that agree make no line; None if all agree.

    A line of `others` that cannot be taken is refused as `other-<number from 1>`. A refused count leaves no lot behind.
    """
    lock_organisation()
    there = {lot.id: lot for lot in Lot.objects.filter(id__in=list(found)).select_related("item")}
    if len(there) < len(found):
        raise Refusal([("", _("One of these lots is not in the book. Nothing is saved. Open the page again."))])
    counted = [(there[lot], quantity) for lot, quantity in found.items()]
    items = items_of([line.item for line in others])
    for number, line in enumerate(others, 1):
        try:
            lot = _lot_of(actor, site, items[line.item], line)
        except Refusal as refusal:
            raise Refusal([(f"other-{number}", sentence) for _name, sentence in refusal.problems]) from refusal
        if any(lot.id == known.id for known, _quantity in counted):
            raise Refusal([(f"other-{number}", _("This lot is counted twice. Add the two together."))])
        counted.append((lot, line.quantity))
    book = dict(Balance.objects.filter(location__site=site, lot__in=[lot.key for lot, _q in counted]).values_list("lot", "quantity"))
    lines = [
        {"item": lot.item.code, "lot": str(lot.id), "in_book": book.get(lot.key, 0), "on_shelf": quantity}
        for lot, quantity in counted if book.get(lot.key, 0) != quantity
    ]
    if not lines:
        return None
    return record(
        Draft(kind="stock.counted", payload={"lines": lines, "reason": reason}, site=site.id, id=id or ids.new()),
        actor=actor, mode=Mode.CONFIRMED,
    )


def _lot_of(actor: Actor, site: Site, item: Item, line: Other) -> Lot:
    """The lot of this number: one that was here before, else the one no fund bought; a new one stands on no fund.

    What a count finds was not bought that day, so no fund is charged with it.
    """
    if not line.lot:
        if line.expiry is not None:
            raise Refusal([("lot", _("Write the lot number that is printed on the box."))])
        unreadable: Lot = Lot.objects.select_related("item").get(item=item, is_unknown=True)
        return unreadable
    known: list[Lot] = list(Lot.objects.filter(item=item, code=line.lot, is_unknown=False).select_related("item").order_by("key"))
    if not known or (line.expiry is not None and any(lot.expiry != line.expiry for lot in known)):
        return find_or_add_lot(actor=actor, item=item, code=line.lot, expiry=line.expiry)
    here = set(Balance.objects.filter(location__site=site, lot__in=[lot.key for lot in known]).values_list("lot", flat=True))
    chosen = [lot for lot in known if lot.key in here] or [lot for lot in known if lot.fund_id is None] or known
    if len(chosen) > 1:
        raise Refusal([("lot", _("Several funds bought this lot. Count it on the list above, or leave the number empty if nobody can tell which."))])
    return chosen[0]
