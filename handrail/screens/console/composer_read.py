"""What was posted to the composer, read back into payloads.

In a correction `before` are the payloads as they count now: what the form does not show (a lot chosen elsewhere, the
sort of a test) stays as it was recorded.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from pydantic import BaseModel, ValidationError

from handrail.facts.models import Site
from handrail.facts.referrals import places_offered
from handrail.facts.spec import ItemLines, Kind, Matrix, Picks, Stepper, line_model
from handrail.facts.visits import Part, nth_slot
from handrail.kernel.access import Actor
from handrail.ledgers.stock.models import Item
from handrail.screens.console import composer_matrix, fields
from handrail.screens.console.composer import composing_kinds, is_handed_out


@dataclass
class Parsed:
    """What was posted, as payloads; or the problems, by row name."""

    parts: list[Part] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)


def parse(
    actor: Actor, site: Site, values: Mapping[str, str], *, before: Sequence[Part] = (), taken: Collection[str] = ()
) -> Parsed:
    """The parts of the visit that were filled in; what cannot be read is a sentence beside its row.

    `taken` are slots of `before` that this person may not read: what they tap stands beside those, never in their place.
    """
    return _Reader(actor, site, values, before, taken).read()


class _Reader:
    def __init__(self, actor: Actor, site: Site, values: Mapping[str, str], before: Sequence[Part], taken: Collection[str]) -> None:
        self._site, self._values = site, values
        self._before = {part.slot: part.payload for part in before if part.slot not in taken}
        self._taken = set(taken)
        self._places: list[Site] | None = None
        self._kinds = composing_kinds(actor, site, {part.kind for part in before})
        self._classes: dict[str, str] | None = None
        self._parsed = Parsed()

    def read(self) -> Parsed:
        for kind, compose in self._kinds:
            part = compose.part
            if isinstance(part, ItemLines):
                self._items(kind, part)
            elif isinstance(part, Matrix):
                self._matrix(kind, part)
            elif isinstance(part, Stepper):
                typed = self._values.get(f"{kind.key}:{part.field}", "").strip()
                if typed and typed != "0":
                    self._fields(kind, [part.field], dict(part.fixed))
            elif isinstance(part, Picks):
                self._picks(kind, part)
            else:
                self._fields(kind, list(kind.payload.model_fields), {})
        return self._parsed

    # -- items ------------------------------------------------------------------------------------------------------------

    def _items(self, kind: Kind[Any], part: ItemLines) -> None:
        prefix = f"{kind.key}:"
        old = self._before.get(kind.key)
        line_type = line_model(kind.payload.model_fields[part.field])
        typed = {
            name.removeprefix(prefix): text.strip() for name, text in self._values.items()
            if name.startswith(prefix) and name.removeprefix(prefix) not in part.below and text.strip() not in {"", "0"}
        }
        had: dict[str, list[Any]] = {}
        for line in getattr(old, part.field, ()):
            had.setdefault(line.item, []).append(line)
        lines: list[Any] = []
        bad = False
        # Items in the order they were recorded, so that saving an unchanged correction changes nothing.
        for code in [*(c for c in had if c in typed), *(c for c in typed if c not in had)]:
            try:
                if code not in had and not self._is_handed_out(part, code):
                    raise ValueError(_("This is not handed out here."))
                quantity = fields.number(typed[code], "number")
                lines += _lines(line_type, code, int(quantity), had.get(code, []))
            except ValidationError as error:
                self._parsed.errors[f"{prefix}{code}"], bad = fields.sentence(dict(error.errors()[0])), True
            except ValueError as error:
                self._parsed.errors[f"{prefix}{code}"], bad = str(error), True
        if old is not None and set(had) == set(typed):
            kept = list(getattr(old, part.field))
            lines = kept if sorted(map(_key, kept)) == sorted(map(_key, lines)) else lines
        below = self._below(kind, part)
        if lines and not bad:
            self._add(kind, {part.field: lines, **below}, prefix, decided={part.field, *part.below})
        elif below and not bad:
            self._parsed.errors[prefix] = _("Write how many, or empty what stands below.")

    def _below(self, kind: Kind[Any], part: ItemLines) -> dict[str, Any]:
        """What was said of the items, besides how many."""
        said: dict[str, Any] = {}
        for name in part.below:
            try:
                found = fields.read(f"{kind.key}:", fields.shape(kind.payload, name), self._values)
            except ValueError as error:
                self._parsed.errors[f"{kind.key}:{name}"] = str(error)
                continue
            if found is not None:
                said[name] = found
        return said

    def _is_handed_out(self, part: ItemLines, code: str) -> bool:
        """Read from the catalogue only where a place or a part limits what is handed out: most visits pay nothing."""
        if not part.classes and not self._site.item_classes:
            return True
        if self._classes is None:
            self._classes = {code: item_class if active else "" for code, item_class, active in Item.objects.values_list("code", "item_class", "is_active")}
        # What is in no catalogue is refused by the door, with its own sentence.
        return code not in self._classes or is_handed_out(self._site, part, self._classes[code])

    # -- answers ----------------------------------------------------------------------------------------------------------

    def _matrix(self, kind: Kind[Any], part: Matrix) -> None:
        for option in fields.shape(kind.payload, part.row).options:
            for nth in composer_matrix.numbers(self._values, f"{kind.key}:{option.value}"):
                self._answered(kind, part, str(option.value), nth)

    def _answered(self, kind: Kind[Any], part: Matrix, option: str, nth: int) -> None:
        """One row: its answer, and what was typed below it."""
        sort = f"{kind.key}:{option}"
        name = nth_slot(sort, nth)
        chosen = self._values.get(name, "")
        details, here = composer_matrix.read_details(kind, part, name, self._values, self._parsed.errors)
        answer = next((a for a in part.every if a.key == chosen), None)
        old = self._before.get(name)
        if not chosen:
            if details:
                self._parsed.errors[name] = _("Choose an answer first, or empty what stands below it.")
        elif answer is None:
            self._parsed.errors[name] = _("Choose one of the answers.")
        elif old is not None and not here and composer_matrix.answer_of(part, old) == chosen:
            self._parsed.parts.append(Part(kind.key, old, nth))
        else:
            below = {detail.field for detail in composer_matrix.details_of(part, answer)}
            said = {field: value for field, value in details.items() if field in below}
            if wrong := composer_matrix.place_problem(part, said, option, old, self._offered(said)):
                self._parsed.errors[f"{name}:{wrong[0]}"] = wrong[1]
                return
            decided = {n for a in part.every for n in (*a.values, *a.usual)} | ({d.field for d in part.details} if here else set())
            payload = {part.row: option, **answer.usual, **said, **answer.values}
            self._add(kind, payload, name, slot=name, decided=decided, nth=composer_matrix.free(sort, self._taken) if name in self._taken else nth)

    def _offered(self, said: Mapping[str, Any]) -> list[Site]:
        """Places to choose from, read only when something was typed below a row."""
        if said and self._places is None:
            self._places = places_offered(self._site)
        return self._places or []

    def _picks(self, kind: Kind[Any], part: Picks) -> None:
        name = f"{kind.key}:{part.field}"
        ticked = fields.read(f"{kind.key}:", fields.shape(kind.payload, part.field), self._values) or ()
        alone = [code for code in ticked if code in part.alone]
        if alone and len(ticked) > 1:
            options = fields.shape(kind.payload, part.field).options
            label = next(str(o.label) for o in options if o.value == alone[0])
            self._parsed.errors[name] = _("“%(answer)s” stands alone. Untick it, or the others.") % {"answer": label}
        elif ticked:
            self._fields(kind, [part.field], {})

    def _fields(self, kind: Kind[Any], names: Sequence[str], fixed: dict[str, Any]) -> None:
        prefix = f"{kind.key}:"
        given: dict[str, Any] = {}
        bad = False
        for name in names:
            try:
                found = fields.read(prefix, fields.shape(kind.payload, name), self._values)
            except ValueError as error:
                self._parsed.errors[f"{prefix}{name}"], bad = str(error), True
                continue
            if found is not None:
                given[name] = found
        if given and not bad:
            self._add(kind, {**fixed, **given}, prefix, decided=set(names))

    # -- payloads -----------------------------------------------------------------------------------------------------------

    def _add(self, kind: Kind[Any], payload: dict[str, Any], name: str, *, slot: str = "", decided: set[str] | None = None, nth: int = 1) -> None:
        """Validate; fields that the form does not decide keep what the record had, if that still makes sense."""
        old = self._before.get(slot or kind.key)
        shown = set(payload) | {f for f in decided or () if fields.shape(kind.payload, f).widget}
        carried = {n: getattr(old, n) for n in type(old).model_fields if n not in shown} if isinstance(old, BaseModel) else {}
        try:
            self._parsed.parts.append(Part(kind.key, kind.payload.model_validate({**carried, **payload}), nth))
        except ValidationError as error:
            if carried:
                self._before.pop(slot or kind.key)
                self._add(kind, payload, name, slot=slot, decided=decided, nth=nth)
                return
            for problem in error.errors():
                field = problem["loc"][0] if problem["loc"] else ""
                is_below = slot and f"{slot}:{field}" in self._values
                location = f"{name if name.endswith(':') else f'{slot}:'}{field}" if field and (name.endswith(":") or is_below) else name
                self._parsed.errors.setdefault(location, fields.sentence(dict(problem)))


def _lines(line_type: Any, code: str, quantity: int, had: Sequence[Any]) -> list[Any]:
    """Lines for so many of an item: as they were if the number is the same, the one line with its lot otherwise."""
    if had and sum(line.quantity for line in had) == quantity:
        return list(had)
    kept = had[0].model_dump() if len(had) == 1 else {}
    line = {**kept, "item": code, "quantity": quantity}
    return [line if line_type is None else line_type.model_validate(line)]


def _key(line: Any) -> str:
    return str(line.model_dump(mode="json") if isinstance(line, BaseModel) else line)
