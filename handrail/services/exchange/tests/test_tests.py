"""Tests: what they say, when, and that not tested is not negative."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse
from pydantic import ValidationError

from handrail.facts import visits, wishes
from handrail.facts.labels import label
from handrail.facts.models import Fact
from handrail.facts.record import Draft, record
from handrail.facts.spec import KINDS
from handrail.kernel import clock, ids, scope
from handrail.services.exchange import queries
from handrail.services.exchange.models import OpenTest
from handrail.services.exchange.tests.helpers import actor, signed_in, visit
from tests.people import join


def recorded(world) -> list[dict[str, object]]:
    with scope.enter([world.harbour.key]):
        return [f.payload for f in Fact.objects.filter(kind="exchange.test").order_by("counter")]


def test_worked_example_5_of_forty_attendees_can_be_recorded_and_gives_50_and_30_percent(world):
    answers = (
        [{"state": "resulted", "result": "positive"}] * 6 + [{"state": "resulted", "result": "negative"}] * 14 + [{"state": "invalid"}] * 2
        + [{"state": "offered_declined"}] * 5 + [{"state": "not_offered"}] * 13
    )
    with scope.enter([world.harbour.key]):
        for answer in answers:
            visit(world, world.van, ("exchange.test", {"disease": "HCV_Ab", **answer}), participant=uuid.uuid4())
        facts = Fact.objects.filter(kind="exchange.test", payload__disease="HCV_Ab")
        people = facts.values("participant").distinct().count()
        tested = facts.filter(payload__state="resulted").values("participant").distinct().count()
        positive, negative = (facts.filter(payload__result=result).count() for result in ("positive", "negative"))
    assert (people, tested) == (40, 20)
    assert 100 * tested / people == 50.0
    assert 100 * positive / (positive + negative) == 30.0


@pytest.mark.parametrize("state", ["not_offered", "offered_declined", "not_indicated", "sample_taken", "result_pending", "invalid", "self_test_given", "known_positive"])
def test_only_a_finished_test_has_a_result(state):
    parse = KINDS["exchange.test"].parse
    assert parse({"disease": "HBV", "state": state}).result is None
    for result in ("negative", "positive", "indeterminate"):
        with pytest.raises(ValidationError):
            parse({"disease": "HBV", "state": state, "result": result})
    with pytest.raises(ValidationError):
        parse({"disease": "HBV", "state": "resulted"})


def test_no_answer_stands_for_not_tested():
    fields = KINDS["exchange.test"].payload.model_fields
    assert fields["state"].is_required()
    assert fields["disease"].is_required()
    assert fields["result"].default is None


@pytest.mark.parametrize("wrong", [
    {"state": "sample_taken", "result_at": "2026-11-20T10:00:00Z"}, {"state": "resulted", "result": "negative", "told_at": "2026-11-20T10:00:00Z"},
    {"state": "resulted", "result": "negative", "self_report": "self_report_positive"}, {"state": "sample_taken", "sample_at": "2026-11-20T10:00:00"},
    {"state": "sample_taken", "kit_lot": "for Anna, 34"},
])
def test_what_does_not_belong_together_is_refused(wrong):
    with pytest.raises(ValidationError):
        KINDS["exchange.test"].parse({"disease": "TB", **wrong})


def test_what_was_written_about_the_sample_stays_when_the_result_arrives(world):
    first = uuid.uuid4()
    sample = {
        "disease": "HCV_RNA", "method": "laboratory", "state": "sample_taken", "sample_at": "2026-11-20T10:00:00+03:00", "kit_lot": "K-77",
        "confirmatory_of": str(first),
    }
    with scope.enter([world.harbour.key]):
        visit(world, world.sites["Clinic"], ("exchange.test", sample))
        waiting = OpenTest.objects.get()
    form = {"id": str(ids.new()), "result": "positive", "told": "yes"}
    assert signed_in(world, "nurse").post(reverse("exchange:finish-test", args=[waiting.fact]), form).status_code == 302
    before, after = recorded(world)
    assert {name for name in after if after[name] != before[name]} == {"state", "result", "told", "result_at", "told_at"}
    assert (after["method"], after["kit_lot"], after["confirmatory_of"]) == ("laboratory", "K-77", str(first))


def test_a_self_test_stays_a_self_test_when_somebody_says_what_it_said(world):
    with scope.enter([world.harbour.key]):
        made = visit(world, world.sites["Clinic"], ("exchange.test", {"disease": "HIV", "method": "self_test", "state": "self_test_given"}))
        waiting = OpenTest.objects.get()
    client = signed_in(world, "nurse")
    assert "They say: negative" in client.get(reverse("exchange:open-tests")).content.decode()
    where = reverse("exchange:finish-test", args=[waiting.fact])
    assert client.post(where, {"id": str(ids.new()), "result": "negative"}).status_code == 404
    assert client.post(where, {"id": str(ids.new()), "result": "self_report_negative"}).status_code == 302
    with scope.enter([world.harbour.key]):
        said = visits.read(made)[1].parsed
        assert (said.state, said.result, said.self_report) == ("self_test_given", None, "self_report_negative")
        assert not OpenTest.objects.exists()


def test_a_laboratory_sample_has_no_self_report(world):
    with scope.enter([world.harbour.key]):
        visit(world, world.sites["Clinic"], ("exchange.test", {"disease": "HIV", "state": "sample_taken"}))
        waiting = OpenTest.objects.get()
    where = reverse("exchange:finish-test", args=[waiting.fact])
    assert signed_in(world, "nurse").post(where, {"id": str(ids.new()), "result": "self_report_negative"}).status_code == 404


def waiting(world) -> list[OpenTest]:
    with scope.enter([world.harbour.key]):
        return list(queries.open_tests(actor(world, "nurse")))


def answer(world, fact: uuid.UUID, result: str) -> int:
    form = {"id": str(ids.new()), "result": result}
    return signed_in(world, "nurse").post(reverse("exchange:finish-test", args=[fact]), form).status_code


def test_what_did_not_work_stays_and_its_repeat_is_a_test_of_its_own(world):
    with scope.enter([world.harbour.key]):
        made = visit(world, world.sites["Clinic"], ("exchange.test", {"disease": "HCV_Ab", "state": "invalid"}), participant=uuid.uuid4())
    first = waiting(world)[0].fact
    assert answer(world, first, "negative") == 302
    with scope.enter([world.harbour.key]):
        tests = [fact for fact in visits.read(made) if fact.kind == "exchange.test"]
    assert [(fact.parsed.state, fact.parsed.result) for fact in tests] == [("invalid", None), ("resulted", "negative")]
    assert (tests[1].parsed.repeat_of, tests[1].participant) == (first, tests[0].participant)
    assert waiting(world) == []
    assert answer(world, first, "positive") == 404  # it was done again already


def test_a_repeat_that_is_taken_back_leaves_the_first_waiting_again(world):
    with scope.enter([world.harbour.key]):
        visit(world, world.sites["Clinic"], ("exchange.test", {"disease": "HIV", "state": "invalid"}))
    first = waiting(world)[0].fact
    assert answer(world, first, "invalid") == 302  # done again, and again it did not work
    again = waiting(world)
    assert len(again) == 1
    assert again[0].fact != first
    with scope.enter([world.harbour.key]):
        clinic = world.sites["Clinic"]
        record(
            Draft(kind="facts.taken_back", payload={"why": "did_not_happen"}, site=clinic.id, encounter=again[0].encounter, supersedes=(again[0].fact,)),
            actor=world.system,
        )
    assert [test.fact for test in waiting(world)] == [first]


def test_a_sample_can_come_back_as_one_that_did_not_work_and_then_waits_for_a_repeat(world):
    with scope.enter([world.harbour.key]):
        made = visit(world, world.sites["Clinic"], ("exchange.test", {"disease": "HCV_RNA", "method": "laboratory", "state": "sample_taken"}))
    assert answer(world, waiting(world)[0].fact, "invalid") == 302
    with scope.enter([world.harbour.key]):
        tests = [fact.parsed for fact in visits.read(made) if fact.kind == "exchange.test"]
    assert [(test.state, test.method) for test in tests] == [("invalid", "laboratory")]
    (again,) = waiting(world)
    assert again.state == "invalid"
    assert answer(world, again.fact, "positive") == 302
    with scope.enter([world.harbour.key]):
        tests = [fact for fact in visits.read(made) if fact.kind == "exchange.test"]
        assert [fact.parsed.state for fact in tests] == ["invalid", "resulted"]
        assert tests[1].parsed.repeat_of == tests[0].root  # the first record of it, so that a correction in between changes nothing
    assert waiting(world) == []


def test_who_has_died_is_on_no_list_and_who_wants_no_contact_is_marked(world):
    alive, dead, alone = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    with scope.enter([world.harbour.key]):
        clinic = world.sites["Clinic"]
        for person in (alive, dead, alone):
            visit(world, clinic, ("exchange.test", {"disease": "HIV", "state": "sample_taken"}), participant=person)
        record(Draft(kind="facts.status", payload={"status": "do_not_contact"}, site=clinic.id, participant=alone), actor=world.system)
        died = {"reported_by": "family", "precision": "day", "died_on": str(clock.now().date()), "is_confirmed": True, "notify": []}
        wishes.report_death(actor=world.system, site=clinic, participant=dead, id=ids.new(), said=died)
    page = signed_in(world, "nurse").get(reverse("exchange:open-tests")).content.decode()
    assert [label(person) in page for person in (alive, dead, alone)] == [True, False, True]
    assert page.count("does not want to be contacted") == 1


def test_after_a_merge_a_test_carries_the_words_of_the_survivor(world):
    survivor, other = uuid.UUID(int=1), uuid.UUID(int=2)
    with scope.enter([world.harbour.key]):
        visit(world, world.sites["Clinic"], ("exchange.test", {"disease": "HIV", "state": "sample_taken"}), participant=other)
        join(world, survivor, other)
    page = signed_in(world, "nurse").get(reverse("exchange:open-tests")).content.decode()
    assert label(survivor) in page
    assert label(other) not in page


def test_a_test_of_version_1_is_read_as_it_was(in_harbour):
    old = {"disease": "HIV", "method": "rapid", "state": "resulted", "result": "negative", "told": True}
    draft = Draft(kind="exchange.test", payload=old, kind_version=1, site=in_harbour.van.id, encounter=ids.new())
    record(draft, actor=in_harbour.system)
    assert Fact.objects.get(id=draft.id).payload == old
    assert KINDS["exchange.test"].parse(old, 1).told_at is None


@pytest.mark.parametrize("finding", ["symptoms", "no_symptoms", "not_screened", "on_treatment"])
def test_a_screen_is_not_a_test(in_harbour, finding):
    visit(in_harbour, in_harbour.van, ("exchange.screen", {"disease": "TB", "finding": finding}))
    assert not Fact.objects.filter(kind="exchange.test").exists()
    assert not OpenTest.objects.exists()
