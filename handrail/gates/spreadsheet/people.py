"""What a file says about people: kept with the first row of somebody who is new, compared when the file comes again."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection

from handrail.facts.models import CardToken
from handrail.facts.record import Draft
from handrail.facts.recorded import read_facts
from handrail.facts.spec import KINDS
from handrail.gates.spreadsheet.plan import Visit
from handrail.kernel import clock, ids, scope
from handrail.kernel.access import Actor

RECIPE = "import"
"""How the table of codes marks a token that came from another system's id."""
_SAID = ("birth_year", "gender", "age_band")
_AT_ONCE = 500


def known(tokens: Iterable[bytes]) -> dict[bytes, uuid.UUID]:
    """Who is here already, by the token of their id in the old system."""
    return {bytes(token): participant for token, participant in CardToken.objects.filter(token__in=set(tokens)).values_list("token", "participant")}


def welcome(actor: Actor, visit: Visit, participant: uuid.UUID, device: uuid.UUID) -> list[Draft]:
    """A new participant: what the file said first, and a token that finds them again. The id in the file is not kept."""
    CardToken.objects.create(
        organisation_id=actor.organisation, token=visit.person, participant=participant, sort=CardToken.Sort.DERIVED,
        recipe=RECIPE, issued_at=clock.now(),
    )
    said = said_in(visit)
    payloads: dict[str, dict[str, Any]] = {"facts.enrolled": {name: value for name, value in said.items() if name != "age_band"}}
    if "age_band" in said:
        payloads["facts.profile"] = {"age_band": said["age_band"]}
    return [
        Draft(
            kind=kind, payload=KINDS[kind].parse(payload), site=visit.site.id, id=_id_of(participant, kind), occurred_at=visit.occurred_at,
            participant=participant, device=device,
        )
        for kind, payload in payloads.items()
    ]


def said_in(visit: Visit) -> dict[str, Any]:
    """What a row says about its person, as far as it is kept. Who said a year of birth needs no age."""
    said = {name: visit.profile[name] for name in _SAID if name in visit.profile}
    if "birth_year" in said:
        said.pop("age_band", None)
    return said


def described_twice(visits: Iterable[Visit]) -> int:
    """How many people are described differently in different rows; only their first row is kept."""
    first: dict[bytes, dict[str, Any]] = {}
    differing: set[bytes] = set()
    for visit in visits:
        if visit.person:
            said = said_in(visit)
            kept = first.setdefault(visit.person, said)
            if any(name in said and said[name] != kept.get(name) for name in _SAID):
                differing.add(visit.person)
    return len(differing)


def edited(visits: Sequence[Visit]) -> list[Visit]:
    """Of visits that are here already, those whose row told first about somebody, and says something else about them now."""
    theirs: defaultdict[bytes, list[Visit]] = defaultdict(list)
    for visit in visits:
        if visit.person:
            theirs[visit.person].append(visit)
    tokens, found = list(theirs), []
    for start in range(0, len(tokens), _AT_ONCE):
        for token, participant in known(tokens[start : start + _AT_ONCE]).items():
            found.append((token, participant))
    return [visit for start in range(0, len(found), _AT_ONCE) for visit in _edited(found[start : start + _AT_ONCE], theirs)]


def _edited(people: Sequence[tuple[bytes, uuid.UUID]], theirs: Mapping[bytes, Sequence[Visit]]) -> list[Visit]:
    wanted = [_id_of(participant, kind) for _token, participant in people for kind in ("facts.enrolled", "facts.profile")]
    with connection.cursor() as cursor:
        stored = {fact.id: fact for fact in read_facts(cursor, scope.organisation(), "f.id = ANY(%s::uuid[])", [wanted])}
    found: list[Visit] = []
    for token, participant in people:
        enrolled, profile = (stored.get(_id_of(participant, kind)) for kind in ("facts.enrolled", "facts.profile"))
        if enrolled is None:
            continue  # enrolled at a counter, not by a file
        kept = {"birth_year": enrolled.parsed.birth_year, "gender": enrolled.parsed.gender, "age_band": profile.parsed.age_band if profile else None}
        told = {name: value for name, value in kept.items() if value is not None}
        first = [v for v in theirs[token] if (v.occurred_at, v.site.id) == (enrolled.occurred_at, enrolled.site_id)]
        if first and all(said_in(visit) != told for visit in first):
            found.append(first[0])
    return found


def _id_of(participant: uuid.UUID, kind: str) -> uuid.UUID:
    return ids.derived(participant, "enrolled" if kind == "facts.enrolled" else "said")
