"""Every page, on a phone and on a desk: axe finds nothing, nothing overflows, at 200 % and right to left too."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from bench._server import Server
from tests.browser.by_mail import take_order
from tests.browser.conftest import DESK, PHONE, Visitor, handrail, picture
from tests.browser.numbers import people_come
from tests.words import CARD

pytestmark = pytest.mark.browser

NOW = datetime.now(UTC)
QUARTER = f"{NOW.year}Q{(NOW.month - 1) // 3 + 1}"
PAGES = [
    ("naima", "/"), ("naima", "{composer}"), ("naima", "{composer}?usual=0"), ("naima", "{composer}?card=1"), ("naima", "{find}"), ("otieno", "{bag}"),
    ("casa", "{drop_in}"), ("inside", "{unit}"), ("naima", "{visit}"), ("naima", "{visit}correct/"), ("naima", "/visits/"), ("naima", "{card}"),
    ("naima", "/stock/"), ("naima", "/no/such/page/"), ("store", "/stock/receive/"), ("store", "/stock/transfer/"),
    ("store", "{count}"), ("nurse", "/expected/"), ("nurse", "/exchange/tests/"), ("coordinator", "/"),
    ("coordinator", "/to-look-at/"), ("coordinator", f"/quarter/{QUARTER}/"), ("coordinator", f"/quarter/{QUARTER}/?view=share"),
    ("coordinator", f"/quarter/{QUARTER}/kp_4/"), ("coordinator", "/quarter/1999Q1/"), ("auditor", "/audit/"), ("auditor", "/reference/"),
]
PAGES += [
    # people
    ("naima", "{person}"), ("naima", "{person}profile/?at={van}"), ("naima", "{person}card/?at={van}&lost=1"),
    ("naima", "{person}wishes/"), ("naima", "{person}consent/"), ("naima", "{person}tell/"), ("naima", "{person}told/"), ("naima", "{person}died/"),
    ("naima", "/legal-demands/new/"), ("steward", "/same-person/"),
    # in charge
    ("coordinator", "/legal-demands/"), ("coordinator", "/import/"), ("coordinator", "/devices/"), ("coordinator", "/settings/"), ("coordinator", "/what-is-kept/"),
    ("coordinator", "/settings/pep_limit_hours/"), ("coordinator", "/settings/consent_profile/"), ("coordinator", "/accounts/"), ("admin", "/"),
    ("admin", "/accounts/"), ("admin", "/accounts/new/"), ("admin", "{account}"), ("admin", "/sites/"), ("admin", "/sites/new/"), ("admin", "{site}"),
    # from outside
    ("coordinator", "/estimates/"), ("coordinator", "/estimates/new/?population=pwid&level=targeted_area"), ("coordinator", "{estimate}"),
    ("coordinator", "/estimates/import/"), ("coordinator", "/deaths-counted/"), ("coordinator", "{death_count}"), ("coordinator", "/targets/"),
    ("coordinator", "/targets/new/"), ("coordinator", "{target}"), ("coordinator", "{shipped_target}"),
    # watching
    ("coordinator", "/emergency/reviews/"), ("coordinator", "/heads/"), ("auditor", "/unusual/"), ("naima", "/emergency/at/{van}/"),
    # locked away
    ("coordinator", "/keys/"), ("coordinator", "/keys/inbox/"), ("naima", "{person}sealed/vault.contact/?at={van}"),
    # my account
    ("admin", "/account/"), ("admin", "/account/password/"), ("admin", "/account/app/"), ("admin", "/account/second-factor/"),
    ("admin", "/confirm/?next=/"),
]
PAGES += [
    # stock
    ("store", "/stock/"), ("store", "/stock/receive/?order={order}"), ("store", "/stock/differences/"), ("store", "{write_off}?expired=1"),
    ("store", "/stock/recalls/"), ("store", "/stock/recalls/new/"), ("store", "{recall}"), ("store", "/stock/runs-out/"), ("store", "/stock/orders/"),
    ("store", "/stock/orders/new/"), ("store", "/stock/kits/"), ("store", "/stock/catalogue/"), ("store", "/stock/catalogue/new/"),
    ("store", "/stock/catalogue/injecting-kit/"), ("coordinator", "/stock/funds/"),
    # exchange
    ("naima", "/exchange/"), ("naima", "/exchange/boxes/"), ("naima", "{box}"), ("naima", "/exchange/safety-boxes/"),
    ("naima", "/exchange/weigh/{van_id}/"), ("naima", "/exchange/clean-up/{van_id}/"), ("naima", "/exchange/needlestick/{van_id}/"),
    ("naima", "/exchange/stops/"), ("coordinator", "/exchange/stops/plan/"), ("naima", "/exchange/stop/{van_id}/"),
    ("inside", "/exchange/release/{unit_id}/"), ("inside", "/exchange/prison-year/{unit_id}/"),
]
PAGES += [
    # naloxone
    ("naima", "/naloxone/"), ("otieno", "/naloxone/bag/{bag_id}/"), ("naima", "/naloxone/bag/{van_id}/told/"), ("naima", "/naloxone/bag/{van_id}/fill/"),
    ("naima", "/naloxone/overdose/{van_id}/"), ("naima", "/naloxone/overdoses/"), ("coordinator", "/naloxone/overview/"), ("store", "/naloxone/kits/"),
    ("naima", "/kit-labels/"), ("naima", "/naloxone/requests/"), ("naima", "{aid}tell/?kit=NX-0417"), ("naima", "{aid}receipt/"), ("mailer", "/parcels/"), ("mailer", "/parcels/new/{van_id}/"), ("mailer", "{mail_order}"), ("mailer", "{mail_order}label/"), ("mailer", "{mail_order}address/"),
]
PAGES += [
    # reports, what left the house, and what everybody sees
    ("coordinator", "/reports/"), ("coordinator", f"/reports/everybody/{QUARTER}/"), ("coordinator", f"/reports/who/{QUARTER}/"), ("coordinator", "/reports/unaids/1999/"),
    ("coordinator", f"/reports/everybody/{QUARTER}/release/"), ("coordinator", f"/reports/who/{QUARTER}/release/"), ("coordinator", "/releases/"), ("coordinator", "/releases/1/"),
    ("coordinator", f"/quarter/{QUARTER}/people_reached/?report=everybody&cell=gender%3Dunknown"), ("coordinator", "/visits/?from=2020-01-01&before=2030-01-01&with=exchange.given"),
    ("naima", "/aid/training/"), ("naima", "/aid/emergency/"), ("naima", "/aid/leaflet/"), ("naima", "/leaving/"),
    ("coordinator", "{public}"), ("coordinator", "{public}1/?in=es"), ("naima", "/reports/poster/{van_id}/{quarter}/"), ("naima", "/reports/poster/{van_id}/1999Q1/"),
]


@pytest.fixture(scope="module")
def places(server: Server, chromium: Browser) -> dict[str, str]:
    """Addresses with ids in them, numbers for the quarter, and a release of them."""
    context = chromium.new_context(viewport=PHONE, has_touch=True)
    visitor = Visitor(context, server)
    visitor.sign_in("naima")
    visitor.tap("a.place:has-text('Van 1')")
    composer = visitor.path()
    visitor.tap(".usual a")
    visitor.tap("fieldset:has-text('Methadone') label:has-text('Wants it')")
    visitor.tap("button:has-text('Save visit')")
    found = {"composer": composer, "visit": visitor.path().split("?")[0]}
    for who, what in (("otieno", "bag"), ("casa", "drop_in"), ("inside", "unit")):
        visitor.sign_in(who)
        visitor.tap("a.place[href^='/visits/at/']")
        found[what] = visitor.path()
    visitor.sign_in("store")
    visitor.open("/stock/")
    found["card"] = composer.replace("/visits/at/", "/cards/new/")
    found["find"] = composer.replace("/visits/at/", "/people/find/")
    found["count"] = visitor.page.locator("a:has-text('Count Van 1')").get_attribute("href") or ""
    found["van"], found["bag_id"] = composer.split("/")[-2], found["bag"].split("/")[-2]
    visitor.sign_in("admin")
    for name, listed, link in (("account", "/accounts/", ".item a:text-is('Naima')"), ("site", "/sites/", "a.place:has-text('Drop-in')")):
        found[name] = visitor.open(listed).locator(link).first.get_attribute("href") or ""
    found |= _stock_and_exchange(visitor, composer, found["unit"])
    found |= {"mail_order": take_order(visitor, "moth-7")} | _from_outside(visitor)
    handrail(server, "warehouse", "build")
    visitor.open("/targets/")
    found["shipped_target"] = visitor.page.locator(".item a:text-is('> 200')").first.get_attribute("href") or ""
    public = _numbers(visitor, server)
    found |= {"public": public, "aid": public.replace("/public/", "/aid/"), "quarter": QUARTER}
    context.close()
    return found


def _from_outside(visitor: Visitor) -> dict[str, str]:
    """An estimate that was corrected once, a count and a target of an award."""
    found = {}
    visitor.sign_in("coordinator")
    fields = {"value": "1200", "low": "900", "high": "1600", "method": "capture-recapture", "year": "2024", "source": "Ministry of health, size estimation, p. 12"}
    visitor.open("/estimates/new/?population=pwid&level=targeted_area&area=harbour-area")
    _fill(visitor, fields)
    visitor.tap("summary:has-text('Correct it')")
    _fill(visitor, {"value": "1250", "note": "A slip of the finger"})
    found["estimate"] = visitor.path()
    visitor.open("/deaths-counted/")
    visitor.tap("summary:has-text('Enter a count')")
    visitor.page.select_option("#level", value="country")
    _fill(visitor, {"ends": "2025-12", "deaths": "<10", "source": "Civil registration, provisional"})
    found["death_count"] = visitor.path()
    visitor.open("/targets/new/?indicator=gam_1_9")
    _fill(visitor, {"value": "100", "valid_from": "2026-01-01", "award": "KEN-H-2026", "source": "Annex 3, p. 4"})
    return found | {"target": visitor.path()}


def _fill(visitor: Visitor, fields: dict[str, str]) -> None:
    """Fill fields and send the form they stand in."""
    for name, value in fields.items():
        visitor.page.fill(f"#{name}", value)
    visitor.tap("main form button.go")


def _numbers(visitor: Visitor, server: Server) -> str:
    """Numbers, a release of them for everybody, and the public page; its address."""
    people_come(server, "everybody")
    visitor.sign_in("coordinator")
    visitor.open("/settings/public_page/")
    visitor.page.select_option("#value", "yes")
    visitor.page.fill("#source", "Decided by the board")
    visitor.tap("button:has-text('Set it')")
    visitor.open("/public/")
    return visitor.path()


def path_for(page: Page, origin: str, path: str, places: dict[str, str]) -> str:
    """An address with its ids; the word for a person is another one in every sign-in, so they are found first."""
    if "{person}" not in path:
        return path.format(**places)
    page.goto(origin + places["find"])
    page.fill("#card", CARD)
    page.locator("form:has(#card) button.go").click()
    page.wait_for_url("**/people/*/?at=*")
    return path.format(person=page.url.removeprefix(origin).split("?")[0], **places)


def _stock_and_exchange(visitor: Visitor, composer: str, unit: str) -> dict[str, str]:
    """A recall and an order to look at, and the addresses of places."""
    found = {"van_id": composer.split("/")[3], "unit_id": unit.split("/")[3]}
    visitor.sign_in("store")
    visitor.open("/stock/")
    found["write_off"] = (visitor.page.locator("section[aria-label='Store'] a[href*='write-off']").get_attribute("href") or "").split("?")[0]
    visitor.open("/stock/recalls/new/")
    visitor.page.select_option("#item", "safety-box-1l")
    visitor.page.fill("#lot", "B-1")
    visitor.page.fill("#source_reference", "FSN-2026-118")
    visitor.tap("label:has-text('Could seriously harm')")
    visitor.tap("button:has-text('Stop this lot')")
    found["recall"] = visitor.path()
    visitor.open("/stock/orders/new/")
    visitor.page.fill("#supplier", "Central depot")
    visitor.page.fill("#q-filter", "2000")
    visitor.tap("button:has-text('Write it down')")
    came = visitor.page.locator("section:has(h2:text-is('Central depot')) a:has-text('It came in')").first.get_attribute("href") or ""
    found["order"] = came.split("order=")[1]
    visitor.sign_in("naima")
    visitor.open("/exchange/safety-boxes/")
    visitor.page.select_option("#site", label="Van 1")
    visitor.page.fill("#asset", "RS-014")
    visitor.tap("label:has-text('Installed')")
    visitor.tap("main form button:has-text('Save')")
    visitor.open("/exchange/boxes/")
    found["box"] = visitor.page.locator("a:has-text('Look and fill')").first.get_attribute("href") or ""
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
    origin = f"http://localhost:{server.port}"
    for size, scheme in ((PHONE, "dark"), (DESK, "light"), (PHONE, "light")):
        page = signed_in(who, size, scheme)
        address = origin + path_for(page, origin, path, places)
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == (404 if "/no/such/" in path else 200)
        assert violations(page) == [], (size["width"], scheme)
        assert overflow(page) <= 0, f"scrolls sideways at {size['width']} px"
    page.goto(address)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert overflow(page) <= 0, "scrolls sideways at 200 %"
    page.goto(address)
    page.evaluate("document.documentElement.dir = 'rtl'")
    assert overflow(page) <= 0, "scrolls sideways from right to left"
    assert violations(page) == []


def find_the_person(page: Page) -> None:
    page.locator("label:has-text('Card')").first.tap()
    page.fill("#card", CARD)
    ask(page, "button[value=find]")


def work_out_a_need(page: Page) -> None:
    page.locator("summary:has-text('How many are needed?')").tap()
    page.fill("[name='exchange.need:per_day']", "3")
    ask(page, "button[value=need]")


def make_mistakes(page: Page) -> None:
    page.fill("[id='exchange.given:syringe-1ml-29g']", "-5")
    page.fill("[id='exchange.returned:quantity']", "some")
    page.locator("label:has-text('Card')").first.tap()
    page.fill("#card", "7HR-9V4-99P-2")
    ask(page, ".foot button")


def ask_for_a_large_number(page: Page) -> None:
    page.fill("[id='exchange.given:syringe-1ml-29g']", "99999")
    ask(page, ".foot button")


def open_everything(page: Page) -> None:
    for fold in page.locator("form details > summary").all():
        if fold.is_visible():
            fold.tap()


def ask(page: Page, selector: str) -> None:
    with page.expect_navigation():
        page.locator(selector).tap()


@pytest.mark.parametrize("reach", [find_the_person, work_out_a_need, make_mistakes, ask_for_a_large_number, open_everything], ids=lambda f: f.__name__)
def test_every_state_of_the_composer_can_be_used_by_everybody(reach, places, signed_in, server):
    for size, scheme in ((PHONE, "light"), (DESK, "light"), (PHONE, "dark")):
        page = signed_in("naima", size, scheme)
        page.goto(f"http://localhost:{server.port}{places['composer']}")
        reach(page)
        assert violations(page) == [], (size["width"], scheme)
        assert overflow(page) <= 0, f"scrolls sideways at {size['width']} px"
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert overflow(page) <= 0, "scrolls sideways at 200 %"


def test_the_sign_in_page_can_be_used_by_everybody(server, chromium):
    context = chromium.new_context(viewport=PHONE, bypass_csp=True)
    page = context.new_page()
    page.goto(f"http://localhost:{server.port}/sign-in/")
    assert violations(page) == []
    assert overflow(page) <= 0
    context.close()


def test_a_menu_of_somebody_with_many_pages_opens_without_script_and_fits(signed_in, server):
    for size in (PHONE, DESK):
        page = signed_in("coordinator", size)
        for direction in ("ltr", "rtl"):
            page.goto(f"http://localhost:{server.port}/")
            page.evaluate(f"document.documentElement.dir = '{direction}'")
            page.locator(".menu summary").tap()
            box = page.locator(".menu > div").bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= size["width"]
            assert box["y"] + box["height"] <= size["height"]
            page.get_by_role("button", name="Sign out").scroll_into_view_if_needed()
            assert page.locator(".menu .groups a").count() > page.locator("header nav a").count() == 5
            assert violations(page) == []


def test_what_a_form_answers_can_be_used_by_everybody(signed_in, server, places):
    """Mistakes, a dry run, a token, a set-up code: pages that only a form leads to."""
    origin = f"http://localhost:{server.port}"

    def check(page: Page) -> None:
        assert page.locator("main .bad, main .notice, main .words").count()
        assert violations(page) == [], page.url
        assert overflow(page) <= 0, page.url

    page = signed_in("naima", PHONE)
    for path in ("{person}consent/", "{person}tell/", "{person}died/", "/legal-demands/new/"):
        page.goto(origin + path_for(page, origin, path, places))
        page.locator("main button.go").last.click()
        check(page)
    just_now = PHONE | {"width": PHONE["width"] + 1}  # a sign-in of their own: on a slow machine that of the module is too old for what is sensitive
    page = signed_in("coordinator", just_now)
    page.goto(f"{origin}/import/")
    page.set_input_files("#file", {"name": "a.csv", "mimeType": "text/csv", "buffer": b"Day,Needles\n2025-02-31,many\n2025-02-03,4\n"})
    mapping = b'name = "every-page"\n[columns]\ndate = "Day"\n[items]\n"Needles" = "syringe-1ml-29g"\n'
    page.set_input_files("#mapping", {"name": "m.toml", "mimeType": "text/plain", "buffer": mapping})
    page.select_option("#site", label="Van 1")
    page.locator("main button.go").click()
    assert page.locator("main .item").count() == 2
    check(page)
    page.goto(f"{origin}/devices/")
    page.fill("#label", "a till")
    page.select_option("#role", label="Peer worker")
    page.select_option("#site", label="Van 1")
    page.locator("main button.go").click()
    check(page)
    page = signed_in("admin", just_now)
    page.goto(f"{origin}/accounts/new/")
    page.fill("#name", "Somebody new")
    page.fill("#username", "somebody-new")
    page.locator("main button.go").click()
    check(page)


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
        visitor.open(path_for(visitor.page, visitor.origin, path, places))
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
