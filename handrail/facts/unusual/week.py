"""What the rules look at: the looks of one week, and how many were usual in the eight weeks before."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median

from django.db import connection

from handrail.facts.models import Participant, Site
from handrail.facts.spec import Text
from handrail.kernel import clock, scope

WEEKS_BEFORE = 8
TIMES = 3
"""What is more than three times the usual is worth a question. A start value; no source."""
NIGHT_FROM, NIGHT_TO = 22, 6


@dataclass(frozen=True)
class Look:
    """One look. `person` is set where a person's record was looked at, and nowhere else."""

    staff: uuid.UUID
    at: datetime
    person: uuid.UUID | None
    refused: bool
    at_night: bool


@dataclass(frozen=True)
class Line:
    """Something unusual: an account (or several), a number, and what is usual."""

    staff: uuid.UUID | None
    number: int
    usual: int


@dataclass(frozen=True)
class Rule:
    """A rule: its heading, what it means and what to do, and how it finds lines."""

    title: Text
    explain: Text
    find: Callable[[Week], list[Line]]


@dataclass(frozen=True)
class Week:
    """The looks of a week, of the weeks before, and whom each account ever served."""

    monday: date
    looks: list[Look]
    before: list[list[Look]]
    served: frozenset[tuple[uuid.UUID, uuid.UUID]]
    """(account, person) wherever the account recorded something with the person."""

    def unusual(self, count: Callable[[Iterable[Look]], Mapping[uuid.UUID, int]], least: int) -> list[Line]:
        """Accounts with at least so many, more than three times their own usual and their colleagues'."""
        now, past = count(self.looks), [count(looks) for looks in self.before]
        found = []
        for staff, number in sorted(now.items(), key=lambda one: (-one[1], str(one[0]))):
            own = median([week.get(staff, 0) for week in past]) if past else 0
            colleagues = [others for other, others in now.items() if other != staff]
            usual = int(max(own, median(colleagues) if colleagues else 0))
            if number >= least and number > TIMES * usual:
                found.append(Line(staff, number, usual))
        return found


def per_account(looks: Iterable[Look]) -> Counter[uuid.UUID]:
    """How many looks each account made."""
    return Counter(look.staff for look in looks)


def people_per_account(looks: Iterable[Look]) -> dict[uuid.UUID, int]:
    """At how many different people each account looked."""
    seen: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for look in looks:
        if look.person is not None and not look.refused:
            seen[look.staff].add(look.person)
    return {staff: len(people) for staff, people in seen.items()}


# -- reading it ------------------------------------------------------------------------------------------------------------

_LOOKS = """
SELECT a.actor, a.at, a.what, a.object_id, a.refused FROM kernel_accessentry a
WHERE a.organisation_id = %s::bigint AND a.at >= %s::timestamptz AND a.at < %s::timestamptz AND a.actor IS NOT NULL ORDER BY a.at
"""
_SERVED = """
SELECT DISTINCT f.staff, f.participant FROM facts_fact f
WHERE f.organisation_id = %s::bigint AND f.participant = ANY (%s::uuid[]) AND f.staff IS NOT NULL
"""
_OF_PEOPLE = ("person", "emergency")
"""How what was looked at begins where the id is a person's."""


def read(monday: date) -> Week:
    """The week that begins on this Monday, by the clock of the programme's first place."""
    zone = Site.objects.filter(is_active=True).order_by("key").values_list("time_zone", flat=True).first() or "UTC"
    starts = [clock.midnight(monday - timedelta(weeks=back), zone) for back in range(WEEKS_BEFORE, -2, -1)]
    into = dict(Participant.objects.exclude(merged_into=None).values_list("id", "merged_into"))
    weeks = [_between(since, until, zone, into) for since, until in pairwise(starts)]
    people = {look.person for look in weeks[-1] if look.person is not None}
    records = [*people, *(record for record, survivor in into.items() if survivor in people)]
    with connection.cursor() as cursor:
        cursor.execute(_SERVED, [scope.organisation(), records])
        served = frozenset((staff, into.get(person, person)) for staff, person in cursor.fetchall())
    used = next((number for number, looks in enumerate(weeks[:-1]) if looks), len(weeks) - 1)
    return Week(monday, weeks[-1], weeks[used:-1], served)


def _between(since: datetime, until: datetime, zone: str, into: Mapping[uuid.UUID, uuid.UUID]) -> list[Look]:
    with connection.cursor() as cursor:
        cursor.execute(_LOOKS, [scope.organisation(), since, until])
        rows = cursor.fetchall()
    return [_look(row, zone, into) for row in rows]


def _look(row: tuple[uuid.UUID, datetime, str, str, bool], zone: str, into: Mapping[uuid.UUID, uuid.UUID]) -> Look:
    staff, at, what, named, refused = row
    hour = clock.local(at, zone).hour
    person = uuid.UUID(named) if what.startswith(_OF_PEOPLE) and not refused and len(named) == 36 else None
    return Look(staff, at, into.get(person, person) if person else None, refused, hour >= NIGHT_FROM or hour < NIGHT_TO)
