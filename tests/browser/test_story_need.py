"""Need, last time and what is usual: offered beside the row, taken in one tap, never a limit; and all of it without a script."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Visitor
from tests.browser.test_story_one_visit import NAIMAS_VISIT, record_naimas_visit
from tests.browser.test_story_person import at_van, new_card

pytestmark = pytest.mark.browser
SYRINGE, FILTER = "[id='exchange.given:syringe-1ml-29g']", "[id='exchange.given:filter']"
OFFER = ".item:has([id='exchange.given:syringe-1ml-29g']) .usual button"


def found(visitor: Visitor, van: str, code: str) -> Page:
    """The composer with a person found by card."""
    page = visitor.open(van)
    visitor.tap("label:has-text('Card')")
    page.fill("#card", code)
    visitor.tap("button[value=find]")
    return page


def give(visitor: Visitor, van: str, code: str, syringes: str, filters: str = "", others: str = "") -> None:
    page = found(visitor, van, code)
    page.fill(SYRINGE, syringes)
    page.fill(FILTER, filters)
    page.fill("#on_behalf_of", others)
    visitor.tap("button:has-text('Save visit')")
    expect(page.locator(".notice.go")).to_have_text("Saved.")


def work_out(visitor: Visitor) -> Page:
    """3 a day for 14 days, and 2 and 5 a day for two others: 140."""
    page = visitor.page
    page.fill("#on_behalf_of", "2")
    visitor.tap("summary:has-text('How many are needed?')")
    page.fill("[name='exchange.need:per_day']", "3")
    page.fill("[name='exchange.need:days']", "14")
    page.fill("[name='exchange.need:others:0']", "2")
    page.fill("[name='exchange.need:others:1']", "5")
    visitor.tap("button:has-text('Work it out')")
    expect(page.locator(OFFER)).to_have_text("need about 140: 14 days × 3 a day, and for 2 others")
    return page


def test_a_plain_visit_still_takes_six_taps(visitor: Visitor):
    record_naimas_visit(visitor)
    assert visitor.taps <= NAIMAS_VISIT


def test_a_plain_visit_fits_in_two_screens_of_a_phone(visitor: Visitor):
    """From the usual basket to what came back; the tests and referrals that are asked most are on the second screen."""
    at_van(visitor)
    bottom = "e => e.getBoundingClientRect().bottom + scrollY"
    assert visitor.page.locator("[id='exchange.returned:quantity']").evaluate(bottom) < 1.5 * PHONE["height"]
    usual = visitor.page.locator(".usual").first.evaluate("e => e.getBoundingClientRect().height")  # grows with what is usual here, up to three offers
    assert visitor.page.locator("fieldset:has-text('Methadone')").first.evaluate(bottom) - usual < 2 * PHONE["height"]


def test_last_time_is_offered_and_taken_in_one_tap(visitor: Visitor):
    van = at_van(visitor)
    code, _who = new_card(visitor, van)
    give(visitor, van, code, "45", "15", "1")
    page = found(visitor, van, code)
    assert page.input_value(SYRINGE) == ""
    visitor.taps = 0
    visitor.tap("button:has-text('Last time')")
    assert visitor.taps == 1
    assert [page.input_value(f) for f in (SYRINGE, FILTER, "#on_behalf_of")] == ["45", "15", "1"]
    visitor.tap("button:has-text('Save visit')")
    expect(page.locator("main")).to_contain_text("45 × Syringe")


def test_what_somebody_usually_takes_stands_beside_last_time(visitor: Visitor):
    van = at_van(visitor)
    code, _who = new_card(visitor, van)
    for syringes in ("40", "40", "40", "10"):
        give(visitor, van, code, syringes)
    page = found(visitor, van, code)
    expect(page.locator("button:has-text('Last time')")).to_contain_text("10 Syringe")
    expect(page.locator("button:has-text('Usually')")).to_contain_text("40 Syringe")


def test_a_need_is_worked_out_offered_beside_the_row_and_less_is_given_with_a_reason(visitor: Visitor):
    at_van(visitor)
    page = work_out(visitor)
    assert page.locator(OFFER).evaluate("e => { const r = e.getBoundingClientRect(); return r.top > 0 && r.bottom < innerHeight }")
    assert page.input_value(SYRINGE) == ""
    visitor.tap(OFFER)
    assert page.input_value(SYRINGE) == "140"
    page.fill(SYRINGE, "100")
    visitor.tap("label:has-text('We had no more')")
    visitor.tap("button:has-text('Save visit')")
    expect(page.locator("main")).to_contain_text("Need about 140")
    expect(page.locator("main")).to_contain_text("Fewer than needed by: 40")
    expect(page.locator("main")).to_contain_text("We had no more")


def test_a_need_never_caps_what_is_given(visitor: Visitor):
    at_van(visitor)
    page = work_out(visitor)
    page.fill(SYRINGE, "500")
    visitor.tap("button:has-text('Save visit')")
    expect(page.locator("main")).to_contain_text("500 × Syringe")


def test_fewer_than_needed_is_asked_about_once_and_saved_without_a_reason(visitor: Visitor):
    at_van(visitor)
    page = visitor.page
    page.fill(SYRINGE, "20")
    visitor.tap("summary:has-text('How many are needed?')")
    page.fill("[name='exchange.need:per_day']", "3")
    visitor.tap("button:has-text('Save visit')")
    expect(page.locator(".notice.soon")).to_contain_text("That is fine: save again")
    visitor.tap("button:has-text('Save visit')")
    expect(page.locator("main")).to_contain_text("Fewer than needed by: 22")
    visitor.complaints.clear()  # Chromium notes the 422 itself


def test_what_was_said_last_time_is_one_tap_away(visitor: Visitor):
    van = at_van(visitor)
    code, _who = new_card(visitor, van)
    found(visitor, van, code)
    work_out(visitor)
    visitor.tap(OFFER)
    visitor.tap("button:has-text('Save visit')")
    page = found(visitor, van, code)
    visitor.tap("summary:has-text('How many are needed?')")
    visitor.tap("button:has-text('as last time: 3 + 2 + 5 a day, 14 days')")
    expect(page.locator(OFFER)).to_contain_text("need about 140")


def test_a_whole_visit_with_a_person_and_a_need_is_saved_without_a_script(chromium, server):
    context = chromium.new_context(viewport=PHONE, has_touch=True, java_script_enabled=False)
    visitor = Visitor(context, server)
    van = at_van(visitor)
    code, who = new_card(visitor, van)
    give(visitor, van, code, "30", "10", "2")
    page = found(visitor, van, code)
    expect(page.locator("[data-person-found]")).to_contain_text(who)
    send(page, "button:has-text('Last time')")
    assert [page.input_value(f) for f in (SYRINGE, FILTER, "#on_behalf_of")] == ["30", "10", "2"]
    work_out(visitor)
    send(page, OFFER)
    assert page.input_value(SYRINGE) == "140"
    page.fill("[id='exchange.returned:quantity']", "12")
    visitor.tap("fieldset:has-text('Hepatitis C antibodies') label:has-text('Negative')")
    visitor.tap("button:has-text('Save visit')")
    said = page.locator("main").inner_text()
    assert all(part in said for part in ("140 × Syringe", "10 × Filter", "Need about 140", "Negative"))
    assert re.search(r"back.*12|12.*back", said, re.IGNORECASE | re.DOTALL)
    page = visitor.open(van)
    send(page, ".usual a >> nth=0")
    assert page.input_value(SYRINGE) != ""
    assert visitor.elsewhere == []
    context.close()


def send(page: Page, selector: str) -> None:
    """Tap what asks the server where there is no script to answer."""
    with page.expect_navigation():
        page.locator(selector).first.tap()
