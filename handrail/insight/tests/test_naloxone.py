"""The numbers of naloxone at full size, and what must not change them (`domain/naloxone.md` 10)."""

from __future__ import annotations

from datetime import date

import pytest

from handrail.insight.arithmetic import Cell, Status, display, value_of
from handrail.insight.breakdowns import BREAKDOWNS
from handrail.insight.examples import (
    KIT,
    NALOXONE_GIVEN,
    Event,
    gets_kits,
    kits_are_recalled,
    kits_come,
    kits_end,
    overdoses,
    play,
)
from handrail.insight.kits import KITS
from handrail.insight.models import DeathCount, Level
from handrail.insight.nesting import contains
from handrail.insight.periods import Period
from handrail.insight.spec import INDICATORS, Example, Records, Waited, only
from handrail.insight.suppress import suppress
from handrail.insight.ties import Cell as Published
from handrail.insight.ties import system_of
from handrail.ledgers.stock.commands import add_item
from handrail.services.naloxone.codes import Product
from handrail.services.naloxone.commands import set_kit


@pytest.mark.parametrize(
    ("key", "numerator", "denominator", "value"),
    [
        ("hr_nal_02", 23_096, 61_500, "376"), ("hr_nal_04", 840, 70, "12.0"), ("hr_nal_05", 2_310, 70, "33.0"), ("hr_nal_06", 148, 200, "74.0"),
        ("hr_nal_11", 9, 5, "1.8"), ("hr_nal_09", 3, 4, "75.0"), ("hr_nal_10", 3, 4, "75.0"),
    ],
)
def test_the_worked_examples_at_full_size(key, numerator, denominator, value):
    found = value_of(INDICATORS[key], Cell(numerator, numerator), Cell(denominator, denominator))
    assert display(found.value, INDICATORS[key].decimals) == value


@pytest.mark.parametrize("key", ["hr_nal_04", "hr_nal_05"])
def test_without_a_death_there_is_no_number_neither_nothing_nor_without_end(key):
    assert value_of(INDICATORS[key], Cell(840, 840), Cell(0, 0)).status is Status.NOT_COMPUTABLE


def numbers(world, *events, **more):
    play(Example("", "2026Q3", events, "", 0, **more), actor=world.system, site=world.van)
    return world.numbers("2026Q3")


def test_kits_given_again_never_change_the_reach(warehouse):
    reach = {"sizes": {Level.TARGETED_AREA: 8}, "population": "at_risk_of_overdose"}
    assert numbers(warehouse, gets_kits("A", "2026-07-01", supply_type="first"), **reach).get("hr_nal_02").plain == "125"
    again = numbers(warehouse, *(gets_kits("A", "2026-07-02", 5, supply_type="repeat") for _time in range(4)))
    assert again.get("hr_nal_02").plain == "125"


def test_deaths_nobody_entered_are_no_data_and_counts_that_overlap_are_never_added(warehouse):
    assert numbers(warehouse, *NALOXONE_GIVEN).get("hr_nal_04").plain == "no_data"
    common = {"organisation_id": warehouse.harbour.key, "level": Level.TARGETED_AREA, "area": "harbour-area", "source": "example"}
    DeathCount.objects.create(**common, starts_on=date(2025, 10, 1), ends_before=date(2026, 7, 1), value=1)
    DeathCount.objects.create(**common, starts_on=date(2026, 7, 1), ends_before=date(2026, 10, 1), value=2)
    found = warehouse.numbers("2026Q3").get("hr_nal_04")
    assert (found.plain, found.denominator) == ("4.0", 3)
    DeathCount.objects.create(**common, starts_on=date(2026, 6, 1), ends_before=date(2026, 10, 1), value=1)
    assert warehouse.numbers("2026Q3").get("hr_nal_04").plain == "no_data"


def test_nasal_and_injection_kits_are_told_apart_and_single_doses_are_no_kits(warehouse):
    pack = numbers(warehouse, *NALOXONE_GIVEN)
    cells = {row.cell: row.plain for row in pack if row.indicator.key == "hr_nal_01" and row.cell.startswith("naloxone=")}
    assert cells == {"naloxone=naloxone_nasal": "15", "naloxone=naloxone_im": "0", "naloxone=naloxone_other": "0"}


def test_kits_that_came_as_equipment_count_as_kits(warehouse):
    pack = numbers(warehouse, gets_kits("A", "2026-07-01", 2), Event("B", "2026-07-02", "exchange.given", {"lines": [{"item": KIT, "quantity": 3}]}))
    assert pack.get("hr_nal_01").plain == "5"


def test_an_overdose_that_two_people_tell_of_counts_once(warehouse):
    told = (overdoses("2026-07-01", "A"), overdoses("2026-07-01", "B", "died"))
    assert numbers(warehouse, *told, Event("", "2026-07-03", "naloxone.same_event", {"report": "@B", "same_as": "@A"})).get("hr_nal_09").denominator == 1


def test_a_report_that_was_taken_for_an_overdose_and_was_none_is_in_no_number(warehouse):
    pack = numbers(warehouse, *(overdoses("2026-07-01", outcome="not_an_overdose", doses_total=4, naloxone_available="used", emergency_called="yes") for _n in range(3)))
    assert {pack.get(key).plain for key in ("hr_nal_06", "hr_nal_09", "hr_nal_10", "hr_nal_11")} == {"not_computable"}


def test_days_without_are_told_apart_by_product_and_cut_at_the_ends_of_a_period(warehouse):
    pack = numbers(warehouse, kits_come("2026-06-20", 2), gets_kits("", "2026-06-29", 2), kits_come("2026-07-02", 1), gets_kits("", "2026-09-28", 1))
    cells = {row.cell: row.plain for row in pack if row.indicator.key == "hr_nal_14" and row.cell.startswith("product=")}
    assert (pack.get("hr_nal_14").plain, cells["product=nasal_4mg"], cells["product=unknown"]) == ("5", "5", "0"), "1 and 2 July, 28 to 30 September"
    assert pack.get("hr_nal_14", warehouse.van.id).plain == "5"
    assert warehouse.numbers("2026Q2").get("hr_nal_14").plain == "2"
    assert warehouse.numbers("2026Q1").get("hr_nal_14").plain == "0"


def test_a_recall_counts_in_the_quarter_in_which_it_began_and_goes_on_growing(warehouse):
    events = (kits_come("2026-05-01", 20), gets_kits("A", "2026-05-02", 20), kits_end("2026-06-01", "used", 5), kits_are_recalled("2026-06-30"))
    numbers(warehouse, *events)
    asked = lambda: [warehouse.numbers(quarter).get("hr_nal_16").plain for quarter in ("2026Q2", "2026Q3")]  # noqa: E731
    assert asked() == ["25.0", "not_computable"]
    numbers(warehouse, kits_end("2026-08-01", "destroyed", 5), kits_end("2026-08-02", "confiscated", 5))
    assert asked() == ["50.0", "not_computable"]


def test_only_a_ratio_can_be_told_for_each_thousand():
    with pytest.raises(ValueError, match="each hundred"):
        type(INDICATORS["hr_nal_01"])(**{**_fields("hr_nal_01"), "per": 1000})


def _fields(key):
    indicator = INDICATORS[key]
    return {name: getattr(indicator, name) for name in indicator.__dataclass_fields__ if name != "key"}


def test_two_ways_to_ask_are_two_measures():
    assert Records("k", "", only(a="b")) != Records("k", "", only(a="b"), said="c")
    assert Waited("k", "a", "") != Waited("k", "b", "")


def cells_of(pack, key, breakdown):
    """Value and people of each cell of a breakdown that is not 0."""
    found = [row for row in pack if row.indicator.key == key and row.site is None and row.cell.startswith(f"{breakdown}=") and ";" not in row.cell]
    return {row.cell.removeprefix(f"{breakdown}="): (int(row.plain), row.people_behind) for row in found if row.value}


def test_kits_are_told_apart_by_product_outlet_recipient_and_first_or_again(warehouse):
    """Three meetings without a code, one with, one box, one that came as equipment: 2 + 3 + 4 + 1 + 5 + 6 kits."""
    events = (
        gets_kits("A", "2026-07-01", 2, supply_type="first", source_class="community_prescription"),
        gets_kits("", "2026-07-02", 3, vials=9, supply_type="repeat", recipient_kind="family_or_friend", channel="prison_release"),
        gets_kits("", "2026-07-03", 4, supply_type="repeat"), gets_kits("A", "2026-07-04", 1),
        Event("B", "2026-07-05", "exchange.given", {"lines": [{"item": KIT, "quantity": 5}]}),
        Event("", "2026-07-06", "exchange.dispensed", {"lines": [{"item": KIT, "quantity": 6}]}),
    )
    pack = numbers(warehouse, *events)
    assert (pack.get("hr_nal_01").plain, pack.get("hr_nal_01").people_behind) == ("21", 4)
    assert cells_of(pack, "hr_nal_01", "product") == {"nasal_4mg": (21, 4)}
    assert cells_of(pack, "hr_nal_01", "naloxone") == {"naloxone_nasal": (21, 4)}
    assert cells_of(pack, "hr_nal_01", "source_class") == {"community_prescription": (2, 1), "prison_at_release": (3, 1), "community_outlet": (16, 3)}
    assert cells_of(pack, "hr_nal_01", "recipient_kind") == {"person_at_risk": (7, 2), "family_or_friend": (3, 1), "unknown": (11, 1)}
    assert cells_of(pack, "hr_nal_01", "supply_type") == {"first": (2, 1), "repeat": (7, 2), "unknown": (12, 2)}
    assert pack.get("hr_nal_01", warehouse.van.id).plain == "21", "the same kits are not added up over the ways"
    assert pack.get("hr_nal_08").denominator == 21


def test_the_outlet_that_nobody_said_is_that_of_the_place(warehouse):
    held = {"kind": "prison_unit", "closed_setting": "prison"}
    pack = numbers(warehouse, gets_kits("A", "2026-07-01", 2), gets_kits("B", "2026-07-01", 3, channel="ambulance"), place=held)
    assert cells_of(pack, "hr_nal_01", "source_class") == {"prison_at_release": (2, 1), "ambulance": (3, 1)}


def test_a_meeting_in_which_two_sorts_were_given_is_one_behind_the_whole(warehouse):
    item = add_item(actor=warehouse.system, code="auto", name="auto", item_class="naloxone")
    set_kit(actor=warehouse.system, item=item, product=Product.IM_AUTOINJECTOR, doses=2, since=date(2026, 1, 1))
    lines = [{"item": KIT, "quantity": 1}, {"item": "auto", "quantity": 2}]
    pack = numbers(warehouse, Event("", "2026-07-01", "naloxone.supply", {"lines": lines}), gets_kits("", "2026-07-02", 1))
    assert (pack.get("hr_nal_01").plain, pack.get("hr_nal_01").people_behind) == ("4", 2)
    assert cells_of(pack, "hr_nal_01", "product") == {"nasal_4mg": (2, 2), "im_autoinjector": (2, 1)}
    assert cells_of(pack, "hr_nal_01", "recipient_kind") == {"person_at_risk": (4, 2)}


def test_whoever_knows_the_kits_of_a_route_cannot_find_the_few_who_took_one_product():
    """Sprays of one sort went to three, of another to sixty: with the sum of the route shown the three could be subtracted."""
    window = Period.parse("2026Q3").window("period")
    cell = lambda part: Published(KITS, window, None, part=part)  # noqa: E731
    pairs = {
        cell("naloxone=naloxone_nasal"): (63, 63), cell("product=nasal_4mg"): (60, 60), cell("product=nasal_2mg"): (3, 3), cell("product=im_autoinjector"): (40, 40),
        cell("product=im_0_4mg_vial"): (30, 30), cell("naloxone=naloxone_im"): (70, 70), cell(""): (133, 133),
        **{cell(f"product={code}"): (0, 0) for code in BREAKDOWNS["product"].labels if code not in {"nasal_4mg", "nasal_2mg", "im_autoinjector", "im_0_4mg_vial"}},
    }
    hidden = suppress(system_of(pairs, threshold=10), 10).hidden
    assert cell("product=nasal_2mg") in hidden
    assert cell("product=nasal_4mg") in hidden or cell("naloxone=naloxone_nasal") in hidden


def test_somebody_with_a_code_who_comes_again_is_one_of_the_people_given_naloxone(warehouse):
    """A comes three times on two days and B once; three hand-overs go to nobody with a code: five people, seven hand-overs."""
    events = (
        gets_kits("A", "2025-12-30"), gets_kits("A", "2026-07-01", 2, vials=1), gets_kits("A", "2026-09-30"), gets_kits("B", "2026-08-01"),
        *(gets_kits("", "2026-08-02") for _time in range(3)), gets_kits("C", "2025-09-30"),
    )
    found = numbers(warehouse, *events, deaths=2).get("hr_nal_04")
    assert (found.plain, found.numerator, found.people_behind) == ("2.5", 5, 5)


def test_what_is_counted_of_people_once_contains_their_hand_overs():
    everybody, once = (Records("naloxone.supply", "", who=who) for who in ("", "once"))
    again, without = Records("naloxone.supply", "", only(supply_type="repeat")), Records("naloxone.supply", "", who="without_code")
    assert contains(everybody, again)
    assert contains(once, again)
    assert contains(everybody, without)
    assert not contains(without, everybody)
    assert not contains(without, again)
    assert len({everybody, once, without}) == 3


def test_reports_that_lead_to_nobody_stand_beside_the_refills(warehouse):
    wanted = {"received_on": "2026-07-05", "replacement_wanted": True}
    events = (
        overdoses("2026-07-04", "A", **wanted), gets_kits("A", "2026-07-10", replaces="A"),
        *(overdoses("2026-07-04", **wanted) for _time in range(2)), *(overdoses("2026-07-04", reported_by="public_form") for _time in range(3)), overdoses("2026-07-04"),
    )
    found = numbers(warehouse, *events).get("hr_nal_13")
    assert (found.plain, found.numerator, found.denominator) == ("100.0", 1, 1)
    beside = {str(step.label): step.value for step in found.steps if step.role == "beside"}
    assert list(beside.values()) == ["3", "2"], beside
