"""Strings that break programs, through every text field of every form of the console.

The forms are not listed here: they are found by walking the addresses (`tests/every_form.py`). A form that nobody was
shown, that a valid form cannot be sent from, or whose text is shown nowhere fails by name, so that the list cannot rot.
"""

from __future__ import annotations

import csv
import io
import re
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client, override_settings
from django.urls import reverse

from conftest import CHEAP
from handrail.kernel import clock, scope
from tests.every_form import Found, Scene, build, console_routes
from tests.forms_on_pages import Field, Form, plain, post, read
from tests.naughty import ALL, STORABLE, UNSTORABLE
from tests.words import CARD, PASSWORD

POSTED = sorted(name for name, pattern in console_routes().items() if "POST" in pattern.callback.methods)
PROBE = "Otter seven"
"""A field that takes it is free text; any other is a number, a day, a code."""
GOOD = [
    "empty", "newlines", "zero width space", "override right to left", "arabic", "zalgo", "family", "sql", "percent", "like", "json", "braces", "html",
    "html in attribute", "entity", "comment", "svg", "link", "formula", "at", "tab formula", "header", "every control", "not a character", "long",
]
CHECKED = ["spaces and tabs", "html in attribute", "not a number", "infinity", "superscript", "decimal digits", "many digits", "exponent", "minus", "long"]
UNSAFE = [
    "<script>alert(1)", "\" onmouseover=alert(1)", "<svg/onload", "<!-- --><![CDATA[", "href=\"javascript:", "href=javascript:", "{{7*7}}49", "&lt;b&gt;&#0;\x00",
]

FILLED: dict[str, dict[str, object]] = {
    "sign-in": {"username": "naima", "password": PASSWORD}, "confirm": {"password": PASSWORD},
    "account-password": {"current": PASSWORD, "password": "another warm paper 8", "again": "another warm paper 8"},
    "account-factor": {"do": "rename", "name": "Otter"}, "account-new": {"name": "Otter", "username": "otter"},
    "setting-change": {"value": "72", "source": "Board, 3 March"}, "setting-change(source valid_from value)": {"value": "sensitive"},
    "site-new": {"name": "Otter house"}, "visit-new": {"exchange.given:*": "3"}, "person-find(how=card card how)": {"card": CARD},
    "person-find(how=handle handle how)": {"handle": "Otter"},
    "person-find(how=code day father how month mother own participant year)": {
        "mother": "Ana", "father": "Bo", "own": "Cy", "day": "3", "month": "4", "year": "1990",
    },
    "same-person-one": {"outcome": "different"}, "stock-receive": {"lot-#": "L-9", "quantity-#": "5", "approval": "A-1", "fund-#": "", "order": ""}, "stock-write-off": {"lot-#": "1"},
    "stock-recall-new": {"item": "filter", "lot": "F-store", "source_reference": "FSN-9"}, "stock-order-new": {"supplier": "Depot", "q-*": "10", "fund": ""},
    "stock-kits": {"kits": "1", "fund": ""}, "stock-item-new": {"code": "otter", "name": "Otter"}, "stock-transfer": {"q-*": "1"},
    "stock-funds": {
        "code": "OTTER", "name": "Otter", "valid_from": "2027-01-01", "source_document": "Letter", "clause": "4", "item_class": "preparation", "item_code": "",
    },
    "consent": {
        "to_service": "Riverside clinic", "scope": ["treatment"], "says_who": "on", "revocation_explained": "on", "signed": "on", "given_on": "2026-03-02",
        "text_language": "en", "text_version": "3", "until": "end_of_treatment", "purpose": "guest_dosing",
    },
    "tell": {"what": ["treatment"], "to_service": "Riverside clinic", "basis": "consent", "purpose": "guest_dosing", "notice_sent": "on"},
    "died": {"died_on": str(clock.now().date())}, "legal-demand-new": {"asked": ["list"]}, "devices": {"label": "Otter"},
    "exchange:weigh": {"gross": "2.5", "tare": "0.5"},
    "exchange:clean-up": {"area": "harbour-east", "crew_size": "3", "method": "count", "quantity": "12", "injuries": "0"},
    "exchange:prison-year": {"year": "2025", "condoms": "5"}, "exchange:box": {"found-*": "3", "added-*": "2"}, "exchange:safety-boxes": {"asset": "BOX-1"},
    "exchange:stops-plan": {"place": "Old market", "starts": "17:00", "ends": "18:00"}, "exchange:whole-stop": {"people_count": "3", "q-*": "2"},
}
"""What makes a form valid, where what stands in it does not."""
OTHER_PAGE = {("tell", "to_service"): ("naima", "/people/word/told/")}
"""Where a text is shown that the page after saving does not show."""
NOT_SHOWN: dict[tuple[str, str], str] = {}
"""Free text that no page shows, and why."""
NOT_KEPT = {("account-app", "code"): "a secret", ("confirm", "code"): "a secret", ("sign-in-second", "code"): "a secret"}
"""What a refused form does not show again, and why. No field of a password does."""
REFUSED = {
    "sign-in-passkey(": "needs a passkey's own answer", "account-app(": "needs what an app shows now", "account-passkey(": "needs a passkey's own answer",
    "import(file": "needs a file; its cells are in test_naughty.py", "confirm(answer": "needs a passkey's own answer",
    "confirm(code": "needs what an app shows now", "stock-recall(": "a recall with pieces on a shelf cannot be closed",
    "sign-in-second(": "needs what an app or a passkey says now",
}
"""Forms that cannot be sent from here so that they are accepted, and why: their fields are refused, but must not break anything."""
ANSWERS_200 = {"visit-receipt", "person-find", "devices", "audit", "sign-in", "confirm", "import"}
"""Forms that show what they did at once."""
SMOKE = [("auditor", "/audit/"), ("store", "/stock/"), ("naima", "/start/"), ("naima", "/visits/"), ("naima", "/account/")]


@pytest.fixture(scope="module")
def scene(django_db_setup, django_db_blocker) -> Iterator[Scene]:
    """Built once; every form is sent inside a savepoint that is rolled back."""
    storages = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    with django_db_blocker.unblock(), override_settings(PASSWORD_HASHERS=CHEAP, STORAGES=storages), transaction.atomic():
        yield build()
        transaction.set_rollback(True)


@contextmanager
def rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def browser_of(scene: Scene, who: str) -> Client:
    """The person's browser as it was: cookies of a sign-in that was rolled back are gone."""
    before = scene.clients[who]
    client = Client(SERVER_NAME=before.defaults.get("SERVER_NAME", "testserver"))
    client.cookies.load({name: morsel.value for name, morsel in before.cookies.items()})
    return client


def filled(scene: Scene, form: Form) -> dict[str, object]:
    """What makes this form valid."""
    more: dict[str, dict[str, object]] = {
        "set-up": {"username": "casa", "code": scene.values["set_up"], "password": "another warm paper 8", "again": "another warm paper 8"},
        "person-receipt": {"receipt": scene.values["receipt"]}, "same-person-pair": {"first": CARD, "second": scene.values["second_card"]},
        "stock-transfer": {"q-*": "1", "site": scene.world.store.id, "to_site": scene.world.van.id}, "account-factor(what=app password what)": {"password": PASSWORD},
    }
    return FILLED.get(form.route, {}) | more.get(form.route, {}) | FILLED.get(form.key, {}) | more.get(form.key, {})


def send(scene: Scene, found: Found, **instead: str) -> Any:
    """A valid form with some fields replaced. What the server breaks with is raised."""
    sent = found.form.sends(filled(scene, found.form)) | {name: [text] for name, text in instead.items()}
    return post(browser_of(scene, found.who), found.form.action, sent)


def forms_of(scene: Scene, route: str) -> list[Found]:
    return [found for found in scene.forms.values() if found.form.route == route]


def fields_of(form: Form, *, typed: bool, every: bool = False) -> list[Field]:
    """Fields of a form; one of each family unless every one is wanted."""
    found: dict[str, Field] = {}
    for one in form.fields.values():
        if one.is_typed == typed and one.sort != "file":
            found.setdefault(one.name if every else one.family, one)
    return list(found.values())


def is_refused(found: Found) -> bool:
    return any(found.form.key.startswith(start) for start in REFUSED)


def saved(answer: Any, form: Form) -> bool:
    return answer.status_code == 302 or (answer.status_code == 200 and form.route in ANSWERS_200)


def on(words: list[str], text: str) -> bool:
    return any(plain(text) in plain(word) for word in words)


def shown(scene: Scene, found: Found, answer: Any, name: str, text: str) -> bool:
    """Whether what was saved stands unchanged on the page that follows, or on the page that is known to show it."""
    who, pages = found.who, [answer]
    if answer.status_code == 302:
        client = browser_of(scene, who)
        client.cookies.update(answer.cookies)
        pages = [client.get(answer["Location"])]
    if place := OTHER_PAGE.get((found.form.route, name)):
        pages.append(browser_of(scene, place[0]).get(place[1]))
    for page in pages:
        assert page.status_code == 200
        assert not [part for part in UNSAFE if part in page.content.decode()]
    return any(on(read(page.content.decode()).words, text) for page in pages)


def kept(answer: Any, form: Form, one: Field, text: str) -> bool:
    """Whether a refused form shows again what was typed, in its field."""
    again = read(answer.content.decode(), form.action).forms
    return any(one.name in other.fields and plain(other.fields[one.name].value) == plain(text) for other in again if other.route == form.route)


def trial(scene: Scene, found: Found, one: Field, text: str, *, is_free: bool) -> str:
    """Send one string through one field; what is wrong with the answer, or an empty text."""
    form, place = found.form, (found.form.route, one.family)
    with rolled_back():
        try:
            answer = send(scene, found, **{one.name: text})
        except Exception as error:  # noqa: BLE001  whatever it is, the page broke
            return f"{type(error).__name__}: {error}"[:200]
        if answer.status_code not in {200, 302, 401, 404, 422}:
            return f"status {answer.status_code}"
        if unsafe := [part for part in UNSAFE if part in answer.content.decode()]:
            return f"not escaped: {unsafe}"
        if saved(answer, form):
            if is_free and place not in NOT_SHOWN and not shown(scene, found, answer, one.family, text):
                return "saved, but not shown as it was typed"
            return ""
        if answer.status_code == 302:
            return "sent on"
        wants_kept = answer.status_code in {401, 422} and "\0" not in text and one.sort != "password" and place not in NOT_KEPT
        as_read = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        return "refused, and what was typed is gone" if wants_kept and not kept(answer, form, one, as_read) else ""


def every_text(scene: Scene, route: str, names: dict[bool, list[str]], *, every: bool) -> list[str]:
    """What is wrong with any string in any field of the forms of a route."""
    wrong = []
    for found in forms_of(scene, route):
        for one in fields_of(found.form, typed=True, every=every):
            with rolled_back():
                is_free = saved(send(scene, found, **{one.name: PROBE}), found.form)
            for name in names[is_free]:
                if problem := trial(scene, found, one, ALL[name], is_free=is_free):
                    wrong.append(f"{found.form.key[:60]} {one.name} “{name}”: {problem}")
    return wrong


@pytest.mark.parametrize("route", POSTED)
def test_every_form_is_found_and_can_be_sent(route, scene):
    found = forms_of(scene, route)
    assert found, f"Nobody in tests/every_form.py was shown a form that goes to “{route}”: open its page there."
    for one in found:
        with rolled_back():
            answer = send(scene, one)
        assert saved(answer, one.form) or is_refused(one), f"{one.form.key}: {answer.status_code}. Write what makes it valid in FILLED."


@pytest.mark.parametrize("route", POSTED)
def test_a_string_that_breaks_programs_is_shown_unchanged_or_refused_in_every_text_field(route, scene):
    assert every_text(scene, route, {True: [*GOOD, *UNSTORABLE], False: [*CHECKED, "null inside", "low surrogate"]}, every=False) == []


@pytest.mark.slow
@pytest.mark.parametrize("route", POSTED)
def test_every_string_in_every_text_field_of_every_line(route, scene):
    assert every_text(scene, route, {True: list(ALL), False: list(ALL)}, every=True) == []
