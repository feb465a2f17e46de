"""A form that seals itself: what is typed leaves the browser sealed, or as it is where the browser cannot seal."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest
from django.template.loader import render_to_string
from django.utils.translation import override
from playwright.sync_api import Browser, Page, Route

from handrail.kernel import crypto, web
from handrail.vault import inbox, records
from tests.browser.test_sealing import ORIGIN, STATIC, b64

pytestmark = pytest.mark.browser

PRIVATE, PUBLIC = crypto.new_pair()
KEY, ORGANISATION, ITEM = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
NAME, ADDRESS = "Heron-4711", "Canary Street 9"
FORM = """<!doctype html><title>Write it down</title><link rel="icon" href="data:,"><script type="module" src="/handrail/seal.js"></script>
<form method="post" novalidate data-seal data-seal-fields="name,address" data-key-id="{key}" data-public-key="{public}" data-organisation="{organisation}"{said}>
<input type="hidden" name="id" value="{item}"><input type="hidden" name="csrfmiddlewaretoken" value="tok">
<p data-seal-error hidden><b></b></p>
<input name="name" required><p data-problem="name" hidden></p><textarea name="address"></textarea><p data-problem="address" hidden></p>
<input name="site" value="van"><button>Lock it away</button></form>"""


class Stand:
    """What stands in for the server: the answer it gives next, and every form it was sent."""

    def __init__(self) -> None:
        self.status, self.answer, self.is_there = 200, json.dumps({"next": "/there/"}), True
        self.sent: list[str] = []

    def take(self, route: Route) -> None:
        request = route.request
        path = request.url.removeprefix(ORIGIN)
        if request.method == "POST":
            if not self.is_there:
                route.abort("connectionrefused")
                return
            self.sent.append(request.post_data or "")
            kind = "application/json" if self.answer.startswith("{") else "text/html"
            route.fulfill(status=self.status, body=self.answer, content_type=kind, headers=web.HEADERS)
        elif path == "/form/":
            with override("en"):
                said = render_to_string("kernel/_seal.html").strip()
            body = FORM.format(key=KEY, public=b64(PUBLIC), organisation=ORGANISATION, item=ITEM, said=" " + said)
            route.fulfill(body=body, content_type="text/html", headers=web.HEADERS)
        elif (found := STATIC / path.lstrip("/")).is_file():
            route.fulfill(path=found, content_type="text/javascript", headers=web.HEADERS)
        else:
            route.fulfill(body="<!doctype html><title>There</title>", content_type="text/html", headers=web.HEADERS)

    def form(self, number: int = -1) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.sent[number]).items()}


@pytest.fixture
def stand() -> Stand:
    return Stand()


@pytest.fixture
def page(chromium: Browser, stand: Stand) -> Iterator[Page]:
    context = chromium.new_context()
    context.route(f"{ORIGIN}/**", stand.take)
    made = context.new_page()
    made.set_default_timeout(5000)
    made.goto(ORIGIN + "/form/", wait_until="networkidle")
    yield made
    context.close()


def fill(page: Page, name: str = NAME, address: str = ADDRESS) -> None:
    page.fill("[name=name]", name)
    page.fill("[name=address]", address)
    page.click("button")


def opened(sent: dict[str, str]) -> dict[str, str]:
    plain = crypto.unseal(PRIVATE, inbox.context_of(ORGANISATION, ITEM), base64.b64decode(sent["sealed"], validate=True))
    found: dict[str, str] = json.loads(records.unpad(plain))
    return found


def test_what_is_typed_leaves_sealed_and_the_page_named_next_is_opened(page: Page, stand: Stand):
    fill(page)
    page.wait_for_url("**/there/")
    assert len(stand.sent) == 1
    assert not any(word in stand.sent[0] for word in ("Heron", "Canary", b64(NAME.encode()).rstrip("="), "4711"))
    sent = stand.form()
    assert set(sent) == {"id", "csrfmiddlewaretoken", "site", "sealed", "ingest_key"}
    assert (sent["id"], sent["ingest_key"], sent["site"]) == (str(ITEM), str(KEY), "van")
    assert opened(sent) == {"name": NAME, "address": ADDRESS}


def test_going_back_shows_an_empty_form(page: Page, stand: Stand):
    fill(page)
    page.wait_for_url("**/there/")
    page.go_back(wait_until="networkidle")
    assert page.input_value("[name=name]") == ""


def test_what_the_server_says_stands_beside_the_field_and_what_was_typed_stays(page: Page, stand: Stand):
    stand.status = 422
    stand.answer = json.dumps({"problems": [{"field": "address", "sentence": "At most 3 letters."}, {"field": "site", "sentence": "Choose a place."}]})
    fill(page)
    page.wait_for_selector("[data-problem=address]:not([hidden])")
    assert page.text_content("[data-problem=address]") == "At most 3 letters."
    assert page.get_attribute("[name=address]", "aria-invalid") == "true"
    assert page.text_content("[data-seal-error]") == "Choose a place."
    assert (page.input_value("[name=name]"), page.input_value("[name=address]")) == (NAME, ADDRESS)
    stand.status, stand.answer = 200, json.dumps({"next": "/there/"})
    page.click("button")
    page.wait_for_url("**/there/")
    assert stand.form(0)["id"] == stand.form(1)["id"]
    assert stand.form(0)["sealed"] != stand.form(1)["sealed"]


@pytest.mark.parametrize(("name", "address", "field", "sentence"), [("", "x", "name", "This is needed."), ("  ", " ", "name", "This is needed.")])
def test_what_is_needed_is_said_before_it_is_sealed(page: Page, stand: Stand, name: str, address: str, field: str, sentence: str):
    fill(page, name, address)
    page.wait_for_selector(f"[data-problem={field}]:not([hidden])")
    assert page.text_content(f"[data-problem={field}]") == sentence
    assert stand.sent == []


def test_nothing_at_all_is_not_sent(page: Page, stand: Stand):
    page.evaluate("() => document.querySelector('[name=name]').required = false")
    fill(page, " ", "")
    page.wait_for_selector("[data-problem=name]:not([hidden])")
    assert page.text_content("[data-problem=name]") == "Nothing is written down yet."


def test_a_server_that_is_away_loses_nothing(page: Page, stand: Stand):
    stand.is_there = False
    fill(page)
    page.wait_for_selector("[data-seal-error]:not([hidden])")
    assert page.text_content("[data-seal-error]") == "The server was not reached. What you wrote is still here: send it again."
    assert page.input_value("[name=name]") == NAME
    stand.is_there = True
    page.click("button")
    page.wait_for_url("**/there/")
    assert opened(stand.form()) == {"name": NAME, "address": ADDRESS}


@pytest.mark.parametrize(("status", "answer"), [(200, "<h1>Sign in</h1>"), (403, "<p>expired</p>"), (500, "x"), (200, '{"next": "https://elsewhere.example/"}')])
def test_an_answer_nobody_expected_keeps_what_was_typed_and_says_so(page: Page, stand: Stand, status: int, answer: str):
    stand.status, stand.answer = status, answer
    fill(page)
    page.wait_for_selector("[data-seal-error]:not([hidden])")
    assert page.text_content("[data-seal-error]").startswith("The server did not take it.")
    assert page.input_value("[name=address]") == ADDRESS
    assert page.url == ORIGIN + "/form/"


def test_two_taps_send_once(page: Page, stand: Stand):
    page.fill("[name=name]", NAME)
    page.evaluate("() => { const b = document.querySelector('button'); b.click(); b.click() }")
    page.wait_for_url("**/there/")
    assert len(stand.sent) == 1


def test_half_a_surrogate_pair_becomes_what_every_form_makes_of_it(page: Page, stand: Stand):
    page.evaluate("() => { document.querySelector('[name=name]').value = 'a\\ud83d' }")
    page.click("button")
    page.wait_for_url("**/there/")
    assert opened(stand.form())["name"] == "a\ufffd"


def test_without_x25519_the_form_is_posted_as_it_is(chromium: Browser, stand: Stand):
    context = chromium.new_context()
    context.add_init_script("crypto.subtle.generateKey = () => Promise.reject(new Error('no X25519'))")
    context.route(f"{ORIGIN}/**", stand.take)
    page = context.new_page()
    page.goto(ORIGIN + "/form/", wait_until="networkidle")
    stand.answer = "<!doctype html><title>Taken</title>"
    fill(page)
    page.wait_for_function("() => document.title === 'Taken'")
    assert {name: stand.form()[name] for name in ("name", "address")} == {"name": NAME, "address": ADDRESS}
    assert "sealed" not in stand.form()
    context.close()
