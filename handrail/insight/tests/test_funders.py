"""What funders ask, at its edges: halves of PEPFAR's year, packages with a date, prisons' own counts, kits with condoms in them."""

from __future__ import annotations

from datetime import date

import pytest

from handrail.facts.models import Setting, Site
from handrail.facts.record import Mode, record_many
from handrail.insight.compile import Reader
from handrail.insight.examples import (
    CONDOM,
    HELD,
    KP_PREV,
    PRISON,
    SYRINGE,
    drafts,
    gets,
    hears,
    is_referred,
    is_tested,
    play,
    prison_counts,
    says,
    takes,
)
from handrail.insight.packages import resolved
from handrail.insight.periods import Period, Window
from handrail.insight.report_spec import REPORTS
from handrail.insight.spec import INDICATORS, Event, Example, Package, People
from handrail.insight.values import Codes
from handrail.ledgers.stock.commands import add_item
from handrail.ledgers.stock.models import KitComponent


def some(world, *events, site=None, **place):
    play(Example("", "2026Q3", events, "", 0, place=place), actor=world.system, site=site or world.van)


def cells(row):
    """Codes and values of a measured part, without zeros."""
    return {cell.split("=")[1]: found.value for cell, found in row.by_cell.items() if found.value}


def reached(world, *periods):
    """KP_PREV of each period: the whole and its parts."""
    world.build()
    kp_prev = INDICATORS["kp_prev"]
    with Reader(str(world.harbour.id)) as reader:
        found = [reader.measure(kp_prev.numerator, Period.parse(written).window(kp_prev.window), kp_prev.breakdowns) for written in periods]
    return [(one.everywhere.value, cells(one)) for one in found]


# -- KP_PREV -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period", "first", "after"),
    [
        ("2026Q1", date(2025, 10, 1), date(2026, 4, 1)), ("2026Q3", date(2026, 4, 1), date(2026, 10, 1)), ("2026Q4", date(2026, 10, 1), date(2027, 1, 1)),
        ("2026Q2", date(2026, 4, 1), date(2026, 7, 1)), ("2026-03", date(2025, 10, 1), date(2026, 4, 1)), ("2026-04", date(2026, 4, 1), date(2026, 5, 1)),
    ],
)
def test_pepfars_halves_begin_in_october_and_april(period, first, after):
    assert Period.parse(period).window("mer_half_year") == Window(first, after)


def test_the_second_half_leaves_out_the_first_and_both_add_up_to_the_year(warehouse):
    """`domain/indicators.md`, worked example 5."""
    some(warehouse, *KP_PREV)
    (first, _parts), (second, parts) = reached(warehouse, "2026Q1", "2026Q3")
    assert (first, second, first + second) == (3, 2, 5)
    assert parts == {"newly_tested": 2}


def test_the_first_half_of_the_next_year_counts_everybody_again(warehouse):
    some(warehouse, *KP_PREV, *(one for n in (1, 5) for one in (says(f"P{n}", "2026-10-01"), is_tested(f"P{n}", "2026-10-02"), hears(f"P{n}", "2026-10-02"))))
    assert [whole for whole, _parts in reached(warehouse, "2026Q4", "2027Q1")] == [2, 2]


def test_who_counts_for_kp_prev_and_as_what(warehouse):
    some(
        warehouse, *(says(who, "2026-07-01") for who in ("known", "never", "declines", "sent", "found", "crowd", "only a test", "before", "not needed", "both")),
        says("smokes", "2026-07-01", "never"),
        is_tested("known", "2026-08-01", result=None, state="known_positive"), takes("known", "2026-08-01", condoms=3),
        takes("never", "2026-08-01", condoms=3),
        is_tested("declines", "2026-08-01", result=None, state="offered_declined"), takes("declines", "2026-08-01", lubricant=1),
        is_referred("sent", "2026-08-01", service="HIV_test"), hears("sent", "2026-09-30"),
        is_tested("found", "2026-08-01", result="positive"), gets("found", "2026-08-01", 5), is_tested("found", "2026-08-20", result=None, state="known_positive"),
        Event("crowd", "2026-08-01", "exchange.test", {"disease": "HIV", "state": "offered_declined"}, people=26),
        Event("crowd", "2026-08-01", "exchange.education", {"topics": ["HIV"]}),
        is_tested("only a test", "2026-08-01"), hears("only a test", "2026-08-01", "none"),
        is_tested("before", "2024-02-01", result="positive"), is_tested("before", "2026-08-01", result=None, state="not_offered"), gets("before", "2026-08-01", 5),
        is_tested("not needed", "2026-08-01", result=None, state="not_indicated"), gets("not needed", "2026-08-01", 5),
        is_tested("both", "2026-08-01", result=None, state="offered_declined"), is_tested("both", "2026-08-02"), is_referred("both", "2026-08-03", "declined", "PrEP"),
        is_tested("smokes", "2026-08-01"), gets("smokes", "2026-08-01", 5),
    )
    ((whole, parts),) = reached(warehouse, "2026Q3")
    assert parts == {"known_positive": 2, "declined": 1, "newly_tested": 3}
    assert whole == sum(parts.values()) == 6


# -- the package --------------------------------------------------------------------------------------------------------------


def test_a_package_is_what_held_on_the_last_day_of_the_period(in_harbour):
    Setting.objects.create(organisation=in_harbour.harbour, name="kp_package", value=["HIV_test_offered", "condoms"], valid_from=date(2026, 7, 1))
    package = Package("", closed=True)
    windows = [Period.parse(written).window("period") for written in ("2026Q2", "2026-07")]
    assert [resolved(package, window).all_of for window in windows] == [("information", "needles"), ("HIV_test_offered", "condoms")]
    assert resolved(package, windows[0]).closed
    assert resolved(People(""), windows[0]) == People("")


def test_codes_are_typed_with_commas_and_what_is_no_activity_is_refused():
    check = INDICATORS and Codes({"needles": "needles", "condoms": "condoms"})
    assert check(" condoms, needles,condoms ") == ["condoms", "needles"]
    for wrong in ("", " , ", "condoms, gold", 7, None):
        with pytest.raises(ValueError, match="needles, condoms"):
            check(wrong)
    assert Codes()("any-code") == ["any-code"]


def test_somebody_who_had_half_of_it_outside_does_not_have_it_in_prison(warehouse):
    inside, outside = warehouse.sites["Clinic"], warehouse.van
    some(warehouse, gets("A", "2026-08-01", 5), hears("A", "2026-08-01"), gets("B", "2026-08-01", 5), site=inside, **HELD)
    some(warehouse, hears("B", "2026-08-02"), site=outside)
    pack = warehouse.numbers("2026Q3")
    assert pack.get("kp_1f").plain == "1"
    assert [(row.site_name, row.plain) for row in pack.by_site("kp_1f")] == [("Clinic", "1")], "other places are not listed"


# -- prisons --------------------------------------------------------------------------------------------------------------------


def test_of_prisons_the_newest_record_of_a_year_counts_and_what_nobody_counted_is_no_data(warehouse):
    clinic = warehouse.sites["Clinic"]
    some(warehouse, *PRISON, **HELD)
    some(warehouse, prison_counts("2026-12-31", 2026, condoms=40), site=clinic, **HELD)
    compute = warehouse.numbers
    assert compute("2026").get("gam_1_7_condoms").plain == "3140"
    pack = compute("2026")
    assert pack.get("gam_1_7_condoms", clinic.id).plain == "40"
    assert pack.get("gam_1_7_hcv", clinic.id).plain == "no_data", "an empty count is not 0"
    assert pack.get("gam_1_7_hcv").plain == "120"
    assert compute("2024").get("gam_1_7_hcv").plain == "no_data"
    assert compute("2025").get("gam_1_7_hcv").plain == "99"


def test_a_prison_with_few_people_is_hidden_and_cannot_be_subtracted(warehouse):
    clinic, drop_in = warehouse.sites["Clinic"], warehouse.sites["Drop-in"]
    for site, count in ((warehouse.van, 30), (clinic, 4), (drop_in, 25)):
        some(warehouse, prison_counts("2026-08-01", 2026, with_hcv=count, on_art=count, living_with_hiv=count + 2), site=site, **HELD)
    pack = warehouse.numbers("2026Q3")
    for key in ("gam_1_7_hcv", "gam_1_7_art"):
        rows = [pack.get(key), *pack.by_site(key)]
        assert pack.get(key, clinic.id).is_hidden
        assert sum(row.is_hidden for row in rows) >= 2, key
    art, hiv = (pack.get(key, warehouse.van.id) for key in ("gam_1_7_art", "gam_1_7_hiv"))
    assert art.is_hidden or hiv.is_hidden, "two who live with HIV and are not on treatment"


# -- what is handed out ------------------------------------------------------------------------------------------------------------


def test_condoms_in_a_kit_count_and_which_items_are_condoms_is_set(warehouse):
    made = {code: add_item(actor=warehouse.system, code=code, name=code, item_class="safer_sex") for code in (CONDOM, "condon-52", "date-kit")}
    for code, quantity in ((CONDOM, 3), ("condon-52", 2)):
        KitComponent.objects.create(organisation=warehouse.harbour, kit=made["date-kit"], component=made[code], quantity=quantity)
    lines = [{"item": "date-kit", "quantity": 10}, {"item": "condon-52", "quantity": 7}]
    some(warehouse, Event("A", "2026-08-01", "exchange.given", {"lines": lines}), takes("B", "2026-08-01", internal=4))
    pack = warehouse.numbers("2026Q3")
    assert (pack.get("prv_1").plain, pack.get("prv_1", cell="condom=internal_condoms").plain) == ("34", "4")
    Setting.objects.create(organisation=warehouse.harbour, name="external_condoms", value=[CONDOM, "condon-52"], valid_from=date(2026, 1, 1))
    assert warehouse.numbers("2026Q3").get("prv_1", cell="condom=external_condoms").plain == "57"


def test_the_result_of_a_person_with_two_is_the_graver_and_told_by_age_and_gender(warehouse):
    some(
        warehouse, Event("A", "2026-07-01", "facts.profile", {"birth_year": 1999, "gender": ["female"]}),
        is_tested("A", "2026-08-01", told=True), is_tested("A", "2026-09-01", result="positive", told=True), is_tested("A", "2026-09-02", told=True),
        is_tested("B", "2026-08-01", result="indeterminate", told=True), is_tested("B", "2026-08-02", told=True), is_tested("C", "2026-08-02"),
    )
    found = {row.cell: row.plain for row in warehouse.numbers("2026Q3").cells("hts_tst") if row.value}
    assert found == {
        "result=positive": "1", "result=negative": "1", "age_5_years=25_29;gender=female;result=positive": "1", "age_5_years=unknown;gender=unknown;result=negative": "1",
    }


def test_referrals_are_followed_for_each_service(warehouse):
    some(warehouse, is_referred("A", "2026-08-01"), is_referred("B", "2026-08-01", service="HIV_test"), Event("B", "2026-08-02", "facts.referral_outcome", {"referral": "@B", "status": "attended", "source": "participant"}))
    pack = warehouse.numbers("2026Q3")
    assert [pack.get("referral_bridge", cell=cell).plain for cell in ("", "service=OAT", "service=HIV_test", "service=PrEP")] == ["50.0", "0.0", "100.0", "not_computable"]


def test_a_place_that_gave_nothing_is_no_outlet_and_a_box_is_one(warehouse):
    add_item(actor=warehouse.system, code=SYRINGE, name="Syringe", item_class="syringe_with_needle")
    some(warehouse, gets("A", "2026-08-01", 5), hears("A", "2026-08-01"))
    box = warehouse.sites["Drop-in"]
    Site.objects.filter(key=box.key).update(kind="wall_box")
    taken = Event("", "2026-08-01", "exchange.dispensed", {"lines": [{"item": SYRINGE, "quantity": 9}]})
    record_many(list(drafts([taken], box)), actor=warehouse.system, mode=Mode.CONFIRMED)
    pack = warehouse.numbers("2026")
    assert [pack.get(f"st10_{which}_sites").plain for which in ("fixed", "outreach")] == ["1", "1"]
    assert not pack.get("st10_fixed_sites").is_hidden, "nobody stands behind a place"


def test_other_periods_hold_what_a_report_of_their_length_asks_for(warehouse):
    pack = warehouse.numbers("2026-08")
    asked = {key for report in REPORTS if report.period is pack.period.kind for key in report.indicators}
    assert {row.indicator.key for row in pack} == asked | {"contacts"}
    assert asked
