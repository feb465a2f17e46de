"""What a page asks a proof for, the API asks a proof for: a cookie alone joins no two people and decides about no record."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from handrail.facts import devices, organisations, participants
from handrail.facts.models import Aside, Fact
from handrail.facts.record import Draft, Mode, record
from handrail.facts.spec import KINDS
from handrail.kernel import clock, crypto, ids
from handrail.kernel.rooms import permissions_of
from tests.signing_in import browser, sign_in
from tests.words import PASSWORD


@pytest.fixture
def time():
    with time_machine.travel(clock.now(), tick=False) as moving:
        yield moving


@pytest.fixture
def pair(in_harbour):
    """Two people of the van's."""
    people = [ids.random(), ids.random()]
    for one in people:
        participants.enrol(
            actor=in_harbour.actors["naima"], site=in_harbour.van.id, code=crypto.new_code(), participant=one,
            profile=KINDS["facts.profile"].payload(birth_year=1985, languages=("ru",)),
        )
    return people


@pytest.fixture
def steward(in_harbour, time):
    """A data steward who signed in just now and may also correct visits."""
    organisations.create_staff(
        actor=in_harbour.system, username="steward", name="Steward", password=PASSWORD, grants=[("data_steward", None), ("data_steward", in_harbour.van)]
    )
    client = browser()
    sign_in(client, "steward")
    return client


def twenty_minutes_later(client: Client, time) -> None:
    """Somebody goes on clicking, so the session lives; nobody proved again who they are."""
    for _click in range(4):
        time.shift(timedelta(minutes=5))
        assert client.get("/api/sites/").status_code == 200


def merged(pair) -> dict:
    payload = {"survivor": str(pair[0]), "other": str(pair[1]), "corroborating": ["age_band", "language"], "person_agreed": "yes"}
    return {"id": str(uuid.uuid4()), "participant": str(pair[0]), "payload": payload}


def taken_back(world, fact: str) -> dict:
    return {"id": str(uuid.uuid4()), "site": str(world.van.id), "supersedes": [fact], "payload": {"why": "did_not_happen"}}


def aside(world) -> uuid.UUID:
    draft = Draft(kind="no.such", payload={}, site=world.van.id)
    return record(draft, actor=world.system, mode=Mode.ARRIVED).id


def released(fact: uuid.UUID) -> dict:
    return {"id": str(uuid.uuid4()), "payload": {"target": str(fact), "decision": "does_not_count"}}


def send(client: Client, kind: str, body: dict):
    return client.post(f"/api/facts/{kind}/", body, content_type="application/json")


def batch(client: Client, *entries: dict):
    return client.post("/api/facts/", {"facts": list(entries)}, content_type="application/json").json()["outcomes"]


def test_a_cookie_of_twenty_minutes_joins_nobody_takes_no_merge_back_and_decides_nothing(in_harbour, pair, steward, time):
    join = merged(pair)
    assert send(steward, "facts.merged", join).json()["status"] == "accepted"
    kept = aside(in_harbour)
    twenty_minutes_later(steward, time)
    others = [ids.random(), ids.random()]
    before = Fact.objects.count()
    for kind, body in (("facts.merged", merged(others)), ("facts.taken_back", taken_back(in_harbour, join["id"])), ("facts.released", released(kept))):
        one = send(steward, kind, body)
        assert one.status_code == 401, kind
        assert one.json()["problems"][0]["sentence"] == "Prove again who you are, in the browser."
        (outcome,) = batch(steward, body | {"kind": kind})
        assert (outcome["status"], outcome["reason"], outcome["id"]) == ("refused", "not_proved", body["id"])
    assert Fact.objects.count() == before
    assert participants.survivors() == {pair[1]: pair[0]}
    assert Aside.objects.get(fact=kept).is_open


def test_after_a_proof_all_of_it_goes(in_harbour, pair, steward, time):
    kept = aside(in_harbour)
    twenty_minutes_later(steward, time)
    steward.post("/confirm/", {"next": "/", "password": PASSWORD})
    join = merged(pair)
    assert send(steward, "facts.merged", join).json()["status"] == "accepted"
    assert send(steward, "facts.released", released(kept)).json()["status"] == "accepted"
    assert batch(steward, taken_back(in_harbour, join["id"]) | {"kind": "facts.taken_back"})[0]["status"] == "accepted"
    assert participants.survivors() == {}


def test_what_took_a_merge_back_is_itself_as_sensitive_as_the_merge(in_harbour, pair, steward, time):
    join = merged(pair)
    send(steward, "facts.merged", join)
    back = taken_back(in_harbour, join["id"])
    assert send(steward, "facts.taken_back", back).json()["status"] == "accepted"
    twenty_minutes_later(steward, time)
    assert send(steward, "facts.taken_back", taken_back(in_harbour, back["id"])).status_code == 401


def test_the_others_of_a_batch_are_recorded_and_a_visit_is_taken_back_without_a_proof(in_harbour, pair, steward, time):
    visit = record(Draft(kind="facts.encounter", payload={}, site=in_harbour.van.id), actor=in_harbour.system).id
    twenty_minutes_later(steward, time)
    said = batch(steward, merged(pair) | {"kind": "facts.merged"}, taken_back(in_harbour, str(visit)) | {"kind": "facts.taken_back"})
    assert [outcome["status"] for outcome in said] == ["refused", "accepted"]


def test_the_page_that_decides_about_a_record_asks_too(in_harbour, steward, time):
    kept = aside(in_harbour)
    twenty_minutes_later(steward, time)
    answer = steward.post(f"/to-look-at/{kept}/", {"decision": "does_not_count", "id": str(uuid.uuid4())})
    assert answer.status_code == 401
    assert Aside.objects.get(fact=kept).is_open


def test_no_device_can_hold_a_right_that_asks_a_person_for_a_proof():
    asked = {kind.may for kind in KINDS if kind.step_up}
    assert asked == {"person.merge", "records.review"}
    assert not [role for role in devices.roles_for_devices() if permissions_of(role) & asked]
