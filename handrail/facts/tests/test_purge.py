"""What is past its period goes, what is held stays, the chain still holds, and nobody purges without leaving a line."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from types import SimpleNamespace

import psycopg
import pytest
import time_machine
from django.db import DatabaseError, connection, transaction

from handrail.facts import handles, holds, participants, purge, visits
from handrail.facts.anonymous import runs
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import CardToken, Fact, Handle, Head, LegalHold
from handrail.facts.purged_facts import ACTION
from handrail.facts.record import Draft, Refusal, record
from handrail.facts.recorded import FORGOTTEN_DEVICE
from handrail.facts.replay import rebuild, verify_chain
from handrail.facts.visits import Part
from handrail.kernel import audit, clock, ids, retention, scope
from handrail.kernel.access import Denied
from handrail.kernel.database import as_owner, as_purge
from handrail.kernel.keyring import Mode
from handrail.kernel.models import AuditEntry
from handrail.kernel.retention import CLASSES, months_before
from handrail.ledgers.stock.models import Balance
from handrail.services.exchange.kinds.given import Given, GivenLine
from tests import plugin
from tests import world as small_world
from tests.chaos.roles import as_superuser
from tests.words import CARD

ANONYMOUS, PEOPLE = "facts.anonymous_contacts", "facts.idle_people"
LATER = timedelta(days=30 * 27)
MUCH_LATER = timedelta(days=366 * 6)


@pytest.fixture
def world(own_database: str) -> SimpleNamespace:
    """The small world in a database of its own, which the purge's role may enter."""
    return small_world.find()


@pytest.fixture
def history(world: SimpleNamespace) -> SimpleNamespace:
    """A visit without a code that was corrected, with a referral that was met elsewhere; another with a card; one taken back."""
    naima, now = world.actors["naima"], clock.now()
    referral = visits.KINDS["facts.referral"].payload
    given = Part("exchange.given", Given(lines=(GivenLine(item="filter", quantity=3),)))
    with scope.enter([world.harbour.key]):
        world.visit, world.known, world.wrong, world.person = ids.new(), ids.new(), ids.new(), ids.random()
        parts = [given, Part("facts.referral", referral(service="OAT", status="accepted"))]
        visits.save(actor=naima, visit=world.visit, site=world.van.id, occurred_at=now, encounter=Encounter(), parts=parts)
        less = [Part("exchange.given", Given(lines=(GivenLine(item="filter", quantity=2),))), parts[1]]
        visits.correct(actor=naima, visit=world.visit, correction=ids.new(), encounter=Encounter(people_count=2), parts=less, participant=None)
        made = Fact.objects.get(kind="facts.referral")
        record(
            Draft(kind="facts.referral_outcome", site=world.sites["Clinic"].id, payload={"referral": str(made.id), "status": "attended", "source": "participant"}),
            actor=world.actors["nurse"],
        )
        visits.save(actor=naima, visit=world.wrong, site=world.van.id, occurred_at=now, encounter=Encounter(), parts=[given])
        visits.take_back(actor=naima, visit=world.wrong, correction=ids.new(), why="did_not_happen")
        participants.issue_card(actor=world.system, participant=world.person, code=CARD)
        handles.set_handle(actor=world.system, participant=world.person, word="Otter")
        visits.save(actor=naima, visit=world.known, site=world.van.id, occurred_at=now, encounter=Encounter(), parts=[given], participant=world.person)

    return world


def night(world: SimpleNamespace, after: timedelta = LATER) -> purge.Night:
    """One night, so much later."""
    with time_machine.travel(clock.now() + after, tick=False), as_purge():
        return purge.run(world.harbour)


def problems(world: SimpleNamespace) -> list[str]:
    with scope.enter([world.harbour.key]):
        return [*verify_chain()[2], *audit.verify().problems]


def of_visits() -> list[Fact]:
    return list(Fact.objects.exclude(encounter=None) | Fact.objects.filter(kind__in=["facts.encounter", "facts.referral_outcome"]))


def test_an_old_contact_without_a_code_loses_worker_device_time_and_ids_and_keeps_what_was_given(history: SimpleNamespace) -> None:
    key = history.harbour.key
    with scope.enter([key]):
        before = {fact.counter: fact for fact in of_visits()}
        balances = list(Balance.objects.order_by("location", "lot").values_list("location", "lot", "quantity"))
    assert night(history).failed == ()
    with scope.enter([key]):
        after = {fact.counter: fact for fact in of_visits()}
        assert after.keys() == before.keys()
        gone = [fact for fact in after.values() if fact.participant is None]
        assert len(gone) == 10
        for fact in gone:
            old = before[fact.counter]
            assert (fact.staff, fact.device, fact.device_sequence) == (None, FORGOTTEN_DEVICE, None)
            assert clock.local(fact.occurred_at, "Africa/Nairobi").time().isoformat() == "12:00:00"
            assert clock.local_date(fact.occurred_at, "Africa/Nairobi") == clock.local_date(old.occurred_at, "Africa/Nairobi")
            assert fact.id.version == 4
            assert fact.id != old.id
            assert fact.encounter not in {history.visit, history.wrong}
            assert (fact.kind, fact.site_id, fact.settlement) == (old.kind, old.site_id, old.settlement)
        kept = [fact for fact in after.values() if fact.participant is not None]
        assert [(fact.id, fact.staff) for fact in kept] == [(before[fact.counter].id, history.staff["naima"].id) for fact in kept] != []
        assert list(Balance.objects.order_by("location", "lot").values_list("location", "lot", "quantity")) == balances


def test_after_a_purge_the_visit_reads_as_before_under_its_new_id(history: SimpleNamespace) -> None:
    key = history.harbour.key
    with scope.enter([key]):
        before = [fact.raw for fact in visits.read(history.visit)]
    night(history)
    with scope.enter([key]):
        first = Fact.objects.filter(kind="facts.encounter", supersedes=[], participant=None).order_by("counter").first()
        assert first is not None
        assert [fact.raw for fact in visits.read(first.id)] == before
        assert visits.read(history.visit) == []
        outcome = Fact.objects.get(kind="facts.referral_outcome")
        assert outcome.payload["referral"] == str(outcome.about)
        assert Fact.objects.filter(id=outcome.about, kind="facts.referral").exists()


def test_the_chain_holds_after_a_purge_and_state_can_be_folded_again(history: SimpleNamespace) -> None:
    night(history)
    assert problems(history) == []
    with as_owner(), transaction.atomic(), scope.enter([history.harbour.key]):
        assert rebuild() == []
        transaction.set_rollback(True)
    with scope.enter([history.harbour.key]):  # and what comes after is chained to it
        given = Part("exchange.given", Given(lines=(GivenLine(item="filter", quantity=1),)))
        visits.save(actor=history.actors["naima"], visit=ids.new(), site=history.van.id, occurred_at=clock.now(), encounter=Encounter(), parts=[given])
    assert problems(history) == []


PURGED = f"device = '{FORGOTTEN_DEVICE}'"
EDITS = {
    "the payload of a purged fact": f"""UPDATE facts_fact SET payload = jsonb_set(payload, '{{lines,0,quantity}}', '9') WHERE {PURGED} AND kind = 'exchange.given'""",
    "the day of a purged fact": f"UPDATE facts_fact SET occurred_at = occurred_at - interval '1 day' WHERE {PURGED} AND kind = 'exchange.given'",
    "a worker on a purged fact": f"UPDATE facts_fact SET staff = gen_random_uuid() WHERE {PURGED} AND kind = 'exchange.given'",
    "the place of a purged fact": f"UPDATE facts_fact SET site_id = NULL WHERE {PURGED} AND kind = 'exchange.given'",
    "the digest of a purged fact": f"UPDATE facts_fact SET digest = sha256('x') WHERE {PURGED} AND kind = 'facts.referral_outcome'",
    "the id of a purged fact": f"UPDATE facts_fact SET id = gen_random_uuid() WHERE {PURGED} AND kind = 'exchange.given'",
    "a device on a purged fact": f"UPDATE facts_fact SET device = gen_random_uuid() WHERE {PURGED} AND kind = 'exchange.given'",
    "a purged fact less": f"DELETE FROM facts_fact WHERE {PURGED} AND kind = 'facts.referral_outcome'",
    "a purge that nobody logged": f"""UPDATE facts_fact SET staff = NULL, device = '{FORGOTTEN_DEVICE}', device_sequence = NULL
        WHERE participant IS NOT NULL AND kind = 'exchange.given'""",
    "a worker forgotten beside the purge": "UPDATE facts_fact SET staff = NULL WHERE participant IS NOT NULL AND kind = 'exchange.given'",
    "the line about the purge": f"DELETE FROM kernel_auditentry WHERE action = '{ACTION}'",
}


def test_every_edit_of_purged_facts_is_seen_and_so_is_a_purge_that_nobody_logged(history: SimpleNamespace) -> None:
    night(history)
    assert problems(history) == []
    unseen = []
    with as_superuser():
        for name, script in EDITS.items():
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(script)
                assert cursor.rowcount > 0, f"{name} edits nothing"
                cursor.execute("SET LOCAL ROLE handrail_app")
                if not problems(history):
                    unseen.append(name)
                transaction.set_rollback(True)
    assert unseen == []


def test_nothing_younger_goes_and_a_month_goes_as_a_whole(history: SimpleNamespace) -> None:
    with scope.enter([history.harbour.key]):
        day = clock.local_date(clock.now(), "Africa/Nairobi")
        before = set(Fact.objects.values_list("id", flat=True))
    last = datetime.fromisoformat(f"{months_before(day.replace(day=1), -25)}T00:00:00+03:00") - timedelta(minutes=1)
    for moment, counted in ((last, 0), (last + timedelta(minutes=2), 10)):
        with time_machine.travel(moment, tick=False), as_purge():
            assert purge.run(history.harbour).done[ANONYMOUS].count == counted
        with scope.enter([history.harbour.key]):
            assert (set(Fact.objects.values_list("id", flat=True)) == before) is (counted == 0)


def test_a_visit_that_somebody_still_speaks_of_waits_as_a_whole(history: SimpleNamespace) -> None:
    with time_machine.travel(clock.now() + timedelta(days=400)), scope.enter([history.harbour.key]):
        referral = Fact.objects.get(kind="facts.referral").id
        payload = {"referral": str(referral), "status": "result_known", "source": "participant"}
        record(Draft(kind="facts.referral_outcome", site=history.sites["Clinic"].id, payload=payload), actor=history.actors["nurse"])
    assert night(history).done[ANONYMOUS].count == 4  # the one that was taken back, and what took it back
    with scope.enter([history.harbour.key]):
        assert visits.read(history.visit) != []
    assert night(history, LATER + timedelta(days=400)).done[ANONYMOUS].count == 7
    assert problems(history) == []


def test_a_second_night_finds_nothing_and_says_so(history: SimpleNamespace) -> None:
    assert night(history).done[ANONYMOUS].count == 10
    with scope.enter([history.harbour.key]):
        assert Head.objects.get().purges == 1
    assert night(history).done[ANONYMOUS].count == 0
    with scope.enter([history.harbour.key]):
        said = [entry.detail["count"] for entry in AuditEntry.objects.filter(action=purge.DONE, object_id=ANONYMOUS).order_by("number")]
        assert (said, Head.objects.get().purges) == ([10, 0], 1)


# -- people -------------------------------------------------------------------------------------------------------------


def test_somebody_nobody_saw_for_five_years_loses_code_and_handle_and_counts_as_new(history: SimpleNamespace) -> None:
    key = history.harbour.key
    assert night(history, timedelta(days=365 * 5 - 3)).done[PEOPLE].count == 0
    assert night(history, MUCH_LATER).done[PEOPLE].count == 1
    with scope.enter([key]):
        assert not CardToken.objects.exists()
        assert not Handle.objects.exists()
        assert participants.find_by_card(CARD) is None
        assert Fact.objects.filter(participant=history.person).exists()
    assert problems(history) == []


def test_somebody_who_came_again_keeps_the_code(history: SimpleNamespace) -> None:
    with time_machine.travel(clock.now() + timedelta(days=365 * 3)), scope.enter([history.harbour.key]):
        visits.save(
            actor=history.actors["naima"], visit=ids.new(), site=history.van.id, occurred_at=clock.now(), encounter=Encounter(), parts=[], participant=history.person
        )
    assert night(history, MUCH_LATER).done[PEOPLE].count == 0
    with scope.enter([history.harbour.key]):
        assert participants.find_by_card(CARD) is not None


def test_in_high_risk_mode_codes_last_a_year(history: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handrail.facts.retention.idle_people.mode", lambda: Mode.HIGH)
    assert night(history, timedelta(days=360)).done[PEOPLE].count == 0
    assert night(history, timedelta(days=368)).done[PEOPLE].count == 1


# -- holds --------------------------------------------------------------------------------------------------------------


def hold(world: SimpleNamespace, person: uuid.UUID | None, after: timedelta) -> LegalHold:
    with time_machine.travel(clock.now() + after - timedelta(days=1)), scope.enter([world.harbour.key]):
        until = clock.now().date() + timedelta(days=60)
        return holds.set_hold(actor=world.actors["coordinator"], participant=person, reason="lawyer", ends_on=until)


def test_what_is_held_stays_until_the_hold_ends_and_the_audit_says_so(history: SimpleNamespace) -> None:
    held = hold(history, history.person, MUCH_LATER)
    found = night(history, MUCH_LATER).done
    assert (found[PEOPLE].count, found[PEOPLE].held, found[ANONYMOUS].count) == (0, 1, 10)
    with scope.enter([history.harbour.key]):
        assert participants.find_by_card(CARD) is not None
        line = AuditEntry.objects.filter(action=purge.DONE, object_id=PEOPLE).latest("number")
        assert (line.detail["count"], line.detail["held"]) == (0, 1)
        holds.end_hold(actor=history.actors["coordinator"], hold=held)
    assert night(history, MUCH_LATER).done[PEOPLE].count == 1


def test_a_hold_on_everything_stops_all_of_it_until_its_day(history: SimpleNamespace) -> None:
    hold(history, None, MUCH_LATER)
    found = night(history, MUCH_LATER).done
    assert {done.count for done in found.values()} == {0}
    assert (found[ANONYMOUS].held, found[PEOPLE].held) == (10, 1)
    assert night(history, MUCH_LATER + timedelta(days=59)).done[ANONYMOUS].count == 10


def test_a_hold_needs_a_reason_a_day_and_the_right(history: SimpleNamespace) -> None:
    with scope.enter([history.harbour.key]):
        today = clock.now().date()
        for reason, ends_on in (("", today + timedelta(days=9)), ("lawyer", None), ("lawyer", today - timedelta(days=1)), ("lawyer", today + timedelta(days=900))):
            with pytest.raises(Refusal):
                holds.set_hold(actor=history.actors["coordinator"], participant=None, reason=reason, ends_on=ends_on)
        with pytest.raises(Denied):
            holds.set_hold(actor=history.actors["naima"], participant=None, reason="lawyer", ends_on=today + timedelta(days=9))


# -- the role -----------------------------------------------------------------------------------------------------------


def test_the_purges_role_may_do_what_the_classes_declare_and_nothing_else(own_database: str) -> None:
    with as_purge(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, has_table_privilege(c.oid, 'DELETE'), has_table_privilege(c.oid, 'INSERT'), has_table_privilege(c.oid, 'TRUNCATE, REFERENCES, TRIGGER'),"
            " (SELECT array_agg(a.attname::text) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND has_column_privilege(c.oid, a.attnum, 'UPDATE'))"
            " FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'"
        )
        rows = {name: rest for name, *rest in cursor.fetchall()}
        cursor.execute("SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False,)
    state = {model._meta.db_table for model in purge.state_models()}
    assert not any(others for _delete, _insert, others, _columns in rows.values())
    assert {name for name, (delete, *_rest) in rows.items() if delete} - state == {
        "facts_cardtoken", "facts_codehint", "facts_handle", "facts_receipt", "kernel_session", "kernel_setupcode", "naloxone_kitrequest", "vault_sealedrecord",
    }
    assert {name for name, (_delete, insert, *_rest) in rows.items() if insert} - state == {"kernel_auditentry", "kernel_audithead", "vault_erasure"}
    columns = {name: set(found) for name, (_d, _i, _o, found) in rows.items() if found and name not in state | {"kernel_audithead"}}
    assert columns == {
        "facts_fact": {
            "id", "encounter", "about", "root", "supersedes", "staff", "device", "device_sequence", "occurred_at", "recorded_at", "payload", "settlement", "door",
        },
        "facts_head": {"purges"},
    }


def test_the_purges_role_sees_one_organisation_and_the_application_still_changes_no_fact(history: SimpleNamespace) -> None:
    with as_purge(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM facts_fact")
        assert cursor.fetchone() == (0,)
    for role, script in ((as_purge, "DELETE FROM facts_fact"), (as_purge, "UPDATE facts_fact SET participant = NULL"), (as_purge, "DELETE FROM kernel_auditentry")):
        with role(), scope.enter([history.harbour.key]), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(script)
    with scope.enter([history.harbour.key]), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE facts_fact SET staff = NULL")


def test_a_class_that_breaks_changes_nothing_and_stops_no_other(history: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*, before: object, holds: object) -> retention.Purged:
        CardToken.objects.all().delete()
        raise RuntimeError("broken")

    monkeypatch.setitem(CLASSES.all()[PEOPLE].__dict__, "purge", broken)
    found = night(history, MUCH_LATER)
    assert (found.failed, found.done[ANONYMOUS].count) == ((PEOPLE,), 10)
    with scope.enter([history.harbour.key]):
        assert CardToken.objects.exists()


def test_dead_rows_that_a_backup_still_looks_at_are_tried_again_and_said_in_the_log(history: SimpleNamespace, own_database: str, caplog: pytest.LogCaptureFixture) -> None:
    login = plugin.SERVER.login("backup", own_database)
    with psycopg.connect(host=str(login.socket), user=login.user, password=login.password, dbname=own_database) as backup:
        backup.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        backup.execute("SELECT count(*) FROM facts_organisation")
        night(history, MUCH_LATER)
        assert purge.sweep_out(["facts_fact", "facts_handle"], tries=2, wait=0)[:2] == ["facts_fact", "facts_handle"]
        assert "facts_fact, facts_handle" in caplog.text
    assert purge.sweep_out(["facts_fact", "facts_handle"]) == []


def test_months_are_counted_back_to_a_day_that_exists() -> None:
    day = date(2028, 3, 31)
    assert [str(months_before(day, months)) for months in (0, 1, 2, 12, 25, -1)] == ["2028-03-31", "2028-02-29", "2028-01-31", "2027-03-31", "2026-02-28", "2028-04-30"]
    assert runs([1, 2, 3, 7, 9, 10]) == [[1, 3], [7, 7], [9, 10]]
