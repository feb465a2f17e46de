"""What a browser sealed and nobody can open is refused while somebody still sits before it, with a sentence and without a trace."""

from __future__ import annotations

import json

import pytest

from handrail.facts.record import Refusal
from handrail.kernel import crypto, ids, keyring
from handrail.vault import inbox, records
from handrail.vault.models import InboxItem, SealedRecord, Taken
from handrail.vault.spec import STORES
from handrail.vault.tests.test_records import PHONE, somebody


def take(world, sealed: bytes, id=None) -> inbox.Outcome:
    key = inbox.current_key(world.harbour.id)
    return inbox.take_sealed(
        actor=world.actors["naima"], store=STORES["vault.contact"], participant=somebody(world), site=world.van, id=id or ids.random(), key=key.id, sealed=sealed
    )


def seal(world, id, plain: bytes) -> bytes:
    return crypto.seal(inbox.current_key(world.harbour.id).public, inbox.context_of(world.harbour.id, id), plain)


def test_what_opens_is_written_down(in_harbour):
    id = ids.random()
    assert not take(in_harbour, seal(in_harbour, id, records.pad(json.dumps(PHONE).encode())), id).waits
    assert SealedRecord.objects.count() == 1


@pytest.mark.parametrize("plain", [None, b"", b"\0\0\0\xff", b"no json", b"[1]", b'{"phone": 1}', b'{"phone": "\\ud83d"}', b"\xff\xfe"])
def test_what_cannot_be_opened_is_refused_with_a_sentence_and_leaves_nothing(in_harbour, plain: bytes | None):
    id = ids.random()
    raw = b"\1" * 80 if plain is None else seal(in_harbour, id, plain if plain == b"\0\0\0\xff" else records.pad(plain))
    with pytest.raises(Refusal, match="Copy what you wrote, open the page again"):
        take(in_harbour, raw, id)
    assert not InboxItem.objects.exists()
    assert not Taken.objects.exists()


def test_a_vault_that_locks_in_between_keeps_it(in_harbour, monkeypatch):
    def locked(_context: str, _raw: bytes) -> bytes:
        raise keyring.Locked(keyring.VAULT)

    id = ids.random()
    raw = seal(in_harbour, id, records.pad(json.dumps(PHONE).encode()))
    monkeypatch.setattr(keyring, "unlock", locked)
    assert take(in_harbour, raw, id).waits
    assert InboxItem.objects.count() == 1
