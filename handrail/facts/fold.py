"""What follows from facts: which of them count, and what the reactors make of that.

The same code folds a fact when it is recorded and when it is replayed; a replay takes the decisions that were frozen
into the fact (`settlement`) instead of deciding again. A step says, for one fact, which facts stop counting (`undo`)
and which start (`do`); reactors know nothing else.

Which fact of a chain of corrections counts: the last accepted one, by the organisation's counter, never by a clock.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string
from psycopg.types.json import Jsonb

from handrail.facts.recorded import Recorded as Recorded
from handrail.facts.recorded import as_json as as_json
from handrail.facts.recorded import read_facts as read_facts

TAKEN_BACK, RELEASED = "facts.taken_back", "facts.released"


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
        self._ripe: dict[uuid.UUID, Recorded] = {}
        self._tracking = False

    # -- planning ---------------------------------------------------------------------------------------------------

    def plan(self, facts: Sequence[Recorded], awaiting: Iterable[uuid.UUID] = ()) -> list[Step]:
        """The steps of these facts, in order. Sets each fact's root and may set a quarantine reason.

        `awaiting` are facts kept aside earlier because they wait for one of these. May be called again with more.
        """
        self._load(facts, awaiting)
        return [self._step(fact) for fact in facts]

    def ripe(self) -> list[uuid.UUID]:
        """Facts that waited for others which are all here since the last call; the ones built on first."""
        found = sorted((fact for fact in self._ripe.values() if self._is_open(fact.id)), key=lambda fact: (len(self._ancestors(fact)[0]), fact.counter))
        self._ripe = {}
        return [fact.id for fact in found]

    def _load(self, facts: Sequence[Recorded], awaiting: Iterable[uuid.UUID]) -> None:
        wanted = set(awaiting)
        for fact in facts:
            wanted.update(fact.supersedes)
            if fact.kind == RELEASED and fact.parsed is not None:
                wanted.add(fact.parsed.target)
        if not self._batch.live:
            wanted.update(self._stored_awaiting(facts))
        if not wanted:
            return
        self._tracking = True
        missing = wanted - set(self._facts)
        if not missing:
            return
        # In a replay the facts of later batches are stored already; they are not here yet.
        before = min(fact.counter for fact in facts)
        asked: set[uuid.UUID] = set()
        with connection.cursor() as cursor:
            while missing:
                asked |= missing
                for found in read_facts(
                    cursor, self._batch.organisation, "f.id = ANY(%s::uuid[]) AND f.counter < %s", [list(missing), before]
                ):
                    self._facts[found.id] = found
                missing = {ref for f in self._facts.values() for ref in f.supersedes} - set(self._facts) - asked
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

    def _stored_awaiting(self, facts: Sequence[Recorded]) -> set[uuid.UUID]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT fact FROM facts_aside WHERE organisation_id = %s AND is_open AND waiting_for = ANY(%s::uuid[])",
                [self._batch.organisation, [fact.id for fact in facts]],
            )
            return {row[0] for row in cursor.fetchall()}

    def _ancestors(self, fact: Recorded) -> tuple[set[uuid.UUID], uuid.UUID | None]:
        """Everything a fact builds on, and the first of it that is not here."""
        seen: set[uuid.UUID] = set()
        missing: uuid.UUID | None = None
        todo = list(fact.supersedes)
        while todo:
            reference = todo.pop(0)
            if reference in seen:
                continue
            seen.add(reference)
            found = self._facts.get(reference)
            if found is not None:
                todo.extend(found.supersedes)
            elif missing is None:
                missing = reference
        return seen, missing

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
            self._wake(fact.id)
        fact.root = self._group_of(fact)
        if fact.quarantine:
            if fact.supersedes and fact.root in self._facts and self._facts[fact.root].supersedes:
                fact.root = self._facts[fact.root].supersedes[0]  # not here yet, but named
            self._set_aside(fact.id, (fact.quarantine, fact.waiting_for, True))
            return Step(fact)
        if fact.kind == RELEASED:
            return self._released(fact)
        if not fact.supersedes:
            return Step(fact, do=[fact])
        return self._superseding(fact, fact)

    def _wake(self, arrived: uuid.UUID) -> None:
        """Whoever waited for this one waits for the next that is missing, or is ripe."""
        for fact_id, aside in list(self._asides.items()):
            if aside is not None and aside[2] and aside[1] == arrived and fact_id in self._facts:
                _all, missing = self._ancestors(self._facts[fact_id])
                if missing is None:
                    self._ripe[fact_id] = self._facts[fact_id]
                else:
                    self._set_aside(fact_id, (aside[0], missing, True))

    def _check_references(self, fact: Recorded) -> None:
        if fact.id in fact.supersedes:
            fact.quarantine = "mixes_records"
            return
        _all, missing = self._ancestors(fact)
        if missing is not None:
            fact.quarantine, fact.waiting_for = "waits_for_another", missing
        else:
            fact.quarantine = self._misfit(fact)

    def _misfit(self, fact: Recorded) -> str:
        """Why a fact cannot supersede what it names, all of which is here; empty when it can."""
        groups = {self._group_of(self._facts[reference]) for reference in fact.supersedes}
        if len(groups) > 1:
            return "mixes_records"
        if groups and fact.kind != TAKEN_BACK and self._facts[next(iter(groups))].kind != fact.kind:
            return "changes_kind"
        return ""

    def _superseding(self, cause: Recorded, fact: Recorded) -> Step:
        fact.root = self._group_of(fact)
        group = self._group(fact.root)
        step = Step(cause)
        built_on, _missing = self._ancestors(fact)
        for reference in built_on - {fact.id}:
            if self._is_open(reference):
                self._set_aside(reference, ("superseded", None, False))
        if group.effective is not None and group.effective != fact.id:
            undone = self._facts[group.effective]
            undone.root = fact.root  # what came before its original was stored without knowing it
            step.undo.append(undone)
            self._set_aside(group.effective, ("superseded", None, False))
        group.heads = [head for head in group.heads if head not in built_on and head != fact.id] + [fact.id]
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
        _all, missing = self._ancestors(target)
        if missing is not None:
            self._set_aside(target.id, ("waits_for_another", missing, True))
            return Step(cause)
        misfit, aside = self._misfit(target), self._asides[target.id]
        if misfit and aside and aside[0] != misfit:
            self._set_aside(target.id, (misfit, None, True))
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

    def settle(self, steps: Sequence[Step], tolerate: tuple[type[Exception], ...] = ()) -> list[Recorded]:
        """Let each reactor decide, and freeze its decisions into the facts.

        Returns the facts that a reactor refused with an exception of `tolerate`; keep them aside and plan afresh.
        """
        refused: list[Recorded] = []
        for reactor in self._reactors:
            reactor.prepare(steps, self._batch)
        for step in steps:
            step.cause.settlement = None
            try:
                for reactor in self._reactors:
                    decision = reactor.settle(step, self._batch)
                    if decision is not None:
                        step.cause.settlement = (step.cause.settlement or {}) | {reactor.name: decision}
            except tolerate as refusal:
                step.cause.refused_as = getattr(refusal, "reason", "")
                refused.append(step.cause)
        return refused

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
