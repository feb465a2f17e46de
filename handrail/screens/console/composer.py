"""The visit composer: one screen made from the kinds' own specs.

`build` turns every kind with a `compose` that the worker may record and the place offers into sections of rows;
`values_of` turns a recorded visit back into form values. `composer_read.parse` reads what was posted. None of them
knows any kind: a new kind file appears here by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from handrail.facts.models import Site
from handrail.facts.record import Refusal
from handrail.facts.referrals import places_offered
from handrail.facts.spec import KINDS, Compose, ItemLines, Kind, Matrix, Picks, Stepper, Text, field_info
from handrail.facts.visits import Part
from handrail.kernel.access import Actor
from handrail.ledgers.stock.queries import ShelfItem, item_names
from handrail.screens.console import composer_matrix, fields
from handrail.screens.console.fields import Row

SHOWN_ITEMS = 4
"""Items shown at once, those that are here first; the rest of the catalogue is one tap away."""
SHOWN_PICKS = 8
"""Ticks of a code list shown at once, where the kind does not say which."""


@dataclass(frozen=True)
class Section:
    """The rows of one kind. A folded one is a single line until it is tapped or has something in it."""

    key: str
    title: Text
    rows: tuple[Row, ...]
    more: tuple[Row, ...] = ()
    more_open: bool = False
    folded: bool = False
    is_open: bool = False
    error: str = ""

    @property
    def others(self) -> int:
        """How many rows are folded away besides the first of them, which is named."""
        return max(0, len(self.more) - 1)


def composing_kinds(actor: Actor, site: Site, also: Collection[str] = ()) -> list[tuple[Kind[Any], Compose]]:
    """Kinds with a place in the composer that this actor may record here and the place offers, in their order.

    A place that chose its own kinds (`Site.kinds`) has them in the order it chose: a drop-in begins with what people had here.
    `also` names kinds that a visit being corrected holds: they are shown wherever they were recorded.
    """
    found = [
        (kind, kind.compose)
        for kind in KINDS
        if kind.compose is not None
        and actor.may(kind.may, site.key)
        and (kind.key in also or kind.compose.is_offered(kind.key, site.kind, site.kinds))
    ]
    chosen = {key: place for place, key in enumerate(site.kinds)}
    return sorted(found, key=lambda pair: (chosen.get(pair[0].key, len(chosen)), pair[1].order, pair[0].key))


def is_handed_out(site: Site, part: ItemLines, item_class: str) -> bool:
    """Whether items of a class are offered in this part at this place (`Site.item_classes`)."""
    is_of_part = (not part.classes or item_class in part.classes) and item_class not in part.besides
    return is_of_part and (not site.item_classes or item_class in site.item_classes)


def comes_in_tens(item: ShelfItem) -> bool:
    """Whether people take it by the ten or the pack, so that one tap for a round number helps: a meal is given one by one."""
    return bool(item.counts_as_ns) or item.pack_size > 1


# -- building -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sheet:
    """What the sections are filled with: typed values, problems by row, suggestions by row."""

    values: Mapping[str, str]
    errors: Mapping[str, str]
    offers: Mapping[str, Any]
    taken: Collection[str]
    places: Sequence[Site]
    unfolded: str


def build(
    actor: Actor, site: Site, items: Sequence[ShelfItem], values: Mapping[str, str], errors: Mapping[str, str], *,
    also: Collection[str] = (), offers: Mapping[str, Any] | None = None, taken: Collection[str] = (),
    unfolded: str = "",
) -> list[Section]:
    """All sections, filled with what was typed. `offers` are suggestions by the name of the row they stand beside.

    `taken` are slots of a visit being corrected that hold what this person may not read, `unfolded` is the row whose
    details somebody asked for.
    """
    kinds = composing_kinds(actor, site, also)
    places = places_offered(site) if any(_offers_places(compose.part) for _kind, compose in kinds) else ()
    sheet = Sheet(values, errors, offers or {}, taken, places, unfolded)
    found = [(compose.part, _section(kind, compose, site, items, sheet)) for kind, compose in kinds]
    return [section for part, section in found if section.rows or not (isinstance(part, ItemLines) and part.classes)]


def _offers_places(part: Any) -> bool:
    return isinstance(part, Matrix) and any(detail.offering for detail in part.details)


def _section(kind: Kind[Any], compose: Compose, site: Site, items: Sequence[ShelfItem], sheet: Sheet) -> Section:
    part, prefix = compose.part, f"{kind.key}:"
    more: list[Row] = []
    if isinstance(part, ItemLines):
        rows = _item_rows(prefix, part, site, items, sheet)
        below = [fields.row(kind.payload, prefix, name, sheet.values, sheet.errors) for name in part.below]
        rows, more = rows[:SHOWN_ITEMS], [*rows[SHOWN_ITEMS:], *(row for row in below if row is not None)]
    elif isinstance(part, Stepper):
        name = f"{prefix}{part.field}"
        rows = [
            Row(
                name, field_info(kind.payload, part.field)["label"], "number", part.hint, sheet.values.get(name, ""),
                sheet.errors.get(name, ""), sum="back" if kind.key.endswith(".returned") else "",
            )
        ]
    elif isinstance(part, Matrix):
        rows = composer_matrix.rows(kind, part, sheet.values, sheet.errors, taken=sheet.taken, places=sheet.places, unfolded=sheet.unfolded)
        rows, more = rows[:1], rows[1:]
    elif isinstance(part, Picks):
        rows, more = _pick_rows(kind, part, prefix, sheet)
    else:
        found = (fields.row(kind.payload, prefix, name, sheet.values, sheet.errors) for name in kind.payload.model_fields)
        rows = [row for row in found if row is not None]
    error = sheet.errors.get(prefix, "")
    has_something = bool(error) or any(row.is_filled or row.error for row in (*rows, *more))
    return Section(
        kind.key, compose.title, tuple(rows), tuple(more), more_open=any(row.is_filled or row.error for row in more),
        folded=compose.folded, is_open=has_something, error=error,
    )


def _item_rows(prefix: str, part: ItemLines, site: Site, items: Sequence[ShelfItem], sheet: Sheet) -> list[Row]:
    """Items handed out here, and any other that has a number already: a correction hides nothing."""
    wanted = [
        item for item in items if is_handed_out(site, part, item.item_class) or sheet.values.get(f"{prefix}{item.code}", "").strip()
    ]
    wanted.sort(key=lambda item: not (item.first_lot or item.available > 0))  # what the book does not have here comes last, in the catalogue's order
    rows = [_item_row(prefix, item, part.quick if place == 0 and comes_in_tens(item) else (), sheet) for place, item in enumerate(wanted)]
    here = {item.code for item in items}
    gone = [
        name.removeprefix(prefix) for name, typed in sheet.values.items()
        if name.startswith(prefix) and typed.strip() and name.removeprefix(prefix) not in {*here, *part.below}
    ]
    if gone:
        names = item_names()
        rows += [
            Row(
                f"{prefix}{code}", names.get(code, code), "number", _("not in the catalogue now"), sheet.values[f"{prefix}{code}"],
                sheet.errors.get(f"{prefix}{code}", ""), sum="out",
            )
            for code in gone
        ]
    return rows


def _item_row(prefix: str, item: ShelfItem, quick: tuple[int, ...], sheet: Sheet) -> Row:
    name = f"{prefix}{item.code}"
    if item.first_lot:
        hint = _("%(count)s here · use lot %(lot)s first") % {"count": number_format(item.available), "lot": item.first_lot}
    elif item.available > 0:
        hint = _("%(n)s here") % {"n": number_format(item.available)}
    else:
        hint = _("none in the book here")
    return Row(
        name, item.name, "number", hint, sheet.values.get(name, ""), sheet.errors.get(name, ""), quick, sum="out", offer=sheet.offers.get(name)
    )


def _pick_rows(kind: Kind[Any], part: Picks, prefix: str, sheet: Sheet) -> tuple[list[Row], list[Row]]:
    """The ticks shown at once, and the rest of the list behind one tap."""
    row = fields.row(kind.payload, prefix, part.field, sheet.values, sheet.errors, shown=part.shown, alone=part.alone)
    if row is None:
        return [], []
    first = len(part.shown) or SHOWN_PICKS
    if len(row.choices) <= first + 2:
        return [row], []
    return [replace(row, choices=row.choices[:first])], [replace(row, choices=row.choices[first:], error="")]


# -- the other way: a recorded visit back into the form ---------------------------------------------------------------------


def values_of(parts: Sequence[Part]) -> dict[str, str]:
    """The form values that would give these parts, for correcting a visit. Of most kinds a form shows one, the first."""
    values: dict[str, str] = {}
    for found in parts:
        kind, payload = KINDS.get(found.kind), found.payload
        if kind is None or kind.compose is None:
            continue
        part, prefix = kind.compose.part, f"{found.kind}:"
        if isinstance(part, Matrix):
            values |= composer_matrix.write(part, found.slot, payload)
        elif found.nth > 1:
            continue
        elif isinstance(part, ItemLines):
            for line in getattr(payload, part.field):
                name = f"{prefix}{line.item}"
                values[name] = str(int(values.get(name, "0")) + line.quantity)
            for field in part.below:
                values |= fields.write(prefix, fields.shape(kind.payload, field), getattr(payload, field))
        elif isinstance(part, Stepper):
            values[f"{prefix}{part.field}"] = str(getattr(payload, part.field))
        else:
            shown = [part.field] if isinstance(part, Picks) else list(kind.payload.model_fields)
            for name in shown:
                values |= fields.write(prefix, fields.shape(kind.payload, name), getattr(payload, name))
    return values


def unshown(actor: Actor, site: Site, current: Sequence[Part], parts: Sequence[Part], taken: Collection[str] = ()) -> list[Part]:
    """Facts of a visit that this form does not show this person: a correction leaves them as they are.

    A kind they may not record here, what they may not read (`taken`), a second one of a kind that shows one, or a payload
    that no widget stands for.
    """
    shown = {kind.key for kind, _compose in composing_kinds(actor, site, {part.kind for part in current})}
    answered = {part.slot for part in parts}
    return [
        part for part in current
        if part.slot not in answered and (part.kind not in shown or part.slot in taken or not values_of([part]))
    ]


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
