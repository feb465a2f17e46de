"""A peer takes a bag of naloxone on a round: three taps for each hand-over, what came back, an overdose; and a maker recalls the lot."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Visitor, picture
from tests.browser.test_every_page import overflow, violations

pytestmark = pytest.mark.browser


def give(visitor: Visitor, quantity: str, words: str) -> None:
    """Three taps: how many, first or again, give."""
    visitor.page.locator("fieldset:has(legend:has-text('Naloxone spray')) label.pick", has_text=quantity).first.tap()
    visitor.page.locator("label.pick", has_text=words).first.tap()
    visitor.tap("button:text-is('Give')")


def test_a_peer_gives_twelve_kits_hears_of_three_and_the_maker_recalls_the_lot(visitor: Visitor):
    visitor.sign_in("otieno")
    visitor.open("/naloxone/")
    visitor.tap("a:has-text('Give from my bag')")
    page = visitor.page
    assert "40 here" in page.inner_text("main")
    for quantity, words in (("4", "First kit"), ("3", "Had one before"), ("3", "First kit"), ("2", "Not known")):
        give(visitor, quantity, words)
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
    for words in ("Recall FSN-22: 40 kits are still out", "Handed out", "By source", "Why again, hand-overs", "Overdoses reported", "An ambulance was called", "How long it lasts", "Kits with a code"):
        assert words in said, words
    page.locator("summary", has_text="How it was computed").first.tap()
    assert "Of these without anything to give" in page.inner_text("main")
    picture(page, "naloxone-overview")
    assert "In a peer’s bag" in visitor.open(recall).inner_text("main")
    visitor.open("/naloxone/overdoses/")
    visitor.tap("a:has-text('Told twice?')")
    page = visitor.page
    assert "None: it is an overdose of its own" in page.inner_text("main")
    assert overflow(page) <= 0
    assert violations(page) == []
