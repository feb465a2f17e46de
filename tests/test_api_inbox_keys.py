"""Keys of the inbox go when nothing needs them: nothing that waits here, and nothing a device may still hold."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from handrail.facts import devices
from handrail.facts.models import Device
from handrail.vault import inbox, keystore, outboxes
from handrail.vault.models import Outbox
from tests.test_api_inbox import key_of, phone, program, push, returned, sealed, token, vault

FIXTURES = (phone, token, vault)


def _forget_keys(world) -> None:
    """The keystore is not rolled back after a test."""
    for key in keystore.ingest_keys(world.harbour.id):
        keystore.forget_ingest(key.id, world.harbour.id)


@pytest.fixture
def days(in_harbour):
    _forget_keys(in_harbour)
    with time_machine.travel("2026-03-01T09:00:00Z", tick=False) as moving:
        yield moving
    _forget_keys(in_harbour)


def keys_of(world) -> list[uuid.UUID]:
    return [key.id for key in keystore.ingest_keys(world.harbour.id)]


def later(days, world, number: int) -> None:
    """Days pass, with the daily job on the last one."""
    days.shift(timedelta(days=number))
    inbox.rotate(world.harbour.id)


def test_an_old_key_stays_until_every_device_that_was_given_one_says_it_needs_a_later_one(days, in_harbour, token, phone):
    second = devices.enrol(actor=in_harbour.system, label="tablet", role="outreach", site=in_harbour.van)[1]
    till = devices.enrol(actor=in_harbour.system, label="till", role="outreach", site=in_harbour.van)[1]
    assert program(till).get("/api/sites/").status_code == 200, "it records without sealing and was never given a key"
    first = key_of(phone)
    key_of(program(second))
    later(days, in_harbour, 31)
    newest = key_of(phone)
    assert newest["id"] != first["id"]
    later(days, in_harbour, 60)
    assert uuid.UUID(first["id"]) in keys_of(in_harbour)
    push(phone, needs_keys_since=newest["made_on"])
    later(days, in_harbour, 1)
    assert uuid.UUID(first["id"]) in keys_of(in_harbour), "the tablet has not said anything"
    push(program(second), needs_keys_since=first["made_on"])
    later(days, in_harbour, 1)
    assert uuid.UUID(first["id"]) in keys_of(in_harbour), "the tablet still holds something sealed to it"
    push(program(second), needs_keys_since=newest["made_on"])
    later(days, in_harbour, 1)
    assert uuid.UUID(first["id"]) not in keys_of(in_harbour)


def test_an_ended_device_keeps_no_key_alive(days, in_harbour, phone):
    first = uuid.UUID(key_of(phone)["id"])
    later(days, in_harbour, 31)
    later(days, in_harbour, 60)
    assert first in keys_of(in_harbour)
    devices.end(actor=in_harbour.system, device=Device.objects.get(label="phone"))
    later(days, in_harbour, 1)
    assert first not in keys_of(in_harbour)


def test_a_day_in_the_future_speaks_only_of_keys_that_exist(days, in_harbour, phone):
    key_of(phone)
    later(days, in_harbour, 31)
    second = key_of(phone)
    push(phone, needs_keys_since="9999-12-31")
    assert Outbox.objects.get().needs_keys_since.isoformat() == second["made_on"]
    later(days, in_harbour, 31)
    later(days, in_harbour, 60)
    assert uuid.UUID(second["id"]) in keys_of(in_harbour)
    assert outboxes.oldest_needed().isoformat() == second["made_on"]


def test_what_waits_keeps_its_key_alive_whatever_the_device_says(days, in_harbour, phone, vault):
    first = key_of(phone)
    vault.is_open = False
    push(phone, sealed(first, [returned()]))
    later(days, in_harbour, 31)
    push(phone, needs_keys_since=key_of(phone)["made_on"])
    later(days, in_harbour, 60)
    assert uuid.UUID(first["id"]) in keys_of(in_harbour)
    vault.is_open = True
    assert inbox.process(in_harbour.harbour) == (1, 0)
    later(days, in_harbour, 1)
    assert uuid.UUID(first["id"]) not in keys_of(in_harbour)


def test_the_page_of_devices_says_who_has_not_been_heard_of(days, in_harbour, phone):
    phone.get("/api/sites/")
    coordinator = Client()
    for number, is_said in ((59, False), (2, True)):
        days.shift(timedelta(days=number))
        coordinator.force_login(in_harbour.staff["coordinator"])
        assert ("It has not been heard of since 1 Mar 2026." in coordinator.get("/devices/").content.decode()) is is_said
    devices.end(actor=in_harbour.system, device=Device.objects.get(label="phone"))
    assert "has not been heard of" not in coordinator.get("/devices/").content.decode()
