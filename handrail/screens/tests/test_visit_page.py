"""The page of a visit: whose it is, for whoever may find people; and what is offered to somebody who uses alone."""

from __future__ import annotations

import re
import uuid
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from handrail.facts import organisations, participants, visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.labels import label
from handrail.facts.spec import KINDS
from handrail.kernel import clock, crypto, ids, scope
from handrail.kernel.models import AccessEntry

ALONE = "They mostly use alone"


def signed_in(world, who: str = "naima") -> Client:
    client = Client()
    client.force_login(world.staff[who])
    return client


def recorded(world, person: uuid.UUID | None = None, *parts: tuple[str, dict[str, object]]) -> uuid.UUID:
    visit = ids.new()
    with scope.enter([world.harbour.key]):
        visits.save(
            actor=world.actors["naima"], visit=visit, site=world.van.id, occurred_at=clock.now(), encounter=Encounter(), participant=person,
            parts=[visits.Part(kind, KINDS[kind].parse(raw)) for kind, raw in parts],
        )
    return visit


def page_of(client: Client, visit: uuid.UUID, query: str = "") -> str:
    return unescape(client.get(reverse("visit", args=[visit]) + query).content.decode())


@pytest.fixture
def person(world) -> uuid.UUID:
    """Somebody with a card."""
    found = ids.random()
    with scope.enter([world.harbour.key]):
        participants.enrol(actor=world.actors["naima"], site=world.van.id, code=crypto.new_code(), participant=found)
    return found


def looked(world, person: uuid.UUID) -> int:
    with scope.enter([world.harbour.key]):
        return AccessEntry.objects.filter(what="person of a visit", object_id=str(person)).count()


def test_the_page_of_a_visit_leads_to_the_person_and_the_look_is_logged(world, person):
    client = signed_in(world)
    page = page_of(client, recorded(world, person))
    assert label(person) in page
    assert str(person) not in page
    assert looked(world, person) == 1
    address = re.search(r'<a href="(/people/[^"]+)"><b>', page)
    assert address is not None
    assert label(person) in client.get(address[1]).content.decode()


def test_a_visit_without_a_code_says_that_it_is_of_nobody_in_particular(world):
    page = page_of(signed_in(world), recorded(world))
    assert "Nobody in particular" in page
    assert "/people/" not in page.split("<main")[1].split("</main")[0].replace("/people/find/", "")


def test_who_may_not_find_people_reads_the_visit_and_not_whose_it_is(world, person):
    visit = recorded(world, person)
    page = page_of(signed_in(world, "coordinator"), visit)
    assert "Recorded" in page
    assert label(person) not in page
    assert "Nobody in particular" not in page  # there is somebody: it is not said who, and nothing untrue
    assert looked(world, person) == 0


def test_somebody_known_only_inside_a_closed_place_is_not_named_on_a_visit_outside(world):
    inside = ids.random()
    with scope.enter([world.harbour.key]):
        prison = organisations.create_site(
            actor=world.system, name="Unit 3", kind="prison_unit", time_zone="Africa/Nairobi", area="harbour-area", closed_setting="prison"
        )
        participants.enrol(actor=world.system, site=prison.id, code=crypto.new_code(), participant=inside)
    page = page_of(signed_in(world), recorded(world, inside))
    assert label(inside) not in page
    assert looked(world, inside) == 0


def test_a_visit_that_was_taken_back_still_says_whose_it_was(world, person):
    visit = recorded(world, person)
    with scope.enter([world.harbour.key]):
        visits.take_back(actor=world.actors["naima"], visit=visit, correction=ids.new(), why="did_not_happen")
    assert label(person) in page_of(signed_in(world), visit)


@pytest.mark.parametrize(("company", "is_offered"), [("alone", True), ("friends", False)])
def test_who_agreed_to_be_asked_and_uses_alone_is_offered_what_makes_it_safer(world, company, is_offered):
    client = signed_in(world)
    form = {
        "visit": str(ids.new()), "at": clock.now().isoformat(), "who": "none", "people_count": "1",
        "exchange.company:agreed": "true", "exchange.company:with_when_using": company,
    }
    saved = client.post(reverse("visit-new", args=[world.van.id]), form)
    assert saved.status_code == 302
    assert (ALONE in unescape(client.get(saved["Location"]).content.decode())) is is_offered
    assert ALONE not in page_of(client, uuid.UUID(form["visit"]))  # offered when it is saved, not at every look


def test_without_agreement_nothing_is_kept_and_nothing_is_offered(world):
    form = {
        "visit": str(ids.new()), "at": clock.now().isoformat(), "who": "none", "people_count": "1", "exchange.company:with_when_using": "alone",
    }
    answer = signed_in(world).post(reverse("visit-new", args=[world.van.id]), form)
    assert answer.status_code == 422
    assert ALONE not in answer.content.decode()


def test_a_young_person_is_served_under_a_policy_or_referred_and_no_age_is_kept(world):
    client = signed_in(world)
    form = {"visit": str(ids.new()), "at": clock.now().isoformat(), "who": "none", "people_count": "1", "exchange.under_limit:done": "served"}
    refused = client.post(reverse("visit-new", args=[world.van.id]), form)
    assert refused.status_code == 422
    assert "Say under which policy" in unescape(refused.content.decode())
    assert client.post(reverse("visit-new", args=[world.van.id]), form | {"exchange.under_limit:policy": "YP-3"}).status_code == 302
    with scope.enter([world.harbour.key]):
        kept = visits.read(uuid.UUID(form["visit"]))[1].parsed
    assert kept.model_dump() == {"done": "served", "policy": "YP-3"}
    assert KINDS["exchange.under_limit"].parse({"done": "referred"}).policy is None
