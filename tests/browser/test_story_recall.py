"""A maker recalls a lot: whoever can be reached is reached by the way they chose, each piece that comes back is written down, and the recall is closed."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from bench._server import Server
from handrail.services.naloxone.values import _TELLING
from tests.browser.conftest import Visitor, picture
from tests.browser.test_every_page import overflow, violations
from tests.inside import inside
from tests.words import PASSWORD

pytestmark = pytest.mark.browser
PHONE_NUMBER, HOW = "+254 700 471147", "After six; ask for Heron"
CODES = ("NX-4711", "NX-4712")
_GIVEN = f"""
from handrail.facts import participants
from handrail.facts.labels import label
from handrail.kernel import clock, crypto, ids, scope
from handrail.ledgers.stock import commands as stock
from handrail.ledgers.stock.models import Lot
from handrail.services.naloxone import commands
from handrail.vault import records
from handrail.vault.spec import STORES
from tests import world
found, item = world.find(), "naloxone-nasal-4mg"
naima = found.actors["naima"]
with scope.enter([found.harbour.key]):
    lot = Lot.objects.get(code="NX-1", item__code=item)
    commands.label(actor=found.system, site=found.store, lot=lot, codes=["{CODES[0]}", "{CODES[1]}"], id=ids.new())
    stock.transfer(actor=found.system, source=found.store, target=found.van, quantities={{}}, lots={{lot.id: 3}})
    holder = ids.random()
    participants.enrol(actor=naima, site=found.van.id, code=crypto.new_code(), participant=holder)
    records.write(actor=naima, store=STORES["vault.contact"], participant=holder, site=found.van, typed={{"phone": "{PHONE_NUMBER}", "how": "{HOW}"}})
    commands.give(actor=naima, site=found.van, quantities={{item: 2}}, codes=["{CODES[0]}", "{CODES[1]}"], participant=holder, id=ids.new(), said={{"supply_type": "first"}})
    commands.give(actor=naima, site=found.van, quantities={{item: 1}}, id=ids.new(), said={{"supply_type": "first"}})
    print(label(holder))
"""
"""Of the lot NX-1 somebody who can be reached has two with codes, and somebody without a code one; 40 lie in a bag, 57 in the store. The words of the holder."""
_LATER = """
from datetime import timedelta
from handrail.kernel import clock
from handrail.kernel.models import Session
Session.objects.update(created_at=clock.now() - timedelta(minutes=11))
"""
"""Eleven minutes go by for whoever is signed in: one more than a sign-in is fresh enough for what is sensitive."""


def still_out(page: Page) -> tuple[str, dict[str, str]]:
    """What the page of a recall says is still out, and by how it can be reached."""
    part = page.locator("section:has(h2:text-is('What is still out'))")
    groups = dict(zip(part.locator("dl dt").all_inner_texts(), part.locator("dl dd").all_inner_texts(), strict=True))
    return " ".join(part.locator("p").first.inner_text().split()), groups


def recalls_the_lot(visitor: Visitor) -> str:
    """The storekeeper stops the lot of the notice; the address of the recall."""
    visitor.sign_in("store")
    page = visitor.open("/stock/recalls/new/")
    page.select_option("#item", value="naloxone-nasal-4mg")
    for name, typed in (("lot", "NX-1"), ("source_reference", "FSN-22")):
        page.fill(f"#{name}", typed)
    page.locator("label.pick").first.tap()
    visitor.tap("button:has-text('Stop this lot')")
    return visitor.path()


def reaches_the_holder(server: Server, visitor: Visitor, recall: str, holder: str) -> None:
    """Naima opens how somebody wants to be reached; what she reads is that, and nothing that tells what it is about."""
    visitor.sign_in("naima")
    page = visitor.open(recall)
    line = page.locator(".item", has_text=holder)
    assert "2 kits" in line.inner_text()
    assert PHONE_NUMBER not in page.content()
    assert "name no drug: “your item needs swapping”" in page.inner_text("main")
    inside(server, _LATER)
    with page.expect_navigation():
        line.locator("a:has-text('How to reach them')").tap()
    assert visitor.path().startswith("/confirm/"), "a sign-in of eleven minutes ago opens nothing that is sealed"
    page.fill("#password", PASSWORD)
    visitor.tap("button:has-text('Go on')")
    assert PHONE_NUMBER not in page.content(), "nothing is shown before somebody says what for"
    page.locator("label.pick", has_text="Something we gave them is recalled").tap()
    visitor.tap("button:has-text('Open it')")
    inside_it = page.locator("section:has(h2:text-is('What was written down')) dl")
    assert inside_it.locator("dt").all_inner_texts() == ["Telephone", "How to speak"], "the way they chose, and no other"
    assert inside_it.locator("dd").all_inner_texts() == [PHONE_NUMBER, HOW]
    told = f"{page.title()} {page.inner_text('main')} {page.url}"
    assert not _TELLING.search(told), _TELLING.search(told)
    assert violations(page) == []
    assert overflow(page) <= 0
    picture(page, "recall-reach")


def brings_both_back(visitor: Visitor, recall: str, holder: str) -> None:
    """The holder comes to the van with both kits, and the codes on them are written down there."""
    visitor.open("/naloxone/")
    visitor.tap("section[aria-label='Van 1'] a:has-text('Used, back, lost')")
    page = visitor.page
    page.select_option("#event", value="recalled_recovered")
    page.fill("#codes", " ".join(CODES))
    page.fill("#quantity", "2")
    visitor.tap("main form button.go")
    assert "2 recalled: put aside" in page.inner_text("main")
    page = visitor.open(recall)
    said, groups = still_out(page)
    assert said.startswith("43 of 43 are still out"), "on the van they have not come back to the store"
    assert groups == {"With people nobody can reach": "1", "In a peer’s bag": "40", "In a van": "2"}
    assert holder not in page.inner_text("main"), "nobody asks them again"


def writes_off_every_shelf(visitor: Visitor, recall: str) -> None:
    """The storekeeper takes what is left from one shelf after another, as the page proposes."""
    visitor.sign_in("store")
    for _shelf in range(3):
        page = visitor.open(recall)
        visitor.tap("a:has-text('Write them off')")
        assert re.search(r"value=\"recalled\" checked", page.content())
        visitor.tap("button:has-text('Write it off')")
    assert "Nothing is left on a shelf." in visitor.open(recall).inner_text("main")


def test_a_recall_reaches_a_holder_takes_back_every_piece_and_is_closed(server: Server, visitor: Visitor):
    holder = inside(server, _GIVEN)[-2]
    recall = recalls_the_lot(visitor)
    said, groups = still_out(visitor.page)
    assert said == "43 of 43 are still out 0 were used, came back or are destroyed"
    assert groups == {"With people who can be reached": "2", "With people nobody can reach": "1", "In a peer’s bag": "40"}
    reaches_the_holder(server, visitor, recall, holder)
    brings_both_back(visitor, recall, holder)
    visitor.sign_in("store")
    page = visitor.open(recall)
    page.locator("label.pick", has_text="Nothing is left on our shelves").tap()
    visitor.tap("button:has-text('Close it')")
    assert "99 are still on a shelf" in page.inner_text("main")
    visitor.complaints.clear()  # the answer that refused
    writes_off_every_shelf(visitor, recall)
    said, groups = still_out(visitor.page)
    assert said == "1 of 43 are still out 42 were used, came back or are destroyed"
    assert groups == {"With people nobody can reach": "1"}
    visitor.page.locator("label.pick", has_text="Nothing is left on our shelves").tap()
    visitor.tap("button:has-text('Close it')")
    page = visitor.page
    expect(page.locator("button:has-text('Close it')")).to_have_count(0)
    expect(page.locator("main section").first).to_contain_text("Nothing is left on our shelves")
    assert overflow(page) <= 0
    visitor.sign_in("coordinator")
    assert "FSN-22" not in visitor.open("/naloxone/overview/").inner_text("main"), "a recall that is closed asks for nothing any more"
    visitor.sign_in("naima")
    assert holder not in visitor.open(recall).inner_text("main")
