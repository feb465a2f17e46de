"""Story: somebody learns it in five minutes, somebody needs it now, the network is gone, and somebody has to leave at once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from bench._server import ROOT, Server, serving
from tests.browser.conftest import DESK, PHONE, Visitor
from tests.browser.test_every_page import overflow, violations

pytestmark = pytest.mark.browser
TRAINING, EMERGENCY = "/aid/training/", "/aid/emergency/"
_STAY_FOR = """
from handrail.cli import _open_house
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "handrail.settings"
with _open_house():
    from handrail.facts import setting_changes
    from handrail.facts.queries import today
    from handrail.kernel import clock, scope
    from handrail.screens.aid.values import STAY_HOURS
    from tests import world
    found = world.find()
    with scope.enter([found.harbour.key]):
        row = setting_changes.set_value(
            actor=found.actors["coordinator"], value=STAY_HOURS, typed=os.environ["HOURS"], site=None, valid_from=today(), source="Decided by the board",
        )
        type(row).objects.filter(id=row.id).update(approved_at=clock.now())
    print(found.harbour.id)
"""


def stay_for(server: Server, hours: int) -> str:
    """A safety value of the first programme, set and approved; the id of the programme."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HANDRAIL_")} | {"HANDRAIL_VAR": str(server.var), "HOURS": str(hours)}
    done = subprocess.run([sys.executable, "-c", _STAY_FOR], env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip().splitlines()[-1]


@pytest.fixture
def anybody(chromium: Browser, server: Server) -> Iterator[Visitor]:
    """Somebody on a phone whom nobody knows; axe can be put in."""
    context = chromium.new_context(viewport=PHONE, has_touch=True, bypass_csp=True, locale="en-GB")
    found = Visitor(context, server)
    yield found
    context.close()
    assert found.elsewhere == []
    assert found.complaints == []


def heading(page: Page) -> str:
    """The one block that is to be seen."""
    seen = page.locator("[data-block]:visible h2")
    assert seen.count() == 1
    return seen.inner_text()


# -- the training -----------------------------------------------------------------------------------------------------------------


def test_somebody_takes_the_training_to_its_end_by_tapping(visitor: Visitor):
    page = visitor.open(TRAINING)
    titles, times = [], []
    for _block in range(8):
        titles.append(heading(page).split("\n")[-1].strip())
        times.append(page.locator("[data-where-now]").inner_text().split("·")[1].strip())
        assert page.locator("[data-block]:visible").locator("svg:visible").count() == 1
        page.locator("[data-next]").tap()
    assert [title.lstrip("12345678 ") for title in titles] == ["Risk", "Recognise", "Call", "Breathe", "Naloxone", "Position and stay", "After", "Refill and report"]
    assert times == [f"{said} of 5:00" for said in ("0:00", "0:45", "1:30", "1:55", "2:35", "3:35", "4:10", "4:35")]
    expect(page.locator("[data-block]:visible h2")).to_have_text("Check yourself, if you like")
    expect(page.locator("[data-next]")).to_be_hidden()
    page.locator("[data-back]").tap()
    assert "Refill" in heading(page)


def test_the_questions_are_scored_kindly_and_unanswered_counts_as_not_known(visitor: Visitor):
    page = visitor.open(TRAINING)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for _block in range(8):
        page.locator("[data-next]").tap()
    page.locator("[data-score]").tap()
    expect(page.locator("[data-said]")).to_contain_text("0 of 5")
    expect(page.locator("[data-said]")).to_contain_text("the kit is yours")
    expect(page.locator("[data-solution]").first).to_be_visible()
    for key, answer in {"snoring": "yes", "shower": "no", "breaths": "unknown", "lasts": "yes"}.items():
        page.locator(f"[name=q-{key}][value={answer}]").check(force=True)
    page.locator("[data-score]").tap()
    expect(page.locator("[data-said]")).to_contain_text("2 of 5")
    for key, answer in {"breaths": "yes", "lasts": "no", "tolerance": "yes"}.items():
        page.locator(f"[name=q-{key}][value={answer}]").check(force=True)
    page.locator("[data-score]").tap()
    expect(page.locator("[data-said]")).to_have_text("5 of 5. You are ready to help.")
    assert [url for url in asked if "/worker.js" not in url and "/static/" not in url and "/aid/" not in url] == []
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


def test_the_device_of_the_kit_is_chosen(visitor: Visitor):
    page = visitor.open(TRAINING)
    for _block in range(4):
        page.locator("[data-next]").tap()
    for device, words in (("injected", "into the muscle"), ("atomiser", "soft cone"), ("nasal", "Do not test it")):
        page.locator(f"[name=device][value={device}]").check(force=True)
        shown = page.locator("[data-block]:visible .way:visible")
        expect(shown).to_have_count(1)
        expect(shown).to_contain_text(words)
        expect(shown).to_contain_text("Wait 3 minutes")


@pytest.mark.viewport(DESK)
def test_the_training_can_be_taken_with_the_keyboard_alone(visitor: Visitor):
    page = visitor.open(TRAINING)
    page.keyboard.press("ArrowRight")
    assert "Recognise" in heading(page)
    assert page.evaluate("document.activeElement.id") == "recognise-title"
    page.keyboard.press("ArrowLeft")
    assert "Risk" in heading(page)
    for number in range(8):
        while not page.evaluate("document.activeElement.matches('[data-next]')"):
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert number == 7 or str(number + 2) in heading(page)
    page.locator("[name=q-snoring]").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[name=q-snoring][value=no]")).to_be_checked()
    assert "Check yourself" in heading(page), "arrows inside an answer choose it and turn no page"


def test_it_goes_on_by_itself_only_when_somebody_starts_that(anybody: Visitor):
    page = anybody.page
    page.clock.install()
    anybody.open(TRAINING)
    page.clock.run_for(120_000)
    assert "Risk" in heading(page)
    page.locator("[data-play]").tap()
    page.clock.run_for(44_000)
    assert "Risk" in heading(page)
    expect(page.locator("[data-where-now]")).to_contain_text("0:4")
    page.clock.run_for(2_000)
    assert "Recognise" in heading(page)
    expect(page.locator("[data-told]")).to_contain_text("Recognise")
    page.locator("[data-play]").tap()
    page.clock.run_for(120_000)
    assert "Recognise" in heading(page)
    page.locator("[data-play]").tap()
    page.clock.run_for(256_000)
    assert "Check yourself" in heading(page)


# -- the emergency page -----------------------------------------------------------------------------------------------------------


def test_breaths_are_counted_and_the_time_since_a_dose_is_shown(anybody: Visitor):
    page = anybody.page
    page.add_init_script("window.shaken = []; navigator.vibrate = (how) => { window.shaken.push(how); return true; };")
    page.clock.install()
    anybody.open(EMERGENCY)
    page.locator("[data-breaths]").tap()
    page.clock.run_for(300)
    expect(page.locator("[data-breath-said]")).to_have_text("Breath 1")
    page.clock.run_for(2_000)
    expect(page.locator("[data-breath-said]")).to_have_text(re.compile("next in [123]"))
    page.clock.run_for(3_000)
    expect(page.locator("[data-breath-said]")).to_have_text("Breath 2")
    page.clock.run_for(20_000)
    assert page.evaluate("window.shaken.filter((how) => how === 150).length") == 6, "one breath every five seconds"
    page.locator("[data-dose]").tap()
    page.clock.run_for(62_000)
    expect(page.locator("[data-dose-said]")).to_have_text(re.compile(r"Dose 1 · 1:0[23]"))
    expect(page.locator("[data-reminder]")).to_be_hidden()
    page.clock.run_for(119_000)
    expect(page.locator("[data-reminder]")).to_have_text("3 minutes since the dose. Breathing well? If not, give the next dose.")
    assert page.evaluate("window.shaken.filter(Array.isArray).length") == 1
    page.locator("[data-dose]").tap()
    page.clock.run_for(500)
    expect(page.locator("[data-reminder]")).to_be_hidden()
    expect(page.locator("[data-dose-said]")).to_have_text("Dose 2 · 0:00")
    page.locator("[data-undo]").tap()
    page.clock.run_for(200)
    expect(page.locator("[data-dose-said]")).to_have_text(re.compile(r"Dose 1 · 3:0"))
    assert page.evaluate("window.shaken.filter(Array.isArray).length") == 1, "an old reminder does not ring again"
    page.locator("[data-undo]").tap()
    expect(page.locator("[data-dose-said]")).to_have_text("")
    page.locator("[data-breaths]").tap()
    expect(page.locator("[data-breath-said]")).to_have_text("")


def test_time_that_a_browser_slept_through_is_not_lost(anybody: Visitor):
    page = anybody.page
    page.clock.install()
    anybody.open(EMERGENCY)
    page.locator("[data-dose]").tap()
    page.clock.fast_forward(400_000)
    expect(page.locator("[data-dose-said]")).to_have_text(re.compile(r"Dose 1 · 6:4"))
    expect(page.locator("[data-reminder]")).to_be_visible()


def test_sound_is_off_until_somebody_wants_it(visitor: Visitor):
    page = visitor.open(EMERGENCY)
    page.evaluate("() => { window.made = 0; const Real = AudioContext; window.AudioContext = class extends Real { constructor() { super(); window.made += 1; } }; }")
    page.locator("[data-breaths]").tap()
    page.wait_for_timeout(300)
    assert page.evaluate("window.made") == 0
    expect(page.locator("[data-sound]")).to_have_text("Sound is off")
    page.locator("[data-sound]").tap()
    expect(page.locator("[data-sound]")).to_have_text("Sound is on")
    assert page.evaluate("window.made") == 1


def test_both_pages_say_everything_without_a_script(chromium: Browser, server: Server):
    context = chromium.new_context(viewport=PHONE, java_script_enabled=False)
    nobody = Visitor(context, server)
    page = nobody.open(TRAINING)
    expect(page.locator("[data-block]:visible")).to_have_count(9)
    expect(page.locator("[data-steer]")).to_be_hidden()
    expect(page.locator("[data-solution]:visible")).to_have_count(5)
    expect(page.locator("[data-score]")).to_be_hidden()
    page = nobody.open(EMERGENCY)
    expect(page.locator(".now-steps > li:visible")).to_have_count(8)
    expect(page.locator("[data-timers]")).to_be_hidden()
    page.locator("[data-leave]").click()
    assert page.url.endswith("/leaving/")
    assert context.cookies() == []
    assert (nobody.elsewhere, nobody.complaints) == ([], [])
    context.close()


@pytest.mark.parametrize("path", [TRAINING, EMERGENCY])
def test_every_state_can_be_used_by_everybody(path, chromium, server):
    for size, scheme in ((PHONE, "dark"), (DESK, "light"), (PHONE, "light")):
        context = chromium.new_context(viewport=size, has_touch=True, bypass_csp=True, color_scheme=scheme, reduced_motion="reduce")
        page = Visitor(context, server).open(path)
        for _state in range(9 if path == TRAINING else 1):
            for direction, zoom in (("ltr", "100%"), ("ltr", "200%"), ("rtl", "100%")):
                page.evaluate("([d, z]) => { document.documentElement.dir = d; document.documentElement.style.fontSize = z; }", [direction, zoom])
                assert overflow(page) <= 0, f"scrolls sideways at {size['width']} px, {zoom}, {direction}"
            page.evaluate("document.documentElement.dir = 'ltr'; document.documentElement.style.fontSize = ''")
            assert violations(page) == [], (path, size["width"], scheme)
            if path == TRAINING and page.locator("[data-next]").is_visible():
                page.locator("[data-next]").tap()
        if path == TRAINING:
            page.locator("[data-score]").tap()
        if path == EMERGENCY:
            page.locator("[data-breaths]").tap()
            page.locator("[data-dose]").tap()
        for fold in page.locator("details > summary:visible").all():
            fold.tap()
        assert violations(page) == []
        assert overflow(page) <= 0
        context.close()


# -- leaving ----------------------------------------------------------------------------------------------------------------------


def gone(page: Page) -> None:
    """The calendar is there, and no entry of the history leads back to a page of first aid."""
    page.wait_for_url("**/leaving/")
    expect(page.locator("table.month")).to_be_visible()
    for _step in range(4):
        page.go_back()
        assert "/aid/" not in page.url
        assert "not wake up" not in page.content()
        assert "Naloxone" not in page.content()
        if page.url == "about:blank":
            break


def test_leaving_leaves_nothing_to_go_back_to(visitor: Visitor):
    page = visitor.open("/heads/no-such/")
    visitor.complaints.clear()
    page.goto(visitor.origin + TRAINING)
    page.locator("a:has-text('Is it happening now?')").tap()
    page.wait_for_url("**/emergency/**")
    page.locator("a[lang=es]").tap()
    page.wait_for_url("**/emergency/?in=es")
    page.locator("[data-leave]").tap()
    gone(page)
    visitor.complaints.clear()  # the page that is not there


@pytest.mark.viewport(DESK)
def test_escape_three_times_leaves_and_twice_does_not(visitor: Visitor):
    page = visitor.open(EMERGENCY)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # to the content: within the page, and no entry in the history
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.wait_for_timeout(2100)
    page.keyboard.press("Escape")
    page.wait_for_timeout(200)
    assert EMERGENCY in page.url
    for _press in range(2):
        page.keyboard.press("Escape")
    gone(page)


def test_the_network_fails_while_somebody_leaves(chromium: Browser, server: Server):
    """Even then nothing is to be seen, and the address names nothing."""
    context = chromium.new_context(viewport=PHONE, has_touch=True)
    page = Visitor(context, server).open(EMERGENCY)
    context.set_offline(True)
    page.locator("[data-leave]").tap()
    page.wait_for_timeout(500)
    assert "/aid/" not in page.url
    assert "wake up" not in page.evaluate("document.body ? document.body.innerText : ''")
    context.close()


# -- without a network ------------------------------------------------------------------------------------------------------------


def kept(context: BrowserContext, page: Page) -> str:
    """Wait until the worker is in charge; the names of what it keeps."""
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    return str(page.evaluate("caches.keys().then((names) => names.join('\\n'))"))


def test_both_pages_open_after_the_server_is_gone(chromium: Browser):
    with serving(workers=1) as own:
        context = chromium.new_context(viewport=PHONE, has_touch=True, locale="en-GB")
        somebody = Visitor(context, own)
        page = somebody.open(TRAINING)
        kept(context, page)
        expect(page.locator("[data-kept]")).to_have_count(1)
        assert (somebody.elsewhere, somebody.complaints) == ([], [])
    for path, words in ((TRAINING, "Risk"), (EMERGENCY, "Somebody does not wake up"), (f"{EMERGENCY}?in=es", "Alguien no despierta"), (f"{TRAINING}?in=es", "Riesgo")):
        page.goto(somebody.origin + path)
        page.reload()
        expect(page.locator("main")).to_contain_text(words)
        assert page.evaluate("getComputedStyle(document.querySelector('.bar')).position") == "sticky", "with its styles"
    page.goto(somebody.origin + EMERGENCY)
    page.locator("[data-dose]").tap()
    expect(page.locator("[data-dose-said]")).to_contain_text("Dose 1")
    page.goto(somebody.origin + TRAINING)
    page.locator("[data-next]").tap()
    assert "Recognise" in heading(page)
    assert context.cookies() == []
    names = page.evaluate("caches.keys().then((names) => caches.open(names[0])).then((kept) => kept.keys()).then((all) => all.map((one) => one.url))")
    assert all("/aid/training/" in url or "/aid/emergency/" in url or "/static/handrail/" in url for url in names)
    context.close()


def test_a_changed_text_is_shown_at_once_and_the_old_copy_is_thrown_away(chromium: Browser, server: Server):
    context = chromium.new_context(viewport=PHONE, has_touch=True)
    somebody = Visitor(context, server)
    harbour = stay_for(server, 3)
    page = somebody.open(f"/aid/{harbour}/emergency/")
    before = kept(context, page)
    expect(page.locator("main")).to_contain_text("Stay for 3 hours")
    stay_for(server, 4)
    page.reload()
    expect(page.locator("main")).to_contain_text("Stay for 4 hours")
    deadline = time.monotonic() + 15
    while (after := kept(context, page)) == before or "\n" in after:
        assert time.monotonic() < deadline, "the worker did not renew what it keeps"
        page.wait_for_timeout(200)
    text = page.evaluate("(path) => caches.match(path).then((found) => found.text())", f"/aid/{harbour}/emergency/")
    assert "Stay for 4 hours" in text
    context.close()


def test_what_is_kept_can_be_taken_out_of_the_browser(visitor: Visitor):
    page = visitor.open(TRAINING)
    assert kept(visitor.context, page)
    page.reload()
    page.locator("summary:has-text('About this page')").tap()
    page.locator("[data-forget]").tap()
    expect(page.locator("[data-kept]")).to_contain_text("It is gone from your browser")
    assert page.evaluate("caches.keys()") == []
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0
