"""The page “What is kept, and how long”: what it says, who stops the purge, and that forms keep what was typed."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.test import Client

from handrail.facts import holds, participants, purge
from handrail.facts.models import LegalHold
from handrail.facts.queries import today
from handrail.kernel import ids, scope
from handrail.kernel.models import AuditEntry
from handrail.kernel.retention import CLASSES
from tests.signing_in import browser, sign_in
from tests.words import CARD

PAGE = "/what-is-kept/"


def client_of(username: str) -> Client:
    client = browser()
    sign_in(client, username)
    return client


@pytest.fixture
def person(in_harbour: SimpleNamespace):
    who = ids.random()
    participants.issue_card(actor=in_harbour.system, participant=who, code=CARD)
    return who


@pytest.fixture
def coordinator(in_harbour: SimpleNamespace) -> Client:
    return client_of("coordinator")


def typed(days: int = 60, **more: str) -> dict[str, str]:
    return {"id": str(ids.random()), "whom": "everything", "reason": "lawyer", "ends_on": (today() + timedelta(days=days)).isoformat()} | more


def test_the_page_says_every_class_with_its_period_and_its_status(coordinator: Client) -> None:
    text = coordinator.get(PAGE).content.decode()
    for one in CLASSES:
        assert str(one.title) in text
        assert f"/settings/{one.period.key}/" in text
    assert "24 months" in text
    assert "Not verified" in text
    assert "The purge has not run yet." in text


def test_what_went_last_night_and_what_is_held_is_said(in_harbour: SimpleNamespace, coordinator: Client) -> None:
    holds.set_hold(actor=in_harbour.actors["coordinator"], participant=None, reason="court", ends_on=today() + timedelta(days=9))
    assert purge.run(in_harbour.harbour).failed == ()
    text = coordinator.get(PAGE).content.decode()
    assert "0 records" in text
    assert "A court ordered it" in text
    assert "The purge has not run yet." not in text


def test_somebody_in_charge_stops_it_for_one_person_with_their_card_and_ends_it(in_harbour: SimpleNamespace, person, coordinator: Client) -> None:
    body = typed(whom="person", card=CARD)
    for _twice in range(2):
        assert coordinator.post(f"{PAGE}hold/", body).status_code == 302
    hold = LegalHold.objects.get()
    assert (hold.participant, hold.set_by) == (person, in_harbour.staff["coordinator"].id)
    assert holds.held().people == {person}
    assert coordinator.post(f"{PAGE}end/", {"hold": str(hold.id)}).status_code == 302
    assert holds.held().people == frozenset()
    assert list(AuditEntry.objects.filter(action__startswith="hold.").order_by("number").values_list("action", flat=True)) == ["hold.set", "hold.ended"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"whom": ""}, "Say whose records must stay."), ({"reason": ""}, "Choose why it must stay."), ({"ends_on": "soon"}, "Write a day after today"),
        ({"ends_on": "2020-01-01"}, "Write a day after today"), ({"whom": "person", "card": CARD[:-1] + "?"}, "one of its symbols is wrong"),
        ({"whom": "person", "card": ""}, "one of its symbols is wrong"), ({"whom": "person", "card": CARD}, "This card is not known here."),
    ],
)
def test_what_is_wrong_is_a_sentence_and_what_was_typed_stays(coordinator: Client, wrong: dict[str, str], sentence: str) -> None:
    answer = coordinator.post(f"{PAGE}hold/", typed() | wrong)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    if wrong.get("whom") != "":
        assert 'value="lawyer" checked' in answer.content.decode() or "reason" in wrong
    assert not LegalHold.objects.exists()


def test_everything_that_is_wrong_is_said_at_once(coordinator: Client) -> None:
    text = coordinator.post(f"{PAGE}hold/", {"id": str(ids.random())}).content.decode()
    assert all(sentence in text for sentence in ("Say whose records must stay.", "Choose why it must stay.", "Write a day after today"))


def test_whoever_is_in_charge_of_one_place_stops_nothing(in_harbour: SimpleNamespace) -> None:
    keeper = client_of("keeper")
    assert "Stop forgetting" not in keeper.get(PAGE).content.decode()
    assert keeper.post(f"{PAGE}hold/", typed()).status_code == 404
    assert not LegalHold.objects.exists()


def test_holds_of_another_organisation_are_neither_seen_nor_ended(world: SimpleNamespace) -> None:
    with scope.enter([world.hillside.key]):
        hold = LegalHold.objects.create(organisation=world.hillside, reason="court", set_at="2026-01-01T00:00Z", ends_on=today() + timedelta(days=9))
    page = client_of("coordinator")
    assert "A court ordered it" not in page.get(PAGE).content.decode().split("Stop forgetting", maxsplit=1)[0]
    assert page.post(f"{PAGE}end/", {"hold": str(hold.id)}).status_code == 404
