"""What is unusual in a week of looks, rule by rule, with the case beside it that is not."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from handrail.facts import unusual
from handrail.facts.models import Digest, Unusual
from handrail.facts.record import Draft, record
from handrail.facts.unusual import RULES
from handrail.facts.unusual.week import read
from handrail.kernel import ids, scope
from handrail.kernel.models import AccessEntry
from tests.people import join

MONDAY = date(2026, 9, 7)
NOON = datetime(2026, 9, 8, 9, 0, tzinfo=UTC)
"""A Tuesday, noon in Nairobi."""


@pytest.fixture
def time():
    with time_machine.travel("2026-09-15T09:00:00Z", tick=False) as moving:
        yield moving


def look(world, who, person=None, *, at=NOON, what="person", refused=False, times=1):
    for _look in range(times):
        AccessEntry.objects.create(
            organisation=world.harbour, at=at, actor=world.staff[who].id, what=what, object_id=str(person or ids.random()), refused=refused
        )


def found(world, rule):
    names = {staff.id: username for username, staff in world.staff.items()}
    return [(names.get(line.staff), line.number, line.usual) for line in RULES[rule].find(read(MONDAY))]


def test_many_people_is_a_line_and_the_same_few_again_and_again_are_none(time, in_harbour):
    person = ids.random()
    look(in_harbour, "elsewhere", person, times=200)
    look(in_harbour, "naima", times=19)
    assert found(in_harbour, "many") == []
    look(in_harbour, "naima", times=1)
    assert found(in_harbour, "many") == [("naima", 20, 1)]


def test_a_busy_worker_and_a_busy_team_are_usual(time, in_harbour):
    for week in range(1, 9):
        look(in_harbour, "naima", times=15, at=NOON - timedelta(weeks=week))
    look(in_harbour, "naima", times=40)
    assert found(in_harbour, "many") == [], "not three times what the account usually does"
    look(in_harbour, "elsewhere", times=40)
    look(in_harbour, "nurse", times=40)
    assert found(in_harbour, "many") == [], "not more than colleagues do this week"


def test_what_lies_outside_the_week_by_the_clock_of_the_place_does_not_count(time, in_harbour):
    begins = datetime(2026, 9, 6, 21, 0, tzinfo=UTC)
    look(in_harbour, "naima", times=30, at=begins - timedelta(seconds=1))
    look(in_harbour, "elsewhere", times=30, at=begins + timedelta(weeks=1))
    look(in_harbour, "nurse", times=21, at=begins)
    assert found(in_harbour, "many") == [("nurse", 21, 0)]


def test_who_is_refused_often_is_a_line_and_a_few_are_none(time, in_harbour):
    look(in_harbour, "elsewhere", what="GET /visits/x/", refused=True, times=9)
    assert found(in_harbour, "refused") == []
    look(in_harbour, "elsewhere", what="GET /visits/x/", refused=True, times=1)
    look(in_harbour, "naima", what="visit", times=50)
    assert found(in_harbour, "refused") == [("elsewhere", 10, 0)]


def test_night_is_a_line_for_whoever_works_by_day_and_none_for_the_night_shift(time, in_harbour):
    night = datetime(2026, 9, 8, 23, 30, tzinfo=UTC)
    look(in_harbour, "naima", at=night, times=5)
    look(in_harbour, "naima", at=NOON, times=5)
    for week in range(9):
        look(in_harbour, "nurse", at=night - timedelta(weeks=week), times=6)
    assert found(in_harbour, "night") == []
    look(in_harbour, "naima", at=night, times=14)
    assert found(in_harbour, "night") == [("naima", 19, 6)]
    look(in_harbour, "elsewhere", at=night, what="visit", times=60)
    assert [name for name, _number, _usual in found(in_harbour, "night")] == ["naima"], "only looks at people"


def test_one_person_looked_at_by_many_who_never_served_them_is_a_line_without_any_name(time, in_harbour):
    person = ids.random()
    for who in ("naima", "elsewhere", "nurse"):
        look(in_harbour, who, person, times=3)
    assert found(in_harbour, "same_person") == []
    look(in_harbour, "admin", person)
    assert found(in_harbour, "same_person") == [(None, 4, 0)]
    serve(in_harbour, person)
    assert found(in_harbour, "same_person") == [], "one of the four served them"


def serve(world, person, who="naima"):
    record(
        Draft(kind="facts.profile", site=world.van.id, participant=person, payload={"birth_year": 1985}, occurred_at=NOON - timedelta(days=300)),
        actor=world.actors[who],
    )


def test_people_an_account_never_served_are_a_line_and_those_it_served_are_none(time, in_harbour):
    own = [ids.random() for _person in range(12)]
    for person in own:
        serve(in_harbour, person)
        look(in_harbour, "naima", person)
    assert found(in_harbour, "never_served") == []
    for person in own[:10]:
        look(in_harbour, "nurse", person)
    assert found(in_harbour, "never_served") == [("nurse", 10, 0)]


def test_whoever_served_one_record_of_a_person_served_the_person(time, in_harbour):
    people = [(ids.random(), ids.random()) for _person in range(10)]
    for survivor, other in people:
        serve(in_harbour, other)
        join(in_harbour, survivor, other, at=NOON - timedelta(days=1))
        look(in_harbour, "naima", survivor)
        look(in_harbour, "nurse", survivor)
    assert found(in_harbour, "never_served") == [("nurse", 10, 0)]


def test_a_digest_is_made_once_kept_without_any_person_and_shown_in_the_order_of_the_rules(time, in_harbour):
    person = ids.random()
    look(in_harbour, "naima", times=25)
    for who in ("naima", "elsewhere", "nurse", "admin"):
        look(in_harbour, who, person)
    assert unusual.last_week() == MONDAY
    assert unusual.make(MONDAY) == 3
    look(in_harbour, "nurse", times=500)
    assert unusual.make(MONDAY) == 3, "once made it stays"
    assert [row.rule for row in unusual.lines(MONDAY)] == ["many", "same_person", "never_served"]
    assert not any(isinstance(value, uuid.UUID) and value == person for row in Unusual.objects.values() for value in row.values())


def test_a_quiet_week_is_a_digest_without_lines(time, in_harbour):
    assert unusual.make(MONDAY) == 0
    assert Digest.objects.get().week == MONDAY


def test_the_job_makes_the_digest_of_every_programme_from_its_own_looks_alone(time, world):
    with scope.enter([world.harbour.key]):
        look(world, "naima", times=25)
    unusual.make_digests.call()
    for organisation, lines in ((world.harbour, 2), (world.hillside, 0)):
        with scope.enter([organisation.key]):
            assert Digest.objects.count() == 1
            assert Unusual.objects.count() == lines
