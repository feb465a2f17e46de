"""The pages about people, as a worker uses them: finding, a card, what they say, a receipt, and “Same person?”."""

from __future__ import annotations

import re
import uuid
from datetime import date, timedelta

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import reverse

from handrail.facts import handles, organisations, participants, visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.labels import label
from handrail.facts.models import CardToken, Fact, Organisation, Participant, Proposal, RoleAssignment
from handrail.facts.people_fold import MERGED
from handrail.facts.spec import KINDS
from handrail.kernel import clock, crypto, ids, scope
from handrail.kernel.models import AccessEntry
from handrail.screens.console import qr
from handrail.screens.console.people import is_current

ANSWERS = {"how": "code", "mother": "Zebulonia", "father": "Quirinus", "own": "Xanthippe", "day": "29", "month": "11", "year": "1968"}
CODE = re.compile(r"[1-9A-Z]{3}-[1-9A-Z]{3}-[1-9A-Z]{3}-[1-9A-Z]")


@pytest.fixture
def naima(world) -> Client:
    client = Client()
    client.force_login(world.staff["naima"])
    return client


def steward(world) -> Client:
    """The coordinator, who is a data steward too in these tests."""
    RoleAssignment.objects.create(staff=world.staff["coordinator"], role="data_steward", site=None)
    client = Client()
    client.force_login(world.staff["coordinator"])
    return client


def give_card(world, **answers) -> tuple[str, uuid.UUID]:
    code, participant = crypto.new_code(), ids.random()
    with scope.enter([world.harbour.key]):
        participants.enrol(actor=world.actors["naima"], site=world.van.id, code=code, participant=participant, **answers)
    return code, participant


def find(client, world, **typed):
    return client.post(reverse("person-find", args=[world.van.id]), {"how": "card", "participant": str(ids.random()), **typed})


def page_of(client, world, code: str) -> str:
    """The address of a person found by a card."""
    return find(client, world, card=code)["Location"]


def called(client, world, code: str) -> str:
    """What the page of a card's person is headed with."""
    found = re.search(r"<h1[^>]*>([^<]+)</h1>", client.get(page_of(client, world, code)).content.decode())
    assert found is not None
    return found.group(1)


def below(address: str, part: str) -> str:
    return address.split("?")[0] + part


def text(answer) -> str:
    return answer.content.decode()


# -- finding -------------------------------------------------------------------------------------------------------------------


def test_a_card_leads_to_a_page_whose_address_holds_no_id_and_no_code(world, naima):
    code, person = give_card(world)
    assert naima.get(reverse("person-find", args=[world.van.id])).status_code == 200
    address = page_of(naima, world, code)
    page = naima.get(address)
    assert page.status_code == 200
    assert f"?person={address.split('/')[2]}" in text(page)
    for secret in (str(person), code, code.replace("-", "")):
        assert secret not in address + text(page)
    with scope.enter([world.harbour.key]):
        assert AccessEntry.objects.filter(what="person", object_id=str(person)).count() == 1


@pytest.mark.parametrize(("typed", "sentence"), [("7HR-9V4-99P-2", "Check the code"), ("", "Check the code"), ("7HR-9V4-99P-1", "not known here")])
def test_a_wrong_or_unknown_card_says_so_beside_the_field_and_keeps_it(world, naima, typed, sentence):
    answer = find(naima, world, card=typed)
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert f'value="{typed}"' in text(answer)


def test_the_word_of_one_sign_in_opens_nothing_in_another(world, naima):
    code, _person = give_card(world)
    address = page_of(naima, world, code)
    again = Client()
    again.force_login(world.staff["naima"])
    assert again.get(address).status_code == 404


@pytest.mark.slow
def test_a_self_made_code_is_shown_once_and_then_leads_to_the_person(world, naima):
    first = find(naima, world, **ANSWERS)
    assert first.status_code == 200
    code = CODE.search(text(first)).group()
    assert "<svg" in text(first)
    again = find(naima, world, **ANSWERS)
    assert again.status_code == 302
    assert code not in text(naima.get(again["Location"]))
    with scope.enter([world.harbour.key]):
        assert participants.find(code).participant == Participant.objects.get().id


@pytest.mark.slow
def test_the_answers_are_nowhere_in_the_database(world, naima):
    find(naima, world, **ANSWERS)
    find(naima, world, **ANSWERS)
    assert find(naima, world, **ANSWERS | {"day": "77"}).status_code == 422
    said = []
    with scope.enter([world.harbour.key]), connection.cursor() as cursor:
        for model in apps.get_models():
            columns = ", ".join(f'"{field.column}"::text' for field in model._meta.concrete_fields)
            cursor.execute(f'SELECT {columns} FROM "{model._meta.db_table}"')
            said += [str(value).lower() for row in cursor.fetchall() for value in row]
        assert CardToken.objects.count() == 1
    everything = "\n".join(said)
    for element in ("zebulonia", "quirinus", "xanthippe", "hr1|", "mo=ze", "|dd=29", "1968-11-29", "29.11.1968"):
        assert element not in everything, element
    assert "harbour" in everything  # the search does see what is there


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"mother": "", "father": ""}, "too many people"), ({"own": "李"}, "cannot read these letters"), ({"day": "31"}, "no such day"),
        ({"year": "68"}, "four digits"), ({"month": "May"}, "whole number"),
    ],
)
def test_answers_that_make_no_code_say_what_to_do_and_are_kept(world, naima, typed, sentence):
    answer = find(naima, world, **ANSWERS | typed)
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert "Zebulonia" in text(answer) or "Xanthippe" in text(answer)
    with scope.enter([world.harbour.key]):
        assert Fact.objects.filter(kind="facts.enrolled").count() == 0


def test_a_handle_finds_people_and_too_few_letters_do_not(world, naima):
    code, person = give_card(world)
    address = page_of(naima, world, code)
    assert naima.post(below(address, "handle/"), {"handle": "Kingfisher"}).status_code == 302
    answer = find(naima, world, how="handle", handle="fish")
    assert "Kingfisher" in text(answer)
    assert str(person) not in text(answer)
    assert "three letters" in text(find(naima, world, how="handle", handle="fi"))
    refused = naima.post(below(address, "handle/"), {"handle": "0722 123 456"})
    assert refused.status_code == 422
    assert "0722 123 456" in text(refused)


def test_at_a_closed_place_only_its_own_cards_are_found(world, naima):
    code, _person = give_card(world)
    with scope.enter([world.harbour.key]):
        unit = organisations.create_site(actor=world.system, name="Unit 4", kind="prison_unit", closed_setting="prison", time_zone="UTC")
        inside = crypto.new_code()
        participants.enrol(actor=world.system, site=unit.id, code=inside, participant=ids.random())
        RoleAssignment.objects.create(staff=world.staff["naima"], role="outreach", site=unit)
    there = reverse("person-find", args=[unit.id])
    assert naima.post(there, {"how": "card", "card": code}).status_code == 422
    found = naima.post(there, {"how": "card", "card": inside})
    assert naima.get(found["Location"]).status_code == 200
    assert find(naima, world, card=inside).status_code == 422
    RoleAssignment.objects.filter(site=unit).delete()
    assert Organisation.objects.get(key=world.harbour.key).closed_settings == [unit.key]
    assert naima.get(found["Location"]).status_code == 404


# -- the person ------------------------------------------------------------------------------------------------------------------


def test_what_somebody_says_is_saved_shown_and_can_be_taken_back(world, naima):
    code, person = give_card(world)
    address = page_of(naima, world, code)
    form = below(address, "profile/")
    assert naima.get(form).status_code == 200
    said = {"id": str(ids.new()), "birth_year": "1985", "gender": ["female", "trans"], "languages": ["ru"], "needs": ["interpreter"], "homeless": "yes", "injects": "never"}
    for _twice in range(2):
        assert naima.post(form, said).status_code == 302
    page = text(naima.get(address))
    for words in ("1985", "Woman, Trans", "Русский", "Interpreter", "No home", "Never"):
        assert words in page
    naima.post(form, {"id": str(ids.new()), "withdrawn": ["homeless", "birth_year"]})
    page = text(naima.get(address))
    assert "No home" not in page
    assert "1985" not in page
    with scope.enter([world.harbour.key]):
        assert Fact.objects.filter(participant=person, kind="facts.profile").count() == 2


@pytest.mark.parametrize("typed", [{"birth_year": "1885"}, {"birth_year": "85"}, {"birth_year": "many"}, {"birth_year": "1985", "age_band": "30_39"}])
def test_an_impossible_answer_is_marked_and_nothing_is_saved(world, naima, typed):
    code, person = give_card(world)
    form = below(page_of(naima, world, code), "profile/")
    answer = naima.post(form, {"id": str(ids.new()), "homeless": "yes", **typed})
    assert answer.status_code == 422
    assert typed["birth_year"] in text(answer)
    with scope.enter([world.harbour.key]):
        assert Fact.objects.filter(participant=person, kind="facts.profile").count() == 0


def test_an_answer_of_more_than_a_year_ago_counts_as_not_known(world, naima):
    assert is_current(date(2025, 11, 23), date(2026, 11, 23), 12)
    assert not is_current(date(2025, 11, 22), date(2026, 11, 23), 12)
    assert is_current(date(2025, 12, 31), date(2026, 11, 23), 12)
    code, person = give_card(world)
    with scope.enter([world.harbour.key]):
        visits.record_many(
            [
                visits.Draft(
                    kind="facts.profile", site=world.van.id, participant=person, payload={"homeless": "yes", "pronouns": "they"},
                    occurred_at=clock.now() - timedelta(days=400),
                )
            ],
            actor=world.system,
        )
    page = text(naima.get(page_of(naima, world, code)))
    assert "Asked long ago" in page
    assert "<dd>Yes</dd>" not in page
    assert "<dd>they</dd>" in page


def test_a_lost_card_is_replaced_and_the_old_one_finds_nobody(world, naima):
    code, _person = give_card(world)
    form = below(page_of(naima, world, code), "card/")
    new = CODE.search(text(naima.get(form + "?lost=1"))).group()
    assert naima.post(form, {"code": new, "lost": "0"}).status_code == 302
    assert "was replaced" in text(find(naima, world, card=code))
    assert find(naima, world, card=new).status_code == 302
    used = naima.post(form, {"code": code})
    assert used.status_code == 422
    assert code not in text(used)


@pytest.mark.slow
def test_two_people_with_one_code_get_a_record_each(world, naima):
    find(naima, world, **ANSWERS)
    address = find(naima, world, **ANSWERS)["Location"]
    shown = text(naima.get(below(address, "split/")))
    new, other = CODE.search(shown).group(), re.search(r'name="participant" value="([^"]+)"', shown).group(1)
    assert naima.post(below(address, "split/"), {"code": new, "participant": other, "give_up": "yes"}).status_code == 302
    assert "given up" in text(find(naima, world, **ANSWERS))
    assert find(naima, world, card=new).status_code == 302


def test_a_new_card_keeps_what_was_typed_when_something_is_wrong(world, naima):
    address = reverse("card-new", args=[world.van.id])
    shown = text(naima.get(address))
    code, participant = CODE.search(shown).group(), re.search(r'name="participant" value="([^"]+)"', shown).group(1)
    wrong = naima.post(address, {"code": code, "participant": participant, "birth_year": "1885", "handle": "Wren", "languages": ["ru"]})
    assert wrong.status_code == 422
    for kept in (code, participant, "1885", "Wren", 'value="ru" checked'):
        assert kept in text(wrong)
    number = naima.post(address, {"code": code, "participant": participant, "birth_year": "1990", "handle": "0722 123 456"})
    assert number.status_code == 422
    assert "telephone" in text(number)
    with scope.enter([world.harbour.key]):
        assert Fact.objects.filter(participant=participant).count() == 0
    answer = naima.post(address, {"code": code, "participant": participant, "birth_year": "1985", "handle": "Wren"})
    assert "Wren" in text(naima.get(answer["Location"]))


def test_a_receipt_is_shown_once_and_claimed_on_the_persons_page(world, naima):
    visit = ids.new()
    with scope.enter([world.harbour.key]):
        visits.save(actor=world.actors["naima"], visit=visit, site=world.van.id, occurred_at=clock.now(), encounter=Encounter(), parts=[])
    slip = naima.post(reverse("visit-receipt", args=[visit]))
    code = CODE.search(text(slip)).group()
    card, _person = give_card(world)
    address = page_of(naima, world, card)
    assert "Van 1" not in text(naima.get(address)).split("Last visits")[-1].split("</main>")[0] or "Last visits" not in text(naima.get(address))
    assert naima.post(below(address, "receipt/"), {"receipt": code}).status_code == 302
    assert "Last visits" in text(naima.get(address))
    refused = naima.post(below(address, "receipt/"), {"receipt": code})
    assert refused.status_code == 422
    assert "used before" in text(refused)
    assert naima.post(reverse("visit-receipt", args=[visit])).status_code == 422


def test_visits_elsewhere_are_not_shown(world, naima):
    code, person = give_card(world)
    with scope.enter([world.harbour.key]):
        visits.save(
            actor=world.system, visit=ids.new(), site=world.sites["Clinic"].id, occurred_at=clock.now(), encounter=Encounter(), parts=[],
            participant=person,
        )
    page = text(naima.get(page_of(naima, world, code)))
    assert "Clinic" not in page
    assert "Last visits" not in page


def test_a_worker_who_may_not_read_people_sees_only_what_to_call_them(world):
    RoleAssignment.objects.filter(staff=world.staff["naima"]).update(role="peer")
    code, _person = give_card_as_system(world, profile=KINDS["facts.profile"].payload(birth_year=1985, homeless="yes"))
    peer = Client()
    peer.force_login(world.staff["naima"])
    page = text(peer.get(page_of(peer, world, code)))
    assert "1985" not in page
    assert "What they chose to say" not in page
    assert "Record a visit" in page


def give_card_as_system(world, **answers) -> tuple[str, uuid.UUID]:
    code, participant = crypto.new_code(), ids.random()
    with scope.enter([world.harbour.key]):
        participants.enrol(actor=world.system, site=world.van.id, code=code, participant=participant, **answers)
    return code, participant


# -- same person? ------------------------------------------------------------------------------------------------------------------


def alike(world) -> tuple[str, uuid.UUID]:
    return give_card(world, profile=KINDS["facts.profile"].payload(birth_year=1985, languages=("ru",), homeless="yes"))


@pytest.mark.slow
def test_a_steward_joins_two_cards_and_undoes_it(world, naima):
    (first, one), (second, _other) = alike(world), alike(world)
    client = steward(world)
    address = client.post(reverse("same-person-pair"), {"first": first, "second": second})["Location"]
    page = text(client.get(address))
    assert "40–49" in page
    assert "No home" not in page
    form = {"decision": re.search(r'name="decision" value="([^"]+)"', page).group(1), "outcome": "same", "agreed": "yes"}
    refused = client.post(address, form | {"corroborating": ["age_band"]})
    assert refused.status_code == 422
    assert 'value="age_band" checked' in text(refused)
    assert client.post(address, form | {"corroborating": ["age_band", "language"]}).status_code == 302
    with scope.enter([world.harbour.key]):
        assert participants.find(second).survivor == one
        merge = Fact.objects.get(kind=MERGED).id
    assert called(naima, world, first) == called(naima, world, second)
    assert client.post(reverse("same-person-undo", args=[merge])).status_code == 302
    assert called(naima, world, first) != called(naima, world, second)


def test_a_coordinator_sees_a_proposal_and_does_not_decide(world):
    (first, one), (_second, other) = alike(world), alike(world)
    with scope.enter([world.harbour.key]):
        from_system = organisations.system_actor(world.harbour)
        proposal = participants.proposals.propose(newer=other, older=one, actor=from_system)
        handles.set_handle(actor=from_system, participant=one, word="Wren")
    client = Client()
    client.force_login(world.staff["coordinator"])
    listed = text(client.get(reverse("same-person")))
    assert "Wren" not in listed, "a list of people's handles is nothing to review by"
    assert f"{label(other)} · {label(one)}" in listed
    address = reverse("same-person-one", args=[proposal.id])
    assert "A data steward decides" in text(client.get(address))
    assert client.post(address, {"outcome": "different", "decision": str(ids.new())}).status_code == 404
    assert first
    with scope.enter([world.harbour.key]):
        assert Proposal.objects.get().state == "open"


def test_a_wrong_code_of_a_pair_is_marked(world):
    code, _person = alike(world)
    client = steward(world)
    answer = client.post(reverse("same-person-pair"), {"first": code, "second": "7HR-9V4-99P-2"})
    assert answer.status_code == 422
    assert "Check the code" in text(answer)
    same = client.post(reverse("same-person-pair"), {"first": code, "second": code})
    assert "one person already" in text(same)


# -- the square -----------------------------------------------------------------------------------------------------------------------


def test_the_square_holds_exactly_the_code():
    code = qr.code("7HR-9V4-99P-1")
    assert code.size == 29  # version 1 is 21 modules, and 4 quiet ones on each side
    assert re.fullmatch(r"(M\d+ \d+h1v1h-1z)+", code.path)
    assert code == qr.code("7HR-9V4-99P-1") != qr.code("7HR-9V4-99P-2")
