"""Every page, on a phone and on a desk: axe finds nothing, nothing overflows, at 200 % and right to left too."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from bench._server import Server
from tests.browser.conftest import DESK, PHONE, Visitor, handrail, picture

pytestmark = pytest.mark.browser

NOW = datetime.now(UTC)
QUARTER = f"{NOW.year}Q{(NOW.month - 1) // 3 + 1}"
PAGES = [
    ("naima", "/"), ("naima", "{composer}"), ("naima", "{visit}"), ("naima", "{visit}correct/"), ("naima", "/visits/"), ("naima", "{card}"),
    ("naima", "/stock/"), ("naima", "/no/such/page/"), ("store", "/stock/receive/"), ("store", "/stock/transfer/"),
    ("store", "{count}"), ("nurse", "/expected/"), ("nurse", "/exchange/tests/"), ("coordinator", "/"),
    ("coordinator", "/to-look-at/"), ("coordinator", f"/quarter/{QUARTER}/"), ("coordinator", f"/quarter/{QUARTER}/?view=share"),
    ("coordinator", f"/quarter/{QUARTER}/kp_4/"), ("coordinator", "/quarter/1999Q1/"), ("auditor", "/audit/"), ("auditor", "/reference/"),
]


@pytest.fixture(scope="module")
def places(server: Server, chromium: Browser) -> dict[str, str]:
    """Addresses with ids in them, and numbers for the quarter."""
    context = chromium.new_context(viewport=PHONE, has_touch=True)
    visitor = Visitor(context, server)
    visitor.sign_in("naima")
    visitor.tap("a.place:has-text('Van 1')")
    composer = visitor.path()
    visitor.tap(".usual a")
    visitor.tap("fieldset:has-text('Methadone') label:has-text('Wants it')")
    visitor.tap("button:has-text('Save visit')")
    found = {"composer": composer, "visit": visitor.path().split("?")[0]}
    visitor.sign_in("store")
    visitor.open("/stock/")
    found["card"] = composer.replace("/visits/at/", "/cards/new/")
    found["count"] = visitor.page.locator("a:has-text('Count Van 1')").get_attribute("href") or ""
    context.close()
    handrail(server, "warehouse", "build")
    return found


@pytest.fixture(scope="module")
def signed_in(server: Server, chromium: Browser):
    """Pages of each person, signed in once for the whole module; the policy is bypassed so that axe can be put in."""
    contexts = {}

    def page_of(who: str, size: dict[str, int], scheme: str = "light") -> Page:
        key = (who, size["width"], scheme)
        if key not in contexts:
            context = chromium.new_context(viewport=size, has_touch=True, bypass_csp=True, color_scheme=scheme)
            visitor = Visitor(context, server)
            visitor.sign_in(who)
            contexts[key] = visitor.page
        return contexts[key]

    yield page_of
    for page in contexts.values():
        page.context.close()


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
    return [f"{v['id']}: {[n['html'][:120] for n in v['nodes'][:3]]}" for v in found.response["violations"]]


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize(("who", "path"), PAGES, ids=[f"{who}{path}" for who, path in PAGES])
def test_a_page_can_be_used_by_everybody(who, path, places, signed_in, server):
    address = f"http://localhost:{server.port}" + path.format(**places)
    for size, scheme in ((PHONE, "light"), (DESK, "light"), (PHONE, "dark")):
        page = signed_in(who, size, scheme)
        page.goto(address)
        assert violations(page) == [], (size["width"], scheme)
        assert overflow(page) <= 0, f"scrolls sideways at {size['width']} px"
    page = signed_in(who, PHONE)
    page.goto(address)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert overflow(page) <= 0, "scrolls sideways at 200 %"
    page.goto(address)
    page.evaluate("document.documentElement.dir = 'rtl'")
    assert overflow(page) <= 0, "scrolls sideways from right to left"
    assert violations(page) == []


def test_the_sign_in_page_can_be_used_by_everybody(server, chromium):
    context = chromium.new_context(viewport=PHONE, bypass_csp=True)
    page = context.new_page()
    page.goto(f"http://localhost:{server.port}/sign-in/")
    assert violations(page) == []
    assert overflow(page) <= 0
    context.close()


def test_axe_would_see_a_fault(signed_in, server):
    page = signed_in("naima", PHONE)
    page.goto(f"http://localhost:{server.port}/")
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<input id=nolabel>')")
    assert any(found.startswith("label") for found in violations(page))


def test_a_visit_is_recorded_with_the_keyboard_alone(visitor: Visitor, places):
    visitor.sign_in("naima")
    page = visitor.open(places["composer"])
    page.locator("[id='exchange.given:syringe-1ml-29g']").focus()
    page.keyboard.type("10")
    while page.evaluate("document.activeElement.name") != "exchange.returned:quantity":
        page.keyboard.press("Tab")
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    page.wait_for_url("**/visits/**saved=1")
    assert "7" in page.locator("main").inner_text()


@pytest.mark.viewport(DESK)
def test_every_page_stays_at_home_and_nothing_is_blocked(visitor: Visitor, places):
    who = ""
    for person, path in PAGES:
        if person != who:
            visitor.context.clear_cookies()
            visitor.sign_in(person)
            who = person
        visitor.open(path.format(**places))
    visitor.complaints = [c for c in visitor.complaints if "404" not in c]


@pytest.mark.viewport(DESK)
def test_the_quarter_has_its_picture(visitor: Visitor, places):
    visitor.sign_in("coordinator")
    picture(visitor.open(f"/quarter/{QUARTER}/"), "quarter")


def test_the_composer_weighs_little(visitor: Visitor, places):
    sizes: list[int] = []
    visitor.sign_in("naima")
    visitor.page.on("response", lambda r: sizes.append(int(r.headers.get("content-length", 0) or len(r.body()))))
    visitor.open(places["composer"])
    visitor.page.wait_for_load_state("networkidle")
    assert sizes
    assert sum(sizes) < 60_000
    assert visitor.page.locator("script:not([type=module]):not([defer]):not([async])").count() == 0
