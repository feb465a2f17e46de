"""What screens read from the naloxone room."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection
from django.db.models import Case, Q, QuerySet, When

from handrail.facts import consents
from handrail.facts.fold import Recorded, read_facts
from handrail.facts.models import Site
from handrail.facts.participants import survivors
from handrail.facts.recorded import COUNTS
from handrail.kernel import scope
from handrail.kernel.access import Actor
from handrail.ledgers.stock.models import Item, ItemClass, KitComponent, Lot
from handrail.ledgers.stock.queries import ShelfLot, lots
from handrail.ledgers.stock.recalls import Recall
from handrail.services.naloxone import rules
from handrail.services.naloxone.codes import BAGS, BOXES, CARRIED, VEHICLES, KitState, Origin
from handrail.services.naloxone.kinds.kit import CAME_BACK
from handrail.services.naloxone.models import Double, KitEnd, KitStep, KitVersion, Report
from handrail.vault.models import SealedRecord
from handrail.vault.spec import STORES

CONTACT = "vault.contact"
"""The sealed store in which stands how somebody wants to be reached, if they want to be."""
ACCOUNTED = frozenset({KitState.USED.value, KitState.DESTROYED.value, *CAME_BACK})
"""What takes a kit off the list of a recall. Lost or taken away does not: it is still out."""


def items() -> list[Item]:
    """Every item of naloxone, in the order of the catalogue."""
    return list(Item.objects.filter(item_class=ItemClass.NALOXONE))


# -- what a kit is -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kit:
    """What an item is: its product and route where they are known, its doses, and whether it is a single dose."""

    item: str
    product: str
    route: str
    doses: int
    is_loose: bool


def kits() -> dict[str, Kit]:
    """Every item of naloxone as its kit version says; without one, by the doses among its parts, or as a single dose."""
    found = items()
    versions = {version.item_id: version for version in KitVersion.objects.all()}
    inside: dict[int, int] = {}
    for kit, quantity in KitComponent.objects.filter(component__item_class=ItemClass.NALOXONE).values_list("kit_id", "quantity"):
        inside[kit] = inside.get(kit, 0) + quantity
    return {item.code: _kit(item, versions.get(item.key), inside.get(item.key, 0)) for item in found}


def _kit(item: Item, version: KitVersion | None, parts: int) -> Kit:
    if version is None:
        return Kit(item.code, "", "", parts or 1, is_loose=not parts)
    return Kit(item.code, version.product, route_of(version.product), version.doses_per_kit, version.is_loose)


def route_of(product: str) -> str:
    """`nasal` or `im`; empty where the product is not said."""
    return "" if not product else "im" if product.startswith("im_") else "nasal"


# -- where a kit is ----------------------------------------------------------------------------------------------------


_ENDS = Case(When(state__in=(KitState.USED.value, KitState.DESTROYED.value), then=1), default=0).desc()
"""What is used or destroyed stays so: the moments of reports are coarse, and may lie before the hand-over of the same day."""


def kit(code: str) -> KitStep | None:
    """Where a kit with this code is now; None if nobody ever wrote it down."""
    return KitStep.objects.filter(code=code).select_related("site").order_by(_ENDS, "-occurred_at", "-counter").first()


def life(code: str) -> list[KitStep]:
    """Every step of a kit, the first one first."""
    return list(KitStep.objects.filter(code=code).select_related("site").order_by("occurred_at", "counter"))


def lot_of(code: str) -> uuid.UUID | None:
    """The lot of a kit, from whatever step told it last."""
    return lots_of([code]).get(code)


def lots_of(codes: Collection[str]) -> dict[str, uuid.UUID]:
    """The lots of kits, by code, as far as any step told them."""
    steps = KitStep.objects.filter(code__in=codes, lot__isnull=False).order_by("occurred_at", "counter")
    return {step.code: step.lot for step in steps if step.lot is not None}


def states() -> dict[str, int]:
    """How many kits with a code are in each state now."""
    found: dict[str, int] = {}
    for state in KitStep.objects.order_by("code", _ENDS, "-occurred_at", "-counter").distinct("code").values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


# -- what of a recalled lot is still out -------------------------------------------------------------------------------


def reachable(people: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those who chose a way to be reached, and did not ask to be left alone. A merged person is reached as the survivor."""
    into = survivors()
    asked = {into.get(who, who) for who in people}
    same = asked | {who for who, survivor in into.items() if survivor in asked}
    chose = {into.get(who, who) for who in SealedRecord.objects.filter(store=CONTACT, participant__in=same).values_list("participant", flat=True)}
    wanted = {who for who in people if into.get(who, who) in chose}
    return {who for who, standing in consents.standing(wanted).items() if standing not in {"do_not_contact", "deceased"}}


_SENT = f"""
SELECT f.participant, s.kind, s.key, sum(g.quantity)::bigint
FROM stock_leg g JOIN stock_lot l ON l.key = g.lot_id JOIN stock_location p ON p.key = g.location_id AND p.kind = 'people'
JOIN facts_fact f ON f.organisation_id = g.organisation_id AND f.id = g.fact JOIN facts_site s ON s.key = f.site_id
WHERE g.organisation_id = %s::bigint AND l.id = ANY(%s::uuid[]) AND f.kind <> 'naloxone.kit' AND {COUNTS}
GROUP BY 1, 2, 3 HAVING sum(g.quantity) <> 0
"""  # noqa: S608  our own constant


def still_out(lot_ids: Iterable[uuid.UUID]) -> rules.StillOut:
    """What of these lots was sent out of the store and is still out, by how it can be reached (`domain/naloxone.md` 7)."""
    wanted = list(lot_ids)
    sent_to, ends = _sent(wanted), _ends(wanted)
    people = {who for who, _kind, _site, _n in sent_to if who} | {end.participant for end in ends if end.participant}
    can = reachable(people)
    sent: dict[str, int] = {}
    for who, kind, _site, quantity in sent_to:
        group = _group(Origin.BOX if kind in BOXES else Origin.BAG if kind in BAGS else Origin.GIVEN, who, can)
        sent[group] = sent.get(group, 0) + quantity
    ended: dict[str, int] = {}
    for end in ends:
        group = _group(Origin(end.origin), end.participant, can)
        ended[group] = ended.get(group, 0) + end.quantity
    return rules.still_out(sent, ended, _carried(wanted))


def _sent(wanted: list[uuid.UUID]) -> list[tuple[uuid.UUID | None, str, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_SENT, [scope.organisation(), wanted])
        return list(cursor.fetchall())


@dataclass(frozen=True)
class ToReach:
    """Somebody who has kits of a recalled lot, can be reached, and where it was given to them."""

    who: uuid.UUID
    site: uuid.UUID
    quantity: int


def to_reach(actor: Actor, lot_ids: Iterable[uuid.UUID]) -> list[ToReach]:
    """People with these lots whom this person may reach: only where they may open how somebody wants to be reached."""
    wanted, into, store = list(lot_ids), survivors(), STORES[CONTACT]
    ids = dict(Site.objects.values_list("key", "id"))
    left: dict[uuid.UUID, tuple[int, int]] = {}
    for who, kind, site, quantity in _sent(wanted):
        if who is not None and kind not in BAGS | BOXES and store.may_open(actor, site):
            known = into.get(who, who)
            left[known] = (site, left.get(known, (site, 0))[1] + quantity)
    for end in _ends(wanted):
        holder = into.get(end.participant, end.participant) if end.participant else None
        if holder is not None and holder in left:
            left[holder] = (left[holder][0], left[holder][1] - end.quantity)
    can = reachable(left)
    return [ToReach(who, ids[site], quantity) for who, (site, quantity) in left.items() if quantity > 0 and who in can]


def _group(origin: Origin, who: uuid.UUID | None, can: Collection[uuid.UUID]) -> str:
    if origin is Origin.GIVEN:
        return "reachable" if who in can else "anonymous"
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
    origin: str
    participant: uuid.UUID | None


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
        found.append(End(row.quantity, origin, row.participant if step is None else step.participant))
    return found


def _handed_out(codes: Collection[str]) -> dict[str, KitStep]:
    """The step in which each of these kits left our hands."""
    left = (KitState.WITH_HOLDER.value, KitState.PASSED_ON.value)
    steps = KitStep.objects.filter(code__in=codes, state__in=left).select_related("site").order_by("-occurred_at", "-counter")
    return {step.code: step for step in steps if step.site is not None}


def _origin_of(step: KitStep) -> str:
    kind = step.site.kind if step.site else ""
    return (Origin.BAG if kind in BAGS else Origin.BOX if kind in BOXES else Origin.GIVEN).value


def lots_of_recall(recall: Recall) -> list[uuid.UUID]:
    """The lots of naloxone that a recall stops; none where it is about something else."""
    named = {row.lot for row in recall.remaining} | {lot.id for lot in (*recall.lots, *recall.kit_lots)}
    return list(Lot.objects.filter(id__in=named, item__item_class=ItemClass.NALOXONE).values_list("id", flat=True))


def of_recall(recall: Recall) -> rules.StillOut | None:
    """What of a recall is still out; None where it is not about naloxone."""
    wanted = lots_of_recall(recall)
    return still_out(wanted) if wanted else None


# -- bags --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class InBag:
    """One item in a bag, box or van: how many may be handed out, what expires first, and what must not be given."""

    item: Item
    kit: Kit
    available: int
    first_expiry: date | None
    expired: int
    held: int
    is_short: bool


def inside(site: Site, short_days: int) -> list[InBag]:
    """What naloxone is at a place, item by item, those that are there first."""
    there: dict[str, list[ShelfLot]] = {}
    for lot in lots([site.key]):
        there.setdefault(lot.item, []).append(lot)
    today, known = site.today, kits()
    found = [_in_bag(item, known[item.code], there.get(item.code, []), today, short_days) for item in items() if item.is_active or item.code in there]
    return sorted(found, key=lambda one: not (one.available or one.expired or one.held))


def _in_bag(item: Item, what: Kit, here: list[ShelfLot], today: date, short_days: int) -> InBag:
    usable = [lot for lot in here if not lot.is_expired(today) and not lot.is_held]
    first = min((lot.expiry for lot in usable if lot.expiry and lot.quantity > 0), default=None)
    return InBag(
        item, what, sum(lot.quantity for lot in usable), first, sum(lot.quantity for lot in here if lot.is_expired(today) and not lot.is_held),
        sum(lot.quantity for lot in here if lot.is_held), first is not None and (first - today).days <= short_days,
    )


def places(actor: Actor, permission: str = "naloxone.give") -> list[Site]:
    """Places where somebody may hand out, bags and vans first."""
    found = Site.objects.filter(actor.filter(permission, "key"), is_active=True).exclude(kind__in=BOXES)
    return sorted(found, key=lambda site: (site.kind not in BAGS, site.kind not in VEHICLES, site.name))


def shelves(actor: Actor) -> list[tuple[Site, ShelfLot]]:
    """Lots of naloxone on the shelves where somebody hands out, that may be handed out: place by place, the first to expire first."""
    here, known = {site.key: site for site in places(actor)}, {item.code for item in items()}
    found = [lot for lot in lots(here) if lot.item in known and lot.quantity > 0 and not lot.is_unknown and not lot.is_held]
    return [(here[lot.site], lot) for lot in found if not lot.is_expired(here[lot.site].today)]


# -- reports -----------------------------------------------------------------------------------------------------------


def reports(actor: Actor, since: datetime | None = None) -> QuerySet[Report]:
    """Reports of the places where somebody may read them, the latest first."""
    found = Report.objects.filter(actor.filter("naloxone.report")).select_related("site").order_by("-occurred_at")
    return found if since is None else found.filter(occurred_at__gte=since)


def doubles() -> dict[uuid.UUID, uuid.UUID]:
    """For each report that tells again what another tells, the one that counts; both by the first fact of their chain."""
    last = Double.objects.order_by("report", "-counter").distinct("report").values_list("report", "same_as")
    return {report: same_as for report, same_as in last if same_as is not None}


def fact(fact: uuid.UUID, kind: str) -> Recorded | None:
    """A fact of this kind, if it counts."""
    with connection.cursor() as cursor:
        found = list(read_facts(cursor, scope.organisation(), f"f.id = %s::uuid AND f.kind = %s::text AND {COUNTS}", [fact, kind]))
    return found[0] if found else None


def names() -> Mapping[str, str]:
    """Every item of naloxone by its code, in the language of the moment."""
    return {item.code: item.label for item in items()}
