"""Pharmacy sales are a source of their own: with the rest, left out, or alone, as each indicator asks (`domain/exchange.md` 8, 9)."""

from __future__ import annotations

from datetime import UTC, datetime

from handrail.facts.record import Draft, Mode, record_many
from handrail.insight.examples import FOUR_LEVELS, FOUR_LEVELS_SIZE, PHARMACY_SALES, SYRINGE, play
from handrail.insight.nesting import contains
from handrail.insight.spec import INDICATORS, NEEDLES, SHARES, Contacts, Example, People, Sum

AUGUST = datetime(2026, 8, 5, 12, tzinfo=UTC)


def test_pharmacy_sales_are_in_one_number_out_of_two_and_shown_as_a_share(warehouse):
    play(Example("", "2026Q3", (*FOUR_LEVELS, *PHARMACY_SALES), "", 0, sizes=FOUR_LEVELS_SIZE), actor=warehouse.system, site=warehouse.van)
    machine = {"lines": [{"item": SYRINGE, "quantity": 24}], "channel": "pharmacy"}
    box = {"lines": [{"item": SYRINGE, "quantity": 400}]}
    record_many(
        [Draft(kind="exchange.dispensed", payload=said, site=warehouse.van.id, occurred_at=AUGUST) for said in (machine, box)],
        actor=warehouse.system, mode=Mode.CONFIRMED,
    )
    pack = warehouse.numbers("2026Q3")
    left_out = [(pack.get(key).numerator, pack.get(key).denominator) for key in ("kp_4", "gam_1_9")]
    assert left_out == [(2200, 9), (2200, 120)]
    both = pack.get("prv_10a")
    assert (both.numerator, both.denominator) == (2424, 16)
    assert [(step.label, step.value) for step in both.steps if "of these" in step.label] == [
        ("Beside: of these, given by the programme", "2,200 (90.8 %)"), ("Beside: of these, sold in pharmacies", "224 (9.2 %)"),
    ]
    beside = next(step for step in pack.get("kp_4").steps if step.role == "beside")
    assert beside.value == "0"  # the twenty who bought without a code are not counted beside it either


def test_what_is_sold_is_a_part_of_all_and_neither_part_holds_the_other():
    everything = Sum(NEEDLES, "quantity", "", as_needles=True)
    given, bought = SHARES
    assert [contains(everything, part) for part in SHARES] == [True, True]
    assert not contains(given, bought)
    assert not contains(given, everything)
    assert contains(INDICATORS["prv_10a"].numerator, INDICATORS["kp_4"].numerator)
    assert contains(People("", injects="yes"), INDICATORS["kp_4"].denominator)
    assert contains(INDICATORS["prv_8a"].numerator, INDICATORS["kp_4"].denominator)
    assert not contains(People("", picked_up=True, sold="no"), People("", picked_up=True, injects="yes"))
    assert contains(Contacts("", without_code=True), Contacts("", without_code=True, picked_up=True, sold="no"))


def test_what_crews_collect_stands_beside_what_came_back_and_is_in_neither_twice(warehouse):
    example = INDICATORS["cleaned_up"].example
    play(example, actor=warehouse.system, site=warehouse.van)
    pack = warehouse.numbers("2026Q3")
    assert [pack.get(key).plain for key in ("cleaned_up", "returned")] == ["143", "40"]
    assert [(step.label, step.value) for step in pack.get("cleaned_up").steps if step.role == "beside"] == [
        ("Beside: estimated in safety boxes when they were emptied, not added", "320"),
    ]
    assert [(step.label, step.value) for step in pack.get("returned").steps if step.role == "beside"] == [
        ("Beside: collected by crews outside, a number of its own", "143"),
    ]
