"""What screens read from the stock ledger."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import connection

from handrail.kernel import scope
from handrail.ledgers.stock.models import Item


@dataclass(frozen=True)
class ShelfLot:
    """One lot on a shelf."""

    site: int
    item: str
    item_name: str
    lot_id: uuid.UUID
    lot: str
    expiry: date | None
    quantity: int
    is_unknown: bool

    def is_expired(self, today: date) -> bool:
        """Past its date: never taken by itself."""
        return self.expiry is not None and self.expiry < today


@dataclass(frozen=True)
class ShelfItem:
    """What a worker sees of an item: how many may be handed out and which lot goes first."""

    code: str
    name: str
    item_class: str
    available: int
    first_lot: str
    first_expiry: date | None


_LOTS = """
SELECT loc.site_id, i.code, i.name, l.id, l.code, l.expiry, b.quantity, l.is_unknown
FROM stock_balance b
JOIN stock_location loc ON loc.key = b.location_id AND loc.kind = 'site'
JOIN stock_lot l ON l.key = b.lot_id
JOIN stock_item i ON i.key = l.item_id
WHERE b.organisation_id = %s AND b.quantity <> 0 AND (%s::bigint[] IS NULL OR loc.site_id = ANY(%s::bigint[]))
ORDER BY i.position, i.name, l.expiry NULLS LAST, l.key
"""


def lots(sites: Iterable[int] | None) -> list[ShelfLot]:
    """All lots on the shelves of these sites (None: all sites), in the order they should be used."""
    keys = None if sites is None else list(sites)
    with connection.cursor() as cursor:
        cursor.execute(_LOTS, [scope.organisation(), keys, keys])
        return [ShelfLot(*row) for row in cursor.fetchall()]


def shelf(site: int, today: date) -> list[ShelfItem]:
    """Every active item as a worker at a site sees it; expired lots are not offered."""
    by_item: dict[str, list[ShelfLot]] = {}
    for lot in lots([site]):
        by_item.setdefault(lot.item, []).append(lot)
    found = []
    for item in Item.objects.filter(is_active=True):
        usable = [lot for lot in by_item.get(item.code, []) if not lot.is_expired(today)]
        first = next((lot for lot in usable if lot.quantity > 0 and not lot.is_unknown), None)
        found.append(
            ShelfItem(
                item.code, item.name, item.item_class, sum(lot.quantity for lot in usable), first.lot if first else "",
                first.expiry if first else None,
            )
        )
    return found


def to_recount(sites: Iterable[int] | None) -> list[ShelfLot]:
    """Lots whose balance is below zero: more was handed out than the book had; somebody should count."""
    return [lot for lot in lots(sites) if lot.quantity < 0]
