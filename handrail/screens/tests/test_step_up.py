"""What is sensitive asks again who it is; what was typed is kept; a forced second factor leaves one page."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.http import Http404
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse

from handrail.demo import first
from handrail.facts import setting_changes
from handrail.facts.models import Organisation, Setting, Staff
from handrail.facts.values import SECOND_FACTOR
from handrail.kernel import clock, scope
from handrail.screens import second_factor
from handrail.screens.console import accounts, step_up
from tests.signing_in import add_passkey, app_code, browser, hidden, options, sealed, sign_in, turn_app_on
from tests.words import PASSWORD
from tests.world import today

STALE = 11 * 60
STEP = 5 * 60


@pytest.fixture
def time():
    with time_machine.travel(clock.now(), tick=False) as moving:
        yield moving


def grow_stale(client, time):
    """Eleven minutes with a click in between, so that the session lives and the proof is old."""
    time.shift(STEP)
    assert client.get(reverse("start")).status_code == 200
    time.shift(STALE - STEP)
    assert client.get(reverse("start")).status_code == 200


def force(world, policy: str):
    with scope.enter([world.harbour.key]):
        setting_changes.set_value(
            actor=world.system, value=SECOND_FACTOR, typed=policy, site=None, valid_from=today(), source="decided by the board"
        )


def test_a_fresh_sign_in_is_proof_enough(world, time):
    client = browser()
    sign_in(client, "admin")
    time.shift(9 * 60)
    assert client.get(reverse("account-new")).status_code == 200


def test_an_old_one_is_asked_again_and_a_read_goes_on_where_it_wanted(world, time):
    client = browser()
    sign_in(client, "admin")
    grow_stale(client, time)
    answer = client.get(reverse("account-new"))
    assert answer.status_code == 302
    assert answer["Location"] == "/confirm/?next=%2Faccounts%2Fnew%2F"
    assert client.post(reverse("confirm"), {"next": "/accounts/new/", "password": "wrong"}).status_code == 401
    answer = client.post(reverse("confirm"), {"next": "/accounts/new/", "password": PASSWORD})
    assert answer["Location"] == "/accounts/new/"
    assert client.get("/accounts/new/").status_code == 200


def test_what_was_typed_is_kept_and_goes_on_at_one_tap(world, time):
    client = browser()
    sign_in(client, "admin")
    grow_stale(client, time)
    page = client.post(reverse("account-new"), {"username": "fatuma", "name": "Fatuma"})
    assert page.status_code == 401
    assert not Staff.objects.filter(username="fatuma").exists()
    assert "fatuma" not in page.content.decode().replace(hidden(page, "kept"), "")
    answer = client.post(reverse("confirm"), {"next": hidden(page, "next"), "kept": hidden(page, "kept"), "password": PASSWORD})
    assert answer.status_code == 200
    body = answer.content.decode()
    assert 'name="username" value="fatuma"' in body
    assert 'action="/accounts/new/"' in body
    again = client.post("/accounts/new/", {"username": hidden(answer, "username"), "name": hidden(answer, "name")})
    assert again.status_code == 302
    assert Staff.objects.get(username="fatuma").name == "Fatuma"


def test_a_stolen_cookie_opens_nothing_sensitive(world, time):
    """The thief has the cookie and an unlocked screen, not the password, code or passkey."""
    owner = browser()
    sign_in(owner, "admin")
    grow_stale(owner, time)
    thief = browser()
    thief.cookies["handrail"] = owner.cookies["handrail"].value
    assert thief.get(reverse("start")).status_code == 200
    for name, pattern in sensitive().items():
        where = reverse(name, kwargs={part: world.staff["nurse"].id if part != "name" else "second_factor" for part in pattern.pattern.converters})
        answer = thief.post(where, {"do": "end"})
        answer = thief.get(where) if answer.status_code == 405 else answer
        assert answer.status_code in {401, 404}, name
    assert Staff.objects.get(pk=world.staff["nurse"].pk).is_active
    assert not second_factor.has_any(world.staff["admin"].pk)


def sensitive():
    found = {}
    for pattern in get_resolver().url_patterns:
        if getattr(getattr(pattern, "callback", None), "step_up", False):
            found[pattern.name] = pattern
    assert {"account-new", "account-one", "account-password", "account-app", "account-passkey", "setting-change", "setting-approve", "site"} <= set(found)
    assert {"devices", "import", "same-person-one", "same-person-undo"} <= set(found)
    return found


def test_proving_again_makes_a_new_key_and_the_old_cookie_is_dead(world, time):
    owner, thief = browser(), browser()
    sign_in(owner, "admin")
    before = owner.cookies["handrail"].value
    thief.cookies["handrail"] = before
    grow_stale(owner, time)
    owner.post(reverse("confirm"), {"next": "/", "password": PASSWORD})
    assert owner.cookies["handrail"].value != before
    assert owner.get(reverse("start")).status_code == 200
    assert thief.get(reverse("start")).status_code == 302


def test_with_a_second_factor_the_password_alone_proves_nothing(world, time):
    client = browser()
    sign_in(client, "admin")
    secret = turn_app_on(client)
    grow_stale(client, time)
    assert client.post(reverse("confirm"), {"next": "/accounts/", "password": PASSWORD}).status_code == 401
    assert client.get(reverse("account-new")).status_code == 302
    assert client.post(reverse("confirm"), {"next": "/accounts/", "code": app_code(secret)}).status_code == 302
    assert client.get(reverse("account-new")).status_code == 200


def test_a_passkey_proves_it_and_only_ones_own(world, time):
    client, other = browser(), browser()
    sign_in(client, "admin")
    key = add_passkey(client)
    sign_in(other, "nurse")
    foreign = add_passkey(other)
    grow_stale(client, time)
    page = client.get("/confirm/?next=/accounts/new/")
    assert client.post(reverse("confirm"), {"sealed": sealed(page), "answer": foreign.get(options(page))}).status_code == 401
    page = client.get("/confirm/?next=/accounts/new/")
    told = {"next": "/accounts/new/", "sealed": sealed(page), "answer": key.get(options(page))}
    assert client.post(reverse("confirm"), told).status_code == 302
    assert client.get(reverse("account-new")).status_code == 200


def test_guessing_the_proof_is_slowed_down(world, time):
    client = browser()
    sign_in(client, "admin")
    for _try in range(5):
        client.post(reverse("confirm"), {"password": "wrong"})
    answer = client.post(reverse("confirm"), {"password": PASSWORD})
    assert answer.status_code == 401
    assert "Wait five minutes" in answer.content.decode()


def test_after_the_proof_nobody_is_sent_elsewhere(world):
    client = browser()
    sign_in(client, "admin")
    answer = client.post(reverse("confirm"), {"next": "https://elsewhere.example/", "password": PASSWORD})
    assert answer["Location"] == "/"


# -- a second factor asked for by the programme ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "username", "is_asked"),
    [
        ("offered", "admin", False), ("offered", "naima", False), ("sensitive", "admin", True), ("sensitive", "coordinator", True),
        ("sensitive", "auditor", True), ("sensitive", "naima", False), ("everybody", "naima", True), ("everybody", "stranger", False),
    ],
)
def test_whom_the_programme_asks(world, policy, username, is_asked):
    force(world, policy)
    client = browser()
    sign_in(client, username)
    answer = client.get(reverse("start"))
    assert (answer.status_code == 302) == is_asked
    if is_asked:
        assert answer["Location"] == reverse("account-enrol")


def test_the_quick_reading_of_the_policy_says_what_the_value_says(world):
    tomorrow = today() + timedelta(days=1)
    with scope.enter([world.harbour.key]):
        assert step_up._policy() == SECOND_FACTOR.read().value == "offered"
        for typed, day in (("everybody", tomorrow), ("sensitive", today())):
            setting_changes.set_value(actor=world.system, value=SECOND_FACTOR, typed=typed, site=None, valid_from=day, source="board")
        assert step_up._policy() == SECOND_FACTOR.read().value == "sensitive"
        with time_machine.travel(clock.now() + timedelta(days=1), tick=False):
            assert step_up._policy() == SECOND_FACTOR.read().value == "everybody"
    with scope.enter([world.hillside.key]):
        assert step_up._policy() == SECOND_FACTOR.read().value == "offered"


def test_asked_for_no_page_but_enrolment_can_be_reached(world):
    client = browser()
    sign_in(client, "naima")
    force(world, "everybody")  # holds at the next click, also for whoever is in already
    allowed = {"account-enrol", "account-app", "account-passkey", "sign-out", "confirm", "sign-in", "set-up", "leaving"}
    reached = set()
    for pattern in get_resolver().url_patterns:
        if getattr(pattern, "name", None) is None or pattern.pattern.converters or pattern.name in {"sign-out"}:
            continue
        if "GET" in getattr(pattern.callback, "methods", ()) and client.get(reverse(pattern.name)).status_code == 200:
            reached.add(pattern.name)
    assert reached == allowed - {"sign-out"}
    api = client.post("/api/facts/exchange.returned/", "{}", content_type="application/json")
    assert api.status_code == 401
    turn_app_on(client)
    assert client.get(reverse("start")).status_code == 200


def test_a_form_on_its_way_comes_back_with_what_was_typed(world):
    client = browser()
    sign_in(client, "naima")
    force(world, "everybody")
    answer = client.post(reverse("account-language"), {"language": "en"})
    assert answer.status_code == 401
    assert 'name="language" value="en"' in answer.content.decode()


def test_a_real_programme_asks_from_its_first_day_and_the_declared_start_only_offers(world):
    first.create(organisation="Start", country="KE", place="Van", kind="vehicle", time_zone="Africa/Nairobi", username="founder")
    organisation = Organisation.objects.get(name="Start")
    with scope.enter([organisation.key]):
        assert SECOND_FACTOR.read().value == "sensitive"
    with scope.enter([world.harbour.key]):
        assert SECOND_FACTOR.read().value == "offered"


def test_the_last_factor_stays_while_the_programme_asks_for_one(world):
    client = browser()
    sign_in(client, "admin")
    turn_app_on(client)
    force(world, "sensitive")
    answer = client.post(reverse("account-factor"), {"what": "app", "password": PASSWORD})
    assert answer.status_code == 422
    assert second_factor.has_any(world.staff["admin"].pk)


def test_the_last_factor_goes_only_if_the_password_can_stand_alone(world):
    client = browser()
    sign_in(client, "naima")
    turn_app_on(client)
    changed = client.post(reverse("account-password"), {"current": PASSWORD, "password": "kettle 9x", "again": "kettle 9x"})
    assert changed.status_code == 302
    assert client.post(reverse("account-factor"), {"what": "app", "password": "kettle 9x"}).status_code == 422
    assert client.post(reverse("account-factor"), {"what": "app"}).status_code == 422
    longer = "kettle orchard under the ninth moon"
    client.post(reverse("account-password"), {"current": "kettle 9x", "password": longer, "again": longer})
    assert client.post(reverse("account-factor"), {"what": "app", "password": longer}).status_code == 302
    assert not second_factor.has_any(world.staff["naima"].pk)
    assert second_factor.of(world.staff["naima"].pk).codes_left == 0


def test_nobody_touches_the_passkey_of_somebody_else(world):
    naima, nurse = browser(), browser()
    sign_in(naima, "naima")
    add_passkey(naima)
    sign_in(nurse, "nurse")
    number = str(second_factor.of(world.staff["naima"].pk).passkeys[0].number)
    for asked in ({"what": number}, {"what": number, "do": "rename", "name": "mine"}):
        assert nurse.post(reverse("account-factor"), asked).status_code == 404
    assert naima.post(reverse("account-factor"), {"what": number, "do": "rename", "name": "blue key"}).status_code == 302
    assert second_factor.of(world.staff["naima"].pk).passkeys[0].name == "blue key"


def test_a_device_never_reaches_what_is_sensitive(world):
    request = RequestFactory().get("/")
    request.actor = replace(world.actors["admin"], staff=None, staff_id=None)
    with scope.enter([world.harbour.key]), pytest.raises(Http404):
        step_up.guard(request, accounts.account_new)


# -- what every request asks ------------------------------------------------------------------------------------------------


def test_whether_a_second_factor_is_asked_costs_one_question(in_harbour):
    with CaptureQueriesContext(connection) as asked:
        assert not step_up.must_enrol(in_harbour.actors["naima"])
    assert len(asked) == 1


def test_a_policy_begins_with_the_day_of_the_place_and_not_of_utc(in_harbour, time):
    time.move_to(datetime(2026, 9, 1, 20, 30, tzinfo=UTC))  # 23:30 in Nairobi
    setting_changes.set_value(
        actor=in_harbour.system, value=SECOND_FACTOR, typed="everybody", site=None, valid_from=date(2026, 9, 2), source="decided by the board"
    )
    naima = in_harbour.actors["naima"]
    assert not step_up.must_enrol(naima)
    time.move_to(datetime(2026, 9, 1, 21, 30, tzinfo=UTC))  # half past midnight in Nairobi
    assert step_up.must_enrol(naima)
    Setting.objects.filter(name=SECOND_FACTOR.key).update(valid_to=date(2026, 9, 3))
    time.move_to(datetime(2026, 9, 2, 20, 30, tzinfo=UTC))
    assert step_up.must_enrol(naima)
    time.move_to(datetime(2026, 9, 2, 21, 30, tzinfo=UTC))
    assert not step_up.must_enrol(naima)
    assert step_up._policy() == SECOND_FACTOR.read().value
