"""The one door. Every fact enters here, whether from a form, a phone's outbox, an import or another server.

`record_many` takes the lock on the organisation's head, drops what it already has, validates, numbers, lets the
reactors decide (`settle`), writes the facts and their chain, and lets the reactors act (`apply`), all in the running
transaction. Call it inside a scope; the transaction that holds it is retried by whoever opened it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, connection
from django.utils.translation import gettext as _
from pydantic import BaseModel, ValidationError

from handrail.facts.drafts import AlreadySaved, Draft, Mode, Outcome, Refusal, Status, sentence_of
from handrail.facts.fold import RELEASED, TAKEN_BACK, Batch, Fold, Step
from handrail.facts.known import Body, Known, lock_and_read
from handrail.facts.recorded import EARLIER, Recorded, chain
from handrail.facts.spec import KINDS, Kind
from handrail.facts.unreadable import as_text, is_storable, newer_than
from handrail.kernel import clock, crypto, ids, scope
from handrail.kernel.access import Actor
from handrail.kernel.database import Race

__all__ = [
    "AlreadySaved", "Draft", "Mode", "Outcome", "Refusal", "Status", "lock_organisation", "record", "record_many", "sentence_of",
]

MAY_BE_AHEAD = timedelta(minutes=5)
"""A device's clock may run this far ahead before the fact is marked (security.md 3.4)."""


def record(draft: Draft, *, actor: Actor, mode: Mode = Mode.TYPED) -> Outcome:
    """Record one fact; see `record_many`."""
    return record_many([draft], actor=actor, mode=mode)[0]


def record_many(drafts: Sequence[Draft], *, actor: Actor, mode: Mode = Mode.TYPED) -> list[Outcome]:
    """Record facts in order under one lock. With `TYPED` and `CONFIRMED` a bad one raises `Refusal` and none is kept."""
    return _Door(actor, mode).take(drafts)


_INSERT = """
WITH moved AS (
  UPDATE facts_head SET counter = %s::bigint, digest = %s::bytea, server_sequence = %s::bigint WHERE key = %s::bigint
)
INSERT INTO facts_fact (organisation_id, id, kind, kind_version, site_id, encounter, participant, about, staff, occurred_at,
  recorded_at, device, device_sequence, counter, supersedes, root, payload, settlement, door, payload_digest, digest)
SELECT %s::bigint, r.id, r.kind, r.kind_version, r.site_id, r.encounter, r.participant, r.about, r.staff, r.occurred_at,
  %s::timestamptz, r.device, r.device_sequence, r.counter, r.supersedes, r.root, r.payload, r.settlement, r.door,
  decode(r.payload_digest, 'hex'), decode(r.digest, 'hex')
FROM jsonb_to_recordset(%s::jsonb) AS r(id uuid, kind text, kind_version smallint, site_id bigint, encounter uuid,
  participant uuid, about uuid, staff uuid, occurred_at timestamptz, device uuid, device_sequence bigint, counter bigint,
  supersedes jsonb, root uuid, payload jsonb, settlement jsonb, door jsonb, payload_digest text, digest text)
"""


_OF_PEOPLE = frozenset({"facts.merged", "facts.died", "facts.consent", "facts.consent_revoked", "facts.disclosed", "facts.legal_decision"})
"""Kinds that nobody lets count, or takes back, who could not record them: a review of records is no way around a right."""
_STANDS_FOR = """
SELECT f.kind, f.site_id, f.id = t.id FROM facts_fact t JOIN facts_fact f ON f.organisation_id = t.organisation_id
  AND (f.id = t.id OR f.id IN (SELECT s::uuid FROM jsonb_array_elements_text(t.supersedes) AS s))
WHERE t.organisation_id = %s::bigint AND t.id = %s::uuid
"""


class _Door:
    def __init__(self, actor: Actor, mode: Mode) -> None:
        self._actor = actor
        self._mode = mode
        self._organisation = scope.organisation()
        self._now = clock.now()
        self._new: list[Recorded] = []
        self._stuck: set[uuid.UUID] = set()
        self._known: Known

    def take(self, drafts: Sequence[Draft]) -> list[Outcome]:
        self._known = lock_and_read(drafts, self._organisation)
        outcomes: list[Outcome] = []
        position = {draft.id: index for index, draft in reversed(list(enumerate(drafts)))}
        batch_bodies: dict[uuid.UUID, Body] = {}
        for index, draft in enumerate(drafts):
            outcomes.append(self._one(draft, index, batch_bodies, first=position[draft.id] == index))
        if self._new:
            kept_aside = self._write()
            outcomes = [
                Outcome(o.id, Status.QUARANTINED, kept_aside[o.id])
                if o.status is Status.ACCEPTED and o.id in kept_aside else o
                for o in outcomes
            ]
        return outcomes

    # -- one draft ----------------------------------------------------------------------------------------------

    def _one(self, draft: Draft, index: int, batch_bodies: dict[uuid.UUID, Body], *, first: bool) -> Outcome:
        draft, kind, raw, parsed, problems = _read(draft)
        site, zone = self._known.sites.get(draft.site, (None, "UTC")) if draft.site else (None, "UTC")
        body = Body(
            draft.kind, crypto.digest(crypto.canonical(raw)), site, draft.encounter, draft.participant, draft.occurred_at, draft.supersedes,
            self._is_earlier(draft, batch_bodies),
        )
        seen = batch_bodies.get(draft.id) if not first else None
        seen = seen or self._known.stored.get(draft.id)
        fact_id, reason = draft.id, ""
        if seen is not None and body.repeats(seen, timed=draft.is_timed):
            return Outcome(draft.id, Status.DUPLICATE)
        if seen is not None:
            if self._mode is not Mode.ARRIVED:
                raise AlreadySaved([("", _("This was already saved with other values. Open it to correct it."))], index=index)
            fact_id, reason = ids.derived(draft.id, body.digest), "id_taken"
            if fact_id in batch_bodies or self._stored(fact_id):
                return Outcome(fact_id, Status.DUPLICATE)
        if problems:
            reason = "unknown_kind" if kind is None else "bad_payload"
        elif not reason:
            reason, sentence = self._rule(draft, kind, site, parsed, batch_bodies)
            if reason:
                problems.append(("", sentence))
        if problems and self._mode is not Mode.ARRIVED:
            raise Refusal(problems, index=index)
        batch_bodies[fact_id] = body
        claimed: dict[str, Any] = {}
        if fact_id != draft.id:
            claimed["claimed_id"] = str(draft.id)
        if draft.site and site is None:
            claimed["claimed_site"] = str(draft.site)
        if body.is_earlier:
            claimed[EARLIER] = True
        if draft.occurred_at > self._now + MAY_BE_AHEAD:
            claimed["clock_ahead_seconds"] = round((draft.occurred_at - self._now).total_seconds())
        device, sequence = self._device(draft, claimed)
        if claimed.get("claimed_sequence") is not None and not reason:
            reason = "sequence_taken"
        self._known.counter += 1
        self._new.append(
            Recorded(
                organisation=self._organisation, id=fact_id, kind=draft.kind, version=draft.kind_version or (kind.version if kind else 0), raw=raw,
                parsed=None if reason in {"unknown_kind", "bad_payload"} else parsed, site=site, site_id=draft.site,
                encounter=draft.encounter, participant=draft.participant, staff=self._actor.staff_id,
                occurred_at=draft.occurred_at, counter=self._known.counter, supersedes=draft.supersedes,
                quarantine=reason, claimed=claimed, device=device, device_sequence=sequence, body_digest=body.payload_digest,
                recorded_at=self._now, zone=zone,
            )
        )
        return Outcome(fact_id, Status.QUARANTINED if reason else Status.ACCEPTED, reason)

    def _is_earlier(self, draft: Draft, batch: dict[uuid.UUID, Body]) -> bool:
        """Whether it is from before the book of stock began: as the sender says, or because what it corrects or belongs to is."""
        if self._mode is Mode.EARLIER:
            return True
        named = [*draft.supersedes, *([draft.encounter] if draft.encounter else [])]
        found = [batch.get(reference) or self._known.stored.get(reference) for reference in named]
        return any(body.is_earlier for body in found if body is not None)

    def _stored(self, fact_id: uuid.UUID) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM facts_fact WHERE organisation_id = %s AND id = %s", [self._organisation, fact_id])
            return cursor.fetchone() is not None

    def _rule(
        self, draft: Draft, kind: Any, site: int | None, parsed: BaseModel | None, batch: dict[uuid.UUID, Body]
    ) -> tuple[str, str]:
        """The first rule of the door that the draft breaks: (reason, sentence), or two empty strings."""
        if draft.site and site is None:
            return "unknown_site", _("That place does not exist here.")
        if not self._may(draft, kind, site, parsed):
            return "not_permitted", _("You cannot record this here. Ask your coordinator.")
        about = getattr(parsed, kind.about, None) if kind.asks_about else None
        if about is not None and not self._may_about(kind, about, batch):
            return "not_permitted", _("You cannot record this here. Ask your coordinator.")
        if not all(self._may_supersede(draft, reference) for reference in draft.supersedes):
            return "not_permitted", _("You cannot correct or take back this record. Ask your coordinator.")
        if draft.kind == RELEASED and not self._may_release(draft):
            return "not_permitted", _("You cannot correct or take back this record. Ask your coordinator.")
        if kind.needs_encounter and draft.encounter is None:
            return "no_encounter", _("This belongs to a visit, but no visit is named.")
        if site is None and kind.needs_site:
            return "no_site", _("Say at which place this was.")
        visit = self._known.stored.get(draft.encounter) if draft.encounter else None
        if visit is not None and visit.kind == "facts.encounter" and visit.site != site and draft.kind != TAKEN_BACK:
            return "other_visit", _("The visit it belongs to was at another place.")
        return "", ""

    def _may_release(self, draft: Draft) -> bool:
        """Whether the actor may let a record count: one that touches no visit, such as a merge, only if they may record it themselves."""
        named = dict(draft.payload)
        if self._actor.is_system or named.get("decision") != "counts":
            return True
        with connection.cursor() as cursor:
            cursor.execute(_STANDS_FOR, [self._organisation, str(named.get("target"))])
            found = cursor.fetchall()
        # Somebody who takes a consent back is believed whoever wrote it down; only undoing that needs the right.
        asked = [(name, site) for name, site, itself in found if name in _OF_PEOPLE and not (itself and name == "facts.consent_revoked")]
        return all(self._actor.may(KINDS[name].may, site) for name, site in asked)

    def _may_about(self, kind: Kind[Any], about: uuid.UUID, batch: dict[uuid.UUID, Body]) -> bool:
        """Whether the actor holds the right where the record this speaks of was made; everywhere, if that one is not here yet."""
        if self._actor.is_system:
            return True
        if about in batch:
            return self._actor.may(kind.may, batch[about].site)
        with connection.cursor() as cursor:
            cursor.execute("SELECT site_id FROM facts_fact WHERE organisation_id = %s AND id = %s", [self._organisation, about])
            row = cursor.fetchone()
        return self._actor.sites(kind.may) is None if row is None else self._actor.may(kind.may, row[0])

    def _may(self, draft: Draft, kind: Any, site: int | None, parsed: BaseModel | None) -> bool:
        if self._actor.is_system or self._actor.may(kind.may, site):
            return True
        if site is not None and kind.may_also is not None and parsed is not None and (held := kind.may_also(parsed)) and self._actor.may(held, site):
            return True
        return bool(draft.supersedes and kind.may_correct and self._actor.may(kind.may_correct, site))

    def _may_supersede(self, draft: Draft, reference: uuid.UUID) -> bool:
        """Whether the actor may change what this fact changes, where that one was recorded.

        What belongs to a visit is taken back by whoever may correct visits there; anything else, such as a merge or a
        death, only by whoever may record it. A record that is not here yet cannot be asked: it waits for its original.
        """
        original = self._known.stored.get(reference)
        if self._actor.is_system or original is None:
            return True
        name, site = original.kind, original.site
        kind = KINDS.get(name)
        of_a_visit = kind is None or kind.needs_encounter or name == "facts.encounter"
        if draft.kind == TAKEN_BACK and of_a_visit:
            return self._actor.may("visit.correct", site)
        return kind is not None and any(self._actor.may(held, site) for held in (kind.may, kind.may_correct) if held)

    def _device(self, draft: Draft, claimed: dict[str, Any]) -> tuple[uuid.UUID, int | None]:
        if draft.device is None:
            self._known.server_sequence += 1
            return self._known.server_device, self._known.server_sequence
        if draft.device_sequence is not None:
            pair = (draft.device, draft.device_sequence)
            numbered = 0 <= draft.device_sequence < 2**63 and draft.device != self._known.server_device
            if pair in self._known.taken or not numbered:
                claimed["claimed_sequence"] = draft.device_sequence
                return draft.device, None
            self._known.taken.add(pair)
        return draft.device, draft.device_sequence

    def _release(self, waiting: uuid.UUID) -> Recorded:
        """What another fact waited for is here: let the waiting one count, by a fact of its own."""
        self._known.counter += 1
        self._known.server_sequence += 1
        raw = {"target": str(waiting), "decision": "counts"}
        kind = KINDS["facts.released"]
        return Recorded(
            organisation=self._organisation, id=ids.new(), kind=kind.key, version=kind.version, raw=raw, parsed=kind.parse(raw), site=None,
            site_id=None, encounter=None, participant=None, staff=None, occurred_at=self._now,
            counter=self._known.counter, supersedes=(), quarantine="", claimed={},
            device=self._known.server_device, device_sequence=self._known.server_sequence,
            body_digest=crypto.digest(crypto.canonical(raw)), recorded_at=self._now,
        )

    # -- the database ---------------------------------------------------------------------------------------------

    def _decide(self) -> tuple[Fold, list[Step]]:
        """Plan and settle what is new. What arrived and a reactor refuses is kept aside, and the rest planned afresh."""
        arrived, counter, sequence = list(self._new), self._known.counter, self._known.server_sequence
        while True:
            fold = Fold(Batch(self._organisation, may_go_short=self._mode is not Mode.TYPED, live=True))
            steps = fold.plan(self._new, self._known.waiting)
            while ripe := [fact for fact in fold.ripe() if fact not in self._stuck]:
                releases = [self._release(fact) for fact in ripe]
                self._new.extend(releases)
                steps.extend(fold.plan(releases))
            if self._mode is not Mode.ARRIVED:
                if any(fact.quarantine for fact in self._new):
                    raise Refusal([("", _("The record this corrects is not here, or is of another kind."))])
                fold.settle(steps)
                return fold, steps
            refused = fold.settle(steps, tolerate=(Refusal,))
            if not refused:
                return fold, steps
            for fact in refused:
                if fact.counter > counter:
                    self._stuck.add(fact.parsed.target)
                else:
                    fact.quarantine = fact.refused_as or "unknown_reference"
            self._new, self._known.counter, self._known.server_sequence = list(arrived), counter, sequence

    def _write(self) -> dict[uuid.UUID, str]:
        """Fold, chain and store what is new; returns the facts that were kept aside and why."""
        fold, steps = self._decide()
        kept_aside = {fact.id: fact.quarantine for fact in self._new if fact.quarantine}
        previous = self._known.digest
        for fact in self._new:
            previous = chain(previous, fact)
            fact.digest = previous
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    _INSERT,
                    [
                        self._known.counter, previous, self._known.server_sequence, self._known.key, self._organisation,
                        self._now, json.dumps([_row(fact) for fact in self._new]),
                    ],
                )
        except IntegrityError as error:
            if getattr(error.__cause__, "sqlstate", "") != "23505":
                raise
            raise Race("the same record arrived twice at the same moment") from error
        fold.apply(steps)
        return kept_aside


def _read(draft: Draft) -> tuple[Draft, Kind[Any] | None, dict[str, Any], BaseModel | None, list[tuple[str, str]]]:
    """A draft's kind and payload as far as this version can read them, with what is wrong; nothing is lost on the way."""
    raw = draft.payload.model_dump(mode="json") if isinstance(draft.payload, BaseModel) else dict(draft.payload)
    if not is_storable(draft.kind, draft.kind_version, raw):
        raw = as_text(draft.kind, draft.kind_version, raw)
        draft = replace(draft, kind="unreadable", kind_version=0, payload=raw)
    kind = KINDS.get(draft.kind)
    if kind is not None and newer_than(kind.version, draft.kind_version):
        kind = None
    problems: list[tuple[str, str]] = []
    parsed: BaseModel | None = None
    if kind is None:
        problems.append(("", _("This version does not know the kind of record “%s”.") % draft.kind))
    else:
        try:
            read = draft.payload if isinstance(draft.payload, kind.payload) else kind.parse(raw, draft.kind_version)
            parsed = read
            raw = read.model_dump(mode="json") if (draft.kind_version or kind.version) == kind.version else raw
        except ValidationError as error:
            problems.extend((".".join(str(part) for part in e["loc"]), sentence_of(dict(e))) for e in error.errors())
        except (KeyError, TypeError, ValueError) as error:
            problems.append(("", _("This record cannot be read: %s") % error))
    if problems:
        raw = json.loads(crypto.canonical(raw))
    return draft, kind, raw, parsed, problems


def _row(fact: Recorded) -> dict[str, Any]:
    """A fact as the insert statement reads it: one JSON parameter for a whole batch."""
    return {
        "id": str(fact.id), "kind": fact.kind, "kind_version": fact.version, "site_id": fact.site, "encounter": _text(fact.encounter),
        "participant": _text(fact.participant), "about": _text(fact.about), "staff": _text(fact.staff),
        "occurred_at": fact.occurred_at.isoformat(), "device": str(fact.device), "device_sequence": fact.device_sequence,
        "counter": fact.counter, "supersedes": [str(s) for s in fact.supersedes], "root": _text(fact.root), "payload": fact.raw,
        "settlement": fact.settlement, "door": fact.door, "payload_digest": fact.body_digest.hex(), "digest": fact.digest.hex(),
    }


def _text(identity: uuid.UUID | None) -> str | None:
    return None if identity is None else str(identity)


def lock_organisation() -> None:
    """Take the lock every writer takes, before reading what a fact will be made from (a count, a balance)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM facts_head WHERE organisation_id = %s FOR UPDATE", [scope.organisation()])
