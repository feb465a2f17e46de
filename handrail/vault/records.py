"""Writing sealed records down, opening one, and making them go.

    what was typed → JSON, padded → locked with the record's own key → a row
                                    the key, locked with the vault's → the keystore

Nothing here lists what is inside. Opening takes one record, somebody whose role may, a purpose of the store's list, and
leaves a line in the audit and in the access log (`domain/people.md` 6, security.md part 1).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from handrail.facts.models import CardToken, Organisation, Participant, Site
from handrail.facts.participants import group
from handrail.facts.queries import today
from handrail.facts.record import Refusal, lock_organisation
from handrail.kernel import audit, clock, crypto, ids, keyring
from handrail.kernel.access import Actor, Denied
from handrail.kernel.models import AuditEntry
from handrail.vault import keystore
from handrail.vault.models import Erasure, SealedRecord
from handrail.vault.spec import STORES, SealedStore
from handrail.vault.values import OPENINGS_A_DAY

BUCKET = 1024
"""What is sealed is padded to a multiple of so many bytes: its length says next to nothing."""
OPENED = "vault.opened"


@dataclass(frozen=True)
class Held:
    """That something is there, and until when; never what."""

    record: SealedRecord
    store: SealedStore
    goes_on: date
    may_open: bool


def pad(content: bytes) -> bytes:
    """Length, content, zeros up to a whole bucket."""
    framed = len(content).to_bytes(4, "big") + content
    return framed + bytes(-len(framed) % BUCKET)


def unpad(padded: bytes) -> bytes:
    """The reverse."""
    length = int.from_bytes(padded[:4], "big")
    if length > len(padded) - 4:
        raise crypto.SealError("What was opened is not whole.")
    return padded[4 : 4 + length]


def record_context(organisation: uuid.UUID, record: uuid.UUID, store: str, version: int) -> str:
    """What a record's bytes are bound to: moved to another record, store or version they do not open."""
    return f"hr/sealed/v1|{organisation}|{record}|{store}|{version}"


def key_context(organisation: uuid.UUID, key: uuid.UUID) -> str:
    """What a record's key is bound to."""
    return f"hr/data-key/v1|{organisation}|{key}"


# -- what was typed ------------------------------------------------------------------------------------------------------


def checked(store: SealedStore, typed: Mapping[str, str]) -> dict[str, str]:
    """What was typed, tidied; `Refusal` names each field that is missing or too long, and never quotes it."""
    problems: list[tuple[str, str]] = []
    said: dict[str, str] = {}
    for name, field in store.fields.items():
        text = typed.get(name, "").replace("\r\n", "\n").replace("\0", "").strip()
        if len(text) > field.longest:
            problems.append((name, _("At most %s letters.") % field.longest))
        elif field.is_required and not text:
            problems.append((name, _("This is needed.")))
        elif text:
            said[name] = text
    if not problems and not said:
        problems.append((next(iter(store.fields)), _("Nothing is written down yet.")))
    if problems:
        raise Refusal(problems)
    return said


def store_of(key: str) -> SealedStore:
    """The store of this key, if this programme uses it; `Denied` otherwise."""
    found = STORES.get(key)
    if found is None or not found.is_used:
        raise Denied(f"store {key}")
    return found


# -- writing -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def write(*, actor: Actor, store: SealedStore, participant: uuid.UUID, site: Site, typed: Mapping[str, str]) -> SealedRecord:
    """Write a record, or write it again. Raises `Denied`, `Refusal`, or `keyring.Locked` when the vault is locked (the inbox takes it then)."""
    require_writer(actor, store, participant, site)
    return seal(actor=actor, store=store, participant=participant, site=site, said=checked(store, typed), organisation=actor.organisation_id)


def require_writer(actor: Actor, store: SealedStore, participant: uuid.UUID, site: Site) -> None:
    """Raise `Denied` unless this actor may write this about somebody, or something, that is known here."""
    if store.subject is not None:
        is_known = store.subject.is_known(participant)
    else:
        is_known = Participant.objects.filter(id=participant).exists() or CardToken.objects.filter(participant=participant).exists()
    if not store.is_used or not store.may_write(actor, site.key) or not is_known:
        raise Denied(f"write {store.key}")


def seal(
    *, actor: Actor, store: SealedStore, participant: uuid.UUID, site: Site, said: Mapping[str, str], organisation: uuid.UUID
) -> SealedRecord:
    """Lock what was said under the record's own key. Who may was decided before."""
    lock_organisation()
    on = today()
    found = SealedRecord.objects.select_for_update().filter(store=store.key, participant__in=group(participant)).order_by("key").first()
    data_key = None
    if found is not None:
        try:
            data_key = _data_key(found, organisation)
        except (Gone, LostKeys):  # what nobody can read any more makes room
            destroy(actor=actor, organisation=organisation, records=[found], why=Erasure.Why.LOST)
    if found is None or data_key is None:
        data_key, found = crypto.new_key(), SealedRecord(
            organisation_id=actor.organisation, store=store.key, participant=participant, data_key=ids.random(), version=0, written_on=on
        )
        wrapped = keyring.lock(key_context(organisation, found.data_key), data_key)
        keystore.put(id=found.data_key, organisation=organisation, wrapped=wrapped, on=on)
    found.site, found.version, found.written_on, found.used_on = site, found.version + 1, on, on
    plain = json.dumps(dict(said), ensure_ascii=False, sort_keys=True).encode()
    found.sealed = crypto.lock_bytes(data_key, record_context(organisation, found.id, store.key, found.version), pad(plain))
    found.save()
    audit.write("vault.written", actor=actor, object_kind="sealed_record", object_id=found.id, detail={"store": store.key, "version": found.version})
    return found


def _data_key(record: SealedRecord, organisation: uuid.UUID) -> bytes:
    wrapped = keystore.get(record.data_key, organisation)
    if wrapped is None:
        raise Gone
    try:
        return keyring.unlock(key_context(organisation, record.data_key), wrapped)
    except crypto.SealError:
        raise LostKeys from None


class LostKeys(Refusal):
    """The record was locked with keys that nobody has any more."""

    def __init__(self) -> None:
        super().__init__([("", _("This cannot be opened: it was locked with keys that were lost. Write it down anew with the person."))])


class Gone(Refusal):
    """The record's key was destroyed: nobody can open it again."""

    def __init__(self) -> None:
        super().__init__([("", _("This can no longer be opened: its key was destroyed."))])


# -- opening -------------------------------------------------------------------------------------------------------------


def held(actor: Actor, participant: uuid.UUID) -> list[Held]:
    """What is locked away about a person, as far as this actor may write or open it."""
    found = []
    for record in SealedRecord.objects.filter(participant__in=group(participant)).select_related("site").order_by("store"):
        store = STORES.get(record.store)
        if store is not None and store.is_used and (store.may_open(actor, record.site_id) or store.may_write(actor, record.site_id)):
            found.append(Held(record, store, goes_on(record, store), store.may_open(actor, record.site_id)))
    return found


def goes_on(record: SealedRecord, store: SealedStore) -> date:
    """The day on which the purge destroys it."""
    if store.subject is not None:
        ended = store.subject.ended_on(record.participant)
        latest = record.written_on + timedelta(days=store.most_days)
        return latest if ended is None else min(ended + timedelta(days=store.keep_days.read().value), latest)
    since = record.used_on if store.use_extends else record.written_on
    return min(since + timedelta(days=store.keep_days.read().value), record.written_on + timedelta(days=store.most_days))


@transaction.atomic
def open_record(*, actor: Actor, record: uuid.UUID, purpose: str) -> dict[str, str]:
    """What is inside one record, for a purpose of the store's list. Raises `Denied`, `Refusal`, `keyring.Locked` or `Gone`."""
    found = SealedRecord.objects.filter(id=record).first()
    if found is None:
        raise Denied("sealed record")
    store = store_of(found.store)
    if not store.may_open(actor, found.site_id):
        raise Denied(f"open {store.key}")
    if purpose not in store.purposes:
        raise Refusal([("purpose", _("Say what you need it for."))])
    lock_organisation()
    _count(actor)
    organisation = actor.organisation_id
    plain = crypto.unlock_bytes(_data_key(found, organisation), record_context(organisation, found.id, found.store, found.version), bytes(found.sealed))
    said: dict[str, str] = json.loads(unpad(plain))
    SealedRecord.objects.filter(key=found.key).update(used_on=today())
    audit.write(OPENED, actor=actor, object_kind="sealed_record", object_id=found.id, detail={"store": store.key, "purpose": purpose})
    audit.look(f"sealed: {store.key}", actor=actor, object_id=found.participant)
    return said


def _count(actor: Actor) -> None:
    """Refuse one opening too many of a day, so that nobody copies a list; the refusal stands in the access log."""
    midnight = datetime.combine(today(), datetime.min.time(), ZoneInfo(_zone()))
    opened = AuditEntry.objects.filter(action=OPENED, actor=actor.staff_id, at__gte=midnight).count()
    if opened >= OPENINGS_A_DAY.read().value:
        raise TooMany


def _zone() -> str:
    return Site.objects.filter(is_active=True).order_by("key").values_list("time_zone", flat=True).first() or "UTC"


class TooMany(Refusal):
    """This account opened as many records today as one may."""

    def __init__(self) -> None:
        super().__init__([("", _("You opened as many sealed records today as one person may. Ask a colleague, or whoever is in charge."))])


# -- making it go --------------------------------------------------------------------------------------------------------


@transaction.atomic
def erase_of(*, actor: Actor, store: SealedStore, participant: uuid.UUID, why: str) -> int:
    """Destroy what a store holds about a person, for whoever may write or open it there. How many records went."""
    found = SealedRecord.objects.select_for_update().filter(store=store.key, participant__in=group(participant))
    going = [record for record in found if store.may_open(actor, record.site_id) or store.may_write(actor, record.site_id)]
    destroy(actor=actor, organisation=actor.organisation_id, records=going, why=why)
    return len(going)


def destroy(*, actor: Actor, organisation: uuid.UUID, records: Sequence[SealedRecord], why: str) -> int:
    """Destroy the keys of these records and remove the records; the list of erasures keeps their ids. Needs a transaction."""
    on, keys = today(), [record.data_key for record in records]
    Erasure.objects.bulk_create(
        [Erasure(organisation_id=actor.organisation, data_key=r.data_key, store=r.store, on=on, why=why) for r in records], ignore_conflicts=True
    )
    SealedRecord.objects.filter(key__in=[record.key for record in records]).delete()
    for record in records:
        audit.write("vault.erased", actor=actor, object_kind="sealed_record", object_id=record.id, detail={"store": record.store, "why": why})
    # The key goes first and for good: if this transaction fails afterwards, a row is left that nobody can open.
    return keystore.erase(keys, organisation, on)


def due(on: date) -> list[SealedRecord]:
    """Records whose time is over on this day. Of a store that this version does not know nothing goes: another version may."""
    found = []
    for record in SealedRecord.objects.order_by("key").iterator(chunk_size=1000):
        store = STORES.get(record.store)
        if store is not None and goes_on(record, store) < on:
            found.append(record)
    return found


def reapply(organisation: Organisation) -> int:
    """After a restore, and at every start: keys of everything that was ever erased go again. How many had come back."""
    listed = {*Erasure.objects.values_list("data_key", flat=True), *keystore.erased(organisation.id)}
    if not listed:
        return 0
    SealedRecord.objects.filter(data_key__in=listed).delete()
    return keystore.erase(listed, organisation.id, clock.local_date(clock.now(), "UTC"))
