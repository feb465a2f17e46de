"""A device sends so many records a day: a stolen token fills no book, and what an honest one could not send it keeps."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from handrail.facts import devices
from handrail.facts.models import Fact, Setting
from handrail.kernel import clock
from handrail.kernel.models import AuditEntry

ONE = "/api/facts/exchange.returned/"


@pytest.fixture
def token(in_harbour):
    """The token of a device at Van 1 that may send three records a day."""
    Setting.objects.create(
        organisation=in_harbour.harbour, name="device_records_a_day", value=3, valid_from=clock.now().date() - timedelta(days=1), source="test"
    )
    return devices.enrol(actor=in_harbour.system, label="till", role="outreach", site=in_harbour.van)[1]


@pytest.fixture
def time():
    with time_machine.travel("2026-09-01T09:00:00Z", tick=False) as moving:
        yield moving


def returned(**values):
    return {"id": str(uuid.uuid4()), "encounter": str(uuid.uuid4()), "payload": {"quantity": 5}} | values


def program(token: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {token}"})


def send(client: Client, where: str, body: dict):
    return client.post(where, body, content_type="application/json")


def test_after_so_many_records_a_device_waits_for_the_next_day_of_its_place_and_loses_nothing(time, in_harbour, token):
    till, kept = program(token), returned()
    sent = [returned() for _record in range(3)]
    assert [send(till, ONE, body).json()["status"] for body in sent] == ["accepted"] * 3
    for where, body in ((ONE, kept), ("/api/facts/", {"facts": [kept | {"kind": "exchange.returned"}]})):
        answer = send(till, where, body)
        assert answer.status_code == 429
        assert int(answer["Retry-After"]) == 12 * 3600 + 1, "midnight in Nairobi is 21:00 UTC"
    assert Fact.objects.filter(kind="exchange.returned").count() == 3
    time.shift(timedelta(seconds=int(answer["Retry-After"])))
    assert send(till, ONE, kept).json()["status"] == "accepted"


def test_what_was_here_already_costs_nothing(time, in_harbour, token):
    till, body = program(token), returned()
    for _again in range(5):
        assert send(till, ONE, body).status_code == 200
    assert send(till, ONE, returned()).status_code == 200


def test_a_batch_is_taken_whole_and_counts_all_of_it_also_what_is_kept_aside(time, in_harbour, token):
    till = program(token)
    junk = [{"id": str(uuid.uuid4()), "kind": "no.such", "payload": {}} for _record in range(4)]
    assert {o["status"] for o in send(till, "/api/facts/", {"facts": junk}).json()["outcomes"]} == {"quarantined"}
    assert send(till, ONE, returned()).status_code == 429


def test_one_device_does_not_use_up_what_another_may(time, in_harbour, token):
    other = devices.enrol(actor=in_harbour.system, label="phone", role="outreach", site=in_harbour.van)[1]
    for _record in range(3):
        send(program(token), ONE, returned())
    assert send(program(token), ONE, returned()).status_code == 429
    assert send(program(other), ONE, returned()).status_code == 200


def test_the_page_of_devices_and_the_audit_say_once_that_it_was_met(time, in_harbour, token):
    for _record in range(5):
        send(program(token), ONE, returned())
    assert AuditEntry.objects.filter(action="device.quota_met").count() == 1
    coordinator = Client()
    coordinator.force_login(in_harbour.staff["coordinator"])
    assert "it sent all that a device may in a day" in coordinator.get("/devices/").content.decode()
    time.shift(timedelta(days=8))
    coordinator.force_login(in_harbour.staff["coordinator"])
    assert "it sent all that a device may in a day" not in coordinator.get("/devices/").content.decode()
