"""Referrals on their pages: where they lead, where they were made, and whose word closes them."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from handrail.facts import organisations, participants
from handrail.facts.labels import label
from handrail.facts.models import Fact, Referral
from handrail.facts.record import Draft, Mode, Refusal, Status, record
from handrail.facts.tests.test_referrals import refer, say
from handrail.kernel import clock, crypto, ids, scope
from handrail.screens.console import at_hand


def signed_in(world: Any, who: str) -> Client:
    client = Client()
    client.force_login(world.staff[who])
    return client


def made(world: Any, *arguments: Any, **more: Any) -> uuid.UUID:
    with scope.enter([world.harbour.key]):
        return refer(world, *arguments, **more)


def page(world: Any, who: str, name: str, query: str = "") -> str:
    answer = signed_in(world, who).get(reverse(name) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def tap(world: Any, who: str, name: str, referral: uuid.UUID, **typed: str) -> Any:
    return signed_in(world, who).post(reverse(name, args=[referral]), {"id": str(ids.new()), **typed})


def outcome(world: Any) -> dict[str, Any]:
    with scope.enter([world.harbour.key]):
        return Fact.objects.filter(kind="facts.referral_outcome").latest("counter").payload


# -- where it was made ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["participant", "accompanying_worker"])
def test_outreach_closes_a_referral_by_the_persons_word_or_that_of_who_went_along(world, source):
    referral = made(world, consent_to_share=None)
    shown = page(world, "naima", "referrals-made")
    assert label(referral) in shown
    assert f'value="{source}"' in shown
    assert "to Clinic" in shown
    answer = tap(world, "naima", "referral-made-outcome", referral, status="attended", source=source)
    assert answer.status_code == 302
    assert (outcome(world)["status"], outcome(world)["source"]) == ("attended", source)
    assert label(referral) not in page(world, "naima", "referrals-made")


def test_where_it_was_made_nobody_speaks_for_the_receiving_service(world):
    referral = made(world)
    assert "receiving_service" not in page(world, "naima", "referrals-made")
    assert tap(world, "naima", "referral-made-outcome", referral, status="attended", source="receiving_service").status_code == 404
    payload = {"referral": str(referral), "status": "attended", "source": "receiving_service"}
    with scope.enter([world.harbour.key]), pytest.raises(Refusal, match="cannot record this here"):
        record(Draft(kind="facts.referral_outcome", site=world.van.id, payload=payload), actor=organisations.actor_for(world.staff["naima"]))


@pytest.mark.parametrize("who", ["elsewhere", "nurse", "stranger", "coordinator", "auditor"])
def test_who_works_elsewhere_closes_nothing_that_was_made_here(world, who):
    referral = made(world)
    assert tap(world, who, "referral-made-outcome", referral, status="attended", source="participant").status_code == 404
    answer = signed_in(world, who).get(reverse("referrals-made"))
    assert label(referral) not in answer.content.decode()


def test_a_place_that_has_nothing_to_do_with_it_cannot_say_what_became_of_it(world):
    referral = made(world)
    payload = {"referral": str(referral), "status": "attended", "source": "participant"}
    draft = Draft(kind="facts.referral_outcome", site=world.sites["Drop-in"].id, payload=payload)
    with scope.enter([world.harbour.key]):
        with pytest.raises(Refusal, match="does not lead here"):
            record(draft, actor=organisations.actor_for(world.staff["elsewhere"]))
        with pytest.raises(Refusal, match="cannot record this here"):
            record(Draft(kind="facts.referral_outcome", payload=payload), actor=organisations.actor_for(world.staff["elsewhere"]))
        late = record(Draft(kind="facts.referral_outcome", payload=payload), actor=organisations.actor_for(world.staff["elsewhere"]), mode=Mode.ARRIVED)
        assert (late.status, late.reason) == (Status.QUARANTINED, "not_permitted")


def test_one_that_leads_to_no_place_of_ours_is_followed_where_it_was_made(world):
    named = made(world, to_site=None, to_service="Coast hospital", service="mental_health")
    unnamed = made(world, to_site=None, service="food")
    shown = page(world, "naima", "referrals-made")
    assert "to Coast hospital" in shown
    assert "no place was named" in shown
    for referral in (named, unnamed):
        assert tap(world, "naima", "referral-made-outcome", referral, status="booked", source="participant").status_code == 302
    refused = tap(world, "naima", "referral-made-outcome", named, refused="cost", source="participant")
    assert refused.status_code == 302
    assert "offer them to make a report" in signed_in(world, "naima").get(refused["Location"]).content.decode()


def test_what_was_only_offered_is_answered_later(world):
    referral = made(world, "offered")
    shown = page(world, "naima", "referrals-made")
    assert re.findall(r'name="status" value="([a-z_]+)"', shown)[:2] == ["accepted", "declined"]
    assert tap(world, "naima", "referral-made-outcome", referral, status="accepted", source="participant").status_code == 302
    assert label(referral) in page(world, "nurse", "referrals")


# -- on the page of a person ----------------------------------------------------------------------------------------------------------


def test_the_person_tells_how_it_went_and_it_is_written_on_their_page(world):
    person, naima = ids.random(), signed_in(world, "naima")
    with scope.enter([world.harbour.key]):
        participants.enrol(actor=world.actors["naima"], site=world.van.id, code=crypto.new_code(), participant=person)
        referral = refer(world, participant=person)
        other = refer(world, participant=ids.random(), service="housing")
    session = naima.session
    session[at_hand._NAME] = {"word": str(person)}
    session.save()
    shown = naima.get(reverse("person", args=["word"])).content.decode()
    assert label(referral) in shown
    assert label(other) not in shown
    typed = {"id": str(ids.new()), "status": "attended", "source": "participant", "person": "word"}
    answer = naima.post(reverse("referral-made-outcome", args=[referral]), typed)
    assert answer["Location"].startswith(reverse("person", args=["word"]))
    assert "Saved." in naima.get(answer["Location"]).content.decode()
    assert outcome(world)["source"] == "participant"


def test_a_referral_made_at_another_place_is_not_on_the_page_of_the_person(world):
    person, elsewhere = ids.random(), signed_in(world, "elsewhere")
    with scope.enter([world.harbour.key]):
        participants.enrol(actor=world.actors["naima"], site=world.van.id, code=crypto.new_code(), participant=person)
        referral = refer(world, participant=person)
    session = elsewhere.session
    session[at_hand._NAME] = {"word": str(person)}
    session.save()
    shown = elsewhere.get(reverse("person", args=["word"]))
    assert shown.status_code == 200
    assert label(referral) not in shown.content.decode()


# -- consent before the receiving place tells ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("agreed", [None, False])
def test_without_consent_the_receiving_place_records_only_what_the_person_says(world, agreed):
    referral = made(world, consent_to_share=agreed)
    shown = page(world, "nurse", "referrals")
    assert 'value="receiving_service"' not in shown
    assert "recorded only as what they say" in shown
    refused = tap(world, "nurse", "referral-outcome", referral, status="attended", source="receiving_service")
    assert refused.status_code == 422
    assert "did not agree that you tell" in refused.content.decode()
    assert tap(world, "nurse", "referral-outcome", referral, status="attended", source="participant").status_code == 302
    assert outcome(world)["source"] == "participant"


def test_a_consent_that_covers_it_lets_the_receiving_place_tell_until_it_is_taken_back(world):
    person = ids.random()
    referral, said = made(world, consent_to_share=None, participant=person), {
        "purpose": "care_within_programme", "scope": ["referrals"], "from_whom": "this_programme", "to_whom": "this_programme", "until": "none",
        "how": "written", "says_who": True, "revocation_explained": True, "signed": True, "given_on": str(clock.now().date()), "text_language": "en",
        "text_version": "1", "copy_given": True, "profile": "written",
    }
    assert 'value="receiving_service"' not in page(world, "nurse", "referrals")
    with scope.enter([world.harbour.key]):
        given = record(Draft(kind="facts.consent", payload=said, site=world.van.id, participant=person), actor=world.system)
    assert 'value="receiving_service"' in page(world, "nurse", "referrals")
    with scope.enter([world.harbour.key]):
        record(Draft(kind="facts.consent_revoked", payload={"consent": str(given.id)}, site=world.van.id, participant=person), actor=world.system)
    assert tap(world, "nurse", "referral-outcome", referral, status="attended").status_code == 422


def test_a_place_that_refers_to_itself_needs_no_consent_to_know(world):
    with scope.enter([world.harbour.key]):
        draft = Draft(
            kind="facts.referral", payload={"service": "OAT", "status": "accepted", "to_site": str(world.sites["Clinic"].id)},
            site=world.sites["Clinic"].id, encounter=ids.new(),
        )
        record(draft, actor=world.system)
    assert tap(world, "nurse", "referral-outcome", draft.id, status="attended").status_code == 302


# -- who is expected, and for how long -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("offered", "accepted", "is_expected"), [(150, 60, True), (100, 89, True), (150, 91, False)])
def test_somebody_is_expected_for_90_days_after_they_wanted_it(world, offered, accepted, is_expected):
    referral = made(world, "offered", days_ago=offered)
    with scope.enter([world.harbour.key]):
        say(world, referral, "accepted", days_ago=accepted)
    assert (label(referral) in page(world, "nurse", "referrals")) == is_expected
    start = signed_in(world, "nurse").get(reverse("start")).content.decode()
    assert ("person expected here" in start) == is_expected


def test_somebody_booked_again_after_90_days_is_expected_again_and_not_for_ever(world, time_machine):
    referral = made(world, days_ago=120)
    assert label(referral) not in page(world, "nurse", "referrals")
    with scope.enter([world.harbour.key]):
        say(world, referral, "booked", days_ago=1)
    shown = page(world, "nurse", "referrals")
    assert label(referral) in shown
    assert "Not known after 90 days" not in shown
    time_machine.move_to(clock.now() + timedelta(days=91))
    assert label(referral) not in page(world, "nurse", "referrals")


def test_an_answer_that_was_taken_back_starts_no_days(world):
    referral = made(world, "offered", days_ago=200)
    with scope.enter([world.harbour.key]):
        accepted = say(world, referral, "accepted", days_ago=10)
        site = world.sites["Clinic"]
        record(Draft(kind="facts.taken_back", payload={"why": "did_not_happen"}, site=site.id, supersedes=(accepted,)), actor=world.system)
        found = Referral.objects.get(fact=referral)
        assert (found.status, found.accepted_at) == ("offered", None)
    assert label(referral) not in page(world, "nurse", "referrals")


def test_a_long_list_says_how_long_it_is_and_goes_on(world):
    referrals = [made(world, days_ago=1 + n / 100) for n in range(52)]
    first, second = page(world, "nurse", "referrals"), page(world, "nurse", "referrals", "?page=2")
    assert "1 to 50 of 52" in first
    assert "51 to 52 of 52" in second
    shown = [len(re.findall(r'class="words"', text)) for text in (first, second)]
    assert shown == [50, 2]
    assert label(referrals[-1]) in second
    assert page(world, "nurse", "referrals", "?page=99999999999")


def test_where_they_were_made_a_page_is_short_and_what_is_not_likely_is_folded(world):
    referrals = [made(world, days_ago=1 + n / 100) for n in range(17)]
    first, second = page(world, "naima", "referrals-made"), page(world, "naima", "referrals-made", "?page=2")
    assert "1 to 15 of 17" in first
    assert "16 to 17 of 17" in second
    assert label(referrals[-1]) in second
    card = second.split('<section class="card stack">')[1].split("</section>")[0]
    said, folded = card.split("<summary>Something else</summary>")[:2]
    assert re.findall(r'name="status" value="([a-z_]+)"', said) == ["attended", "not_attended"]
    assert re.findall(r'name="status" value="([a-z_]+)"', folded.split("</details>")[0]) == ["booked", "withdrawn"]


def test_at_the_receiving_counter_every_outcome_stands_open(world):
    made(world)
    shown = page(world, "nurse", "referrals")
    assert "Something else</summary>" not in shown
    assert re.findall(r'name="status" value="([a-z_]+)"', shown)[:4] == ["attended", "booked", "not_attended", "withdrawn"]


def test_a_program_follows_a_referral_where_it_was_made_as_the_page_does(world):
    referral, where = made(world), "/api/facts/facts.referral_outcome/"

    def sent(who: str, source: str) -> Any:
        payload = {"referral": str(referral), "status": "attended", "source": source}
        body = {"id": str(ids.new()), "site": str(world.van.id), "payload": payload}
        return signed_in(world, who).post(where, body, content_type="application/json")

    assert sent("auditor", "participant").status_code == 404
    assert "cannot record this here" in sent("naima", "receiving_service").content.decode()
    assert sent("elsewhere", "participant").status_code == 422
    assert sent("naima", "participant").status_code == 200
    assert outcome(world)["status"] == "attended"
