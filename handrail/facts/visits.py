"""A visit: one encounter and the facts in it, saved and corrected as a whole."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
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
    """One fact of a visit. `slot` keeps it apart from the others, so that a correction meets its original."""

    kind: str
    payload: BaseModel
    nth: int = 1
    """Which one of its sort: a test that did not work and the one that repeated it stand in one visit."""

    @property
    def slot(self) -> str:
        """Kind, for kinds with a row for each option the option, and from the second on its number."""
        return nth_slot(slot_of(self.kind, self.payload), self.nth)


def slot_of(kind: str, payload: Any) -> str:
    """What facts of one sort share: see `Part.slot`."""
    spec = KINDS.get(kind)
    part = spec.compose.part if spec and spec.compose else None
    return f"{kind}:{getattr(payload, part.row)}" if isinstance(part, Matrix) else kind


def nth_slot(slot: str, nth: int) -> str:
    """The slot of the nth fact of one sort."""
    return slot if nth == 1 else f"{slot}#{nth}"


def apart(parts: Iterable[Part]) -> list[Part]:
    """The same parts, no two in one slot: whoever comes second in a taken slot takes the next that is free."""
    found: dict[str, Part] = {}
    for part in parts:
        while part.slot in found:
            part = replace(part, nth=part.nth + 1)
        found[part.slot] = part
    return list(found.values())


def parts_of(facts: Sequence[Recorded]) -> list[tuple[Recorded, Part]]:
    """The facts of a visit besides its encounter, each with the part it is; unreadable ones are left out."""
    inside = [fact for fact in facts if fact.kind != "facts.encounter" and fact.parsed is not None]
    return list(zip(inside, apart(Part(fact.kind, fact.parsed) for fact in inside), strict=True))


def closed_to(actor: Actor, facts: Sequence[Recorded]) -> frozenset[uuid.UUID]:
    """Ids of those facts whose content this actor may not read, only that they are there.

    A result is read by whoever recorded it and by those who follow results up (`domain/people.md` 8). Writing somebody
    else's result again, as when a visit is claimed, gives no right to read it.
    """
    asked = [fact for fact in facts if fact.spec is not None and fact.spec.may_read and not actor.may(fact.spec.may_read, fact.site)]
    own = [fact for fact in asked if fact.staff is not None and fact.staff == actor.staff_id]
    again = {fact.root for fact in own if fact.root and fact.root != fact.id}
    first = dict(Fact.objects.filter(id__in=again).values_list("id", "staff")) if again else {}
    mine = {fact.id for fact in own if fact.root not in again or first.get(fact.root) == actor.staff_id}
    return frozenset(fact.id for fact in asked if fact.id not in mine)


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
        for part in _routed(parts, site)
    ]
    return record_many(drafts, actor=actor, mode=mode)


def _routed(parts: Sequence[Part], site: uuid.UUID | None) -> list[Part]:
    """Each in a slot of its own. Referrals get their destination here: a form, the API and an import lead to the same counter."""
    found = apart(parts)
    sent = routed([(part.kind, part.payload) for part in found], site)
    return [replace(part, payload=payload) for part, (_kind, payload) in zip(found, sent, strict=True)]


_FIRST_RECORDED = "coalesce((SELECT r.counter FROM facts_fact r WHERE r.organisation_id = f.organisation_id AND r.id = f.root), f.counter)"
"""A corrected fact keeps its place: which of two tests of one sort is the first must not depend on what was mended last."""


def read(visit: uuid.UUID) -> list[Recorded]:
    """The facts of a visit that count now, the encounter first, in the order they were first recorded; empty when there is none."""
    with connection.cursor() as cursor:
        return list(
            read_facts(
                cursor, scope.organisation(),
                "(f.encounter = %s OR f.root = %s OR f.id = (SELECT effective FROM facts_standing WHERE organisation_id = %s AND root = %s))"  # noqa: S608  our own constant
                f" AND f.kind <> 'facts.taken_back' AND {COUNTS}",
                [visit, visit, scope.organisation(), visit],
                f"ORDER BY (f.kind <> 'facts.encounter'), {_FIRST_RECORDED}, f.counter",
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


def slots(facts: Sequence[Recorded]) -> set[str]:
    """Every slot that these facts, counting or not, may have stood in."""
    found = {"encounter"}
    seen: Counter[str] = Counter()
    for fact in facts:
        if fact.parsed is not None:
            sort = slot_of(fact.kind, fact.parsed)
            seen[sort] += 1
            found.add(nth_slot(sort, seen[sort]))
    return found


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
    there = {part.slot: fact for fact, part in parts_of(current)}
    wanted = {part.slot: part for part in _routed(parts, first.site_id)}
    moved = first.participant != participant

    def draft(kind: str, payload: BaseModel, slot: str, old: Recorded | None, *, inside: bool) -> Draft:
        return Draft(
            kind=kind, payload=payload, site=first.site_id, id=ids.derived(correction, slot),
            occurred_at=old.occurred_at if old else first.occurred_at,
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
