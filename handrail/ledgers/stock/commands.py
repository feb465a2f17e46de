"""Commands of the stock ledger."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from handrail.facts.models import Site
from handrail.facts.record import Draft, Mode, Outcome, Refusal, lock_organisation, record
from handrail.kernel import clock, commands, ids
from handrail.kernel.access import Actor
from handrail.ledgers.stock.models import NEEDLE_SYRINGE_CLASSES, Balance, Item, Lot


@dataclass(frozen=True)
class Delivery:
    """A line of a delivery note."""

    item: str
    lot: str
    quantity: int
    expiry: date | None


def add_item(*, actor: Actor, code: str, name: str, item_class: str, pack_size: int = 1, position: int = 100) -> Item:
    """A new catalogue item with its unknown lot. What counts as a needle-syringe follows from the class."""
    item = commands.add(
        Item(
            organisation_id=actor.organisation, code=code, name=name, item_class=item_class, pack_size=pack_size,
            position=position, counts_as_ns=1 if item_class in NEEDLE_SYRINGE_CLASSES else 0,
        ),
        actor=actor,
    )
    Lot.objects.create(organisation_id=actor.organisation, item=item, code="?", is_unknown=True)
    return item


def find_or_add_lot(*, actor: Actor, item: Item, code: str, expiry: date | None) -> Lot:
    """The lot of this code. The same code with another expiry date is refused: one of the two is a slip."""
    found: Lot | None = Lot.objects.filter(item=item, code=code, is_unknown=False).first()
    if found is None:
        return commands.add(Lot(organisation_id=actor.organisation, item=item, code=code, expiry=expiry), actor=actor)
    if found.expiry != expiry:
        raise Refusal(
            [("expiry", _("Lot %(lot)s is known with the date %(date)s. Check the box.") % {"lot": code, "date": found.expiry or "–"})]
        )
    return found


@transaction.atomic
def receive(
    *, actor: Actor, site: Site, lines: Sequence[Delivery], id: uuid.UUID | None = None, occurred_at: datetime | None = None
) -> Outcome:
    """A delivery came in. Lots are made as needed; the fact names them. A refused delivery leaves no lot behind."""
    payload = []
    for line in lines:
        item = Item.objects.filter(code=line.item).first()
        if item is None:
            raise Refusal([("item", _("The catalogue has no item “%s”.") % line.item)])
        if not line.lot.strip() or line.lot.strip() == "?":
            raise Refusal([("lot", _("Write the lot number that is printed on the box."))])
        lot = find_or_add_lot(actor=actor, item=item, code=line.lot.strip(), expiry=line.expiry)
        payload.append({"item": line.item, "lot": str(lot.id), "quantity": line.quantity})
    return record(
        Draft(
            kind="stock.received", payload={"lines": payload}, site=site.id, id=id or ids.new(), occurred_at=occurred_at or clock.now()
        ),
        actor=actor,
    )


def transfer(
    *, actor: Actor, source: Site, target: Site, quantities: dict[str, int], id: uuid.UUID | None = None,
    occurred_at: datetime | None = None,
) -> Outcome:
    """Stock goes from one site to another; first expiry first."""
    if source.key == target.key:
        raise Refusal([("to_site", _("Choose another place to send it to."))])
    lines = [{"item": code, "quantity": quantity} for code, quantity in quantities.items() if quantity]
    if not lines:
        raise Refusal([("lines", _("Write how many of what to move."))])
    return record(
        Draft(
            kind="stock.transferred", payload={"to_site": str(target.id), "lines": lines}, site=source.id, id=id or ids.new(),
            occurred_at=occurred_at or clock.now(),
        ),
        actor=actor,
    )


def count(*, actor: Actor, site: Site, found: dict[uuid.UUID, int], id: uuid.UUID | None = None) -> Outcome | None:
    """The shelf was counted: for each lot what was there. Lots that agree make no line; None if all agree."""
    lock_organisation()
    lines = []
    for lot in Lot.objects.filter(id__in=list(found)).select_related("item"):
        balance = Balance.objects.filter(location__site=site, lot=lot).first()
        in_book = balance.quantity if balance else 0
        if in_book != found[lot.id]:
            lines.append({"item": lot.item.code, "lot": str(lot.id), "in_book": in_book, "on_shelf": found[lot.id]})
    if not lines:
        return None
    return record(
        Draft(kind="stock.counted", payload={"lines": lines}, site=site.id, id=id or ids.new()), actor=actor, mode=Mode.CONFIRMED
    )
