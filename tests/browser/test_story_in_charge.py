"""Story: whoever is in charge adds a colleague, a place and a value, and ends a sign-in that should not be."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from bench._server import ROOT, Server
from tests.browser.conftest import DESK, PHONE, Visitor
from tests.words import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.viewport(DESK)]
OWN = "seven brown birds over water"
_AGE = """
from handrail.cli import _open_house
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "handrail.settings"
with _open_house():
    from django.db import connection
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kernel_session SET created_at = created_at - interval '11 minutes'")
"""


@pytest.fixture
def colleague(chromium: Browser, server: Server) -> Iterator[Visitor]:
    """Somebody else with a phone."""
    context = chromium.new_context(viewport=PHONE, has_touch=True)
    yield Visitor(context, server)
    context.close()


def eleven_minutes_pass(server: Server) -> None:
    """Every proof of who one is, is eleven minutes old."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HANDRAIL_")} | {"HANDRAIL_VAR": str(server.var)}
    subprocess.run([sys.executable, "-c", _AGE], env=environment, cwd=ROOT, check=True)


def test_a_colleague_is_added_sets_up_their_own_password_gets_a_role_and_is_signed_out(visitor: Visitor, colleague: Visitor):
    visitor.sign_in("admin")
    visitor.open("/accounts/")
    visitor.tap("a:has-text('Add an account')")
    visitor.page.fill("#name", "Rosa")
    visitor.page.fill("#username", "rosa")
    visitor.tap("button:has-text('Add the account')")
    code = visitor.page.locator(".words").inner_text()
    account = visitor.path()
    visitor.open(account)
    expect(visitor.page.locator("main")).not_to_contain_text(code)

    colleague.open("/sign-in/")
    colleague.tap("a:has-text('I have a code')")
    colleague.page.fill("#username", "rosa")
    colleague.page.fill("#set-up-code", code.lower())
    colleague.page.fill("#password", OWN)
    colleague.page.fill("#again", OWN)
    colleague.tap("button:has-text('This is my password')")
    expect(colleague.page.locator("main")).to_contain_text("Add something that only you hold")
    colleague.tap("a:has-text('Not now')")
    expect(colleague.page.locator("a.place")).to_have_count(0)

    visitor.page.select_option("#role", label="Outreach worker")
    visitor.page.select_option("#site", label="Van 1")
    visitor.tap("button:has-text('Give it')")
    expect(visitor.page.locator(".item")).to_contain_text("Van 1")
    colleague.open("/")
    expect(colleague.page.locator("a.place").first).to_contain_text("Van 1")

    visitor.tap("button:has-text('Sign out everywhere')")
    colleague.tap("a.place:has-text('Van 1')")
    expect(colleague.page.locator("#password")).to_be_visible()
    colleague.page.fill("#username", "rosa")
    colleague.page.fill("#password", OWN)
    colleague.tap("main button")
    expect(colleague.page.locator("main")).to_contain_text("Save visit")
    visitor.open("/accounts/")
    expect(visitor.page.locator("main table")).to_contain_text("signed out everywhere")


def test_a_proof_that_ran_out_keeps_the_typed_form(visitor: Visitor, server: Server):
    visitor.sign_in("admin")
    visitor.open("/accounts/new/")
    visitor.page.fill("#name", "Pilar")
    visitor.page.fill("#username", "pilar")
    eleven_minutes_pass(server)
    visitor.tap("button:has-text('Add the account')")
    expect(visitor.page.locator("main")).to_contain_text("What you typed is kept.")
    visitor.page.fill("#password", "not this one at all")
    visitor.tap("button:has-text('Go on')")
    expect(visitor.page.locator("main")).to_contain_text("That did not fit.")
    visitor.page.fill("#password", PASSWORD)
    visitor.tap("button:has-text('Go on')")
    expect(visitor.page.locator("main")).to_contain_text("It is not saved yet.")
    visitor.tap("button:has-text('Save what I typed')")
    expect(visitor.page.locator("header")).to_contain_text("Pilar")
    expect(visitor.page.locator(".words")).to_be_visible()
    visitor.complaints.clear()  # Chromium notes the 401 of the proofs


def test_a_drop_in_for_smoking_and_care_is_set_up_and_offers_nothing_else(visitor: Visitor, colleague: Visitor):
    visitor.sign_in("admin")
    visitor.open("/sites/")
    visitor.tap("a:has-text('Add a place')")
    assert visitor.page.input_value("#time_zone") == "Africa/Nairobi", "the zone of the other places is offered"
    visitor.tap("button:has-text('Save')")
    expect(visitor.page.locator("#name-bad")).to_be_visible()
    visitor.page.fill("#name", "Blue house")
    visitor.page.select_option("#kind", label="Drop-in")
    for words in ("Smoking", "Care"):
        visitor.page.locator("label.pick", has=visitor.page.locator(f"span:text-is('{words}')")).tap()
    for words in ("Given", "Had here", "Wound care"):
        visitor.page.locator("label.pick", has=visitor.page.locator(f"span:text-is('{words}')")).tap()
    visitor.tap("button:has-text('Save')")
    expect(visitor.page.locator("a.place:has-text('Blue house')")).to_be_visible()
    visitor.open("/accounts/")
    visitor.tap(".item:has-text('signs in as elsewhere') a")
    visitor.page.select_option("#role", label="Outreach worker")
    visitor.page.select_option("#site", label="Blue house")
    visitor.tap("button:has-text('Give it')")

    colleague.sign_in("elsewhere")
    colleague.tap("a.place:has-text('Blue house')")
    main = colleague.page.locator("main")
    for offered in ("Smoking kit", "Wound dressing", "Had here", "Wound care"):
        expect(main).to_contain_text(offered)
    for not_here in ("Syringe", "Filter", "Used equipment back", "Hepatitis C antibodies"):
        expect(main).not_to_contain_text(not_here)
    visitor.complaints.clear()  # Chromium notes the 422 of the missing name


def test_a_value_is_changed_and_a_clinical_one_waits_for_somebody_else(visitor: Visitor, colleague: Visitor):
    visitor.sign_in("coordinator")
    visitor.open("/settings/")
    visitor.tap("a:has-text('A wall box is low below')")
    change(visitor, "15", "Team meeting of March")
    expect(visitor.page.locator("dl.facts")).to_contain_text("15 units of an item")
    visitor.open("/settings/pep_limit_hours/")
    change(visitor, "70", "National guideline 2025, page 12")
    expect(visitor.page.locator("main")).to_contain_text("waits for approval")
    expect(visitor.page.locator("dl.facts")).to_contain_text("72 hours")
    expect(visitor.page.locator("button:has-text('Approve')")).to_have_count(0)

    colleague.sign_in("approver")
    colleague.open("/settings/")
    expect(colleague.page.locator(".item:has-text('PEP is started within')")).to_contain_text("the safe value is used")
    colleague.tap("a:has-text('PEP is started within')")
    colleague.tap("button:has-text('Approve')")
    expect(colleague.page.locator("dl.facts")).to_contain_text("70 hours")
    expect(colleague.page.locator("main")).to_contain_text("approved by Approver")


def change(visitor: Visitor, value: str, source: str) -> None:
    visitor.page.fill("#value", value)
    visitor.page.fill("#source", source)
    visitor.tap("button:has-text('Set it')")


def test_a_sign_in_on_another_device_is_ended_from_my_account(visitor: Visitor, colleague: Visitor):
    colleague.sign_in("store")
    visitor.sign_in("store")
    visitor.open("/account/")
    visitor.tap("button:has-text('Sign out everywhere else')")
    colleague.open("/account/")
    expect(colleague.page.locator("#password")).to_be_visible()
    visitor.tap("a:has-text('Change my password')")
    expect(visitor.page.locator("#current")).to_be_visible()
