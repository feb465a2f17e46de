"""At which place something about a person is recorded, who may see what of them, and that every look leaves a line."""

from __future__ import annotations

import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from handrail.facts import organisations, participants, proposals, visits, wishes
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.labels import label
from handrail.facts.models import Consent, Fact, RoleAssignment, Site
from handrail.facts.tests.test_wishes import CLINIC, FULL
from handrail.kernel import clock, crypto, ids
from handrail.kernel.models import AccessEntry
from handrail.screens.tests.test_wishes import FORM, Desk, decided, refer, text
from tests.people import join, say_alike
from tests.security.test_access_matrix import routes


@pytest.fixture
def person(in_harbour) -> uuid.UUID:
    return enrolled(in_harbour, in_harbour.van)


def enrolled(world, site) -> uuid.UUID:
    who = ids.random()
    participants.enrol(actor=world.system, site=site.id, code=crypto.new_code(), participant=who)
    return who


def prison(world) -> Site:
    unit = organisations.create_site(
        actor=world.system, name="A unit", kind="prison_unit", closed_setting="prison", time_zone="Africa/Nairobi", area="", offers=[]
    )
    world.harbour.closed_settings = [unit.key]
    world.harbour.save()
    return unit


def on_both_sides(world) -> Site:
    """Naima works in a prison unit too, whose name comes first."""
    unit = prison(world)
    RoleAssignment.objects.create(staff=world.staff["naima"], role="outreach", site=unit)
    return unit


# -- where -----------------------------------------------------------------------------------------------------------------------


def test_somebody_from_outside_is_never_recorded_at_a_closed_place_nor_the_other_way_round(in_harbour, person):
    unit = on_both_sides(in_harbour)
    outside, inside = Desk(in_harbour, "naima", person), Desk(in_harbour, "naima", enrolled(in_harbour, unit))
    for desk in (outside, inside):
        assert desk.post("wishes", status="do_not_contact").status_code == 302
        assert desk.post("consent", **FORM).status_code == 302
    places = dict(Fact.objects.filter(kind="facts.status").values_list("participant", "site__name"))
    assert places[person] == "Van 1"
    assert set(places.values()) == {"Van 1", "A unit"}
    assert outside.post("wishes", status="active", site=str(unit.id)).status_code == 404
    assert inside.post("wishes", status="active", site=str(in_harbour.van.id)).status_code == 404


def test_a_tap_is_recorded_where_the_person_was_found_and_never_at_a_guess(in_harbour, person):
    RoleAssignment.objects.create(staff=in_harbour.staff["naima"], role="outreach", site=in_harbour.sites["Clinic"])
    desk, at = Desk(in_harbour, "naima", person), str(in_harbour.van.id)
    refused = desk.post("wishes", status="do_not_contact")
    assert (refused.status_code, "Say at which place this was." in text(refused)) == (422, True)
    assert not Fact.objects.filter(kind="facts.status").exists()
    page = text(desk.client.get(reverse("person", args=["word"]), {"at": at}))
    assert f"wishes/?at={at}" in page
    page = text(desk.client.get(reverse("wishes", args=["word"]), {"at": at}))
    assert page.count(f'name="at" value="{at}"') >= 1
    assert desk.post("wishes", status="do_not_contact", at=at).status_code == 302
    assert Fact.objects.get(kind="facts.status").site == in_harbour.van
    assert "Say at which place this was." in text(desk.post("consent", **FORM))
    assert desk.post("consent", **FORM, at=at).status_code == 302
    assert desk.post("consent-revoke", consent="all", at=at).status_code == 302
    assert Fact.objects.get(kind="facts.consent_revoked").site == in_harbour.van
    assert desk.post("died", reported_by="peer", died_on=in_harbour.van.today.isoformat(), at=at).status_code == 302
    assert desk.post("not-died", why="did_not_happen", at=at).status_code == 302
    assert Fact.objects.filter(kind="facts.taken_back", site=in_harbour.van).exists()


def test_a_consent_that_is_not_there_is_not_taken_back(in_harbour, person):
    desk = Desk(in_harbour, "naima", person)
    assert desk.post("consent-revoke", consent=str(ids.random())).status_code == 404


# -- days ------------------------------------------------------------------------------------------------------------------------


def midnight_passed(monkeypatch) -> None:
    """Half past midnight of the 10th in Nairobi, still the 9th in UTC."""
    late = clock.now().replace(year=2027, month=3, day=9, hour=21, minute=30)
    monkeypatch.setattr(clock, "now", lambda: late)


def test_the_date_on_a_consent_is_the_day_at_the_place(in_harbour, person, monkeypatch):
    midnight_passed(monkeypatch)
    desk = Desk(in_harbour, "naima", person)
    assert 'name="given_on" type="date" value="2027-03-10"' in text(desk.get("consent"))


@pytest.mark.parametrize(("typed", "asked"), [
    ({"died_on": "2026-03-09"}, True), ({"died_on": "2026-03-10"}, False), ({"died_on": "2026-02-03", "precision": "month"}, True),
    ({"died_on": "2026-03-01", "precision": "month"}, False), ({"died_on": "2025-05-05", "precision": "year"}, True),
    ({"died_on": "2026-01-01", "precision": "year"}, False),
])
def test_visits_after_a_death_are_counted_by_the_local_day_of_each_visit(in_harbour, person, typed, asked):
    night = clock.now().replace(year=2026, month=3, day=9, hour=21, minute=30)  # the 10th in Nairobi
    visits.save(actor=in_harbour.system, visit=ids.new(), site=in_harbour.van.id, occurred_at=night, encounter=Encounter(), parts=[], participant=person)
    answer = Desk(in_harbour, "naima", person).post("died", reported_by="peer", **typed)
    assert answer.status_code == (422 if asked else 302)


# -- legal demands -----------------------------------------------------------------------------------------------------------------


def test_answered_demands_of_other_places_are_not_shown_when_something_is_told(in_harbour, person):
    coordinator, demands = Client(), {}
    coordinator.force_login(in_harbour.staff["coordinator"])
    for who, name, day in (("naima", "Van 1", 9), ("nurse", "Clinic", 12)):
        moment = clock.now().replace(year=2026, month=3, day=day, hour=21, minute=30)
        demands[name] = ids.new()
        said = {"from_whom": "police", "form": "letter", "asked": ["list"]}
        wishes.log_demand(actor=in_harbour.actors[who], site=in_harbour.sites[name], id=demands[name], said=said, at=moment)
        assert decided(coordinator, demands[name], decision="narrowed", lawyer_asked="on", released=["attendance"]).status_code == 302
    desk = Desk(in_harbour, "naima", person)
    page = text(desk.get("tell"))
    assert (str(demands["Van 1"]) in page, "2026-03-10" in page) == (True, True), "its day is the local one"
    assert str(demands["Clinic"]) not in page
    share = {"what": ["attendance"], "to_service": "District court", "basis": "law", "law": "court_order"}
    assert desk.post("tell", **share, demand=str(demands["Clinic"])).status_code == 422
    assert desk.post("tell", **share, demand=str(demands["Van 1"])).status_code == 302


# -- looks -------------------------------------------------------------------------------------------------------------------------


def test_every_page_about_a_person_leaves_a_look(in_harbour, person):
    desk = Desk(in_harbour, "naima", person)
    opened = []
    for name, pattern in routes().items():
        if set(pattern.pattern.converters) == {"word"}:
            before = AccessEntry.objects.filter(object_id=str(person), refused=False).count()
            if desk.get(name).status_code == 200:
                opened.append(name)
                assert AccessEntry.objects.filter(object_id=str(person), refused=False).count() == before + 1, name
    assert set(opened) == {"person", "person-profile", "person-card", "person-split", "wishes", "consent", "tell", "told", "died"}


def test_the_list_of_pairs_says_two_words_and_leaves_a_look(in_harbour, person):
    other = enrolled(in_harbour, in_harbour.van)
    proposals.propose(newer=other, older=person, actor=in_harbour.system)
    client = Client()
    client.force_login(in_harbour.staff["coordinator"])
    assert f"{label(other)} · {label(person)}" in text(client.get(reverse("same-person")))
    assert AccessEntry.objects.filter(what="records that may be of one person").count() == 1


def test_after_an_undo_the_steward_is_shown_what_came_in_between_and_says_whose_it_is(in_harbour, person):
    other = enrolled(in_harbour, in_harbour.van)
    merge = join(in_harbour, person, other)
    wishes.give_consent(actor=in_harbour.system, site=in_harbour.van, participant=person, id=ids.new(), said=FULL)
    keeper = organisations.create_staff(
        actor=in_harbour.system, username="joiner", name="Joiner", password="x" * 20, grants=[("data_steward", None)]
    )
    client = Client()
    client.force_login(keeper)
    assert client.get(reverse("same-person-meanwhile", args=[merge])).status_code == 404, "they are joined"
    answer = client.post(reverse("same-person-undo", args=[merge]))
    assert answer["Location"] == reverse("same-person-meanwhile", args=[merge])
    page = text(client.get(answer["Location"]))
    assert f"It belongs to {label(other)}" in page
    assert str(person) not in page
    line, to = re.findall(r'name="(?:line|to)" value="([^"]+)"', page)[:2]
    for _tap in range(2):
        assert client.post(answer["Location"], {"line": line, "to": to}).status_code == 302
    assert Consent.objects.get().participant == other


# -- lists -------------------------------------------------------------------------------------------------------------------------


def every_list(world) -> dict[str, str]:
    """Every address without a person in it, as somebody sees it who holds every role that meets or plans for people."""
    staff = organisations.create_staff(
        actor=world.system, username="allover", name="All over", password="x" * 20,
        grants=[(role, None) for role in ("outreach", "nurse", "peer", "coordinator", "data_steward", "administrator", "storekeeper")],
    )
    client, pages = Client(), {}
    client.force_login(staff)
    for name, pattern in routes().items():
        converters = set(pattern.pattern.converters)
        if name == "sign-out" or name.startswith("api-") or converters - {"site"}:
            continue
        for site in (world.van, world.sites["Clinic"]) if converters else (world.van,):
            answer = client.get(reverse(name, kwargs={"site": site.id} if converters else {}))
            if answer.status_code == 200 and "pdf" not in answer.headers["Content-Type"]:
                pages[f"{name} {site.name}"] = b"".join(answer).decode(errors="replace") if answer.streaming else text(answer)
    return pages


@pytest.mark.slow
def test_no_address_gives_out_people(in_harbour, person):
    others = [enrolled(in_harbour, in_harbour.van) for _person in range(3)]
    for who in (person, *others):
        refer(in_harbour, who)
    pages = every_list(in_harbour)
    assert {"start Van 1", "visits Van 1", "referrals Van 1", "same-person Van 1"} <= set(pages)
    assert [name for name, page in pages.items() if any(str(who) in page for who in (person, *others))] == []
    assert [name for name in routes() if "participant" in name or name.startswith(("people", "api-people", "export"))] == []


@pytest.mark.slow
def test_every_list_that_holds_a_participant_honours_do_not_contact_and_death(in_harbour):
    wanted, wish, died = (enrolled(in_harbour, in_harbour.van) for _person in range(3))
    referral = {who: refer(in_harbour, who) for who in (wanted, wish, died)}
    common = {"actor": in_harbour.actors["naima"], "site": in_harbour.van}
    wishes.set_status(**common, participant=wish, id=ids.new(), status="do_not_contact")
    wishes.report_death(**common, participant=died, id=ids.new(), said={"reported_by": "peer", "died_on": in_harbour.van.today.isoformat()})
    pages = every_list(in_harbour)
    listing = {name for name, page in pages.items() if label(referral[wanted]) in page}
    assert "referrals Van 1" in listing
    for name in listing:
        assert label(referral[died]) not in pages[name], f"{name} goes on looking for somebody who died"
        if label(referral[wish]) in pages[name]:
            assert "does not want to be contacted" in pages[name], f"{name} does not say that somebody must not be looked for"


def test_the_consent_form_shows_the_common_reasons_and_the_others_by_one_tap(in_harbour, person):
    page = text(Desk(in_harbour, "naima", person).get("consent"))
    shown, folded = page.split("For something else")
    assert [shown.count('name="purpose"'), folded.count('name="purpose"')] == [4, 9]
    refused = text(Desk(in_harbour, "naima", person).post("consent", **FORM | {"purpose": "case_work", "given_on": ""}))
    assert re.search(r'<details class="more" open>\s*<summary>For something else', refused)


def test_what_is_said_of_a_merged_person_is_shown_with_either_card(in_harbour, person):
    other = enrolled(in_harbour, in_harbour.van)
    say_alike(in_harbour, person, other)
    join(in_harbour, person, other)
    wishes.give_consent(actor=in_harbour.system, site=in_harbour.van, participant=person, id=ids.new(), said=FULL)
    pages = [text(Desk(in_harbour, "naima", who).get("wishes")) for who in (person, other)]
    assert all(CLINIC in page and label(person) in page for page in pages)
