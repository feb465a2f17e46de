"""The same sealing in the browser as here: what one side seals the other opens, under the policy that every page has."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, Route

from handrail.kernel import crypto, web
from handrail.vault import inbox, records

pytestmark = pytest.mark.browser

STATIC = Path(web.__file__).parent / "static"
VECTOR = json.loads((Path(web.__file__).parent / "tests" / "rfc9180.json").read_text())
ORIGIN = "http://localhost:9"
SEAL = """
async ([publicKey, organisation, item, value]) => {
  const m = await import("/handrail/seal.js");
  return m.toBase64(await m.seal(m.fromBase64(publicKey), organisation, item, value));
}
"""
OPEN = """
async ([privateKey, info, sealed, aad]) => {
  const m = await import("/handrail/seal.js");
  const all = m.fromBase64(sealed), suite = m.suite();
  try {
    const recipientKey = await suite.kem.deserializePrivateKey(m.fromBase64(privateKey));
    const opener = await suite.createRecipientContext({ recipientKey, enc: all.slice(1, 33), info: new TextEncoder().encode(info) });
    return m.toBase64(new Uint8Array(await opener.open(all.slice(33), m.fromBase64(aad))));
  } catch (error) {
    return error.name;
  }
}
"""
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
values = st.dictionaries(texts, texts, max_size=6)


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _answer(route: Route) -> None:
    path = route.request.url.removeprefix(ORIGIN)
    if path in {"/", "/there/"}:
        route.fulfill(body="<!doctype html><title>Sealing</title>", content_type="text/html", headers=web.HEADERS)
    elif (found := STATIC / path.lstrip("/")).is_file():
        route.fulfill(path=found, content_type="text/javascript", headers=web.HEADERS)
    else:
        route.fulfill(status=404)


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained of; at the end there is nothing left in it."""
    return []


@pytest.fixture
def page(chromium: Browser, complaints: list[str]) -> Iterator[Page]:
    """A page of ours, with our headers and scripts and no server behind it."""
    context = chromium.new_context()
    context.route(f"{ORIGIN}/**", _answer)
    made = context.new_page()
    made.on("console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} and "favicon" not in message.location["url"] else None)
    made.goto(ORIGIN + "/")
    yield made
    context.close()
    assert complaints == []


def test_the_policy_holds_on_this_page(page: Page, complaints: list[str]):
    assert page.evaluate("() => { try { document.body.innerHTML = '<b>x</b>'; return 'put' } catch (e) { return e.name } }") == "TypeError"
    assert [text for text in complaints if "TrustedHTML" in text]
    complaints.clear()


def test_what_the_browser_seals_opens_here(page: Page):
    private, public = crypto.new_pair()
    organisation, item = uuid.uuid4(), uuid.uuid4()

    @settings(max_examples=60, deadline=None)
    @given(value=values)
    def seals(value: dict[str, str]) -> None:
        sealed = base64.b64decode(page.evaluate(SEAL, [b64(public), str(organisation), str(item), value]))
        assert (len(sealed) - 49) % records.BUCKET == 0
        plain = crypto.unseal(private, inbox.context_of(organisation, item), sealed)
        assert plain == records.pad(records.unpad(plain))
        assert json.loads(records.unpad(plain)) == value
        for other in (inbox.context_of(organisation, uuid.uuid4()), inbox.context_of(uuid.uuid4(), item), ""):
            with pytest.raises(crypto.SealError):
                crypto.unseal(private, other, sealed)

    seals()


def test_what_is_sealed_here_opens_in_the_browser(page: Page):
    private, public = crypto.new_pair()

    @settings(max_examples=60, deadline=None)
    @given(plain=st.binary(max_size=3000), context=texts, at=st.integers(0), bit=st.integers(0, 7))
    def opens(plain: bytes, context: str, at: int, bit: int) -> None:
        sealed = crypto.seal(public, context, plain)
        assert page.evaluate(OPEN, [b64(private), context, b64(sealed), ""]) == b64(plain)
        changed = bytearray(sealed)
        changed[1 + at % (len(sealed) - 1)] ^= 1 << bit
        for wrong in ([b64(private), context + "x", b64(sealed), ""], [b64(private), context, b64(bytes(changed)), ""], [b64(crypto.new_pair()[0]), context, b64(sealed), ""]):
            assert page.evaluate(OPEN, wrong) in {"OpenError", "DecapError"}

    opens()


def test_padding_is_the_same_on_both_sides(page: Page):
    for length in (0, 1, 1019, 1020, 1021, 2044, 5000):
        content = bytes(range(256)) * (length // 256 + 1)
        padded = page.evaluate("async (text) => { const m = await import('/handrail/seal.js'); return m.toBase64(m.pad(m.fromBase64(text))) }", b64(content[:length]))
        assert base64.b64decode(padded) == records.pad(content[:length])


def test_the_browser_opens_the_vector_of_rfc_9180(page: Page):
    one = VECTOR["encryptions"][0]
    raw = [bytes.fromhex(text) for text in (VECTOR["skRm"], VECTOR["enc"] + one["ct"], one["aad"])]
    info = bytes.fromhex(VECTOR["info"]).decode()
    assert page.evaluate(OPEN, [b64(raw[0]), info, b64(b"\1" + raw[1]), b64(raw[2])]) == b64(bytes.fromhex(one["pt"]))
    assert page.evaluate(OPEN, [b64(raw[0]), info, b64(b"\1" + raw[1]), b64(raw[2] + b"1")]) == "OpenError"
