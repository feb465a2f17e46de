"""What was recorded while two records counted as one person: listed after the joining is undone, for somebody to say whose it is.

Every fact names the record whose card, code or handle was found, so nothing is lost by undoing. But whoever recorded it
believed the two to be one, so it may stand with the wrong one of them.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext as _

from handrail.facts import handle_words, visits
from handrail.facts.consents import selves
from handrail.facts.fold import Recorded, read_facts
from handrail.facts.models import CardToken, CodeHint, Handle
from handrail.facts.people_fold import MERGED
from handrail.facts.record import Draft, Mode, lock_organisation, record
from handrail.facts.recorded import COUNTS
from handrail.facts.spec import KINDS, Text
from handrail.facts.wishes_fold import DIED, STATUS
from handrail.kernel import audit, clock, ids, scope
from handrail.kernel.access import Actor

_NOT_MOVED = ("facts.merged", "facts.taken_back", "facts.released", "facts.enrolled", "facts.consent_revoked")
"""Enrolling made the record itself; a consent taken back names the consent, or was said for both."""


_BETWEEN = f"""
f.participant = ANY(%s::uuid[]) AND f.encounter IS NULL AND NOT f.kind = ANY(%s) AND {COUNTS} AND EXISTS (
  SELECT 1 FROM facts_fact r WHERE r.organisation_id = f.organisation_id AND r.id = f.root AND r.counter > %s AND r.counter < %s)
"""  # noqa: S608  our own constant
"""By when the first of a chain was recorded: a correction of an earlier record is no new one."""


@dataclass(frozen=True)
class Line:
    """One thing that was recorded, with which of the two, and the other one."""

    key: str
    title: Text
    at: datetime | None
    place: str
    with_whom: uuid.UUID
    other: uuid.UUID
    is_wish: bool
    """Whether somebody could be harmed if it stood with the wrong one."""


@dataclass(frozen=True)
class Joined:
    """A merge, and from when to when it held."""

    fact: Recorded
    undone: Recorded | None


def find(merge: uuid.UUID) -> Joined | None:
    """A merge, whether it still counts or was undone."""
    with connection.cursor() as cursor:
        chain = list(read_facts(cursor, scope.organisation(), "f.root = %s::uuid", [merge], "ORDER BY f.counter"))
    fact = next((found for found in chain if found.kind == MERGED and found.parsed is not None), None)
    ended = [found for found in chain if found.kind == "facts.taken_back" and not found.quarantine]
    return None if fact is None else Joined(fact, ended[-1] if ended else None)


def undone(most: int = 20) -> list[Joined]:
    """The latest joinings that were undone, newest first."""
    with connection.cursor() as cursor:
        ended = list(
            read_facts(
                cursor, scope.organisation(),
                "f.kind = 'facts.taken_back' AND f.root IN (SELECT m.id FROM facts_fact m WHERE m.organisation_id = f.organisation_id AND m.kind = %s)",
                [MERGED], f"ORDER BY f.counter DESC LIMIT {int(most)}",
            )
        )
    found = [find(fact.root) for fact in ended if fact.root is not None and not fact.quarantine]
    return [joined for joined in found if joined is not None]


def recorded(joined: Joined) -> list[Line]:
    """What was recorded with either record while the joining held; wishes and deaths first."""
    sides = dict.fromkeys(selves(joined.fact.parsed.survivor), joined.fact.parsed.survivor)
    sides |= dict.fromkeys(selves(joined.fact.parsed.other), joined.fact.parsed.other)
    lines = [*_facts(joined, sides), *_cards(joined, sides), *_handles(sides, joined)]
    return sorted(lines, key=lambda line: not line.is_wish)


def _other(joined: Joined, side: uuid.UUID) -> uuid.UUID:
    pair: tuple[uuid.UUID, uuid.UUID] = (joined.fact.parsed.survivor, joined.fact.parsed.other)
    return pair[1] if side == pair[0] else pair[0]


def _facts(joined: Joined, sides: dict[uuid.UUID, uuid.UUID]) -> list[Line]:
    through = joined.undone.counter if joined.undone else 2**62
    with connection.cursor() as cursor:
        found = list(
            read_facts(
                cursor, scope.organisation(), _BETWEEN, [list(sides), list(_NOT_MOVED), joined.fact.counter, through], "ORDER BY f.counter",
            )
        )
    lines = []
    for fact in found:
        if fact.participant is None:
            continue
        spec, side = KINDS.get(fact.kind), sides[fact.participant]
        lines.append(
            Line(
                f"fact:{fact.id}", spec.title if spec else fact.kind, clock.local(fact.occurred_at, fact.zone), str(fact.site_id or ""),
                side, _other(joined, side), fact.kind in {STATUS, DIED},
            )
        )
    return lines


def _cards(joined: Joined, sides: dict[uuid.UUID, uuid.UUID]) -> list[Line]:
    cards = CardToken.objects.filter(participant__in=list(sides), issued_at__gt=joined.fact.recorded_at)
    if joined.undone is not None:
        cards = cards.filter(issued_at__lt=joined.undone.recorded_at)
    return [
        Line(
            f"card:{card.key}", _("Card or code"), clock.local(card.issued_at, joined.fact.zone), "", sides[card.participant],
            _other(joined, sides[card.participant]), False,
        )
        for card in cards.order_by("key")
    ]


def _handles(sides: dict[uuid.UUID, uuid.UUID], joined: Joined) -> list[Line]:
    """A handle keeps no time: whichever there are."""
    rows = list(Handle.objects.filter(participant__in=list(sides)).order_by("key"))
    words = handle_words.shown(rows) or [_("(locked)")] * len(rows)
    return [
        Line(f"handle:{row.key}", _("Handle: %s") % word, None, "", sides[row.participant], _other(joined, sides[row.participant]), False)
        for row, word in zip(rows, words, strict=True)
    ]


@transaction.atomic
def assign(*, actor: Actor, joined: Joined, key: str, to: uuid.UUID) -> None:
    """One of these things belongs to the other of the two. Sent twice it is done once."""
    actor.require("person.merge")
    lock_organisation()
    line = next((found for found in recorded(joined) if found.key == key and found.other == to), None)
    if line is None:
        return
    sort, _colon, named = key.partition(":")
    if sort == "fact":
        _move(actor, uuid.UUID(named), line.other)
    elif sort == "card":
        card = CardToken.objects.get(key=int(named))
        if card.sort == CardToken.Sort.DERIVED:
            CodeHint.objects.filter(participant=card.participant).update(participant=line.other)
        card.participant = line.other
        card.save(update_fields=["participant"])
    else:
        Handle.objects.filter(participant=line.other).delete()
        Handle.objects.filter(key=int(named)).update(participant=line.other)
    audit.write("same_person.assigned", actor=actor, object_kind="participant", object_id=line.other, detail={"what": sort})


def _move(actor: Actor, fact_id: uuid.UUID, person: uuid.UUID) -> None:
    """A correction that changes nothing but whose it is. Who may join records may say so wherever it was recorded."""
    with connection.cursor() as cursor:
        fact = next(iter(read_facts(cursor, scope.organisation(), "f.id = %s::uuid", [fact_id])))
    mover, correction = replace(actor, is_system=True), ids.derived(fact.id, f"belongs to {person}")
    if fact.kind == "facts.encounter":
        visit = fact.root or fact.id
        parts = [visits.Part(part.kind, part.parsed) for part in visits.read(visit)[1:]]
        visits.correct(
            actor=mover, visit=visit, correction=correction, encounter=fact.parsed, parts=parts, participant=person, mode=Mode.CONFIRMED
        )
        return
    draft = Draft(
        kind=fact.kind, payload=fact.parsed, site=fact.site_id, id=correction, occurred_at=fact.occurred_at, participant=person,
        supersedes=(fact.id,),
    )
    record(draft, actor=mover, mode=Mode.CONFIRMED)
