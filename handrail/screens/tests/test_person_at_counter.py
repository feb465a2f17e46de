"""The person at the counter: found by a card, carried by the page for one account, offered what they took before."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from html import unescape

import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from handrail.facts import organisations, participants, visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.labels import label
from handrail.facts.models import Fact, RoleAssignment, Site
from handrail.facts.record import Mode
from handrail.facts.visits import Part
from handrail.kernel import clock, crypto, ids, scope
from handrail.screens.console import offers
from handrail.services.exchange import history
from handrail.services.exchange.history import PastVisit
from handrail.services.exchange.kinds.given import Given
from tests.people import join

SYRINGE = "exchange.given:syringe-1ml-29g"
CODE = crypto.print_code("7HR9V499P1")


def signed_in(world, who: str = "naima") -> Client:
    client = Client()
    client.force_login(world.staff[who])
    return client


def form(**more: str) -> dict[str, str]:
    return {"visit": str(ids.new()), "at": clock.now().isoformat(), "who": "card", "people_count": "1", **more}


@pytest.fixture
def person(world) -> uuid.UUID:
    """Somebody with a card."""
    found = ids.random()
    with scope.enter([world.harbour.key]):
        participants.enrol(actor=world.actors["naima"], site=world.van.id, code=CODE, participant=found)
    return found


def came(world, person: uuid.UUID, quantity: int, *, days: int, others: int = 0, site: Site | None = None, filters: int = 0) -> uuid.UUID:
    visit = ids.new()
    lines = [{"item": "syringe-1ml-29g", "quantity": quantity}] + ([{"item": "filter", "quantity": filters}] if filters else [])
    with scope.enter([world.harbour.key]):
        visits.save(
            actor=world.system, visit=visit, site=(site or world.van).id, occurred_at=clock.now() - timedelta(days=days),
            encounter=Encounter(on_behalf_of=others), parts=[Part("exchange.given", Given.model_validate({"lines": lines}))],
            participant=person, mode=Mode.CONFIRMED,
        )
    return visit


def where(world) -> str:
    return reverse("visit-new", args=[world.van.id])


def find(client: Client, world, **more: str) -> str:
    answer = client.post(where(world), form(do="find", card=CODE.lower(), **more))
    assert answer.status_code == 200, answer.content.decode()
    return unescape(answer.content.decode())


def token_in(page: str) -> str:
    return re.search(r'name="person" value="([^"]+)"', page).group(1)


def buttons(page: str) -> list[str]:
    return [re.sub(r"<[^>]+>", " ", words).strip() for words in re.findall(r'<button name="do" value="fill:[^"]+"[^>]*>(.*?)</button>', page)]


# -- finding -----------------------------------------------------------------------------------------------------------------


def test_finding_keeps_what_was_typed_saves_nothing_and_says_who_it_is(world, person):
    visit = str(ids.new())
    page = find(signed_in(world), world, visit=visit, **{SYRINGE: "33", "exchange.test:HIV": "declined", "on_behalf_of": "2"})
    assert label(person) in page
    assert f'name="{SYRINGE}" value="33"' in page
    assert re.search(r'name="exchange.test:HIV" value="declined" checked', page)
    assert 'name="on_behalf_of" value="2"' in page
    assert f'name="visit" value="{visit}"' in page
    with scope.enter([world.harbour.key]):
        assert not Fact.objects.filter(kind="facts.encounter").exists()


def test_saving_records_with_the_person_that_was_found(world, person):
    client = signed_in(world)
    posted = form(card=CODE, person=token_in(find(client, world)), **{SYRINGE: "5"})
    assert client.post(where(world), posted).status_code == 302
    with scope.enter([world.harbour.key]):
        assert {f.participant for f in visits.read(uuid.UUID(posted["visit"]))} == {person}


def test_a_card_that_was_typed_and_never_looked_up_is_found_when_the_visit_is_saved(world, person):
    posted = form(card=CODE, **{SYRINGE: "5"})
    assert signed_in(world).post(where(world), posted).status_code == 302
    with scope.enter([world.harbour.key]):
        assert visits.read(uuid.UUID(posted["visit"]))[0].participant == person


@pytest.mark.parametrize(
    ("card", "sentence"),
    [("7HR-9V4-99P-2", "one of its symbols is wrong"), (crypto.print_code("1111111111"), ""), ("", "Type the code on the card")],
)
def test_a_wrong_card_is_said_beside_it_and_nothing_is_lost(world, person, card, sentence):
    if card and not sentence:
        card, sentence = crypto.print_code("111111111" + crypto.check_symbol("111111111")), "not known here"
    answer = signed_in(world).post(where(world), form(do="find", card=card, **{SYRINGE: "33"}))
    assert answer.status_code == 422
    page = unescape(answer.content.decode())
    assert sentence in page
    assert f'name="{SYRINGE}" value="33"' in page
    assert 'name="person"' not in page


def test_the_page_and_the_address_never_hold_the_persons_id(world, person):
    came(world, person, 20, days=3)
    page = find(signed_in(world), world)
    covered = signing.loads(token_in(page), salt="handrail.composer.person")
    for said in (page, *map(str, covered)):
        assert str(person) not in said
        assert person.hex not in said


# -- the token -----------------------------------------------------------------------------------------------------------------


BACK = {"exchange.returned:quantity": "3"}


def refused(client: Client, address: str, token: str) -> bool:
    """Whether the page says that it knows nobody, and saved nothing."""
    answer = client.post(address, form(person=token, **BACK))
    return answer.status_code == 422 and "does not know any more who it was" in unescape(answer.content.decode())


def test_somebody_elses_browser_cannot_use_the_token(world, person):
    client = signed_in(world)
    token = token_in(unescape(client.get(where(world) + f"?person={at_hand(client, person)}").content.decode()))
    with scope.enter([world.harbour.key]):
        RoleAssignment.objects.create(staff=world.staff["elsewhere"], role="outreach", site=world.van)
    assert refused(signed_in(world, "elsewhere"), where(world), token)
    with scope.enter([world.harbour.key]):
        assert not Fact.objects.filter(participant=person, kind="facts.encounter").exists()
    assert client.post(where(world), form(person=token, **BACK)).status_code == 302


def test_a_token_is_no_use_at_another_place_after_its_time_or_changed(world, person, monkeypatch):
    client = signed_in(world)
    token = token_in(unescape(client.get(where(world) + f"?person={at_hand(client, person)}").content.decode()))
    with scope.enter([world.harbour.key]):
        RoleAssignment.objects.create(staff=world.staff["naima"], role="outreach", site=world.sites["Drop-in"])
    assert refused(client, reverse("visit-new", args=[world.sites["Drop-in"].id]), token)
    assert refused(client, where(world), token[:-2] + "xx")
    assert refused(client, where(world), "x")
    assert not refused(client, where(world), token)
    late = signing.time.time() + 13 * 3600
    monkeypatch.setattr(signing.time, "time", lambda: late)
    assert refused(client, where(world), token)


def test_another_card_is_another_person(world, person):
    client, second, other = signed_in(world), ids.random(), crypto.new_code()
    with scope.enter([world.harbour.key]):
        participants.enrol(actor=world.actors["naima"], site=world.van.id, code=other, participant=second)
    token = token_in(find(client, world))
    posted = form(card=other, person=token, **{SYRINGE: "5"})
    assert client.post(where(world), posted).status_code == 302
    with scope.enter([world.harbour.key]):
        assert visits.read(uuid.UUID(posted["visit"]))[0].participant == second
    assert client.post(where(world), form(card="7HR-9V4-99P-2", person=token)).status_code == 422
    word = at_hand(client, person)
    uncarded = token_in(unescape(client.get(where(world) + f"?person={word}").content.decode()))
    assert client.post(where(world), form(card="7HR-9V4-99P-2", person=uncarded)).status_code == 422


def test_no_code_means_nobody_even_with_a_token_in_the_page(world, person):
    client = signed_in(world)
    posted = form(card=CODE, person=token_in(find(client, world)), **{SYRINGE: "5"}) | {"who": "none"}
    assert client.post(where(world), posted).status_code == 302
    with scope.enter([world.harbour.key]):
        assert visits.read(uuid.UUID(posted["visit"]))[0].participant is None


# -- at hand -----------------------------------------------------------------------------------------------------------------


def at_hand(client: Client, person: uuid.UUID) -> str:
    session = client.session
    session["at-hand"] = {"word-1": str(person)}
    session.save()
    return "word-1"


def test_a_person_at_hand_comes_with_a_word_and_is_recorded_with_the_visit(world, person):
    client = signed_in(world)
    page = unescape(client.get(where(world) + f"?person={at_hand(client, person)}").content.decode())
    assert label(person) in page
    posted = form(person=token_in(page), **{SYRINGE: "5"})
    assert client.post(where(world), posted).status_code == 302
    with scope.enter([world.harbour.key]):
        assert visits.read(uuid.UUID(posted["visit"]))[0].participant == person


def test_the_word_means_nothing_in_another_sign_in(world, person):
    at_hand(signed_in(world), person)
    assert signed_in(world).get(where(world) + "?person=word-1").status_code == 404


def test_somebody_known_only_inside_a_closed_place_is_not_at_hand_outside(world):
    inside = ids.random()
    with scope.enter([world.harbour.key]):
        prison = organisations.create_site(
            actor=world.system, name="Unit 3", kind="prison_unit", time_zone="Africa/Nairobi", area="harbour-area", closed_setting="prison"
        )
        participants.enrol(actor=world.system, site=prison.id, code=crypto.new_code(), participant=inside)
    client = signed_in(world)
    assert client.get(where(world) + f"?person={at_hand(client, inside)}").status_code == 404


# -- last time and usual -----------------------------------------------------------------------------------------------------


def test_last_time_and_usual_are_one_tap_each(world, person):
    for days, quantity, filters in ((30, 10, 0), (20, 30, 10), (10, 20, 10), (2, 50, 0)):
        came(world, person, quantity, days=days, others=1, filters=filters)
    page = find(signed_in(world), world)
    last, usual = [words for words in buttons(page) if words.startswith(("Last time", "Usually"))]
    assert re.search(r"Last time, \d+ \w+, Van 1\s+50 Syringe 1 ml, 29G · for 2 people", last)
    assert re.search(r"Usually\s+30 Syringe 1 ml, 29G \+ 10 Filter · for 2 people", usual)
    tapped = unescape(signed_in(world).post(where(world), form(do="fill:last", card=CODE)).content.decode())
    assert f'name="{SYRINGE}" value="50"' in tapped
    assert 'name="on_behalf_of" value="1"' in tapped


def test_what_was_corrected_or_taken_back_is_not_offered(world, person):
    came(world, person, 10, days=5)
    wrong = came(world, person, 99, days=1)
    with scope.enter([world.harbour.key]):
        visits.take_back(actor=world.system, visit=wrong, correction=ids.new(), why="did_not_happen")
        assert [past.taken for past in history.past_visits(person) if past.taken] == [{"syringe-1ml-29g": 10}]


def test_after_a_merge_the_history_of_both_is_one(world, person):
    other = ids.random()
    with scope.enter([world.harbour.key]):
        participants.enrol(actor=world.actors["naima"], site=world.van.id, code=crypto.new_code(), participant=other)
    came(world, other, 40, days=1)
    came(world, person, 10, days=9)
    with scope.enter([world.harbour.key]):
        assert len(history.past_visits(person)) == 1
        merge(world, survivor=person, other=other)
        assert [past.taken["syringe-1ml-29g"] for past in history.past_visits(person)] == [40, 10]


def merge(world, *, survivor: uuid.UUID, other: uuid.UUID) -> None:
    join(world, survivor, other)


def test_a_place_the_worker_may_not_read_is_not_named_and_a_closed_one_not_even_hinted_at(world, person):
    came(world, person, 10, days=9, site=world.sites["Drop-in"])
    page = find(signed_in(world), world)
    assert [words for words in buttons(page) if words.startswith("Last time") and "10 Syringe" in words]
    assert "Drop-in" not in page
    with scope.enter([world.harbour.key]):
        Site.objects.filter(key=world.sites["Drop-in"].key).update(closed_setting="prison")
        world.harbour.closed_settings = [world.sites["Drop-in"].key]
        world.harbour.save()
    assert "Last time" not in find(signed_in(world), world)


def test_a_peer_sees_who_it_is_and_not_what_they_took(world, person):
    came(world, person, 10, days=9)
    with scope.enter([world.harbour.key]):
        RoleAssignment.objects.filter(staff=world.staff["elsewhere"]).delete()
        RoleAssignment.objects.create(staff=world.staff["elsewhere"], role="peer", site=world.van)
    page = find(signed_in(world, "elsewhere"), world)
    assert label(person) in page
    assert "Last time" not in page


def test_the_median_of_the_latest_visits_is_usual_and_of_two_middles_the_higher():
    def past(**taken: int) -> PastVisit:
        return PastVisit(ids.new(), clock.now(), None, "", "UTC", others=taken.pop("others", 0), taken=taken)

    assert history.usual([past(a=10), past(a=20)]) is None
    assert history.usual([past(a=10), past(a=20), past(a=30)]) == ({"a": 20}, 0)
    assert history.usual([past(a=10, others=1), past(a=20), past(a=30, others=2), past(a=40, others=2)]) == ({"a": 30}, 2)
    assert history.usual([past(a=10, b=5), past(a=10), past(a=10), past(a=10)]) == ({"a": 10}, 0)


def test_the_offers_of_a_person_cost_one_query_and_those_of_a_place_another(world, person):
    for days in range(1, 8):
        came(world, person, 10 + days, days=days)
    names = {"syringe-1ml-29g": "Syringe"}
    with scope.enter([world.harbour.key]), CaptureQueriesContext(connection) as asked:
        found = offers.of_person(world.actors["naima"], world.van, person, names)
    assert (len(asked), len(found.baskets)) == (1, 2)
