"""Records outside visits: when they were, correcting them, taking them back, and what followed a needlestick."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from handrail.facts.models import Aside, Fact, Setting
from handrail.facts.record import Draft, Refusal, record
from handrail.facts.spec import KINDS
from handrail.kernel import clock, ids, scope
from handrail.kernel.models import AccessEntry
from handrail.services.exchange import commands, queries
from handrail.services.exchange.tests.helpers import actor, place, signed_in
from handrail.services.exchange.values import SYRINGES_PER_POUND

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)  # three in the afternoon in Nairobi
WEIGHT = {"container": "bag", "gross": "3.4", "tare": "0.9", "unit": "lb"}
CLEAN_UP = {"area": "harbour-east", "place_kind": "park", "crew_size": "4", "method": "count", "quantity": "12", "injuries": "0"}
PRICKED = {"whom": "worker", "exposure": "needlestick", "first_aid": "washed", "pep": "on_the_way"}
FORMS = {"weigh": ("exchange.returned", WEIGHT), "clean-up": ("exchange.clean_up", CLEAN_UP), "needlestick": ("exchange.needlestick", PRICKED)}


@pytest.fixture(autouse=True)
def _afternoon(monkeypatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def where(world, page: str, site: Any = None) -> str:
    return reverse(f"exchange:{page}", args=[(site or world.van).id])


def send(world, page: str, who: str = "naima", **typed: str) -> Any:
    return signed_in(world, who).post(where(world, page), {"id": str(ids.new()), **FORMS[page][1], **typed})


def counting(world, kind: str) -> list[Fact]:
    with scope.enter([world.harbour.key]):
        return list(Fact.objects.filter(kind=kind).exclude(id__in=Aside.objects.values("fact")).order_by("counter"))


def opened(client: Client, address: str) -> dict[str, str]:
    """The inputs of a page as they stand there."""
    page = client.get(address).content.decode()
    found = dict(re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"(?![^>]*type="radio")', re.sub(r'<input type="(?:radio|checkbox)"[^>]*>', "", page)))
    found |= dict(re.findall(r'<input type="radio" name="([^"]+)" value="([^"]*)" checked>', page))
    for name, body in re.findall(r'<select id="[^"]+" name="([^"]+)">(.*?)</select>', page, re.DOTALL):
        found |= dict.fromkeys([name], next(iter(re.findall(r'<option value="([^"]+)" selected', body)), ""))
    found.pop("csrfmiddlewaretoken")
    return found


# -- when it was --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", FORMS)
def test_the_page_begins_with_now_in_the_time_of_the_place(world, page):
    assert opened(signed_in(world, "naima"), where(world, page))["when"] == "2026-11-20T15:00"


@pytest.mark.parametrize("page", FORMS)
def test_what_happened_earlier_is_recorded_when_it_happened(world, page):
    assert send(world, page, when="2026-11-18T23:30").status_code == 302
    assert [fact.occurred_at for fact in counting(world, FORMS[page][0])] == [datetime(2026, 11, 18, 20, 30, tzinfo=UTC)]


@pytest.mark.parametrize("page", FORMS)
@pytest.mark.parametrize("wrong", ["2026-11-20T15:30", "yesterday", "0001-01-01T00:00", "2026-11-18T23:30+02:00"])
def test_a_moment_that_cannot_be_is_said_and_kept(world, page, wrong):
    answer = send(world, page, when=wrong)
    assert answer.status_code == 422
    assert f'value="{wrong}"' in answer.content.decode()
    assert counting(world, FORMS[page][0]) == []


def test_a_whole_stop_is_recorded_when_it_took_place(world):
    client, address = signed_in(world, "naima"), where(world, "whole-stop")
    assert 'value="2026-11-19T17:00"' in client.get(address + "?when=2026-11-19T17:00").content.decode()
    form = {"id": str(ids.new()), "people_count": "9", "when": "2026-11-19T17:00"}
    assert client.post(address, form | {"when": "2026-11-21T17:00"}).status_code == 422
    assert client.post(address, form).status_code == 302
    assert counting(world, "facts.encounter")[0].occurred_at == datetime(2026, 11, 19, 14, tzinfo=UTC)


def test_a_weight_of_an_earlier_day_takes_the_factor_of_that_day(world):
    with scope.enter([world.harbour.key]):
        Setting.objects.create(organisation_id=world.harbour.key, name=SYRINGES_PER_POUND.key, value={"any": "100"}, valid_from=date(2026, 11, 20))
    send(world, "weigh", when="2026-11-19T23:59")
    send(world, "weigh", when="2026-11-20T00:01")
    assert [fact.payload["quantity"] for fact in counting(world, "exchange.returned")] == [702, 250]


# -- correcting and taking back -------------------------------------------------------------------------------------------


CHANGED = {"weigh": {"gross": "4.4"}, "clean-up": {"quantity": "20"}, "needlestick": {"pep": "started", "hours_to_pep": "2"}}


@pytest.mark.parametrize("page", FORMS)
def test_a_record_is_corrected_on_its_own_page_and_keeps_its_moment(world, page):
    kind, client = FORMS[page][0], signed_in(world, "naima")
    send(world, page, when="2026-11-18T23:30")
    old = counting(world, kind)[0]
    listed = client.get(where(world, "records")).content.decode()
    address = where(world, page) + f"?correct={old.id}"
    assert address in listed
    form = opened(client, address)
    assert form["when"] == "2026-11-18T23:30"
    for _tap in range(2):
        assert client.post(address, form | CHANGED[page]).status_code == 302
    [now] = counting(world, kind)
    name, value = next(iter(CHANGED[page].items()))
    assert (str(now.payload[name]), now.occurred_at, now.supersedes) == (value, old.occurred_at, [str(old.id)])


def test_a_correction_of_what_somebody_corrected_meanwhile_changes_nothing_and_keeps_what_was_typed(world):
    client = signed_in(world, "naima")
    send(world, "clean-up")
    address = where(world, "clean-up") + f"?correct={counting(world, 'exchange.clean_up')[0].id}"
    mine, theirs = opened(client, address), opened(client, address)
    assert client.post(address, theirs | {"quantity": "20"}).status_code == 302
    answer = client.post(address, mine | {"quantity": "31"})
    assert answer.status_code == 422
    assert "Somebody corrected this record or took it back" in answer.content.decode()
    assert 'value="31"' in answer.content.decode()
    assert [fact.payload["quantity"] for fact in counting(world, "exchange.clean_up")] == [20]


def test_a_record_is_taken_back_and_not_counted_any_more(world):
    send(world, "clean-up")
    [fact] = counting(world, "exchange.clean_up")
    form = {"id": str(ids.new()), "fact": str(fact.id), "kind": "exchange.clean_up", "why": "entered_twice"}
    for _tap in range(2):
        assert signed_in(world, "naima").post(where(world, "records"), form).status_code == 302
    assert counting(world, "exchange.clean_up") == []
    page = signed_in(world, "naima").get(where(world, "records")).content.decode()
    assert "Nothing is recorded here yet" in page


def test_nobody_takes_back_or_opens_what_is_not_theirs(world):
    send(world, "clean-up")
    [fact] = counting(world, "exchange.clean_up")
    form = {"id": str(ids.new()), "fact": str(fact.id), "kind": "exchange.clean_up", "why": "entered_twice"}
    for who in ("elsewhere", "stranger", "auditor", "nurse"):
        assert signed_in(world, who).post(where(world, "records"), form).status_code == 404
    other = where(world, "records", world.sites["Drop-in"])
    assert signed_in(world, "elsewhere").post(other, form).status_code == 404  # a record of another place
    assert signed_in(world, "naima").get(where(world, "weigh") + f"?correct={fact.id}").status_code == 404  # of another kind
    assert signed_in(world, "naima").get(where(world, "weigh") + "?correct=x").status_code == 404
    assert len(counting(world, "exchange.clean_up")) == 1


# -- a needlestick ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pep", ["on_the_way", "declined", "not_needed", "not_available"])
def test_hours_belong_to_pep_that_was_started(world, pep):
    answer = send(world, "needlestick", pep=pep, hours_to_pep="3")
    assert answer.status_code == 422
    assert "Hours until PEP belong to PEP that was started" in answer.content.decode()
    assert send(world, "needlestick", pep=pep).status_code == 302


def test_a_needlestick_of_the_first_version_is_read_though_hours_stand_beside_what_never_started():
    kind, old = KINDS["exchange.needlestick"], {"whom": "peer", "first_aid": "washed", "hours_to_pep": 3}
    assert kind.parse(old | {"pep": "declined"}, 1).hours_to_pep is None
    assert kind.parse(old | {"pep": "started"}, 1).hours_to_pep == 3


def test_a_follow_up_test_is_kept_with_its_needlestick_and_without_a_result(world):
    send(world, "needlestick", when="2026-10-05T09:00")
    [fact] = counting(world, "exchange.needlestick")
    client, address = signed_in(world, "naima"), reverse("exchange:follow-up", args=[world.van.id, fact.id])
    assert address in client.get(where(world, "records")).content.decode()
    form = {"id": str(ids.new()), "test": "HIV", "became": "done", "when": "2026-11-16T10:00"}
    for _tap in range(2):
        assert client.post(address, form).status_code == 302
    [kept] = counting(world, "exchange.needlestick_followed")
    assert kept.payload == {"exposure": str(fact.id), "test": "HIV", "became": "done"}
    assert "HIV: Done" in client.get(where(world, "records")).content.decode()
    assert client.post(address, form | {"id": str(ids.new()), "became": ""}).status_code == 422


def test_a_needlestick_is_opened_only_by_who_wrote_it_or_follows_tests_here_and_every_look_is_logged(world):
    colleague = place(world, "Van 3", "vehicle", ("naima", "outreach"), ("elsewhere", "outreach"), ("nurse", "nurse"))
    form = {"id": str(ids.new()), **PRICKED}
    assert signed_in(world, "naima").post(where(world, "needlestick", colleague), form).status_code == 302
    [fact] = counting(world, "exchange.needlestick")
    answers = {}
    for who in ("naima", "elsewhere", "nurse"):
        client = signed_in(world, who)
        listed = client.get(where(world, "records", colleague)).content.decode()
        assert "Needlestick" in listed
        address = where(world, "needlestick", colleague) + f"?correct={fact.id}"
        answers[who] = ("Somebody of the team" in listed, client.get(address).status_code)
        follow = reverse("exchange:follow-up", args=[colleague.id, fact.id])
        assert client.get(follow).status_code == client.get(address).status_code
    assert answers == {"naima": (True, 200), "elsewhere": (False, 404), "nurse": (True, 200)}
    with scope.enter([world.harbour.key]):
        looks = AccessEntry.objects.filter(what="needlestick", object_id=str(fact.id)).values_list("actor", flat=True)
        assert set(looks) == {world.staff["naima"].id, world.staff["nurse"].id}


# -- the counts of a year --------------------------------------------------------------------------------------------------


def test_a_year_of_a_prison_is_written_once_and_then_corrected(world):
    prison = place(world, "Health unit 3", "prison_unit", ("nurse", "nurse"), closed_setting="prison", offers=[])
    client, address = signed_in(world, "nurse"), where(world, "prison-year", prison)
    form = {"id": str(ids.new()), "year": "2026", "condoms": "10"}
    for _tap in range(2):
        assert client.post(address, form).status_code == 302
    again = client.post(address, form | {"id": str(ids.new()), "condoms": "12"})
    assert again.status_code == 422
    assert "The counts of 2026 are here already" in again.content.decode()
    assert 'value="12"' in again.content.decode()
    assert client.post(address, form | {"id": str(ids.new()), "year": "2025"}).status_code == 302
    second = next(fact for fact in counting(world, "exchange.prison_year") if fact.payload["year"] == 2025)
    to_correct = address + f"?correct={second.id}"
    kept = opened(client, to_correct)
    assert (kept["year"], kept["condoms"]) == ("2025", "10")
    assert client.post(to_correct, kept | {"year": "2026"}).status_code == 422  # nor by way of a correction
    assert client.post(to_correct, kept | {"condoms": "14"}).status_code == 302
    assert sorted((f.payload["year"], f.payload["condoms"]) for f in counting(world, "exchange.prison_year")) == [(2025, 14), (2026, 10)]


def test_the_command_itself_takes_back_nothing_without_the_right(world):
    with scope.enter([world.harbour.key]):
        outcome = record(Draft(kind="exchange.returned", payload={"quantity": 3}, site=world.van.id), actor=world.system)
        found = next(iter(queries.outside_visits(world.van.key, ["exchange.returned"])))
        assert found.id == outcome.id
        with pytest.raises(Refusal):
            commands.take_back(actor=actor(world, "elsewhere"), fact=found, why="entered_twice", id=ids.new())
