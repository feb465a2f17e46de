"""Heads kept elsewhere: a chain that was computed anew holds by itself, and only a head that somebody kept says otherwise."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection

from handrail.facts import backups, heads
from handrail.facts.heads import Heads, Link, NotAHead, Standing
from handrail.facts.models import Alarm, Fact, Notice
from handrail.facts.replay import verify_chain
from handrail.kernel import audit, scope
from tests import plugin
from tests.forging import (
    ITS,
    MENDED,
    as_owner_of_everything,
    committed,
    forge_audit,
    forge_facts,
    give,
    kept,
    standing,
)


@pytest.fixture
def harbour(own_database):
    """A committed world with some facts and audit lines."""
    return committed()


# -- what a head is ----------------------------------------------------------------------------------------------------------


def test_a_head_is_printed_and_read_back_with_whatever_stands_between(harbour):
    head = kept(harbour)
    printed = head.as_text()
    assert heads.read_text(printed) == head
    in_groups = "\n".join(" ".join(printed[at : at + 4] for at in range(start, start + 32, 4)) for start in range(0, len(printed), 32))
    assert heads.read_text(in_groups.lower()) == head
    with scope.enter([harbour.harbour.key]):
        assert heads.read_json(head.as_json()) == head


@pytest.mark.parametrize("at", [6, 40, 80, 120, 200, -1])
def test_a_slip_of_the_pen_is_told_from_a_broken_chain(harbour, at):
    printed = kept(harbour).as_text()
    other = "1" if printed[at] != "1" else "2"
    slipped = printed[:at] + other + (printed[at + 1 :] if at != -1 else "")
    with pytest.raises(NotAHead):
        heads.read_text(slipped)


@pytest.mark.parametrize(
    "sent",
    [
        None, 3, [], {}, {"epoch": "x"}, {"epoch": str(uuid.uuid4()), "facts": {"number": -1, "digest": ""}, "audit": {"number": 0, "digest": ""}},
        {"epoch": str(uuid.uuid4()), "facts": {"number": True, "digest": "0" * 64}, "audit": {"number": 0, "digest": ""}},
        {"epoch": str(uuid.uuid4()), "facts": {"number": 2**70, "digest": "0" * 64}, "audit": {"number": 0, "digest": ""}},
        {"epoch": str(uuid.uuid4()), "facts": {"number": 1, "digest": "Z" * 64}, "audit": {"number": 0, "digest": ""}},
        {"epoch": [], "facts": {}, "audit": 7},
    ],
)
def test_what_is_no_head_is_said_to_be_none(in_harbour, sent):
    with pytest.raises(NotAHead):
        heads.read_json(sent)


# -- the clean case ------------------------------------------------------------------------------------------------------------


def test_a_chain_that_only_grew_goes_through_every_head_that_was_ever_kept(harbour):
    known = [kept(harbour)]
    for _more in range(3):
        with scope.enter([harbour.harbour.key]):
            give(harbour)
            audit.write("site.changed", actor=harbour.system, detail={})
        known.append(kept(harbour))
    assert [standing(harbour, head) for head in known] == [Standing.OK] * 4
    nothing = Heads(harbour.harbour.id, known[0].epoch, Link(0, ""), Link(0, ""))
    assert standing(harbour, nothing) is Standing.OK


def test_a_head_of_another_programme_is_no_alarm_but_a_sentence(harbour):
    with scope.enter([harbour.hillside.key]):
        other = heads.current()
    with scope.enter([harbour.harbour.key]), pytest.raises(NotAHead, match="another programme"):
        heads.compare(other)


# -- somebody who computes everything anew: seen by nothing but a head kept elsewhere -------------------------------------------


def test_facts_computed_anew_hold_by_themselves_and_only_a_kept_head_tells(harbour):
    head = kept(harbour)
    forge_facts(harbour)
    with scope.enter([harbour.harbour.key]):
        assert verify_chain()[2] == []
        assert Fact.objects.filter(kind="exchange.given", payload__lines__0__quantity=400).exists()
    assert standing(harbour, head) is Standing.BROKEN


def test_an_audit_computed_anew_holds_by_itself_and_only_a_kept_head_tells(harbour):
    head = kept(harbour)
    forge_audit(harbour)
    with scope.enter([harbour.harbour.key]):
        assert audit.verify().problems == ()
    assert standing(harbour, head) is Standing.BROKEN


@pytest.mark.parametrize("what", MENDED)
def test_what_was_cut_off_with_the_head_mended_is_seen_by_a_kept_head_and_by_nothing_else(harbour, own_database, what):
    head = kept(harbour)
    as_owner_of_everything(own_database, MENDED[what])
    with scope.enter([harbour.harbour.key]):
        found = [*verify_chain()[2], *audit.verify().problems]
    assert found == []
    assert standing(harbour, head) is Standing.BROKEN


def test_a_new_epoch_that_nobody_signed_is_seen(harbour, own_database):
    head = kept(harbour)
    as_owner_of_everything(own_database, f"UPDATE facts_head SET epoch = gen_random_uuid() WHERE {ITS};")
    assert standing(harbour, head) is Standing.BROKEN


def test_a_restore_that_somebody_wrote_into_the_audit_without_the_key_is_none(harbour, own_database):
    head, epoch = kept(harbour), uuid.uuid4()
    as_owner_of_everything(own_database, MENDED["the tail of the facts"] + f"UPDATE facts_head SET epoch = '{epoch}' WHERE {ITS};")
    now = kept(harbour)
    said = {
        "organisation": str(head.organisation), "epoch_before": str(head.epoch), "epoch": str(epoch), "facts": now.facts.number, "facts_head": now.facts.digest,
        "audit_lines": now.audit.number, "audit_head": now.audit.digest,
    }
    for signature in ({}, {"signature": "0" * 64}, {"signature": heads.sign(uuid.uuid4(), heads.Restore(head.epoch, epoch, now.facts, now.audit))}):
        with scope.enter([harbour.harbour.key]):
            audit.write("restored", actor=harbour.system, detail=said | signature)
        assert standing(harbour, head) is Standing.BROKEN


# -- a backup that was put in place --------------------------------------------------------------------------------------------


def test_an_older_backup_put_in_place_is_signed_and_seen_and_no_alarm(harbour, own_database):
    early = kept(harbour)
    copy = f"copy_{uuid.uuid4().hex[:8]}"
    connection.close()
    plugin.SERVER.sql(f"CREATE DATABASE {copy} TEMPLATE {own_database};", "postgres")
    try:
        with scope.enter([harbour.harbour.key]):
            give(harbour)
            audit.write("site.changed", actor=harbour.system, detail={})
        late = kept(harbour)
        connection.close()
        connection.settings_dict["NAME"] = copy  # the state of before, as a restore brings it back
        assert standing(harbour, late) is Standing.BROKEN, "an old copy put in place by hand is no restore"
        backups.begin_again("a-file.age", {"made_at": "2026-09-01"})
        assert standing(harbour, early) is Standing.OK
        assert standing(harbour, late) is Standing.RESTORED
        between = kept(harbour)
        with scope.enter([harbour.harbour.key]):
            assert {notice.staff for notice in Notice.objects.all()} >= {harbour.staff["coordinator"].id, harbour.staff["auditor"].id}
            assert not Alarm.objects.exists()
            assert audit.verify().problems == ()
            give(harbour)
        backups.begin_again("another.age", {"made_at": "2026-09-01"})
        for head, expected in ((early, Standing.OK), (late, Standing.RESTORED), (between, Standing.OK)):
            assert standing(harbour, head) is expected
        forge_facts(harbour)
        assert standing(harbour, early) is Standing.BROKEN, "a restore forgives nothing that lies before it"
        assert standing(harbour, late) is Standing.BROKEN
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own_database
        plugin.SERVER.drop_database(copy)


def test_the_second_restore_may_not_know_the_first_and_its_heads_raise_no_alarm(harbour, own_database):
    copy = f"copy_{uuid.uuid4().hex[:8]}"
    connection.close()
    plugin.SERVER.sql(f"CREATE DATABASE {copy} TEMPLATE {own_database};", "postgres")
    try:
        backups.begin_again("a-file.age", {"made_at": "2026-09-01"})
        with scope.enter([harbour.harbour.key]):
            give(harbour)
        first = kept(harbour)
        connection.close()
        connection.settings_dict["NAME"] = copy
        backups.begin_again("the-right-file.age", {"made_at": "2026-09-01"})
        assert standing(harbour, first) is Standing.RESTORED
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own_database
        plugin.SERVER.drop_database(copy)


def test_a_check_that_looked_at_nothing_would_be_noticed(harbour, own_database, monkeypatch):
    """This file can fail: with a comparison that looks no digest up, a forged chain passes."""
    head = kept(harbour)
    forge_facts(harbour)
    monkeypatch.setattr(heads, "_at", lambda name, link: "")
    assert standing(harbour, head) is Standing.OK
