"""What screens read from the naloxone room."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection
from django.db.models import Case, Q, QuerySet, When

from handrail.facts.fold import Recorded, read_facts
from handrail.facts.models import Fact, Site
from handrail.facts.recorded import COUNTS
from handrail.kernel import scope
from handrail.kernel.access import Actor
from handrail.ledgers.stock.models import Item, ItemClass, KitComponent, Lot, LotHold, RecallClosing
from handrail.ledgers.stock.queries import ShelfLot, lots
from handrail.services.naloxone.codes import BAGS, BOXES, VEHICLES, KitState
from handrail.services.naloxone.models import Double, Given, KitStep, KitVersion, Report

OVERVIEW = "naloxone.overview"
"""The permission to read what a coordinator reads, at a place or everywhere."""


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


def life(code: str, actor: Actor | None = None) -> list[KitStep]:
    """Every step of a kit, the first one first; for an actor only if it ever was at a place of theirs."""
    return list(_seen_by(actor).filter(code=code).select_related("site").order_by("occurred_at", "counter"))


def _seen_by(actor: Actor | None) -> QuerySet[KitStep]:
    theirs = Q() if actor is None else actor.filter(OVERVIEW)
    return KitStep.objects.filter(code__in=KitStep.objects.filter(theirs).values("code")) if theirs else KitStep.objects.all()


def held_since(lot_ids: Collection[uuid.UUID], at: datetime) -> list[Lot]:
    """Those of these lots that a recall stopped by then, by the number on the box; a recall that was lifted stops nothing."""
    lifted = RecallClosing.objects.filter(outcome="lifted").values("recall")
    stopped = Lot.objects.filter(id__in=LotHold.objects.filter(since__lte=at).exclude(recall__in=lifted).values("lot")).values_list("item", "code")
    held = set(stopped) if lot_ids else set()
    return [lot for lot in Lot.objects.filter(id__in=lot_ids).select_related("item") if (lot.item_id, lot.code) in held]


def lot_of(code: str) -> uuid.UUID | None:
    """The lot of a kit, from whatever step told it last."""
    return lots_of([code]).get(code)


def lots_of(codes: Collection[str]) -> dict[str, uuid.UUID]:
    """The lots of kits, by code, as far as any step told them."""
    steps = KitStep.objects.filter(code__in=codes, lot__isnull=False).order_by("occurred_at", "counter")
    return {step.code: step.lot for step in steps if step.lot is not None}


def states(actor: Actor | None = None) -> dict[str, int]:
    """How many kits with a code are in each state now; of an actor, those that ever were at a place of theirs."""
    found: dict[str, int] = {}
    for state in _seen_by(actor).order_by("code", _ENDS, "-occurred_at", "-counter").distinct("code").values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


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
    lots: tuple[ShelfLot, ...] = ()
    """What may be handed out, lot by lot, the first to expire first."""


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
        sum(lot.quantity for lot in here if lot.is_held), first is not None and (first - today).days <= short_days, tuple(lot for lot in usable if lot.quantity > 0),
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


def replaced(roots: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of these reports (by the first fact of their chain) whose new kit was given."""
    given = Fact.objects.filter(kind="naloxone.supply", about__in=roots, id__in=Given.objects.values("fact"))
    return set(given.values_list("about", flat=True))


def to_replace(actor: Actor, site: Site, root: uuid.UUID) -> Report | None:
    """The report at this place for which somebody still wants a new kit; None if there is none, or it has one."""
    found: Report | None = reports(actor).filter(root=root, site=site, replacement_wanted=True).first()
    return None if found is None or replaced([root]) else found


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
