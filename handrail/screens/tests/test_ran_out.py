"""A sign-in runs out under a form about a person: the same person signs in again, and nothing is lost."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from handrail.facts import participants
from handrail.facts.models import Participant
from handrail.kernel import clock, crypto, ids, scope
from handrail.screens.console import at_hand
from tests.words import PASSWORD

STATUS = {"do": "status", "status": "do_not_contact"}


@pytest.fixture
def counter(world):
    """Naima's browser with somebody at hand, and that person."""
    person = ids.random()
    with scope.enter([world.harbour.key]):
        participants.enrol(actor=world.actors["naima"], site=world.van.id, code=crypto.new_code(), participant=person)
    client = Client()
    client.post(reverse("sign-in"), {"username": "naima", "password": PASSWORD})
    session = client.session
    session[at_hand._NAME] = {"word": str(person)}
    session.save()
    return client, person


def later() -> time_machine.travel:
    return time_machine.travel(clock.now() + timedelta(minutes=30), tick=True)


def sign_in_again(client: Client, answer, username: str):
    page = unescape(answer.content.decode())
    kept = page.split('name="kept" value="')[1].split('"')[0]
    return client.post(reverse("sign-in"), {"username": username, "password": PASSWORD, "next": reverse("wishes", args=["word"]), "kept": kept})


def test_the_form_about_a_person_can_be_sent_on_after_signing_in_again(world, counter):
    client, person = counter
    where = reverse("wishes", args=["word"])
    with later():
        stopped = client.post(where, STATUS | {"id": str(ids.new()), "site": str(world.van.id)})
        assert stopped.status_code == 401
        resumed = sign_in_again(client, stopped, "naima")
        assert "do_not_contact" in resumed.content.decode()
        assert client.get(where).status_code == 200
        saved = client.post(where, STATUS | {"id": str(ids.new()), "site": str(world.van.id)})
    assert saved.status_code == 302
    with scope.enter([world.harbour.key]):
        assert Participant.objects.get(id=person).status == "do_not_contact"


def test_somebody_else_who_signs_in_there_finds_nobody_at_hand(world, counter):
    client, _person = counter
    where = reverse("wishes", args=["word"])
    with later():
        stopped = client.post(where, STATUS | {"id": str(ids.new()), "site": str(world.van.id)})
        sign_in_again(client, stopped, "nurse")
        assert client.get(where).status_code == 404


def test_after_signing_out_nobody_is_at_hand(world, counter):
    client, _person = counter
    client.post(reverse("sign-out"))
    client.post(reverse("sign-in"), {"username": "naima", "password": PASSWORD})
    assert client.get(reverse("wishes", args=["word"])).status_code == 404
