"""An order by mail in a browser."""

from __future__ import annotations

from tests.browser.conftest import Visitor

TO = {"to-name": "Quillon Marsh", "to-address": "Thistlewood Lane 47\n00100 Brambleton", "to-note": "Behind the kiosk", "to-contact": "0799 471147", "to-quiet": "Not before noon"}


def take_order(visitor: Visitor, handle: str) -> str:
    """Somebody of the mail team writes an order down; the address of its page."""
    visitor.sign_in("mailer")
    visitor.open("/parcels/")
    visitor.tap("main a:has-text('New order')")
    page = visitor.page
    page.fill("#handle", handle)
    page.select_option("#item", value="naloxone-nasal-4mg")
    page.fill("#quantity", "2")
    for name, text in TO.items():
        page.fill(f"#{name}", text)
    page.locator("label.pick", has_text="Letter").tap()
    visitor.tap("button:has-text('Take the order')")
    return visitor.path().split("?")[0]


def press(visitor: Visitor, words: str) -> None:
    visitor.tap(f"main .btn.go:has-text('{words}')")
