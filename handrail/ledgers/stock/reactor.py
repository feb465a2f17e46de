"""The ledger's part of recording a fact: which lots are taken (first to expire first), and the legs of each move.

Which lots were taken is a decision of the moment, so it is frozen into the fact (`settlement`); a replay takes it
from there. All writers of an organisation hold the lock on its head, so two of them never see the same shelf.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.backends.signals import connection_created
from django.dispatch import receiver
from django.utils.translation import gettext as _

from handrail.facts.fold import Batch, Recorded, Step
from handrail.facts.record import Refusal
from handrail.facts.spec import Move, Place
from handrail.kernel import clock
from handrail.ledgers.stock import checks, kits, queries


class Short(Refusal):
    """The book has less than was asked for. `missing` lists (item code, wanted, available)."""

    def __init__(self, missing: list[tuple[str, int, int]]) -> None:
        self.missing = missing
        super().__init__(
            [
                (
                    f"lines.{code}",
                    _("The book has %(available)d here, you wrote %(wanted)d. Count the shelf, or save what you gave anyway.")
                    % {"available": available, "wanted": wanted},
                )
                for code, wanted, available in missing
            ]
        )


class OnHold(Short):
    """A lot was named that is recalled. `Mode.CONFIRMED` records it all the same: what is in a hand is a fact."""

    def __init__(self, items: Sequence[str]) -> None:
        sentence = _("That lot was recalled. Put it aside and take another, or save that it was given anyway.")
        super().__init__([])
        Refusal.__init__(self, [(f"lines.{code}", sentence) for code in items])


@dataclass
class _Lot:
    key: int
    id: uuid.UUID
    item: str
    expiry: date | None
    is_unknown: bool
    held_since: datetime | None
    code: str
    came: datetime | None

    @property
    def turn(self) -> tuple[Any, ...]:
        """Its place in the order in which lots are taken: first expiry, then what came first, then the lot number (`domain/naloxone.md` 3)."""
        return self.is_unknown, self.expiry or date.max, self.came is None, self.came, self.code, self.key

    def is_held(self, fact: Recorded, target: Place) -> bool:
        """Whether a recall stops it. What reached people before the day of the recall is told as it was; all else asks as of now."""
        return self.held_since is not None and (target is not Place.PEOPLE or clock.local_date(self.held_since, fact.zone) <= fact.day)


_SHELF = f"""
SELECT l.key, l.id, i.code, l.expiry, l.is_unknown, b.location_id, b.quantity, {queries.HELD_SINCE}, l.code, {queries.CAME}
FROM stock_lot l
JOIN stock_item i ON i.key = l.item_id
LEFT JOIN stock_balance b ON b.organisation_id = l.organisation_id AND b.lot_id = l.key AND b.location_id = ANY(%s::bigint[]) AND b.quantity <> 0
WHERE l.organisation_id = %s::bigint AND i.code = ANY(%s::text[])
  AND (b.quantity IS NOT NULL OR l.is_unknown OR l.id = ANY(%s::uuid[]))
"""  # noqa: S608  our own constant

_WRITE = """
WITH leg AS (
  INSERT INTO stock_leg (organisation_id, fact, cause, at, site_id, location_id, lot_id, quantity)
  SELECT %s::bigint, r.* FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) AS r
  RETURNING location_id, lot_id, quantity
)
INSERT INTO stock_balance (organisation_id, location_id, lot_id, quantity)
SELECT %s::bigint, location_id, lot_id, sum(quantity) FROM leg GROUP BY location_id, lot_id ORDER BY location_id, lot_id
ON CONFLICT (organisation_id, location_id, lot_id) DO UPDATE SET quantity = stock_balance.quantity + EXCLUDED.quantity
"""

_locations: dict[tuple[object, int, str, int | None], int] = {}
"""Keys of locations, which never change once made; by database, organisation, kind, site."""


@receiver(connection_created)
def _forget_locations(**_: object) -> None:
    """A new connection may lead to a database that was restored meanwhile, where a key means another place."""
    _locations.clear()


class StockReactor:
    """Moves stock as facts say."""

    name = "stock"

    def __init__(self) -> None:
        self._places: dict[tuple[str, int | None], int] = {}
        self._sites: dict[uuid.UUID, int] = {}
        self._lots: dict[uuid.UUID, _Lot] = {}
        self._by_item: dict[str, list[_Lot]] = {}
        self._shelf: dict[tuple[int, int], int] = {}
        self._moved: dict[uuid.UUID, list[tuple[int, int, int]]] = {}

    # -- reading --------------------------------------------------------------------------------------------------

    def prepare(self, steps: Sequence[Step], batch: Batch) -> None:
        """Read the lots and balances that these steps touch."""
        moves = [(fact, move) for step in steps for fact in step.do for move in _moves(fact)]
        if not moves:
            return
        others = {move.other_site for _f, move in moves if move.other_site}
        if others:
            with connection.cursor() as cursor:
                cursor.execute("SELECT id, key FROM facts_site WHERE organisation_id = %s AND id = ANY(%s::uuid[])", [batch.organisation, list(others)])
                self._sites = dict(cursor.fetchall())
        for fact, move in moves:
            for place in (move.source, move.target):
                self._find_place(batch, fact, move, place)
        items = sorted({move.item for _f, move in moves})
        named = [move.lot for _f, move in moves if move.lot]
        if not batch.live:
            named += [uuid.UUID(lot) for step in steps for taken in _settled(step) for lot, _q in taken]
        with connection.cursor() as cursor:
            cursor.execute(_SHELF, [sorted(set(self._places.values())), batch.organisation, items, named])
            for key, lot_id, item, expiry, is_unknown, location, quantity, held, code, came in cursor.fetchall():
                if lot_id not in self._lots:
                    lot = _Lot(key, lot_id, item, expiry, is_unknown, held, code, came)
                    self._lots[lot_id] = lot
                    self._by_item.setdefault(item, []).append(lot)
                if location is not None:
                    self._shelf[location, key] = quantity
        for lots in self._by_item.values():
            lots.sort(key=lambda lot: lot.turn)

    def _place(self, batch: Batch, fact: Recorded, move: Move, place: Place) -> int:
        found = self._find_place(batch, fact, move, place)
        if found is None:
            raise Refusal([("", _("This needs a place that keeps stock."))])
        return found

    def _find_place(self, batch: Batch, fact: Recorded, move: Move, place: Place) -> int | None:
        site = fact.site if place is Place.SITE else self._sites.get(move.other_site) if place is Place.OTHER_SITE and move.other_site else None
        kind = "site" if place in {Place.SITE, Place.OTHER_SITE} else place.value
        known = self._places.get((kind, site))
        if known is not None:
            return known
        if kind == "site" and site is None:
            return None
        cache = (connection.settings_dict["NAME"], batch.organisation, kind, site)
        key = _locations.get(cache) or self._find_or_open(batch.organisation, kind, site, cache)
        self._places[kind, site] = key
        return key

    def _find_or_open(self, organisation: int, kind: str, site: int | None, cache: tuple[object, int, str, int | None]) -> int:
        """Key of a location; a site that never kept stock gets one. Remembered once committed."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT key FROM stock_location WHERE organisation_id = %s AND kind = %s AND site_id IS NOT DISTINCT FROM %s",
                [organisation, kind, site],
            )
            row = cursor.fetchone()
            if row is not None:
                found = int(row[0])
                transaction.on_commit(lambda: _locations.update({cache: found}))
                return found
            cursor.execute(
                "INSERT INTO stock_location (organisation_id, kind, site_id) VALUES (%s, %s, %s) RETURNING key",
                [organisation, kind, site],
            )
            return int(cursor.fetchone()[0])

    # -- deciding -------------------------------------------------------------------------------------------------

    def settle(self, step: Step, batch: Batch) -> object | None:
        """Choose the lots: a list per move of [lot, quantity]. Refuses what the book does not have, if still typing."""
        moves = [(fact, move) for fact in step.do for move in _moves(fact)]
        for fact in step.undo:
            self._give_back(fact)
        for fact in step.do:
            self._hold(fact)
            checks.without_moves(fact, typed=not batch.may_go_short)
        if not moves:
            return None
        unknown = sorted({move.item for _f, move in moves} - set(self._by_item))
        if unknown:
            raise Refusal([("lines", _("The catalogue has no item “%s”.") % code) for code in unknown])
        if any(fact.is_earlier for fact in (*step.do, *step.undo)):
            return [[] for _move in moves]
        for fact in step.do:
            checks.funds(fact, _moves(fact))
            if fact.kind == checks.DISASSEMBLED:
                checks.disassembly(fact, self._inside(fact.parsed.kit_lot))
        missing: list[tuple[str, int, int]] = []
        stopped: list[str] = []
        decided: list[list[list[Any]]] = []
        for fact, move in moves:
            source = self._place(batch, fact, move, move.source)
            target = self._place(batch, fact, move, move.target)
            taken, lacking = self._allocate(move, source, fact, from_shelf=move.source is Place.SITE)
            if lacking:
                missing.append((move.item, move.quantity, move.quantity - lacking))
            if move.lot and (move.target is Place.PEOPLE or move.source is Place.SUPPLIER):
                stopped += [move.item for lot, _q in taken if lot.is_held(fact, move.target)]
            for lot, quantity in taken:
                self._shelf[source, lot.key] = self._shelf.get((source, lot.key), 0) - quantity
                self._shelf[target, lot.key] = self._shelf.get((target, lot.key), 0) + quantity
                self._moved.setdefault(fact.id, []).extend([(source, lot.key, -quantity), (target, lot.key, quantity)])
            decided.append([[str(lot.id), quantity] for lot, quantity in taken])
        for fact in step.do:
            checks.assembly(fact, [(lot, quantity) for lots in decided for lot, quantity in lots])
        if stopped and not batch.may_go_short:
            raise OnHold(stopped)
        if missing and not batch.may_go_short:
            raise Short(missing)
        return decided

    def _hold(self, fact: Recorded) -> None:
        """A recall in the same batch holds for what follows it, and for the kits with such a lot inside."""
        if fact.kind == "stock.recalled":
            named = {line.lot for line in fact.parsed.lines}
            kit_codes = checks.kits_among(lot.item for lot in self._lots.values())
            for lot in self._lots.values():
                if lot.id in named or (lot.item in kit_codes and any(self._inside(lot.id).get(part, 0) > 0 for part in named)):
                    lot.held_since = min(lot.held_since or fact.occurred_at, fact.occurred_at)

    def _inside(self, kit_lot: uuid.UUID) -> dict[uuid.UUID, int]:
        """Parts inside the kits of a lot, by lot: as the ledger has it, and what this batch put in or took out."""
        found = {part.lot: part.quantity for part in kits.inside(kit_lot)}
        assembly, own = self._places.get(("assembly", None)), self._lots.get(kit_lot)
        names = {lot.key: lot.id for lot in self._lots.values()}
        for moved in self._moved.values():
            net = {lot: quantity for location, lot, quantity in _net(moved) if location == assembly}
            if own is not None and own.key in net:
                for key, quantity in net.items():
                    if key in names:
                        found[names[key]] = found.get(names[key], 0) + quantity
        return found

    def _allocate(self, move: Move, source: int, fact: Recorded, *, from_shelf: bool) -> tuple[list[tuple[_Lot, int]], int]:
        """Lots for a move, and how many the book lacks (put on the item's unknown lot).

        First expiry first; what is there without a known lot goes last, after everything whose date is known.
        """
        if move.lot is not None:
            lot = self._lots.get(move.lot)
            if lot is None or lot.item != move.item:
                raise Refusal([("lines", _("That lot does not belong to this item."))])
            held = self._shelf.get((source, lot.key), 0) if from_shelf else move.quantity
            return [(lot, move.quantity)], max(0, move.quantity - max(0, held))
        taken: list[tuple[_Lot, int]] = []
        left = move.quantity
        for lot in self._by_item[move.item]:
            held = self._shelf.get((source, lot.key), 0)
            if left and held > 0 and (lot.expiry is None or lot.expiry >= fact.day) and not lot.is_held(fact, move.target):
                quantity = min(held, left)
                taken.append((lot, quantity))
                left -= quantity
        if left:
            unknown = next(lot for lot in self._by_item[move.item] if lot.is_unknown)
            known = [(lot, quantity) for lot, quantity in taken if lot is not unknown]
            taken = [*known, (unknown, move.quantity - sum(quantity for _lot, quantity in known))]
        return taken, left

    def _give_back(self, fact: Recorded) -> None:
        """What a superseded fact took is on the shelf again before the new one is decided."""
        moved = self._moved.setdefault(fact.id, [])
        for location, lot, quantity in _net([*_legs_of([fact.id]).get(fact.id, []), *moved]):
            self._shelf[location, lot] = self._shelf.get((location, lot), 0) - quantity
            moved.append((location, lot, -quantity))

    # -- acting ---------------------------------------------------------------------------------------------------

    def apply(self, steps: Sequence[Step], batch: Batch) -> None:
        """Write the legs of every step, undone facts first, and bring the balances along."""
        legs: list[tuple[uuid.UUID, uuid.UUID, datetime, int | None, int, int, int]] = []
        stored = _legs_of([fact.id for step in steps for fact in step.undo])
        for step in steps:
            for fact in step.undo:
                fresh = [(location, lot, q) for f, _c, _at, _site, location, lot, q in legs if f == fact.id]
                for location, lot, quantity in _net([*stored.get(fact.id, []), *fresh]):
                    legs.append((fact.id, step.cause.id, fact.occurred_at, fact.site, location, lot, -quantity))
            moves = [(fact, move) for fact in step.do for move in _moves(fact)]
            for (fact, move), taken in zip(moves, _settled(step), strict=True):
                source = self._place(batch, fact, move, move.source)
                target = self._place(batch, fact, move, move.target)
                for lot_id, quantity in taken:
                    lot_key = self._lots[uuid.UUID(lot_id)].key
                    legs.append((fact.id, step.cause.id, fact.occurred_at, fact.site, source, lot_key, -quantity))
                    legs.append((fact.id, step.cause.id, fact.occurred_at, fact.site, target, lot_key, quantity))
        if not legs:
            return
        columns = [list(column) for column in zip(*legs, strict=True)]
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, [batch.organisation, *columns, batch.organisation])


def _moves(fact: Recorded) -> list[Move]:
    spec = fact.spec
    if spec is None or spec.moves is None or fact.parsed is None:
        return []
    return [move for move in spec.moves(fact.parsed) if move.quantity]


def _settled(step: Step) -> list[list[list[Any]]]:
    decided: list[list[list[Any]]] = (step.cause.settlement or {}).get("stock", [])
    return decided


def _legs_of(facts: list[uuid.UUID]) -> dict[uuid.UUID, list[tuple[int, int, int]]]:
    if not facts:
        return {}
    found: dict[uuid.UUID, list[tuple[int, int, int]]] = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT fact, location_id, lot_id, quantity FROM stock_leg WHERE fact = ANY(%s::uuid[])", [facts])
        for fact, location, lot, quantity in cursor.fetchall():
            found.setdefault(fact, []).append((location, lot, quantity))
    return found


def _net(legs: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    totals: dict[tuple[int, int], int] = {}
    for location, lot, quantity in legs:
        totals[location, lot] = totals.get((location, lot), 0) + quantity
    return [(location, lot, quantity) for (location, lot), quantity in sorted(totals.items()) if quantity]
