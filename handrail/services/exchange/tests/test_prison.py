"""A unit in a prison: nobody outside reads, nobody is named by cell or number, and leaving is prepared in one tap."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pydantic import ValidationError

from handrail.facts import visits, wishes
from handrail.facts.labels import label
from handrail.facts.models import Aside, Fact, Referral, RoleAssignment, Site
from handrail.facts.record import Draft, Mode, Refusal, Status, record, record_many
from handrail.facts.spec import KINDS, line_model
from handrail.kernel import clock, ids, scope
from handrail.services.exchange import queries
from handrail.services.exchange.commands import ON_RELEASE
from handrail.services.exchange.models import OpenTest
from handrail.services.exchange.tests.helpers import actor, place, signed_in, visit
from tests.people import join

PLACE_INSIDE = re.compile(r"(^|_)(cell|cells|block|wing|landing|bunk|inmate|prisoner|convict|detainee|booking|prison_number|number)($|_)")


@pytest.fixture
def prison(world) -> Site:
    """A health unit inside, where the nurse works. naima and the coordinator have their roles everywhere outside."""
    site = place(world, "Health unit 3", "prison_unit", ("nurse", "nurse"), closed_setting="prison", offers=[])
    with scope.enter([world.harbour.key]):
        RoleAssignment.objects.create(staff=world.staff["naima"], role="outreach", site=None)
        RoleAssignment.objects.create(staff=world.staff["naima"], role="nurse", site=None)
    return site


@pytest.fixture
def inside(world, prison) -> dict[str, uuid.UUID]:
    """A visit inside with a sample on its way and a referral, and a record that was kept aside."""
    with scope.enter([world.harbour.key]):
        made = visit(
            world, prison, ("exchange.test", {"disease": "HIV", "state": "sample_taken"}), ("facts.referral", {"service": "HIV_care", "status": "accepted"}),
            participant=uuid.uuid4(),
        )
        aside = record(Draft(kind="exchange.returned", payload={"quantity": -77}, site=prison.id), actor=world.system, mode=Mode.ARRIVED)
        assert Aside.objects.get(fact=aside.id).is_open
        return {"visit": made, "test": OpenTest.objects.get().fact, "referral": Referral.objects.get().fact, "aside": aside.id}


def every_field(model: Any) -> list[str]:
    names = list(model.model_fields)
    for found in model.model_fields.values():
        line = line_model(found)
        names += every_field(line) if line is not None else []
    return names


def test_no_record_has_a_field_for_a_cell_or_a_prison_number():
    assert [(kind.key, name) for kind in KINDS for name in every_field(kind.payload) if PLACE_INSIDE.search(name)] == []


@pytest.mark.parametrize("who", ["naima", "coordinator", "elsewhere", "stranger", "auditor", "store"])
def test_who_works_outside_sees_nothing_of_inside(world, prison, inside, who):
    client = signed_in(world, who)
    for where in (
        reverse("visit", args=[inside["visit"]]), reverse("visit-correct", args=[inside["visit"]]), reverse("visit-new", args=[prison.id]),
        reverse("exchange:whole-stop", args=[prison.id]), reverse("exchange:weigh", args=[prison.id]), reverse("exchange:release", args=[prison.id]),
        reverse("exchange:prison-year", args=[prison.id]), reverse("exchange:needlestick", args=[prison.id]),
    ):
        assert client.get(where).status_code == 404, where
    for where in (reverse("visits"), reverse("exchange:more"), reverse("exchange:open-tests"), reverse("referrals"), reverse("start")):
        page = client.get(where)
        assert page.status_code in {200, 404}
        assert str(inside["visit"]) not in page.content.decode()
        assert "Health unit 3" not in page.content.decode(), where


def test_who_works_inside_sees_it(world, prison, inside):
    client = signed_in(world, "nurse")
    for where in (
        reverse("visit", args=[inside["visit"]]), reverse("visit-new", args=[prison.id]), reverse("exchange:whole-stop", args=[prison.id]),
        reverse("exchange:release", args=[prison.id]), reverse("exchange:prison-year", args=[prison.id]),
    ):
        assert client.get(where).status_code == 200, where
    assert "Health unit 3" in client.get(reverse("exchange:open-tests")).content.decode()
    assert "Health unit 3" in client.get(reverse("exchange:more")).content.decode()


def test_a_test_from_inside_is_finished_only_inside(world, prison, inside):
    where, form = reverse("exchange:finish-test", args=[inside["test"]]), {"id": str(ids.new()), "result": "negative"}
    assert signed_in(world, "naima").post(where, form).status_code == 404
    assert signed_in(world, "nurse").post(where, form).status_code == 302


def test_a_referral_into_a_prison_is_closed_only_inside(world, prison):
    with scope.enter([world.harbour.key]):
        visit(world, world.van, ("facts.referral", {"service": "TB", "status": "accepted", "to_site": str(prison.id), "consent_to_share": True}))
        referral = Referral.objects.get().fact
    where, form = reverse("referral-outcome", args=[referral]), {"id": str(ids.new()), "status": "attended"}
    assert "from Van 1" not in signed_in(world, "naima").get(reverse("referrals")).content.decode()
    assert signed_in(world, "naima").post(where, form).status_code == 404
    assert "from Van 1" in signed_in(world, "nurse").get(reverse("referrals")).content.decode()
    assert signed_in(world, "nurse").post(where, form).status_code == 302


def post(world, who: str, kind: str, payload: dict[str, Any], site: Site) -> Any:
    body = {"id": str(ids.new()), "site": str(site.id), "encounter": str(ids.new()), "payload": payload}
    return signed_in(world, who).post(f"/api/facts/{kind}/", body, content_type="application/json")


@pytest.mark.parametrize(("kind", "payload"), [
    ("exchange.returned", {"quantity": 3}), ("exchange.test", {"disease": "HIV", "state": "offered_declined"}), ("facts.encounter", {}),
    ("exchange.given", {"lines": [{"item": "filter", "quantity": 1}]}),
])
def test_the_api_takes_nothing_from_outside_for_inside(world, prison, kind, payload):
    assert post(world, "naima", kind, payload, prison).status_code == 422
    assert post(world, "naima", kind, payload, world.van).status_code == 200
    with scope.enter([world.harbour.key]):
        assert not Fact.objects.filter(site=prison).exists()


def test_what_is_kept_aside_from_inside_is_not_on_the_coordinators_list(world, prison, inside):
    client = signed_in(world, "coordinator")
    assert str(inside["aside"]) not in client.get(reverse("waiting")).content.decode()
    assert "was kept aside and waits" not in client.get(reverse("start")).content.decode()
    decided = client.post(reverse("waiting-decide", args=[inside["aside"]]), {"id": str(ids.new()), "decision": "does_not_count"})
    assert decided.status_code == 404


# -- leaving -------------------------------------------------------------------------------------------------------------


def leave(client: Client, prison: Site, made: uuid.UUID, **answers: str) -> Any:
    return client.post(reverse("exchange:release", args=[prison.id]), {"visit": str(made), **answers})


def release_page(world, prison: Site) -> str:
    return signed_in(world, "nurse").get(reverse("exchange:release", args=[prison.id])).content.decode()


def test_each_way_on_is_asked_about_and_recorded_as_the_person_said(world, prison, inside):
    client = signed_in(world, "nurse")
    for _tap in range(2):
        assert leave(client, prison, inside["visit"], OAT="accepted", naloxone="declined").status_code == 302
    with scope.enter([world.harbour.key]):
        made = Referral.objects.exclude(fact=inside["referral"])
        assert {r.service: r.status for r in made} == {"OAT": "accepted", "naloxone": "declined"}  # needles: nobody asked
        assert {r.participant for r in made} == {Fact.objects.get(id=inside["visit"]).participant}
        assert {r.to_site for r in made if r.service == "OAT"} == {world.sites["Clinic"]}
    page = release_page(world, prison)
    assert 'name="NSP"' in page
    assert 'name="OAT"' not in page  # asked already
    assert leave(client, prison, inside["visit"], NSP="accepted").status_code == 302
    assert "all three were asked" in release_page(world, prison)


def test_a_release_that_nobody_was_asked_about_is_not_planned(world, prison, inside):
    answer = leave(signed_in(world, "nurse"), prison, inside["visit"])
    assert answer.status_code == 422
    assert "Ask the person" in answer.content.decode()
    with scope.enter([world.harbour.key]):
        assert not Referral.objects.exclude(fact=inside["referral"]).exists()
    assert sorted(service.value for service in ON_RELEASE) == ["NSP", "OAT", "naloxone"]


def test_where_several_places_offer_it_one_is_chosen_and_never_one_where_people_are_held(world, prison, inside):
    second = place(world, "Second clinic", "oat_clinic", offers=["OAT", "NSP"])
    held = place(world, "Other unit", "prison_unit", closed_setting="prison", offers=["OAT"])
    page = release_page(world, prison)
    assert "Second clinic" in page
    assert "Other unit" not in page
    client, answers = signed_in(world, "nurse"), {"OAT": "accepted", "NSP": "accepted"}
    wrong = leave(client, prison, inside["visit"], **answers, **{"to-OAT": str(held.id)})
    assert wrong.status_code == 422
    assert re.search(r'name="NSP" value="accepted" checked', wrong.content.decode()), "what was tapped is still there"
    assert leave(client, prison, inside["visit"], **answers, **{"to-OAT": str(second.id)}).status_code == 302
    with scope.enter([world.harbour.key]):
        assert {r.to_site for r in Referral.objects.exclude(fact=inside["referral"])} == {second}


def test_who_is_listed_for_release_is_alive_and_their_visit_counts(world, prison):
    died = {"reported_by": "family", "precision": "day", "died_on": str(clock.now().date()), "is_confirmed": True, "notify": []}
    people = {name: uuid.UUID(int=1000 + n) for n, name in enumerate(("listed", "dead", "taken back", "alone", "survivor", "merged"))}
    with scope.enter([world.harbour.key]):
        made = {name: visit(world, prison, participant=who) for name, who in people.items() if name != "survivor"}
        wishes.report_death(actor=world.system, site=prison, participant=people["dead"], id=ids.new(), said=died)
        visits.take_back(actor=world.system, visit=made["taken back"], correction=ids.new(), why="did_not_happen")
        record(Draft(kind="facts.status", payload={"status": "do_not_contact"}, site=prison.id, participant=people["alone"]), actor=world.system)
        join(world, people["survivor"], people["merged"])
    page = release_page(world, prison)
    assert {name for name, who in people.items() if label(who) in page} == {"listed", "alone", "survivor"}
    assert page.count("does not want to be contacted") == 1
    for name in ("dead", "taken back"):
        assert leave(signed_in(world, "nurse"), prison, made[name], OAT="accepted").status_code == 404


def test_a_visit_outside_or_of_another_place_has_no_release(world, prison, inside):
    with scope.enter([world.harbour.key]):
        outside = visit(world, world.van)
    assert leave(signed_in(world, "nurse"), prison, outside, OAT="accepted").status_code == 404
    assert leave(signed_in(world, "nurse"), world.sites["Clinic"], inside["visit"], OAT="accepted").status_code == 404
    assert leave(signed_in(world, "coordinator"), prison, inside["visit"], OAT="accepted").status_code == 404


# -- yearly counts ---------------------------------------------------------------------------------------------------------


def test_the_counts_of_a_year_are_recorded_and_what_nobody_counted_stays_empty(world, prison):
    form = {"id": str(ids.new()), "year": "2026", "clean_needles": "5200", "oat_recipients": "84", "condoms": "0"}
    assert signed_in(world, "nurse").post(reverse("exchange:prison-year", args=[prison.id]), form).status_code == 302
    with scope.enter([world.harbour.key]):
        kept = Fact.objects.get(kind="exchange.prison_year").payload
    assert (kept["clean_needles"], kept["condoms"], kept["hiv_tests"]) == (5200, 0, None)
    for wrong in ({"clean_needles": "-1"}, {"clean_needles": "", "oat_recipients": "", "condoms": ""}, {"year": ""}):
        answer = signed_in(world, "nurse").post(reverse("exchange:prison-year", args=[prison.id]), form | {"id": str(ids.new())} | wrong)
        assert answer.status_code == 422, wrong
    assert signed_in(world, "nurse").get(reverse("exchange:prison-year", args=[world.sites["Clinic"].id])).status_code == 404


def years(world, prison) -> list[tuple[int, int]]:
    with scope.enter([world.harbour.key]):
        return sorted((f.parsed.year, f.parsed.condoms) for f in queries.outside_visits(prison.key, ["exchange.prison_year"]))


def counted(prison, condoms: int, *, year: int = 2026, **more: Any) -> Draft:
    return Draft(kind="exchange.prison_year", payload={"year": year, "condoms": condoms}, site=prison.id, **more)


def test_a_year_is_counted_once_whoever_sends_it_and_the_second_is_a_correction(world, prison):
    nurse = signed_in(world, "nurse")
    first, body = str(ids.new()), {"site": str(prison.id), "payload": {"year": 2026, "condoms": 10}}
    where = "/api/facts/exchange.prison_year/"
    for _sent_again in range(2):
        assert nurse.post(where, body | {"id": first}, content_type="application/json").status_code == 200
    second = nurse.post(where, body | {"id": str(ids.new()), "payload": {"year": 2026, "condoms": 12}}, content_type="application/json")
    assert second.status_code == 422
    assert "The counts of 2026 are here already" in second.content.decode()
    other_year = nurse.post(where, body | {"id": str(ids.new()), "payload": {"year": 2025, "condoms": 3}}, content_type="application/json")
    assert other_year.status_code == 200
    corrected = body | {"id": str(ids.new()), "supersedes": [first], "payload": {"year": 2026, "condoms": 12}}
    assert nurse.post(where, corrected, content_type="application/json").status_code == 200
    assert years(world, prison) == [(2025, 3), (2026, 12)]


def test_a_second_count_of_a_year_from_elsewhere_is_kept_aside_and_cannot_be_let_count(world, prison):
    other = place(world, "Health unit 4", "prison_unit", ("nurse", "nurse"), closed_setting="prison", offers=[])
    sent = [counted(prison, 10), counted(prison, 12), counted(other, 7), counted(prison, 5, year=2025)]
    with scope.enter([world.harbour.key]):
        found = record_many(sent, actor=world.system, mode=Mode.ARRIVED)
        assert [(outcome.status, outcome.reason) for outcome in found] == [
            (Status.ACCEPTED, ""), (Status.QUARANTINED, "year_taken"), (Status.ACCEPTED, ""), (Status.ACCEPTED, ""),
        ]
        late = record(counted(prison, 13), actor=world.system, mode=Mode.ARRIVED)
        assert (late.status, late.reason) == (Status.QUARANTINED, "year_taken")
        with pytest.raises(Refusal, match="are here already"):
            record(Draft(kind="facts.released", payload={"target": str(late.id), "decision": "counts"}), actor=world.system)
    assert years(world, prison) == [(2025, 5), (2026, 10)]
    assert years(world, other) == [(2026, 7)]


def test_what_replaces_a_count_in_the_same_batch_is_no_second_one(world, prison):
    first = counted(prison, 10)
    with scope.enter([world.harbour.key]):
        record_many([first, counted(prison, 12, supersedes=(first.id,))], actor=world.system)
        with pytest.raises(Refusal, match="are here already"):
            record_many([counted(prison, 1, year=2024), counted(prison, 2, year=2024)], actor=world.system)
    assert years(world, prison) == [(2026, 12)]


# -- needlestick -----------------------------------------------------------------------------------------------------------


def test_a_needlestick_keeps_the_limit_that_held_and_says_that_nobody_confirmed_it(world):
    client, where = signed_in(world, "naima"), reverse("exchange:needlestick", args=[world.van.id])
    page = client.get(where).content.decode()
    assert "within 72 hours" in page
    assert "Nobody of your programme has confirmed this number" in page
    form = {"id": str(ids.new()), "whom": "worker", "exposure": "needlestick", "first_aid": "washed", "pep": "started", "hours_to_pep": "3"}
    assert client.post(where, form).status_code == 302
    with scope.enter([world.harbour.key]):
        kept = Fact.objects.get(kind="exchange.needlestick")
    assert (kept.payload["limit_hours"], kept.payload["limit_version"], kept.payload["source_known"], kept.participant) == (72, "start", None, None)
    assert client.post(where, form | {"id": str(ids.new()), "pep": ""}).status_code == 422
    assert client.post(where, form | {"id": str(ids.new()), "hours_to_pep": "-3"}).status_code == 422


# -- Kenya: a peer with a bag ------------------------------------------------------------------------------------------------


def test_a_peer_hands_out_from_a_bag_and_the_contact_says_so(world):
    bag = place(world, "Amina's bag", "peer_bag", ("elsewhere", "peer"))
    with scope.enter([world.harbour.key]):
        peer = actor(world, "elsewhere")
        assert peer.may("exchange.record", bag.key)
        assert not peer.may("exchange.test", bag.key)
    client = signed_in(world, "elsewhere")
    form = {"id": str(ids.new()), "at": clock.now().isoformat(), "people_count": "6", "q-filter": "60", "confirm": "short"}
    assert client.post(reverse("exchange:whole-stop", args=[bag.id]), form).status_code == 302
    with scope.enter([world.harbour.key]):
        assert Fact.objects.get(kind="facts.encounter").payload["channel"] == "peer"
        assert Fact.objects.get(kind="exchange.given").site == bag


def test_the_kinds_of_a_prison_year_refuse_what_cannot_be():
    with pytest.raises(ValidationError):
        KINDS["exchange.prison_year"].parse({"year": 2026})
