"""What counts as a needle-syringe: kits, boxes and machines, barrels and loose needles, by the programme's convention."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from handrail.facts.models import Setting
from handrail.facts.record import Draft, Mode, record_many
from handrail.insight.arithmetic import Cell, display
from handrail.insight.compile import Reader
from handrail.insight.compute import computed_from
from handrail.insight.nesting import contains
from handrail.insight.periods import Period, Window
from handrail.insight.spec import INDICATORS, NEEDLES, People, Regular, Sum
from handrail.kernel import ids
from handrail.ledgers.stock.commands import add_item
from handrail.ledgers.stock.models import Item, KitComponent

AUGUST = datetime(2026, 8, 5, 12, tzinfo=UTC)


@pytest.fixture
def catalogue(warehouse):
    """A whole syringe, a barrel, a loose needle, and a kit of 2 syringes, 3 barrels and 5 needles."""
    made = {}
    for code, item_class in (("whole", "syringe_with_needle"), ("barrel", "barrel"), ("loose", "needle"), ("kit", "care")):
        made[code] = add_item(actor=warehouse.system, code=code, name=code, item_class=item_class)
    for code, quantity in (("whole", 2), ("barrel", 3), ("loose", 5)):
        KitComponent.objects.create(organisation=warehouse.harbour, kit=made["kit"], component=made[code], quantity=quantity)
    Item.objects.filter(code="kit").update(counts_as_ns=5)
    return warehouse


def give(world, person=None, **lines):
    visit, common = ids.new(), {"site": world.van.id, "participant": person, "occurred_at": AUGUST}
    payload = {"lines": [{"item": item, "quantity": quantity} for item, quantity in lines.items()]}
    record_many(
        [Draft(kind="facts.encounter", payload={}, id=visit, **common), Draft(kind="exchange.given", payload=payload, encounter=visit, **common)],
        actor=world.system, mode=Mode.CONFIRMED,
    )


def take_from_box(world, **lines):
    payload = {"lines": [{"item": item, "quantity": quantity} for item, quantity in lines.items()]}
    record_many([Draft(kind="exchange.dispensed", payload=payload, site=world.sites["Drop-in"].id, occurred_at=AUGUST)], actor=world.system, mode=Mode.CONFIRMED)


def convention(world, value):
    Setting.objects.create(organisation=world.harbour, name="ns_convention", value=value, valid_from=date(2026, 1, 1))


@pytest.mark.parametrize(("chosen", "expected"), [("", 36), ("barrels", 36), ("needles", 42), ("max_of_both", 46)])
def test_barrels_and_needles_are_counted_by_the_convention(catalogue, chosen, expected):
    """By hand: 15 whole; barrels 9 + 12; loose needles 5 + 20 + 2; the larger of each record 9 + 20 + 2."""
    give(catalogue, whole=7, barrel=9, loose=5)
    give(catalogue, kit=4)
    give(catalogue, loose=2)
    if chosen:
        convention(catalogue, chosen)
    assert catalogue.numbers("2026Q3").get("needles_given").plain == str(expected)


def test_of_what_went_out_together_the_larger_number_counts(catalogue):
    give(catalogue, barrel=10, loose=4)
    give(catalogue, barrel=1, loose=8)
    convention(catalogue, "max_of_both")
    assert catalogue.numbers("2026Q3").get("needles_given").plain == "18"


def test_who_only_took_loose_needles_picked_up_where_needles_count(catalogue):
    person = ids.random()
    give(catalogue, person, loose=4)
    record_many([Draft(kind="facts.asked", payload={"injects": "last_month"}, site=catalogue.van.id, participant=person, occurred_at=AUGUST)], actor=catalogue.system)
    assert catalogue.numbers("2026Q3").get("prv_8a").plain == "0.0"
    convention(catalogue, "needles")
    assert catalogue.numbers("2026Q3").get("prv_8a").plain == "100.0"


def test_what_is_taken_from_a_box_is_given_and_has_nobody_behind_it(catalogue):
    give(catalogue, ids.random(), whole=10)
    take_from_box(catalogue, whole=40, kit=2, loose=100)
    pack = catalogue.numbers("2026Q3")
    given = pack.get("needles_given")
    assert (given.plain, given.people_behind) == ("60", 1)
    at_the_box = pack.get("needles_given", catalogue.sites["Drop-in"].id)
    assert (at_the_box.plain, at_the_box.people_behind) == ("50", 0)
    assert [pack.get(key).plain for key in ("contacts", "people_reached", "contacts_without_code")] == ["1", "1", "0"]


def test_the_window_of_injecting_is_a_value(warehouse):
    person = ids.random()
    record_many(
        [
            Draft(kind="facts.asked", payload={"injects": "last_month"}, site=warehouse.van.id, participant=person, occurred_at=datetime(2026, 2, 1, tzinfo=UTC)),
            Draft(kind="facts.encounter", payload={}, site=warehouse.van.id, participant=person, occurred_at=AUGUST),
        ],
        actor=warehouse.system,
    )
    assert warehouse.numbers("2026Q3").get("prv_8a").denominator == 1
    Setting.objects.create(organisation=warehouse.harbour, name="pwid_window", value=6, valid_from=date(2026, 1, 1))
    assert warehouse.numbers("2026Q3").get("prv_8a").denominator == 0


def value(key, *cells, window=None):
    found = computed_from(INDICATORS[key], [Cell(c, c) for c in cells], window or Period.parse("2026Q1").window("period"))
    return display(found.value, INDICATORS[key].decimals)


def test_the_count_of_people_at_full_size():
    """`domain/people.md`, worked example 5: 420 coded people, 1,680 coded contacts, 900 without a code."""
    assert value("people_estimate", 420, 1680, 900) == "645"
    assert value("people_upper_bound", 420, 900) == "1320"


def test_the_annualised_value_says_so():
    assert value("ns_per_person_came", 340, 5) == "68.0"
    assert value("ns_per_person_came_annualised", 340, 5) == "275.8"
    assert "stretched" in str(INDICATORS["ns_per_person_came_annualised"].name)
    assert INDICATORS["ns_per_person_came_annualised"].variant == "annualised"


@pytest.mark.parametrize(
    ("days", "each_window", "monthly"),
    [
        ((0, 30, 60), 1, 1), ((29, 59, 89), 1, 1), ((0, 29, 60), 0, 1), ((0, 1, 2), 0, 1), ((0, 45), 0, 0), ((0, 30, 60, 91), 1, 1), ((0, 30, 91), 0, 1),
    ],
)
def test_windows_begin_with_the_period_and_a_rest_is_none(catalogue, days, each_window, monthly):
    """Quarter 3 has 92 days: three windows of 30 and a rest of two days, in which nothing is asked."""
    person, window = ids.random(), Window(date(2026, 7, 1), date(2026, 10, 1))
    record_many([Draft(kind="facts.asked", payload={"injects": "last_month"}, site=catalogue.van.id, participant=person, occurred_at=datetime(2026, 7, 1, tzinfo=UTC))], actor=catalogue.system)
    for day in days:
        at = datetime.fromordinal(date(2026, 7, 1).toordinal() + day).replace(hour=12, tzinfo=UTC)
        visit, common = ids.new(), {"site": catalogue.van.id, "participant": person, "occurred_at": at}
        given = {"lines": [{"item": "whole", "quantity": 1}, {"item": "loose", "quantity": 1}]}
        record_many([Draft(kind="facts.encounter", payload={}, id=visit, **common), Draft(kind="exchange.given", payload=given, encounter=visit, **common)], actor=catalogue.system, mode=Mode.CONFIRMED)
    catalogue.build()
    with Reader(str(catalogue.harbour.id)) as reader:
        found = [reader.measure(Regular("", way), window).everywhere.value for way in ("each_window", "monthly")]
    assert found == [each_window, monthly]


def test_what_is_a_part_of_what():
    windows, monthly, everybody = Regular("", "each_window"), Regular("", "monthly"), People("", injects="yes")
    assert contains(everybody, windows)
    assert contains(monthly, windows)
    assert not contains(windows, monthly)
    hep = INDICATORS["hep_4a"]
    assert contains(hep.denominator, hep.numerator)
    assert not contains(hep.numerator, hep.denominator)
    assert contains(INDICATORS["hep_2a"].denominator, INDICATORS["hep_2a"].numerator)
    assert Sum(NEEDLES, "quantity", "a", as_needles=True) == Sum(NEEDLES, "quantity", "b", as_needles=True)


@pytest.mark.parametrize(("starts", "ends", "months", "days"), [("2026-01-01", "2026-04-01", 3, 90), ("2026-01-15", "2026-04-01", 2, 76), ("2026-01-15", "2026-02-10", 0, 26)])
def test_whole_months_of_a_window(starts, ends, months, days):
    window = Window(date.fromisoformat(starts), date.fromisoformat(ends))
    assert (window.whole_months, window.days) == (months, days)
