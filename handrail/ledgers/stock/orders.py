"""Orders: what was ordered, what came of it, what is still expected."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext as _

from handrail.facts.fold import Recorded, read_facts
from handrail.facts.models import Site
from handrail.facts.record import Draft, Outcome, Refusal, record
from handrail.facts.recorded import COUNTS
from handrail.kernel import ids, scope
from handrail.kernel.access import Actor
from handrail.ledgers.stock import funds, queries
from handrail.ledgers.stock.models import Item

__all__ = ["Actor", "Order", "OrderLine", "Outcome", "close", "find", "listed", "outstanding", "place"]


@dataclass(frozen=True)
class OrderLine:
    """An item of an order: ordered, come in, and the inputs of the suggestion."""

    item: str
    item_name: str
    ordered: int
    received: int
    said: object

    @property
    def outstanding(self) -> int:
        """What has not come yet; more than was ordered is nothing outstanding."""
        return max(0, self.ordered - self.received)


@dataclass(frozen=True)
class Order:
    """An order and how far it got."""

    id: uuid.UUID
    at: datetime
    site: int
    site_name: str
    supplier: str
    fund: str
    closed: str
    lines: list[OrderLine]

    @property
    def is_open(self) -> bool:
        """Whether something is still expected."""
        return not self.closed and any(line.outstanding for line in self.lines)


def listed(sites: Iterable[int] | None) -> list[Order]:
    """Every order for these sites (None: all): open ones first, newest first."""
    keys = None if sites is None else list(sites)
    made = _facts("f.kind = 'stock.ordered' AND (%s::bigint[] IS NULL OR f.site_id = ANY(%s::bigint[]))", [keys, keys])
    roots = [fact.root or fact.id for fact in made]
    came: dict[uuid.UUID, dict[str, int]] = {}
    closed: dict[uuid.UUID, str] = {}
    for fact in _facts("f.kind = ANY(%s::text[]) AND f.about = ANY(%s::uuid[])", [["stock.received", "stock.order_closed"], roots]):
        if fact.kind == "stock.order_closed":
            closed[fact.parsed.order] = fact.parsed.why
        else:
            for line in fact.parsed.lines:
                so_far = came.setdefault(fact.parsed.order, {})
                so_far[line.item] = so_far.get(line.item, 0) + line.quantity
    items, names = queries.item_names(), dict(Site.objects.values_list("key", "name"))
    found = [_order(fact, came.get(fact.root or fact.id, {}), closed.get(fact.root or fact.id, ""), items, names) for fact in made]
    return sorted(found, key=lambda order: (not order.is_open, -order.at.timestamp()))


def _order(fact: Recorded, came: Mapping[str, int], closed: str, items: Mapping[str, str], names: Mapping[int, str]) -> Order:
    left, lines = dict(came), []
    last = {line.item: number for number, line in enumerate(fact.parsed.lines)}
    for number, line in enumerate(fact.parsed.lines):
        there = left.get(line.item, 0)
        received = there if last[line.item] == number else min(there, line.quantity)  # what is over belongs to the last of its lines
        left[line.item] = there - received
        lines.append(OrderLine(line.item, items.get(line.item, line.item), line.quantity, received, line))
    site = fact.site or 0
    return Order(
        fact.root or fact.id, fact.occurred_at, site, names.get(site, "–"), fact.parsed.supplier, fact.parsed.fund or "", closed, lines
    )


def _facts(condition: str, parameters: list[object]) -> list[Recorded]:
    with connection.cursor() as cursor:
        return list(read_facts(cursor, scope.organisation(), f"{condition} AND {COUNTS}", parameters, "ORDER BY f.counter"))


def find(order: uuid.UUID) -> Order | None:
    """One order, or None."""
    return next((found for found in listed(None) if found.id == order), None)


def outstanding(sites: Iterable[int] | None) -> dict[str, int]:
    """What is still expected of open orders for these sites, by item code."""
    found: dict[str, int] = {}
    for order in listed(sites):
        if order.is_open:
            for line in order.lines:
                found[line.item] = found.get(line.item, 0) + line.outstanding
    return found


def place(
    *, actor: Actor, site: Site, supplier: str, lines: Sequence[Mapping[str, object]], fund: str = "", id: uuid.UUID | None = None
) -> Outcome:
    """Record an order. A fund that may not buy something refuses the line."""
    if not supplier.strip():
        raise Refusal([("supplier", _("Write which company or service delivers."))])
    if not lines:
        raise Refusal([("lines", _("Write how many of what to order."))])
    chosen = funds.find(fund)
    items = {item.code: item for item in Item.objects.filter(code__in=[str(line["item"]) for line in lines])}
    checked = [(number, items[str(line["item"])], chosen) for number, line in enumerate(lines, 1) if str(line["item"]) in items]
    refused = funds.problems_of(checked, site.today, effects=funds.BUYING)
    if refused:
        raise Refusal([("lines", sentence) for _number, sentence in refused])
    payload = {"supplier": supplier.strip(), "fund": fund or None, "lines": [dict(line) for line in lines]}
    return record(Draft(kind="stock.ordered", payload=payload, site=site.id, id=id or ids.new()), actor=actor)


def close(*, actor: Actor, order: Order, site: Site, why: str, id: uuid.UUID | None = None) -> Outcome:
    """Nothing more is expected of it; what came stays."""
    return record(
        Draft(kind="stock.order_closed", payload={"order": str(order.id), "why": why}, site=site.id, id=id or ids.new()), actor=actor
    )
