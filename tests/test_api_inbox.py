"""The inbox for devices: sealed facts are kept while nobody can open them, and recorded exactly once when somebody can."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.test import Client

from handrail.facts import devices
from handrail.facts.models import Aside, Device, Fact, Setting
from handrail.kernel import clock, crypto, keyring, scope
from handrail.kernel.models import AuditEntry
from handrail.vault import inbox, keystore, records, sealed_facts
from handrail.vault.models import InboxItem, Taken
from tests import world as small_world

CANARY = "Canary-4711"


@pytest.fixture
def token(in_harbour) -> str:
    return devices.enrol(actor=in_harbour.system, label="phone", role="outreach", site=in_harbour.van)[1]


@pytest.fixture
def phone(token) -> Client:
    return program(token)


@pytest.fixture
def vault(monkeypatch) -> SimpleNamespace:
    """Locks and opens the vault: `vault.is_open = False`."""
    state, unlock = SimpleNamespace(is_open=True), keyring.unlock

    def unlocked(context: str, locked: bytes) -> bytes:
        if not state.is_open:
            raise keyring.Locked(keyring.VAULT)
        return unlock(context, locked)

    monkeypatch.setattr(keyring, "is_open", lambda _ring: state.is_open)
    monkeypatch.setattr(keyring, "unlock", unlocked)
    return state


def program(token: str) -> Client:
    return Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {token}"})


def key_of(client: Client) -> dict[str, str]:
    answer = client.get("/api/ingest-key/")
    assert answer.status_code == 200, answer.content
    found: dict[str, str] = answer.json()
    return found


def returned(**values: Any) -> dict[str, Any]:
    return {"id": str(uuid.uuid4()), "kind": "exchange.returned", "encounter": str(uuid.uuid4()), "payload": {"quantity": 5}} | values


def sealed(key: dict[str, str], facts: Any, *, id: str | None = None) -> dict[str, Any]:
    """An item as a device makes it."""
    id = id or str(uuid.uuid4())
    plain = facts if isinstance(facts, bytes) else json.dumps(facts).encode()
    raw = crypto.seal(base64.b64decode(key["public"]), f"hr/ingest/v1|{key['organisation']}|{id}", records.pad(plain))
    return {"id": id, "sort": "facts", "key": key["id"], "sealed": base64.b64encode(raw).decode()}


def push(client: Client, *items: dict[str, Any], **more: Any):
    return client.post("/api/inbox/", json.dumps({"items": list(items)} | more), content_type="application/json")


def statuses(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [outcome["status"] for outcome in answer.json()["outcomes"]]


# -- taking ----------------------------------------------------------------------------------------------------------------


def test_the_key_to_seal_to_is_the_newest_and_its_private_half_stays(in_harbour, phone):
    found = key_of(phone)
    newest = keystore.ingest_keys(in_harbour.harbour.id)[0]
    assert found == {
        "id": str(newest.id), "public": base64.b64encode(newest.public).decode(), "organisation": str(in_harbour.harbour.id), "made_on": newest.made_on.isoformat(),
    }


def test_what_is_sealed_while_the_vault_is_open_is_recorded_at_once_as_the_devices(in_harbour, phone, vault):
    fact = returned(device_sequence=0)
    assert statuses(push(phone, sealed(key_of(phone), [fact]))) == ["accepted"]
    kept = Fact.objects.get(id=fact["id"])
    assert (kept.kind, kept.device, kept.device_sequence, kept.staff, kept.site_id) == ("exchange.returned", Device.objects.get(label="phone").id, 0, None, in_harbour.van.key)
    assert inbox.waiting() == 0


def test_while_it_is_locked_everything_is_kept_and_taken_in_by_the_job_later(in_harbour, phone, vault):
    key, facts = key_of(phone), [returned() for _fact in range(6)]
    vault.is_open = False
    assert statuses(push(phone, sealed(key, facts[:3]), sealed(key, facts[3:]))) == ["accepted"] * 2
    assert inbox.waiting() == 2
    assert not Fact.objects.filter(kind="exchange.returned").exists()
    with pytest.raises(keyring.Locked):
        inbox.process(in_harbour.harbour)
    vault.is_open = True
    assert inbox.process(in_harbour.harbour) == (2, 0)
    assert {str(id) for id in Fact.objects.filter(kind="exchange.returned").values_list("id", flat=True)} == {fact["id"] for fact in facts}
    assert inbox.process(in_harbour.harbour) == (0, 0)


def test_a_vault_that_locks_in_the_middle_loses_nothing_and_acks_all(in_harbour, phone, vault, monkeypatch):
    key, items = key_of(phone), []
    items = [sealed(key, [returned()]) for _item in range(3)]
    unlock, opened = keyring.unlock, []

    def once(context: str, locked: bytes) -> bytes:
        if opened:
            raise keyring.Locked(keyring.VAULT)
        opened.append(context)
        return unlock(context, locked)

    monkeypatch.setattr(keyring, "unlock", once)
    assert statuses(push(phone, *items)) == ["accepted"] * 3
    assert (inbox.waiting(), Taken.objects.count()) == (2, 1)
    opened.clear()
    monkeypatch.setattr(keyring, "unlock", unlock)
    assert inbox.process(in_harbour.harbour) == (2, 0)
    assert Fact.objects.filter(kind="exchange.returned").count() == 3


@pytest.mark.parametrize("is_open", [True, False])
def test_sent_again_it_is_here_already(in_harbour, phone, vault, is_open: bool):
    item = sealed(key_of(phone), [returned()])
    vault.is_open = is_open
    assert statuses(push(phone, item, item)) == ["accepted", "duplicate"]
    assert statuses(push(phone, item)) == ["duplicate"]
    vault.is_open = True
    inbox.process(in_harbour.harbour)
    assert statuses(push(phone, item)) == ["duplicate"]
    assert Fact.objects.filter(kind="exchange.returned").count() == 1


@pytest.mark.parametrize("is_open", [True, False])
def test_another_thing_under_the_same_id_is_not_taken_for_the_first(in_harbour, phone, vault, is_open: bool):
    key, id = key_of(phone), str(uuid.uuid4())
    vault.is_open = is_open
    assert statuses(push(phone, sealed(key, [returned()], id=id))) == ["accepted"]
    outcome = push(phone, sealed(key, [returned()], id=id)).json()["outcomes"][0]
    assert (outcome["status"], outcome["reason"]) == ("refused", "id_taken")


def test_the_same_fact_in_two_items_counts_once(in_harbour, phone, vault):
    key, fact = key_of(phone), returned(occurred_at="2026-09-03T14:30:00+03:00")
    assert statuses(push(phone, sealed(key, [fact]), sealed(key, [fact]))) == ["accepted"] * 2
    assert Fact.objects.filter(kind="exchange.returned").count() == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"key": str(uuid.uuid4())}, "unknown_key"), ({"sealed": "not base64"}, "unreadable"), ({"sealed": "A" * 72}, "unreadable"),
        ({"sealed": base64.b64encode(b"\1" * 48).decode()}, "unreadable"), ({"sealed": base64.b64encode(b"\2" * 80).decode()}, "unreadable"),
        ({"sealed": base64.b64encode(b"\1" * (inbox.LARGEST + 1)).decode()}, "too_large"), ({"sort": "record"}, "unreadable"), ({"id": "1"}, "unreadable"),
        ({"about": {}}, "unreadable"), ({"sealed": None}, "unreadable"),
    ],
)
def test_only_what_can_never_be_opened_is_refused_and_the_others_are_taken(in_harbour, phone, vault, change: dict, reason: str):
    vault.is_open = False
    key = key_of(phone)
    answer = push(phone, sealed(key, [returned()]) | change, sealed(key, [returned()]))
    assert statuses(answer) == ["refused", "accepted"]
    first = answer.json()["outcomes"][0]
    assert first["reason"] == reason
    assert first["problems"][0]["sentence"]
    assert inbox.waiting() == 1


def test_what_the_device_may_not_do_is_kept_aside_not_refused(in_harbour, phone, vault):
    bad = [returned(kind="no.such"), returned(payload={"quantity": -1}), {"id": str(uuid.uuid4()), "kind": "facts.merged", "payload": {}}]
    assert statuses(push(phone, sealed(key_of(phone), bad))) == ["accepted"]
    assert Aside.objects.count() == 3
    assert inbox.waiting() == 0


@pytest.mark.parametrize("plain", [b"{}", b"no json", b"\xff\xfe", b"[" * 100_000, b"", b'"words"'])
def test_what_is_no_list_of_facts_waits_for_a_person(in_harbour, phone, vault, plain: bytes):
    assert statuses(push(phone, sealed(key_of(phone), plain))) == ["accepted"]
    assert InboxItem.objects.get().problem
    assert inbox.process(in_harbour.harbour) == (0, 0)


def test_an_entry_that_is_no_fact_is_kept_with_its_item_and_the_others_count(in_harbour, phone, vault):
    good = returned()
    assert statuses(push(phone, sealed(key_of(phone), [good, {"id": "x"}, "words", returned(nonsense=1)]))) == ["accepted"]
    assert Fact.objects.filter(id=good["id"]).exists()
    assert InboxItem.objects.get().problem == "3 of 4 entries are no facts; the others were recorded."


def test_an_item_moved_to_another_id_or_sealed_for_others_does_not_open(in_harbour, phone, vault):
    key = key_of(phone)
    moved = sealed(key, [returned()]) | {"id": str(uuid.uuid4())}
    other = sealed(key | {"organisation": str(uuid.uuid4())}, [returned()])
    assert statuses(push(phone, moved, other)) == ["accepted"] * 2
    assert InboxItem.objects.exclude(problem="").count() == 2
    assert not Fact.objects.filter(kind="exchange.returned").exists()


def test_without_a_time_it_happened_on_the_day_it_came(in_harbour, phone, vault):
    with time_machine.travel("2026-09-01T05:00:00Z", tick=False) as moving:
        fact = returned()
        item = sealed(key_of(phone), [fact])
        vault.is_open = False
        push(phone, item)
        moving.shift(timedelta(days=5))
        vault.is_open = True
        inbox.process(in_harbour.harbour)
    assert Fact.objects.get(id=fact["id"]).occurred_at.isoformat() == "2026-09-01T09:00:00+00:00", "noon in Nairobi"


# -- once, and once only ---------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("where", ["record_many", "done"])
def test_killed_while_it_takes_in_it_is_all_done_again_exactly_once(own_database, vault, monkeypatch, where: str):
    world = small_world.find()
    with scope.enter([world.harbour.key]):
        phone = program(devices.enrol(actor=world.system, label="phone", role="outreach", site=world.van)[1])
    key, facts = key_of(phone), [returned(), returned()]
    vault.is_open = False
    push(phone, sealed(key, facts))
    vault.is_open = True
    real: Callable[..., Any] = getattr(sealed_facts, where)

    def killed(*arguments: Any, **named: Any) -> None:
        real(*arguments, **named)
        raise Killed

    def there() -> tuple[int, int, int]:
        with scope.enter([world.harbour.key]):
            return inbox.waiting(), Fact.objects.filter(kind="exchange.returned").count(), Taken.objects.count()

    monkeypatch.setattr(sealed_facts, where, killed)
    with pytest.raises(Killed):
        inbox.process(world.harbour)
    monkeypatch.setattr(sealed_facts, where, real)
    assert there() == (1, 0, 0)
    assert inbox.process(world.harbour) == (1, 0)
    assert there() == (0, 2, 1)
    assert statuses(push(phone, sealed(key, facts))) == ["accepted"], "the device never heard and sealed it again"
    assert there() == (0, 2, 2)


def test_what_fails_half_way_leaves_nothing_of_itself_and_waits_for_a_person(in_harbour, phone, vault, monkeypatch):
    def fails(_item: InboxItem) -> None:
        raise LookupError("after the facts were written")

    monkeypatch.setattr(sealed_facts, "done", fails)
    assert statuses(push(phone, sealed(key_of(phone), [returned()]))) == ["accepted"]
    assert not Fact.objects.filter(kind="exchange.returned").exists()
    assert InboxItem.objects.get().problem.startswith("The device that sent it was ended")


# -- nobody reads it -------------------------------------------------------------------------------------------------------


def test_while_it_is_locked_nothing_of_it_lies_in_the_database(in_harbour, phone, vault):
    key = key_of(phone)
    vault.is_open = False
    push(phone, sealed(key, [returned(payload={"quantity": 1, "words": CANARY})]))
    item = InboxItem.objects.get()
    assert (item.sort, item.about, item.staff, item.device) == ("facts", {}, None, Device.objects.get(label="phone").id)
    assert len(bytes(item.sealed)) == records.BUCKET + 49
    assert CANARY.encode() not in bytes(item.sealed)
    assert AuditEntry.objects.get(action="inbox.kept").detail == {"sort": "facts", "items": 1}


def test_whoever_fills_the_inbox_is_a_witness_too(in_harbour, phone, vault):
    answer = push(phone, sealed(key_of(phone), [returned()])).json()
    assert answer["heads"]["facts"]["number"] >= 1
    again = push(phone, head=answer["heads"]).json()
    assert again["head"] == "ok"
    assert push(phone, head=answer["heads"] | {"facts": {"number": 1, "digest": "0" * 64}}).json()["head"] == "broken"
    assert push(phone, head="nonsense").json()["head"] == "unreadable"


# -- who -------------------------------------------------------------------------------------------------------------------


def test_an_ended_device_is_out_and_what_it_sent_before_stays(in_harbour, phone, vault):
    key, fact = key_of(phone), returned()
    vault.is_open = False
    push(phone, sealed(key, [fact]))
    device = Device.objects.get(label="phone")
    devices.end(actor=in_harbour.system, device=device)
    assert push(phone, sealed(key, [returned()])).status_code == 401
    assert phone.get("/api/ingest-key/").status_code == 401
    vault.is_open = True
    assert inbox.process(in_harbour.harbour) == (1, 0)
    assert Fact.objects.get(id=fact["id"]).device == device.id


def test_a_person_has_the_pages_instead(in_harbour):
    browser = Client(headers={"Content-Type": "application/json"})
    browser.force_login(in_harbour.staff["naima"])
    assert browser.post("/api/inbox/", "{}", content_type="application/json").status_code == 404


def test_another_organisations_key_is_not_known_here(in_harbour, phone, vault):
    with scope.enter([in_harbour.hillside.key]):
        other = inbox.current_key(in_harbour.hillside.id)
    foreign = {"id": str(other.id), "public": base64.b64encode(other.public).decode(), "organisation": str(in_harbour.hillside.id)}
    assert push(phone, sealed(foreign, [returned()])).json()["outcomes"][0]["reason"] == "unknown_key"


def test_it_counts_towards_what_a_device_may_send_by_the_room_it_takes(in_harbour, token, phone, vault):
    Setting.objects.create(organisation=in_harbour.harbour, name="device_records_a_day", value=3, valid_from=clock.now().date() - timedelta(days=1), source="test")
    key = key_of(phone)
    vault.is_open = False
    first = sealed(key, b" " * 2500)
    assert statuses(push(phone, first)) == ["accepted"]
    answer = push(phone, sealed(key, [returned()]))
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert push(phone, needs_keys_since="2026-01-01").status_code == 200, "a word about its keys is always heard"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[]", 422), (b"{", 400), (b'{"items": {}}', 422), (b'{"items": [1]}', 422), (b'{"items": [], "x": 1}', 422), (b'{"needs_keys_since": "yesterday"}', 422),
        (b'{"needs_keys_since": "2026-02-30"}', 422), (b'{"needs_keys_since": null}', 422), (json.dumps({"items": [{}] * 51}).encode(), 422), (b"{}", 200),
    ],
)
def test_bad_input_is_a_sentence(in_harbour, phone, body: bytes, status: int):
    answer = phone.post("/api/inbox/", body, content_type="application/json")
    assert answer.status_code == status
    if status != 200:
        assert answer.json()["problems"][0]["sentence"]
