"""Two tabs, the back button, a colleague who was quicker: nobody is taken for somebody else, and nothing is lost unsaid."""

from __future__ import annotations

import re
import uuid
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from handrail.facts import participants, visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import CardToken, Fact, RoleAssignment, Site
from handrail.facts.spec import KINDS
from handrail.kernel import clock, crypto, ids, scope
from handrail.services.exchange.models import OpenTest
from handrail.services.exchange.tests.helpers import actor, place, signed_in, visit

SYRINGE = "exchange.given:syringe-1ml-29g"
TEST = "exchange.test:HIV"
SHOWN_CODE = re.compile(r"[1-9A-Z]{3}-[1-9A-Z]{3}-[1-9A-Z]{3}-[1-9A-Z]")


def by_own_code(client: Client, world: Any, participant: uuid.UUID, mother: str) -> Any:
    answers = {"mother": mother, "father": "Quirinus", "own": "Xanthippe", "day": "29", "month": "11", "year": "1968"}
    return client.post(reverse("person-find", args=[world.van.id]), {"how": "code", "participant": str(participant), **answers})


def test_a_page_used_again_for_another_person_never_gives_two_people_one_record(world):
    naima, page = signed_in(world, "naima"), ids.random()
    for mother in ("Zebulonia", "Igora"):
        assert by_own_code(naima, world, page, mother).status_code == 200
    with scope.enter([world.harbour.key]):
        assert len(set(CardToken.objects.values_list("participant", flat=True))) == CardToken.objects.count() == 2


def test_a_second_tap_still_shows_the_new_self_made_code(world):
    naima, page = signed_in(world, "naima"), ids.random()
    first, second = (by_own_code(naima, world, page, "Zebulonia").content.decode() for _tap in range(2))
    assert SHOWN_CODE.findall(first)
    assert SHOWN_CODE.findall(first) == SHOWN_CODE.findall(second)


def test_a_saved_visit_sent_again_with_a_person_is_never_called_saved(world):
    naima, code = signed_in(world, "naima"), crypto.new_code()
    with scope.enter([world.harbour.key]):
        participants.enrol(actor=world.actors["naima"], site=world.van.id, code=code, participant=ids.random())
    form = {"visit": str(ids.new()), "at": clock.now().isoformat(), "people_count": "1", SYRINGE: "10"}
    where = reverse("visit-new", args=[world.van.id])
    assert naima.post(where, form | {"who": "none"})["Location"].endswith("?saved=1")
    assert naima.post(where, form | {"who": "none"})["Location"].endswith("?saved=1")
    assert naima.post(where, form | {"who": "card", "card": code})["Location"].endswith("?already=1")
    with scope.enter([world.harbour.key]):
        assert list(Fact.objects.filter(kind="facts.encounter").values_list("participant", flat=True)) == [None]


@pytest.fixture
def sample(world) -> uuid.UUID:
    """A visit with a sample on its way, at a place where naima corrects and the nurse follows tests."""
    site = place(world, "Two", "drop_in", ("naima", "outreach"), ("nurse", "nurse"))
    with scope.enter([world.harbour.key]):
        parts = [("exchange.test", {"disease": "HIV", "state": "sample_taken"}), ("exchange.returned", {"quantity": 10})]
        return visit(world, site, *parts, participant=uuid.uuid4())


def opened(client: Client, visit: uuid.UUID) -> dict[str, str]:
    """The form of a correction as a browser would send it: the hidden fields of the page."""
    page = client.get(reverse("visit-correct", args=[visit])).content.decode()
    return dict(re.findall(r'<input type="hidden" name="(visit|at)" value="([^"]*)"', page)) | {"people_count": "1", "on_behalf_of": "0"}


def counting(world: Any, visit: uuid.UUID) -> dict[str, Any]:
    with scope.enter([world.harbour.key]):
        return {fact.kind: fact.parsed for fact in visits.read(visit)}


@pytest.mark.parametrize(("who", "is_shown"), [("naima", False), ("elsewhere", True)])
def test_a_result_that_came_while_a_correction_was_open_is_not_taken_back_by_it(world, sample, who, is_shown):
    """It is filled in for a nurse, and for outreach, who may not read it, kept all the same."""
    with scope.enter([world.harbour.key]):
        RoleAssignment.objects.create(staff=world.staff["elsewhere"], role="nurse", site=Site.objects.get(name="Two"))
    worker, where = signed_in(world, who), reverse("visit-correct", args=[sample])
    form = opened(worker, sample) | {"exchange.returned:quantity": "20"}
    with scope.enter([world.harbour.key]):
        test = OpenTest.objects.get().fact
    answer = signed_in(world, "nurse").post(reverse("exchange:finish-test", args=[test]), {"result": "negative", "told": "yes", "id": str(ids.new())})
    assert answer.status_code == 302

    refused = worker.post(where, form)
    page = unescape(refused.content.decode())
    assert refused.status_code == 422
    assert re.search(r'name="exchange.returned:quantity"[^>]*value="20"', page), "what was typed is still there"
    assert bool(re.search(rf'name="{TEST}"[^>]*value="negative"[^>]*checked', page)) == is_shown
    assert counting(world, sample)["exchange.returned"].quantity == 10

    again = dict(re.findall(r'<input type="hidden" name="(visit|at)" value="([^"]*)"', page))
    assert worker.post(where, form | again | ({TEST: "negative"} if is_shown else {})).status_code == 302
    now = counting(world, sample)
    assert (now["exchange.returned"].quantity, now["exchange.test"].result) == (20, "negative")


def test_a_correction_sent_twice_is_no_quarrel_with_oneself(world, sample):
    naima, where = signed_in(world, "naima"), reverse("visit-correct", args=[sample])
    form = opened(naima, sample) | {"exchange.returned:quantity": "20"}
    assert [naima.post(where, form).status_code for _tap in range(2)] == [302, 302]
    assert counting(world, sample)["exchange.returned"].quantity == 20


def test_who_does_no_tests_here_sees_that_there_was_one_and_not_its_result(world):
    site = place(world, "Bag", "peer_bag", ("naima", "nurse"), ("elsewhere", "peer"))
    done = KINDS["exchange.test"].parse({"disease": "HIV", "state": "resulted", "result": "positive", "told": True})
    made = ids.new()
    with scope.enter([world.harbour.key]):
        visits.save(
            actor=actor(world, "naima"), visit=made, site=site.id, occurred_at=clock.now(), encounter=Encounter(),
            parts=[visits.Part("exchange.test", done)], participant=uuid.uuid4(),
        )
    pages = {who: signed_in(world, who).get(reverse("visit", args=[made])).content.decode() for who in ("naima", "elsewhere")}
    assert "Positive" in pages["naima"]
    assert "Positive" not in pages["elsewhere"]
    assert "<h3>Test</h3>" in pages["elsewhere"]
