"""The inbox: what is sealed to the programme is taken at any time, and read when the vault is open.

A pair of keys for each organisation, a new one every month. The public half seals, in a browser, on a device or here while
the vault is locked; the private half lies in the keystore, locked with the vault's key. Locking so never loses a record.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from handrail.facts.models import Organisation, Site
from handrail.facts.organisations import system_actor
from handrail.facts.queries import today
from handrail.facts.record import Refusal
from handrail.kernel import audit, crypto, ids, keyring, scope
from handrail.kernel.access import Actor
from handrail.vault import keystore, records
from handrail.vault.keystore import IngestKey
from handrail.vault.models import InboxItem, SealedRecord, Taken
from handrail.vault.spec import STORES, SealedStore

log = logging.getLogger("handrail.vault")
MONTH = 30
LARGEST = 256 * 1024


class NoIngestKey(Refusal):
    """There is no key to seal to: the vault was never open since this organisation began."""

    def __init__(self) -> None:
        super().__init__([("", _("The vault was never unlocked, so nothing can be kept in it yet. Ask an officer to unlock it once."))])


@dataclass(frozen=True)
class Outcome:
    """What became of something for the vault: locked away now, or kept sealed until it opens."""

    record: SealedRecord | None

    @property
    def waits(self) -> bool:
        """Whether it waits for an officer."""
        return self.record is None


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
    """A new pair once a month, and old ones destroyed as soon as nothing here needs them. Whether a new one was made."""
    found = keystore.ingest_keys(organisation)
    made = False
    if not found or (today() - found[0].made_on).days >= MONTH:
        _new_key(organisation)
        made = True
    needed = set(InboxItem.objects.values_list("ingest_key", flat=True))
    for old in found[0 if made else 1 :]:
        # A page or a device may still hold the key of the month before: it stays as long again as it was used.
        if old.id not in needed and (today() - old.made_on).days >= 2 * MONTH:
            keystore.forget_ingest(old.id, organisation)
    return made


# -- taking --------------------------------------------------------------------------------------------------------------


@transaction.atomic
def write_or_keep(*, actor: Actor, store: SealedStore, participant: uuid.UUID, site: Site, typed: Mapping[str, str], id: uuid.UUID) -> Outcome:
    """Write a sealed record down; while the vault is locked it is sealed to the programme and waits. Sent twice, it is done once."""
    records.require_writer(actor, store, participant, site)
    said = records.checked(store, typed)
    if Taken.objects.filter(id=id).exists() or InboxItem.objects.filter(id=id).exists():
        return Outcome(SealedRecord.objects.filter(store=store.key, participant=participant).first())
    if keyring.is_open(keyring.VAULT):
        made = records.seal(actor=actor, store=store, participant=participant, site=site, said=said, organisation=actor.organisation_id)
        Taken.objects.create(organisation_id=actor.organisation, id=id, on=today())
        return Outcome(made)
    key = current_key(actor.organisation_id)
    sealed = crypto.seal(key.public, context_of(actor.organisation_id, id), records.pad(json.dumps(said, ensure_ascii=False).encode()))
    _keep(actor, id, key.id, sealed, {"store": store.key, "participant": str(participant), "site": str(site.id)})
    return Outcome(None)


@transaction.atomic
def take_sealed(*, actor: Actor, store: SealedStore, participant: uuid.UUID, site: Site, id: uuid.UUID, key: uuid.UUID, sealed: bytes) -> Outcome:
    """What a browser sealed itself. Kept first, then read if the vault is open; `Refusal` when what is inside cannot be written down."""
    records.require_writer(actor, store, participant, site)
    if Taken.objects.filter(id=id).exists() or InboxItem.objects.filter(id=id).exists():
        return Outcome(SealedRecord.objects.filter(store=store.key, participant=participant).first())
    if len(sealed) > LARGEST or key not in {known.id for known in keystore.ingest_keys(actor.organisation_id)}:
        raise Refusal([("", _("This page is too old to seal what you wrote. Copy it, open the page again and write it there."))])
    item = _keep(actor, id, key, sealed, {"store": store.key, "participant": str(participant), "site": str(site.id)})
    if not keyring.is_open(keyring.VAULT):
        return Outcome(None)
    return Outcome(_take_in(item, actor=actor, organisation=actor.organisation_id))


def _keep(actor: Actor, id: uuid.UUID, key: uuid.UUID, sealed: bytes, about: dict[str, str]) -> InboxItem:
    item: InboxItem = InboxItem.objects.create(
        organisation_id=actor.organisation, id=id, sort=InboxItem.Sort.RECORD, ingest_key=key, sealed=sealed, received_on=today(),
        staff=actor.staff_id, device=actor.device, about=about,
    )
    audit.write("inbox.kept", actor=actor, object_kind="inbox_item", object_id=id, detail={"store": about.get("store", "")})
    return item


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
            try:
                with transaction.atomic():
                    _take_in(item, actor=system_actor(organisation), organisation=organisation.id)
                taken += 1
            except (keyring.Locked, keystore.NoKeystore):  # nothing is wrong with the item
                raise
            except (crypto.SealError, Refusal, ValueError, LookupError) as error:
                failed += 1
                item.problem = (str(error.problems[0][1]) if isinstance(error, Refusal) and error.problems else type(error).__name__)[:200]
                item.save(update_fields=["problem"])
                log.warning("An item of the inbox could not be taken in: %s", type(error).__name__)
    return taken, failed


def _take_in(item: InboxItem, *, actor: Actor, organisation: uuid.UUID) -> SealedRecord:
    """Open one item, put it where it belongs, and remove it."""
    said = _opened(item, organisation)
    store, about = STORES[item.about["store"]], item.about
    site = Site.objects.get(id=about["site"])
    made = records.seal(
        actor=actor, store=store, participant=uuid.UUID(about["participant"]), site=site, said=records.checked(store, said), organisation=organisation
    )
    Taken.objects.create(organisation_id=item.organisation_id, id=item.id, on=today())
    item.delete()
    return made


def _opened(item: InboxItem, organisation: uuid.UUID) -> dict[str, str]:
    key = next((k for k in keystore.ingest_keys(organisation) if k.id == item.ingest_key), None)
    if key is None:
        raise crypto.SealError("The key it was sealed to was destroyed.")
    private = keyring.unlock(_key_context(organisation, key.id), key.wrapped)
    plain = records.unpad(crypto.unseal(private, context_of(organisation, item.id), bytes(item.sealed)))
    found: Any = json.loads(plain)
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise crypto.SealError("What was sealed is not a record.")
    return {str(name): value for name, value in found.items()}
