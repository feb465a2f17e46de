"""The visit composer: one screen made from the kinds' own specs.

`build` turns every kind with a `compose` that the worker may record into sections of rows; `parse` turns what was
posted back into payloads. Neither knows any kind: a new kind file appears here by itself.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from pydantic import ValidationError

from handrail.facts.fold import Recorded
from handrail.facts.record import Refusal, sentence_of
from handrail.facts.spec import KINDS, Compose, Fields, ItemLines, Kind, Matrix, Stepper, Text, field_info, line_model
from handrail.facts.visits import Part
from handrail.kernel.access import Actor
from handrail.ledgers.stock.queries import ShelfItem

SHOWN_ITEMS = 5
"""Items shown at once; the rest of the catalogue is one tap away."""


@dataclass(frozen=True)
class Choice:
    """One answer of a row."""

    value: str
    label: Text
    chosen: bool


@dataclass(frozen=True)
class Row:
    """One line of the screen: a number, a choice, a tick, or a word."""

    name: str
    label: Text
    widget: str
    hint: Text = ""
    value: str = ""
    error: str = ""
    quick: tuple[int, ...] = ()
    choices: tuple[Choice, ...] = ()
    sum: str = ""


@dataclass(frozen=True)
class Section:
    """The rows of one kind."""

    key: str
    title: Text
    rows: tuple[Row, ...]
    more: tuple[Row, ...] = ()
    more_open: bool = False


@dataclass(frozen=True)
class Basket:
    """A usual combination: one tap fills the numbers in. It is an offer, never a cap."""

    label: str
    fill: str
    query: str


@dataclass
class Parsed:
    """What was posted, as payloads; or the problems, by row name."""

    parts: list[Part] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)


def composing_kinds(actor: Actor, site: int) -> list[tuple[Kind[Any], Compose]]:
    """Kinds with a place in the composer that this actor may record here, in their order."""
    found = [(kind, kind.compose) for kind in KINDS if kind.compose is not None and actor.may(kind.may, site)]
    return sorted(found, key=lambda pair: (pair[1].order, pair[0].key))


# -- building -----------------------------------------------------------------------------------------------------------


def build(
    actor: Actor, site: int, items: Sequence[ShelfItem], values: Mapping[str, str], errors: Mapping[str, str]
) -> list[Section]:
    """All sections, filled with what was typed."""
    return [_section(kind, compose, items, values, errors) for kind, compose in composing_kinds(actor, site)]


def _section(
    kind: Kind[Any], compose: Compose, items: Sequence[ShelfItem], values: Mapping[str, str], errors: Mapping[str, str]
) -> Section:
    part = compose.part
    more: list[Row] = []
    if isinstance(part, ItemLines):
        wanted = [item for item in items if not part.classes or item.item_class in part.classes]
        rows = [
            _item_row(kind.key, item, part.quick if place < 2 else (), values, errors) for place, item in enumerate(wanted)
        ]
        rows, more = rows[:SHOWN_ITEMS], rows[SHOWN_ITEMS:]
    elif isinstance(part, Stepper):
        name = f"{kind.key}:{part.field}"
        rows = [
            Row(
                name, field_info(kind.payload, part.field)["label"], "number", part.hint, values.get(name, ""),
                errors.get(name, ""), sum="back",
            )
        ]
    elif isinstance(part, Matrix):
        options = {str(option.value): option.label for option in _enum(kind, part.row)}
        ordered = [*part.shown, *(o for o in options if o not in part.shown)]
        all_rows = [_matrix_row(kind.key, part, str(option), options[str(option)], values, errors) for option in ordered]
        rows, more = all_rows[:1], all_rows[1:]
        if len(part.shown) > 1:
            rows, more = all_rows[: min(2, len(part.shown))], all_rows[min(2, len(part.shown)) :]
    else:
        rows = [_field_row(kind, name, values, errors) for name in kind.payload.model_fields]
        if compose.folded:
            rows, more = [], rows
    return Section(
        kind.key, compose.title, tuple(rows), tuple(more), more_open=any(row.value or row.error for row in more)
    )


def _item_row(
    kind: str, item: ShelfItem, quick: tuple[int, ...], values: Mapping[str, str], errors: Mapping[str, str]
) -> Row:
    name = f"{kind}:{item.code}"
    if item.first_lot:
        hint = _("%(count)s here · use lot %(lot)s first") % {"count": number_format(item.available), "lot": item.first_lot}
    else:
        hint = _("none in the book here")
    return Row(name, item.name, "number", hint, values.get(name, ""), errors.get(name, ""), quick, sum="out")


def _matrix_row(
    kind: str, part: Matrix, option: str, label: Text, values: Mapping[str, str], errors: Mapping[str, str]
) -> Row:
    name = f"{kind}:{option}"
    chosen = values.get(name, "")
    choices = tuple(Choice(answer.key, answer.label, answer.key == chosen) for answer in part.answers)
    return Row(name, label, "picks", value=chosen, error=errors.get(name, ""), choices=choices)


def _field_row(kind: Kind[Any], field_name: str, values: Mapping[str, str], errors: Mapping[str, str]) -> Row:
    name = f"{kind.key}:{field_name}"
    said = field_info(kind.payload, field_name)
    chosen = values.get(name, "")
    options = _enum(kind, field_name)
    widget = "picks" if options else {int: "number", bool: "tick"}.get(_plain_type(kind, field_name), "text")
    choices = tuple(Choice(str(o.value), o.label, str(o.value) == chosen) for o in options)
    return Row(name, said["label"], widget, said["help"], chosen, errors.get(name, ""), choices=choices)


def _types(kind: Kind[Any], field_name: str) -> tuple[Any, ...]:
    annotation = kind.payload.model_fields[field_name].annotation
    if typing.get_origin(annotation) in {types.UnionType, typing.Union}:
        return tuple(a for a in typing.get_args(annotation) if a is not type(None))
    return (annotation,)


def _plain_type(kind: Kind[Any], field_name: str) -> Any:
    return _types(kind, field_name)[0]


def _enum(kind: Kind[Any], field_name: str) -> list[Any]:
    found = _plain_type(kind, field_name)
    return list(found) if isinstance(found, type) and issubclass(found, Enum) else []


# -- parsing ------------------------------------------------------------------------------------------------------------


def parse(actor: Actor, site: int, values: Mapping[str, str]) -> Parsed:
    """The parts of the visit that were filled in; what cannot be read is a sentence beside its row."""
    parsed = Parsed()
    for kind, compose in composing_kinds(actor, site):
        part = compose.part
        if isinstance(part, ItemLines):
            _parse_items(kind, part, values, parsed)
        elif isinstance(part, Matrix):
            _parse_matrix(kind, part, values, parsed)
        elif isinstance(part, Stepper):
            typed = values.get(f"{kind.key}:{part.field}", "").strip()
            if typed and typed != "0":
                _add(kind, {part.field: typed, **part.fixed}, f"{kind.key}:{part.field}", parsed)
        elif isinstance(part, Fields):
            _parse_fields(kind, values, parsed)
    return parsed


def _parse_items(kind: Kind[Any], part: ItemLines, values: Mapping[str, str], parsed: Parsed) -> None:
    prefix = f"{kind.key}:"
    lines, bad = [], False
    line_type = line_model(kind.payload.model_fields[part.field])
    for name, typed in values.items():
        if name.startswith(prefix) and typed.strip() not in {"", "0"}:
            line = {"item": name.removeprefix(prefix), "quantity": typed.strip()}
            try:
                if line_type is not None:
                    line_type.model_validate(line)
                lines.append(line)
            except ValidationError as error:
                parsed.errors[name] = sentence_of(dict(error.errors()[0]))
                bad = True
    if lines and not bad:
        _add(kind, {part.field: lines}, prefix, parsed)


def _parse_matrix(kind: Kind[Any], part: Matrix, values: Mapping[str, str], parsed: Parsed) -> None:
    for option in _enum(kind, part.row):
        name = f"{kind.key}:{option.value}"
        chosen = values.get(name, "")
        if not chosen:
            continue
        answer = next((a for a in part.answers if a.key == chosen), None)
        if answer is None:
            parsed.errors[name] = _("Choose one of the answers.")
        else:
            _add(kind, {part.row: option.value, **answer.values}, name, parsed)


def _parse_fields(kind: Kind[Any], values: Mapping[str, str], parsed: Parsed) -> None:
    prefix = f"{kind.key}:"
    given = {n.removeprefix(prefix): v.strip() for n, v in values.items() if n.startswith(prefix) and v.strip()}
    if given:
        _add(kind, given, prefix, parsed)


def _add(kind: Kind[Any], payload: dict[str, Any], name: str, parsed: Parsed) -> None:
    try:
        parsed.parts.append(Part(kind.key, kind.payload.model_validate(payload)))
    except ValidationError as error:
        for problem in error.errors():
            location = f"{kind.key}:{problem['loc'][0]}" if name.endswith(":") and problem["loc"] else name
            parsed.errors[location] = sentence_of(dict(problem))


def place_refusal(refusal: Refusal, errors: dict[str, str]) -> str:
    """Put the door's sentences beside the rows they belong to; the first that has no row is returned."""
    rest = ""
    for name, sentence in refusal.problems:
        if name.startswith("lines."):
            code = name.removeprefix("lines.")
            errors.update({f"{k.key}:{code}": sentence for k in KINDS if k.compose and isinstance(k.compose.part, ItemLines)})
        else:
            rest = rest or sentence
    return rest


# -- the other way: a recorded visit back into the form ---------------------------------------------------------------------


def values_of(parts: Sequence[tuple[str, Any]]) -> dict[str, str]:
    """The form values that would give these payloads (kind, payload), for correcting a visit."""
    values: dict[str, str] = {}
    for key, payload in parts:
        kind = KINDS.get(key)
        if kind is None or kind.compose is None:
            continue
        part = kind.compose.part
        if isinstance(part, ItemLines):
            for line in getattr(payload, part.field):
                name = f"{key}:{line.item}"
                values[name] = str(int(values.get(name, "0")) + line.quantity)
        elif isinstance(part, Stepper):
            values[f"{key}:{part.field}"] = str(getattr(payload, part.field))
        elif isinstance(part, Matrix):
            answer = next((a for a in part.answers if all(getattr(payload, n) == v for n, v in a.values.items())), None)
            values[f"{key}:{getattr(payload, part.row)}"] = answer.key if answer else ""
        else:
            values.update({f"{key}:{n}": str(v) for n, v in payload.model_dump(mode="json").items() if v is not None})
    return values


def unshown(actor: Actor, site: int, current: Sequence[Recorded], parts: Sequence[Part]) -> list[Part]:
    """Facts of a visit that this form does not show this person: a correction leaves them as they are.

    A kind they may not record here, or an answer that no button stands for (a sample on its way).
    """
    shown = {kind.key for kind, _compose in composing_kinds(actor, site)}
    answered = {part.slot for part in parts}
    kept = []
    for fact in current[1:]:
        spec = fact.spec
        matrix = spec.compose.part if spec and spec.compose else None
        part = Part(fact.kind, fact.parsed)
        hidden = fact.kind not in shown
        if isinstance(matrix, Matrix) and not hidden:
            hidden = not any(all(getattr(fact.parsed, n) == v for n, v in a.values.items()) for a in matrix.answers)
        if hidden and part.slot not in answered:
            kept.append(part)
    return kept


def baskets(usual: Sequence[tuple[dict[str, int], int]], names: Mapping[str, str]) -> list[Basket]:
    """Usual combinations as one-tap offers: what is taken here most often, and for how many."""
    found = []
    for place, (quantities, others) in enumerate(usual):
        what = " + ".join(f"{quantity} {names.get(code, code)}" for code, quantity in quantities.items())
        people = ngettext("for %(n)d person", "for %(n)d people", others + 1) % {"n": others + 1}
        fill = {f"exchange.given:{code}": str(quantity) for code, quantity in quantities.items()}
        fill["on_behalf_of"] = str(others)
        found.append(Basket(f"{what} · {people}", json.dumps(fill), f"usual={place}"))
    return found
