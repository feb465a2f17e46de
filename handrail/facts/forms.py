"""A payload as a form of a room’s pages: inputs from its own fields, and what was typed back into a payload."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from pydantic import BaseModel, ValidationError

from handrail.facts.record import sentence_of
from handrail.facts.spec import Payload, Text, field_info

MANY = 7
"""More answers than this are a list to choose from."""


@dataclass(frozen=True)
class Choice:
    """One answer."""

    value: str
    label: Text
    chosen: bool


@dataclass(frozen=True)
class Input:
    """One field of a form, with what was typed and what is wrong with it."""

    name: str
    label: str
    hint: str
    widget: str
    value: str
    choices: tuple[Choice, ...]
    error: str
    needed: bool


def inputs(model: type[BaseModel], names: Sequence[str], typed: QueryDict, errors: Mapping[str, str]) -> list[Input]:
    """The inputs of these fields, in this order."""
    return [_input(model, name, typed, errors.get(name, "")) for name in names]


def _input(model: type[BaseModel], name: str, typed: QueryDict, error: str) -> Input:
    found, said = model.model_fields[name], field_info(model, name)
    kind, several = _kind(found.annotation)
    value, values = typed.get(name, ""), typed.getlist(name)
    choices: tuple[Choice, ...] = ()
    if isinstance(kind, type) and issubclass(kind, Enum):
        chosen = values or ([str(found.default)] if found.default is not None and not found.is_required() and not several and not typed else [])
        choices = tuple(Choice(str(c.value), getattr(c, "label", str(c)), str(c.value) in chosen) for c in kind)
        widget = "several" if several else "list" if len(choices) > MANY else "picks"
    else:
        widget = {int: "number", Decimal: "decimal", bool: "tick", date: "date"}.get(kind, "text")
    return Input(name, said["label"], said["help"], widget, value, choices, error, found.is_required())


def _kind(annotation: Any) -> tuple[Any, bool]:
    """The plain type of a field, and whether it takes several."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in {types.UnionType, typing.Union}:
        return _kind(next(a for a in arguments if a is not type(None)))
    if origin is tuple:
        return _kind(arguments[0])[0], True
    return annotation, False


def typed_before(payload: BaseModel, names: Sequence[str]) -> QueryDict:
    """What somebody would have typed to record this payload."""
    typed = QueryDict(mutable=True)
    for name in names:
        value = getattr(payload, name)
        values = value if isinstance(value, tuple) else () if value is None or value is False else (value,)
        typed.setlist(name, ["true" if one is True else str(getattr(one, "value", one)) for one in values])
    return typed


def read(model: type[BaseModel], names: Sequence[str], typed: QueryDict) -> dict[str, Any]:
    """What was typed, by field; empty fields are left out and so keep their meaning: not said."""
    raw: dict[str, Any] = {}
    for name in names:
        kind, several = _kind(model.model_fields[name].annotation)
        values = [value.strip() for value in typed.getlist(name) if value.strip()]
        if values:
            raw[name] = values if several else values[-1].replace(",", ".") if kind is Decimal else values[-1]
    return raw


def parse(model: type[Payload], raw: Mapping[str, Any]) -> tuple[Any, dict[str, str]]:
    """The payload, or sentences by field; what belongs to no field stands under an empty name."""
    try:
        return model.model_validate(dict(raw)), {}
    except ValidationError as error:
        return None, problems(error)


def problems(error: ValidationError) -> dict[str, str]:
    """A sentence for each field that is wrong."""
    return {str(e["loc"][0]) if e["loc"] else "": sentence_of(dict(e)) for e in error.errors()}


def count(typed: QueryDict, name: str) -> tuple[int | None, str]:
    """A whole number from 0 up, None when nothing was typed, and what is wrong with it."""
    value = typed.get(name, "").strip()
    if not value:
        return None, ""
    if not value.isascii() or not value.isdigit():
        return None, _("Write a whole number.") if not value.startswith("-") else _("Cannot be less than 0.")
    if len(value) > 9:
        return None, _("Write a whole number.")
    return int(value), ""
