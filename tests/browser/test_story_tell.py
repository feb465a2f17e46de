"""Story: somebody scans the square on a kit with their own phone, tells what happened in under a minute, and leaves no trail."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from playwright.sync_api import Browser, expect

from bench._server import ROOT, Server
from tests.browser.conftest import DESK, PHONE, Visitor, picture
from tests.browser.test_every_page import overflow, violations
from tests.browser.test_story_aid import gone

pytestmark = pytest.mark.browser
_PICK_UP = """
from handrail.cli import _open_house
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "handrail.settings"
with _open_house():
    from handrail.facts import setting_changes
    from handrail.facts.queries import today
    from handrail.kernel import clock, scope
    from handrail.services.naloxone.values import PICK_UP
    from tests import world
    found = world.find()
    with scope.enter([found.harbour.key]):
        row = setting_changes.set_value(
            actor=found.actors["coordinator"], value=PICK_UP, typed="yes", site=found.sites["Drop-in"], valid_from=today(), source="Decided by the board",
        )
        type(row).objects.filter(id=row.id).update(approved_at=clock.now())
    print(found.harbour.id)
"""


@pytest.fixture(scope="module")
def address(server: Server) -> str:
    """Where the square on a kit leads; the drop-in hands out kits that are asked for."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HANDRAIL_")} | {"HANDRAIL_VAR": str(server.var)}
    done = subprocess.run([sys.executable, "-c", _PICK_UP], env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    return f"/aid/{done.stdout.strip().splitlines()[-1]}/tell/?kit=NX-0417"


def test_six_taps_tell_it_and_a_receipt_follows_the_kit(visitor: Visitor, address: str):
    page = visitor.open(address)
    assert page.input_value("#codes") == "NX-0417"
    for words in ("Earlier today", "Recovered"):
        page.locator("label.pick", has_text=words).first.tap()
    page.fill("#doses_total", "2")
    page.locator("fieldset:has(legend:has-text('new kit')) label.pick", has_text="Yes").tap()
    page.select_option("#site", label="Drop-in")
    picture(page, "tell")
    page.locator("[data-send]").tap()
    expect(page.locator("[data-told]")).to_be_visible()
    code = page.locator("[data-code]").inner_text()
    assert re.fullmatch(r"[A-Z0-9]{3}-[A-Z0-9]{3}-[A-Z0-9]{3}-[A-Z0-9]", code)
    picture(page, "told")
    assert page.evaluate("history.length") <= 2, "telling leaves no entry of its own"
    assert page.context.cookies() == []
    page.locator("[data-receipt] a").tap()
    page.wait_for_url("**/receipt/**")
    page.fill("#receipt", code)
    page.locator("main form button").tap()
    expect(page.locator("[role=status] h2")).to_have_text("We have your request")


def test_it_is_told_in_their_language_from_the_square_to_the_receipt(visitor: Visitor, address: str):
    page = visitor.open(address)
    page.locator("a[lang=es]").tap()
    page.wait_for_url("**in=es*")
    assert page.get_attribute("html", "lang") == "es"
    assert page.input_value("#codes") == "NX-0417", "another language is the same kit"
    for words in ("Contar lo que pasó", "¿Cuándo fue?", "¿Cómo terminó?", "¿Quiere un kit nuevo?"):
        assert words in page.inner_text("main") + page.title(), words
    page.locator("[data-send]").tap()
    expect(page.locator("[data-problem=outcome]")).to_have_text("Elija una de las respuestas.")
    visitor.complaints.clear()  # the answer that refused
    for words in ("Hoy, más temprano", "Se recuperó"):
        page.locator("label.pick", has_text=words).first.tap()
    page.locator("fieldset:has(legend:has-text('kit nuevo')) label.pick", has_text="Sí").tap()
    page.select_option("#site", label="Drop-in")
    page.locator("[data-send]").tap()
    expect(page.locator("[data-told]")).to_be_visible()
    expect(page.locator("[data-told] h2")).to_have_text("Gracias. Ayuda a la próxima persona.")
    expect(page.locator("[data-receipt]")).to_contain_text("Anótelo ahora: solo se muestra una vez.")
    code = page.locator("[data-code]").inner_text()
    page.locator("[data-receipt] a").tap()
    page.wait_for_url("**/receipt/?in=es")
    assert page.get_attribute("html", "lang") == "es"
    assert "¿Cómo va mi kit?" in page.title()
    page.fill("#receipt", code)
    page.locator("main form button", has_text="Buscar").tap()
    expect(page.locator("[role=status] h2")).to_have_text("Tenemos su pedido")
    assert page.get_attribute("html", "lang") == "es"
    page.fill("#receipt", "7HR-9V4-99P-2")
    page.locator("main form button", has_text="Buscar").tap()
    expect(page.locator("[role=alert]")).to_have_text("Revise el código: uno de sus símbolos está mal.")
    visitor.complaints.clear()  # the answer that refused


@pytest.mark.parametrize(("asked", "found"), [("es-MX", "es"), ("en-GB", "en"), ("sw", "en")])
def test_the_language_of_the_phone_is_the_language_of_the_page(chromium: Browser, server: Server, address: str, asked: str, found: str):
    context = chromium.new_context(viewport=PHONE, has_touch=True, locale=asked)
    page = Visitor(context, server).open(address)
    assert page.get_attribute("html", "lang") == found
    assert ("¿Cuándo fue?" if found == "es" else "When was it?") in page.inner_text("main")
    context.close()


def test_what_is_missing_is_said_where_it_is_missing_and_what_was_typed_stays(visitor: Visitor, address: str):
    page = visitor.open(address)
    page.fill("#doses_total", "3")
    page.locator("[data-send]").tap()
    expect(page.locator("[data-error]")).to_be_visible()
    expect(page.locator("[data-problem=outcome]")).to_be_visible()
    assert page.input_value("#doses_total") == "3"
    visitor.complaints.clear()  # the answer that refused


def test_without_a_network_it_waits_on_the_page(visitor: Visitor, address: str):
    page = visitor.open(address)
    for words in ("Yesterday", "Recovered"):
        page.locator("label.pick", has_text=words).first.tap()
    page.context.set_offline(True)
    page.locator("[data-send]").tap()
    expect(page.locator("[data-error]")).to_contain_text("there is no network")
    page.context.set_offline(False)
    page.locator("[data-send]").tap()
    expect(page.locator("[data-told]")).to_be_visible()
    visitor.complaints.clear()  # the request that did not get through


def test_leaving_after_it_was_sent_leaves_nothing_to_go_back_to(visitor: Visitor, address: str):
    page = visitor.open(address)
    for words in ("Just now", "Recovered"):
        page.locator("label.pick", has_text=words).first.tap()
    page.locator("[data-send]").tap()
    expect(page.locator("[data-told]")).to_be_visible()
    page.locator("[data-leave]").tap()
    gone(page)


def test_it_can_be_told_without_a_script(chromium: Browser, server: Server, address: str):
    context = chromium.new_context(viewport=PHONE, has_touch=True, java_script_enabled=False, locale="en-GB")
    page = Visitor(context, server).open(address)
    for words in ("Yesterday", "Recovered"):
        page.locator("label.pick", has_text=words).first.tap()
    page.locator("[data-send]").tap()
    expect(page.locator("[data-told]")).to_be_visible()
    assert context.cookies() == []
    context.close()


def test_everybody_can_use_it(chromium: Browser, server: Server, address: str):
    for size, scheme in ((PHONE, "dark"), (DESK, "light"), (PHONE, "light")):
        context = chromium.new_context(viewport=size, has_touch=True, bypass_csp=True, color_scheme=scheme, reduced_motion="reduce")
        visitor = Visitor(context, server)
        for path in (address, address.replace("tell/", "receipt/")):
            page = visitor.open(path)
            for fold in page.locator("details > summary:visible").all():
                fold.tap()
            for direction, zoom in (("ltr", "100%"), ("ltr", "200%"), ("rtl", "100%")):
                page.evaluate("([d, z]) => { document.documentElement.dir = d; document.documentElement.style.fontSize = z; }", [direction, zoom])
                assert overflow(page) <= 0, f"scrolls sideways at {size['width']} px, {zoom}, {direction}"
            page.evaluate("document.documentElement.dir = 'ltr'; document.documentElement.style.fontSize = ''")
            assert violations(page) == [], (path, size["width"], scheme)
        context.close()
