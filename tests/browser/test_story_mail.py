"""Somebody writes a letter, a plain parcel goes out, and nothing on it or in an address bar tells what is inside."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from bench._server import Server
from tests.browser.by_mail import press, take_order
from tests.browser.conftest import DESK, PHONE, Visitor, picture
from tests.browser.test_every_page import overflow, violations

pytestmark = pytest.mark.browser


def on_paper(page: Page) -> str:
    """Every word that a printer would put on paper."""
    page.emulate_media(media="print")
    text = page.inner_text("body")
    page.emulate_media(media="screen")
    return " ".join(text.split())


def test_an_order_by_letter_becomes_a_plain_parcel_that_arrives(visitor: Visitor):
    order = take_order(visitor, "moth-7")
    page = visitor.page
    picture(page, "mail-order")
    assert "Thistlewood" not in page.inner_text("body")
    press(visitor, "Agreed with them")
    press(visitor, "Pack it")
    assert "Thistlewood" not in page.inner_text("body")
    press(visitor, "Open it")
    assert on_paper(page) == "Quillon Marsh Thistlewood Lane 47 00100 Brambleton Behind the kiosk"
    assert "0799 471147" in page.inner_text("main")
    assert "nalox" not in page.url + page.title().lower()
    picture(page, "mail-label")
    press(visitor, "Packed")
    press(visitor, "It is in the post")
    press(visitor, "It arrived")
    expect(page.locator("main")).to_contain_text("gone after")
    visitor.open("/parcels/")
    page.locator("summary:has-text('Ended lately')").tap()
    expect(page.locator(f"main a[href='{order}']")).to_be_visible()
    visitor.sign_in("naima")
    assert visitor.page.goto(visitor.origin + order).status == 404  # type: ignore[union-attr]
    visitor.complaints.clear()  # the browser complains of a page that is not here


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (PHONE, "dark"), (DESK, "light"), (DESK, "dark")], ids=["phone", "phone-dark", "desk", "desk-dark"])
def test_what_packing_shows_can_be_used_by_everybody(size, scheme, chromium: Browser, server: Server):
    context = chromium.new_context(viewport=size, has_touch=True, bypass_csp=True, color_scheme=scheme)
    visitor = Visitor(context, server)
    page = visitor.open(take_order(visitor, "reed-2"))
    press(visitor, "Agreed with them")
    press(visitor, "Pack it")
    for words in ("Open it", "Packed"):
        assert violations(page) == []
        assert overflow(page) <= 0
        press(visitor, words)
    visitor.open("/parcels/")
    visitor.tap("main a:has-text('New order')")
    page.fill("#to-name", "Quillon Marsh")
    press(visitor, "Take the order")
    assert page.input_value("#to-name") == "Quillon Marsh"
    assert violations(page) == []
    assert overflow(page) <= 0
    context.close()
