"""The inbox: what is sealed is taken at any time, read when the vault opens, and never lost, doubled or brought back."""

from __future__ import annotations

import pytest

from handrail.facts.record import Refusal
from handrail.kernel import crypto, ids
from handrail.kernel.access import Denied
from handrail.kernel.keyring import Locked
from handrail.vault import inbox, keystore, records, risk
from handrail.vault.models import Erasure, InboxItem, SealedRecord
from handrail.vault.spec import STORES
from handrail.vault.tests.opening import OTHERS, WORDS, unlock
from handrail.vault.tests.test_records import PHONE, open_it, somebody, write


def test_a_locked_vault_takes_what_is_written_and_reads_it_when_it_opens(three, holders):
    risk.go_high()
    holders()
    who, id = somebody(three), ids.random()
    kept = {"actor": three.actors["naima"], "store": STORES["vault.contact"], "participant": who, "site": three.van, "typed": PHONE, "id": id}
    assert inbox.write_or_keep(**kept).waits
    assert inbox.write_or_keep(**kept).waits, "sent twice it is here once"
    assert inbox.waiting() == 1
    assert b"254" not in bytes(InboxItem.objects.get().sealed)
    assert not SealedRecord.objects.exists()
    with pytest.raises(Locked):
        inbox.process(three.harbour)
    unlock(officer="Ben", words=OTHERS)
    assert inbox.process(three.harbour) == (1, 0)
    assert inbox.waiting() == 0
    assert open_it(three, SealedRecord.objects.get()) == PHONE
    assert not inbox.write_or_keep(**kept).waits
    assert SealedRecord.objects.count() == 1


def test_an_item_moved_to_another_id_or_damaged_is_kept_for_a_person_to_look_at(own_keys):
    who, id = somebody(own_keys), ids.random()
    key = inbox.current_key(own_keys.harbour.id)
    sealed = crypto.seal(key.public, inbox.context_of(own_keys.harbour.id, ids.random()), records.pad(b'{"phone": "1"}'))
    inbox._keep(own_keys.actors["naima"], id, key.id, sealed, {"store": "vault.contact", "participant": str(who), "site": str(own_keys.van.id)})
    assert inbox.process(own_keys.harbour) == (0, 1)
    assert InboxItem.objects.get().problem
    assert not SealedRecord.objects.exists()


def test_a_new_key_each_month_and_the_old_one_goes_when_nothing_needs_it(own_keys):
    org = own_keys.harbour.id
    first = inbox.current_key(org)
    assert inbox.rotate(org) is False
    keystore._run("UPDATE ingest_key SET made_on = made_on - 31", [])
    assert inbox.rotate(org) is True
    assert inbox.current_key(org).id != first.id
    keystore._run("UPDATE ingest_key SET made_on = made_on - 40", [])
    inbox._keep(own_keys.actors["naima"], ids.random(), first.id, b"\1", {"store": "vault.contact"})
    inbox.rotate(org)
    assert first.id in {key.id for key in keystore.ingest_keys(org)}, "something waits that is sealed to it"
    InboxItem.objects.all().delete()
    inbox.rotate(org)
    assert first.id not in {key.id for key in keystore.ingest_keys(org)}


def test_what_was_typed_after_a_first_try_stands_whether_or_not_the_vault_was_open(three, holders):
    """Back, another number, send: the form has the same id, and the words are not the same."""
    who, id = somebody(three), ids.random()
    form = {"actor": three.actors["naima"], "store": STORES["vault.contact"], "participant": who, "site": three.van, "id": id}
    inbox.write_or_keep(**form, typed={"phone": "first"})
    inbox.write_or_keep(**form, typed={"phone": "second"})
    assert open_it(three, SealedRecord.objects.get()) == {"phone": "second"}
    risk.go_high()
    holders()
    inbox.write_or_keep(**form, typed={"phone": "third"})
    inbox.write_or_keep(**form, typed={"phone": "fourth"})
    assert inbox.waiting() == 1
    unlock(officer="Ada", words=WORDS)
    assert inbox.process(three.harbour) == (1, 0)
    assert open_it(three, SealedRecord.objects.get()) == {"phone": "fourth"}


def test_what_waited_never_overwrites_what_was_written_after_it(three, holders):
    who = somebody(three)
    form = {"actor": three.actors["naima"], "store": STORES["vault.contact"], "participant": who, "site": three.van}
    risk.go_high()
    holders()
    assert inbox.write_or_keep(**form, typed={"phone": "older"}, id=ids.random()).waits
    unlock(officer="Ada", words=WORDS)
    assert not inbox.write_or_keep(**form, typed={"phone": "newer"}, id=ids.random()).waits
    assert inbox.process(three.harbour) == (0, 0)
    assert open_it(three, SealedRecord.objects.get()) == {"phone": "newer"}


def test_who_wants_it_gone_is_not_brought_back_by_what_waits(three, holders):
    who, naima = somebody(three), three.actors["naima"]
    form = {"actor": naima, "store": STORES["vault.contact"], "participant": who, "site": three.van}
    write(three, who)
    risk.go_high()
    holders()
    inbox.write_or_keep(**form, typed={"phone": "waits"}, id=ids.random())
    assert inbox.forget(actor=naima, store=STORES["vault.contact"], participant=who, site=three.van.key, why=Erasure.Why.PERSON) == 2
    unlock(officer="Ada", words=WORDS)
    assert inbox.process(three.harbour) == (0, 0)
    assert not SealedRecord.objects.exists()
    with pytest.raises(Denied):
        inbox.forget(actor=naima, store=STORES["vault.contact"], participant=who, site=three.van.key, why=Erasure.Why.PERSON)


def test_somebody_elses_waiting_words_are_not_replaced(three, holders):
    who, id = somebody(three), ids.random()
    risk.go_high()
    holders()
    form = {"store": STORES["vault.contact"], "participant": who, "site": three.van, "typed": PHONE, "id": id}
    inbox.write_or_keep(actor=three.actors["naima"], **form)
    other = somebody(three)
    with pytest.raises(Refusal) as refused:
        inbox.write_or_keep(actor=three.actors["naima"], **form | {"participant": other})
    assert refused.value.problems == (("", "Something else was sent under this id."),)
    assert inbox.waiting() == 1
