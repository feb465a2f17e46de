"""Warehouse columns of a fact kind, made from the kind's spec alone. Plain types, so that reference pages need no Arrow.

Every kind has the common columns; each payload field adds one, typed by its annotation. If the kind has a list of lines
(`Kind.line_field`), each line is a row: `line` is its number from 1 and the line's fields follow. Other lists become
lists of text. UUIDs are text, because Parquet's UUID type breaks Spark (TRAPS.md 13).
"""

from __future__ import annotations

import types
import typing
import uuid
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from handrail.facts.spec import Kind, line_model


class Type(StrEnum):
    """What a column holds."""

    TEXT = "text"
    WHOLE = "whole number"
    NUMBER = "number"
    DECIMAL = "decimal"
    YES_NO = "yes or no"
    DATE = "date"
    MOMENT = "moment (UTC)"
    TEXTS = "list of texts"


class Origin(StrEnum):
    """Where a column's value stands in a fact."""

    COMMON = "common"
    PAYLOAD = "payload"
    LINE = "line"


@dataclass(frozen=True)
class Column:
    """A column; `field` is the name in its origin, `default` fills what an old payload lacks."""

    name: str
    type: Type
    origin: Origin
    field: str
    default: Any = None


COMMON = tuple(
    Column(name, found, Origin.COMMON, name)
    for name, found in (
        ("id", Type.TEXT), ("root", Type.TEXT), ("site", Type.TEXT), ("encounter", Type.TEXT), ("participant", Type.TEXT),
        ("staff", Type.TEXT), ("occurred_at", Type.MOMENT), ("local_date", Type.DATE), ("counter", Type.WHOLE),
        ("kind_version", Type.WHOLE),
    )
)
LINE_NUMBER = Column("line", Type.WHOLE, Origin.COMMON, "line")

_SCALARS: tuple[tuple[type, Type], ...] = (
    (bool, Type.YES_NO), (int, Type.WHOLE), (float, Type.NUMBER), (Decimal, Type.DECIMAL), (datetime, Type.MOMENT),
    (date, Type.DATE), (uuid.UUID, Type.TEXT), (Enum, Type.TEXT), (str, Type.TEXT),
)


def columns_of(kind: Kind[Any]) -> tuple[Column, ...]:
    """All columns of a kind, in their order. A payload field that is named like a common column gets a prefix."""
    lines = kind.line_field
    found = list(COMMON) + ([LINE_NUMBER] if lines else [])
    for name, info in kind.payload.model_fields.items():
        if name != lines:
            found.append(_column(name, info, Origin.PAYLOAD, {c.name for c in found}))
    if lines:
        model = line_model(kind.payload.model_fields[lines])
        assert model is not None  # noqa: S101  line_field found it
        for name, info in model.model_fields.items():
            found.append(_column(name, info, Origin.LINE, {c.name for c in found}))
    return tuple(found)


def _column(name: str, info: FieldInfo, origin: Origin, taken: set[str]) -> Column:
    default = info.get_default(call_default_factory=True, validated_data={})
    default = None if default is PydanticUndefined else default
    shown = f"{origin.value}_{name}" if name in taken else name
    return Column(shown, _type(info.annotation), origin, name, default.value if isinstance(default, Enum) else default)


def _type(annotation: Any) -> Type:
    """The column type of an annotation; what is not understood becomes text (JSON for structures)."""
    origin = typing.get_origin(annotation)
    if origin in {typing.Union, types.UnionType}:
        parts = {_type(part) for part in typing.get_args(annotation) if part is not type(None)}
        return parts.pop() if len(parts) == 1 else Type.TEXT
    if origin is typing.Annotated:
        return _type(typing.get_args(annotation)[0])
    if origin in {list, tuple, set, frozenset}:
        return Type.TEXTS
    if isinstance(annotation, type) and not issubclass(annotation, BaseModel):
        if issubclass(annotation, Enum):
            return Type.TEXT
        if issubclass(annotation, (list, tuple, set, frozenset)):
            return Type.TEXTS
        for python, found in _SCALARS:
            if issubclass(annotation, python):
                return found
    return Type.TEXT

