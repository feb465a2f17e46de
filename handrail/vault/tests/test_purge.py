"""What is sealed goes when its time is over, by the purge's own role, and stays while a hold stands."""

from __future__ import annotations

from datetime import timedelta

import time_machine

from handrail.facts import purge
from handrail.facts.models import Organisation, Participant, Site
from handrail.kernel import clock, ids, scope
from handrail.kernel.database import as_purge
from handrail.kernel.retention import CLASSES, Holds, privileges
from handrail.vault import keystore, records
from handrail.vault.models import Erasure, SealedRecord
from handrail.vault.spec import STORES
from tests import world as small_world


def test_every_sealed_store_is_a_class_of_what_is_kept():
    assert set(STORES.all()) <= set(CLASSES.all())
    assert privileges()["vault_sealedrecord"] == {"DELETE"}
    assert privileges()["vault_erasure"] == {"INSERT"}


def _write(world, who, store, typed):
    return records.write(actor=world.actors["naima"], store=STORES[store], participant=who, site=Site.objects.get(id=world.van.id), typed=typed)


def test_the_night_destroys_what_is_due_and_nothing_else(own_database):
    world = small_world.find()
    with scope.enter([world.harbour.key]):
        who = ids.random()
        Participant.objects.create(organisation=world.harbour, id=who)
        address = _write(world, who, "vault.mail_address", {"name": "K. M.", "address": "P.O. Box 7"})
        contact = _write(world, who, "vault.contact", {"phone": "1"})
    organisation = Organisation.objects.get(key=world.harbour.key)
    with time_machine.travel(clock.now() + timedelta(days=32)), as_purge():
        night = purge.run(organisation)
    assert night.failed == ()
    assert (night.done["vault.mail_address"].count, night.done["vault.contact"].count) == (1, 0)
    with scope.enter([world.harbour.key]):
        assert [row.id for row in SealedRecord.objects.all()] == [contact.id]
        assert Erasure.objects.get().why == Erasure.Why.TIME
    assert keystore.get(address.data_key, organisation.id) is None
    assert keystore.get(contact.data_key, organisation.id) is not None
    assert address.data_key in keystore.erased(organisation.id)


def test_a_hold_keeps_it(in_harbour):
    who = ids.random()
    Participant.objects.create(organisation=in_harbour.harbour, id=who)
    _write(in_harbour, who, "vault.mail_address", {"name": "K. M.", "address": "P.O. Box 7"})
    with time_machine.travel(clock.now() + timedelta(days=32)):
        for holds in (Holds(everything=True), Holds(people=frozenset({who}))):
            done = CLASSES["vault.mail_address"].purge(before=clock.local_date(clock.now(), "UTC"), holds=holds)
            assert (done.count, done.held) == (0, 1)
    assert SealedRecord.objects.count() == 1
