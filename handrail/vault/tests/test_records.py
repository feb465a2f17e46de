"""Sealed records: written, opened one at a time, and gone for good."""

from __future__ import annotations

import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.db import connection

from handrail.facts import organisations, participants
from handrail.facts.models import Participant
from handrail.facts.record import Refusal
from handrail.kernel import clock, crypto, ids, keyring, scope
from handrail.kernel.access import Denied
from handrail.kernel.models import AccessEntry, AuditEntry
from handrail.vault import keystore, records
from handrail.vault.models import Erasure, SealedRecord
from handrail.vault.spec import STORES

PHONE = {"phone": "+254 700 123456", "how": "After six. Never say where you call from."}


def somebody(world: SimpleNamespace) -> uuid.UUID:
    who = ids.random()
    Participant.objects.create(organisation=world.harbour, id=who)
    return who


def write(world: SimpleNamespace, who: uuid.UUID, typed=PHONE, store="vault.contact", actor="naima") -> SealedRecord:
    return records.write(actor=world.actors[actor], store=STORES[store], participant=who, site=world.van, typed=typed)


def open_it(world: SimpleNamespace, record: SealedRecord, actor="naima", purpose="asked_to") -> dict[str, str]:
    return records.open_record(actor=world.actors[actor], record=record.id, purpose=purpose)


def erase(world: SimpleNamespace, record: SealedRecord) -> None:
    assert records.erase_of(actor=world.actors["naima"], store=STORES[record.store], participant=record.participant, why=Erasure.Why.PERSON) == 1


def test_what_was_written_down_is_there_when_it_is_opened(in_harbour):
    record = write(in_harbour, somebody(in_harbour))
    assert open_it(in_harbour, record) == PHONE


def test_somebody_who_has_a_card_and_said_nothing_yet_can_have_it_too_and_a_stranger_cannot(in_harbour):
    who = ids.random()
    with pytest.raises(Denied):
        write(in_harbour, who)
    participants.issue_card(actor=in_harbour.system, participant=who, code=crypto.new_code())
    assert open_it(in_harbour, write(in_harbour, who)) == PHONE


def test_nothing_of_it_lies_in_either_database(in_harbour):
    record = write(in_harbour, somebody(in_harbour))
    wrapped = keystore.get(record.data_key, in_harbour.harbour.id)
    assert wrapped is not None
    assert len(bytes(record.sealed)) % records.BUCKET == 29
    for word in (b"700 123456", b"After six", b"0700123456"):
        assert word not in bytes(record.sealed)
        assert word not in wrapped
    said = [str((e.action, e.object_id, e.detail)) for e in AuditEntry.objects.all()]
    assert not any("700 123456" in line for line in said)


def test_each_opening_says_who_and_what_for(in_harbour):
    record = write(in_harbour, somebody(in_harbour))
    open_it(in_harbour, record, purpose="result")
    line = AuditEntry.objects.filter(action=records.OPENED).get()
    assert (line.actor, line.object_id, line.detail) == (in_harbour.staff["naima"].id, str(record.id), {"store": "vault.contact", "purpose": "result"})
    look = AccessEntry.objects.filter(what="sealed: vault.contact").get()
    assert look.object_id == str(record.participant)


def test_without_a_purpose_nothing_is_opened(in_harbour):
    record = write(in_harbour, somebody(in_harbour))
    with pytest.raises(Refusal) as refused:
        open_it(in_harbour, record, purpose="curious")
    assert refused.value.problems == (("purpose", "Say what you need it for."),)


def test_whoever_lacks_the_role_at_the_place_cannot_open_or_write(in_harbour):
    who = somebody(in_harbour)
    record = write(in_harbour, who)
    for name in ("elsewhere", "auditor", "coordinator", "admin", "store"):
        with pytest.raises(Denied):
            open_it(in_harbour, record, actor=name)
        with pytest.raises(Denied):
            write(in_harbour, who, actor=name)


def test_the_one_who_writes_an_address_cannot_read_it_back(in_harbour):
    record = write(in_harbour, somebody(in_harbour), {"name": "K. M.", "address": "P.O. Box 7"}, "vault.mail_address")
    with pytest.raises(Denied):
        open_it(in_harbour, record, purpose="pack")


def test_a_store_that_is_off_does_not_exist(in_harbour):
    with pytest.raises(Denied):
        write(in_harbour, somebody(in_harbour), {"name": "Somebody"}, "vault.identity", actor="nurse")


def test_bad_input_is_a_sentence_that_quotes_nothing(in_harbour):
    who = somebody(in_harbour)
    for typed, field in (({"address": "x"}, "name"), ({"name": "n" * 121, "address": "x"}, "name"), ({"name": "n"}, "address")):
        with pytest.raises(Refusal) as refused:
            write(in_harbour, who, typed, "vault.mail_address")
        assert [name for name, _said in refused.value.problems] == [field]
        assert "nnn" not in str(refused.value.problems)
    with pytest.raises(Refusal):
        write(in_harbour, who, {"phone": "  "})


def test_writing_again_keeps_one_record_and_the_newest_words(in_harbour):
    who = somebody(in_harbour)
    first = write(in_harbour, who)
    second = write(in_harbour, who, {"phone": "another"})
    assert first.id == second.id
    assert SealedRecord.objects.count() == 1
    assert open_it(in_harbour, second) == {"phone": "another"}


@pytest.mark.parametrize("change", ["store", "version", "organisation", "swap"])
def test_bytes_that_were_moved_do_not_open(in_harbour, change: str):
    record, other = write(in_harbour, somebody(in_harbour)), write(in_harbour, somebody(in_harbour), {"phone": "2"})
    match change:
        case "store":
            SealedRecord.objects.filter(key=record.key).update(store="vault.identity")
            key = records._data_key(record, in_harbour.harbour.id)
            with pytest.raises(crypto.SealError):
                crypto.unlock_bytes(key, records.record_context(in_harbour.harbour.id, record.id, "vault.identity", 1), bytes(record.sealed))
            return
        case "version":
            SealedRecord.objects.filter(key=record.key).update(version=7)
        case "organisation":
            wrapped = keystore.get(record.data_key, in_harbour.harbour.id)
            with pytest.raises(crypto.SealError):
                keyring.unlock(records.key_context(in_harbour.hillside.id, record.data_key), wrapped)
            assert keystore.get(record.data_key, in_harbour.hillside.id) is None
            return
        case "swap":
            SealedRecord.objects.filter(key=record.key).update(sealed=bytes(other.sealed))
    with pytest.raises(crypto.SealError):
        open_it(in_harbour, record)


def test_twenty_a_day_and_no_more(in_harbour):
    record = write(in_harbour, somebody(in_harbour))
    for _time in range(20):
        open_it(in_harbour, record)
    with pytest.raises(records.TooMany):
        open_it(in_harbour, record)
    with time_machine.travel(clock.now() + timedelta(days=1, hours=1)):
        assert open_it(in_harbour, record) == PHONE


def test_what_was_erased_cannot_be_opened_by_anybody(in_harbour):
    record = write(in_harbour, somebody(in_harbour))
    erase(in_harbour, record)
    assert keystore.get(record.data_key, in_harbour.harbour.id) is None
    with pytest.raises(Denied):
        open_it(in_harbour, record)
    assert Erasure.objects.get().data_key == record.data_key


def test_a_key_that_a_restore_brought_back_goes_again(in_harbour):
    record = write(in_harbour, somebody(in_harbour))
    wrapped = keystore.get(record.data_key, in_harbour.harbour.id)
    kept = SealedRecord.objects.filter(key=record.key).values().get()
    erase(in_harbour, record)
    # An older keystore and an older main database come back; the list of erasures is in either of the two.
    keystore.put(id=record.data_key, organisation=in_harbour.harbour.id, wrapped=wrapped, on=record.written_on)
    SealedRecord.objects.create(**kept)
    assert records.reapply(in_harbour.harbour) == 1
    assert keystore.get(record.data_key, in_harbour.harbour.id) is None
    assert not SealedRecord.objects.exists()


def test_an_older_main_database_with_todays_keystore_shows_nothing(in_harbour):
    record = write(in_harbour, somebody(in_harbour))
    kept = SealedRecord.objects.filter(key=record.key).values().get()
    erase(in_harbour, record)
    SealedRecord.objects.create(**kept)
    with pytest.raises(records.Gone):
        open_it(in_harbour, record)


def test_an_address_goes_after_thirty_days_and_a_contact_half_a_year_after_it_was_used(in_harbour):
    who = somebody(in_harbour)
    address = write(in_harbour, who, {"name": "K. M.", "address": "P.O. Box 7"}, "vault.mail_address")
    contact = write(in_harbour, who)
    assert (records.goes_on(address, STORES["vault.mail_address"]) - address.written_on).days == 30
    SealedRecord.objects.filter(key=contact.key).update(used_on=contact.written_on + timedelta(days=100))
    contact.refresh_from_db()
    assert (records.goes_on(contact, STORES["vault.contact"]) - contact.written_on).days == 283
    assert [r.id for r in records.due(address.written_on + timedelta(days=31))] == [address.id]
    contact.used_on = contact.written_on + timedelta(days=360)
    assert (records.goes_on(contact, STORES["vault.contact"]) - contact.written_on).days == 366


def test_another_organisation_finds_nothing(world):
    with scope.enter([world.harbour.key]):
        from_harbour = write(world, somebody(world))
    with scope.enter([world.hillside.key]), pytest.raises(Denied):
        open_it(world, from_harbour, actor="stranger")


def test_the_keystore_belongs_to_the_owner_and_knows_no_participant(in_harbour):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone()[0] == "handrail_app"
    columns = keystore._run("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'", [])
    assert {name for _table, name in columns} <= {"id", "organisation", "wrapped", "made_on", "erased_on", "public"}
    assert keystore._run("SELECT tableowner FROM pg_tables WHERE schemaname = 'public' AND tablename = 'data_key'", []) == [("handrail_owner",)]


def test_a_device_holds_nothing(in_harbour):
    actor = organisations.system_actor(in_harbour.harbour)
    record = write(in_harbour, somebody(in_harbour))
    with pytest.raises(Denied):
        records.open_record(actor=actor, record=record.id, purpose="asked_to")
