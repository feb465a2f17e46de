"""A visit: one encounter and the facts in it, saved and corrected as a whole."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from pydantic import BaseModel

from handrail.facts.fold import Recorded, read_facts
from handrail.facts.models import Fact
from handrail.facts.record import Draft, Mode, Outcome, Refusal, record_many
from handrail.facts.recorded import COUNTS
from handrail.facts.referrals import routed
from handrail.facts.spec import KINDS, Matrix
from handrail.kernel import ids, scope
from handrail.kernel.access import Actor


@dataclass(frozen=True)
class Part:
    """One fact of a visit. `slot` keeps it apart from others of its kind, so that a correction meets its original."""

    kind: str
    payload: BaseModel

    @property
    def slot(self) -> str:
        """Kind, and for kinds with a row for each option the option."""
        return slot_of(self.kind, self.payload)


def slot_of(kind: str, payload: Any) -> str:
    """See `Part.slot`."""
    spec = KINDS.get(kind)
    part = spec.compose.part if spec and spec.compose else None
    return f"{kind}:{getattr(payload, part.row)}" if isinstance(part, Matrix) else kind


def save(
    *, actor: Actor, visit: uuid.UUID, site: uuid.UUID, occurred_at: datetime, encounter: BaseModel, parts: Sequence[Part],
    participant: uuid.UUID | None = None, mode: Mode = Mode.TYPED,
) -> list[Outcome]:
    """Record a new visit. Sent twice with the same id it is recorded once."""
    drafts = [Draft(kind="facts.encounter", payload=encounter, site=site, id=visit, occurred_at=occurred_at, participant=participant)]
    drafts += [
        Draft(
            kind=part.kind, payload=part.payload, site=site, id=ids.derived(visit, part.slot), occurred_at=occurred_at,
            encounter=visit, participant=participant,
        )
        for part in _routed(parts)
    ]
    return record_many(drafts, actor=actor, mode=mode)


def _routed(parts: Sequence[Part]) -> list[Part]:
    """Referrals get their destination here, so that a form, the API and an import all lead to the same counter."""
    return [Part(kind, payload) for kind, payload in routed([(part.kind, part.payload) for part in parts])]


def read(visit: uuid.UUID) -> list[Recorded]:
    """The facts of a visit that count now, the encounter first; empty when there is none."""
    with connection.cursor() as cursor:
        return list(
            read_facts(
                cursor, scope.organisation(),
                "(f.encounter = %s OR f.root = %s OR f.id = (SELECT effective FROM facts_standing WHERE organisation_id = %s AND root = %s))"  # noqa: S608  our own constant
                f" AND f.kind <> 'facts.taken_back' AND {COUNTS}",
                [visit, visit, scope.organisation(), visit],
                "ORDER BY (f.kind <> 'facts.encounter'), f.counter",
            )
        )


def history(visit: uuid.UUID) -> list[Recorded]:
    """Every fact ever recorded about a visit, counting or not, in the order they were recorded."""
    organisation = scope.organisation()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT root FROM facts_fact WHERE organisation_id = %s::bigint AND (encounter = %s::uuid OR id = %s::uuid)",
            [organisation, visit, visit],
        )
        roots = [row[0] for row in cursor.fetchall()]
        return list(
            read_facts(
                cursor, organisation, "(f.encounter = %s::uuid OR f.root = ANY(%s::uuid[]))", [visit, roots], "ORDER BY f.counter"
            )
        )


def latest(*, site: int, most: int) -> list[uuid.UUID]:
    """Ids of the latest visits at a site, newest first."""
    return list(
        Fact.objects.filter(site=site, kind="facts.encounter", supersedes=[]).order_by("-occurred_at").values_list("id", flat=True)[:most]
    )


def correct(
    *, actor: Actor, visit: uuid.UUID, correction: uuid.UUID, encounter: BaseModel, parts: Sequence[Part],
    participant: uuid.UUID | None, mode: Mode = Mode.TYPED,
) -> list[Outcome]:
    """Make a visit say something else: changed parts are superseded, missing ones taken back, new ones added."""
    current = read(visit)
    if not current or current[0].kind != "facts.encounter":
        raise Refusal([("", _("This visit is not here or was taken back."))])
    first = current[0]
    there = {slot_of(f.kind, f.parsed): f for f in current[1:]}
    wanted = {part.slot: part for part in _routed(parts)}
    moved = first.participant != participant

    def draft(kind: str, payload: BaseModel, slot: str, old: Recorded | None, *, inside: bool) -> Draft:
        return Draft(
            kind=kind, payload=payload, site=first.site_id, id=ids.derived(correction, slot), occurred_at=first.occurred_at,
            encounter=visit if inside else None, participant=participant, supersedes=(old.id,) if old else (),
        )

    drafts: list[Draft] = []
    if moved or encounter != first.parsed:
        drafts.append(draft("facts.encounter", encounter, "encounter", first, inside=False))
    for slot, part in wanted.items():
        old = there.get(slot)
        if old is None or moved or part.payload != old.parsed:
            drafts.append(draft(part.kind, part.payload, slot, old, inside=True))
    taken_back = KINDS["facts.taken_back"].payload
    for slot, old in there.items():
        if slot not in wanted:
            drafts.append(draft("facts.taken_back", taken_back(why="did_not_happen"), slot, old, inside=True))
    return record_many(drafts, actor=actor, mode=mode) if drafts else []


def take_back(*, actor: Actor, visit: uuid.UUID, correction: uuid.UUID, why: str) -> list[Outcome]:
    """The whole visit should not exist: every fact of it is taken back; all stay readable."""
    payload = KINDS["facts.taken_back"].payload(why=why)
    return record_many(
        [
            Draft(
                kind="facts.taken_back", payload=payload, site=fact.site_id, id=ids.derived(correction, str(fact.id)),
                occurred_at=fact.occurred_at, encounter=visit, participant=fact.participant, supersedes=(fact.id,),
            )
            for fact in read(visit)
        ],
        actor=actor,
    )
