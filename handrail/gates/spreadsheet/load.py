"""The dry run and the real run of an import.

A record's id follows from the mapping's name and the row's key, by a keyed digest: the same file twice changes nothing,
and nobody can tell a row from an id. Everything goes through the one door, in batches that hold its lock briefly.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from handrail.facts import consents
from handrail.facts.devices import import_device
from handrail.facts.models import Site
from handrail.facts.record import Draft, Mode, lock_organisation, record_many
from handrail.facts.recorded import COUNTS, Recorded, read_facts
from handrail.gates.spreadsheet.mapping import Mapping
from handrail.gates.spreadsheet.people import described_twice, edited, welcome
from handrail.gates.spreadsheet.people import known as known_people
from handrail.gates.spreadsheet.plan import Bad, Known, Plan, Visit, make
from handrail.gates.spreadsheet.reading import heading, read
from handrail.kernel import audit, clock, ids, scope
from handrail.kernel.access import Actor
from handrail.ledgers.stock.models import Item

BATCH = 500
"""Facts under one lock at most, but for one visit with more of them."""


@dataclass(frozen=True)
class Done:
    """What a real run did."""

    visits: int
    facts: int
    people: int
    already_here: int


def prepare(*, actor: Actor, mapping: Mapping, data: bytes) -> Plan:
    """Judge a file; nothing is stored. Raises `NotReadable` when it is no CSV file at all."""
    sheet = read(data, [name for name, _use in mapping.headings()], encoding=mapping.file.encoding, delimiter=mapping.delimiter)
    plan = make(mapping, sheet, _known(actor))
    if differing := described_twice(plan.visits):
        plan.warnings.append(
            ngettext("%d person is described differently in different rows: what the first of their rows says is kept.",
                     "%d people are described differently in different rows: what the first of their rows says is kept.", differing) % differing)
    _compare(plan)
    _leave_the_dead(plan)
    return plan


def run(*, actor: Actor, plan: Plan, data: bytes, only_good: bool = False) -> Done:
    """Record what a plan holds. Raises ValueError if anything is wrong with it, unless the good rows alone are wanted."""
    if plan.problems:
        raise ValueError(plan.problems[0])
    if plan.bad and not only_good:
        raise ValueError(_("Nothing was imported: %d rows are not right.") % plan.bad_rows)
    batches = list(_batches(plan.visits))
    if not batches:
        return Done(0, 0, 0, len(plan.known))
    found = [_record(actor, plan, batch, data if number == 0 else None) for number, batch in enumerate(batches)]
    return Done(len(plan.visits), sum(facts for facts, _people in found), sum(people for _facts, people in found), len(plan.known))


def _known(actor: Actor) -> Known:
    sites: dict[str, Site] = {}
    for site in Site.objects.filter(actor.filter("import.run", "key")):
        sites[heading(site.name)] = sites[str(site.id)] = site
    items: dict[str, str] = {}
    catalogue = list(Item.objects.values_list("code", "name", "names"))
    for code, name, _names in catalogue:
        items.setdefault(heading(name), code)
        items[heading(code)] = code
    for code, _name, names in catalogue:
        for other in names.values():
            items.setdefault(heading(other), code)
    return Known(actor.organisation_id, sites, items)


# -- what an earlier run recorded ---------------------------------------------------------------------------------------


def _compare(plan: Plan) -> None:
    """Sort out the visits that are here already: the same ones are left alone, different ones are reported."""
    fresh: list[Visit] = []
    for visits in _chunks(plan.visits, BATCH):
        stored = _stored([visit.id for visit in visits])
        people = known_people([visit.person for visit in visits if visit.person])
        for visit in visits:
            here = stored.get(visit.id)
            if here is None:
                fresh.append(visit)
            elif _says_the_same(visit, here, people):
                plan.known.append(visit)
            else:
                plan.bad.append(_changed(visit))
    about_people = {visit.id: visit for visit in edited(plan.known)}
    plan.bad += [_changed(visit) for visit in about_people.values()]
    plan.known = [visit for visit in plan.known if visit.id not in about_people]
    plan.visits = fresh
    plan.bad.sort(key=lambda bad: bad.row)


def _changed(visit: Visit) -> Bad:
    return Bad(visit.rows[0], "", "", _("This was already imported with other values."), _("Correct the visit in Handrail; the file cannot change it."))


def _chunks(visits: Sequence[Visit], size: int) -> Iterator[Sequence[Visit]]:
    return (visits[start : start + size] for start in range(0, len(visits), size))


def _stored(visits: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Recorded]]:
    """The facts as they were first imported, by visit. Later corrections do not make a row look changed."""
    found: dict[uuid.UUID, list[Recorded]] = {}
    with connection.cursor() as cursor:
        condition = "(f.id = ANY(%s::uuid[]) OR f.encounter = ANY(%s::uuid[])) AND f.device = ANY(SELECT id FROM facts_device WHERE token IS NULL AND NOT is_server)"
        for fact in read_facts(cursor, scope.organisation(), condition, [list(visits), list(visits)]):
            found.setdefault(fact.encounter or fact.id, []).append(fact)
    return found


def _leave_the_dead(plan: Plan) -> None:
    """Visits after the day somebody died, as the door would refuse them (`domain/exchange.md` 11, rule 6): told now, row by row."""
    people = {token: who for some in _chunks(plan.visits, BATCH) for token, who in known_people([v.person for v in some if v.person]).items()}
    last = {who: day for who in consents.deceased(people.values()) if (day := _last_day(who)) is not None}
    alive: list[Visit] = []
    for visit in plan.visits:
        who = people.get(visit.person) if visit.person else None
        day = last.get(who) if who else None
        if day is None or clock.local_date(visit.occurred_at, visit.site.time_zone) <= day:
            alive.append(visit)
        else:
            todo = _("Leave the person empty if somebody else came; else take the row out.")
            plan.bad += [Bad(row, "", "", _("We were told that this person had died before."), todo) for row in visit.rows]
    plan.visits = alive
    plan.bad.sort(key=lambda bad: bad.row)


def _last_day(person: uuid.UUID) -> date | None:
    """The last day this person may have lived: what was reported last, and not after the day of the report."""
    with connection.cursor() as cursor:
        found = list(
            read_facts(cursor, scope.organisation(), f"f.participant = ANY(%s::uuid[]) AND f.kind = 'facts.died' AND {COUNTS}", [consents.selves(person)])
        )
    if not found:
        return None
    told = max(found, key=lambda fact: (fact.occurred_at, fact.counter))
    zone = Site.objects.filter(key=told.site).values_list("time_zone", flat=True).first() or "UTC"
    day: date = min(told.parsed.last_day, clock.local_date(told.occurred_at, zone))
    return day


def _says_the_same(visit: Visit, here: Sequence[Recorded], people: dict[bytes, uuid.UUID]) -> bool:
    person = people.get(visit.person) if visit.person else None
    wanted = {draft.id: draft for draft in _drafts(visit, None, person)}
    return {fact.id for fact in here} == set(wanted) and all(
        fact.parsed == wanted[fact.id].payload and fact.site_id == visit.site.id and fact.occurred_at == visit.occurred_at
        and (fact.participant is None) == (visit.person is None) and fact.participant in {None, person}
        for fact in here
    )


# -- recording ------------------------------------------------------------------------------------------------------


def _batches(visits: Sequence[Visit]) -> Iterator[list[Visit]]:
    """Visits in file order, so many that their facts (one more for a new person) stay within a batch."""
    batch: list[Visit] = []
    size = 0
    for visit in visits:
        facts = len(visit.parts) + 2
        if batch and size + facts > BATCH:
            yield batch
            batch, size = [], 0
        batch.append(visit)
        size += facts
    if batch:
        yield batch


def _record(actor: Actor, plan: Plan, visits: Sequence[Visit], data: bytes | None) -> tuple[int, int]:
    """One batch in one transaction: facts recorded, people who are new. The first batch leaves the line in the audit."""
    with scope.enter([actor.organisation]):
        lock_organisation()
        device = import_device(actor, plan.mapping.name)
        if data is not None:
            audit.write(
                "import.run", actor=actor, object_kind="import", object_id=plan.mapping.name,
                detail={"sha256": hashlib.sha256(data).hexdigest(), "rows": len(plan.sheet.rows), "visits": len(plan.visits), "bad_rows": plan.bad_rows, "stock": plan.mapping.stock},
            )
        people = known_people([visit.person for visit in visits if visit.person])
        drafts: list[Draft] = []
        new = 0
        for visit in visits:
            if visit.person and visit.person not in people:
                people[visit.person] = ids.random()
                drafts += welcome(actor, visit, people[visit.person], device.id)
                new += 1
            drafts += _drafts(visit, device.id, people.get(visit.person) if visit.person else None)
        mode = Mode.EARLIER if plan.mapping.stock == "none" else Mode.CONFIRMED
        # Who may import may record all that an import records; which places, the dry run has asked already.
        record_many(drafts, actor=replace(actor, is_system=True), mode=mode)
        return len(drafts), new


def _drafts(visit: Visit, device: uuid.UUID | None, participant: uuid.UUID | None) -> list[Draft]:
    drafts = [
        Draft(
            kind="facts.encounter", payload=visit.encounter, site=visit.site.id, id=visit.id, occurred_at=visit.occurred_at,
            participant=participant, device=device,
        )
    ]
    drafts += [
        Draft(
            kind=part.kind, payload=part.payload, site=visit.site.id, id=ids.derived(visit.id, part.slot), occurred_at=visit.occurred_at,
            encounter=visit.id, participant=participant, device=device,
        )
        for part in visit.parts
    ]
    return drafts
