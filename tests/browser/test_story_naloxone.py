"""A peer takes a bag of naloxone on a round: three taps for each hand-over, what came back, an overdose; and a maker recalls the lot."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from bench._server import Server
from tests.browser.conftest import Visitor, picture
from tests.browser.test_every_page import overflow, violations
from tests.inside import inside

pytestmark = pytest.mark.browser
_BEFORE = """
from datetime import timedelta
from handrail.facts.record import Draft, record
from handrail.kernel import clock, ids, scope
from handrail.ledgers.stock import commands as stock
from handrail.ledgers.stock.models import Item
from handrail.services.naloxone import commands
from tests import world
found, now = world.find(), clock.now()
with scope.enter([found.harbour.key]):
    lot = stock.find_or_add_lot(actor=found.system, item=Item.objects.get(code="naloxone-nasal-4mg"), code="NX-0", expiry=world.today() + timedelta(days=10))
    line = {"item": "naloxone-nasal-4mg", "lot": str(lot.id), "quantity": 60}
    record(Draft(kind="stock.received", payload={"lines": [line]}, id=ids.new(), site=found.van.id, occurred_at=now - timedelta(days=40)), actor=found.system)
    for quantity, said in ((12, {"supply_type": "first"}), (8, {"supply_type": "repeat", "repeat_reason": "lost"})):
        commands.give(
            actor=found.system, site=found.van, quantities={"naloxone-nasal-4mg": quantity}, id=ids.new(), occurred_at=now - timedelta(days=20),
            said={**said, "recipient_kind": "person_at_risk"},
        )
"""
"""Forty days ago sixty kits came to the van, which expire in ten; twenty days ago twenty of them were given."""


def give(visitor: Visitor, quantity: str, words: str, reason: str = "") -> None:
    """Three taps: how many, first or again, give; and why again, where somebody says so."""
    visitor.page.locator("fieldset:has(legend:has-text('Naloxone spray')) label.pick", has_text=quantity).first.tap()
    visitor.page.locator("label.pick", has_text=words).first.tap()
    if reason:
        visitor.page.locator("summary", has_text="Why again").tap()
        visitor.page.select_option("#repeat_reason", label=reason)
    visitor.tap("button:text-is('Give')")


def figures(page: Page, heading: str) -> dict[str, str]:
    """Every number of a part of the page by the words before it."""
    part = page.locator(f"main section:has(h2:text-is('{heading}'))")
    words, numbers = part.locator("dl dt").all_inner_texts(), part.locator("dl dd").all_inner_texts()
    return dict(zip(words, (" ".join(number.split()) for number in numbers), strict=True))


def reads_the_numbers(page: Page) -> None:
    """What the coordinator must find: each number was counted by hand from what the story did, and `_BEFORE`."""
    given = figures(page, "Handed out")
    expected = {
        "Kits": "32", "Single doses": "0", "Doses in all of these": "64", "Kits taken from boxes, beside these": "0", "Nasal kits": "32", "Injection kits": "0",
        "Community outlet": "32", "First kit": "19", "Had one before": "11", "Not known": "2", "Used on somebody else": "1", "Lost": "1",
        "Another kit because one was used": "50.0 % 1 of 2", "Somebody who may overdose": "32", "People at risk who ever had a first kit from us": "3",
    }
    assert given == expected
    told = figures(page, "Overdoses reported")
    for words, number in (("Reports", "1"), ("Survived", "100.0 % 1 of 1"), ("Doses", "2"), ("Days until it was told, middle", "0"), ("Alive when ambulance or hospital took over", "1")):
        assert told[words] == number, words
    assert told["An ambulance was called"] == "nobody knows yet 1 not known"
    lasts = page.locator("main section:has(h2:text-is('How long it lasts')) .item")
    assert " ".join(lasts.inner_text().split()).startswith("Naloxone spray 100 there · 35 will expire before they are used · 0.50 a day 4.33 months")
    page.locator("summary", has_text="How it was computed").first.tap()
    inputs = figures(page, "How long it lasts")
    assert [inputs[words] for words in ("Used", "In so many days", "Of these without anything to give", "There, and usable", "On order")] == ["20", "40", "0", "65", "0"]
    rows = page.locator("main section:has(h2:text-is('Lots that will not be used in time')) tbody tr")
    assert [[cell.strip() for cell in row.locator("th, td").all_inner_texts()] for row in rows.all()] == [["Naloxone spray", "NX-0", rows.locator("td").nth(1).inner_text(), "40", "35"]]


def test_a_peer_gives_twelve_kits_hears_of_three_and_the_maker_recalls_the_lot(server: Server, visitor: Visitor):
    inside(server, _BEFORE)
    visitor.sign_in("otieno")
    visitor.open("/naloxone/")
    visitor.tap("a:has-text('Give from my bag')")
    page = visitor.page
    assert "40 here" in page.inner_text("main")
    for quantity, words, reason in (("4", "First kit", ""), ("3", "Had one before", "Used on somebody else"), ("3", "First kit", ""), ("2", "Not known", "")):
        give(visitor, quantity, words, reason)
        assert "Saved." in page.inner_text("main")
    assert "28 here" in page.inner_text("main")
    picture(page, "naloxone-bag")
    visitor.tap("a:has-text('Used, back, lost')")
    page.select_option("#event", value="used")
    page.fill("#quantity", "3")
    visitor.tap("main form button.go")
    visitor.tap("a:has-text('Report an overdose')")
    page.locator("label.pick", has_text="Alive when ambulance or hospital took over").first.tap()
    page.fill("#doses_total", "2")
    visitor.tap("main form button.go")
    assert "2 doses" in page.inner_text("main")
    assert overflow(page) <= 0, "a long outcome makes the page scroll sideways"
    visitor.sign_in("store")
    visitor.open("/stock/recalls/new/")
    page = visitor.page
    page.select_option("#item", value="naloxone-nasal-4mg")
    for name, typed in (("lot", "NX-1"), ("source_reference", "FSN-22")):
        page.fill(f"#{name}", typed)
    page.locator("label.pick").first.tap()
    visitor.tap("button:has-text('Stop this lot')")
    said = page.inner_text("main")
    assert "40 of 40 are still out" in said
    assert "In a peer’s bag" in said
    picture(page, "naloxone-recall")
    recall = visitor.path()
    visitor.sign_in("otieno")
    page = visitor.open("/naloxone/")
    assert "must not be given" in page.inner_text("main")
    assert overflow(page) <= 0, "what warns of the recall makes the page scroll sideways"
    visitor.tap("a:has-text('Used, back, lost')")
    page.select_option("#event", value="recalled_recovered")
    page.select_option("#lot", label=next(words for words in page.locator("#lot option").all_inner_texts() if words.endswith("NX-1")))
    page.fill("#quantity", "2")
    visitor.tap("main form button.go")
    assert "30 recalled: put aside" in page.inner_text("main"), "what came back lies in the bag until it goes to the store"
    visitor.sign_in("coordinator")
    page = visitor.open("/naloxone/overview/")
    said = page.inner_text("main")
    for words in ("Recall FSN-22: 40 kits are still out", "By source", "For whom", "First or again", "Why again, hand-overs", "Kits with a code"):
        assert words in said, words
    reads_the_numbers(page)
    picture(page, "naloxone-overview")
    assert "In a peer’s bag" in visitor.open(recall).inner_text("main")
    visitor.open("/naloxone/overdoses/")
    visitor.tap("a:has-text('Told twice?')")
    page = visitor.page
    assert "None: it is an overdose of its own" in page.inner_text("main")
    assert overflow(page) <= 0
    assert violations(page) == []
