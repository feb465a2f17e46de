"""Kits: what is in one, putting them together, taking them apart, and which lots are inside."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils.translation import gettext as _

from handrail.facts.models import Site
from handrail.facts.record import Draft, Outcome, Refusal, lock_organisation, record
from handrail.kernel import commands, ids, scope
from handrail.kernel.access import Actor
from handrail.ledgers.stock import funds, queries, rules
from handrail.ledgers.stock.models import Item, KitComponent, Lot, languages


@dataclass(frozen=True)
class Inside:
    """So many parts of a lot inside the kits of a lot."""

    lot: uuid.UUID
    lot_code: str
    item: str
    item_name: str
    quantity: int


_INSIDE = f"""
WITH made AS (
  SELECT DISTINCT g.fact FROM stock_leg g JOIN stock_location p ON p.key = g.location_id AND p.kind = 'assembly'
  JOIN stock_lot l ON l.key = g.lot_id WHERE g.organisation_id = %s::bigint AND l.id = ANY(%s::uuid[])
)
SELECT l.id, l.code, i.code, {queries.LABEL}, sum(g.quantity)::bigint FROM made
JOIN stock_leg g ON g.organisation_id = %s::bigint AND g.fact = made.fact
JOIN stock_location p ON p.key = g.location_id AND p.kind = 'assembly'
JOIN stock_lot l ON l.key = g.lot_id JOIN stock_item i ON i.key = l.item_id
WHERE l.id <> ALL(%s::uuid[])
GROUP BY l.key, i.key ORDER BY i.position, l.expiry NULLS LAST, l.key
"""  # noqa: S608  our own constant


def _beside(lots: Iterable[uuid.UUID]) -> list[Inside]:
    """What went through assembly in the same facts as these lots, net: parts in are positive, kits out negative."""
    named = list(lots)
    with connection.cursor() as cursor:
        cursor.execute(_INSIDE, [scope.organisation(), named, *languages(), scope.organisation(), named])
        return [Inside(*row) for row in cursor.fetchall() if row[4]]


def inside(kit_lot: uuid.UUID) -> list[Inside]:
    """The lots inside the kits of a lot; empty for kits that were bought ready-made."""
    return [part for part in _beside([kit_lot]) if part.quantity > 0]


def made_with(lot: uuid.UUID) -> list[uuid.UUID]:
    """Kit lots that have parts of this lot inside, as the ledger took them."""
    kits = [found.lot for found in _beside([lot]) if found.quantity < 0]
    return [kit for kit in kits if any(part.lot == lot for part in inside(kit))]


# -- commands -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def assemble(*, actor: Actor, site: Site, kit: Item, kits: int, fund: str = "", id: uuid.UUID | None = None) -> Outcome:
    """Put kits together from a shelf. Their lot expires with its first part; a fund may not hold a part it forbids."""
    lock_organisation()
    fact = id or ids.new()
    recipe = list(KitComponent.objects.filter(kit=kit).select_related("component").order_by("key"))
    if not recipe:
        raise Refusal([("kit", _("“%s” has no parts in the catalogue.") % kit.label)])
    if kits < 1:
        raise Refusal([("kits", _("Write how many, as a whole number."))])
    today = site.today
    parts = [(part.component.code, part.quantity * kits) for part in recipe]
    own = ids.derived(fact, "kit-lot")
    lot = Lot.objects.filter(id=own).first()
    if lot is None:
        taken = [one for code, quantity in parts for one, _n in queries.first_lots(site.key, code, quantity, today)]
        lot = commands.add(
            Lot(
                id=own, organisation_id=actor.organisation, item=kit, fund=funds.find(fund), expiry=rules.earliest(one.expiry for one in taken),
                code=f"K{today:%y%m%d}-{Lot.objects.filter(item=kit, is_unknown=False).count() + 1}",
            ),
            actor=actor,
        )
    lines = [{"item": code, "quantity": quantity} for code, quantity in parts]
    payload = {"kit": kit.code, "kit_lot": str(lot.id), "kits": kits, "lines": lines}
    return record(Draft(kind="stock.assembled", payload=payload, site=site.id, id=fact), actor=actor)


@transaction.atomic
def disassemble(*, actor: Actor, site: Site, lot: Lot, kits: int, id: uuid.UUID | None = None) -> Outcome:
    """Take kits apart; the parts go back to the lots they came from, those that expire first first."""
    lock_organisation()
    if kits < 1:
        raise Refusal([("kits", _("Write how many, as a whole number."))])
    held = inside(lot.id)
    if not held:
        raise Refusal([("kit", _("These kits were bought ready-made: the book does not know the lots inside."))])
    lines: list[dict[str, object]] = []
    for part in KitComponent.objects.filter(kit=lot.item).select_related("component").order_by("key"):
        left = part.quantity * kits
        for one in held:
            if one.item == part.component.code and left:
                quantity = min(left, one.quantity)
                lines.append({"item": one.item, "lot": str(one.lot), "quantity": quantity})
                left -= quantity
        if left:
            raise Refusal([("kits", _("There are not so many of these kits."))])
    payload = {"kit": lot.item.code, "kit_lot": str(lot.id), "kits": kits, "lines": lines}
    return record(Draft(kind="stock.disassembled", payload=payload, site=site.id, id=id or ids.new()), actor=actor)
