"""Outreach: a wall box, an event, a weight, a park, a unit in a prison, a drop-in without needles, a peer with a bag."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE, Visitor

pytestmark = pytest.mark.browser
NEEDLES = re.compile(r"syringe|needle|inject", re.IGNORECASE)


def test_a_wall_box_is_looked_at_and_filled(visitor: Visitor):
    visitor.sign_in("naima")
    visitor.tap("a.place:has-text('Boxes')")
    box = visitor.page.locator("section:has(h2:text-is('Box at the station'))")
    expect(box).to_contain_text("60 × Syringe 1 ml, 29G")
    visitor.tap("a:has-text('Look and fill')")
    visitor.page.select_option("#from_site", label="Van 1")
    visitor.page.fill("#found-syringe-1ml-29g", "18")
    visitor.page.fill("#added-syringe-1ml-29g", "42")
    visitor.tap("button:has-text('Save')")
    expect(visitor.page.locator(".notice.go")).to_have_text("Saved.")
    expect(box).to_contain_text("60 × Syringe 1 ml, 29G")
    expect(box).to_contain_text("last filled")
    visitor.tap("a:has-text('Correct the last time')")
    assert visitor.page.input_value("#found-syringe-1ml-29g") == "18"
    visitor.page.fill("#found-syringe-1ml-29g", "20")
    visitor.tap("button:has-text('Save correction')")
    expect(box).to_contain_text("62 × Syringe 1 ml, 29G")


@pytest.mark.parametrize("size", [pytest.param("phone", marks=pytest.mark.viewport(PHONE)), pytest.param("desk", marks=pytest.mark.viewport(DESK))])
def test_an_event_of_100_people_is_one_record(visitor: Visitor, size: str):
    visitor.sign_in("naima")
    visitor.tap("a:has-text('Whole stop or event')")
    visitor.page.fill("#people_count", "100")
    visitor.tap("label:has-text('This was an event')")
    visitor.page.fill("#q-syringe-1ml-29g", "250")
    visitor.tap("button:has-text('Save the whole stop')")
    expect(visitor.page.locator("main")).to_contain_text("250 × Syringe 1 ml, 29G")
    expect(visitor.page.locator("main")).to_contain_text("100")


def test_returns_are_weighed_and_the_number_is_said_while_typing(visitor: Visitor):
    visitor.sign_in("naima")
    visitor.tap("main a:text-is('Exchange')")
    visitor.tap("section:has(h2:text-is('Van 1')) a:has-text('Weigh')")
    visitor.page.fill("#gross", "3.4")
    visitor.page.fill("#tare", "0.9")
    visitor.tap("label:has-text('pounds')")
    expect(visitor.page.locator("[data-weighed]")).to_have_text("About 702 syringes")
    visitor.tap("label:has-text('Somebody brought it')")
    visitor.tap("button:has-text('Save')")
    expect(visitor.page.locator(".notice.go")).to_have_text("Saved.")
    visitor.open("/visits/")
    visitor.tap("main a[href^='/visits/0']")
    expect(visitor.page.locator("main")).to_contain_text("702")


def test_a_park_is_cleaned_up(visitor: Visitor):
    visitor.sign_in("naima")
    visitor.tap("main a:text-is('Exchange')")
    visitor.tap("section:has(h2:text-is('Van 1')) a:has-text('Clean-up')")
    expect(visitor.page.locator("#gross")).to_be_hidden()
    visitor.tap("label:has-text('Weighed')")
    expect(visitor.page.locator("#gross")).to_be_visible()
    expect(visitor.page.locator("#quantity")).to_be_hidden()
    visitor.tap("label:has-text('Counted')")
    visitor.tap("button:has-text('Save')")
    expect(visitor.page.locator("#area + .bad, .field:has(#area) + .bad")).to_have_count(1)
    visitor.complaints.clear()  # Chromium notes the 422 itself
    visitor.page.fill("#area", "harbour-park")
    visitor.page.select_option("#place_kind", label="Park")
    visitor.page.fill("#crew_size", "4")
    visitor.page.fill("#quantity", "37")
    visitor.tap("label:has-text('Broken glass')")
    visitor.tap("button:has-text('Save')")
    expect(visitor.page.locator(".notice.go")).to_have_text("Saved.")


def test_a_stop_is_cancelled_in_two_taps_and_takes_place_after_all(visitor: Visitor):
    visitor.sign_in("naima")
    visitor.open("/exchange/stops/")
    visitor.tap("section:has(h2:text-is('Old market')) summary:text-is('Cancel')")
    visitor.tap("section:has(h2:text-is('Old market')) button:has-text('Weather')")
    stop = visitor.page.locator("section:has(h2:text-is('Old market'))")
    expect(stop).to_contain_text("Cancelled")
    visitor.tap("section:has(h2:text-is('Old market')) summary:has-text('Late, moved')")
    visitor.tap("section:has(h2:text-is('Old market')) button:has-text('Takes place after all')")
    expect(stop).not_to_contain_text("Cancelled")


def test_the_coordinator_cannot_read_what_the_nurse_of_the_prison_records(visitor: Visitor):
    visitor.sign_in("inside")
    visitor.tap("a.place:has-text('Health unit 3')")
    visitor.tap("button[data-set='10']")
    visitor.tap("button:has-text('Save visit')")
    visit = visitor.path().split("?")[0]
    expect(visitor.page.locator("main")).to_contain_text("10 × Syringe")
    visitor.open("/exchange/")
    visitor.tap("a:has-text('Release')")
    words = visitor.page.locator(".words").first.inner_text()
    visitor.tap("button:has-text('Plan the release')")
    expect(visitor.page.locator("main")).to_contain_text("Naloxone")

    visitor.sign_in("coordinator")
    assert visitor.page.goto(visitor.origin + visit).status == 404
    for page in ("/", "/visits/", "/to-look-at/"):
        visitor.open(page)
        expect(visitor.page.locator("main")).not_to_contain_text("Health unit 3")
        expect(visitor.page.locator("main")).not_to_contain_text(words)
    visitor.complaints.clear()  # Chromium notes the 404 itself


def test_the_drop_in_gives_a_meal_a_shower_wound_care_and_a_smoking_kit_and_shows_no_needle(visitor: Visitor):
    visitor.sign_in("casa")
    assert not NEEDLES.search(visitor.page.locator("main").inner_text())
    visitor.tap("a.place:has-text('Casa')")
    for summary in visitor.page.locator("form summary").all():
        summary.tap()
    for section in visitor.page.locator("form .card").all():
        if "Methadone" not in (said := section.text_content() or ""):  # the ways to other services name what those give
            assert not NEEDLES.search(said), said
    assert not NEEDLES.search(visitor.page.content().split("<main")[1].split("facts.referral")[0])
    visitor.page.fill("[id='exchange.given:smoking-kit']", "1")
    visitor.tap("label:has-text('Meal')")
    visitor.tap("label:has-text('Shower')")
    visitor.tap("label:has-text('Cleaned and dressed')")
    visitor.tap("button:has-text('Save visit')")
    saved = visitor.page.locator("main")
    for said in ("1 × Smoking kit", "Meal", "Shower", "Cleaned and dressed"):
        expect(saved).to_contain_text(said)
    assert not NEEDLES.search(saved.inner_text())
    visitor.open("/")
    visitor.tap("a:has-text('Whole stop or event')")
    expect(visitor.page.locator("main")).to_contain_text("Smoking kit")
    assert not NEEDLES.search(visitor.page.locator("main").text_content() or "")


def test_a_peer_records_from_the_bag(visitor: Visitor):
    visitor.sign_in("otieno")
    visitor.tap("a.place:has-text('Otieno’s bag')")
    composer = visitor.path()
    expect(visitor.page.locator("main")).to_contain_text("200 here")
    visitor.tap("button[data-set='10']")
    visitor.tap("button:has-text('Save visit')")
    expect(visitor.page.locator("main")).to_contain_text("10 × Syringe 1 ml, 29G")
    visitor.open(composer)
    expect(visitor.page.locator("main")).to_contain_text("190 here")
    assert visitor.page.goto(visitor.origin + "/stock/").status == 404
    visitor.complaints.clear()  # Chromium notes the 404 itself
