"""Recalls: stopping a lot, where it still is, and closing the recall."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from handrail.facts.record import Draft, Outcome, Refusal, lock_organisation, record
from handrail.kernel import clock, ids, scope
from handrail.kernel.access import Actor
from handrail.ledgers.stock import kits, queries
from handrail.ledgers.stock.models import Lot, LotHold, RecallClosing, languages

LOOK_BACK = timedelta(days=14)
"""Transfers of a recalled lot in these days may still be on the way."""


@dataclass(frozen=True)
class Remaining:
    """So many of a recalled lot at a place."""

    site: int | None
    place: str
    kind: str
    lot: uuid.UUID
    lot_code: str
    item_name: str
    quantity: int


@dataclass(frozen=True)
class OnTheWay:
    """A transfer of a recalled lot that may not have arrived yet."""

    at: datetime
    source: str
    target: str
    lot_code: str
    quantity: int


@dataclass(frozen=True)
class Recall:
    """A recall and where its lots are."""

    id: uuid.UUID
    severity: str
    source_reference: str
    since: datetime
    closed: str
    closed_at: datetime | None
    lots: list[Lot]
    kit_lots: list[Lot]
    remaining: list[Remaining] = field(default_factory=list)
    moves: list[OnTheWay] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something."""
        return not self.closed

    def total(self, kind: str) -> int:
        """Units in places of a kind: `site`, `people`, `waste`, `assembly`."""
        return sum(r.quantity for r in self.remaining if r.kind == kind)

    @property
    def on_shelves(self) -> list[Remaining]:
        """What still has to be put aside."""
        return [r for r in self.remaining if r.kind == "site" and r.quantity > 0]


@transaction.atomic
def recall(*, actor: Actor, item: str, lot: str, source_reference: str, severity: str, id: uuid.UUID | None = None) -> Outcome:
    """Stop a lot by the number on the box, whichever fund bought it, and every kit lot that has it inside."""
    lock_organisation()
    found = list(Lot.objects.filter(item__code=item, code=lot.strip(), is_unknown=False).select_related("item").order_by("key"))
    if not found:
        raise Refusal([("lot", _("The book knows no lot “%s” of this item. Check the number on the notice.") % lot)])
    lines = [{"item": item, "lot": str(one.id), "via": None} for one in found]
    for one in found:
        for kit in Lot.objects.filter(id__in=kits.made_with(one.id)).select_related("item").order_by("key"):
            lines.append({"item": kit.item.code, "lot": str(kit.id), "via": str(one.id)})
    payload = {"severity": severity, "source_reference": source_reference, "lines": lines}
    return record(Draft(kind="stock.recalled", payload=payload, id=id or ids.new()), actor=actor)


@transaction.atomic
def close(*, actor: Actor, recall: uuid.UUID, outcome: str, id: uuid.UUID | None = None) -> Outcome:
    """End a recall: nothing left on a shelf, or the notice was withdrawn."""
    lock_organisation()
    found = find(recall)
    if found is None:
        raise Refusal([("", _("This recall is not here."))])
    left = sum(r.quantity for r in found.on_shelves)
    if outcome == "settled" and left:
        raise Refusal([("outcome", _("%(n)d are still on a shelf. Write them off or send them back first.") % {"n": left})])
    return record(Draft(kind="stock.recall_closed", payload={"recall": str(recall), "outcome": outcome}, id=id or ids.new()), actor=actor)


def listed() -> list[Recall]:
    """Every recall, open ones first, newest first; without where the lots are."""
    found = [_recall(rows) for rows in _by_recall(LotHold.objects.order_by("since", "key"))]
    return sorted(found, key=lambda r: (not r.is_open, -r.since.timestamp()))


def find(recall: uuid.UUID) -> Recall | None:
    """One recall with where its lots are, or None."""
    rows = list(LotHold.objects.filter(recall=recall).order_by("key"))
    if not rows:
        return None
    found = _recall(rows)
    named = {lot.id for lot in found.kit_lots}
    unnamed = [kit for lot in found.lots for kit in kits.made_with(lot.id) if kit not in named]  # a recall from elsewhere need not know them
    found.kit_lots.extend(Lot.objects.filter(id__in=unnamed).select_related("item", "fund").order_by("key"))
    held = Q(*(Q(item=lot.item, code=lot.code) for lot in (*found.lots, *found.kit_lots)), _connector=Q.OR)
    lots = list(Lot.objects.filter(held, is_unknown=False).values_list("id", flat=True)) if held else []  # and what came under the number afterwards
    return Recall(**{**found.__dict__, "remaining": _remaining(lots), "moves": _moves(lots, clock.now() - LOOK_BACK)})


def open_ones() -> int:
    """How many recalls still ask somebody to do something; shown on the stock page."""
    closed = RecallClosing.objects.values_list("recall", flat=True)
    return LotHold.objects.exclude(recall__in=closed).values("recall").distinct().count()


def _by_recall(rows: Iterable[LotHold]) -> list[list[LotHold]]:
    found: dict[uuid.UUID, list[LotHold]] = {}
    for row in rows:
        found.setdefault(row.recall, []).append(row)
    return list(found.values())


def _recall(rows: list[LotHold]) -> Recall:
    closing = RecallClosing.objects.filter(recall=rows[0].recall).order_by("key").last()
    lots = {lot.id: lot for lot in Lot.objects.filter(id__in=[row.lot for row in rows]).select_related("item", "fund")}
    own = [lots[row.lot] for row in rows if row.via is None and row.lot in lots]
    via = [lots[row.lot] for row in rows if row.via is not None and row.lot in lots]
    return Recall(
        rows[0].recall, rows[0].severity, rows[0].source_reference, rows[0].since, closing.outcome if closing else "",
        closing.at if closing else None, own, via,
    )


_REMAINING = f"""
SELECT p.site_id, coalesce(s.name, ''), p.kind, l.id, l.code, {queries.LABEL}, b.quantity
FROM stock_balance b JOIN stock_location p ON p.key = b.location_id LEFT JOIN facts_site s ON s.key = p.site_id
JOIN stock_lot l ON l.key = b.lot_id JOIN stock_item i ON i.key = l.item_id
WHERE b.organisation_id = %s::bigint AND l.id = ANY(%s::uuid[]) AND b.quantity <> 0 ORDER BY p.kind, s.name, i.position, l.key
"""  # noqa: S608  our own constant


def _remaining(lots: list[uuid.UUID]) -> list[Remaining]:
    with connection.cursor() as cursor:
        cursor.execute(_REMAINING, [*languages(), scope.organisation(), lots])
        return [Remaining(*row) for row in cursor.fetchall()]


_MOVES = """
SELECT f.occurred_at, fs.name, ts.name, l.code, sum(g.quantity)::bigint
FROM stock_leg g JOIN stock_lot l ON l.key = g.lot_id
JOIN facts_fact f ON f.organisation_id = g.organisation_id AND f.id = g.fact AND f.kind = 'stock.transferred' AND f.occurred_at >= %s::timestamptz
JOIN stock_location p ON p.key = g.location_id AND p.site_id IS DISTINCT FROM f.site_id
JOIN facts_site fs ON fs.key = f.site_id JOIN facts_site ts ON ts.key = p.site_id
WHERE g.organisation_id = %s::bigint AND l.id = ANY(%s::uuid[])
GROUP BY f.occurred_at, f.counter, fs.name, ts.name, l.code HAVING sum(g.quantity) > 0 ORDER BY f.occurred_at DESC, f.counter DESC
"""


def _moves(lots: list[uuid.UUID], since: datetime) -> list[OnTheWay]:
    with connection.cursor() as cursor:
        cursor.execute(_MOVES, [since, scope.organisation(), lots])
        return [OnTheWay(*row) for row in cursor.fetchall()]
