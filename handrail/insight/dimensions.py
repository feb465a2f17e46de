"""The small tables beside the facts: sites, items, who stands for whom, what does not count, estimates, days without naloxone."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from handrail.facts.models import Participant, Site
from handrail.insight.models import DeathCount, SizeEstimate
from handrail.insight.outside import in_force
from handrail.insight.values import GROUPS
from handrail.ledgers.stock.models import Item, ItemClass, KitComponent
from handrail.services.naloxone import counted
from handrail.services.naloxone.queries import Kit, kits

NALOXONE = ("naloxone_kits", "naloxone_doses", "naloxone_nasal", "naloxone_im", "naloxone_other")
"""How many kits of naloxone, doses, and kits of each route one unit of an item is. Single doses are no kits (`domain/naloxone.md` 4)."""
DIMENSIONS: dict[str, pa.Schema] = {
    "sites": pa.schema([(n, pa.string()) for n in ("id", "name", "kind", "time_zone", "area", "setting", "provider_type", "closed_setting")]),
    "items": pa.schema(
        [("code", pa.string()), ("item_class", pa.string()), ("counts_as_ns", pa.int64()), ("name", pa.string()), ("whole", pa.int64()),
         ("barrels", pa.int64()), ("needles", pa.int64()), *((group.key, pa.int64()) for group in GROUPS), *((name, pa.int64()) for name in NALOXONE), ("product", pa.string())]
    ),
    "survivors": pa.schema([("participant", pa.string()), ("survivor", pa.string())]),
    "asides": pa.schema([("fact", pa.string()), ("reason", pa.string()), ("is_open", pa.bool_()), ("counter", pa.int64())]),
    "estimates": pa.schema(
        [("population", pa.string()), ("level", pa.string()), ("area", pa.string()), ("value", pa.int64()), ("low", pa.int64()),
         ("high", pa.int64()), ("method", pa.string()), ("year", pa.int64()), ("source", pa.string())]
    ),
    "out_of_stock": pa.schema([("site", pa.string()), ("product", pa.string()), ("starts_on", pa.date32()), ("ends_before", pa.date32())]),
    "recalls": pa.schema([("recall", pa.string()), ("began_on", pa.date32()), ("sent", pa.int64()), ("accounted", pa.int64())]),
    "deaths": pa.schema(
        [("level", pa.string()), ("area", pa.string()), ("starts_on", pa.date32()), ("ends_before", pa.date32()), ("value", pa.int64()), ("source", pa.string())]
    ),
}


def rows(sites: Sequence[Sequence[Any]], asides: Sequence[Sequence[Any]]) -> dict[str, Sequence[Sequence[Any]]]:
    """Every dimension's rows, of the organisation in scope. Sites and asides were read before, with the watermark."""
    estimates = in_force(SizeEstimate).order_by("population", "level", "area", "year", "key")
    return {
        "sites": [(str(site[0]), *site[1:]) for site in sites],
        "items": items(),
        "survivors": sorted((str(person), str(survivor)) for person, survivor in survivors().items()),
        "asides": [*asides, *counted.told_twice()],
        "estimates": list(estimates.values_list(*DIMENSIONS["estimates"].names)),
        "out_of_stock": counted.out_of_stock(),
        "recalls": counted.recalled(),
        "deaths": list(in_force(DeathCount).order_by("level", "area", "starts_on", "ends_before", "key").values_list(*DIMENSIONS["deaths"].names)),
    }


def sites() -> list[Sequence[Any]]:
    """The sites of the organisation in scope, in the order of the dimension."""
    return list(Site.objects.order_by("id").values_list(*DIMENSIONS["sites"].names))


def items() -> list[tuple[Any, ...]]:
    """The catalogue: for each unit of an item how many whole syringes, barrels, loose needles, condoms and so on it is, kits by their parts."""
    parts: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for kit, component, quantity in KitComponent.objects.values_list("kit_id", "component_id", "quantity"):
        parts[kit].append((component, quantity))
    found = list(Item.objects.order_by("code"))
    groups = [set(group.read().value) for group in GROUPS]
    single = {item.key: (*_apart(item), *(int(item.code in codes) for codes in groups)) for item in found}
    made = []
    known = kits()
    for item in found:
        apart = single[item.key]
        if item.key in parts:
            apart = tuple(sum(single[component][place] * quantity for component, quantity in parts[item.key]) for place in range(len(apart)))
        made.append((item.code, item.item_class, item.counts_as_ns, item.name, *apart, *_naloxone(known.get(item.code))))
    return made


def _naloxone(kit: Kit | None) -> tuple[Any, ...]:
    """Of an item: kits, doses, kits by route, and the product where it is said; nothing of what is no naloxone."""
    if kit is None:
        return (*(0,) * len(NALOXONE), "")
    whole = int(not kit.is_loose)
    return whole, kit.doses, whole * (kit.route == "nasal"), whole * (kit.route == "im"), whole * (kit.route == ""), kit.product


def _apart(item: Item) -> tuple[int, ...]:
    """Whole, barrels, needles of one unit that is no kit of parts."""
    if item.item_class == ItemClass.NEEDLE:
        return 0, 0, 1
    return (0, 1, 0) if item.item_class == ItemClass.BARREL else (item.counts_as_ns, 0, 0)


def survivors() -> dict[uuid.UUID, uuid.UUID]:
    """For everybody who was merged, the participant who stands for them in the end: a survivor may be merged too."""
    into = dict(Participant.objects.exclude(merged_into=None).values_list("id", "merged_into"))
    found = {}
    for person, survivor in into.items():
        seen = {person}
        while survivor in into and survivor not in seen:
            seen.add(survivor)
            survivor = into[survivor]
        if survivor not in seen:
            found[person] = survivor
    return found
