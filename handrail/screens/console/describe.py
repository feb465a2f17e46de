"""A fact in words, from its kind's own labels."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from pydantic import BaseModel

from handrail.facts.fold import Recorded
from handrail.facts.models import Site
from handrail.facts.spec import Line, field_info
from handrail.kernel.access import Actor
from handrail.screens.console import fields


def sentences(fact: Recorded, item_names: Mapping[str, str], *, without: Collection[str] = ()) -> list[str]:
    """One short sentence for each filled field; lines say “30 × Syringe”. Ids without a name are left out, and ticks nobody ticked.

    `item_names` are names of items by code, and of places by id; `without` names fields that are said in another way.
    """
    if fact.parsed is None:
        return [_("This version cannot read it.")]
    found: list[str] = []
    for name, value in fact.parsed:
        if isinstance(value, tuple) and value and isinstance(value[0], Line):
            found.extend(_line(line, item_names) for line in value)
        elif name not in without and not _is_silent(fact.parsed, name, value, item_names):
            said = _value(fact.parsed, name, value, item_names)
            found.append(f"{field_info(type(fact.parsed), name)['label']}: {said}")
    return found


def named_places(actor: Actor) -> dict[str, str]:
    """Names of places by id; one where people are held is named only to those who have a role there."""
    return {str(site.id): site.name for site in Site.objects.all() if not site.closed_setting or actor.may("visit.read", site.key)}


def _is_silent(payload: BaseModel, name: str, value: Any, item_names: Mapping[str, str]) -> bool:
    """Nothing to say: empty, an id of nothing known, our own bookkeeping, or a tick that is simply not ticked (“no” is an answer only where asked)."""
    if value is None or value == () or (isinstance(value, uuid.UUID) and str(value) not in item_names) or name.endswith("_version"):
        return True
    return value is False and fields.shape(type(payload), name).widget == "tick"


def _line(line: Any, item_names: Mapping[str, str]) -> str:
    item, quantity = getattr(line, "item", None), getattr(line, "quantity", None)
    if item is not None and quantity is not None:
        return f"{_plain(quantity)} × {item_names.get(item, item)}"
    if item is not None and hasattr(line, "on_shelf"):
        return _("%(item)s: %(book)d in the book, %(shelf)d on the shelf") % {
            "item": item_names.get(item, item), "book": line.in_book, "shelf": line.on_shelf,
        }
    said = [
        f"{field_info(type(line), name)['label']}: {_value(line, name, value, item_names)}"
        for name, value in line if not _is_silent(line, name, value, item_names)
    ]
    return " · ".join(said)


def _value(payload: BaseModel, name: str, value: Any, item_names: Mapping[str, str]) -> str:
    if isinstance(value, (tuple, list, set, frozenset)):
        return ", ".join(_value(payload, name, one, item_names) for one in value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    for found in fields.shape(type(payload), name).options:
        if found.value == value:
            return str(found.label)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, datetime):
        return date_format(value, "j M Y H:i")
    if isinstance(value, date):
        return date_format(value, "j M Y")
    if isinstance(value, (int, Decimal, float)):
        return _plain(value)
    return item_names.get(str(value), str(value))


def _plain(number: Decimal | float) -> str:
    """Grouped from ten thousand on only: a year is no amount."""
    return str(number) if isinstance(number, int) and abs(number) < 10_000 else number_format(number)
