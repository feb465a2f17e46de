"""The inbox: what is sealed to the programme is taken at any time, and read when the vault is open.

A pair of keys for each organisation, a new one every month. The public half seals, in a browser, on a device or here while
the vault is locked; the private half lies in the keystore, locked with the vault's key. Locking so never loses a record.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import DataError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from handrail.facts.models import Organisation, Site
from handrail.facts.organisations import system_actor
from handrail.facts.participants import group
from handrail.facts.queries import today
from handrail.facts.record import Refusal, lock_organisation
from handrail.kernel import audit, crypto, ids, keyring, scope
from handrail.kernel.access import Actor, Denied
from handrail.vault import keystore, outboxes, records, sealed_facts
from handrail.vault.keystore import IngestKey
from handrail.vault.models import InboxItem, Taken
from handrail.vault.spec import STORES, SealedStore

log = logging.getLogger("handrail.vault")
MONTH = 30
LARGEST = 256 * 1024
ACCEPTED, DUPLICATE = "accepted", "duplicate"
TOO_LARGE, UNKNOWN_KEY, ID_TAKEN = "too_large", "unknown_key", "id_taken"


class NoIngestKey(Refusal):
    """There is no key to seal to: the vault was never open since this organisation began."""

    def __init__(self) -> None:
        super().__init__([("", _("The vault was never unlocked, so nothing can be kept in it yet. Ask an officer to unlock it once."))])


@dataclass(frozen=True)
class Outcome:
    """What became of something for the vault: locked away now, or kept sealed until an officer unlocks."""

    waits: bool


def context_of(organisation: uuid.UUID, item: uuid.UUID) -> str:
    """What an item is bound to. The browser's script makes the same (`static/seal.js`)."""
    return f"hr/ingest/v1|{organisation}|{item}"


# -- keys ----------------------------------------------------------------------------------------------------------------


def current_key(organisation: uuid.UUID) -> IngestKey:
    """The newest pair; made now if there is none and the vault is open. Raises `NoIngestKey`."""
    found = keystore.ingest_keys(organisation)
    if found:
        return found[0]
    try:
        return _new_key(organisation)
    except keyring.Locked:
        raise NoIngestKey from None


def _new_key(organisation: uuid.UUID) -> IngestKey:
    private, public = crypto.new_pair()
    id = ids.random()
    made = IngestKey(id, public, keyring.lock(_key_context(organisation, id), private), today())
    keystore.put_ingest(made, organisation)
    return made


def _key_context(organisation: uuid.UUID, key: uuid.UUID) -> str:
    return f"hr/ingest-key/v1|{organisation}|{key}"


def rotate(organisation: uuid.UUID) -> bool:
    """A new pair once a month, and old ones destroyed as soon as nothing here and no device needs them. Whether a new one was made."""
    found = keystore.ingest_keys(organisation)
    made = False
    if not found or (today() - found[0].made_on).days >= MONTH:
        _new_key(organisation)
        made = True
    needed = set(InboxItem.objects.values_list("ingest_key", flat=True))
    since = outboxes.oldest_needed()
    for old in found[0 if made else 1 :]:
        # A page may still hold the key of the month before: it stays as long again as it was used.
        is_old = (today() - old.made_on).days >= 2 * MONTH
        if is_old and old.id not in needed and (since is None or since > old.made_on):
            keystore.forget_ingest(old.id, organisation)
    return made


# -- taking --------------------------------------------------------------------------------------------------------------


@transaction.atomic
def write_or_keep(*, actor: Actor, store: SealedStore, participant: uuid.UUID, site: Site, typed: Mapping[str, str], id: uuid.UUID) -> Outcome:
    """Write a sealed record down; while the vault is locked it is sealed to the programme and waits.

    Sent again it is done again, which changes nothing; sent again with other words, those are what stands.
    """
    records.require_writer(actor, store, participant, site)
    said = records.checked(store, typed)
    if keyring.is_open(keyring.VAULT):
        records.seal(actor=actor, store=store, participant=participant, site=site, said=said, organisation=actor.organisation_id)
        drop_waiting(participant, store.key)
        return Outcome(waits=False)
    key = current_key(actor.organisation_id)
    sealed = crypto.seal(key.public, context_of(actor.organisation_id, id), records.pad(json.dumps(said, ensure_ascii=False).encode()))
    _keep(actor, id, key.id, sealed, {"store": store.key, "participant": str(participant), "site": str(site.id)})
    return Outcome(waits=True)


@transaction.atomic
def take_sealed(*, actor: Actor, store: SealedStore, participant: uuid.UUID, site: Site, id: uuid.UUID, key: uuid.UUID, sealed: bytes) -> Outcome:
    """What a browser sealed itself. Kept first, then read if the vault is open; `Refusal` when what is inside cannot be written down.

    The same bytes again are here already; other bytes under the id are what was typed after a first try, and stand.
    """
    records.require_writer(actor, store, participant, site)
    taken = Taken.objects.filter(id=id).first()
    if taken is not None and crypto.same(bytes(taken.digest or b""), crypto.digest(sealed)):
        return Outcome(waits=False)
    if len(sealed) > LARGEST or key not in {known.id for known in keystore.ingest_keys(actor.organisation_id)}:
        raise Refusal([("", _("This page is too old to seal what you wrote. Copy it, open the page again and write it there."))])
    item = _keep(actor, id, key, sealed, {"store": store.key, "participant": str(participant), "site": str(site.id)})
    if not keyring.is_open(keyring.VAULT):
        return Outcome(waits=True)
    try:
        with transaction.atomic():
            _take_in(item, actor=actor, organisation=actor.organisation_id)
            return Outcome(waits=False)
    except (keyring.Locked, keystore.NoKeystore):  # locked in between: it waits
        return Outcome(waits=True)
    except (crypto.SealError, UnicodeError, json.JSONDecodeError):
        raise Refusal([("", _("What your browser sealed cannot be opened. Copy what you wrote, open the page again and write it there."))]) from None


def _put(actor: Actor, id: uuid.UUID, key: uuid.UUID, sealed: bytes, sort: str, about: dict[str, str]) -> InboxItem:
    item: InboxItem = InboxItem.objects.create(
        organisation_id=actor.organisation, id=id, sort=sort, ingest_key=key, sealed=sealed, received_on=today(),
        staff=actor.staff_id, device=actor.device, about=about,
    )
    return item


def _keep(actor: Actor, id: uuid.UUID, key: uuid.UUID, sealed: bytes, about: dict[str, str]) -> InboxItem:
    """Keep it until it is read. Of one form the newest words wait; an id of something else is refused."""
    before = InboxItem.objects.select_for_update().filter(id=id).first()
    if before is not None and (before.staff, before.about) != (actor.staff_id, about):
        raise Refusal([("", _("Something else was sent under this id."))])
    if before is not None:
        before.delete()
    item = _put(actor, id, key, sealed, InboxItem.Sort.RECORD, about)
    audit.write("inbox.kept", actor=actor, object_kind="inbox_item", object_id=id, detail={"store": about.get("store", "")})
    return item


def of_person(participant: uuid.UUID, store: str = "") -> QuerySet[InboxItem]:
    """What waits about a person, of all their records; of one store or of any."""
    found = InboxItem.objects.filter(sort=InboxItem.Sort.RECORD, about__participant__in=[str(who) for who in group(participant)])
    return found.filter(about__store=store) if store else found


@transaction.atomic
def forget(*, actor: Actor, store: SealedStore, participant: uuid.UUID, site: int | None, why: str) -> int:
    """The person wants it gone: the record, and what waits to become one. Raises `Denied` where this actor may do neither."""
    gone = records.erase_of(actor=actor, store=store, participant=participant, why=why)
    if store.may_write(actor, site) or store.may_open(actor, site):
        waited = drop_waiting(participant, store.key)
        if waited:
            audit.write("inbox.dropped", actor=actor, object_kind="participant", object_id=participant, detail={"store": store.key, "items": waited})
        gone += waited
    if not gone:
        raise Denied(f"forget {store.key}")
    return gone


def drop_waiting(participant: uuid.UUID, store: str, *, before: int | None = None) -> int:
    """Remove what waits about a person: something newer stands, or they want it gone. How many."""
    found = of_person(participant, store)
    return (found if before is None else found.filter(key__lt=before)).delete()[0]


# -- facts that a device sealed --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sent:
    """Something that a device sealed: an id of its own, the key it is sealed to, and bytes."""

    id: uuid.UUID
    key: uuid.UUID
    sealed: bytes


@transaction.atomic
def take_facts(*, actor: Actor, sent: Sequence[Sent]) -> list[str]:
    """Keep what a device sealed, and record it at once if the vault is open. For each: accepted, duplicate, or why it is refused."""
    lock_organisation()
    known, kept, said = {key.id for key in keystore.ingest_keys(actor.organisation_id)}, [], []
    for one in sent:
        digest = _digest_here(one.id)
        if digest is not None:
            said.append(DUPLICATE if crypto.same(digest, crypto.digest(one.sealed)) else ID_TAKEN)
        elif len(one.sealed) > LARGEST:
            said.append(TOO_LARGE)
        elif one.key not in known:
            said.append(UNKNOWN_KEY)
        else:
            kept.append(_put(actor, one.id, one.key, one.sealed, InboxItem.Sort.FACTS, {}))
            said.append(ACCEPTED)
    if kept:
        audit.write("inbox.kept", actor=actor, object_kind="inbox_item", object_id=kept[0].id, detail={"sort": "facts", "items": len(kept)})
        _read_now(kept, actor)
    return said


def _digest_here(id: uuid.UUID) -> bytes | None:
    """The digest of what is here under this id; empty where none was kept, None when nothing is."""
    waits = InboxItem.objects.filter(id=id).values_list("sealed", flat=True).first()
    if waits is not None:
        return crypto.digest(bytes(waits))
    taken = Taken.objects.filter(id=id).first()
    return None if taken is None else bytes(taken.digest or b"")


def _read_now(kept: Sequence[InboxItem], actor: Actor) -> None:
    """Record what was kept just now. Locked, now or in between, it waits: it is kept either way."""
    if not keyring.is_open(keyring.VAULT):
        return
    with suppress(keyring.Locked, keystore.NoKeystore):
        for item in kept:
            _try(item, actor.organisation_id, actor)


# -- reading -------------------------------------------------------------------------------------------------------------


def waiting() -> int:
    """How many items wait, of the organisation in scope."""
    return InboxItem.objects.count()


def process(organisation: Organisation) -> tuple[int, int]:
    """Take in whatever waits: how many were taken, and how many a person has to look at. Raises `keyring.Locked`."""
    if not keyring.is_open(keyring.VAULT):
        raise keyring.Locked(keyring.VAULT)
    taken = failed = 0
    with scope.enter([organisation.key]):
        listed = list(InboxItem.objects.filter(problem="").order_by("key").values_list("key", flat=True))
    for key in listed:
        with scope.enter([organisation.key]):
            item = InboxItem.objects.select_for_update(skip_locked=True).filter(key=key).first()
            if item is None:
                continue
            is_taken = _try(item, organisation.id, system_actor(organisation))
            taken, failed = taken + is_taken, failed + (not is_taken)
    return taken, failed


def _try(item: InboxItem, organisation: uuid.UUID, actor: Actor) -> bool:
    """Take in one item; False when a person has to look, and the item stays with the reason. Raises `keyring.Locked`."""
    try:
        with transaction.atomic():
            if item.sort == InboxItem.Sort.FACTS:
                sealed_facts.record(item, _plain(item, organisation))
            else:
                _take_in(item, actor=actor, organisation=organisation)
    except (crypto.SealError, Refusal, ValueError, LookupError, RecursionError, ObjectDoesNotExist, DataError) as error:
        if isinstance(error, (keyring.Locked, keystore.NoKeystore)):  # nothing is wrong with the item
            raise
        item.problem = _sentence(error)[:200]
        item.save(update_fields=["problem"])
        log.warning("An item of the inbox could not be taken in: %s", type(error).__name__)
    return not item.problem


def take(item: InboxItem, *, actor: Actor) -> bool:
    """The same for somebody who had it tried again."""
    return _try(item, actor.organisation_id, actor)


def _sentence(error: Exception) -> str:
    """Why an item could not be taken in, for whoever has to look."""
    if isinstance(error, Refusal) and error.problems:
        return str(error.problems[0][1])
    if isinstance(error, Site.DoesNotExist):
        return _("The place it came from is not known here.")
    if isinstance(error, LookupError):
        return _("The device that sent it was ended, or the place for it is not known to this version.")
    if isinstance(error, crypto.SealError):
        return _("It does not open: it was damaged on its way, or sealed to a key that is gone.")
    return _("What is inside is not a record that this version can read.")


def _take_in(item: InboxItem, *, actor: Actor, organisation: uuid.UUID) -> None:
    """Open one item, put it where it belongs, and remove it."""
    said = _words(_plain(item, organisation))
    store, about = STORES[item.about["store"]], item.about
    site = Site.objects.get(id=about["site"])
    participant = uuid.UUID(about["participant"])
    records.seal(actor=actor, store=store, participant=participant, site=site, said=records.checked(store, said), organisation=organisation)
    drop_waiting(participant, store.key, before=item.key)
    sealed_facts.done(item)


def _plain(item: InboxItem, organisation: uuid.UUID) -> bytes:
    """What is inside an item; raises `keyring.Locked` or `crypto.SealError`."""
    key = next((k for k in keystore.ingest_keys(organisation) if k.id == item.ingest_key), None)
    if key is None:
        raise crypto.SealError("The key it was sealed to was destroyed.")
    private = keyring.unlock(_key_context(organisation, key.id), key.wrapped)
    return records.unpad(crypto.unseal(private, context_of(organisation, item.id), bytes(item.sealed)))


def _words(plain: bytes) -> dict[str, str]:
    """The fields of a record."""
    found: Any = json.loads(plain)
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise crypto.SealError("What was sealed is not a record.")
    json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair cannot be stored
    return {str(name): value for name, value in found.items()}
