"""One payload field on the screen: every type is shown, read, and written back as it was."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal

import pytest

from handrail.facts.spec import Codes, Payload, Privacy, info
from handrail.screens.console import fields


class Colour(Codes):
    RED = "red", "Red"
    BLUE = "blue", "Blue"
    GREEN = "green", "Green"


def said(label: str, **more):
    return info(label, privacy=Privacy.OPERATIONAL, **more)


class Everything(Payload):
    count: int = said("Count", ge=0)
    weight: Decimal | None = said("Weight", default=None, decimal_places=2)
    on: date | None = said("On", default=None)
    tick: bool = said("Tick", default=False)
    asked: bool | None = said("Asked", default=None)
    colour: Colour = said("Colour", default=Colour.RED)
    colours: tuple[Colour, ...] = said("Colours", default=())
    rates: tuple[Decimal, ...] = said("Rates", default=())
    word: str | None = said("Word", default=None)
    reference: uuid.UUID | None = said("Reference", default=None)


FULL = Everything(
    count=3, weight=Decimal("1.25"), on=date(2026, 3, 31), tick=True, asked=False, colour=Colour.BLUE, colours=(Colour.GREEN, Colour.RED),
    rates=(Decimal(2), Decimal("0.5")), word="box",
)


def form_of(payload: Everything) -> dict[str, str]:
    values: dict[str, str] = {}
    for name in Everything.model_fields:
        values |= fields.write("k:", fields.shape(Everything, name), getattr(payload, name))
    return values


def read(values: dict[str, str]) -> dict[str, object]:
    found = {name: fields.read("k:", fields.shape(Everything, name), values) for name in Everything.model_fields}
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.parametrize("payload", [FULL, Everything(count=0), Everything(count=1, asked=True)])
def test_every_type_goes_to_the_form_and_comes_back(payload):
    assert Everything.model_validate(read(form_of(payload))) == payload


def test_each_type_has_its_widget_and_an_id_has_none():
    widgets = {name: fields.shape(Everything, name).widget for name in Everything.model_fields}
    assert widgets == {
        "count": "number", "weight": "decimal", "on": "date", "tick": "tick", "asked": "yes_no", "colour": "picks", "colours": "chips",
        "rates": "numbers", "word": "text", "reference": "",
    }
    assert fields.row(Everything, "k:", "reference", {}, {}) is None


@pytest.mark.parametrize(("typed", "expected"), [("1,25", "1.25"), ("1.25", "1.25"), (" 2 ", "2"), (",5", "0.5"), ("٣", "3")])
def test_a_number_may_have_a_comma_or_a_point(typed, expected):
    assert fields.number(typed.strip(), "decimal") == Decimal(expected)


@pytest.mark.parametrize("typed", ["1.234,5", "1e3", "NaN", "two", "--1", "1 2,3,4"])
def test_what_is_no_number_is_a_sentence(typed):
    with pytest.raises(ValueError, match="Write a number"):
        fields.number(typed, "decimal")


def test_a_day_that_is_none_is_a_sentence():
    with pytest.raises(ValueError, match="year-month-day"):
        fields.read("k:", fields.shape(Everything, "on"), {"k:on": "31/02/2026"})


def test_not_asked_is_not_no():
    assert read({"k:count": "1", "k:asked": ""}) == {"count": 1}
    assert Everything.model_validate(read({"k:count": "1", "k:asked": "false"})).asked is False
