"""One payload field on the screen: which widget it is, what is read from it, and the form values that would give it.

Knows types, never a kind. A field that no widget can show (an id, a structure) is left out of forms; a correction then
keeps what the record had there.
"""

from __future__ import annotations

import re
import types
import typing
import uuid
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, cast

from django.utils.translation import gettext as _
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from handrail.facts.record import sentence_of
from handrail.facts.spec import Text, field_info

_WHOLE = re.compile(r"[+-]?\d+")
MOST_NUMBERS = 20
"""How many boxes a list of numbers may have."""
_PLACES = {str(place) for place in range(1, 200)}
"""A tick may carry its place in the list, so that a correction keeps the order it was recorded in."""


@dataclass(frozen=True)
class Choice:
    """One answer of a row. With a name of its own it is a tick among several, `alone` if it excludes the others."""

    value: str
    label: Text
    chosen: bool
    name: str = ""
    alone: bool = False


@dataclass(frozen=True)
class Row:
    """One line of the screen: a number, a choice, ticks, a day, or a word."""

    name: str
    label: Text
    widget: str
    hint: Text = ""
    value: str = ""
    error: str = ""
    quick: tuple[int, ...] = ()
    choices: tuple[Choice, ...] = ()
    sum: str = ""
    unit: str = ""
    offer: Any = None
    """A suggestion beside the row: something with `label`, `fill` and `key`."""
    none: Text = ""
    """What no choice is called, in a list to choose from."""
    seldom: tuple[Choice, ...] = ()
    details: tuple[Row, ...] = ()
    fold: Text = ""
    fold_open: bool = False
    """Seldom answers and further fields behind one tap (`Matrix`)."""

    @property
    def is_filled(self) -> bool:
        """Whether anything stands in it."""
        return bool(self.value) or self.fold_open or any(choice.chosen and choice.value for choice in self.choices)


@dataclass(frozen=True)
class Shape:
    """What sort of field it is. `options` are the code list's members; `widget` is empty where nothing can be shown."""

    name: str
    widget: str
    options: tuple[Any, ...] = ()
    number: str = ""


def shape(model: type[BaseModel], name: str) -> Shape:
    """The shape of a payload field, from its annotation and default."""
    return _shape(cast(Hashable, model), name)


@lru_cache(maxsize=2000)
def _shape(key: Hashable, name: str) -> Shape:
    model = cast(type[BaseModel], key)
    found = model.model_fields[name]
    wanted = [a for a in _union(found.annotation) if a is not type(None)]
    first = wanted[0] if len(wanted) == 1 else str if str in wanted else None
    if typing.get_origin(first) in {tuple, list, frozenset, set}:
        inner = [a for a in typing.get_args(first) if a is not Ellipsis]
        return _many(name, _bare(inner[0]) if inner else None)
    first = _bare(first)
    if first is uuid.UUID and field_info(model, name)["names"] == "site":
        return Shape(name, "place")
    if not isinstance(first, type) or issubclass(first, (BaseModel, uuid.UUID, datetime)):
        return Shape(name, "")
    if issubclass(first, Enum):
        return Shape(name, "picks", tuple(first))
    if issubclass(first, bool):
        plain = len(_union(found.annotation)) == 1 and found.default in (False, PydanticUndefined)
        return Shape(name, "tick" if plain else "yes_no")
    for python, widget in ((int, "number"), (Decimal, "decimal"), (float, "decimal"), (date, "date"), (str, "text")):
        if issubclass(first, python):
            return Shape(name, widget)
    return Shape(name, "")


def _many(name: str, inner: Any) -> Shape:
    if isinstance(inner, type) and issubclass(inner, Enum):
        return Shape(name, "chips", tuple(inner))
    if isinstance(inner, type) and issubclass(inner, (int, Decimal)) and not issubclass(inner, bool):
        return Shape(name, "numbers", number="number" if issubclass(inner, int) else "decimal")
    return Shape(name, "")


def _union(annotation: Any) -> tuple[Any, ...]:
    if typing.get_origin(annotation) in {types.UnionType, typing.Union}:
        return tuple(_bare(a) for a in typing.get_args(annotation))
    return (_bare(annotation),)


def _bare(annotation: Any) -> Any:
    return typing.get_args(annotation)[0] if typing.get_origin(annotation) is typing.Annotated else annotation


# -- reading what was posted ----------------------------------------------------------------------------------------------


def read(prefix: str, found: Shape, values: Mapping[str, str]) -> Any:
    """What was filled in, as pydantic takes it; None when nothing was. Raises ValueError with a sentence."""
    name = f"{prefix}{found.name}"
    if found.widget == "chips":
        ticked = {o.value: values.get(f"{name}:{o.value}", "").strip() for o in found.options}
        chosen = [code for code, said in ticked.items() if said]
        return tuple(sorted(chosen, key=lambda code: int(ticked[code]) if ticked[code] in _PLACES else len(_PLACES))) or None
    if found.widget == "numbers":
        typed = [values.get(f"{name}:{place}", "").strip() for place in range(MOST_NUMBERS)]
        return tuple(number(one, found.number) for one in typed if one) or None
    text = values.get(name, "").strip()
    if not text or not found.widget:
        return None
    if found.widget in {"number", "decimal"}:
        return number(text, found.widget)
    if found.widget == "date":
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise ValueError(_("Write the day as year-month-day, such as 2026-03-31.")) from None
    if found.widget == "tick":
        return True
    return text


def number(text: str, widget: str) -> int | Decimal:
    """A number as people write it, with a comma or a point. Never guesses: “1.000” could be one or a thousand."""
    text = text.replace("\u00a0", "").replace("\u202f", "").replace(" ", "").translate(_SIGNS)
    if widget == "number":
        if not _WHOLE.fullmatch(text) or len(text) > 18:
            raise ValueError(_("Write a whole number."))
        return int(text)
    if not re.fullmatch(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)", text) or len(text) > 24:
        raise ValueError(_("Write a number, such as 2 or 1.5."))
    return Decimal(text.replace(",", "."))


_SIGNS = str.maketrans({"\u2212": "-", **{chr(0x660 + n): str(n) for n in range(10)}, **{chr(0x6F0 + n): str(n) for n in range(10)}})
"""Minus as it is printed, Arabic and Persian digits."""


def sentence(error: Mapping[str, Any]) -> str:
    """One of pydantic's errors in a plain sentence, with what only forms meet."""
    match str(error["type"]):
        case "decimal_max_places":
            return _("At most %(places)d digits after the point.") % {"places": error["ctx"]["decimal_places"]}
        case "decimal_parsing" | "decimal_type" | "finite_number" | "decimal_max_digits" | "decimal_whole_digits" | "float_parsing":
            return _("Write a number, such as 2 or 1.5.")
    return sentence_of(dict(error))


# -- the other way, and the row ---------------------------------------------------------------------------------------------


def write(prefix: str, found: Shape, value: Any) -> dict[str, str]:
    """The form values that `read` would turn into this value."""
    name = f"{prefix}{found.name}"
    if value is None or not found.widget:
        return {}
    if found.widget == "chips":
        return {f"{name}:{getattr(code, 'value', code)}": str(place) for place, code in enumerate(value, 1)}
    if found.widget == "numbers":
        return {f"{name}:{place}": str(one) for place, one in enumerate(value)}
    if found.widget == "tick":
        return {name: "true"} if value else {}
    if found.widget == "yes_no":
        return {name: "true" if value else "false"}
    return {name: str(getattr(value, "value", value))}


def row(
    model: type[BaseModel], prefix: str, name: str, values: Mapping[str, str], errors: Mapping[str, str], *,
    shown: Sequence[str] = (), alone: Sequence[str] = (), boxes: int = 0,
) -> Row | None:
    """The field's row, filled with what was typed; None where nothing can be shown. `boxes` is for lists of numbers."""
    found, full = shape(model, name), f"{prefix}{name}"
    if found.widget in {"", "place"}:
        return None  # which places there are is known to whoever asks: see `composer_matrix`
    said, typed = field_info(model, name), values.get(full, "")
    label, hint, error = said["label"], said["help"], errors.get(full, "")
    ordered = sorted(found.options, key=lambda o: shown.index(o.value) if o.value in shown else len(shown))
    if found.widget == "chips":
        ticks = tuple(_tick(f"{full}:{o.value}", o, values, o.value in alone) for o in ordered)
        return Row(full, label, "chips", hint, error=error, choices=ticks)
    if found.widget == "numbers":
        filled = [place for place in range(MOST_NUMBERS) if values.get(f"{full}:{place}", "")]
        count = min(MOST_NUMBERS, max(boxes, 1 + max(filled, default=0)))
        choices = tuple(Choice(values.get(f"{full}:{place}", ""), str(place + 1), True, f"{full}:{place}") for place in range(count))
        return Row(full, label, "numbers", hint, error=error, choices=choices)
    if found.widget == "yes_no":
        answers = (Choice("true", _("Yes"), typed == "true"), Choice("false", _("No"), typed == "false"))
        return Row(full, label, "picks", hint, typed, error, choices=answers)
    choices = tuple(Choice(str(o.value), o.label, str(o.value) == typed) for o in ordered)
    return Row(full, label, found.widget, hint, typed, error, choices=choices)


def _tick(name: str, option: Any, values: Mapping[str, str], alone: bool) -> Choice:
    said = values.get(name, "").strip()
    return Choice(said if said in _PLACES else "on", option.label, bool(said), name, alone)
