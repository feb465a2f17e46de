"""What screens read from the stock ledger."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby

from django.db import connection

from handrail.facts.recorded import COUNTS
from handrail.kernel import scope
from handrail.ledgers.stock.models import Item, in_language, languages

LABEL = "coalesce(i.names ->> %s::text, i.names ->> %s::text, i.name)"
"""SQL: the name of the item `i` in the language of the moment; its two parameters are `languages()`."""


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
    fund: str = ""
    is_held: bool = False

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
    on_hold: int = 0
    """Recalled and still on this shelf: to put aside, not to hand out."""
    pack_size: int = 1
    counts_as_ns: int = 0


def item_names() -> dict[str, str]:
    """Every item's name in the language of the moment, by code; retired ones too."""
    return {code: in_language(name, names) for code, name, names in Item.objects.values_list("code", "name", "names")}


HELD_SINCE = """
(SELECT min(h.since) FROM stock_lothold h JOIN stock_lot t ON t.organisation_id = h.organisation_id AND t.id = h.lot
  WHERE h.organisation_id = l.organisation_id AND NOT EXISTS (
      SELECT 1 FROM stock_recallclosing c WHERE c.organisation_id = h.organisation_id AND c.recall = h.recall AND c.outcome = 'lifted')
    AND ((t.item_id = l.item_id AND t.code = l.code) OR (
      EXISTS (SELECT 1 FROM stock_kitcomponent k WHERE k.organisation_id = l.organisation_id AND k.kit_id = l.item_id AND k.component_id = t.item_id)
      AND 0 < (SELECT max(parts.inside) FROM (
        SELECT sum(g.quantity) AS inside FROM stock_leg g JOIN stock_location a ON a.key = g.location_id AND a.kind = 'assembly'
        JOIN stock_lot p ON p.key = g.lot_id AND p.item_id = t.item_id AND p.code = t.code
        WHERE g.organisation_id = l.organisation_id AND g.fact IN (
          SELECT o.fact FROM stock_leg o JOIN stock_location b ON b.key = o.location_id AND b.kind = 'assembly'
          WHERE o.organisation_id = l.organisation_id AND o.lot_id = l.key)
        GROUP BY p.key) AS parts))))
"""
"""SQL: since when a recall stops the lot `l`, or a lot inside it if it is a kit; null if none does.

What is inside is asked now and not when the recall was written down, because a recall from elsewhere names what its sender knew.
"""

_NEVER = datetime(9000, 1, 1, tzinfo=UTC)
"""After everything that came."""
CAME = """
(SELECT min(came.at) FROM (SELECT r.at FROM stock_leg r JOIN stock_location v ON v.key = r.location_id AND v.kind = 'supplier'
  WHERE r.organisation_id = l.organisation_id AND r.lot_id = l.key GROUP BY r.at HAVING sum(r.quantity) <> 0) AS came)
"""
"""SQL: when lot `l` first came from a supplier; null if it never did. A delivery that was taken back is none."""

_SHELF_LOTS = f"""
SELECT loc.site_id, i.code, {LABEL}, l.id, l.code, l.expiry, b.quantity, l.is_unknown, coalesce(f.code, ''),
  {HELD_SINCE} IS NOT NULL
FROM stock_balance b
JOIN stock_location loc ON loc.key = b.location_id AND loc.kind = 'site'
JOIN stock_lot l ON l.key = b.lot_id
JOIN stock_item i ON i.key = l.item_id
LEFT JOIN stock_fund f ON f.key = l.fund_id
WHERE b.organisation_id = %s AND """  # noqa: S608  our own constant
_IN_ORDER = " ORDER BY i.position, i.name, i.key, l.is_unknown, l.expiry NULLS LAST, l.code, l.key"
"""First expiry, then the lot number; between them what came first, see `_in_turn` (`domain/naloxone.md` 3)."""
_LOTS = f"{_SHELF_LOTS} b.quantity <> 0 AND (%s::bigint[] IS NULL OR loc.site_id = ANY(%s::bigint[])) {_IN_ORDER}"
_USED_UP = f"""{_SHELF_LOTS} b.quantity = 0 AND loc.site_id = %s::bigint AND (l.id::text = ANY(%s::text[]) OR EXISTS (SELECT 1
  FROM stock_leg g WHERE g.organisation_id = b.organisation_id AND g.location_id = b.location_id AND g.lot_id = b.lot_id
    AND g.at >= %s::timestamptz)) {_IN_ORDER}"""  # noqa: S608  our own constants


def lots(sites: Iterable[int] | None) -> list[ShelfLot]:
    """All lots on the shelves of these sites (None: all sites), in the order they should be used."""
    keys = None if sites is None else list(sites)
    with connection.cursor() as cursor:
        cursor.execute(_LOTS, [*languages(), scope.organisation(), keys, keys])
        return _in_turn([ShelfLot(*row) for row in cursor.fetchall()])


def used_up(site: int, since: datetime, also: Iterable[str] = ()) -> list[ShelfLot]:
    """Lots that the book has at nought on a shelf and that moved there since (a few may lie behind a box), and those of `also` that ever were there."""
    with connection.cursor() as cursor:
        cursor.execute(_USED_UP, [*languages(), scope.organisation(), site, list(also), since])
        return _in_turn([ShelfLot(*row) for row in cursor.fetchall()])


def _in_turn(found: list[ShelfLot]) -> list[ShelfLot]:
    """Of lots of one item with one date, those that came first before the others. When they came is asked only where there are several: they are few."""
    groups = [list(group) for _key, group in groupby(found, key=lambda lot: (lot.item, lot.is_unknown, lot.expiry))]
    tied = {lot.lot_id for group in groups if len({lot.lot_id for lot in group}) > 1 for lot in group}
    if not tied:
        return found
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT l.id, {CAME} FROM stock_lot l WHERE l.organisation_id = %s::bigint AND l.id = ANY(%s::uuid[])", [scope.organisation(), list(tied)])  # noqa: S608  our own constant
        came = {lot: at or _NEVER for lot, at in cursor.fetchall()}
    return [lot for group in groups for lot in (sorted(group, key=lambda lot: came[lot.lot_id]) if group[0].lot_id in tied else group)]


def shelf(site: int, today: date) -> list[ShelfItem]:
    """Every active item as a worker at a site sees it; expired and recalled lots are not offered."""
    by_item: dict[str, list[ShelfLot]] = {}
    for lot in lots([site]):
        by_item.setdefault(lot.item, []).append(lot)
    found = []
    for item in Item.objects.filter(is_active=True):
        here = by_item.get(item.code, [])
        usable = [lot for lot in here if not lot.is_expired(today) and not lot.is_held]
        first = next((lot for lot in usable if lot.quantity > 0 and not lot.is_unknown), None)  # an unknown lot has no number to reach for
        found.append(
            ShelfItem(
                item.code, item.label, item.item_class, sum(lot.quantity for lot in usable), first.lot if first else "",
                first.expiry if first else None, sum(lot.quantity for lot in here if lot.is_held), item.pack_size, item.counts_as_ns,
            )
        )
    return found


def first_lots(site: int, item: str, quantity: int, today: date) -> list[tuple[ShelfLot, int]]:
    """The lots the ledger would take from a shelf now, first expired first, the unknown one last; fewer when the shelf has fewer."""
    taken, left = [], quantity
    for lot in lots([site]):
        if lot.item == item and left and lot.quantity > 0 and not (lot.is_held or lot.is_expired(today)):
            taken.append((lot, min(lot.quantity, left)))
            left -= taken[-1][1]
    return taken


@dataclass(frozen=True)
class CountDifference:
    """One line of a count where shelf and book differed."""

    at: datetime
    site: str
    item_name: str
    lot: str
    in_book: int
    on_shelf: int
    reason: str

    @property
    def difference(self) -> int:
        """More on the shelf than in the book is positive."""
        return self.on_shelf - self.in_book


_DIFFERENCES = f"""
SELECT f.occurred_at, s.name, {LABEL}, l.code, (line ->> 'in_book')::bigint, (line ->> 'on_shelf')::bigint, coalesce(f.payload ->> 'reason', 'not_known')
FROM facts_fact f JOIN facts_site s ON s.key = f.site_id
CROSS JOIN LATERAL jsonb_array_elements(f.payload -> 'lines') AS line
JOIN stock_lot l ON l.organisation_id = f.organisation_id AND l.id = (line ->> 'lot')::uuid JOIN stock_item i ON i.key = l.item_id
WHERE f.organisation_id = %s::bigint AND f.kind = 'stock.counted' AND (%s::bigint[] IS NULL OR f.site_id = ANY(%s::bigint[]))
  AND {COUNTS}
ORDER BY f.occurred_at DESC, i.position LIMIT 200
"""  # noqa: S608  our own constant


def differences(sites: Iterable[int] | None) -> list[CountDifference]:
    """The latest differences between shelves and book, newest first, with the reason that was given."""
    keys = None if sites is None else list(sites)
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENCES, [*languages(), scope.organisation(), keys, keys])
        return [CountDifference(*row) for row in cursor.fetchall()]


def to_recount(sites: Iterable[int] | None) -> list[ShelfLot]:
    """Lots whose balance is below zero: more was handed out than the book had; somebody should count."""
    return [lot for lot in lots(sites) if lot.quantity < 0]
