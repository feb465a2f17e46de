"""Indicators: each gives the answer of its own worked example; the same facts give several honest answers."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from fractions import Fraction

import pytest

from handrail.facts.record import Draft, record_many
from handrail.insight.arithmetic import Cell, Status, cut, display, value_of
from handrail.insight.compile import Reader
from handrail.insight.compute import computed_from
from handrail.insight.examples import (
    FIVE_PEOPLE,
    FIVE_PEOPLE_SIZE,
    FORTY_ATTENDEES,
    FOUR_LEVELS,
    FOUR_LEVELS_SIZE,
    ONE_EVENT,
    gets,
    play,
)
from handrail.insight.models import Level, SizeEstimate
from handrail.insight.periods import Period
from handrail.insight.spec import INDICATORS, Estimate, Example, Indicator, People
from handrail.kernel import ids

AUGUST = datetime(2026, 8, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize("key", list(INDICATORS.all()))
def test_an_indicator_gives_the_answer_of_its_worked_example(warehouse, key):
    indicator, expected = INDICATORS[key], INDICATORS[key].example
    play(expected, actor=warehouse.system, site=warehouse.van)
    warehouse.build()
    window = Period.parse(expected.period).window(indicator.window)
    with Reader(str(warehouse.harbour.id)) as reader:
        reader.measure_all((part, window) for part in indicator.inputs)  # in one query, as every night
        parts = [reader.measure(part, window) for part in indicator.inputs]
    for site in (None, str(warehouse.van.id)) if indicator.by_site else (None,):
        found = computed_from(indicator, [part.at(site) for part in parts], window)
        value = found.status.value if found.value is None else display(found.value, indicator.decimals)
        assert value == expected.value
        assert found.numerator.value == expected.numerator
        assert (found.denominator and found.denominator.value) == expected.denominator
        assert expected.people_behind in {None, found.numerator.people}


def test_of_forty_who_came_the_six_positive_are_never_divided_by_forty(warehouse):
    """`domain/exchange.md`, worked example 5: not tested is not negative."""
    play(Example("", "2026Q3", FORTY_ATTENDEES, "", 0), actor=warehouse.system, site=warehouse.van)
    pack = warehouse.numbers("2026Q3")
    assert shown(pack, "hep_2a", "hep_4a") == ["50.0", "30.0"]
    window = Period.parse("2026Q3")
    warehouse.build()
    with Reader(str(warehouse.harbour.id)) as reader:
        for indicator in INDICATORS:
            parts = [reader.measure(part, window.window(indicator.window)) for part in indicator.inputs]
            found = computed_from(indicator, [part.at(None) for part in parts], window.window(indicator.window))
            pair = (found.numerator and found.numerator.value, found.denominator and found.denominator.value)
            assert pair != (6, 40), indicator.key


def test_an_indicator_without_an_example_cannot_be_written():
    fields = {f.name: getattr(INDICATORS["prv_8a"], f.name) for f in dataclasses.fields(Indicator) if f.init and f.name != "example"}
    with pytest.raises(TypeError, match="example"):
        Indicator(**fields)


def test_an_area_cannot_be_divided_among_sites():
    with pytest.raises(ValueError, match="by_site"):
        dataclasses.replace(INDICATORS["prv_8b"], by_site=True)
    with pytest.raises(ValueError, match="denominator"):
        dataclasses.replace(INDICATORS["prv_8a"], denominator=None)


def shown(pack, *keys):
    return [pack.get(key).plain for key in keys]


def test_five_people_give_five_answers(warehouse):
    play(Example("", "2026Q1", FIVE_PEOPLE, "", 0, sizes=FIVE_PEOPLE_SIZE), actor=warehouse.system, site=warehouse.van)
    pack = warehouse.numbers("2026Q1")
    assert shown(pack, "needles_given", "prv_8a", "prv_8b", "prv_10a", "kp_4", "prv_10b") == ["340", "80.0", "20.0", "68.0", "85.0", "17.0"]
    assert shown(pack, "gam_1_9") == ["no_data"]


def test_the_same_syringes_have_four_denominators(warehouse):
    play(Example("", "2026Q3", FOUR_LEVELS, "", 0, sizes=FOUR_LEVELS_SIZE), actor=warehouse.system, site=warehouse.van)
    pack = warehouse.numbers("2026Q3")
    assert shown(pack, "kp_4", "prv_10a", "prv_10b", "gam_1_9") == ["200.0", "120.0", "30.0", "15.0"]
    assert [row.indicator.key for row in pack.group("syringes_per_person")] == ["gam_1_9", "kp_4", "prv_10a", "prv_10b"]


@pytest.mark.parametrize(
    ("key", "denominator", "value"),
    [("kp_4", 900, "200.0"), ("prv_10a", 1500, "120.0"), ("prv_10b", 6000, "30.0"), ("gam_1_9", 12_000, "15.0")],
)
def test_the_levels_at_full_size(key, denominator, value):
    found = value_of(INDICATORS[key], Cell(180_000, 900), Cell(denominator, denominator))
    assert display(found.value, INDICATORS[key].decimals) == value


def test_an_event_of_a_hundred_adds_contacts_and_syringes_and_no_person(warehouse):
    play(Example("", "2026Q3", (gets("A", "2026-08-01", 10),), "", 0), actor=warehouse.system, site=warehouse.van)
    keys = ("contacts", "contacts_without_code", "needles_given", "people_reached")
    before = [int(value) for value in shown(warehouse.numbers("2026Q3"), *keys)]
    play(Example("", "2026Q3", ONE_EVENT, "", 0), actor=warehouse.system, site=warehouse.sites["Drop-in"])
    pack = warehouse.numbers("2026Q3")
    assert [int(after) - b for after, b in zip(shown(pack, *keys), before, strict=True)] == [100, 100, 250, 0]
    assert pack.get("needles_given").people_behind == 101
    assert pack.get("people_reached", warehouse.van.id).plain == "1"
    assert pack.get("people_reached", warehouse.sites["Drop-in"].id).plain == "0"


def test_somebody_who_came_to_two_sites_is_one_person(warehouse):
    van, drop_in = warehouse.van, warehouse.sites["Drop-in"]
    person = ids.random()
    record_many(
        [Draft(kind="facts.encounter", payload={}, site=site.id, participant=person, occurred_at=AUGUST) for site in (van, drop_in)],
        actor=warehouse.system,
    )
    pack = warehouse.numbers("2026Q3")
    assert [pack.get("people_reached", site).plain for site in (None, van.id, drop_in.id)] == ["1", "1", "1"]
    assert pack.get("contacts").plain == "2"


def test_nothing_divided_is_not_computable_and_nothing_known_is_no_data(warehouse):
    pack = warehouse.numbers("2026Q3")
    assert shown(pack, "prv_8a", "kp_4", "referral_bridge", "contacts") == ["not_computable"] * 3 + ["0"]
    assert shown(pack, "prv_8b", "gam_1_9") == ["no_data"] * 2
    assert pack.get("prv_8a").text == "Not computable"


def test_the_newest_estimate_not_later_than_the_period_is_used(warehouse):
    for year, value in ((2024, 50), (2026, 40), (2027, 10)):
        SizeEstimate.objects.create(
            organisation=warehouse.harbour, population="pwid", level=Level.TARGETED_AREA, area="harbour-area", value=value, low=value - 5,
            high=value + 5, method="survey", year=year, source="Test",
        )
    warehouse.build()
    area = Estimate("pwid", Level.TARGETED_AREA, "")
    with Reader(str(warehouse.harbour.id)) as reader:
        found = [reader.measure(area, Period.parse(q).window("period")).everywhere for q in ("2026Q4", "2025Q4", "2023Q4")]
    assert [cell and cell.value for cell in found] == [40, 50, None]
    step = next(s for s in warehouse.numbers("2026Q4").get("prv_8b").steps if s.role == "estimate")
    assert (step.label, step.value) == ("Estimate for harbour-area, 2026, survey. Source: Test", "40 (35–45)")


def test_the_steps_say_how_a_number_came_about(warehouse):
    play(Example("", "2026Q3", FOUR_LEVELS, "", 0), actor=warehouse.system, site=warehouse.van)
    steps = warehouse.numbers("2026Q3").get("kp_4").steps
    assert [(step.role, step.label, step.value) for step in steps][:3] == [
        ("numerator", "Needles and syringes given at these sites, without pharmacy sales, 1 Oct 2025 – 30 Sep 2026", "1,800"),
        ("denominator", "÷ people who inject and picked up at least once", "9"),
        ("result", "=", "200.0"),
    ]


@pytest.mark.parametrize(
    ("numerator", "denominator", "shown"),
    [(1, 3, "33.3"), (2, 3, "66.7"), (1, 8, "12.5"), (1, 2000, "0.1"), (1, 2001, "0.0"), (499_999_999, 10**12, "0.0")],
)
def test_rounding_is_half_up_and_happens_once(numerator, denominator, shown):
    assert display(cut(Fraction(100 * numerator, denominator)), 1) == shown


def test_no_input_is_never_zero():
    assert value_of(INDICATORS["gam_1_9"], Cell(5, 5), None).status is Status.NO_DATA
    assert value_of(INDICATORS["kp_4"], Cell(5, 5), Cell(0, 0)).status is Status.NOT_COMPUTABLE
    assert value_of(INDICATORS["contacts"], Cell(0, 0)).value == 0


def test_a_measure_nobody_knows_is_an_error(warehouse):
    warehouse.build()
    with Reader(str(warehouse.harbour.id)) as reader, pytest.raises(TypeError):
        reader.measure(object(), Period.parse("2026Q3").window("period"))
    assert People("a") == People("another title")
