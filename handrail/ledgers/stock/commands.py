"""Commands of the stock ledger."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from handrail.facts.models import Site
from handrail.facts.queries import today
from handrail.facts.record import Draft, Outcome, Refusal, record
from handrail.kernel import clock, commands, ids
from handrail.kernel.access import Actor
from handrail.ledgers.stock import funds
from handrail.ledgers.stock.models import NEEDLE_SYRINGE_CLASSES, Fund, Item, Lot


@dataclass(frozen=True)
class Traits:
    """What an item is besides its class. `unit_cost` is what one piece costs as far as we know, never what was paid for a lot."""

    sterile: bool = False
    expiry_tracked: bool = False
    unit_cost: Decimal | None = None
    currency: str = ""

    @property
    def columns(self) -> dict[str, object]:
        """As the item keeps them: what is sterile has a date, too."""
        return {
            "sterile": self.sterile, "expiry_tracked": self.expiry_tracked or self.sterile, "unit_cost": self.unit_cost, "currency": self.currency,
        }


@dataclass(frozen=True)
class Delivery:
    """A line of a delivery note."""

    item: str
    lot: str
    quantity: int
    expiry: date | None
    fund: str = ""


def add_item(
    *, actor: Actor, code: str, name: str, item_class: str, pack_size: int = 1, position: int = 100, names: Mapping[str, str] | None = None,
    traits: Traits = Traits(),
) -> Item:
    """A new catalogue item with its unknown lot. What counts as a needle-syringe follows from the class.

    `names` are names in other languages, by language code.
    """
    item = commands.add(
        Item(
            organisation_id=actor.organisation, code=code, name=name, names=dict(names or {}), item_class=item_class, pack_size=pack_size,
            position=position, counts_as_ns=1 if item_class in NEEDLE_SYRINGE_CLASSES else 0, active_from=today(), **traits.columns,
        ),
        actor=actor,
    )
    Lot.objects.create(organisation_id=actor.organisation, item=item, code="?", is_unknown=True)
    return item


def find_or_add_lot(*, actor: Actor, item: Item, code: str, expiry: date | None, fund: Fund | None = None) -> Lot:
    """The lot of this code and fund. The same code with another expiry date is refused: one of the two is a slip.

    A new lot of what is sterile, or has a date for another reason, is refused without one.
    """
    known = list(Lot.objects.filter(item=item, code=code, is_unknown=False))
    other = next((lot for lot in known if lot.expiry != expiry), None)
    if other is not None:
        raise Refusal(
            [("expiry", _("Lot %(lot)s is known with the date %(date)s. Check the box.") % {"lot": code, "date": other.expiry or "–"})]
        )
    if item.expiry_tracked and expiry is None and not known:
        raise Refusal([("expiry", _("%(item)s has a date on the box: write it.") % {"item": item.label})])
    found = next((lot for lot in known if lot.fund_id == (fund.key if fund else None)), None)
    return found or commands.add(Lot(organisation_id=actor.organisation, item=item, code=code, expiry=expiry, fund=fund), actor=actor)


@transaction.atomic
def receive(
    *, actor: Actor, site: Site, lines: Sequence[Delivery], id: uuid.UUID | None = None, occurred_at: datetime | None = None,
    order: uuid.UUID | None = None, approval: str = "",
) -> Outcome:
    """A delivery came in. Lots are made as needed; the fact names them. A refused delivery leaves no lot behind.

    A line that its fund forbids, or whose lot does not fit the book, is refused as `line-<number from 1>`.
    """
    at = occurred_at or clock.now()
    items, chosen = items_of([line.item for line in lines]), {code: funds.find(code) for code in {line.fund for line in lines}}
    checked = [(number, items[line.item], chosen[line.fund]) for number, line in enumerate(lines, 1)]
    refused = funds.problems_of(checked, clock.local_date(at, site.time_zone), approval=approval)
    if refused:
        raise Refusal([(f"line-{number}", sentence) for number, sentence in refused])
    payload = []
    for number, line in enumerate(lines, 1):
        if not line.lot.strip() or line.lot.strip() == "?":
            raise Refusal([("lot", _("Write the lot number that is printed on the box."))])
        try:
            lot = find_or_add_lot(actor=actor, item=items[line.item], code=line.lot.strip(), expiry=line.expiry, fund=chosen[line.fund])
        except Refusal as refusal:
            raise Refusal([(f"line-{number}", sentence) for _name, sentence in refusal.problems]) from refusal
        payload.append({"item": line.item, "lot": str(lot.id), "quantity": line.quantity})
    said = {"lines": payload, "order": str(order) if order else None, "approval": approval or None}
    return record(Draft(kind="stock.received", payload=said, site=site.id, id=id or ids.new(), occurred_at=at), actor=actor)


def items_of(codes: Sequence[str]) -> dict[str, Item]:
    """Items by their codes; refuses one that is not in the catalogue."""
    found = {item.code: item for item in Item.objects.filter(code__in=codes)}
    for code in codes:
        if code not in found:
            raise Refusal([("item", _("The catalogue has no item “%s”.") % code)])
    return found


def transfer(
    *, actor: Actor, source: Site, target: Site, quantities: dict[str, int], id: uuid.UUID | None = None,
    occurred_at: datetime | None = None, lots: dict[uuid.UUID, int] | None = None,
) -> Outcome:
    """Stock goes from one site to another; first expiry first, and besides so many of the lots that are named."""
    if source.key == target.key:
        raise Refusal([("to_site", _("Choose another place to send it to."))])
    lines: list[dict[str, object]] = [{"item": code, "quantity": quantity} for code, quantity in quantities.items() if quantity]
    lines += [line | {"quantity": number} for line, number in _lot_lines(lots or {})]
    if not lines:
        raise Refusal([("lines", _("Write how many of what to move."))])
    return record(
        Draft(
            kind="stock.transferred", payload={"to_site": str(target.id), "lines": lines}, site=source.id, id=id or ids.new(),
            occurred_at=occurred_at or clock.now(),
        ),
        actor=actor,
    )


def _lot_lines(quantities: dict[uuid.UUID, int]) -> list[tuple[dict[str, object], int]]:
    """Item and lot of each lot that is named with a quantity, in the order of the shelf."""
    found = Lot.objects.filter(id__in=[lot for lot, quantity in quantities.items() if quantity]).select_related("item")
    return [({"item": lot.item.code, "lot": str(lot.id)}, quantities[lot.id]) for lot in found.order_by("item__position", "expiry", "key")]


def write_off(*, actor: Actor, site: Site, quantities: dict[uuid.UUID, int], reason: str, id: uuid.UUID | None = None) -> Outcome:
    """Lots left the shelf for good: expired, broken, lost, taken away, recalled."""
    lines = [line | {"quantity": quantity} for line, quantity in _lot_lines(quantities)]
    if not lines:
        raise Refusal([("lines", _("Write how many of what."))])
    if not reason:
        raise Refusal([("reason", _("Say why."))])
    return record(
        Draft(kind="stock.written_off", payload={"reason": reason, "lines": lines}, site=site.id, id=id or ids.new()), actor=actor
    )
