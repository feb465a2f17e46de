"""Boxes, bags and vans that want filling. Of a box nobody knows what was taken until somebody looks, so what is left in it is worked out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Min, Q, Sum

from handrail.facts.models import Site
from handrail.facts.spec import Text
from handrail.kernel import clock
from handrail.ledgers.stock import forecast, queries, values
from handrail.ledgers.stock.models import Leg
from handrail.services.naloxone import rules
from handrail.services.naloxone.codes import BOXES, CARRIED
from handrail.services.naloxone.queries import kits

_KNOWN_FROM = 365
"""So many days back are looked at for how fast a box empties."""


@dataclass(frozen=True)
class ToRefill:
    """A box, bag or van that has less to give of something than goes out in the time an order takes. Of a box it is worked out, so `is_guess`."""

    site: Site
    items: list[tuple[Text, int]]
    is_guess: bool = False
    seen: datetime | None = None
    """When something in a box moved last: it was filled, or somebody counted what was taken."""


def to_refill(sites: Sequence[Site]) -> list[ToRefill]:
    """Places that want filling, boxes first: nobody stands there to say that one is empty."""
    carried = [site for site in sites if site.kind in CARRIED and site.is_active]
    what, lots = kits(), queries.lots(site.key for site in carried)
    there = _there(lots, carried)
    names = queries.item_names()
    by_hand = [site for site in carried if site.kind not in BOXES]
    low = forecast.low(lots, by_hand)
    found = [ToRefill(site, [(names[item], max(0, there.get((site.key, item), 0))) for item in sorted(low.get(site.key, set()) & what.keys())]) for site in by_hand]
    boxes = _boxes([site for site in carried if site.kind in BOXES], there, what, names)
    return [*sorted(boxes, key=lambda one: one.site.name), *sorted((one for one in found if one.items), key=lambda one: one.site.name)]


def _there(lots: Iterable[queries.ShelfLot], sites: Iterable[Site]) -> dict[tuple[int, str], int]:
    days, there = {site.key: site.today for site in sites}, dict[tuple[int, str], int]()
    for lot in lots:
        if not lot.is_held and not lot.is_expired(days[lot.site]):
            there[lot.site, lot.item] = there.get((lot.site, lot.item), 0) + lot.quantity
    return there


def _boxes(boxes: Sequence[Site], there: Mapping[tuple[int, str], int], what: Collection[str], names: Mapping[str, Text]) -> list[ToRefill]:
    now, lead = clock.now(), values.LEAD_TIME_DAYS.read().value
    legs = Leg.objects.filter(site__in=boxes, lot__item__code__in=list(what), at__gte=now - timedelta(days=_KNOWN_FROM), at__lte=now)
    moved = legs.values("site", "lot__item__code").order_by().annotate(
        used=Sum("quantity", filter=Q(location__kind="people")), first=Min("at"), last=Max("at"),
    )
    filled = Leg.objects.filter(location__site__in=boxes, lot__item__code__in=list(what), at__gte=now - timedelta(days=_KNOWN_FROM), at__lte=now)
    put_in = {(one["location__site"], one["lot__item__code"]): one for one in filled.values("location__site", "lot__item__code").order_by().annotate(first=Min("at"), last=Max("at"))}
    used = {(one["site"], one["lot__item__code"]): one for one in moved}
    found = []
    for box in boxes:
        items, seen = [], None
        for item in sorted(what):
            of = [one for one in (used.get((box.key, item)), put_in.get((box.key, item))) if one]
            if not of:
                continue
            first, last = min(one["first"] for one in of), max(one["last"] for one in of)
            taken = (used.get((box.key, item)) or {}).get("used") or 0
            if not taken and there.get((box.key, item), 0) <= 0:
                continue  # it was taken out again, and nobody misses it
            left = rules.left_in_box(there.get((box.key, item), 0), taken, last - first, now - last)
            seen = max(seen or last, last)
            if rules.wants_filling(left, taken, last - first, now - last, lead):
                items.append((names[item], int(left)))
        if items:
            found.append(ToRefill(box, items, is_guess=True, seen=clock.local(seen, box.time_zone) if seen else None))
    return found
