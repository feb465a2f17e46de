"""What of a recalled lot is still out, how it can be reached, and what has left the store at all."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models import Q

from handrail.facts import consents
from handrail.facts.models import Site
from handrail.facts.participants import survivors
from handrail.facts.queries import today
from handrail.facts.recorded import COUNTS
from handrail.kernel import scope
from handrail.kernel.access import Actor
from handrail.ledgers.stock import recalls
from handrail.ledgers.stock.models import ItemClass, Lot
from handrail.ledgers.stock.queries import lots
from handrail.ledgers.stock.recalls import Recall
from handrail.services.naloxone import rules
from handrail.services.naloxone.codes import BAGS, BOXES, CARRIED, VEHICLES, KitState, Origin
from handrail.services.naloxone.kinds.kit import CAME_BACK
from handrail.services.naloxone.mail_codes import MailState
from handrail.services.naloxone.mail_models import MailOrder
from handrail.services.naloxone.models import KitEnd, KitStep, Report
from handrail.services.naloxone.queries import lots_of
from handrail.vault.models import SealedRecord
from handrail.vault.spec import STORES

CONTACT = "vault.contact"
"""The sealed store in which stands how somebody wants to be reached, if they want to be."""
MAIL_ADDRESS = "naloxone.mail_order"
"""The sealed store in which stands where a parcel went, until it goes on schedule."""
ACCOUNTED = frozenset({KitState.USED.value, KitState.DESTROYED.value, *CAME_BACK})
"""What takes a kit off the list of a recall. Lost or taken away does not: it is still out."""


def reachable(people: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those who chose a way to be reached, and did not ask to be left alone. A merged person is reached as the survivor."""
    into = survivors()
    asked = {into.get(who, who) for who in people}
    same = asked | {who for who, survivor in into.items() if survivor in asked}
    chose = {into.get(who, who) for who in SealedRecord.objects.filter(store=CONTACT, participant__in=same).values_list("participant", flat=True)}
    wanted = {who for who in people if into.get(who, who) in chose}
    return {who for who, standing in consents.standing(wanted).items() if standing not in {"do_not_contact", "deceased"}}


def posted() -> dict[uuid.UUID, MailOrder]:
    """Parcels that did not come back and whose address is still locked away, by the hand-over that packing was."""
    locked = SealedRecord.objects.filter(store=MAIL_ADDRESS).values("participant")
    sent = MailOrder.objects.filter(supply__isnull=False, order__in=locked).exclude(state=MailState.RETURNED.value).select_related("site")
    return {order.supply: order for order in sent if order.supply is not None}


class _Sent(NamedTuple):
    """So many to people, by whom, at a place of a kind; `parcel` is the hand-over where it was one by mail that can still be reached."""

    who: uuid.UUID | None
    kind: str
    site: int
    lot: uuid.UUID
    parcel: uuid.UUID | None
    quantity: int

    @property
    def origin(self) -> Origin:
        """How it left our hands."""
        return Origin.BOX if self.kind in BOXES else Origin.BAG if self.kind in BAGS else Origin.GIVEN


_SENT = f"""
SELECT f.participant, s.kind, s.key, l.id, CASE WHEN coalesce(f.root, f.id) = ANY(%s::uuid[]) THEN coalesce(f.root, f.id) END, sum(g.quantity)::bigint
FROM stock_leg g JOIN stock_lot l ON l.key = g.lot_id JOIN stock_location p ON p.key = g.location_id AND p.kind = 'people'
JOIN facts_fact f ON f.organisation_id = g.organisation_id AND f.id = g.fact JOIN facts_site s ON s.key = f.site_id
WHERE g.organisation_id = %s::bigint AND l.id = ANY(%s::uuid[]) AND f.kind <> 'naloxone.kit' AND {COUNTS}
GROUP BY 1, 2, 3, 4, 5 HAVING sum(g.quantity) <> 0
"""  # noqa: S608  our own constant


def still_out(lot_ids: Iterable[uuid.UUID]) -> rules.StillOut:
    """What of these lots was sent out of the store and is still out, by how it can be reached (`domain/naloxone.md` 7)."""
    wanted, parcels = list(lot_ids), posted()
    sent_to, ends = _sent(wanted, parcels), _ends(wanted)
    people = {line.who for line in sent_to if line.who} | {end.participant for end in ends if end.participant}
    can = reachable(people)
    sent: dict[str, int] = {}
    for line in sent_to:
        group = _group(line.origin, line.who in can, line.parcel is not None)
        sent[group] = sent.get(group, 0) + line.quantity
    ended: dict[str, int] = {}
    for end in ends:
        group = _group(Origin(end.origin), end.participant in can, end.handed_out in parcels)
        ended[group] = ended.get(group, 0) + end.quantity
    return rules.still_out(sent, ended, _carried(wanted))


def _sent(wanted: list[uuid.UUID], parcels: Collection[uuid.UUID]) -> list[_Sent]:
    with connection.cursor() as cursor:
        cursor.execute(_SENT, [list(parcels), scope.organisation(), wanted])
        return [_Sent(*row) for row in cursor.fetchall()]


@dataclass(frozen=True)
class ToReach:
    """Somebody who has kits of a recalled lot, can be reached, and where they were given to them."""

    who: uuid.UUID
    lot: uuid.UUID
    site: uuid.UUID
    quantity: int


def to_reach(actor: Actor, lot_ids: Iterable[uuid.UUID]) -> list[ToReach]:
    """People with these lots whom this person may reach: only where they may open how somebody wants to be reached."""
    store = STORES[CONTACT]
    if not any(grant.role in store.readers for grant in actor.grants):
        return []  # whoever may open it nowhere asks the whole ledger for nothing
    wanted, into = list(lot_ids), survivors()
    ids = dict(Site.objects.values_list("key", "id"))
    left: dict[tuple[uuid.UUID, uuid.UUID], tuple[int, int]] = {}
    for line in _sent(wanted, ()):
        if line.who is not None and line.origin is Origin.GIVEN and store.may_open(actor, line.site):
            known = into.get(line.who, line.who), line.lot
            left[known] = (line.site, left.get(known, (line.site, 0))[1] + line.quantity)
    for end in _ends(wanted):
        holder = (into.get(end.participant, end.participant), end.lot) if end.participant else None
        if holder is not None and holder in left:
            left[holder] = (left[holder][0], left[holder][1] - end.quantity)
    can = reachable({who for who, _lot in left})
    return [ToReach(who, lot, ids[site], quantity) for (who, lot), (site, quantity) in left.items() if quantity > 0 and who in can]


@dataclass(frozen=True)
class InParcel:
    """So many of a lot that went by mail, and are still with whoever got them."""

    order: MailOrder
    lot: uuid.UUID
    quantity: int


def parcels_to_reach(actor: Actor, lot_ids: Iterable[uuid.UUID]) -> list[InParcel]:
    """Orders by mail with these lots in the parcel, as far as this person may open where they went."""
    wanted, parcels, store = list(lot_ids), posted(), STORES[MAIL_ADDRESS]
    left = {(line.parcel, line.lot): line.quantity for line in _sent(wanted, parcels) if line.parcel is not None}
    for end in _ends(wanted):
        if end.handed_out is not None and (end.handed_out, end.lot) in left:
            left[end.handed_out, end.lot] -= end.quantity
    found = [InParcel(parcels[parcel], lot, n) for (parcel, lot), n in left.items() if n > 0 and store.may_open(actor, parcels[parcel].site.key)]
    return sorted(found, key=lambda one: (one.order.occurred_at, one.lot))


def recalled_parcels(actor: Actor) -> list[InParcel]:
    """What the mail team has to reach because of recalls that are open."""
    whole = [recalls.find(one.id) for one in recalls.listed() if one.is_open]
    wanted = {lot for recall in whole if recall is not None for lot in lots_of_recall(recall)}
    return parcels_to_reach(actor, wanted) if wanted else []


def _group(origin: Origin, can_be_reached: bool, was_posted: bool) -> str:
    if origin is Origin.GIVEN:
        return "by_mail" if was_posted else "reachable" if can_be_reached else "anonymous"
    return {Origin.BAG: "passed_on", Origin.BOX: "taken_from_box"}.get(origin, "unknown")


def _carried(wanted: list[uuid.UUID]) -> dict[str, int]:
    kinds = dict(Site.objects.filter(kind__in=CARRIED).values_list("key", "kind"))
    found: dict[str, int] = {}
    for lot in lots(kinds):
        if lot.lot_id in wanted:
            kind = kinds[lot.site]
            group = "in_bag" if kind in BAGS else "in_vehicle" if kind in VEHICLES else "in_box"
            found[group] = found.get(group, 0) + lot.quantity
    return found


@dataclass(frozen=True)
class End:
    """What became of so many kits, with origin and holder as the chain of their codes tells them."""

    quantity: int
    lot: uuid.UUID
    origin: str
    participant: uuid.UUID | None
    handed_out: uuid.UUID | None


def _ends(wanted: list[uuid.UUID]) -> list[End]:
    """Ends of these lots. A kit with a code ends once, however often it is told; so does one that a report and an event tell of."""
    accounted = KitEnd.objects.filter(event__in=ACCOUNTED, ours=False)
    of_these = Q(lot__in=wanted) | Q(lot=None, code__in=KitStep.objects.filter(lot__in=wanted).values("code"))
    rows = list(accounted.filter(of_these).order_by("occurred_at", "counter", "key"))
    steps = _handed_out({row.code for row in rows if row.code})
    lots_by_code = lots_of({row.code for row in rows if row.code})
    of_reports = set(Report.objects.filter(fact__in={row.fact for row in rows}).values_list("fact", flat=True))
    events = accounted.filter(report__in={row.report for row in rows if row.report}).exclude(fact__in=Report.objects.values("fact"))
    told = set(events.values_list("report", flat=True))
    found: list[End] = []
    seen: set[str] = set()
    for row in rows:
        lot = row.lot or lots_by_code.get(row.code)
        if lot not in wanted or row.code in seen or (not row.code and row.fact in of_reports and row.report in told):
            continue
        if row.code:
            seen.add(row.code)
        step = steps.get(row.code)
        origin = row.origin if row.origin != Origin.UNKNOWN or step is None else _origin_of(step)
        found.append(End(row.quantity, lot, origin, row.participant if step is None else step.participant, row.supply if step is None else step.fact))
    return found


def _handed_out(codes: Collection[str]) -> dict[str, KitStep]:
    """The step in which each of these kits left our hands."""
    left = (KitState.WITH_HOLDER.value, KitState.PASSED_ON.value)
    steps = KitStep.objects.filter(code__in=codes, state__in=left).select_related("site").order_by("-occurred_at", "-counter")
    return {step.code: step for step in steps if step.site is not None}


def _origin_of(step: KitStep) -> str:
    kind = step.site.kind if step.site else ""
    return (Origin.BAG if kind in BAGS else Origin.BOX if kind in BOXES else Origin.GIVEN).value


_LONG_GONE = timedelta(days=365)
"""Nobody is asked about a kit that expired so long ago."""


def expiring(within_days: int) -> list[uuid.UUID]:
    """Lots of naloxone that expire within so many days or did lately: what people have of them wants swapping."""
    day = today()
    found = Lot.objects.filter(item__item_class=ItemClass.NALOXONE, expiry__lte=day + timedelta(days=within_days), expiry__gte=day - _LONG_GONE)
    return list(found.values_list("id", flat=True))


def lots_of_recall(recall: Recall) -> list[uuid.UUID]:
    """The lots of naloxone that a recall stops; none where it is about something else."""
    named = {row.lot for row in recall.remaining} | {lot.id for lot in (*recall.lots, *recall.kit_lots)}
    return list(Lot.objects.filter(id__in=named, item__item_class=ItemClass.NALOXONE).values_list("id", flat=True))


_LEFT = """
SELECT coalesce(sum(CASE WHEN f.at <= %(since)s::timestamptz THEN f.net ELSE greatest(f.net, 0) END), 0)::bigint FROM (
  SELECT g.fact, min(g.at) AS at, sum(g.quantity) AS net
  FROM stock_leg g JOIN stock_lot l ON l.key = g.lot_id JOIN stock_location p ON p.key = g.location_id LEFT JOIN facts_site s ON s.key = p.site_id
  WHERE g.organisation_id = %(organisation)s::bigint AND l.id = ANY(%(lots)s::uuid[]) AND (p.kind = 'people' OR (p.kind = 'site' AND s.kind = ANY(%(carried)s::text[])))
  GROUP BY 1
) f
"""


def left_the_store(lot_ids: Iterable[uuid.UUID], since: datetime) -> int:
    """What had left the store when a recall began and had not come back, and what left it afterwards in spite of it. From a bag into a hand is no way out."""
    with connection.cursor() as cursor:
        cursor.execute(_LEFT, {"since": since, "organisation": scope.organisation(), "lots": list(lot_ids), "carried": sorted(CARRIED)})
        return int(cursor.fetchone()[0])


def of_recall(recall: Recall) -> rules.StillOut | None:
    """What of a recall is still out; None where it is not about naloxone. A kit that came back to a bag was sent once, and is out."""
    wanted = lots_of_recall(recall)
    return still_out(wanted).of(left_the_store(wanted, recall.since)) if wanted else None
