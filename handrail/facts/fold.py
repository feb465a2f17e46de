"""What follows from facts: which of them count, and what the reactors make of that.

The same code folds a fact when it is recorded and when it is replayed; a replay takes the decisions that were frozen
into the fact (`settlement`) instead of deciding again. A step says, for one fact, which facts stop counting (`undo`)
and which start (`do`); reactors know nothing else.

Which fact of a chain of corrections counts: the last accepted one, by the organisation's counter, never by a clock.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string
from psycopg.types.json import Jsonb

from handrail.facts.spec import KINDS, Kind

TAKEN_BACK, RELEASED = "facts.taken_back", "facts.released"


@dataclass
class Recorded:
    """A fact in memory, on its way in or read back."""

    organisation: int
    id: uuid.UUID
    kind: str
    version: int
    raw: dict[str, Any]
    parsed: Any
    site: int | None
    site_id: uuid.UUID | None
    encounter: uuid.UUID | None
    participant: uuid.UUID | None
    staff: uuid.UUID | None
    occurred_at: datetime
    counter: int
    supersedes: tuple[uuid.UUID, ...]
    quarantine: str
    claimed: dict[str, Any]
    device: uuid.UUID
    device_sequence: int | None
    body_digest: bytes
    waiting_for: uuid.UUID | None = None
    root: uuid.UUID | None = None
    settlement: dict[str, Any] | None = None
    digest: bytes = b""

    @property
    def door(self) -> dict[str, Any] | None:
        """What the door noted: why it was kept aside, and what the sender claimed."""
        noted = dict(self.claimed)
        if self.quarantine:
            noted["quarantine"] = self.quarantine
        if self.waiting_for:
            noted["waiting_for"] = str(self.waiting_for)
        return noted or None

    @property
    def about(self) -> uuid.UUID | None:
        """The record this one speaks of."""
        named = self.spec.about if self.spec else ""
        value: uuid.UUID | None = getattr(self.parsed, named) if named and self.parsed is not None else None
        return value

    @property
    def spec(self) -> Kind[Any] | None:
        """The kind, if this version knows it."""
        return KINDS.get(self.kind)


@dataclass(frozen=True)
class Batch:
    """Facts folded together: whose they are, and whether this is recording (`live`) or replay."""

    organisation: int
    may_go_short: bool
    live: bool


@dataclass
class Step:
    """The consequence of one fact."""

    cause: Recorded
    undo: list[Recorded] = field(default_factory=list)
    do: list[Recorded] = field(default_factory=list)


class Reactor(Protocol):
    """Runs in the same transaction as the fact. Listed in `settings.REACTORS`, in order."""

    name: str

    def prepare(self, steps: Sequence[Step], batch: Batch) -> None:
        """Read what deciding needs, once for the batch."""

    def settle(self, step: Step, batch: Batch) -> object | None:
        """Decide; what is returned is frozen into the fact. Raise `Refusal` to refuse what is being typed."""

    def apply(self, steps: Sequence[Step], batch: Batch) -> None:
        """Change state. Must depend on the steps and their settlements alone."""


def reactors() -> list[Reactor]:
    """Fresh reactors for one batch, in their order."""
    return [import_string(path)() for path in settings.REACTORS]


@dataclass
class _Group:
    """A chain of corrections: what counts, and the facts nobody superseded."""

    effective: uuid.UUID | None
    heads: list[uuid.UUID]
    changed: bool = False


class Fold:
    """Folds one batch. `plan`, then `settle` (recording only), then `apply`."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._reactors = reactors()
        self._facts: dict[uuid.UUID, Recorded] = {}
        self._groups: dict[uuid.UUID, _Group] = {}
        self._asides: dict[uuid.UUID, tuple[str, uuid.UUID | None, bool] | None] = {}
        self._changed_asides: set[uuid.UUID] = set()
        self._tracking = False

    # -- planning ---------------------------------------------------------------------------------------------------

    def plan(self, facts: Sequence[Recorded]) -> list[Step]:
        """The steps of these facts, in order. Sets each fact's root and may set a quarantine reason."""
        self._load(facts)
        return [self._step(fact) for fact in facts]

    def _load(self, facts: Sequence[Recorded]) -> None:
        wanted: set[uuid.UUID] = set()
        for fact in facts:
            wanted.update(fact.supersedes)
            if fact.kind == RELEASED and fact.parsed is not None:
                wanted.add(fact.parsed.target)
        if not wanted:
            return
        self._tracking = True
        with connection.cursor() as cursor:
            missing = wanted
            while missing:
                for found in read_facts(cursor, self._batch.organisation, "f.id = ANY(%s::uuid[])", [list(missing)]):
                    self._facts[found.id] = found
                missing = {ref for f in self._facts.values() for ref in f.supersedes} - set(self._facts) - missing
            cursor.execute(
                "SELECT root, effective, heads FROM facts_standing WHERE organisation_id = %s AND root = ANY(%s::uuid[])",
                [self._batch.organisation, list({self._group_of(f) for f in self._facts.values()} | set(self._facts))],
            )
            for root, effective, heads in cursor.fetchall():
                self._groups[root] = _Group(effective, [uuid.UUID(h) for h in as_json(heads)])
                if effective and effective not in self._facts:
                    wanted.add(effective)
            lacking = [g.effective for g in self._groups.values() if g.effective and g.effective not in self._facts]
            if lacking:
                for found in read_facts(cursor, self._batch.organisation, "f.id = ANY(%s::uuid[])", [lacking]):
                    self._facts[found.id] = found
            cursor.execute(
                "SELECT fact, reason, waiting_for, is_open FROM facts_aside WHERE organisation_id = %s AND fact = ANY(%s::uuid[])",
                [self._batch.organisation, list(self._facts)],
            )
            for fact_id, reason, waiting_for, is_open in cursor.fetchall():
                self._asides[fact_id] = (reason, waiting_for, is_open)

    def _group_of(self, fact: Recorded) -> uuid.UUID:
        seen = {fact.id}
        while fact.supersedes and fact.supersedes[0] in self._facts and fact.supersedes[0] not in seen:
            fact = self._facts[fact.supersedes[0]]
            seen.add(fact.id)
        return fact.id

    def _is_open(self, fact_id: uuid.UUID) -> bool:
        aside = self._asides.get(fact_id)
        return aside is not None and aside[2]

    def _set_aside(self, fact_id: uuid.UUID, value: tuple[str, uuid.UUID | None, bool] | None) -> None:
        self._asides[fact_id] = value
        self._changed_asides.add(fact_id)

    def _group(self, root: uuid.UUID) -> _Group:
        if root not in self._groups:
            counts = root in self._facts and self._asides.get(root) is None
            self._groups[root] = _Group(root if counts else None, [root])
        return self._groups[root]

    def _step(self, fact: Recorded) -> Step:
        if self._batch.live and not fact.quarantine:
            self._check_references(fact)
        if self._tracking:
            self._facts.setdefault(fact.id, fact)
        fact.root = self._group_of(fact) if not fact.quarantine else fact.id
        if fact.quarantine:
            self._set_aside(fact.id, (fact.quarantine, fact.waiting_for, True))
            return Step(fact)
        if fact.kind == RELEASED:
            return self._released(fact)
        if not fact.supersedes:
            return Step(fact, do=[fact])
        return self._superseding(fact, fact)

    def _check_references(self, fact: Recorded) -> None:
        for reference in fact.supersedes:
            if reference not in self._facts or self._waits(reference):
                fact.quarantine, fact.waiting_for = "waits_for_another", reference
                return
        groups = {self._group_of(self._facts[reference]) for reference in fact.supersedes}
        if len(groups) > 1:
            fact.quarantine = "mixes_records"
        elif groups and fact.kind != TAKEN_BACK:
            first = self._facts[next(iter(groups))]
            if first.kind != fact.kind:
                fact.quarantine = "changes_kind"

    def _waits(self, fact_id: uuid.UUID) -> bool:
        aside = self._asides.get(fact_id)
        return aside is not None and aside[2] and aside[1] is not None

    def _superseding(self, cause: Recorded, fact: Recorded) -> Step:
        group = self._group(self._group_of(fact))
        step = Step(cause)
        for reference in fact.supersedes:
            if self._is_open(reference):
                self._set_aside(reference, ("superseded", None, False))
        if group.effective is not None:
            step.undo.append(self._facts[group.effective])
            self._set_aside(group.effective, ("superseded", None, False))
        group.heads = [head for head in group.heads if head not in fact.supersedes] + [fact.id]
        group.changed = True
        if fact.kind == TAKEN_BACK:
            group.effective = None
        else:
            group.effective = fact.id
            step.do.append(fact)
        return step

    def _released(self, cause: Recorded) -> Step:
        target = self._facts.get(cause.parsed.target)
        if target is None or not self._is_open(target.id):
            return Step(cause)
        if cause.parsed.decision != "counts" or target.parsed is None:
            aside = self._asides[target.id]
            self._set_aside(target.id, (aside[0] if aside else "rejected", None, False))
            return Step(cause)
        self._set_aside(target.id, None)
        if target.supersedes:
            return self._superseding(cause, target)
        if target.id in self._groups and target.id not in self._groups[target.id].heads:
            self._set_aside(target.id, ("superseded", None, False))
            return Step(cause)
        if target.id in self._groups:
            self._groups[target.id].effective = target.id
            self._groups[target.id].changed = True
        return Step(cause, do=[target])

    # -- deciding and acting ------------------------------------------------------------------------------------------

    def settle(self, steps: Sequence[Step]) -> None:
        """Let each reactor decide, and freeze its decisions into the facts."""
        for reactor in self._reactors:
            reactor.prepare(steps, self._batch)
        for step in steps:
            for reactor in self._reactors:
                decision = reactor.settle(step, self._batch)
                if decision is not None:
                    step.cause.settlement = (step.cause.settlement or {}) | {reactor.name: decision}

    def apply(self, steps: Sequence[Step]) -> None:
        """Write what counts, then let each reactor act."""
        self._save()
        for reactor in self._reactors:
            if not self._batch.live:
                reactor.prepare(steps, self._batch)
            reactor.apply(steps, self._batch)

    def _save(self) -> None:
        organisation = self._batch.organisation
        groups = [(root, g) for root, g in self._groups.items() if g.changed]
        with connection.cursor() as cursor:
            if groups:
                cursor.execute(
                    "INSERT INTO facts_standing (organisation_id, root, effective, heads)"
                    " SELECT %s::bigint, r.* FROM unnest(%s::uuid[], %s::uuid[], %s::jsonb[]) AS r"
                    " ON CONFLICT (organisation_id, root) DO UPDATE SET effective = EXCLUDED.effective, heads = EXCLUDED.heads",
                    [organisation, [root for root, _g in groups], [g.effective for _root, g in groups],
                     [Jsonb([str(h) for h in g.heads]) for _root, g in groups]],
                )
            gone = [fact_id for fact_id in self._changed_asides if self._asides[fact_id] is None]
            if gone:
                cursor.execute("DELETE FROM facts_aside WHERE organisation_id = %s AND fact = ANY(%s::uuid[])", [organisation, gone])
            kept = [(fact_id, aside) for fact_id in self._changed_asides if (aside := self._asides[fact_id]) is not None]
            if kept:
                cursor.execute(
                    "INSERT INTO facts_aside (organisation_id, fact, reason, waiting_for, is_open)"
                    " SELECT %s::bigint, r.* FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::boolean[]) AS r"
                    " ON CONFLICT (organisation_id, fact) DO UPDATE SET reason = EXCLUDED.reason,"
                    " waiting_for = EXCLUDED.waiting_for, is_open = EXCLUDED.is_open",
                    [organisation, [f for f, _a in kept], [a[0] for _f, a in kept], [a[1] for _f, a in kept], [a[2] for _f, a in kept]],
                )


_COLUMNS = (
    "f.id, f.kind, f.kind_version, f.payload, f.site_id, s.id, f.encounter, f.participant, f.staff, f.occurred_at, f.counter,"
    " f.supersedes, f.door, f.device, f.device_sequence, f.payload_digest, f.root, f.settlement, f.digest"
)


def read_facts(cursor: Any, organisation: int, condition: str, parameters: Sequence[Any], tail: str = "") -> Iterable[Recorded]:
    """Facts of an organisation as `Recorded`, payloads in today's shape where this version can read them."""
    cursor.execute(
        f"SELECT {_COLUMNS} FROM facts_fact f LEFT JOIN facts_site s ON s.key = f.site_id"  # noqa: S608  our own constants
        f" WHERE f.organisation_id = %s::bigint AND {condition} {tail}",
        [organisation, *parameters],
    )
    return [_read(row, organisation) for row in cursor.fetchall()]


def _read(row: Sequence[Any], organisation: int) -> Recorded:
    door = dict(as_json(row[12]) or {})
    quarantine = str(door.pop("quarantine", ""))
    waiting_for = door.pop("waiting_for", None)
    kind = KINDS.get(row[1])
    raw = as_json(row[3])
    readable = kind is not None and quarantine not in {"bad_payload", "unknown_kind"}
    return Recorded(
        organisation=organisation, id=row[0], kind=row[1], version=row[2], raw=raw, parsed=kind.parse(raw, row[2]) if kind and readable else None,
        site=row[4], site_id=row[5], encounter=row[6], participant=row[7], staff=row[8], occurred_at=row[9],
        counter=row[10], supersedes=tuple(uuid.UUID(s) for s in as_json(row[11])), quarantine=quarantine, claimed=door,
        device=row[13], device_sequence=row[14], body_digest=bytes(row[15]), root=row[16], settlement=as_json(row[17]),
        digest=bytes(row[18]), waiting_for=uuid.UUID(waiting_for) if waiting_for else None,
    )


def as_json(value: Any) -> Any:
    """A jsonb column, which Django's connections hand over as text."""
    return json.loads(value) if isinstance(value, str) else value
