"""Consent, wishes, death and legal demands on real pages."""

from __future__ import annotations

import re
import uuid

import pytest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse

from handrail.facts import consents, organisations, participants, visits, wishes
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Consent, Fact, Referral, Site
from handrail.facts.record import Draft, Mode, Status, record
from handrail.facts.spec import KINDS
from handrail.facts.tests.test_wishes import CLINIC, FULL, set_profile
from handrail.kernel import clock, crypto, ids, scope
from handrail.kernel.models import AccessEntry
from handrail.screens.console import at_hand
from handrail.screens.console.wishes import section

FORM = {
    "purpose": "guest_dosing", "scope": ["treatment"], "from_whom": "this_programme", "to_service": CLINIC, "until": "end_of_treatment",
    "how": "written", "says_who": "on", "revocation_explained": "on", "signed": "on", "given_on": "2026-03-02", "text_language": "en",
}
PAGES = ["wishes", "consent", "tell", "told", "died"]


class Desk:
    """A browser in which somebody is signed in, with a person at hand."""

    def __init__(self, world, who: str, person: uuid.UUID) -> None:
        self.client = Client()
        self.client.force_login(world.staff[who])
        session = self.client.session
        session[at_hand._NAME] = {"word": str(person)}
        session.save()

    def get(self, name: str, word: str = "word"):
        return self.client.get(reverse(name, args=[word]))

    def post(self, name: str, word: str = "word", **values):
        return self.client.post(reverse(name, args=[word]), {"id": str(ids.new())} | values)


@pytest.fixture
def person(in_harbour) -> uuid.UUID:
    who = ids.random()
    participants.enrol(actor=in_harbour.actors["naima"], site=in_harbour.van.id, code=crypto.new_code(), participant=who)
    return who


@pytest.fixture
def desk(in_harbour, person) -> Desk:
    return Desk(in_harbour, "naima", person)


def text(answer) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


# -- consent ---------------------------------------------------------------------------------------------------------------


def test_a_consent_is_given_shown_and_taken_back_with_one_tap_each(desk, person):
    assert desk.get("consent").status_code == 200
    saved = desk.post("consent", **FORM)
    assert saved.status_code == 302
    page = text(desk.get("wishes"))
    assert "Doses at another clinic" in page
    assert "Riverside clinic" in page
    consent = Consent.objects.get(participant=person)
    assert desk.post("consent-revoke", consent=str(consent.fact)).status_code == 302
    assert consents.allows(person, "guest_dosing", CLINIC, clock.now()) is None
    assert "taken back" in text(desk.get("wishes"))


def test_the_form_names_what_is_missing_keeps_the_rest_and_saves_nothing(desk):
    answer = desk.post("consent", **FORM | {"given_on": ""})
    assert answer.status_code == 422
    page = text(answer)
    assert "9 date" in page
    assert 'value="Riverside clinic"' in page
    assert not Consent.objects.exists()


def test_the_form_asks_only_what_the_profile_needs(in_harbour, desk):
    assert "Spoken, with a witness" not in text(desk.get("consent"))
    set_profile(in_harbour, "verbal")
    page = text(desk.get("consent"))
    assert "Spoken, with a witness" in page
    assert "may be told on" not in page
    spoken = {k: v for k, v in FORM.items() if k != "signed"} | {"how": "verbal_witnessed", "witness": "peer"}
    assert desk.post("consent", **spoken).status_code == 302


def test_the_same_form_sent_twice_is_one_consent(desk):
    once = str(ids.new())
    for _tap in range(2):
        assert desk.post("consent", **FORM | {"id": once}).status_code == 302
    assert Fact.objects.filter(kind="facts.consent").count() == 1


def test_who_was_told_something_is_named_when_it_ends_and_the_person_can_hear_all_of_it(desk):
    desk.post("consent", **FORM)
    share = {"what": ["treatment"], "to_service": CLINIC, "basis": "consent", "purpose": "guest_dosing"}
    refused = desk.post("tell", **share)
    assert refused.status_code == 422
    assert "The notice has to go with it." in text(refused)
    assert desk.post("tell", **share | {"notice_sent": "on"}).status_code == 302
    assert "Riverside clinic" in text(desk.get("told"))
    assert "Tell them that it ended" not in text(desk.get("wishes"))
    desk.post("consent-revoke", consent="all")
    assert "Tell them that it ended: Riverside clinic" in text(desk.get("wishes"))
    refused = desk.post("tell", **share | {"notice_sent": "on"})
    assert refused.status_code == 422
    assert "What they get here does not change." in text(refused)
    assert "Riverside clinic" in text(desk.get("told")), "what was told before stays listed"


def test_a_peer_takes_a_consent_back_although_the_page_is_not_theirs(in_harbour, desk, person):
    desk.post("consent", **FORM)
    in_harbour.staff["peer"] = organisations.create_staff(
        actor=in_harbour.system, username="peer", name="Peer", password="x" * 20, grants=[("peer", in_harbour.sites["Drop-in"])]
    )
    peer = Desk(in_harbour, "peer", person)
    assert [peer.get(name).status_code for name in PAGES] == [404] * 5
    assert peer.post("consent-revoke", consent="all").status_code == 302
    assert not Consent.objects.filter(revoked_at=None).exists()


def test_a_visit_is_recorded_right_after_everything_was_taken_back(in_harbour, desk, person):
    desk.post("consent", **FORM)
    desk.post("consent-revoke", consent="all")
    saved = visits.save(
        actor=in_harbour.actors["naima"], visit=ids.new(), site=in_harbour.van.id, occurred_at=clock.now(), encounter=Encounter(),
        parts=[], participant=person,
    )
    assert saved[0].status == "accepted"


# -- do not contact, and the list of who is expected ---------------------------------------------------------------------------


def refer(world, person: uuid.UUID) -> uuid.UUID:
    payload = KINDS["facts.referral"].payload(service="OAT", status="accepted", to_site=world.sites["Clinic"].id, consent_to_share=True)
    visits.save(
        actor=world.system, visit=ids.new(), site=world.van.id, occurred_at=clock.now(), encounter=Encounter(),
        parts=[visits.Part("facts.referral", payload)], participant=person,
    )
    return Referral.objects.get(participant=person).fact


def test_whoever_does_not_want_to_be_contacted_is_expected_but_not_looked_for(in_harbour, desk, person):
    referral = refer(in_harbour, person)
    nurse = Desk(in_harbour, "nurse", person).client
    assert "do not go and look" not in text(nurse.get(reverse("referrals")))
    assert desk.post("wishes", status="do_not_contact").status_code == 302
    assert "Does not want to be contacted" in text(desk.get("wishes"))
    page = text(nurse.get(reverse("referrals")))
    assert "does not want to be contacted: do not go and look" in page
    arrived = nurse.post(reverse("referral-outcome", args=[referral]), {"id": str(ids.new()), "status": "attended"})
    assert arrived.status_code == 302, "whoever comes is served"


def test_whoever_died_is_expected_no_more_until_the_report_is_taken_back(in_harbour, desk, person):
    refer(in_harbour, person)
    nurse = Desk(in_harbour, "nurse", person).client
    assert "person expected here" in text(nurse.get(reverse("start")))
    assert desk.post("died", reported_by="family", died_on=in_harbour.van.today.isoformat()).status_code == 302
    assert "Nobody is on the way" in text(nurse.get(reverse("referrals")))
    assert "person expected here" not in text(nurse.get(reverse("start")))
    assert "Has died" in text(desk.get("wishes"))
    assert "New consent" not in text(desk.get("wishes"))
    assert desk.post("not-died", why="did_not_happen").status_code == 302
    assert "Nobody is on the way" not in text(nurse.get(reverse("referrals")))


def test_a_death_before_a_known_visit_is_asked_about_once(in_harbour, desk, person):
    refer(in_harbour, person)
    wrong = {"reported_by": "peer", "died_on": "2026-01-05", "cause": "overdose_suspected"}
    asked = desk.post("died", **wrong)
    assert asked.status_code == 422
    assert "Is it the right person, and the right day?" in text(asked)
    assert wishes.deaths(person) == []
    assert desk.post("died", **wrong | {"confirm": "later"}).status_code == 302


@pytest.mark.parametrize("typed", [{"died_on": ""}, {"died_on": "yesterday"}, {"died_on": "2999-01-01"}, {"reported_by": ""}])
def test_a_report_of_a_death_that_cannot_be_read_is_shown_again(desk, person, typed):
    answer = desk.post("died", **{"reported_by": "peer", "died_on": "2026-01-05"} | typed)
    assert answer.status_code == 422
    assert 'class="bad"' in text(answer)
    assert wishes.deaths(person) == []


# -- legal demands ---------------------------------------------------------------------------------------------------------


def demand_by(world, who: str):
    client = Client()
    client.force_login(world.staff[who])
    body = {"id": str(ids.new()), "from_whom": "police", "form": "spoken", "asked": ["list", "whether_known"], "site": str(world.van.id)}
    return client, client.post(reverse("legal-demand-new"), body)


def decided(client: Client, demand: uuid.UUID, **values):
    return client.post(reverse("legal-demand-decide"), {"id": str(ids.new()), "demand": str(demand)} | values)


def test_a_demand_is_refused_by_default_and_counted(in_harbour):
    naima, saved = demand_by(in_harbour, "naima")
    assert saved.status_code == 302
    assert naima.get(reverse("legal-demands")).status_code == 404
    coordinator = Client()
    coordinator.force_login(in_harbour.staff["coordinator"])
    page = text(coordinator.get(reverse("legal-demands")))
    assert "Police" in page
    assert "A list of people" in page
    year = clock.now().year
    assert re.search(rf"{year}</th><td class=\"num\">1</td><td class=\"num\">0</td><td class=\"num\">0</td>", page)
    assert Fact.objects.get(kind="facts.legal_demand").participant is None


def test_anything_but_no_needs_a_second_person_and_a_lawyer(in_harbour):
    own, _saved = demand_by(in_harbour, "coordinator")
    demand = Fact.objects.get(kind="facts.legal_demand").id
    refused = decided(own, demand, decision="complied", lawyer_asked="on")
    assert refused.status_code == 422
    assert "Another person than the one who logged it" in text(refused)
    assert decided(own, demand, decision="refused").status_code == 302, "saying no needs nobody else"
    in_harbour.staff["second"] = organisations.create_staff(
        actor=in_harbour.system, username="second", name="Second", password="x" * 20, grants=[("coordinator", None)]
    )
    second = Client()
    second.force_login(in_harbour.staff["second"])
    assert "Ask a lawyer first." in text(decided(second, demand, decision="narrowed"))
    assert decided(second, demand, decision="narrowed", lawyer_asked="on", released=["attendance"], person_told="yes").status_code == 302
    assert "Less than was asked" in text(second.get(reverse("legal-demands")))


def test_what_a_court_gets_is_no_more_than_two_people_decided(in_harbour, desk, person):
    demand_by(in_harbour, "naima")
    demand = Fact.objects.get(kind="facts.legal_demand").id
    share = {"what": ["attendance"], "to_service": "District court", "basis": "law", "law": "court_order", "demand": str(demand)}
    assert desk.post("tell", **share).status_code == 422
    coordinator = Client()
    coordinator.force_login(in_harbour.staff["coordinator"])
    decided(coordinator, demand, decision="narrowed", lawyer_asked="on", released=["attendance"])
    assert desk.post("tell", **share | {"what": ["attendance", "tests"]}).status_code == 422
    assert desk.post("tell", **share).status_code == 302


def test_a_demand_without_what_was_asked_is_shown_again(in_harbour):
    client, _saved = demand_by(in_harbour, "naima")
    answer = client.post(reverse("legal-demand-new"), {"id": str(ids.new()), "from_whom": "police"})
    assert answer.status_code == 422
    assert text(answer).count('class="bad"') == 2


# -- who may not -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["stranger", "store", "auditor", "coordinator"])
def test_who_does_not_meet_people_sees_nothing_even_with_the_word(in_harbour, person, who):
    desk = Desk(in_harbour, who, person)
    answers = [desk.get(name) for name in PAGES] + [desk.post(name) for name in (*PAGES, "consent-revoke", "not-died")]
    if who == "stranger":  # in another organisation the id means nobody: the page is empty and names nobody
        assert "Riverside" not in "".join(text(a) for a in answers)
        assert Fact.objects.filter(participant=person, kind="facts.consent").count() == 0
        return
    assert {a.status_code for a in answers} <= {404, 405}


def test_a_word_of_another_session_means_nobody(in_harbour, desk, person):
    assert [desk.get(name, "other").status_code for name in PAGES] == [404] * 5
    other = Client()
    other.force_login(in_harbour.staff["elsewhere"])
    assert other.get(reverse("wishes", args=["word"])).status_code == 404


def test_what_was_agreed_behind_walls_is_not_shown_outside(in_harbour, desk, person):
    unit = organisations.create_site(actor=in_harbour.system, name="Unit", kind="prison_unit", time_zone="Africa/Nairobi", area="", offers=[])
    Site.objects.filter(key=unit.key).update(closed_setting="prison")
    in_harbour.harbour.closed_settings = [unit.key]
    in_harbour.harbour.save()
    wishes.give_consent(actor=in_harbour.system, site=unit, participant=person, id=ids.new(), said=FULL)
    assert "Riverside clinic" not in text(desk.get("wishes"))
    in_harbour.staff["inside"] = organisations.create_staff(
        actor=in_harbour.system, username="inside", name="Inside", password="x" * 20, grants=[("nurse", unit)]
    )
    assert "Riverside clinic" in text(Desk(in_harbour, "inside", person).get("wishes"))


def test_looking_leaves_a_line_and_no_address_names_the_person(in_harbour, desk, person):
    for name in PAGES:
        assert str(person) not in text(desk.get(name))
    with scope.enter([in_harbour.harbour.key]):
        seen = set(AccessEntry.objects.filter(object_id=str(person)).values_list("what", flat=True))
    assert {"person.wishes", "person.told"} <= seen


def test_what_was_kept_aside_says_which_rule_and_reads_in_words(in_harbour, desk, person):
    common = {"site": in_harbour.van.id, "participant": person}
    for kind, payload in (
        ("facts.consent", FULL | {"signed": False, "scope": ["treatment", "tests"]}),
        ("facts.disclosed", {"what": ["tests"], "to_whom": CLINIC, "basis": "consent", "purpose": "case_work"}),
        ("facts.legal_decision", {"demand": str(ids.new()), "decision": "complied"}),
    ):
        sent = record(Draft(kind=kind, payload=payload, **common), actor=in_harbour.actors["coordinator" if "legal" in kind else "naima"], mode=Mode.ARRIVED)
        assert sent.status is Status.QUARANTINED
    coordinator = Client()
    coordinator.force_login(in_harbour.staff["coordinator"])
    page = text(coordinator.get(reverse("waiting")))
    assert "It is a consent that lacks something it needs." in page
    assert "Treatment and doses, Tests and results" in page
    assert "without what allows it" in page
    assert "needs a second person" in page


def test_a_person_known_only_behind_walls_is_not_opened_outside(in_harbour):
    unit = organisations.create_site(actor=in_harbour.system, name="Unit", kind="prison_unit", time_zone="Africa/Nairobi", area="", offers=[])
    Site.objects.filter(key=unit.key).update(closed_setting="prison")
    in_harbour.harbour.closed_settings = [unit.key]
    in_harbour.harbour.save()
    who = ids.random()
    participants.enrol(actor=in_harbour.system, site=unit.id, code=crypto.new_code(), participant=who)
    outside = Desk(in_harbour, "naima", who)
    assert [outside.get(name).status_code for name in PAGES] == [404] * 5
    assert outside.post("consent-revoke", consent="all").status_code == 404
    in_harbour.staff["inside"] = organisations.create_staff(
        actor=in_harbour.system, username="inside", name="Inside", password="x" * 20, grants=[("outreach", unit), ("outreach", in_harbour.van)]
    )
    inside = Desk(in_harbour, "inside", who)
    assert inside.post("wishes", status="do_not_contact").status_code == 302
    assert Fact.objects.get(kind="facts.status").site_id == unit.key, "what is recorded stays inside"


def test_every_page_is_closed_html_in_a_narrow_frame_without_a_name(desk):
    for name in PAGES:
        page = text(desk.get(name))
        assert page.count("<form") == page.count("</form>")
        assert page.count("<fieldset") == page.count("</fieldset>")
        assert page.count("<section") == page.count("</section>")
        assert "style=" not in page


def test_the_section_lets_a_peer_take_consents_back_and_shows_none(in_harbour, desk, person):
    desk.post("consent", **FORM)
    peer = organisations.create_staff(
        actor=in_harbour.system, username="peer", name="Peer", password="x" * 20, grants=[("peer", in_harbour.sites["Drop-in"])]
    )
    request = RequestFactory().get("/")
    request.session, request.actor = {}, organisations.actor_for(peer)
    part = section(request, person)
    shown = re.sub(r"\s+", " ", render_to_string("console/_wishes.html", {"wishes": part}, request))
    assert part.consents == []
    assert "Riverside" not in shown
    assert "Take everything back" in shown
