"""A row of answers in the composer: what a `Matrix` shows, what a record would put in it, and what was tapped.

A row is named by the slot of its fact (`facts.visits.Part.slot`), its details by the slot and their field. A second fact
of one sort has a row of its own. `taken` are slots of facts that this person may not read: their rows are not here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _
from pydantic import BaseModel

from handrail.facts.models import Site
from handrail.facts.spec import Answer, Detail, Kind, Matrix, Text, field_info
from handrail.facts.visits import nth_slot
from handrail.screens.console import fields
from handrail.screens.console.fields import Choice, Row

_NTH = re.compile(r"#([2-9]|[1-9][0-9])$")


def answer_of(part: Matrix, payload: Any) -> str:
    """The button that stands for this payload; empty when none does."""
    return next((a.key for a in part.every if all(getattr(payload, n) == v for n, v in a.values.items())), "")


def rows(
    kind: Kind[Any], part: Matrix, values: Mapping[str, str], errors: Mapping[str, str], *, taken: Collection[str], places: Sequence[Site],
    unfolded: str = "",
) -> list[Row]:
    """The rows, those of `shown` first; an option that stands twice in the visit has two.

    What is folded below a row comes with the page for those of `shown`, what is answered, and `unfolded`; the others
    fetch it by a tap, because a list of twenty services with everything below each is heavy on a phone.
    """
    options = {str(option.value): option.label for option in fields.shape(kind.payload, part.row).options}
    found = []
    for option in [*part.shown, *(o for o in options if o not in part.shown)]:
        sort = f"{kind.key}:{option}"
        answered = [nth for nth in numbers(values, sort) if values.get(nth_slot(sort, nth)) and nth_slot(sort, nth) not in taken]
        for place, nth in enumerate(answered or [free(sort, taken)]):
            label = f"{options[str(option)]} ({place + 1})" if place else options[str(option)]
            slot = nth_slot(sort, nth)
            row = _row(kind, part, str(option), slot, label, values, errors, places)
            is_whole = option in part.shown or row.is_filled or row.error or slot == unfolded
            found.append(replace(row, fold_open=row.fold_open or slot == unfolded) if is_whole else replace(row, seldom=(), details=()))
    return found


def _row(
    kind: Kind[Any], part: Matrix, option: str, slot: str, label: Text, values: Mapping[str, str], errors: Mapping[str, str],
    places: Sequence[Site],
) -> Row:
    chosen = values.get(slot, "")
    choices, seldom = (tuple(Choice(a.key, a.label, a.key == chosen) for a in answers) for answers in (part.answers, part.seldom))
    below = [row for detail in part.details if (row := _detail_row(kind, detail, option, slot, values, errors, places)) is not None]
    is_open = any(choice.chosen for choice in seldom) or any(row.is_filled or row.error for row in below)
    return Row(
        slot, label, "picks", value=chosen, error=errors.get(slot, ""), choices=choices, seldom=seldom, details=tuple(below), fold=part.fold,
        fold_open=is_open,
    )


def _detail_row(
    kind: Kind[Any], detail: Detail, option: str, slot: str, values: Mapping[str, str], errors: Mapping[str, str], places: Sequence[Site]
) -> Row | None:
    """A field below a row. One that names a place shows those that offer the row's option, and none where nobody does."""
    name = f"{slot}:{detail.field}"
    typed = values.get(name, "")
    if fields.shape(kind.payload, detail.field).widget != "place":
        row = fields.row(kind.payload, f"{slot}:", detail.field, values, errors)
        has_usual = kind.payload.model_fields[detail.field].default is not None
        return row and replace(row, none=_("As usual") if has_usual else _("Not asked"))
    offered = [site for site in places if not detail.offering or option in site.offers or str(site.id) == typed]
    if not offered:
        return None
    choices = tuple(Choice(str(site.id), site.name, str(site.id) == typed) for site in offered)
    only = offered[0].name if len(offered) == 1 and option in offered[0].offers else _("Not chosen yet")
    label = field_info(kind.payload, detail.field)["label"]
    return Row(name, label, "place", value=typed, error=errors.get(name, ""), choices=choices, none=only)


def numbers(values: Iterable[str], sort: str) -> list[int]:
    """Which facts of one sort the names of a form speak of; the first always."""
    found = {1}
    for name in values:
        if name.startswith(f"{sort}#") and (nth := _NTH.search(name)) is not None and name == f"{sort}{nth[0]}":
            found.add(int(nth[1]))
    return sorted(found)


def free(sort: str, taken: Collection[str]) -> int:
    """The first number of a sort that nothing stands in."""
    nth = 1
    while nth_slot(sort, nth) in taken:
        nth += 1
    return nth


# -- the other way ------------------------------------------------------------------------------------------------------------


def write(part: Matrix, slot: str, payload: BaseModel) -> dict[str, str]:
    """The form values that would give this payload; empty when no button stands for it."""
    key = answer_of(part, payload)
    if not key:
        return {}
    answer = next(a for a in part.every if a.key == key)
    found = {slot: key}
    for detail in details_of(part, answer):
        said = getattr(payload, detail.field)
        if said != usual(type(payload), answer, detail.field):
            found |= fields.write(f"{slot}:", fields.shape(type(payload), detail.field), said)
    return found


def details_of(part: Matrix, answer: Answer) -> list[Detail]:
    """The details that belong to an answer."""
    return [detail for detail in part.details if not detail.only or answer.key in detail.only]


def usual(model: type[BaseModel], answer: Answer, field: str) -> Any:
    """What a detail is when nobody says it."""
    return answer.usual.get(field, model.model_fields[field].default)


def read_details(
    kind: Kind[Any], part: Matrix, slot: str, values: Mapping[str, str], errors: dict[str, str]
) -> tuple[dict[str, Any], bool]:
    """What was typed below a row, and whether the form had anything there."""
    found: dict[str, Any] = {}
    for detail in part.details:
        try:
            said = fields.read(f"{slot}:", fields.shape(kind.payload, detail.field), values)
        except ValueError as error:
            errors[f"{slot}:{detail.field}"] = str(error)
            continue
        if said is not None:
            found[detail.field] = said
    return found, any(f"{slot}:{detail.field}" in values for detail in part.details)


def place_problem(part: Matrix, details: Mapping[str, Any], option: str, before: Any, places: Sequence[Site]) -> tuple[str, str] | None:
    """A place that does not offer this, as (field, sentence). One that a record had stays possible."""
    for detail in part.details:
        named = details.get(detail.field)
        is_new = detail.offering and named and named != str(getattr(before, detail.field, ""))
        if is_new and not any(str(site.id) == named and option in site.offers for site in places):
            return detail.field, _("That place does not offer this now. Choose another, or write the name of a service.")
    return None
