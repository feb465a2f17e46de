"""The story of the first page: one visit on a van, from sign-in to the quarter's report, by everybody it passes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, Visitor, handrail, picture
from tests.world import today

pytestmark = pytest.mark.browser
NAIMAS_VISIT = 6
"""Taps after sign-in, choosing the van included."""


def record_naimas_visit(visitor: Visitor) -> str:
    """30 syringes and 10 filters out, 22 back, for herself and two others, HCV negative, methadone; the two words."""
    visitor.sign_in("naima")
    visitor.tap("a.place:has-text('Van 1')")
    visitor.tap(".usual a:has-text('30 Syringe')")
    visitor.tap("input[name='exchange.returned:quantity']")
    visitor.page.keyboard.type("22")
    visitor.tap("fieldset:has-text('Hepatitis C antibodies') label:has-text('Negative')")
    visitor.tap("fieldset:has-text('Methadone') label:has-text('Wants it')")
    visitor.tap("button:has-text('Save visit')")
    return visitor.page.locator(".words").inner_text()


def shelf(visitor: Visitor) -> dict[str, int]:
    """Lot → quantity on Van 1."""
    visitor.open("/stock/")
    visitor.page.locator("section[aria-label='Van 1'] details").evaluate_all("all => all.forEach(one => one.open = true)")
    rows = visitor.page.locator("section[aria-label='Van 1'] tbody tr")
    return {
        row.locator("td").nth(1).inner_text(): int(re.sub(r"\D", "", row.locator("td").nth(0).inner_text()))
        for row in rows.all()
    }


def test_naima_records_a_visit_in_six_taps_without_a_name(visitor: Visitor):
    visitor.sign_in("naima")
    before = shelf(visitor)
    words = record_naimas_visit(visitor)
    assert visitor.taps <= NAIMAS_VISIT
    expect(visitor.page.locator("main")).to_contain_text("30 × Syringe 1 ml, 29G")
    expect(visitor.page.locator("main")).to_contain_text("Collecting also for: 2")
    assert re.fullmatch(r"[a-z]+ [a-z]+", words)
    picture(visitor.page, "visit-saved")
    after = shelf(visitor)
    assert sum(before.values()) - sum(after.values()) == 40
    assert before["F-1"] - after["F-1"] == 10


def test_the_composer_says_what_is_in_it_before_it_is_saved(visitor: Visitor):
    visitor.sign_in("naima")
    visitor.tap("a.place:has-text('Van 1')")
    expect(visitor.page.locator("[data-summary]")).to_have_text("Nothing filled in yet")
    visitor.tap("button[data-set='30']")
    visitor.tap("button[aria-label='more people']")
    expect(visitor.page.locator("[data-summary]")).to_have_text("30 out")
    expect(visitor.page.locator("[data-who]")).to_have_text("2 people")
    picture(visitor.page, "composer")


def test_a_typing_error_is_corrected_and_both_stand(visitor: Visitor):
    record_naimas_visit(visitor)
    visitor.tap("a:has-text('Correct')")
    visitor.page.fill("[id='exchange.given:syringe-1ml-29g']", "20")
    visitor.tap("button:has-text('Save correction')")
    expect(visitor.page.locator("section:has(h2:text('Recorded'))")).to_contain_text("20 × Syringe")
    visitor.tap("summary:has-text('Everything ever written')")
    everything = visitor.page.locator("details:has-text('Everything ever written')")
    expect(everything).to_contain_text("30 × Syringe")
    expect(everything).to_contain_text("does not count now")


def test_what_was_typed_survives_a_mistake(visitor: Visitor):
    visitor.sign_in("naima")
    visitor.tap("a.place:has-text('Van 1')")
    visitor.page.fill("[id='exchange.given:syringe-1ml-29g']", "-5")
    visitor.page.fill("[name='exchange.returned:quantity']", "22")
    visitor.tap("button:has-text('Save visit')")
    expect(visitor.page.locator("main")).to_contain_text("Cannot be less than 1.")
    assert visitor.page.input_value("[id='exchange.given:syringe-1ml-29g']") == "-5"
    assert visitor.page.input_value("[name='exchange.returned:quantity']") == "22"
    visitor.complaints.clear()  # Chromium notes the 422 itself


def test_a_double_tap_on_save_records_one_visit(visitor: Visitor):
    visitor.sign_in("naima")
    before = shelf(visitor)
    visitor.tap("a.home")
    visitor.tap("a.place:has-text('Van 1')")
    visitor.tap("button[data-set='10']")
    visitor.page.locator("button:has-text('Save visit')").dblclick()
    visitor.page.wait_for_url(re.compile("saved"))
    assert sum(before.values()) - sum(shelf(visitor).values()) == 10


def test_a_card_is_found_and_a_mistyped_one_is_not_looked_up(visitor: Visitor):
    visitor.sign_in("naima")
    visitor.tap("a.place:has-text('Van 1')")
    visitor.tap("label:has-text('Card')")
    visitor.page.fill("#card", "7hr 9v4 99p 2")
    visitor.tap("button[data-set='10']")
    visitor.tap("button:has-text('Save visit')")
    expect(visitor.page.locator("main")).to_contain_text("one of its symbols is wrong")
    visitor.page.fill("#card", "7hr 9v4 99p 1")
    visitor.tap("button:has-text('Save visit')")
    expect(visitor.page.locator("main")).to_contain_text("Saved.")
    visitor.complaints.clear()


def test_a_new_card_is_given_and_found_at_once(visitor: Visitor):
    visitor.sign_in("naima")
    visitor.tap("a.place:has-text('Van 1')")
    visitor.tap("label:has-text('Card')")
    visitor.tap("a:has-text('Give a new card')")
    code = visitor.page.locator(".words").inner_text()
    visitor.page.fill("#birth_year", "1985")
    visitor.tap("summary:has-text('What else they want to say')")
    visitor.tap("fieldset:has-text('Last injected') label:has-text('In the last month')")
    visitor.tap("button:has-text('The card is given')")
    visitor.tap("a.home")
    visitor.tap("a.place:has-text('Van 1')")
    visitor.tap("label:has-text('Card')")
    visitor.page.fill("#card", code.lower())
    visitor.tap("button[data-set='10']")
    visitor.tap("button:has-text('Save visit')")
    expect(visitor.page.locator("main")).to_contain_text("Saved.")


def test_a_sign_in_that_ran_out_loses_nothing(visitor: Visitor):
    visitor.sign_in("naima")
    visitor.tap("a.place:has-text('Van 1')")
    visitor.tap("button[data-set='10']")
    visitor.context.clear_cookies(name="handrail")
    visitor.tap("button:has-text('Save visit')")
    expect(visitor.page.locator("main")).to_contain_text("what you typed is kept")
    visitor.page.fill("#username", "naima")
    visitor.page.fill("#password", "warm paper dark ink 7")
    visitor.tap("main button")
    visitor.tap("button:has-text('Save what I typed')")
    expect(visitor.page.locator("main")).to_contain_text("10 × Syringe")
    visitor.complaints.clear()


@pytest.mark.viewport(DESK)
def test_the_storekeeper_receives_a_delivery_and_loads_the_van(visitor: Visitor):
    visitor.sign_in("store")
    visitor.open("/stock/receive/")
    visitor.page.select_option("#item-0", "syringe-1ml-29g")
    visitor.page.fill("#lot-0", "N-77")
    visitor.page.fill("#quantity-0", "1000")
    visitor.page.fill("#expiry-0", "2028-03-31")
    visitor.tap("button:has-text('Save the delivery')")
    before = shelf(visitor)
    visitor.open("/stock/transfer/")
    visitor.page.select_option("#to_site", label="Van 1")
    visitor.page.fill("[id='q-syringe-1ml-29g']", "400")
    visitor.tap("button:has-text('Move it')")
    after = shelf(visitor)
    assert after["N-77"] - before.get("N-77", 0) == 400


@pytest.mark.viewport(DESK)
def test_the_nurse_the_coordinator_and_the_auditor(visitor: Visitor, server):
    words = record_naimas_visit(visitor)
    visit = visitor.path().split("?")[0]
    visitor.sign_in("nurse")
    visitor.open("/expected/")
    visitor.tap(f"section:has(h2:text-is('{words}')) button:has-text('Arrived')")
    expect(visitor.page.locator("main")).to_contain_text(f"Saved: {words}")

    handrail(server, "warehouse", "build")
    day = today()
    quarter = f"{day.year}Q{(day.month - 1) // 3 + 1}"
    visitor.sign_in("coordinator")
    visitor.open(f"/quarter/{quarter}/")
    expect(visitor.page.locator("main")).to_contain_text("GAM 1.9")
    expect(visitor.page.locator("section[aria-label='By site'], div[aria-label='By site']")).to_contain_text("Van 1")
    visitor.tap("table a:has-text('KP-4')")
    expect(visitor.page.locator("main")).to_contain_text("How it was computed")
    expect(visitor.page.locator("main")).to_contain_text("Global Fund")
    visitor.open(f"/quarter/{quarter}/")
    with visitor.page.expect_download() as waiting:
        visitor.page.click("a:has-text('Download CSV')")
    text = waiting.value.path().read_text()
    assert "KP-4" in text
    assert "Van 1" in text

    visitor.sign_in("auditor")
    visitor.open("/audit/")
    visitor.tap("button:has-text('Verify now')")
    expect(visitor.page.locator(".notice.go")).to_have_count(2)
    assert visitor.page.goto(visitor.origin + visit).status == 404
    assert visitor.page.goto(visitor.origin + "/visits/").status == 404
    visitor.complaints.clear()
