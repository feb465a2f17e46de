"""The storekeeper's story: a delivery on a fund, kits, a move, a count, a write-off, a recall, what runs out, an order."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import DESK, PHONE, Visitor
from tests.world import today

pytestmark = pytest.mark.browser
SYRINGE = "syringe-1ml-29g"
both = pytest.mark.parametrize(
    "name", [pytest.param("phone", marks=pytest.mark.viewport(PHONE)), pytest.param("desk", marks=pytest.mark.viewport(DESK))]
)


def number(text: str) -> int:
    """The first number of a text, without the marks between thousands."""
    found = re.search(r"-?\d[\d,]*", text)
    assert found, text
    return int(found[0].replace(",", ""))


def row(visitor: Visitor, site: str, lot: str) -> Locator:
    """A lot's row on the shelves page."""
    visitor.open("/stock/")
    visitor.page.locator(f"section[aria-label='{site}'] details").evaluate_all("all => all.forEach(one => one.open = true)")
    return visitor.page.locator(f"section[aria-label='{site}'] tbody tr").filter(has=visitor.page.get_by_text(lot, exact=True))


def there(visitor: Visitor, site: str, lot: str) -> int:
    """How many of a lot the book has at a place."""
    found = row(visitor, site, lot)
    return number(found.locator("td").first.inner_text()) if found.count() else 0


def line(visitor: Visitor, place: int, item: str, lot: str, quantity: int, expiry: str = "", fund: str = "") -> None:
    """Write one line of the delivery form."""
    visitor.page.select_option(f"#item-{place}", item)
    visitor.page.fill(f"#lot-{place}", lot)
    visitor.page.fill(f"#quantity-{place}", str(quantity))
    visitor.page.fill(f"#expiry-{place}", expiry)
    visitor.page.select_option(f"#fund-{place}", fund)


def deliver(visitor: Visitor, item: str, lot: str, quantity: int, expiry: str) -> None:
    """A delivery of one line into the store."""
    visitor.open("/stock/receive/")
    line(visitor, 0, item, lot, quantity, expiry)
    visitor.tap("button:has-text('Save the delivery')")
    expect(visitor.page.locator(".notice.go")).to_have_text("Saved.")


@both
def test_a_line_that_the_fund_forbids_is_refused_in_words_and_what_was_typed_stays(visitor: Visitor, name: str):
    visitor.sign_in("store")
    visitor.tap("main a:text-is('Stock')")
    visitor.tap("a:has-text('Delivery came in')")
    line(visitor, 0, "filter", f"FF-{name}", 500, "2031-02-28", "STATE")
    line(visitor, 1, SYRINGE, f"FS-{name}", 1000, "2031-02-28", "STATE")
    visitor.tap("button:has-text('Save the delivery')")
    expect(visitor.page.locator(".notice.soon")).to_have_text("Nothing is saved yet. Look at the marked lines.")
    refused = visitor.page.locator("fieldset:has-text('Line 2') .bad")
    expect(refused).to_contain_text("may not be paid from STATE")
    expect(refused).to_contain_text("Grant letter (invented), section 4")
    assert [visitor.page.input_value(f"#{field}") for field in ("lot-0", "quantity-0", "lot-1", "quantity-1", "expiry-1", "fund-1")] == [
        f"FF-{name}", "500", f"FS-{name}", "1000", "2031-02-28", "STATE",
    ]
    visitor.page.select_option("#fund-1", "")
    visitor.tap("button:has-text('Save the delivery')")
    expect(row(visitor, "Store", f"FF-{name}")).to_contain_text("STATE")
    expect(row(visitor, "Store", f"FS-{name}")).not_to_contain_text("STATE")
    assert there(visitor, "Store", f"FS-{name}") == 1000
    visitor.complaints.clear()  # Chromium notes the 422 itself


@both
def test_kits_are_put_together_and_their_parts_leave_the_shelf(visitor: Visitor, name: str):
    visitor.sign_in("store")
    before = there(visitor, "Store", "P-1"), there(visitor, "Store", "M-1")
    visitor.tap("a:has-text('Kits')")
    visitor.tap("label:has-text('Smoking kit')")
    visitor.page.fill("#kits", "10")
    visitor.page.select_option("#site", label="Store")
    visitor.page.select_option("#fund", "STATE")
    visitor.tap("button:has-text('Put them together')")
    shelf = visitor.page.locator("section:has(h2:text('Kits on shelves'))")
    expect(shelf).to_contain_text("Store")
    visitor.tap("summary:has-text('What is inside')")
    expect(shelf).to_contain_text("20 × Mouthpiece, lot M-1")
    assert (there(visitor, "Store", "P-1"), there(visitor, "Store", "M-1")) == (before[0] - 10, before[1] - 20)


@both
def test_a_chosen_lot_is_moved_to_the_van(visitor: Visitor, name: str):
    visitor.sign_in("store")
    before, van = there(visitor, "Store", "W-new"), there(visitor, "Van 1", "W-new")
    visitor.tap("a:has-text('Load a van')")
    visitor.page.select_option("#to_site", label="Van 1")
    visitor.tap("summary:has-text('Choose the lots')")
    visitor.page.locator(".item:has-text('lot W-new') input").fill("30")
    visitor.tap("button:has-text('Move it')")
    assert (there(visitor, "Store", "W-new"), there(visitor, "Van 1", "W-new")) == (before - 30, van + 30)


@both
def test_a_count_that_differs_is_kept_with_its_reason(visitor: Visitor, name: str):
    visitor.sign_in("store")
    before = there(visitor, "Otieno’s bag", "F-store")
    visitor.tap("section[aria-label='Otieno’s bag'] a:has-text('Count')")
    counted = visitor.page.locator(".item:has-text('lot F-store')")
    expect(counted).to_contain_text(f"the book says {before}")
    counted.locator("input").fill(str(before - 3))
    visitor.page.select_option("#reason", label="Not known")
    visitor.tap("button:has-text('Save the count')")
    assert there(visitor, "Otieno’s bag", "F-store") == before - 3
    visitor.tap("nav a:has-text('Count differences')")
    found = visitor.page.locator(".item").first
    expect(found).to_contain_text(f"{before} in the book, {before - 3} on the shelf · Not known")
    expect(found.locator("b.num")).to_have_text("-3")


@both
def test_an_expired_lot_is_proposed_and_written_off(visitor: Visitor, name: str):
    visitor.sign_in("store")
    yesterday = today() - timedelta(days=1)
    deliver(visitor, "water", f"WX-{name}", 25, yesterday.isoformat())
    expect(row(visitor, "Store", f"WX-{name}")).to_contain_text("expired")
    visitor.tap("section[aria-label='Store'] a:has-text('expired')")
    assert visitor.page.locator(f".item:has-text('lot WX-{name}') input").input_value() == "25"
    assert visitor.page.locator(".item:has-text('lot S-store') input").input_value() == ""
    visitor.tap("button:has-text('Write it off')")
    assert there(visitor, "Store", f"WX-{name}") == 0


@both
def test_a_recalled_lot_is_offered_to_nobody_and_every_piece_is_found(visitor: Visitor, name: str):
    lot = f"R-{name}"
    visitor.sign_in("store")
    deliver(visitor, "filter", lot, 50, "2028-01-31")
    visitor.open("/stock/transfer/")
    visitor.page.select_option("#to_site", label="Van 1")
    visitor.tap("summary:has-text('Choose the lots')")
    visitor.page.locator(f".item:has-text('lot {lot}') input").fill("20")
    visitor.tap("button:has-text('Move it')")

    visitor.sign_in("naima")
    visitor.tap("a.place:has-text('Van 1')")
    composer = visitor.path()
    expect(visitor.page.locator("main")).to_contain_text(f"use lot {lot} first")

    visitor.sign_in("store")
    visitor.open("/stock/recalls/")
    visitor.tap("a:has-text('A lot is recalled')")
    visitor.page.select_option("#item", "filter")
    visitor.page.fill("#lot", lot)
    visitor.page.fill("#source_reference", f"FSN-{name}")
    visitor.tap("label:has-text('Could do harm that passes')")
    visitor.tap("button:has-text('Stop this lot')")
    page = visitor.path()
    shelves = visitor.page.locator("section:has(h2:text('Still on shelves'))")
    expect(shelves.locator("div.tight:has(h3:text-is('Store')) b.num")).to_have_text("30")
    expect(shelves.locator("div.tight:has(h3:text-is('Van 1')) b.num")).to_have_text("20")

    visitor.sign_in("naima")
    visitor.open(composer)
    expect(visitor.page.locator("main")).to_contain_text("Filter")
    expect(visitor.page.locator("main")).not_to_contain_text(lot)
    visitor.open("/stock/")
    expect(visitor.page.locator("main")).to_contain_text("put those lots aside")
    expect(row(visitor, "Van 1", lot)).to_contain_text("recalled")

    visitor.sign_in("store")
    visitor.open(page)
    visitor.tap("form fieldset label >> nth=0")
    visitor.tap("button:has-text('Close it')")
    expect(visitor.page.locator("[role=alert]")).to_contain_text("50 are still on a shelf")
    visitor.complaints.clear()
    for place in ("Store", "Van 1"):
        visitor.open(page)
        visitor.tap(f"div.tight:has(h3:text-is('{place}')) a:has-text('Write them off')")
        visitor.tap("button:has-text('Write it off')")
    visitor.open(page)
    expect(shelves).to_contain_text("Nothing is left on a shelf")
    visitor.tap("form fieldset label >> nth=0")
    visitor.tap("button:has-text('Close it')")
    expect(visitor.page.locator("button:has-text('Close it')")).to_have_count(0)


@both
def test_what_runs_out_is_ordered_with_the_inputs_shown_and_comes_in_against_the_order(visitor: Visitor, name: str):
    visitor.sign_in("store")
    visitor.open("/stock/runs-out/")
    syringes = visitor.page.locator(".item:has(b:text-is('Syringe 1 ml, 29G'))")
    expect(syringes).to_contain_text(re.compile(r"\d days"))
    visitor.tap("summary:has-text('How it was computed')")
    expect(syringes).to_contain_text("In so many days")
    visitor.tap("a:has-text('Write an order')")
    ordered = visitor.page.locator(".item:has(label:text-is('Syringe 1 ml, 29G'))")
    expect(ordered).to_contain_text(re.compile(r"suggested [\d,]+\s*\(14 \+ 28 \+ 14 days\) × [\d,.]+ a day − [\d,]+ there − [\d,]+ on order"))
    visitor.page.fill("#supplier", f"Depot {name}")
    ordered.locator("input").fill("4000")
    visitor.tap("button:has-text('Write it down')")
    order = visitor.page.locator(f"section:has(h2:text-is('Depot {name}'))")
    expect(order).to_contain_text("4,000 missing")
    visitor.tap(f"section:has(h2:text-is('Depot {name}')) a:has-text('It came in')")
    assert (visitor.page.input_value("#item-0"), visitor.page.input_value("#quantity-0")) == (SYRINGE, "4000")
    visitor.page.fill("#lot-0", f"O-{name}")
    visitor.page.fill("#quantity-0", "3000")
    visitor.page.fill("#expiry-0", "2031-12-31")
    visitor.tap("button:has-text('Save the delivery')")
    visitor.open("/stock/orders/")
    expect(order).to_contain_text("4,000 ordered, 3,000 came")
    visitor.tap(f"section:has(h2:text-is('Depot {name}')) a:has-text('It came in')")
    assert visitor.page.input_value("#quantity-0") == "1000"
    visitor.page.fill("#lot-0", f"O-{name}")
    visitor.page.fill("#expiry-0", "2031-12-31")
    visitor.tap("button:has-text('Save the delivery')")
    assert there(visitor, "Store", f"O-{name}") == 4000
    visitor.open("/stock/orders/")
    expect(order).to_have_count(0)
    visitor.tap("summary:has-text('Finished orders')")
    expect(visitor.page.locator(f".item:has-text('Depot {name}')")).to_contain_text("complete")
