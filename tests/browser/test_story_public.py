"""Story: what everybody sees of a programme without signing in, and the poster of a van."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, expect

from bench._server import Server
from tests.browser.conftest import DESK, PHONE, Visitor
from tests.browser.numbers import people_come

pytestmark = [pytest.mark.browser, pytest.mark.viewport(DESK)]
NOW = datetime.now(UTC)
QUARTER = f"{NOW.year}Q{(NOW.month - 1) // 3 + 1}"


@pytest.fixture(scope="module")
def numbers(server: Server) -> Server:
    people_come(server, "everybody")
    return server


def test_everybody_sees_what_the_programme_chose_to_show(visitor: Visitor, numbers: Server, chromium: Browser, server: Server):
    context = chromium.new_context(viewport=PHONE, has_touch=True, java_script_enabled=False, locale="en-GB")
    passer_by = Visitor(context, server)
    passer_by.open("/public/")
    expect(passer_by.page.locator("main")).not_to_contain_text("Needles")
    visitor.sign_in("coordinator")
    visitor.open("/settings/public_page/")
    visitor.page.select_option("#value", "yes")
    visitor.page.fill("#source", "Decided by the board")
    visitor.tap("button:has-text('Set it')")
    passer_by.open("/public/")
    main = passer_by.page.locator("main")
    expect(main).to_contain_text("People reached")
    expect(main).to_contain_text("SHA-256")
    assert context.cookies() == []
    for link in passer_by.page.locator("main a[href*='/public/'][href*='?in=']").all():
        answer = context.request.get(passer_by.origin + (link.get_attribute("href") or ""))
        assert answer.status == 200
        assert answer.headers["cache-control"].startswith("public")
    passer_by.page.locator("nav a[lang=es]").click()
    expect(passer_by.page.locator("html")).to_have_attribute("lang", "es")
    assert passer_by.elsewhere == []
    context.close()


def test_a_van_gets_its_numbers_back_for_its_wall(visitor: Visitor, numbers: Server):
    visitor.sign_in("naima")
    visitor.open("/")
    van = re.search(r"/visits/at/([0-9a-f-]+)/", visitor.page.content())
    assert van
    visitor.open(f"/reports/poster/{van[1]}/{QUARTER}/")
    main = visitor.page.locator("main")
    expect(main).to_contain_text("Van 1")
    expect(main).to_contain_text("people came here")
    answer = visitor.context.request.get(visitor.origin + (visitor.page.locator("a:has-text('PDF')").get_attribute("href") or ""))
    assert (answer.status, answer.headers["content-type"]) == (200, "application/pdf")
    visitor.tap("a[lang=es]")
    expect(main).to_contain_text("personas vinieron aquí")
