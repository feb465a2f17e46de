"""The calendar explains a fall in contacts: people met at each stop beside what was cancelled and why, for past weeks too."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from handrail.facts import visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Site
from handrail.kernel import clock, ids, scope
from handrail.services.exchange import commands, queries
from handrail.services.exchange.kinds.stop_changed import StopChanged
from handrail.services.exchange.models import Stop
from handrail.services.exchange.tests.helpers import actor, signed_in

FRIDAY, WEEK = date(2026, 11, 20), date(2026, 11, 16)


def met(world, local: str, people: int = 1, site: Site | None = None) -> Any:
    """So many people were met at a local time in Nairobi."""
    made, at = ids.new(), datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("Africa/Nairobi"))
    visits.save(
        actor=world.system, visit=made, site=(site or world.van).id, occurred_at=at, encounter=Encounter(people_count=people), parts=[]
    )
    return made


@pytest.fixture
def stop(world) -> Stop:
    """A Friday night stop of the van, from 22:00 until 02:00, since the first of November."""
    with scope.enter([world.harbour.key]):
        return commands.plan_stop(
            actor=world.system, site=world.van, weekday=4, starts=time(22), ends=time(2), place="Behind the market", valid_from=date(2026, 11, 1)
        )


def contacts(world, monday: date = WEEK) -> list[tuple[date, int, int]]:
    with scope.enter([world.harbour.key]):
        return [(p.on, p.contacts, p.week_before) for p in queries.week_of_stops(actor(world, "naima"), monday)]


def test_a_contact_after_midnight_is_counted_at_the_stop_that_began_the_day_before(world, stop):
    with scope.enter([world.harbour.key]):
        for local, people in (("2026-11-20 21:59", 100), ("2026-11-20 22:00", 2), ("2026-11-21 01:59", 5), ("2026-11-21 02:00", 100)):
            met(world, local, people)
        met(world, "2026-11-14 00:30", 30)  # the stop of Friday the week before
        met(world, "2026-11-20 23:00", 100, world.sites["Drop-in"])
    assert contacts(world) == [(FRIDAY, 7, 30)]


def test_what_was_taken_back_or_corrected_is_counted_as_it_stands_now(world, stop):
    with scope.enter([world.harbour.key]):
        gone, changed = met(world, "2026-11-20 23:00", 4), met(world, "2026-11-20 23:10", 4)
        visits.take_back(actor=world.system, visit=gone, correction=ids.new(), why="did_not_happen")
        visits.correct(actor=world.system, visit=changed, correction=ids.new(), encounter=Encounter(people_count=9), parts=[], participant=None)
    assert contacts(world) == [(FRIDAY, 9, 0)]


def test_two_stops_of_one_van_count_each_contact_once(world, stop):
    with scope.enter([world.harbour.key]):
        commands.plan_stop(actor=world.system, site=world.van, weekday=4, starts=time(20), ends=time(23), place="Bus park", valid_from=WEEK)
        met(world, "2026-11-20 22:30", 3)
        met(world, "2026-11-20 20:30", 2)
    assert sorted(number for _on, number, _before in contacts(world)) == [0, 5]


def test_the_page_shows_the_fall_in_contacts_beside_its_reason_and_a_stop_that_was_ended_stays_in_its_weeks(world, stop):
    with scope.enter([world.harbour.key]):
        met(world, "2026-11-13 23:00", 30)
        change = StopChanged.model_validate({"stop": stop.id, "on": FRIDAY, "change": "cancelled", "reason": "roadblock"})
        commands.change_stop(actor=world.system, stop=stop, change=change, id=ids.new())
        commands.end_stop(actor=world.system, stop=stop)
    client = signed_in(world, "naima")
    page = " ".join(re.sub(r"<[^>]+>", " ", client.get(reverse("exchange:stops") + "?week=2026-11-18").content.decode()).split())
    assert "Behind the market Cancelled Roadblock" in page
    assert "0 contacts · the week before: 30" in page
    later = client.get(reverse("exchange:stops") + "?week=2027-11-18").content.decode()
    assert "Behind the market" not in later
    assert "Behind the market" not in client.get(reverse("exchange:stops") + "?week=2026-10-28").content.decode()  # it was not there yet


@pytest.mark.parametrize(("local", "holds"), [("2026-11-20 21:00", False), ("2026-11-20 22:30", True), ("2026-11-21 09:00", True)])
def test_a_stop_that_is_ended_while_it_takes_place_still_took_place(world, stop, monkeypatch, local, holds):
    now = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("Africa/Nairobi")).astimezone(UTC)
    monkeypatch.setattr(clock, "now", lambda: now)
    with scope.enter([world.harbour.key]):
        ended = commands.end_stop(actor=world.system, stop=stop)
        assert ended.holds_on(FRIDAY) is holds
        assert not ended.holds_on(date(2026, 11, 27))
        assert commands.end_stop(actor=world.system, stop=ended).valid_to == ended.valid_to  # a second tap


def test_a_stop_is_not_cancelled_on_a_day_on_which_it_is_not_planned(world, stop):
    form = {"id": str(ids.new()), "stop": str(stop.id), "on": "2026-10-30", "change": "cancelled", "reason": "police"}
    assert signed_in(world, "naima").post(reverse("exchange:stops"), form).status_code == 422


def test_a_day_that_is_none_is_said_where_a_stop_is_planned(world):
    form = {"site": str(world.van.id), "weekday": "4", "starts": "22:00", "ends": "02:00", "place": "Market", "valid_from": "soon"}
    answer = signed_in(world, "coordinator").post(reverse("exchange:stops-plan"), form)
    assert answer.status_code == 422
    assert "Write the day as year-month-day" in answer.content.decode()
    assert 'value="soon"' in answer.content.decode()


def test_a_week_that_has_not_come_shows_no_contacts(world, stop, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 18, 12, tzinfo=UTC))
    page = signed_in(world, "naima").get(reverse("exchange:stops") + "?week=2026-11-18").content.decode()
    assert "Behind the market" in page
    assert "contacts" not in page
