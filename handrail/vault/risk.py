"""How much an installation risks: sealing the keys to officers, taking the seal off, exchanging the vault's key, and beginning again
when nobody can open them any more. Only while the server stands still; every step can be interrupted and run again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.conf import settings
from psycopg import sql

from handrail.facts.models import Handle, Organisation
from handrail.facts.organisations import system_actor
from handrail.kernel import audit, clock, crypto, keyholder, keyring, officers, private_files, scope
from handrail.kernel.keyring import CODES, RINGS, VAULT, Mode
from handrail.kernel.officers import Officer, OfficerError
from handrail.vault import inbox, keystore
from handrail.vault.models import InboxItem, SealedRecord


def _folder() -> Path:
    keys: Path = settings.CONFIG.keys
    return keys


def _today() -> date:
    return clock.local_date(clock.now(), "UTC")


def _note(action: str, **detail: object) -> None:
    """One audit line in every organisation."""
    for organisation in Organisation.objects.all():
        with scope.enter([organisation.key]):
            audit.write(action, actor=system_actor(organisation), object_kind="keys", detail=dict(detail))


# -- officers ------------------------------------------------------------------------------------------------------------


def add(officer: Officer, *, identity: str = "") -> None:
    """Put somebody on the list; in high-risk mode another officer's key seals the rings anew. Raises `OfficerError` or `crypto.SealError`."""
    listed = officers.all_of(_folder())
    if any(known.name == officer.name for known in listed):
        raise OfficerError(f"There is an officer “{officer.name}” already. Remove them first, or use another name.")
    _reseal([*listed, officer], identity)
    _note("keys.officer_added", officer=officer.name)


def remove(name: str, *, identity: str = "") -> None:
    """Take somebody off the list. What they could open before they still can from an older copy: exchange the vault's key as well."""
    listed = officers.all_of(_folder())
    left = [officer for officer in listed if officer.name != name]
    if len(left) == len(listed):
        raise OfficerError(f"There is no officer “{name}”.")
    if keyring.mode() is Mode.HIGH and not officers.are_enough(left):
        raise OfficerError("Then fewer than two officers and a key on paper would be left. Add somebody else first.")
    _reseal(left, identity)
    _note("keys.officer_removed", officer=name)


def _reseal(listed: list[Officer], identity: str) -> None:
    folder = _folder()
    if keyring.mode() is Mode.LOW:
        officers.keep(folder, listed)
        return
    opened = {ring: officers.open_ring(folder, ring, identity) for ring in RINGS}
    officers.keep(folder, listed)
    for ring, keys in opened.items():
        officers.seal_ring(folder, ring, keys)


# -- modes ---------------------------------------------------------------------------------------------------------------


def go_high() -> None:
    """From now on the disk holds the keys only sealed. The vault's key is a new one: the old one lay open on this disk."""
    folder = _folder()
    if keyring.mode() is Mode.HIGH:
        _remove_open_keys(folder)  # of a change that was interrupted
        return
    if not officers.are_enough(officers.all_of(folder)):
        raise OfficerError("Two officers and a key on paper are needed first: whichever is lost, somebody can still open.")
    for organisation in Organisation.objects.all():
        with scope.enter([organisation.key]):
            inbox.current_key(organisation.id)
    old, new = crypto.key(folder, VAULT), crypto.new_key()
    officers.seal_ring(folder, CODES, {name: crypto.key(folder, name) for name in RINGS[CODES]})
    _note("keys.sealed", officers=len(officers.all_of(folder)))
    _exchange([old], new, lambda: officers.seal_ring(folder, VAULT, {VAULT: new, keyholder.BEFORE: old}))
    officers.seal_ring(folder, VAULT, {VAULT: new})
    _remove_open_keys(folder)


def go_low(*, identity: str) -> None:
    """The keys lie open again, for this user alone: the server starts unattended, and whoever has the disk has the keys."""
    folder = _folder()
    if keyring.mode() is Mode.LOW:
        return
    for ring in RINGS:
        for name, value in officers.open_ring(folder, ring, identity).items():
            private_files.write(folder / f"{name}.key", value)
    for ring in (CODES, VAULT):
        keyring.sealed_file(ring).unlink()
    private_files.sync(folder)
    crypto.key.cache_clear()
    _note("keys.unsealed")


def exchange(*, identity: str = "") -> int:
    """A new key for the vault; every record's key is locked with it instead. How many were."""
    folder, new = _folder(), crypto.new_key()
    if keyring.mode() is Mode.HIGH:
        opened = officers.open_ring(folder, VAULT, identity)
        old = [opened[name] for name in (VAULT, keyholder.BEFORE) if name in opened]
        done = _exchange(old, new, lambda: officers.seal_ring(folder, VAULT, {VAULT: new, keyholder.BEFORE: old[0]}))
        officers.seal_ring(folder, VAULT, {VAULT: new})
    else:
        before = folder / f"{keyholder.BEFORE}.key"
        old = [crypto.key(folder, VAULT), *([crypto.key(folder, keyholder.BEFORE)] if before.exists() else [])]

        def put() -> None:
            private_files.write(before, old[0])
            private_files.write(folder / f"{VAULT}.key", new)

        done = _exchange(old, new, put)
        before.unlink()
        crypto.key.cache_clear()
    _note("keys.exchanged", keys=done)
    return done


def _exchange(old: list[bytes], new: bytes, put: Callable[[], None]) -> int:
    """Lock everything in the keystore with a new key. `put` stores both keys before it is committed: whenever it is interrupted, one fits."""
    contexts = {"data_key": "hr/data-key/v1|{organisation}|{id}", "ingest_key": "hr/ingest-key/v1|{organisation}|{id}"}
    done = 0
    with keystore.transaction() as connection:
        for table, context in contexts.items():
            rows = connection.execute(sql.SQL("SELECT id, organisation, wrapped FROM {} FOR UPDATE").format(sql.Identifier(table))).fetchall()
            for id, organisation, wrapped in rows:
                bound = context.format(organisation=organisation, id=id)
                try:
                    plain = keyholder.open_with(old, bound, bytes(wrapped))
                except crypto.SealError:
                    continue  # of keys that were lost: it opens with none of ours, and stays as it is
                connection.execute(
                    sql.SQL("UPDATE {} SET wrapped = %s WHERE id = %s").format(sql.Identifier(table)), [crypto.lock_bytes(new, bound, plain), id]
                )
                done += 1
        put()
    return done


def _remove_open_keys(folder: Path) -> None:
    """Overwrite and remove the open key files. What a disk keeps of them nobody can promise; the vault's key is a new one."""
    for name in [name for names in RINGS.values() for name in names] + [keyholder.BEFORE]:
        path = folder / f"{name}.key"
        with suppress(FileNotFoundError), path.open("r+b") as handle:
            handle.write(crypto.new_key())
            handle.flush()
        path.unlink(missing_ok=True)
    private_files.sync(folder)
    crypto.key.cache_clear()


def left_open(folder: Path) -> list[str]:
    """Key files that lie open although the keys are sealed: a change that was interrupted."""
    if not keyring.sealed_file(VAULT, folder).exists():
        return []
    return [f"{name}.key" for names in RINGS.values() for name in names if (folder / f"{name}.key").exists()]


# -- when nobody can open them any more ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lost:
    """What is gone with the keys. Facts, visits, stock and numbers are as they were."""

    sealed_records: int
    waiting: int


def begin_again() -> Lost:
    """New keys, because all officers and the paper are lost. Sealed records stay unreadable; cards and self-made codes have to be given anew."""
    folder = _folder()
    if keyring.mode() is Mode.LOW:
        raise OfficerError("The keys are not sealed; there is nothing to begin again.")
    stamp = clock.now().strftime("%Y%m%dT%H%M%SZ")
    for name in (*(f"{ring}.age" for ring in RINGS), "officers.json"):
        if (folder / name).exists():
            (folder / name).rename(folder / f"{name}.lost-{stamp}")
    private_files.sync(folder)
    crypto.key.cache_clear()
    records = waiting = 0
    for organisation in Organisation.objects.all():
        with scope.enter([organisation.key]):
            records += SealedRecord.objects.count()
            waiting += InboxItem.objects.count()
            Handle.objects.all().delete()  # nobody can read them; people say again what they like to be called
            for key in keystore.ingest_keys(organisation.id):
                keystore.forget_ingest(key.id, organisation.id)
    _note("keys.lost", sealed_records=records, waiting=waiting)
    return Lost(records, waiting)
