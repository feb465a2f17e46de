"""Referrals: what may follow what, who said so, and how one stands when nobody heard anything."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pydantic import ValidationError

from handrail.facts.kinds.referral_outcome import Outcome
from handrail.facts.models import Fact, Referral
from handrail.facts.record import Draft, Mode, Refusal, Status, record
from handrail.facts.referrals import FOLLOWS, statuses
from handrail.facts.spec import KINDS
from handrail.kernel import clock, ids, scope


def refer(world: Any, status: str = "accepted", service: str = "OAT", days_ago: float = 1, participant: uuid.UUID | None = None, **more: Any) -> uuid.UUID:
    draft = Draft(
        kind="facts.referral", payload={"service": service, "status": status, "to_site": str(world.sites["Clinic"].id), "consent_to_share": True} | more, site=world.van.id,
        encounter=ids.new(), occurred_at=clock.now() - timedelta(days=days_ago), participant=participant,
    )
    record(draft, actor=world.system)
    return draft.id


def say(world: Any, referral: uuid.UUID, status: str, *, mode: Mode = Mode.TYPED, days_ago: float = 0, supersedes: uuid.UUID | None = None) -> uuid.UUID:
    draft = Draft(
        kind="facts.referral_outcome", payload={"referral": str(referral), "status": status, "source": "receiving_service"},
        site=world.sites["Clinic"].id, occurred_at=clock.now() - timedelta(days=days_ago), supersedes=(supersedes,) if supersedes else (),
    )
    record(draft, actor=world.actors["nurse"], mode=mode)
    return draft.id


def status_of(referral: uuid.UUID) -> str:
    return str(Referral.objects.get(fact=referral).status)


def test_every_status_has_its_followers_and_unknown_is_recorded_by_nobody():
    assert set(FOLLOWS) == {"offered", *Outcome.values}
    assert {s for following in FOLLOWS.values() for s in following} <= set(Outcome.values)
    assert "unknown_after_90_days" not in Outcome.values


@pytest.mark.parametrize("way", [
    ("offered", "declined"), ("offered", "accepted", "attended", "result_known"), ("accepted", "booked", "attended", "result_known"),
    ("accepted", "booked", "not_attended", "booked", "attended"), ("accepted", "not_attended", "attended"), ("accepted", "refused_by_service"),
    ("accepted", "booked", "withdrawn"),
])
def test_a_referral_goes_its_way(in_harbour, way):
    made = refer(in_harbour, way[0])
    for status in way[1:]:
        say(in_harbour, made, status)
    assert status_of(made) == way[-1]


@pytest.mark.parametrize("way", [
    ("offered", "attended"), ("offered", "booked"), ("declined", "attended"), ("accepted", "result_known"), ("accepted", "declined"),
    ("accepted", "accepted"), ("accepted", "attended", "not_attended"), ("accepted", "withdrawn", "attended"),
    ("accepted", "refused_by_service", "booked"), ("accepted", "attended", "result_known", "attended"), ("accepted", "booked", "booked"),
])
def test_what_cannot_follow_is_refused(in_harbour, way):
    made = refer(in_harbour, way[0])
    for status in way[1:-1]:
        say(in_harbour, made, status)
    with pytest.raises(Refusal, match="cannot follow"):
        say(in_harbour, made, way[-1])
    assert status_of(made) == way[-2]


def test_an_outcome_of_a_referral_that_is_not_here_is_refused(in_harbour):
    with pytest.raises(Refusal, match="not here"):
        say(in_harbour, uuid.uuid4(), "attended")


def test_a_correction_is_judged_without_what_it_corrects(in_harbour):
    made = refer(in_harbour)
    wrong = say(in_harbour, made, "not_attended")
    right = say(in_harbour, made, "attended", supersedes=wrong)
    assert status_of(made) == "attended"
    say(in_harbour, made, "refused_by_service", supersedes=right)
    assert status_of(made) == "refused_by_service"


def test_what_arrives_late_is_never_refused(in_harbour):
    made = refer(in_harbour)
    say(in_harbour, made, "attended", mode=Mode.ARRIVED)
    draft = Draft(
        kind="facts.referral_outcome", payload={"referral": str(made), "status": "booked", "source": "participant"}, site=in_harbour.sites["Clinic"].id,
        occurred_at=clock.now() - timedelta(hours=5),
    )
    assert record(draft, actor=in_harbour.system, mode=Mode.ARRIVED).status is Status.ACCEPTED
    assert status_of(made) == "attended"  # the older news does not replace the newer


def test_who_said_so_is_needed(in_harbour):
    made = refer(in_harbour)
    with pytest.raises(Refusal):
        record(
            Draft(kind="facts.referral_outcome", payload={"referral": str(made), "status": "attended"}, site=in_harbour.sites["Clinic"].id),
            actor=in_harbour.actors["nurse"],
        )


def test_a_refusal_by_the_service_has_a_reason_and_nothing_else_has():
    common = {"referral": str(uuid.uuid4()), "source": "participant"}
    parse = KINDS["facts.referral_outcome"].parse
    assert parse({**common, "status": "refused_by_service", "reason": "active_use"}).reason == "active_use"
    assert parse({**common, "status": "refused_by_service"}).reason == "not_said"
    with pytest.raises(ValidationError):
        parse({**common, "status": "attended", "reason": "active_use"})


def test_consent_and_urgency_that_nobody_asked_stay_not_asked():
    old = KINDS["facts.referral"].parse({"service": "OAT", "status": "accepted", "to_site": None, "warm_handover": False}, 1)
    assert (old.consent_to_share, old.urgency) == (None, None)
    asked = KINDS["facts.referral"].parse({"service": "violence_support", "status": "accepted", "consent_to_share": False, "urgency": "today"})
    assert (asked.consent_to_share, asked.urgency) == (False, "today")


# -- when nobody heard anything --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "days", "read"), [
    ("accepted", 89, "accepted"), ("accepted", 91, "unknown_after_90_days"), ("declined", 200, "declined"), ("offered", 200, "offered"),
])
def test_after_90_days_without_news_it_is_read_as_unknown(in_harbour, status, days, read):
    made = refer(in_harbour, status, days_ago=days)
    assert statuses(Referral.objects.all(), clock.now()) == {made: read}
    assert status_of(made) == status  # computed when read, stored by nobody


def test_the_90_days_begin_when_it_is_accepted_and_later_news_replaces_unknown(in_harbour):
    made = refer(in_harbour, "offered", days_ago=150)
    say(in_harbour, made, "accepted", days_ago=60)
    say(in_harbour, made, "booked", days_ago=50)
    assert statuses(Referral.objects.all(), clock.now())[made] == "booked"
    assert statuses(Referral.objects.all(), clock.now() + timedelta(days=31))[made] == "unknown_after_90_days"
    say(in_harbour, made, "attended")
    assert statuses(Referral.objects.all(), clock.now() + timedelta(days=900))[made] == "attended"


def test_worked_example_6_ten_offered_give_a_bridge_of_62_5_percent(in_harbour):
    made = [refer(in_harbour, "declined", days_ago=100) for _n in range(2)] + [refer(in_harbour, "accepted", days_ago=100) for _n in range(8)]
    for referral in made[2:7]:
        say(in_harbour, referral, "attended", days_ago=90)
    say(in_harbour, made[7], "refused_by_service", days_ago=90)
    read = list(statuses(Referral.objects.all(), clock.now()).values())
    assert {status: read.count(status) for status in set(read)} == {"declined": 2, "attended": 5, "refused_by_service": 1, "unknown_after_90_days": 2}
    wanted = [status for status in read if status not in {"declined", "offered"}]
    assert 100 * (read.count("attended") + read.count("result_known")) / len(wanted) == 62.5


# -- at the counter ----------------------------------------------------------------------------------------------------------


def counter(world: Any) -> Client:
    client = Client()
    client.force_login(world.staff["nurse"])
    return client


def test_a_refusal_is_recorded_with_its_reason_and_a_report_is_offered(world):
    with scope.enter([world.harbour.key]):
        made = refer(world)
    answer = counter(world).post(reverse("referral-outcome", args=[made]), {"id": str(ids.new()), "refused": "no_documents"})
    assert answer.status_code == 302
    assert "offer them to make a report" in counter(world).get(answer["Location"]).content.decode()
    with scope.enter([world.harbour.key]):
        said = Fact.objects.get(kind="facts.referral_outcome").payload
    assert (said["status"], said["reason"], said["source"]) == ("refused_by_service", "no_documents", "receiving_service")
    assert counter(world).post(reverse("referral-outcome", args=[made]), {"id": str(ids.new()), "refused": "bored"}).status_code == 404


def test_the_counter_offers_what_can_follow_and_refuses_the_rest_in_words(world):
    with scope.enter([world.harbour.key]):
        made = refer(world)
    where, client = reverse("referral-outcome", args=[made]), counter(world)
    assert 'value="result_known"' not in client.get(reverse("referrals")).content.decode()
    refused = client.post(where, {"id": str(ids.new()), "status": "result_known"})
    assert refused.status_code == 422
    assert "cannot follow" in refused.content.decode()
    assert client.post(where, {"id": str(ids.new()), "status": "attended"}).status_code == 302
    assert 'value="result_known"' in client.get(reverse("referrals") + "?older=1").content.decode()
    assert client.post(where, {"id": str(ids.new()), "status": "result_known"}).status_code == 302


def test_older_ones_are_shown_as_unknown(world):
    with scope.enter([world.harbour.key]):
        refer(world, days_ago=120)
    assert "Not known after 90 days" not in counter(world).get(reverse("referrals")).content.decode()
    assert "Not known after 90 days" in counter(world).get(reverse("referrals") + "?older=1").content.decode()
