"""Story: whoever is in charge turns on a passkey and an authenticator app, in a real browser with a virtual authenticator."""

from __future__ import annotations

import pytest
from playwright.sync_api import CDPSession

from tests.browser.conftest import PHONE, Visitor
from tests.browser.test_every_page import overflow, violations
from tests.signing_in import app_code

pytestmark = pytest.mark.browser


def authenticator(visitor: Visitor) -> tuple[CDPSession, str]:
    """A virtual authenticator like that of a phone: it keeps passkeys and checks who unlocks it."""
    devtools = visitor.context.new_cdp_session(visitor.page)
    devtools.send("WebAuthn.enable")
    made = devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
                     "automaticPresenceSimulation": True}},
    )
    return devtools, made["authenticatorId"]


def with_passkey(visitor: Visitor, words: str) -> None:
    with visitor.page.expect_navigation():
        visitor.page.get_by_role("button", name=words).tap()


def sign_out(visitor: Visitor) -> None:
    visitor.page.locator(".menu summary").tap()
    with visitor.page.expect_navigation():
        visitor.page.get_by_role("button", name="Sign out", exact=True).tap()


def test_a_passkey_is_added_and_signs_in_alone_and_as_second_step_and_as_proof(visitor: Visitor):
    devtools, phone = authenticator(visitor)
    visitor.sign_in("auditor")
    visitor.open("/account/")
    visitor.tap("a:has-text('Add a passkey')")
    visitor.page.fill("#name", "my phone")
    with_passkey(visitor, "Make the passkey")
    assert visitor.path() == "/account/codes/"
    assert visitor.page.locator("b.words").count() == 10
    held = devtools.send("WebAuthn.getCredentials", {"authenticatorId": phone})["credentials"]
    assert len(held) == 1
    assert held[0]["isResidentCredential"]
    sign_out(visitor)
    visitor.open("/sign-in/?next=/audit/")
    with_passkey(visitor, "Sign in with a passkey")
    assert visitor.path() == "/audit/"
    visitor.open("/confirm/?next=/account/password/")
    with_passkey(visitor, "Use my passkey")
    assert visitor.path() == "/account/password/"
    sign_out(visitor)
    visitor.sign_in("auditor")
    assert visitor.path() == "/sign-in/"
    with_passkey(visitor, "Use my passkey")
    assert visitor.path() == "/"
    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": phone, "isUserVerified": False})
    sign_out(visitor)
    visitor.open("/sign-in/")
    visitor.page.get_by_role("button", name="Sign in with a passkey").tap()
    visitor.page.locator(".bad:has-text('did not work')").wait_for()
    assert visitor.path() == "/sign-in/"


def test_an_authenticator_app_is_turned_on_by_its_square_and_asked_for(visitor: Visitor):
    visitor.sign_in("store")
    page = visitor.open("/account/app/")
    assert page.locator("svg[role=img] path").count() == 2
    secret = page.locator("p:has-text('Letters to type') b").inner_text()
    page.fill("#code", app_code(secret))
    visitor.tap("main button")
    codes = page.locator("b.words").all_inner_texts()
    assert len(codes) == 10
    sign_out(visitor)
    visitor.sign_in("store")
    assert "One more step" in page.locator("h1").inner_text()
    page.fill("#code", codes[0])
    visitor.tap("form:has(#code) button.go")
    assert visitor.path() == "/"


def test_an_account_is_added_with_the_keyboard_alone_and_its_owner_begins(visitor: Visitor):
    visitor.sign_in("admin")
    page = visitor.open("/accounts/new/")
    page.locator("#name").focus()
    page.keyboard.type("Fatuma")
    page.keyboard.press("Tab")
    page.keyboard.type("fatuma")
    page.keyboard.press("Enter")
    page.wait_for_url("**/accounts/*/")
    code = page.locator(".words").inner_text()
    sign_out(visitor)
    visitor.open("/sign-in/")
    visitor.tap("a:has-text('I have a code')")
    for field, typed in (("username", "fatuma"), ("set-up-code", code), ("password", "seven lamps over the hill"), ("again", "seven lamps over the hill")):
        page.fill(f"#{field}", typed)
    visitor.tap("main button")
    assert visitor.path() == "/account/second-factor/"


PAGES = {
    "naima": ["/account/", "/account/app/", "/account/passkey/", "/account/password/", "/account/second-factor/", "/confirm/?next=/"],
    "admin": ["/accounts/", "/accounts/new/", "{account}", "/settings/", "/settings/second_factor/", "/sites/", "/sites/new/", "{site}"],
}


@pytest.mark.parametrize("who", PAGES)
def test_these_pages_can_be_used_by_everybody(who, chromium, server):
    context = chromium.new_context(viewport=PHONE, has_touch=True, bypass_csp=True)
    visitor = Visitor(context, server)
    page = visitor.sign_in(who)
    for path in PAGES[who]:
        if path.startswith("{"):
            visitor.open("/accounts/" if path == "{account}" else "/sites/")
            path = page.locator("main a[href*='-']").first.get_attribute("href") or ""
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            visitor.open(path)
            assert page.locator("h1").count() == 1, path
            assert violations(page) == [], (path, scheme)
            assert overflow(page) <= 0, path
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        wide = "[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth).map(e => e.outerHTML.slice(0, 80))"
        assert overflow(page) <= 0, f"{path} at 200 %: {page.evaluate(wide)}"
        page.evaluate("document.documentElement.style.fontSize = ''; document.documentElement.dir = 'rtl'")
        assert overflow(page) <= 0, f"{path} right to left"
    for path in ("/sign-in/", "/set-up/"):
        visitor.context.clear_cookies()
        visitor.open(path)
        assert violations(page) == [], path
        assert overflow(page) <= 0, path
    context.close()
