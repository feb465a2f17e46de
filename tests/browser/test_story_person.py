"""A person at the counter, from the first card to a death that was reported by mistake: found, enrolled, asked, told of, joined."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, Visitor
from tests.world import today

pytestmark = pytest.mark.browser
CODE = re.compile(r"[0-9A-Z]{3}-[0-9A-Z]{3}-[0-9A-Z]{3}-.")
SYRINGE = "[id='exchange.given:syringe-1ml-29g']"


# -- steps -----------------------------------------------------------------------------------------------------------------


def at_van(visitor: Visitor) -> str:
    """Naima signs in and goes to the van; the address of its composer."""
    visitor.sign_in("naima")
    visitor.tap("a.place:has-text('Van 1')")
    return visitor.path()


def new_card(visitor: Visitor, van: str, *, handle: str = "", birth_year: str = "") -> tuple[str, str]:
    """Give somebody a card; its code and the name on their page."""
    page = visitor.open(van.replace("/visits/at/", "/cards/new/"))
    code = page.locator(".words").inner_text()
    page.fill("#handle", handle)
    page.fill("#birth_year", birth_year)
    visitor.tap("button:has-text('The card is given')")
    return code, name(page)


def name(page: Page) -> str:
    """Whose page it is."""
    return page.locator("h1").inner_text()


def by_card(visitor: Visitor, van: str, code: str) -> Page:
    """Type a code on the page that finds somebody."""
    page = visitor.open(van.replace("/visits/at/", "/people/find/"))
    page.fill("#card", code)
    visitor.tap("form:has(#card) button.go")
    return page


def by_answers(visitor: Visitor, van: str, mother: str, father: str, own: str, *numbers: str) -> Page:
    """The six answers of a self-made code."""
    page = visitor.open(van.replace("/visits/at/", "/people/find/"))
    visitor.tap("summary:has-text('self-made code')")
    for field, typed in zip(("mother", "father", "own", "day", "month", "year"), (mother, father, own, *numbers), strict=True):
        page.fill(f"#{field}", typed)
    visitor.tap("button:has-text('Find by these answers')")
    return page


def enrol_by_answers(visitor: Visitor, van: str, *answers: str) -> tuple[str, str]:
    """Somebody new by self-made code: the code that is shown once, and the name on their page."""
    page = by_answers(visitor, van, *answers)
    code = page.locator(".words").inner_text()
    visitor.tap("a:has-text('Go on')")
    return code, name(page)


def visit(visitor: Visitor, van: str, code: str, quantity: str = "10") -> Page:
    """A plain visit with a card."""
    page = visitor.open(van)
    visitor.tap("label:has-text('Card')")
    page.fill("#card", code)
    page.fill(SYRINGE, quantity)
    visitor.tap("button:has-text('Save visit')")
    return page


def choose(visitor: Visitor, field: str, value: str) -> None:
    visitor.tap(f"label:has(input[name={field}][value={value}])")


# -- finding -----------------------------------------------------------------------------------------------------------------


def test_somebody_is_enrolled_with_open_questions_and_found_typed_scanned_and_by_what_they_are_called(visitor: Visitor):
    van = at_van(visitor)
    page = visitor.open(van.replace("/visits/at/", "/cards/new/"))
    code = page.locator(".words").inner_text()
    assert CODE.fullmatch(code)
    expect(page.locator("svg[role=img]")).to_be_visible()
    page.fill("#handle", "Kestrel")
    visitor.tap("summary:has-text('What else they want to say')")
    visitor.tap("fieldset:has-text('Last injected') label:has-text('In the last month')")
    visitor.tap("button:has-text('The card is given')")
    assert name(page) == "Kestrel"
    expect(page.locator("section[aria-labelledby=said]")).to_contain_text("In the last month")

    by_card(visitor, van, code.lower().replace("-", " "))
    assert name(page) == "Kestrel"
    assert code not in page.url

    visitor.open(van.replace("/visits/at/", "/people/find/"))  # a hand scanner types the code and ends with Enter
    page.locator("#card").focus()
    with page.expect_navigation():
        page.keyboard.type(code)
        page.keyboard.press("Enter")
    assert name(page) == "Kestrel"

    visitor.open(van.replace("/visits/at/", "/people/find/"))
    page.fill("#handle", "kes")
    visitor.tap("button:has-text('Look')")
    visitor.tap("a:has-text('Kestrel')")
    assert name(page) == "Kestrel"


def test_a_scan_in_the_composer_finds_somebody_and_saves_nothing(visitor: Visitor):
    van = at_van(visitor)
    code, who = new_card(visitor, van)
    page = visitor.open(van)
    page.fill(SYRINGE, "20")
    visitor.tap("label:has-text('Card')")
    page.locator("#card").focus()
    with page.expect_navigation():
        page.keyboard.type(code)
        page.keyboard.press("Enter")
    expect(page.locator("[data-person-found]")).to_contain_text(who)
    assert page.input_value(SYRINGE) == "20"
    visitor.tap("button:has-text('Save visit')")
    expect(page.locator("main")).to_contain_text("20 × Syringe")


def test_a_mistyped_code_and_an_unknown_one_say_so_and_stay_as_typed(visitor: Visitor):
    van = at_van(visitor)
    page = by_card(visitor, van, "7HR-9V4-99P-2")
    expect(page.locator(".bad")).to_have_text("Check the code: one of its symbols is wrong.")
    assert page.input_value("#card") == "7HR-9V4-99P-2"
    visitor.complaints.clear()  # Chromium notes the 422 itself


def test_the_same_answers_make_the_same_code_which_is_shown_once(visitor: Visitor):
    van = at_van(visitor)
    answers = ("Amina", "Juma", "Zawadi", "3", "4", "1990")
    page = by_answers(visitor, van, *answers)
    code = page.locator(".words").inner_text()
    assert CODE.fullmatch(code)
    expect(page.locator("svg[role=img]")).to_be_visible()
    visitor.tap("a:has-text('Go on')")
    who = name(page)
    assert code not in page.content()
    by_answers(visitor, van, *answers)
    assert name(page) == who
    assert code not in page.content()
    by_card(visitor, van, code)
    assert name(page) == who


def test_with_two_answers_unknown_a_card_is_offered_and_what_was_typed_stays(visitor: Visitor):
    van = at_van(visitor)
    page = by_answers(visitor, van, "Amina", "", "Zawadi", "3", "", "1990")
    expect(page.locator(".notice.soon")).to_contain_text("Give a card instead")
    assert page.input_value("#mother") == "Amina"
    visitor.tap(".notice.soon a")
    assert "/cards/new/" in page.url
    visitor.complaints.clear()


def test_a_lost_card_opens_nothing_and_the_new_one_finds_the_same_person(visitor: Visitor):
    van = at_van(visitor)
    lost, who = new_card(visitor, van)
    page = visitor.page
    visitor.tap("a:has-text('Lost a card')")
    assert page.locator("input[name=lost]").is_checked()
    code = page.locator(".words").inner_text()
    visitor.tap("button:has-text('The card is given')")
    expect(page.locator(".notice.go")).to_have_text("The card is ready.")
    by_card(visitor, van, lost)
    expect(page.locator(".bad")).to_contain_text("This card was replaced.")
    by_card(visitor, van, code)
    assert name(page) == who
    visitor.complaints.clear()


# -- what they want ----------------------------------------------------------------------------------------------------------


def fill_consent(visitor: Visitor) -> None:
    for field, value in (
        ("purpose", "share_with_named_provider"), ("scope", "tests"), ("until", "none"), ("how", "written"), ("from_whom", "this_programme"),
    ):
        choose(visitor, field, value)
    visitor.page.fill("#to_service", "Riverside hospital")
    for field in ("says_who", "revocation_explained", "signed"):
        visitor.page.check(f"[name={field}]")


def tell(visitor: Visitor) -> None:
    visitor.tap("a:has-text('Tell another service something')")
    choose(visitor, "what", "tests")
    choose(visitor, "basis", "consent")
    choose(visitor, "purpose", "share_with_named_provider")
    visitor.page.fill("#to_service", "Riverside hospital")
    visitor.page.check("[name=notice_sent]")
    visitor.tap("button:has-text('Save, then tell')")


def test_consent_is_given_told_of_taken_back_in_one_tap_and_then_nothing_may_be_told(visitor: Visitor):
    van = at_van(visitor)
    code, _who = new_card(visitor, van)
    page = visitor.page
    visitor.tap("a:has-text('New consent')")
    fill_consent(visitor)
    page.fill("#given_on", "")
    visitor.tap("button:has-text('They agree')")
    expect(page.locator(".notice.soon")).to_have_text("Not active yet. Missing: 9 date")
    assert page.input_value("#to_service") == "Riverside hospital"
    assert page.is_checked("[name=signed]")
    page.fill("#given_on", today().isoformat())
    visitor.tap("button:has-text('They agree')")
    expect(page.locator("section[aria-labelledby=wishes]")).to_contain_text("Riverside hospital")

    tell(visitor)
    expect(page.locator(".notice.go")).to_have_text("Saved.")
    by_card(visitor, van, code)
    visitor.taps = 0
    visitor.tap("button:has-text('Take it back')")
    assert visitor.taps == 1
    expect(page.locator(".notice.go")).to_contain_text("Nothing they get here changes.")
    expect(page.locator("section[aria-labelledby=wishes]")).to_contain_text("Tell them that it ended: Riverside hospital")

    tell(visitor)
    expect(page.locator(".notice.soon")).to_be_visible()
    assert page.input_value("#to_service") == "Riverside hospital"
    assert page.is_checked("[name=what][value=tests]")
    visitor.complaints.clear()


def test_who_does_not_want_to_be_contacted_is_left_alone_and_served(visitor: Visitor):
    van = at_van(visitor)
    code, who = new_card(visitor, van)
    page = visitor.open(van)
    visitor.tap("label:has-text('Card')")
    page.fill("#card", code)
    visitor.tap("fieldset:has-text('Methadone') label:has-text('Wants it')")
    visitor.tap("button:has-text('Save visit')")
    words = page.locator(".words").inner_text()
    by_card(visitor, van, code)
    visitor.tap("a:has-text('Wishes and contact')")
    visitor.tap("button:has-text('Does not want to be contacted')")
    by_card(visitor, van, code)
    expect(page.locator("main .notice.soon").first).to_have_text("Does not want to be contacted")
    visitor.tap("a:has-text('Record a visit')")
    expect(page.locator("[data-person-found]")).to_contain_text(who)
    expect(page.locator("[data-person-found] .chip")).to_have_text("Does not want to be contacted")
    page.fill(SYRINGE, "10")
    visitor.tap("button:has-text('Save visit')")
    expect(page.locator("main")).to_contain_text("10 × Syringe")
    visitor.sign_in("nurse")
    visitor.open("/expected/")
    expect(page.locator(f"section:has(h2:text-is('{words}'))")).to_contain_text("do not go and look")


def test_a_death_reported_by_mistake_refuses_kindly_and_can_be_taken_back(visitor: Visitor):
    van = at_van(visitor)
    code, _who = new_card(visitor, van)
    page = visitor.page
    visitor.tap("a:has-text('Wishes and contact')")
    visitor.tap("a:has-text('has died')")
    choose(visitor, "reported_by", "peer")
    page.fill("#died_on", (today() - timedelta(days=2)).isoformat())
    visitor.tap("button:has-text('Save')")
    expect(page.locator("[role=status]")).to_contain_text("Thank you for telling us.")
    by_card(visitor, van, code)
    expect(page.locator("main .notice").first).to_have_text("Has died")

    visit(visitor, van, code, "30")
    expect(page.locator(".notice.soon")).to_contain_text("We were told that this person has died")
    assert page.input_value(SYRINGE) == "30"
    visitor.tap("label:has-text('No code')")
    visitor.tap("button:has-text('Save visit')")
    expect(page.locator("main")).to_contain_text("30 × Syringe")

    by_card(visitor, van, code)
    visitor.tap("a:has-text('Wishes and contact')")
    visitor.tap("summary:has-text('The report is wrong')")
    visitor.tap("label:has-text('The person is alive')")
    visitor.tap("button:has-text('Take the report back')")
    expect(page.locator(".notice.go")).to_contain_text("Everything is as before.")
    visit(visitor, van, code, "40")
    expect(page.locator("main")).to_contain_text("40 × Syringe")
    visitor.complaints.clear()


def test_a_visit_without_a_code_is_claimed_later_with_its_receipt_and_once(visitor: Visitor):
    van = at_van(visitor)
    page = visitor.page
    page.fill(SYRINGE, "50")
    visitor.tap("button:has-text('Save visit')")
    visitor.tap("button:has-text('Give a receipt')")
    slip = page.locator(".words").inner_text()
    new_card(visitor, van)
    expect(page.locator("#visits")).to_have_count(0)
    page.fill("#receipt", slip.lower())
    visitor.tap("button:has-text('Make the visit theirs')")
    expect(page.locator(".notice.go")).to_have_text("The visit is theirs now.")
    expect(page.locator("section[aria-labelledby=visits] li")).to_have_count(1)
    page.fill("#receipt", slip)
    visitor.tap("button:has-text('Make the visit theirs')")
    expect(page.locator(".bad")).to_have_text("This receipt was used before.")
    visitor.complaints.clear()


# -- one person with two codes ------------------------------------------------------------------------------------------------


def join(visitor: Visitor, one: str, other: str) -> None:
    """The steward opens the proposal, ticks two facts that fit, and says “same”."""
    visitor.sign_in("steward")
    page = visitor.open("/same-person/")
    visitor.tap(f"section[aria-labelledby=open] a:has-text('{one}'):has-text('{other}')")
    page.check("[name=corroborating][value=usual_site]")
    page.check("[name=agreed][value=yes]")
    visitor.tap("button[value=same]")
    expect(page.locator(".notice.soon")).to_contain_text("Two facts that fit together are needed")
    assert page.is_checked("[name=corroborating][value=usual_site]")
    page.check("[name=corroborating][value=issued_card]")
    visitor.tap("button[value=same]")
    expect(page.locator("section[aria-labelledby=joined]")).to_contain_text(one)


@pytest.mark.viewport(DESK)
def test_a_near_match_is_proposed_joined_with_two_facts_and_undone(visitor: Visitor):
    visitor.sign_in("coordinator")
    page = visitor.open("/settings/tolerant_review/")
    page.select_option("#value", label="yes")
    page.fill("#source", "Decision of the team")
    visitor.tap("form:has(#value) button")
    expect(page.locator("dl.facts")).to_contain_text("yes")

    van = at_van(visitor)
    first, one = enrol_by_answers(visitor, van, "Fatuma", "Ali", "Neema", "12", "7", "1985")
    visitor.tap("a:has-text('New card')")
    card = page.locator(".words").inner_text()
    visitor.tap("button:has-text('The card is given')")
    visit(visitor, van, first)
    second, other = enrol_by_answers(visitor, van, "Fatuma", "Ali", "Neema", "13", "7", "1985")
    assert (first, one) != (second, other)
    visit(visitor, van, second)

    join(visitor, one, other)
    visitor.complaints.clear()
    at_van(visitor)
    found = []
    for code in (first, second, card):
        by_card(visitor, van, code)
        found.append(name(page))
    assert found == [one, one, one]
    expect(page.locator("section[aria-labelledby=visits] li")).to_have_count(2)

    visitor.sign_in("steward")
    visitor.open("/same-person/")
    visitor.tap(f"section[aria-labelledby=joined] li:has-text('{other}') button:has-text('Undo')")
    at_van(visitor)
    for code, who in ((first, one), (second, other), (card, one)):
        by_card(visitor, van, code)
        assert name(page) == who
