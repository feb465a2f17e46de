"""The inbox: what is sealed is taken at any time, read when the vault opens, and never lost, doubled or brought back."""

from __future__ import annotations

import pytest

from handrail.facts.record import Refusal
from handrail.kernel import crypto, ids
from handrail.kernel.access import Denied
from handrail.kernel.keyring import Locked
from handrail.kernel.models import AuditEntry
from handrail.vault import inbox, keystore, records, risk, stuck
from handrail.vault.models import Erasure, InboxItem, SealedRecord, Taken
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


def damaged(own_keys):
    """An item that does not open, because it was made for another id."""
    key = inbox.current_key(own_keys.harbour.id)
    sealed = crypto.seal(key.public, inbox.context_of(own_keys.harbour.id, ids.random()), records.pad(b'{"phone": "1"}'))
    about = {"store": "vault.contact", "participant": str(somebody(own_keys)), "site": str(own_keys.van.id)}
    return inbox._keep(own_keys.actors["naima"], ids.random(), key.id, sealed, about)


def test_a_person_sees_what_did_not_open_and_says_that_it_is_not_needed(own_keys):
    item = damaged(own_keys)
    inbox.process(own_keys.harbour)
    (shown,) = stuck.listed()
    assert (shown.id, str(shown.what), shown.site, shown.brought_by) == (item.id, "How to reach them", own_keys.van.name, "Naima")
    assert shown.problem == "It does not open: it was damaged on its way, or sealed to a key that is gone."
    assert not stuck.try_again(actor=own_keys.system, id=item.id)
    assert stuck.listed()[0].problem == shown.problem
    stuck.remove(actor=own_keys.system, id=item.id, why=stuck.NotNeeded.CANNOT_BE_READ)
    assert stuck.listed() == []
    assert Taken.objects.filter(id=item.id).exists(), "sent again it does not begin anew"
    assert AuditEntry.objects.filter(action="inbox.removed", detail__why="cannot_be_read").exists()
    with pytest.raises(Denied):
        stuck.remove(actor=own_keys.system, id=item.id, why=stuck.NotNeeded.CANNOT_BE_READ)


def test_what_stood_in_the_way_is_gone_and_it_is_taken_in(own_keys):
    who = somebody(own_keys)
    key = inbox.current_key(own_keys.harbour.id)
    about, id = {"store": "vault.contact", "participant": str(who), "site": str(ids.random())}, ids.random()
    sealed = crypto.seal(key.public, inbox.context_of(own_keys.harbour.id, id), records.pad(b'{"phone": "0700 000"}'))
    inbox._keep(own_keys.actors["naima"], id, key.id, sealed, about)
    whole = damaged(own_keys)
    assert inbox.process(own_keys.harbour) == (0, 2), "one that cannot be placed does not stop those behind it"
    assert {one.problem for one in stuck.listed() if one.id == id} == {"The place it came from is not known here."}
    InboxItem.objects.filter(id=id).update(about=about | {"site": str(own_keys.van.id)})
    assert stuck.try_again(actor=own_keys.system, id=id)
    assert open_it(own_keys, SealedRecord.objects.get()) == {"phone": "0700 000"}
    assert [one.id for one in stuck.listed()] == [whole.id]


def test_nothing_is_tried_while_the_vault_is_locked(three, holders):
    item = damaged(three)
    InboxItem.objects.update(problem="damaged")
    risk.go_high()
    holders()
    with pytest.raises(Locked):
        stuck.try_again(actor=three.system, id=item.id)
    assert stuck.listed()[0].problem == "damaged"
