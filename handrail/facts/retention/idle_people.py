"""People nobody has seen for long: their codes, hints and handle are forgotten, and their history is nobody's (`domain/people.md` 12)."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time

from django.db import connection
from django.utils.translation import gettext_lazy as _

from handrail.facts.models import CardToken, CodeHint, Handle
from handrail.facts.participants import survivors
from handrail.facts.values import CODE_IDLE_MONTHS
from handrail.kernel import scope
from handrail.kernel.keyring import Mode, mode
from handrail.kernel.retention import Holds, Purged, RetentionClass, Touch, Unit

HIGH_RISK_MONTHS, LOW_RISK_MONTHS = 12, 60
_NAMED = (CardToken, CodeHint, Handle)
_SEEN = """
SELECT p.id, greatest(
  (SELECT max(f.occurred_at) FROM facts_fact f WHERE f.organisation_id = %s::bigint AND f.participant = p.id),
  (SELECT max(c.issued_at) FROM facts_cardtoken c WHERE c.organisation_id = %s::bigint AND c.participant = p.id))
FROM unnest(%s::uuid[]) AS p(id)
"""


def _starts() -> int:
    return HIGH_RISK_MONTHS if mode() is Mode.HIGH else LOW_RISK_MONTHS


def idle(before: date) -> list[list[uuid.UUID]]:
    """Every record of each person who can be found by something and was last seen, or given a card, before that day."""
    into = survivors()
    found = {row for model in _NAMED for row in model.objects.values_list("participant", flat=True)}
    people: dict[uuid.UUID, set[uuid.UUID]] = {}
    for one in found:
        people.setdefault(into.get(one, one), {into.get(one, one)}).add(one)
    for one, survivor in into.items():
        if survivor in people:
            people[survivor].add(one)
    organisation = scope.organisation()
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, [organisation, organisation, [one for person in people.values() for one in person]])
        seen = dict(cursor.fetchall())
    limit = datetime.combine(before, time(), UTC)
    # Somebody with no date at all, such as a handle written before the first visit was saved, is left for another night.
    known = [(sorted(person), [seen[one] for one in person if seen.get(one)]) for person in people.values()]
    return [person for person, moments in known if moments and max(moments) < limit]


def purge(*, before: date, holds: Holds) -> Purged:
    """Forget what leads to people who were not seen since that day."""
    people = idle(before)
    held = [person for person in people if holds.everything or holds.people & set(person)]
    going = [one for person in people if person not in held for one in person]
    for model in _NAMED:
        model.objects.filter(participant__in=going).delete()
    return Purged(len(people) - len(held), len(held))


RETENTION = RetentionClass(
    title=_("Codes and handles of people who no longer come"),
    what_goes=_("Cards, self-made codes, hints and handle. What the person had stays as anonymous history. Who comes back counts as new."),
    period=CODE_IDLE_MONTHS,
    unit=Unit.MONTHS,
    touches=tuple(Touch(model, delete=True) for model in _NAMED),
    purge=purge,
    starts=_starts,
)
