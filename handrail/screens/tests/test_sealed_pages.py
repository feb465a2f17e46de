"""What is locked away, on the pages: written, waiting, opened for a purpose, forgotten."""

from __future__ import annotations

import base64
import json
import re

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from handrail.facts.models import Participant
from handrail.facts.participants import issue_card
from handrail.kernel import clock, crypto, ids, scope
from handrail.kernel.models import AuditEntry
from handrail.screens.tests.test_step_up import grow_stale
from handrail.vault import inbox, keystore, records
from handrail.vault.models import InboxItem, SealedRecord
from tests.signing_in import browser, sign_in

PHONE = "+254 700 123456"


def with_somebody(world):
    with scope.enter([world.harbour.key]):
        who, code = ids.random(), crypto.new_code()
        Participant.objects.create(organisation=world.harbour, id=who)
        issue_card(actor=world.system, participant=who, code=code)
    client = browser()
    sign_in(client, "naima")
    answer = client.post(reverse("person-find", args=[world.van.id]), {"how": "card", "participant": str(ids.random()), "card": code})
    word = re.search(r"/people/([\w-]+)/", answer.headers["Location"]).group(1)
    return client, word, who


@pytest.fixture
def at_the_van(world):
    """A worker at the van, with somebody at hand: the browser, the word in the address, the person."""
    return with_somebody(world)


def page(client: Client, name: str, *args: str) -> str:
    return client.get(reverse(name, args=args)).content.decode()


def write(client: Client, word: str, store: str = "vault.contact", **fields: str):
    return client.post(reverse("sealed-write", args=[word, store]), {"id": str(ids.random()), "phone": PHONE, **fields})


def open_it(client: Client, word: str, purpose: str = "asked_to", store: str = "vault.contact"):
    return client.post(reverse("sealed-open", args=[word, store]), {"purpose": purpose})


def test_it_is_written_opened_for_a_purpose_and_forgotten(world, at_the_van):
    client, word, _who = at_the_van
    assert "Nothing." in page(client, "person", word)
    answer = write(client, word)
    assert answer.status_code == 302
    shown = client.get(answer.headers["Location"]).content.decode()
    assert "Locked away." in shown
    assert "There is something." in shown
    assert PHONE not in shown
    assert PHONE not in page(client, "sealed-write", word, "vault.contact"), "the form never shows what is there"
    assert PHONE not in page(client, "sealed-open", word, "vault.contact")
    opened = open_it(client, word)
    assert PHONE in opened.content.decode()
    assert "no-store" in opened.headers["Cache-Control"]
    assert client.post(reverse("sealed-forget", args=[word, "vault.contact"]), {"why": "person"}).status_code == 302
    assert "Nothing." in page(client, "person", word)
    assert open_it(client, word).status_code == 404


def test_without_a_purpose_it_stays_closed(world, at_the_van):
    client, word, _who = at_the_van
    write(client, word)
    answer = open_it(client, word, purpose="")
    assert answer.status_code == 422
    assert "Say what you need it for." in answer.content.decode()
    assert PHONE not in answer.content.decode()


def test_opening_asks_again_who_it_is(world):
    with time_machine.travel(clock.now(), tick=False) as time:
        client, word, _who = with_somebody(world)
        write(client, word)
        grow_stale(client, time)
        answer = client.get(reverse("sealed-open", args=[word, "vault.contact"]))
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(reverse("confirm"))
        assert open_it(client, word).status_code == 401


def test_bad_input_keeps_what_was_typed(world, at_the_van):
    client, word, _who = at_the_van
    answer = write(client, word, store="vault.mail_address", name="K. M.", address="")
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "This is needed." in text
    assert "K. M." in text


def test_whoever_writes_an_address_has_no_button_to_open_it(world, at_the_van):
    client, word, _who = at_the_van
    assert write(client, word, store="vault.mail_address", name="K. M.", address="P.O. Box 7").status_code == 302
    shown = page(client, "person", word)
    assert reverse("sealed-open", args=[word, "vault.mail_address"]) not in shown
    assert open_it(client, word, "pack", "vault.mail_address").status_code == 404


def test_a_store_that_is_off_or_made_up_is_not_there(world, at_the_van):
    client, word, _who = at_the_van
    for store in ("vault.identity", "vault.nothing"):
        assert client.get(reverse("sealed-write", args=[word, store])).status_code == 404


def test_what_the_browser_sealed_is_taken_in_and_never_seen_in_the_request(world, at_the_van):
    client, word, who = at_the_van
    shown = page(client, "sealed-write", word, "vault.contact")
    key, public, organisation = (re.search(rf'data-{name}="([^"]+)"', shown).group(1) for name in ("key-id", "public-key", "organisation"))
    id = str(ids.random())
    plain = records.pad(json.dumps({"phone": PHONE}).encode())
    sealed = crypto.seal(base64.b64decode(public), f"hr/ingest/v1|{organisation}|{id}", plain)
    answer = client.post(
        reverse("sealed-write", args=[word, "vault.contact"]), {"id": id, "sealed": base64.b64encode(sealed).decode(), "ingest_key": key}
    )
    assert answer.status_code == 200
    assert answer.json()["next"].startswith(reverse("person", args=[word]))
    assert PHONE in open_it(client, word).content.decode()
    with scope.enter([world.harbour.key]):
        assert SealedRecord.objects.get().participant == who
        assert not InboxItem.objects.exists()


@pytest.mark.parametrize(("sealed", "key"), [("%%%", None), ("AAAA", "nonsense"), ("AAAA", "00000000-0000-4000-8000-000000000000")])
def test_what_did_not_arrive_whole_is_refused_with_a_sentence(world, at_the_van, sealed, key):
    client, word, _who = at_the_van
    with scope.enter([world.harbour.key]):
        real = str(inbox.current_key(world.harbour.id).id)
    answer = client.post(
        reverse("sealed-write", args=[word, "vault.contact"]), {"id": str(ids.random()), "sealed": sealed, "ingest_key": key or real}
    )
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["sentence"]


def test_a_keystore_that_does_not_answer_says_so_and_keeps_what_was_typed(world, at_the_van, monkeypatch):
    client, word, _who = at_the_van

    def gone(*_anything):
        raise keystore.NoKeystore("down")

    monkeypatch.setattr(keystore, "_run", gone)
    answer = write(client, word, how="after six")
    assert answer.status_code == 422
    assert "The keystore does not answer" in answer.content.decode()
    assert "after six" in answer.content.decode()


def test_the_keys_page_says_how_they_stand(world):
    client = browser()
    sign_in(client, "coordinator")
    assert "Low-risk mode" in page(client, "keys")


def test_nothing_sealed_stands_in_any_audit_line(world, at_the_van):
    client, word, _who = at_the_van
    write(client, word)
    open_it(client, word)
    with scope.enter([world.harbour.key]):
        assert AuditEntry.objects.filter(action__startswith="vault.").count() == 2
        assert not any("700 123456" in str((e.action, e.object_id, e.detail)) for e in AuditEntry.objects.all())
