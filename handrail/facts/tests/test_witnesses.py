"""Devices keep heads and send them back; a job and a command look at the chains too."""

from __future__ import annotations

import argparse
import uuid
from contextlib import nullcontext

import pytest
from django.test import Client

from handrail import cli_audit
from handrail.cli_gates import House
from handrail.facts import alarms, devices, jobs
from handrail.facts.heads import NotAHead
from handrail.facts.models import Alarm, Organisation
from handrail.facts.replay import verify_chain
from handrail.kernel import scope
from handrail.kernel.models import AuditEntry
from tests.forging import ITS, MENDED, as_owner_of_everything, committed, forge_facts, give, kept


@pytest.fixture
def harbour(own_database):
    """A committed world with some facts and audit lines."""
    return committed()


# -- devices are witnesses -------------------------------------------------------------------------------------------------------


def returned(**values):
    return {"id": str(uuid.uuid4()), "encounter": str(uuid.uuid4()), "payload": {"quantity": 5}} | values


def push(client, head=None, **more):
    body = {"facts": [returned(kind="exchange.returned")], **more} | ({"head": head} if head is not None else {})
    return client.post("/api/facts/", body, content_type="application/json").json()


def phone(world, label):
    with scope.enter([world.harbour.key]):
        _device, token = devices.enrol(actor=world.system, label=label, role="outreach", site=world.van)
    return Client(headers={"Authorization": f"Bearer {token}"})


def test_every_push_carries_the_heads_and_one_sent_back_is_found_again(harbour):
    one = phone(harbour, "one")
    first = push(one)
    assert first["head"] == ""
    second = push(one, first["heads"])
    assert second["head"] == "ok"
    assert second["heads"]["facts"]["number"] == first["heads"]["facts"]["number"] + 1
    single = one.post("/api/facts/exchange.returned/", returned(head=second["heads"]), content_type="application/json").json()
    assert single["head"] == "ok"
    assert single["status"] == "accepted"
    asked = one.get("/api/heads/").json()
    assert asked["heads"] == single["heads"]
    assert one.post("/api/heads/", {"head": asked["heads"]}, content_type="application/json").json()["head"] == "ok"
    with scope.enter([harbour.harbour.key]):
        assert not Alarm.objects.exists()


@pytest.mark.parametrize("head", [7, "x", [], {"epoch": 1}, {"epoch": "é", "facts": None, "audit": None}])
def test_a_damaged_head_refuses_no_record(in_harbour, head):
    _device, token = devices.enrol(actor=in_harbour.system, label="one", role="outreach", site=in_harbour.van)
    client = Client(headers={"Authorization": f"Bearer {token}"})
    answer = push(client, head)
    assert answer["head"] == "unreadable"
    assert answer["outcomes"][0]["status"] == "accepted"
    single = client.post("/api/facts/exchange.returned/", returned(head=head), content_type="application/json").json()
    assert (single["head"], single["status"]) == ("unreadable", "accepted")


def test_a_fork_that_two_devices_were_shown_is_seen_by_the_next_that_comes(harbour, own_database):
    one, two = phone(harbour, "one"), phone(harbour, "two")
    shown = push(one)["heads"]
    as_owner_of_everything(own_database, MENDED["the tail of the facts"])
    other = push(two)
    assert other["heads"]["facts"]["number"] == shown["facts"]["number"], "both were shown this number"
    with scope.enter([harbour.harbour.key]):
        assert verify_chain()[2] == []
    answer = push(one, shown)
    assert answer["head"] == "broken"
    assert answer["outcomes"][0]["status"] == "accepted", "no record is lost over it"
    assert push(two, other["heads"])["head"] == "ok"
    with scope.enter([harbour.harbour.key]):
        alarm = Alarm.objects.get()
        assert alarm.detail["kept"] == shown
        assert AuditEntry.objects.filter(action="alarm.head_broken").count() == 1


def test_the_same_alarm_is_raised_once_and_an_answered_one_stays_answered(harbour, own_database):
    one = phone(harbour, "one")
    shown = push(one)["heads"]
    as_owner_of_everything(own_database, MENDED["the tail of the facts"])
    push(phone(harbour, "two"))
    assert [push(one, shown)["head"] for _again in range(3)] == ["broken"] * 3
    with scope.enter([harbour.harbour.key]):
        alarm = Alarm.objects.get()
        alarms.answer(actor=harbour.actors["coordinator"], alarm=alarm, said="changed")
    assert push(one, shown)["head"] == "broken", "the device is told the truth all the same"
    with scope.enter([harbour.harbour.key]):
        assert Alarm.objects.count() == 1
        assert alarms.open_alarms() == []
        line = AuditEntry.objects.get(action="alarm.answered")
        assert (line.actor, line.detail) == (harbour.staff["coordinator"].id, {"answer": "changed"})


# -- once a day, and by command -----------------------------------------------------------------------------------------------------


def test_what_was_changed_behind_our_back_is_an_alarm_the_next_day_and_nothing_changed_is_none(harbour, own_database):
    assert jobs.verify_chains.call() == 0
    as_owner_of_everything(own_database, f"UPDATE facts_fact SET occurred_at = occurred_at + interval '1 day' WHERE {ITS} AND counter = 2;")
    for _day in range(3):
        assert jobs.verify_chains.call() == 1
    with scope.enter([harbour.harbour.key]):
        alarm = Alarm.objects.get()
        assert (alarm.reason, alarm.detail["first"]) == ("chain_broken", "Fact number 2 was changed or does not follow the one before it.")
    with scope.enter([harbour.hillside.key]):
        assert not Alarm.objects.exists()


def command(*arguments):
    """`handrail audit …` in this process: its exit code and what it printed."""
    printed, parser = [], argparse.ArgumentParser()
    house = House(nullcontext, lambda: list(Organisation.objects.order_by("key")), lambda parsed, value, lines: printed.extend(lines))
    cli_audit.add_command(parser.add_subparsers(), house)
    parsed = parser.parse_args(["audit", *arguments])
    return parsed.run(parsed), "\n".join(printed)


def test_the_command_prints_heads_and_verifies_against_them_as_text_and_as_a_file(harbour, tmp_path):
    code, printed = command("heads")
    head = next(line for line in printed.splitlines() if line == kept(harbour).as_text())
    assert code == 0
    written = tmp_path / "board.txt"
    written.write_text(f"{head[:40]}\n  {head[40:]}\n")
    with scope.enter([harbour.harbour.key]):
        give(harbour)
    for given in (head, str(written)):
        code, printed = command("verify", "--head", given)
        assert code == 0
        assert printed.count("the kept head lies on the chains") == 1, "it is compared with its own programme alone"
    forge_facts(harbour)
    assert command("verify")[0] == 0, "a chain computed anew holds by itself"
    code, printed = command("verify", "--head", str(written))
    assert code == 1
    assert "is another one" in printed
    for wrong in ("nothing", head[:-1] + ("0" if head[-1] != "0" else "1")):
        with pytest.raises(NotAHead):
            command("verify", "--head", wrong)
