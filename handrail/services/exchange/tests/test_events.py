"""Whole stops, events and the calendar: one row for many people, and a stop that crosses midnight."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from pydantic import ValidationError

from handrail.facts import visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Fact, SafetyClass, Setting, Site
from handrail.facts.record import Draft, Mode, Refusal, record
from handrail.facts.spec import KINDS
from handrail.kernel import clock, ids, scope
from handrail.ledgers.stock import commands as stock
from handrail.ledgers.stock.models import Balance
from handrail.services.exchange import queries
from handrail.services.exchange.models import Stop
from handrail.services.exchange.rules import stop_day
from handrail.services.exchange.tests.helpers import actor, place, signed_in
from handrail.services.exchange.values import CONFIRM_OVER, LEGAL_CAP, LEGAL_LIMIT

SYRINGE, FILTER = "syringe-1ml-29g", "filter"


def send(world, site: Site, who: str = "naima", **typed: str) -> Any:
    form = {"id": str(ids.new()), "at": clock.now().isoformat()} | typed
    return signed_in(world, who).post(reverse("exchange:whole-stop", args=[site.id]), form)


@pytest.fixture
def event(world) -> Site:
    """An event at which naima works."""
    return place(world, "Open day", "event", ("naima", "outreach"))


# -- `domain/exchange.md`, worked example 6 ----------------------------------------------------------------------------


def test_an_event_of_100_people_and_250_syringes_is_one_encounter_and_one_record_of_what_was_given(world):
    answer = send(world, world.van, people_count="100", is_event="yes", **{f"q-{SYRINGE}": "250"})
    assert answer.status_code == 302
    with scope.enter([world.harbour.key]):
        encounter, given = Fact.objects.get(kind="facts.encounter"), Fact.objects.get(kind="exchange.given")
        assert Fact.objects.count() == 2 + Fact.objects.filter(kind__startswith="stock.").count()
        assert (encounter.payload["people_count"], encounter.payload["channel"]) == (100, "event")  # contacts +100
        assert [(line["item"], line["quantity"]) for line in given.payload["lines"]] == [(SYRINGE, 250)]  # n/s +250
        assert (encounter.participant, given.participant) == (None, None)  # unique people +0
        assert sum(b.quantity for b in Balance.objects.filter(location__kind="people")) == 250


def test_naloxone_of_an_event_is_a_hand_over_of_kits_and_not_of_needles(world):
    with scope.enter([world.harbour.key]):
        stock.add_item(actor=world.system, code="spray", name="Spray", item_class="naloxone")
        stock.receive(actor=world.system, site=world.van, lines=[stock.Delivery("spray", "NX-1", 40, date(2030, 3, 31))])
    assert send(world, world.van, people_count="30", is_event="yes", **{f"q-{SYRINGE}": "10", "q-spray": "12"}).status_code == 302
    with scope.enter([world.harbour.key]):
        given, supply = Fact.objects.get(kind="exchange.given"), Fact.objects.get(kind="naloxone.supply")
        assert [line["item"] for line in given.payload["lines"]] == [SYRINGE]
        assert [(line["item"], line["quantity"]) for line in supply.payload["lines"]] == [("spray", 12)]
        assert (supply.payload["recipient_kind"], supply.encounter) == ("unknown", given.encounter)
        assert sum(b.quantity for b in Balance.objects.filter(location__site=world.van, lot__item__code="spray")) == 28


def test_two_taps_are_one_event(world):
    form = str(ids.new())
    for _tap in range(2):
        assert send(world, world.van, id=form, people_count="100", **{f"q-{SYRINGE}": "250"}).status_code == 302
    with scope.enter([world.harbour.key]):
        assert Fact.objects.filter(kind="facts.encounter").count() == 1


def test_bands_say_who_they_were_and_the_rest_is_unknown(world):
    answer = send(world, world.van, people_count="100", **{"band-female-20_24": "12", "band-male-": "30", f"q-{SYRINGE}": "250"})
    assert answer.status_code == 302
    with scope.enter([world.harbour.key]):
        encounter = Fact.objects.get(kind="facts.encounter")
        found = visits.read(encounter.id)[0].parsed
        assert [(b.gender, b.age_band, b.people) for b in found.bands] == [("male", None, 30), ("female", "20_24", 12)]
    page = signed_in(world, "naima").get(reverse("visit", args=[encounter.id])).content.decode()
    assert "12 × Woman 20–24" in page


def test_bands_cannot_be_more_than_the_people_met(world):
    answer = send(world, world.van, people_count="10", **{"band-female-": "6", "band-male-": "5"})
    assert answer.status_code == 422
    assert 'value="6"' in answer.content.decode()
    assert send(world, world.van, people_count="10", **{"band-female-": "-1"}).status_code == 422
    with scope.enter([world.harbour.key]):
        assert not Fact.objects.filter(kind="facts.encounter").exists()


# -- rules of section 11 -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("people", "channel", "is_allowed"), [
    (0, "vehicle", False), (-3, "event", False), (1, "vehicle", True), (500, "vehicle", True), (501, "vehicle", False), (501, "event", True),
    (100_000, "event", True), (100_001, "event", False),
])
def test_more_than_500_people_is_an_event(in_harbour, people, channel, is_allowed):
    draft = Draft(kind="facts.encounter", payload={"people_count": people, "channel": channel}, site=in_harbour.van.id)
    if is_allowed:
        record(draft, actor=in_harbour.actors["naima"])
    else:
        with pytest.raises(Refusal) as refused:
            record(draft, actor=in_harbour.actors["naima"])
        assert refused.value.problems[0][0] == "people_count"


def test_the_form_of_a_whole_stop_says_that_many_people_are_an_event(world, event):
    answer = send(world, world.van, people_count="501")
    assert answer.status_code == 422
    assert "is an event" in answer.content.decode()
    assert send(world, world.van, people_count="501", is_event="yes").status_code == 302
    assert send(world, event, people_count="501").status_code == 302
    assert send(world, event, people_count="").status_code == 422


def test_others_are_split_as_far_as_known_and_never_named():
    found = Encounter.model_validate({"on_behalf_of": 5, "others_household": 2, "others_regular": 1})
    assert found.others_unknown == 2
    for wrong in ({"others_household": 6}, {"others_household": 3, "others_regular": 3}, {"others_regular": -1}):
        with pytest.raises(ValidationError):
            Encounter.model_validate({"on_behalf_of": 5} | wrong)


def test_a_visit_of_version_1_is_read_as_it_was_and_correcting_nothing_records_nothing(in_harbour):
    old = {"channel": "outreach", "people_count": 3, "on_behalf_of": 1}
    draft = Draft(kind="facts.encounter", payload=old, kind_version=1, site=in_harbour.van.id)
    record(draft, actor=in_harbour.actors["naima"])
    assert Fact.objects.get(id=draft.id).payload == old
    encounter = visits.read(draft.id)[0].parsed
    assert encounter == Encounter(people_count=3, on_behalf_of=1)
    assert visits.correct(actor=in_harbour.actors["naima"], visit=draft.id, correction=ids.new(), encounter=encounter, parts=[], participant=None) == []


@pytest.mark.parametrize(("kind", "payload"), [
    ("exchange.given", {"lines": [{"item": SYRINGE, "quantity": -5}]}), ("exchange.returned", {"quantity": -5}),
    ("exchange.dispensed", {"lines": [{"item": SYRINGE, "quantity": -5}]}),
    ("exchange.clean_up", {"quantity": -1, "area": "harbour", "place_kind": "park", "crew_size": 2}),
])
def test_a_negative_number_is_refused_by_the_service_and_by_the_database(in_harbour, kind, payload):
    with pytest.raises(Refusal):
        record(Draft(kind=kind, payload=payload, site=in_harbour.van.id, encounter=ids.new()), actor=in_harbour.system, mode=Mode.CONFIRMED)
    right = json.loads(json.dumps(payload).replace(": -", ": "))
    good = Draft(kind=kind, payload=right, site=in_harbour.van.id, encounter=ids.new())
    record(good, actor=in_harbour.system, mode=Mode.CONFIRMED)
    copy = (
        "INSERT INTO facts_fact (organisation_id, id, kind, kind_version, occurred_at, recorded_at, device, counter, supersedes, root, payload,"
        " payload_digest, digest) SELECT organisation_id, gen_random_uuid(), kind, kind_version, occurred_at, recorded_at, gen_random_uuid(),"
        " 1000000 + counter, supersedes, root, replace(payload::text, '\"quantity\": ', '\"quantity\": -')::jsonb, payload_digest, digest"
        " FROM facts_fact WHERE id = %s"
    )
    with pytest.raises(IntegrityError, match="exchange_no_negative_quantity"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(copy, [good.id])


def test_a_negative_number_that_arrives_is_kept_aside_and_lost_by_nobody(in_harbour):
    draft = Draft(kind="exchange.returned", payload={"quantity": -5}, site=in_harbour.van.id)
    record(draft, actor=in_harbour.system, mode=Mode.ARRIVED)
    assert Fact.objects.get(id=draft.id).payload == {"quantity": -5}


def test_a_negative_number_is_refused_at_the_form(world):
    assert send(world, world.van, people_count="3", **{f"q-{SYRINGE}": "-5"}).status_code == 422
    with scope.enter([world.harbour.key]):
        assert not Fact.objects.filter(kind="facts.encounter").exists()


def test_more_than_a_thousand_asks_for_a_second_tap_and_is_then_stored(world):
    with scope.enter([world.harbour.key]):
        Balance.objects.filter(location__site=world.van).update(quantity=5000)
    asked = send(world, world.van, people_count="30", **{f"q-{SYRINGE}": "1001"})
    assert asked.status_code == 422
    assert 'value="1001"' in asked.content.decode()
    assert send(world, world.van, people_count="30", confirm="large", **{f"q-{SYRINGE}": "1001"}).status_code == 302
    assert send(world, world.van, people_count="30", **{f"q-{SYRINGE}": "1000"}).status_code == 302


def test_the_second_tap_is_the_programmes_own_number(world):
    with scope.enter([world.harbour.key]):
        Setting.objects.create(organisation_id=world.harbour.key, name=CONFIRM_OVER.key, value=50, valid_from=date(2020, 1, 1))
    assert send(world, world.van, people_count="30", **{f"q-{SYRINGE}": "51"}).status_code == 422
    assert send(world, world.van, people_count="30", **{f"q-{SYRINGE}": "50"}).status_code == 302


def test_what_the_shelf_lacks_is_asked_and_then_recorded(world):
    asked = send(world, world.van, people_count="30", **{f"q-{SYRINGE}": "900"})
    assert asked.status_code == 422
    assert "The book has" in asked.content.decode()
    assert send(world, world.van, people_count="30", confirm="short", **{f"q-{SYRINGE}": "900"}).status_code == 302


@pytest.mark.parametrize(("kind", "payload"), [
    ("exchange.education", {"topics": ["none", "HIV"]}), ("exchange.used", {"substances": ["none", "crack"]}),
    ("exchange.used", {"substances": ["not_said", "crack"]}), ("exchange.routes", {"routes": ["not_said", "smoke"]}),
    ("exchange.education", {"topics": ["HIV", "HIV"]}), ("exchange.care", {"services": []}),
    ("exchange.clean_up", {"quantity": 1, "area": "harbour", "place_kind": "park", "crew_size": 2, "hazards": ["none", "dog"]}),
])
def test_none_excludes_the_others(kind, payload):
    with pytest.raises(ValidationError):
        KINDS[kind].parse(payload)


def test_with_whom_is_asked_only_with_the_persons_agreement():
    assert KINDS["exchange.company"].parse({"agreed": True, "with_when_using": "alone"}).with_when_using == "alone"
    for wrong in ({"agreed": False, "with_when_using": "alone"}, {"with_when_using": "alone"}, {"agreed": True}):
        with pytest.raises(ValidationError):
            KINDS["exchange.company"].parse(wrong)


def test_nobody_is_refused_for_having_no_code_no_returns_or_too_many_requests(in_harbour):
    for quantity in (1, 1_000, 100_000):
        given = KINDS["exchange.given"].parse({"lines": [{"item": SYRINGE, "quantity": quantity}]})
        visits.save(
            actor=in_harbour.actors["naima"], visit=ids.new(), site=in_harbour.van.id, occurred_at=clock.now(), encounter=Encounter(),
            parts=[visits.Part("exchange.given", given)], participant=None, mode=Mode.CONFIRMED,
        )
    assert Fact.objects.filter(kind="exchange.given", participant=None).count() == 3
    assert not Fact.objects.filter(kind="exchange.returned").exists()


# -- what a law says ------------------------------------------------------------------------------------------------------


def test_there_is_no_limit_unless_a_law_says_so_and_then_the_screen_says_that_it_is_the_law(world):
    where = reverse("exchange:whole-stop", args=[world.van.id])
    assert "The law here" not in signed_in(world, "naima").get(where).content.decode()
    with scope.enter([world.harbour.key]):
        common: dict[str, Any] = {"organisation_id": world.harbour.key, "valid_from": date(2020, 1, 1), "site": world.van}
        Setting.objects.create(name=LEGAL_LIMIT.key, value="one_for_one", source="Act 12, section 3", **common)
        assert LEGAL_LIMIT.safety == SafetyClass.LEGAL
        assert queries.legal_limit(world.van, FRIDAY) is None  # nobody approved it
        Setting.objects.update(approved_at=clock.now())
        assert queries.legal_limit(world.sites["Drop-in"], FRIDAY) is None
    page = signed_in(world, "naima").get(where).content.decode()
    assert "The law here demands one used for each new one" in page
    assert "Act 12, section 3" in page
    with scope.enter([world.harbour.key]):
        Setting.objects.create(name=LEGAL_CAP.key, value=40, approved_at=clock.now(), source="Act 13", **common)
        Setting.objects.filter(name=LEGAL_LIMIT.key).update(value="cap")
        limit = queries.legal_limit(world.van, FRIDAY)
        assert limit is not None
        assert (limit.cap, limit.source) == (40, "Act 13")


# -- the calendar -----------------------------------------------------------------------------------------------------------


FRIDAY = date(2026, 11, 20)


@pytest.mark.parametrize(("moment", "day"), [
    ("2026-11-20 21:59", None), ("2026-11-20 22:00", FRIDAY), ("2026-11-21 01:59", FRIDAY), ("2026-11-21 02:00", None), ("2026-11-21 22:30", None),
    ("2026-11-20 01:00", None),
])
def test_a_stop_that_crosses_midnight_belongs_to_its_start_date(moment, day):
    assert stop_day(datetime.fromisoformat(moment), weekday=4, starts=time(22), ends=time(2)) == day


def test_a_contact_after_midnight_keeps_its_own_time_and_date(in_harbour):
    after_midnight = datetime(2026, 11, 20, 21, 30, tzinfo=UTC)  # 00:30 on Saturday in Nairobi
    draft = Draft(kind="facts.encounter", payload={}, site=in_harbour.van.id, occurred_at=after_midnight)
    record(draft, actor=in_harbour.actors["naima"])
    kept = Fact.objects.get(id=draft.id).occurred_at
    assert clock.local_date(kept, in_harbour.van.time_zone) == date(2026, 11, 21)
    assert stop_day(clock.local(kept, in_harbour.van.time_zone), weekday=4, starts=time(22), ends=time(2)) == FRIDAY


@pytest.fixture
def stop(world) -> Stop:
    """A Friday night stop of the van, planned by the coordinator."""
    form = {"site": str(world.van.id), "weekday": "4", "starts": "22:00", "ends": "02:00", "place": "Behind the market", "valid_from": "2026-11-01"}
    assert signed_in(world, "coordinator").post(reverse("exchange:stops-plan"), form).status_code == 302
    with scope.enter([world.harbour.key]):
        return Stop.objects.get()


def cancel(world, stop: Stop, who: str = "naima", **typed: str) -> Any:
    form = {"id": str(ids.new()), "stop": str(stop.id), "on": "2026-11-20", "change": "cancelled", "reason": "roadblock"} | typed
    return signed_in(world, who).post(reverse("exchange:stops"), form)


def test_a_stop_is_cancelled_with_its_reason_and_takes_place_after_all(world, stop):
    where = reverse("exchange:stops") + "?week=2026-11-18"
    client = signed_in(world, "naima")
    assert "Behind the market" in client.get(where).content.decode()
    assert cancel(world, stop).status_code == 302
    page = client.get(where).content.decode()
    assert ">Cancelled<" in page
    assert "Roadblock" in page
    assert ">Cancelled<" not in client.get(reverse("exchange:stops") + "?week=2026-11-25").content.decode()
    assert cancel(world, stop, change="late", minutes_late="45", reason="vehicle").status_code == 302
    assert "45 minutes" in client.get(where).content.decode()
    assert cancel(world, stop, change="as_planned").status_code == 302
    assert ">Cancelled<" not in client.get(where).content.decode()
    with scope.enter([world.harbour.key]):
        assert Fact.objects.filter(kind="exchange.stop_changed").count() == 3


@pytest.mark.parametrize("typed", [{"on": "2026-11-21"}, {"minutes_late": "5"}, {"change": "gone"}, {"reason": "bored"}, {"on": "soon"}])
def test_a_change_that_cannot_be_is_refused(world, stop, typed):
    assert cancel(world, stop, **typed).status_code == 422
    with scope.enter([world.harbour.key]):
        assert not Fact.objects.filter(kind="exchange.stop_changed").exists()


def test_only_who_works_there_changes_a_stop_and_only_who_plans_ends_it(world, stop):
    for who in ("elsewhere", "stranger", "auditor", "store"):
        assert cancel(world, stop, who=who).status_code == 404
    assert signed_in(world, "naima").post(reverse("exchange:stops-plan"), {"end": str(stop.id)}).status_code == 404
    assert signed_in(world, "coordinator").post(reverse("exchange:stops-plan"), {"end": str(stop.id)}).status_code == 302
    with scope.enter([world.harbour.key]):
        assert queries.week_of_stops(actor(world, "naima"), date(2027, 11, 15)) == []


@pytest.mark.parametrize("typed", [{"starts": "late"}, {"place": " "}, {"ends": "22:00"}, {"weekday": "9"}, {"site": "x"}])
def test_a_stop_that_cannot_be_planned_is_said(world, typed):
    form = {"site": str(world.van.id), "weekday": "4", "starts": "22:00", "ends": "02:00", "place": "Market"} | typed
    assert signed_in(world, "coordinator").post(reverse("exchange:stops-plan"), form).status_code == 422
