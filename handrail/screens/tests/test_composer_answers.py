"""Rows of answers in the composer: seldom ones, what is folded below them, two of a sort, and results that are not for everybody."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from handrail.facts import organisations, visits
from handrail.facts.models import Fact, RoleAssignment, Site
from handrail.facts.record import Draft, record
from handrail.kernel import clock, ids, scope
from handrail.services.exchange.tests.helpers import actor, visit

HIV, HCV, OAT = "exchange.test:HIV", "exchange.test:HCV_Ab", "facts.referral:OAT"


def signed_in(world: Any, who: str = "naima") -> Client:
    client = Client()
    client.force_login(world.staff[who])
    return client


def form(**more: str) -> dict[str, str]:
    return {"visit": str(ids.new()), "at": clock.now().isoformat(), "who": "none", "people_count": "1", **more}


def saved(world: Any, who: str = "naima", **typed: str) -> list[Any]:
    """What counts of a visit at the van for which this was typed."""
    posted = form(**typed)
    answer = signed_in(world, who).post(reverse("visit-new", args=[world.van.id]), posted)
    assert answer.status_code == 302, re.findall(r'class="bad"[^>]*>([^<]*)', answer.content.decode())
    with scope.enter([world.harbour.key]):
        return [fact.parsed for fact in visits.read(uuid.UUID(posted["visit"]))[1:]]


def refused(world: Any, **typed: str) -> str:
    answer = signed_in(world).post(reverse("visit-new", args=[world.van.id]), form(**typed))
    assert answer.status_code == 422
    return answer.content.decode()


def corrected(world: Any, made: uuid.UUID, who: str = "naima", **typed: str) -> list[Any]:
    assert signed_in(world, who).post(reverse("visit-correct", args=[made]), form(**typed)).status_code == 302
    with scope.enter([world.harbour.key]):
        return visits.read(made)


def page_of(world: Any, made: uuid.UUID, who: str = "naima") -> str:
    return signed_in(world, who).get(reverse("visit-correct", args=[made])).content.decode()


def other_place(world: Any, name: str, **attributes: Any) -> Site:
    with scope.enter([world.harbour.key]):
        return organisations.create_site(actor=world.system, name=name, kind="drop_in", time_zone="Africa/Nairobi", **attributes)


def chosen(page: str) -> set[tuple[str, str]]:
    """Answers and options that a page shows as chosen."""
    radios = re.findall(r'name="([^"]+)" value="([^"]+)" checked', page)
    lists = [(name, one) for name, inside in re.findall(r'<select id="[^"]*" name="([^"]+)"[^>]*>(.*?)</select>', page) for one in re.findall(r'value="([^"]+)" selected', inside)]
    return {*radios, *lists}


# -- tests --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "state", "method"), [
    ("indeterminate", "resulted", "rapid"), ("sample_taken", "sample_taken", "laboratory"), ("result_pending", "result_pending", "rapid"),
    ("self_test_given", "self_test_given", "self_test"), ("known_positive", "known_positive", "rapid"), ("not_offered", "not_offered", "rapid"),
    ("not_indicated", "not_indicated", "rapid"), ("invalid", "invalid", "rapid"), ("declined", "offered_declined", "rapid"),
])
def test_every_state_of_a_test_can_be_typed(world, answer, state, method):
    (test,) = saved(world, **{HIV: answer})
    assert (test.state, test.method) == (state, method)


def test_the_sort_of_test_can_be_said_and_stays_when_a_visit_is_corrected(world):
    posted = form(**{HIV: "sample_taken", f"{HIV}:method": "dried_blood"})
    assert signed_in(world).post(reverse("visit-new", args=[world.van.id]), posted).status_code == 302
    made = uuid.UUID(posted["visit"])
    assert {(HIV, "sample_taken"), (f"{HIV}:method", "dried_blood")} <= chosen(page_of(world, made))
    now = corrected(world, made, **{HIV: "sample_taken", f"{HIV}:method": "dried_blood", "on_behalf_of": "2"})
    assert now[1].parsed.method == "dried_blood"
    assert now[1].supersedes == ()  # nothing about it was changed
    assert corrected(world, made, **{HIV: "sample_taken", f"{HIV}:method": ""})[1].parsed.method == "laboratory"


def test_worked_example_5_can_be_typed_and_the_figure_6_of_40_appears_nowhere(world):
    """22 samples: 6 positive, 14 negative, 2 that did not work; 5 declined; 13 not offered."""
    answers = ["positive"] * 6 + ["negative"] * 14 + ["invalid"] * 2 + ["declined"] * 5 + ["not_offered"] * 13
    for answer in answers:
        saved(world, **{HCV: answer})
    with scope.enter([world.harbour.key]):
        tests = Fact.objects.filter(kind="exchange.test", payload__disease="HCV_Ab")
        assert tests.count() == 40
        assert tests.filter(payload__state="resulted").count() == 20
        assert tests.filter(payload__result="positive").count() == 6
        assert tests.filter(payload__result=None).count() == 20  # nobody became negative by not being tested


def test_what_stands_below_an_answer_that_nobody_tapped_is_asked_about_and_kept(world):
    page = refused(world, **{f"{OAT}:urgency": "today"})
    assert "Choose an answer first" in page
    assert (f"{OAT}:urgency", "today") in chosen(page)


def test_a_seldom_service_brings_what_is_below_it_by_one_tap_that_saves_nothing(world):
    client, where = signed_in(world), reverse("visit-new", args=[world.van.id])
    food = "facts.referral:food"
    assert f'name="{food}:to_service"' not in client.get(where).content.decode()
    page = client.post(where, form(**{food: "", "do": f"below:{food}", HIV: "negative"})).content.decode()
    assert f'name="{food}:to_service"' in page
    assert (HIV, "negative") in chosen(page)
    with scope.enter([world.harbour.key]):
        assert not Fact.objects.filter(kind="facts.encounter").exists()
    (referral,) = saved(world, **{food: "accepted", f"{food}:to_service": "Mosque kitchen"})
    assert referral.to_service == "Mosque kitchen"


# -- where a referral leads ---------------------------------------------------------------------------------------------------


def test_a_way_on_is_chosen_among_the_places_that_offer_it(world):
    second = other_place(world, "Second clinic", offers=["OAT"])
    third = other_place(world, "Legal office", offers=["legal"])
    page = signed_in(world).get(reverse("visit-new", args=[world.van.id])).content.decode()
    choices = re.search(rf'<select id="{OAT}:to_site".*?</select>', page)[0]
    assert {"Clinic", "Second clinic"} <= set(re.findall(r">([^<]+)</option>", choices))
    assert "Legal office" not in choices
    (nowhere,) = saved(world, **{OAT: "accepted"})
    assert nowhere.to_site is None
    (referral,) = saved(world, **{
        OAT: "accepted", f"{OAT}:to_site": str(second.id), f"{OAT}:warm_handover": "true", f"{OAT}:consent_to_share": "true", f"{OAT}:urgency": "this_week",
    })
    assert (referral.to_site, referral.warm_handover, referral.consent_to_share, referral.urgency) == (second.id, True, True, "this_week")
    assert "does not offer this" in refused(world, **{OAT: "accepted", f"{OAT}:to_site": str(third.id)})


def test_a_service_that_is_not_ours_has_a_free_name_and_leads_to_no_place_of_ours(world):
    (referral,) = saved(world, **{OAT: "accepted", f"{OAT}:to_service": "  Methadone unit,  Coast  hospital "})
    assert (referral.to_service, referral.to_site) == ("Methadone unit, Coast hospital", None)
    page = refused(world, **{OAT: "accepted", f"{OAT}:to_service": "Anna, 0722 555 123"})
    assert "without a number or an address" in page
    assert 'value="Anna, 0722 555 123"' in page
    both = refused(world, **{OAT: "accepted", f"{OAT}:to_service": "Elsewhere", f"{OAT}:to_site": str(world.sites["Clinic"].id)})
    assert "not both" in both


def test_what_was_said_of_a_way_on_is_on_the_form_again_and_a_refusal_drops_it(world):
    second = other_place(world, "Second clinic", offers=["OAT"])
    posted = form(**{OAT: "accepted", f"{OAT}:to_site": str(second.id), f"{OAT}:urgency": "today"})
    assert signed_in(world).post(reverse("visit-new", args=[world.van.id]), posted).status_code == 302
    made = uuid.UUID(posted["visit"])
    assert {(OAT, "accepted"), (f"{OAT}:to_site", str(second.id)), (f"{OAT}:urgency", "today")} <= chosen(page_of(world, made))
    assert "To: Second clinic" in signed_in(world).get(reverse("visit", args=[made])).content.decode()
    now = corrected(world, made, **{OAT: "declined", f"{OAT}:to_site": str(second.id), f"{OAT}:urgency": "today"})
    assert (now[1].parsed.status, now[1].parsed.to_site, now[1].parsed.urgency) == ("declined", None, None)


def test_a_place_where_people_are_held_is_no_way_on_for_those_outside(world):
    other_place(world, "Unit 3", offers=["OAT"], closed_setting="prison")
    (referral,) = saved(world, **{OAT: "accepted"})
    assert referral.to_site == world.sites["Clinic"].id
    assert "Unit 3" not in signed_in(world).get(reverse("visit-new", args=[world.van.id])).content.decode()


# -- two of a sort ---------------------------------------------------------------------------------------------------------------


def two_tests(world: Any, participant: uuid.UUID | None = None) -> uuid.UUID:
    with scope.enter([world.harbour.key]):
        return visit(
            world, world.van, ("exchange.test", {"disease": "HCV_Ab", "state": "invalid"}),
            ("exchange.test", {"disease": "HCV_Ab", "state": "resulted", "result": "negative", "told": True}), participant=participant,
        )


def said_of_tests(facts: list[Any]) -> list[tuple[str, str | None]]:
    return [(fact.parsed.state, fact.parsed.result) for fact in facts if fact.kind == "exchange.test"]


@pytest.fixture
def nurse_at_van(world: Any) -> Any:
    with scope.enter([world.harbour.key]):
        RoleAssignment.objects.create(staff=world.staff["nurse"], role="nurse", site=world.van)
    return world


def test_two_tests_of_one_disease_stand_apart_and_each_can_be_corrected(nurse_at_van):
    made = two_tests(nurse_at_van)
    page = page_of(nurse_at_van, made, "nurse")
    assert {(HCV, "invalid"), (f"{HCV}#2", "negative")} <= chosen(page)
    assert "Hepatitis C antibodies (2)" in page
    now = corrected(nurse_at_van, made, "nurse", **{HCV: "invalid", f"{HCV}#2": "positive"})
    assert said_of_tests(now) == [("invalid", None), ("resulted", "positive")]
    now = corrected(nurse_at_van, made, "nurse", **{HCV: "declined", f"{HCV}#2": "positive"})
    assert said_of_tests(now) == [("offered_declined", None), ("resulted", "positive")]  # mended last, it is still the first
    assert said_of_tests(corrected(nurse_at_van, made, "nurse", **{HCV: "declined"})) == [("offered_declined", None)]


def test_a_visit_that_becomes_somebody_elses_takes_everything_along(world):
    first, second = uuid.uuid4(), uuid.uuid4()
    made = two_tests(world, first)
    with scope.enter([world.harbour.key]):
        for _time in range(2):
            record(Draft(kind="exchange.returned", payload={"quantity": 5}, site=world.van.id, encounter=made, participant=first), actor=world.system)
        now = visits.read(made)
        visits.correct(
            actor=world.system, visit=made, correction=ids.new(), encounter=now[0].parsed, parts=[part for _fact, part in visits.parts_of(now)],
            participant=second,
        )
        after = visits.read(made)
    assert [(fact.kind, fact.parsed) for fact in after] == [(fact.kind, fact.parsed) for fact in now]
    assert {fact.participant for fact in after} == {second}


def test_a_second_record_of_a_kind_that_the_form_shows_once_is_neither_added_up_nor_lost(world):
    with scope.enter([world.harbour.key]):
        made = visit(world, world.van, ("exchange.returned", {"quantity": 5}))
        record(Draft(kind="exchange.returned", payload={"quantity": 7}, site=world.van.id, encounter=made), actor=world.system)
    assert 'name="exchange.returned:quantity" value="5"' in page_of(world, made)
    now = corrected(world, made, **{"exchange.returned:quantity": "6"})
    assert sorted(fact.parsed.quantity for fact in now if fact.kind == "exchange.returned") == [6, 7]


# -- results that are not for everybody ----------------------------------------------------------------------------------------------


def test_outreach_sees_its_own_results_and_not_those_of_colleagues(nurse_at_van):
    world = nurse_at_van
    with scope.enter([world.harbour.key]):
        RoleAssignment.objects.create(staff=world.staff["elsewhere"], role="outreach", site=world.van)
    posted = form(**{HIV: "positive"})
    assert signed_in(world).post(reverse("visit-new", args=[world.van.id]), posted).status_code == 302
    made = uuid.UUID(posted["visit"])
    for who, sees in (("naima", True), ("nurse", True), ("elsewhere", False)):
        assert ((HIV, "positive") in chosen(page_of(world, made, who))) == sees, who
        assert ("Positive" in signed_in(world, who).get(reverse("visit", args=[made])).content.decode()) == sees, who


def test_a_correction_by_who_may_not_read_a_result_leaves_it_and_stands_beside_it(nurse_at_van):
    world = nurse_at_van
    with scope.enter([world.harbour.key]):
        made = visit(world, world.van, ("exchange.test", {"disease": "HIV", "state": "resulted", "result": "positive", "told": True}))
        hidden = visits.read(made)[1].id
    assert not any(name.startswith("exchange.test") for name, _value in chosen(page_of(world, made)))
    assert said_of_tests(corrected(world, made, on_behalf_of="3")) == [("resulted", "positive")]
    now = corrected(world, made, **{HIV: "negative"})  # a form of before, or a guess at its name
    assert said_of_tests(now) == [("resulted", "positive"), ("resulted", "negative")]
    assert now[1].id == hidden
    assert (f"{HIV}#2", "negative") in chosen(page_of(world, made))
    assert f'name="{HIV}"' not in page_of(world, made)


def test_writing_a_colleagues_result_again_gives_no_right_to_read_it(nurse_at_van):
    world = nurse_at_van
    with scope.enter([world.harbour.key]):
        made = visit(world, world.van, ("exchange.test", {"disease": "HIV", "state": "resulted", "result": "positive", "told": True}))
        now = visits.read(made)
        visits.correct(
            actor=actor(world, "naima"), visit=made, correction=ids.new(), encounter=now[0].parsed, parts=[part for _fact, part in visits.parts_of(now)],
            participant=uuid.uuid4(),
        )
        again = visits.read(made)
        assert again[1].staff == world.staff["naima"].id
        assert visits.closed_to(actor(world, "naima"), again) == {again[1].id}
        assert visits.closed_to(actor(world, "nurse"), again) == frozenset()
    assert "Positive" not in signed_in(world).get(reverse("visit", args=[made])).content.decode()

