"""Pages of emergency access, of heads and alarms, of unusual looks, and what stands above every page."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from handrail.demo import watched
from handrail.facts import accounts, alarms, glass, heads, participants, unusual, visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Alarm, GlassBreak, Notice, RoleAssignment, Staff
from handrail.facts.record import Draft, record
from handrail.facts.spec import KINDS
from handrail.kernel import clock, crypto, ids, scope
from handrail.kernel.models import AccessEntry
from handrail.screens.console import at_hand

ALARM = "A chain does not hold"
WAITS = "1 emergency access waits for you to look at it"


def signed_in(world, who) -> Client:
    client = Client()
    client.force_login(world.staff[who])
    return client


def text(client, where) -> str:
    return client.get(where).content.decode()


@pytest.fixture
def known(in_harbour):
    """Somebody with a card who came to the drop-in and is on the way to treatment, and was tested; the card."""
    person, card = ids.random(), crypto.new_code()
    participants.enrol(actor=in_harbour.actors["elsewhere"], site=in_harbour.sites["Drop-in"].id, code=card, participant=person)
    test = KINDS["exchange.test"].payload(disease="HIV", state="resulted", result="positive", told=True)
    referral = KINDS["facts.referral"].payload(service="OAT", status="accepted", to_site=in_harbour.sites["Clinic"].id)
    parts = [visits.Part("exchange.wound_care", KINDS["exchange.wound_care"].sample), visits.Part("exchange.test", test), visits.Part("facts.referral", referral)]
    visits.save(
        actor=in_harbour.system, visit=ids.new(), site=in_harbour.sites["Drop-in"].id, occurred_at=clock.now(), encounter=Encounter(), participant=person, parts=parts
    )
    in_harbour.person, in_harbour.card = person, card
    return in_harbour


def ask(world, client, **more):
    return client.post(reverse("glass-new", args=[world.van.id]), {"id": str(ids.random()), "card": world.card, "why": "overdose"} | more)


# -- emergency access -----------------------------------------------------------------------------------------------------------


def test_a_worker_sees_what_another_place_did_and_no_test_and_cannot_see_it_without(known):
    naima = signed_in(known, "naima")
    session = naima.session
    session[at_hand._NAME] = {"word": str(known.person)}
    session.save()
    assert "Drop-in" not in text(naima, reverse("person", args=["word"]) + f"?at={known.van.id}")
    answer = ask(known, naima)
    assert answer.status_code == 302
    page = text(naima, answer["Location"])
    for shown in ("Drop-in", "Wound care", "Clinic", "Emergency access until"):
        assert shown in page
    assert '<span class="fine">Wound care, Referral</span>' in page, "not even that there was a test"
    for hidden in ("HIV", "positive", "Reactive", str(known.person)):
        assert hidden not in page
    assert AccessEntry.objects.filter(object_id=str(known.person), what="emergency summary").count() == 1


def test_the_form_keeps_what_was_typed_and_says_what_is_wrong(known):
    naima = signed_in(known, "naima")
    wrong = ask(known, naima, card="AAA-AAA-AAA-B")
    assert wrong.status_code == 422
    assert "AAA-AAA-AAA-B" in wrong.content.decode()
    assert 'value="overdose" checked' in wrong.content.decode()
    missing = ask(known, naima, why="")
    assert "Say why it cannot wait." in missing.content.decode()
    assert known.card in missing.content.decode()
    assert not GlassBreak.objects.exists()


def test_the_person_at_hand_needs_no_card(known):
    naima = signed_in(known, "naima")
    session = naima.session
    session[at_hand._NAME] = {"word": str(known.person)}
    session.save()
    where = reverse("glass-new", args=[known.van.id]) + "?person=word"
    assert 'name="word" value="word"' in text(naima, where)
    answer = ask(known, naima, card="", word="word")
    assert answer.status_code == 302
    assert GlassBreak.objects.get().participant == known.person
    assert ask(known, naima, card="", word="other").status_code == 404


def test_it_asks_again_who_it_is_when_the_sign_in_is_old(known):
    with time_machine.travel(clock.now(), tick=False) as moving:
        naima = signed_in(known, "naima")
        for _click in range(2):
            moving.shift(timedelta(minutes=6))
            naima.get("/")
        answer = ask(known, naima)
    assert answer.status_code == 401
    assert not GlassBreak.objects.exists()


def test_after_half_an_hour_and_for_anybody_else_there_is_nothing(known):
    with time_machine.travel(clock.now(), tick=False) as moving:
        naima = signed_in(known, "naima")
        where = ask(known, naima)["Location"]
        assert signed_in(known, "elsewhere").get(where).status_code == 404
        for number in range(4):
            moving.shift(timedelta(minutes=8))
            answer = naima.get(where if number == 3 else "/")
    assert answer.status_code == 422
    assert "is over" in answer.content.decode()
    assert "Wound care" not in answer.content.decode()


def test_closing_it_early_ends_it(known):
    naima = signed_in(known, "naima")
    where = ask(known, naima)["Location"]
    assert naima.post(f"{where}end/").status_code == 302
    assert naima.get(where).status_code == 422


def test_it_stands_on_the_next_page_of_who_is_in_charge_until_it_was_looked_at_and_the_line_until_it_was_seen(known):
    ask(known, signed_in(known, "naima"))
    coordinator = signed_in(known, "coordinator")
    page = text(coordinator, reverse("devices"))
    assert WAITS in page
    assert "A colleague used emergency access" in page
    notice = Notice.objects.get()
    assert signed_in(known, "naima").post(reverse("notice-seen", args=[notice.id])).status_code == 404, "nobody sees it for somebody else"
    assert coordinator.post(reverse("notice-seen", args=[notice.id])).status_code == 302
    page = text(coordinator, "/")
    assert "A colleague used emergency access" not in page
    assert WAITS in page, "seen is not looked at"
    made = GlassBreak.objects.get()
    reviews = text(coordinator, reverse("glass-reviews"))
    assert "Naima" in reviews
    assert str(known.person) not in reviews
    wrong = coordinator.post(reverse("glass-review", args=[made.id]), {"said": "Asked her"})
    assert wrong.status_code == 422
    assert "Asked her" in wrong.content.decode()
    right = coordinator.post(reverse("glass-review", args=[made.id]), {"said": "Asked her", "verdict": "right"})
    assert right.status_code == 302
    assert WAITS not in text(coordinator, "/")
    assert "Your emergency access was looked at: it was right." in text(signed_in(known, "naima"), "/")


def test_those_in_charge_of_nothing_see_no_line_and_pay_no_query(known):
    ask(known, signed_in(known, "naima"))
    alarms.raise_alarm(actor=known.system, reason=Alarm.Reason.CHAIN_BROKEN, subject="chains", detail={})
    store = signed_in(known, "store")
    with CaptureQueriesContext(connection) as asked:
        page = text(store, reverse("stock"))
    assert ALARM not in page
    assert WAITS not in page
    assert not [query for query in asked.captured_queries if "facts_alarm" in query["sql"] or "facts_notice" in query["sql"] or "facts_glassbreak" in query["sql"]]


def test_a_suspended_worker_is_out_at_the_next_click_and_the_administrator_s_page_lifts_it_with_a_reason(known):
    naima = signed_in(known, "naima")
    ask(known, naima)
    GlassBreak.objects.update(due_at=clock.now())
    assert glass.suspend_unreviewed(actor=known.system) == 1
    assert naima.get("/")["Location"].startswith("/sign-in/")
    admin, where = signed_in(known, "admin"), reverse("account-one", args=[known.staff["naima"].id])
    page = text(admin, where)
    assert "Lift the suspension" in page
    assert "Open it again" not in page
    assert admin.post(where, {"do": "reopen"}).status_code == 422
    assert "Say why" in admin.post(where, {"do": "lift"}).content.decode()
    assert admin.post(where, {"do": "lift", "why": "needed"}).status_code == 302
    assert Staff.objects.get(username="naima").is_active
    assert accounts.is_last_administrator(known.staff["admin"])


# -- alarms and heads --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["coordinator", "auditor", "admin"])
def test_an_alarm_stands_on_every_page_until_somebody_in_charge_answers(in_harbour, who):
    raised = alarms.raise_alarm(actor=in_harbour.system, reason=Alarm.Reason.CHAIN_BROKEN, subject="chains", detail={"first": "Line 3 is missing."})
    client, coordinator = signed_in(in_harbour, who), signed_in(in_harbour, "coordinator")
    for where in ("/", reverse("settings"), reverse("heads"), reverse("account")):
        assert ALARM in text(client, where)
    assert "Line 3 is missing." in text(client, reverse("heads"))
    assert coordinator.post(reverse("alarm-answer", args=[raised.id]), {}).status_code == 422
    assert ALARM in text(client, "/")
    assert coordinator.post(reverse("alarm-answer", args=[raised.id]), {"answer": "changed"}).status_code == 302
    assert ALARM not in text(client, "/")


def test_an_auditor_reads_an_alarm_and_does_not_answer_it(in_harbour):
    raised = alarms.raise_alarm(actor=in_harbour.system, reason=Alarm.Reason.CHAIN_BROKEN, subject="chains", detail={})
    assert signed_in(in_harbour, "auditor").post(reverse("alarm-answer", args=[raised.id]), {"answer": "changed"}).status_code == 404


def test_the_page_of_heads_prints_one_that_compares_and_the_file_holds_the_same(in_harbour):
    auditor = signed_in(in_harbour, "auditor")
    printed = heads.current().as_text()
    page = text(auditor, reverse("heads"))
    assert printed[:8] in page
    assert 'role="img"' in page
    assert printed in auditor.get(reverse("heads-csv")).content.decode()
    record(Draft(kind="facts.encounter", payload={}, site=in_harbour.van.id), actor=in_harbour.system)
    compared = auditor.post(reverse("heads"), {"head": printed})
    assert "nothing up to it was rewritten" in compared.content.decode()
    slip = auditor.post(reverse("heads"), {"head": printed[:-1] + ("0" if printed[-1] != "0" else "1")})
    assert slip.status_code == 422
    assert "There is a slip in it" in slip.content.decode()
    assert printed[:-1] in slip.content.decode()


def test_a_kept_head_that_does_not_fit_is_said_on_the_page_and_raises_the_alarm(in_harbour):
    now = heads.current()
    other = heads.Heads(now.organisation, now.epoch, heads.Link(now.facts.number, "0" * 64), now.audit)
    answer = signed_in(in_harbour, "auditor").post(reverse("heads"), {"head": other.as_text()}).content.decode()
    assert "The chains do not go through this head." in answer
    assert Alarm.objects.get().reason == "head_broken"
    assert "A device knows another history" in text(signed_in(in_harbour, "coordinator"), "/")


# -- looks ------------------------------------------------------------------------------------------------------------------------------


def test_whoever_serves_a_person_sees_who_looked_this_month_and_whoever_does_not_sees_nothing(known):
    for who, times in (("nurse", 3), ("coordinator", 1)):
        for _look in range(times):
            AccessEntry.objects.create(organisation=known.harbour, at=clock.now(), actor=known.staff[who].id, what="person", object_id=str(known.person))
    AccessEntry.objects.create(
        organisation=known.harbour, at=clock.now() - timedelta(days=32), actor=known.staff["admin"].id, what="person", object_id=str(known.person)
    )
    served, other = signed_in(known, "elsewhere"), signed_in(known, "naima")
    for client, site, sees in ((served, known.sites["Drop-in"], True), (other, known.van, False)):
        session = client.session
        session[at_hand._NAME] = {"word": str(known.person)}
        session.save()
        page = text(client, reverse("person", args=["word"]) + f"?at={site.id}")
        assert ("Who looked at this record this month" in page) is sees
        assert ("Nurse" in page) is sees
        assert "Admin" not in page


def test_the_first_page_says_that_something_was_unusual_and_the_digest_names_nobody_who_was_looked_at(in_harbour):
    noon, person = (clock.now() - timedelta(days=7)).replace(hour=9), uuid.uuid4()  # in Nairobi; at night it would be a third unusual thing
    for number in range(25):
        who = person if number == 0 else ids.random()
        AccessEntry.objects.create(organisation=in_harbour.harbour, at=noon, actor=in_harbour.staff["naima"].id, what="person", object_id=str(who))
    coordinator = signed_in(in_harbour, "coordinator")
    assert "unusual thing" not in text(coordinator, "/")
    assert unusual.make(unusual.last_week()) == 2
    assert "2</b>" in text(coordinator, "/")
    assert "unusual things about looks last week" in text(coordinator, "/")
    page = text(signed_in(in_harbour, "auditor"), reverse("unusual"))
    assert "Looked at many people" in page
    assert "Naima" in page
    assert str(person) not in page
    assert "unusual thing" not in text(signed_in(in_harbour, "naima"), "/")


def test_the_demonstration_has_an_emergency_access_that_waits_and_an_unusual_week(known):
    for _person in range(25):
        record(Draft(kind="facts.enrolled", payload={}, site=known.van.id, participant=ids.random()), actor=known.system)
    watched.load(known.actors["naima"], known.van, ids.random())
    assert GlassBreak.objects.get().participant == known.person
    coordinator = text(signed_in(known, "coordinator"), "/")
    assert WAITS in coordinator
    assert "unusual things about looks last week" in coordinator


def test_lines_of_one_programme_are_not_seen_by_another(world):
    with scope.enter([world.harbour.key]):
        alarms.raise_alarm(actor=world.system, reason=Alarm.Reason.CHAIN_BROKEN, subject="chains", detail={})
    with scope.enter([world.hillside.key]):
        RoleAssignment.objects.create(staff=world.staff["stranger"], role="coordinator", site=None)
    page = text(signed_in(world, "stranger"), "/")
    assert ALARM not in page
