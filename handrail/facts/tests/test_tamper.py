"""Whoever can write to the database past the application leaves a trace: both chains are tried with every sort of edit."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import ProgrammingError, connection, transaction

from handrail.facts import organisations, recorded, visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Fact, Head
from handrail.facts.record import Draft, Mode, record
from handrail.facts.replay import verify_chain
from handrail.facts.visits import Part
from handrail.kernel import audit, clock, crypto, ids, scope
from handrail.kernel.models import AuditEntry, AuditHead
from handrail.kernel.row_security import scoped_models
from handrail.services.exchange.kinds.given import Given, GivenLine
from tests import plugin
from tests import world as small_world
from tests.chaos.roles import as_superuser

HARBOUR = "(SELECT key FROM facts_organisation WHERE name = 'Harbour')"
HILLSIDE = "(SELECT key FROM facts_organisation WHERE name = 'Hillside')"
ITS = f"organisation_id = {HARBOUR}"
LAST = f"counter = (SELECT max(counter) FROM facts_fact WHERE {ITS})"


@pytest.fixture
def harbour(own_database: str) -> int:
    """A committed world with a visit, a correction, a referral and its outcome; the organisation's key."""
    world = small_world.find()
    naima, nurse = world.actors["naima"], world.actors["nurse"]
    payload = visits.KINDS["facts.referral"].payload
    with scope.enter([world.harbour.key]):
        visit = ids.new()
        given = Part("exchange.given", Given(lines=(GivenLine(item="filter", quantity=3),)))
        visits.save(
            actor=naima, visit=visit, site=world.van.id, occurred_at=clock.now(), encounter=Encounter(),
            parts=[given, Part("facts.referral", payload(service="OAT", status="accepted"))], participant=ids.random(),
        )
        less = Part("exchange.given", Given(lines=(GivenLine(item="filter", quantity=2),)))
        visits.correct(actor=naima, visit=visit, correction=ids.new(), encounter=Encounter(), parts=[less], participant=None)
        record(
            Draft(
                kind="facts.referral_outcome", site=world.sites["Clinic"].id,
                payload={"referral": str(ids.new()), "status": "attended", "source": "participant"},
            ),
            actor=nurse, mode=Mode.ARRIVED,
        )
        for number in range(3):
            audit.look(f"/visits/{number}", actor=naima)
        audit.seal_access_log(actor=nurse)
        audit.write("site.changed", actor=nurse, detail={"before": 1, "after": 2})
    return int(world.harbour.key)


def fact_problems(key: int) -> list[str]:
    with scope.enter([key]):
        return verify_chain()[2]


def audit_problems(key: int) -> list[str]:
    with scope.enter([key]):
        return list(audit.verify().problems)


def fact_where(condition: str, change: str) -> str:
    return f"UPDATE facts_fact SET {change} WHERE {ITS} AND {condition}"


GIVEN = "kind = 'exchange.given' AND supersedes = '[]'"
FACT_EDITS = {
    "the payload": fact_where(GIVEN, """payload = jsonb_set(payload, '{lines,0,quantity}', '1')"""),
    "the payload and its digest": fact_where(
        "kind = 'facts.encounter'",
        "payload = '{\"channel\":\"outreach\",\"on_behalf_of\":0,\"people_count\":9}', payload_digest = sha256('anything')",
    ),
    "when it happened": fact_where(GIVEN, "occurred_at = occurred_at + interval '1 microsecond'"),
    "when it was recorded": fact_where(GIVEN, "recorded_at = recorded_at - interval '1 day'"),
    "the place": fact_where(GIVEN, "site_id = NULL"),
    "who recorded it": fact_where(GIVEN, "staff = gen_random_uuid()"),
    "whom it is about": fact_where(GIVEN, "participant = NULL"),
    "the visit": fact_where(GIVEN, "encounter = gen_random_uuid()"),
    "the record it speaks of": fact_where("kind = 'facts.referral_outcome'", "about = gen_random_uuid()"),
    "what it corrects": fact_where("supersedes <> '[]'", "supersedes = '[]'"),
    "the chain it belongs to": fact_where("supersedes <> '[]'", "root = id"),
    "the lots taken": fact_where(GIVEN, "settlement = NULL"),
    "what the door noted": fact_where(GIVEN, """door = '{"quarantine": "not_permitted"}'"""),
    "the kind": fact_where("kind = 'facts.taken_back'", "kind = 'exchange.taken_back'"),
    "the version": fact_where("kind = 'facts.taken_back'", "kind_version = 0, kind = 'nobody.knows'"),
    "the device": fact_where(GIVEN, "device = gen_random_uuid()"),
    "the device's number": fact_where(GIVEN, "device_sequence = 9999"),
    "the id": fact_where(GIVEN, "id = gen_random_uuid()"),
    "the order": f"""
        UPDATE facts_fact SET counter = -counter WHERE {ITS} AND counter IN (2, 3);
        UPDATE facts_fact SET counter = 5 + counter WHERE {ITS} AND counter < 0""",
    "one less in the middle": f"DELETE FROM facts_fact WHERE {ITS} AND counter = 3",
    "one less, the others moved up": f"""
        DELETE FROM facts_fact WHERE {ITS} AND counter = 3;
        UPDATE facts_fact SET counter = -counter WHERE {ITS} AND counter > 3;
        UPDATE facts_fact SET counter = -counter - 1 WHERE {ITS} AND counter < 0;
        UPDATE facts_head SET counter = counter - 1 WHERE {ITS}""",
    "the first less": f"DELETE FROM facts_fact WHERE {ITS} AND counter = 1",
    "the last less": f"DELETE FROM facts_fact WHERE {ITS} AND {LAST}",
    "the last less and the head counted down": f"""
        DELETE FROM facts_fact WHERE {ITS} AND {LAST};
        UPDATE facts_head SET counter = counter - 1 WHERE {ITS}""",
    "one more at the end": f"""
        CREATE TEMP TABLE copy AS SELECT * FROM facts_fact WHERE {ITS} AND {LAST};
        UPDATE copy SET key = key + 1000, id = gen_random_uuid(), counter = counter + 1, device_sequence = 9999;
        INSERT INTO facts_fact SELECT * FROM copy;
        UPDATE facts_head SET counter = counter + 1 WHERE {ITS}""",
    "one more in between, the others moved down": f"""
        CREATE TEMP TABLE copy AS SELECT * FROM facts_fact WHERE {ITS} AND counter = 3;
        UPDATE facts_fact SET counter = -counter WHERE {ITS} AND counter > 3;
        UPDATE facts_fact SET counter = -counter + 1 WHERE {ITS} AND counter < 0;
        UPDATE copy SET key = key + 1000, id = gen_random_uuid(), counter = counter + 1, device_sequence = 9999;
        INSERT INTO facts_fact SELECT * FROM copy;
        UPDATE facts_head SET counter = counter + 1 WHERE {ITS}""",
    "all of it": "TRUNCATE facts_fact",
    "given to another organisation": f"UPDATE facts_fact SET organisation_id = {HILLSIDE}, counter = 99 WHERE {ITS} AND counter = 3",
    "the head": f"UPDATE facts_head SET digest = sha256('x') WHERE {ITS}",
}


def unseen(key: int, edits: dict[str, str], problems: Callable[[int], list[str]]) -> list[str]:
    """Make each edit as superuser, look as the application, undo it; the edits that were not seen."""
    assert problems(key) == []
    found = []
    with as_superuser():
        for name, script in edits.items():
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(script)
                assert cursor.rowcount != 0, f"the edit of {name} edits nothing"
                cursor.execute("SET LOCAL ROLE handrail_app")
                if not problems(key):
                    found.append(name)
                transaction.set_rollback(True)
    assert problems(key) == []
    return found


def test_every_edit_of_the_facts_is_seen(harbour: int) -> None:
    assert unseen(harbour, FACT_EDITS, fact_problems) == []


def test_a_tail_cut_with_a_mended_head_is_seen_against_a_head_kept_elsewhere(harbour: int, own_database: str) -> None:
    with scope.enter([harbour]):
        count, head, _problems = verify_chain()
    plugin.SERVER.sql(
        f"""DELETE FROM facts_fact WHERE {ITS} AND {LAST};
        UPDATE facts_head SET (counter, digest) = (SELECT counter, digest FROM facts_fact WHERE {ITS} AND {LAST}) WHERE {ITS};""",
        own_database,
    )
    with scope.enter([harbour]):
        assert verify_chain()[0] == count - 1
        assert verify_chain()[1] != head


def audit_where(condition: str, change: str) -> str:
    return f"UPDATE kernel_auditentry SET {change} WHERE {ITS} AND {condition}"


AUDIT_LAST = f"number = (SELECT max(number) FROM kernel_auditentry WHERE {ITS})"
AUDIT_EDITS = {
    "who": audit_where("number = 3", "actor = gen_random_uuid()"),
    "what": audit_where("number = 3", "action = 'nothing'"),
    "when": audit_where("number = 3", "at = at + interval '1 microsecond'"),
    "which": audit_where("number = 3", "object_id = 'x', object_kind = 'y'"),
    "the detail": audit_where(AUDIT_LAST, """detail = '{"before": 1, "after": 3}'"""),
    "the order": f"""
        UPDATE kernel_auditentry SET number = -number WHERE {ITS} AND number IN (2, 3);
        UPDATE kernel_auditentry SET number = 5 + number WHERE {ITS} AND number < 0""",
    "one less in the middle": f"DELETE FROM kernel_auditentry WHERE {ITS} AND number = 4",
    "the first less": f"DELETE FROM kernel_auditentry WHERE {ITS} AND number = 1",
    "the last less": f"DELETE FROM kernel_auditentry WHERE {ITS} AND {AUDIT_LAST}",
    "the last less and the head counted down": f"""
        DELETE FROM kernel_auditentry WHERE {ITS} AND {AUDIT_LAST};
        UPDATE kernel_audithead SET number = number - 1 WHERE {ITS}""",
    "one more at the end": f"""
        CREATE TEMP TABLE copy AS SELECT * FROM kernel_auditentry WHERE {ITS} AND {AUDIT_LAST};
        UPDATE copy SET key = key + 1000, number = number + 1;
        INSERT INTO kernel_auditentry SELECT * FROM copy;
        UPDATE kernel_audithead SET number = number + 1 WHERE {ITS}""",
    "all of it": "TRUNCATE kernel_auditentry",
    "a look": f"UPDATE kernel_accessentry SET what = '/elsewhere' WHERE {ITS} AND what = '/visits/1'",
    "a look less": f"DELETE FROM kernel_accessentry WHERE {ITS} AND what = '/visits/1'",
    "all looks": "TRUNCATE kernel_accessentry",
    "who looked": f"UPDATE kernel_accessentry SET actor = gen_random_uuid() WHERE {ITS} AND what = '/visits/1'",
    "when they looked": f"UPDATE kernel_accessentry SET at = at + interval '1 microsecond' WHERE {ITS} AND what = '/visits/1'",
    "that it was refused": f"UPDATE kernel_accessentry SET refused = NOT refused WHERE {ITS} AND what = '/visits/1'",
    "the order of looks": f"""
        UPDATE kernel_accessentry SET what = CASE what WHEN '/visits/0' THEN '/visits/2' ELSE '/visits/0' END
        WHERE {ITS} AND what IN ('/visits/0', '/visits/2')""",
    "the first look less": f"DELETE FROM kernel_accessentry WHERE {ITS} AND what = '/visits/0'",
    "the last look less": f"DELETE FROM kernel_accessentry WHERE {ITS} AND what = '/visits/2'",
    "another look in place of one": f"""
        UPDATE kernel_accessentry SET key = key + 1000 WHERE {ITS} AND what = '/visits/1'""",
    "one more in between, the others moved down": f"""
        CREATE TEMP TABLE copy AS SELECT * FROM kernel_auditentry WHERE {ITS} AND number = 3;
        UPDATE kernel_auditentry SET number = -number WHERE {ITS} AND number > 3;
        UPDATE kernel_auditentry SET number = -number + 1 WHERE {ITS} AND number < 0;
        UPDATE copy SET key = key + 1000, number = number + 1;
        INSERT INTO kernel_auditentry SELECT * FROM copy;
        UPDATE kernel_audithead SET number = number + 1 WHERE {ITS}""",
}


def test_every_edit_of_the_audit_is_seen(harbour: int) -> None:
    assert unseen(harbour, AUDIT_EDITS, audit_problems) == []


def test_a_last_line_written_anew_with_a_right_digest_is_seen_against_the_head(harbour: int, own_database: str) -> None:
    with scope.enter([harbour]):
        last = AuditEntry.objects.get(number=AuditHead.objects.get().number)
        body = audit._body(last.number, last.at, last.actor, "forged", last.object_kind, last.object_id, last.detail)
        digest = crypto.digest(bytes(last.previous), body).hex()
    plugin.SERVER.sql(audit_where(AUDIT_LAST, f"action = 'forged', digest = decode('{digest}', 'hex')") + ";", own_database)
    assert audit_problems(harbour) != []


def test_the_application_cannot_change_or_remove_what_is_only_ever_added(in_harbour: object) -> None:
    tables = [model._meta.db_table for model in scoped_models() if model.append_only]
    assert {"facts_fact", "kernel_auditentry", "kernel_accessentry", "stock_leg"} <= set(tables)
    for table in tables:
        for statement in (f"UPDATE {table} SET organisation_id = organisation_id", f"DELETE FROM {table}", f"TRUNCATE {table}"):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
    for change in (lambda: Fact.objects.all().delete(), lambda: Fact.objects.update(counter=0)):
        _expect_denied(change)


def _expect_denied(change: Callable[[], object]) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        change()


def test_a_chain_that_left_something_out_would_be_noticed(own_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """This file can fail: with a chain that forgets the settlement, its edit goes unseen."""
    def forgetful(previous: bytes, fact: recorded.Recorded) -> bytes:
        settlement, fact.settlement = fact.settlement, None
        try:
            return recorded.chain(previous, fact)
        finally:
            fact.settlement = settlement

    monkeypatch.setattr("handrail.facts.record.chain", forgetful)
    monkeypatch.setattr("handrail.facts.replay.chain", forgetful)
    world = small_world.find()
    with scope.enter([world.hillside.key]):
        record(
            Draft(kind="exchange.given", payload={"lines": [{"item": "filter", "quantity": 1}]}, site=world.sites["Hill van"].id, encounter=ids.new()),
            actor=organisations.system_actor(world.hillside),
        )
        number = Head.objects.get().counter
    before = fact_problems(world.hillside.key)
    plugin.SERVER.sql(f"UPDATE facts_fact SET settlement = NULL WHERE organisation_id = {HILLSIDE} AND counter = {number};", own_database)
    assert fact_problems(world.hillside.key) == before
