"""Story: the coordinator on the last day of the quarter, from what is due to a revision that says why."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from bench._server import Server
from tests.browser.conftest import DESK, Visitor
from tests.browser.numbers import people_come

pytestmark = [pytest.mark.browser, pytest.mark.viewport(DESK)]
NOW = datetime.now(UTC)
QUARTER = f"{NOW.year}Q{(NOW.month - 1) // 3 + 1}"
REPORT = f"/reports/everybody/{QUARTER}/"


@pytest.fixture(scope="module")
def numbers(server: Server) -> Server:
    people_come(server)
    return server


def wait_for(visitor: Visitor, words: str) -> None:
    """Look again, as the page says, until the worker is done."""
    for _look in range(150):
        if visitor.page.locator("main").get_by_text(words).count():
            return
        visitor.page.wait_for_timeout(1000)
        visitor.open(REPORT)
    raise AssertionError(visitor.page.locator("main").inner_text())


def test_the_last_day_of_the_quarter(visitor: Visitor, numbers: Server):
    visitor.sign_in("coordinator")
    main = visitor.page.locator("main")
    # what is due
    visitor.tap("main a:has-text('Reports due')")
    expect(main).to_contain_text("the period is not over yet")
    expect(main).to_contain_text("Silent:")
    expect(main).to_contain_text("nobody entered how many people there are")
    # the report, and a number opened down to the visits behind it
    visitor.tap("main a:has-text('For everybody')")
    expect(main).to_contain_text("Exact numbers, for your own eyes")
    visitor.tap("a:has-text('People reached')")
    expect(main).to_contain_text("How it was computed")
    expect(main).to_contain_text("70")
    visitor.tap("main a:has-text('All visits')")
    expect(main).to_contain_text("visits that count")
    assert visitor.page.locator("main tbody tr").count() > 40
    visitor.page.go_back()
    visitor.tap("a:has-text('Back to the report')")
    # the release
    visitor.tap("main a.go:has-text('Release')")
    expect(main).to_contain_text("What will be frozen")
    expect(main).to_contain_text("The period is not over yet")
    visitor.tap("button:has-text('Release it')")
    expect(main).to_contain_text("The release is being made")
    wait_for(visitor, "Nothing has changed since")
    expect(main).to_contain_text("Released as R-1")
    # visits that arrive late
    people_come(numbers, late=20)
    visitor.open(REPORT)
    expect(main).to_contain_text("not in it yet")
    visitor.tap("button:has-text('Bring the numbers up to date')")
    wait_for(visitor, "The numbers have changed since")
    # the revision, which says why
    visitor.tap("main a.go:has-text('Release a revision')")
    expect(main).to_contain_text("What changes since R-1")
    visitor.tap("button:has-text('Release the revision')")
    expect(main).to_contain_text("Say why the numbers changed")
    visitor.complaints.clear()  # Chromium notes the 422 of the missing reason
    visitor.page.fill("#note", "Twenty visits of a van without a network arrived")
    visitor.tap("button:has-text('Release the revision')")
    wait_for(visitor, "Released as R-2 (revision 2)")
    visitor.tap("a:has-text('See it as its readers do')")
    expect(main).to_contain_text("Twenty visits of a van without a network arrived")
    visitor.tap("main h3 a:has-text('R-1')")
    expect(main).to_contain_text("There is a newer revision: R-2 (revision 2)")
    for title, kind in (("CSV", "text/csv"), ("PDF", "application/pdf")):
        link = visitor.page.locator(f"main a:has-text('{title}')").first.get_attribute("href") or ""
        answer = visitor.context.request.get(visitor.origin + link)
        assert (answer.status, answer.headers["content-type"].split(";")[0]) == (200, kind)
