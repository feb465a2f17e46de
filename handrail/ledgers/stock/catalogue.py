"""The catalogue's commands: what is handed out, what a kit is made of, what counts as a needle-syringe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from handrail.facts.queries import today
from handrail.facts.record import Refusal
from handrail.kernel import audit, commands
from handrail.kernel.access import Actor
from handrail.ledgers.stock import rules
from handrail.ledgers.stock.commands import Traits, add_item
from handrail.ledgers.stock.models import NEEDLE_SYRINGE_CLASSES, Item, ItemClass, KitComponent, Leg

MOST_LETTERS = 80
"""Letters of a name, in whatever language."""
_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_COST = re.compile(r"[0-9]{1,8}([.,][0-9]{1,4})?")


def has_moved(item: Item) -> bool:
    """Whether anything of it was ever moved: then past numbers depend on what it counts as."""
    return Leg.objects.filter(lot__item=item).exists()


def check(
    code: str, name: str, item_class: str, pack_size: int, names: Mapping[str, str] | None = None, traits: Traits | None = None
) -> list[tuple[str, str]]:
    """What is wrong with an item as typed: (field, sentence) pairs; a name in another language is the field `name-<language>`."""
    found = []
    if not _CODE.fullmatch(code) or len(code) > 60:
        found.append(("code", _("Small letters, digits and hyphens, such as syringe-1ml-29g.")))
    if not name.strip() or len(name) > MOST_LETTERS:
        found.append(("name", _("Write the name that workers see, up to 80 letters.")))
    for language, other in (names or {}).items():
        if len(other) > MOST_LETTERS:
            found.append((f"name-{language}", _("Write the name that workers see, up to 80 letters.")))
    if item_class not in ItemClass.values:
        found.append(("item_class", _("Choose what sort of thing it is.")))
    if not 1 <= pack_size <= 100_000:
        found.append(("pack_size", _("Write how many come in a pack, as a whole number.")))
    if traits is not None and traits.unit_cost is not None and not re.fullmatch("[A-Z]{3}", traits.currency):
        found.append(("currency", _("Write the currency as three capital letters, such as KES.")))
    if traits is not None and traits.unit_cost is None and traits.currency:
        found.append(("unit_cost", _("Write what one piece costs, or leave the currency empty.")))
    return found


def cost(typed: str) -> Decimal | None:
    """What one piece costs, as typed: up to four decimals, exact; empty is not known. Raises `Refusal`."""
    if not typed:
        return None
    if not _COST.fullmatch(typed):
        raise Refusal([("unit_cost", _("Write what one piece costs as a number such as 0.07, with up to four decimals."))])
    return Decimal(typed.replace(",", "."))


@transaction.atomic
def create(
    *, actor: Actor, code: str, name: str, item_class: str, pack_size: int, parts: Mapping[str, int] | None = None, position: int | None = None,
    names: Mapping[str, str] | None = None, traits: Traits = Traits(),  # noqa: B008  frozen
) -> Item:
    """A new item at the end of the list, with its names in other languages and its parts if it is a kit."""
    problems = check(code, name, item_class, pack_size, names, traits)
    if Item.objects.filter(code=code).exists():
        problems.append(("code", _("There is an item “%s” already.") % code))
    if problems:
        raise Refusal(problems)
    if position is None:
        last = Item.objects.aggregate(last=Max("position"))["last"]
        position = min(32_000, (last if last is not None else -1) + 1)
    item = add_item(
        actor=actor, code=code, name=name.strip(), item_class=item_class, pack_size=pack_size, position=position, names=_filled(names or {}), traits=traits,
    )
    if parts:
        set_parts(actor=actor, kit=item, parts=parts)
    return item


@transaction.atomic
def update(
    *, actor: Actor, item: Item, name: str, item_class: str, pack_size: int, is_active: bool, names: Mapping[str, str] | None = None,
    traits: Traits | None = None,
) -> Item:
    """Rename, retire or bring back, with the day it happened; the class only while nothing of it moved.

    `traits` none: they stay. `names` says the names of some languages, an empty one takes it away; those of other languages stay.
    """
    problems = check(item.code, name, item_class, pack_size, names, traits)
    kits = list(Item.objects.filter(components__component=item))
    if item_class != item.item_class and any(has_moved(one) for one in (item, *kits)):
        problems.append(("item_class", _("It was handed out or received already, and past numbers use its class. Retire it and add a new one.")))
    if problems:
        raise Refusal(problems)
    changed = {
        "name": name.strip(), "names": _filled({**item.names, **(names or {})}), "item_class": item_class, "pack_size": pack_size,
        "is_active": is_active, **(traits.columns if traits else {}),
    }
    if is_active != item.is_active:
        changed |= {"active_from": today(), "active_to": None} if is_active else {"active_to": today()}
    changed = {field: value for field, value in changed.items() if getattr(item, field) != value}
    if changed:
        commands.change(item, actor=actor, **changed)
    if "item_class" in changed:
        recount(actor=actor, item=item)
        for kit in kits:
            recount(actor=actor, item=kit)
    return item


def _filled(names: Mapping[str, str]) -> dict[str, str]:
    """The names that are not empty."""
    return {language: name.strip() for language, name in names.items() if name.strip()}


@transaction.atomic
def set_parts(*, actor: Actor, kit: Item, parts: Mapping[str, int]) -> None:
    """What one kit is made of. Fixed once a kit moved: what it counts as must stay true for the past."""
    now = {part.component.code: part.quantity for part in KitComponent.objects.filter(kit=kit).select_related("component")}
    wanted = {code: quantity for code, quantity in parts.items() if quantity}
    if now == wanted:
        return
    if has_moved(kit):
        raise Refusal([("parts", _("Kits of this sort were made or received already. Retire it and add a new kit."))])
    items = {item.code: item for item in Item.objects.filter(code__in=wanted)}
    for code, quantity in wanted.items():
        if code not in items or quantity < 0 or quantity > 10_000:
            raise Refusal([("parts", _("Write how many, as whole numbers."))])
        if code == kit.code or KitComponent.objects.filter(kit=items[code]).exists():
            raise Refusal([("parts", _("“%s” is a kit itself; write its parts instead.") % items[code].label)])
    if wanted and KitComponent.objects.filter(component=kit).exists():
        raise Refusal([("parts", _("It is a part of another kit; a kit cannot be inside a kit."))])
    KitComponent.objects.filter(kit=kit).delete()
    for code, quantity in wanted.items():
        KitComponent.objects.create(organisation_id=actor.organisation, kit=kit, component=items[code], quantity=quantity)
    audit.write("stock.kit.parts", actor=actor, object_kind="stock.item", object_id=kit.code, detail={"before": now, "after": dict(wanted)})
    recount(actor=actor, item=kit)


def recount(*, actor: Actor, item: Item) -> None:
    """Store what one unit counts as: by class, or the sum over the parts of a kit (`domain/exchange.md` 2)."""
    parts = list(KitComponent.objects.filter(kit=item).values_list("component__counts_as_ns", "quantity"))
    counts = rules.needles_in(parts) if parts else int(item.item_class in NEEDLE_SYRINGE_CLASSES)
    if counts != item.counts_as_ns:
        commands.change(item, actor=actor, counts_as_ns=counts)
