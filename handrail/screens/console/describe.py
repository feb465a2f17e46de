"""A fact in words, from its kind's own labels."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from enum import Enum
from typing import Any

from django.utils.translation import gettext as _
from pydantic import BaseModel

from handrail.facts.fold import Recorded
from handrail.facts.spec import Line, field_info


def sentences(fact: Recorded, item_names: Mapping[str, str]) -> list[str]:
    """One short sentence for each filled field; lines say “30 × Syringe”. Ids are left out."""
    if fact.parsed is None:
        return [_("This version cannot read it.")]
    found: list[str] = []
    for name, value in fact.parsed:
        if isinstance(value, tuple) and value and isinstance(value[0], Line):
            found.extend(_line(line, item_names) for line in value)
        elif value is not None and not isinstance(value, uuid.UUID) and value is not False:
            said = _value(fact.parsed, name, value)
            found.append(f"{field_info(type(fact.parsed), name)['label']}: {said}")
    return found


def _line(line: Any, item_names: Mapping[str, str]) -> str:
    quantity = getattr(line, "quantity", None)
    if quantity is None:
        return _("%(item)s: %(book)d in the book, %(shelf)d on the shelf") % {
            "item": item_names.get(line.item, line.item), "book": line.in_book, "shelf": line.on_shelf,
        }
    return f"{quantity} × {item_names.get(line.item, line.item)}"


def _value(payload: BaseModel, name: str, value: Any) -> str:
    if value is True:
        return _("yes")
    for found in _enums(type(payload), name):
        return str(found(value).label)
    return str(value)


def _enums(model: type[BaseModel], name: str) -> list[Any]:
    annotation = model.model_fields[name].annotation
    candidates = [annotation, *getattr(annotation, "__args__", ())]
    return [c for c in candidates if isinstance(c, type) and issubclass(c, Enum)]
