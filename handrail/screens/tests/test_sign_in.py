"""Signing in with a second factor: codes, recovery codes, passkeys; guessing, replay, fixation, ended sessions."""

from __future__ import annotations

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.db import connection
from django.urls import reverse

from handrail.kernel import clock, crypto
from handrail.kernel.models import Session
from handrail.screens import second_factor
from handrail.screens.console.sign_in import browser_family
from tests.signing_in import (
    add_passkey,
    app_code,
    browser,
    hidden,
    options,
    recovery_codes,
    sealed,
    sign_in,
    turn_app_on,
)
from tests.soft_passkey import PRESENT, SoftPasskey

LATER = 3 * 60


@pytest.fixture
def time():
    with time_machine.travel(clock.now(), tick=False) as moving:
        yield moving


def is_in(client) -> bool:
    return client.get(reverse("start")).status_code == 200


def second(client, page, **said):
    return client.post(reverse("sign-in-second"), {"half_way": hidden(page, "half_way"), **said})


# -- an authenticator app --------------------------------------------------------------------------------------------------


def test_with_the_app_on_the_password_alone_lets_nobody_in(world, time):
    here, there = browser(), browser()
    sign_in(here, "naima")
    secret = turn_app_on(here)
    time.shift(LATER)
    page = sign_in(there, "naima")
    assert page.status_code == 200
    assert not is_in(there)
    assert second(there, page, code="000000").status_code == 401
    assert not is_in(there)
    assert second(there, page, code=app_code(secret)).status_code == 302
    assert is_in(there)


def test_a_code_is_good_once_whichever_process_looks_at_it(world, time):
    here = browser()
    sign_in(here, "naima")
    secret = turn_app_on(here)
    first, other = browser(), browser()
    code = app_code(secret)
    assert second(first, sign_in(first, "naima"), code=code).status_code == 401  # used to turn it on
    time.shift(30)
    code = app_code(secret)
    assert second(first, sign_in(first, "naima"), code=code).status_code == 302
    assert second(other, sign_in(other, "naima"), code=code).status_code == 401
    time.shift(31)  # the code of before is still within the clock's tolerance; it stays used
    assert second(other, sign_in(other, "naima"), code=code).status_code == 401
    assert second(other, sign_in(other, "naima"), code=app_code(secret)).status_code == 302


def test_a_phone_whose_clock_is_half_a_minute_off_still_fits(world, time):
    here = browser()
    sign_in(here, "naima")
    secret = turn_app_on(here)
    time.shift(LATER)
    late = app_code(secret)
    time.shift(30)
    assert second_factor.check_code(world.staff["naima"].pk, late)
    time.shift(LATER)
    late = app_code(secret)
    time.shift(60)
    assert not second_factor.check_code(world.staff["naima"].pk, late)


def test_turning_the_app_on_needs_a_code_that_fits(world):
    client = browser()
    sign_in(client, "naima")
    client.get(reverse("account-app"))
    assert client.post(reverse("account-app"), {"code": "123456"}).status_code == 422
    assert not second_factor.has_any(world.staff["naima"].pk)


def test_the_answer_to_the_password_is_good_for_five_minutes_and_for_that_password(world, time):
    here, there = browser(), browser()
    sign_in(here, "naima")
    secret = turn_app_on(here)
    time.shift(LATER)
    page = sign_in(there, "naima")
    time.shift(301)
    assert second(there, page, code=app_code(secret)).status_code == 401
    page = sign_in(there, "naima")
    staff = world.staff["naima"]
    staff.set_password("another long password 9")
    staff.save()
    assert second(there, page, code=app_code(secret)).status_code == 401
    assert not is_in(there)


def test_guessing_codes_is_slowed_down_here_and_from_everywhere(world, time):
    here = browser()
    sign_in(here, "naima")
    secret = turn_app_on(here)
    time.shift(LATER)
    there = browser()
    page = sign_in(there, "naima")
    for _try in range(5):
        second(there, page, code="000000")
    page = sign_in(there, "naima")  # the right password in between opens no new tries
    answer = second(there, page, code=app_code(secret))
    assert answer.status_code == 401
    assert "Wait five minutes" in answer.content.decode()
    for number in range(25):
        elsewhere = browser()
        page = sign_in(elsewhere, "naima", REMOTE_ADDR="x")
        elsewhere.post(reverse("sign-in-second"), {"half_way": hidden(page, "half_way"), "code": "000000"}, REMOTE_ADDR=f"192.0.2.{number}")
    other = browser()
    page = sign_in(other, "naima")
    fits = {"half_way": hidden(page, "half_way"), "code": app_code(secret)}
    assert other.post(reverse("sign-in-second"), fits, REMOTE_ADDR="198.51.100.1").status_code == 401
    time.shift(3601)
    page = sign_in(other, "naima")
    assert second(other, page, code=app_code(secret)).status_code == 302


def test_the_database_alone_holds_no_secret_of_the_app_and_no_recovery_code(world):
    client = browser()
    sign_in(client, "naima")
    page = client.get(reverse("account-app")).content.decode()
    waiting = page.split("<p><span")[1].split("<b>")[1].split("</b>")[0].replace(" ", "")
    secret = turn_app_on(client).replace(" ", "")
    codes = recovery_codes(client)
    assert waiting == secret
    assert len(codes) == 10
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(string_agg(data::text, ' '), '') FROM mfa_authenticator")
        told = cursor.fetchone()[0]
        cursor.execute("SELECT coalesce(string_agg(data, ' '), '') FROM kernel_session")
        told += cursor.fetchone()[0]
    assert secret not in told
    assert all(code.replace(" ", "") not in told for code in codes)
    assert Authenticator.objects.get(type="totp").data["secret"].startswith("1:")


def test_with_another_key_file_no_code_fits_and_nothing_breaks(world, time):
    here = browser()
    sign_in(here, "naima")
    secret = turn_app_on(here)
    time.shift(LATER)
    row = Authenticator.objects.get(type="totp")
    row.data["secret"] = crypto.lock(b"x" * 32, "second-factor", "A" * 32)
    row.save()
    there = browser()
    assert second(there, sign_in(there, "naima"), code=app_code(secret)).status_code == 401


# -- recovery codes --------------------------------------------------------------------------------------------------------


def test_ten_recovery_codes_are_shown_once_and_each_lets_in_once(world, time):
    here = browser()
    sign_in(here, "naima")
    turn_app_on(here)
    codes = recovery_codes(here)
    assert len(set(codes)) == 10
    assert recovery_codes(here) == []
    there = browser()
    assert second(there, sign_in(there, "naima"), code=codes[3]).status_code == 302
    other = browser()
    assert second(other, sign_in(other, "naima"), code=codes[3]).status_code == 401
    assert second(other, sign_in(other, "naima"), code=codes[4].replace(" ", "")).status_code == 302
    assert second_factor.of(world.staff["naima"].pk).codes_left == 8


def test_new_recovery_codes_make_the_old_ones_worthless(world):
    here = browser()
    sign_in(here, "naima")
    turn_app_on(here)
    old = recovery_codes(here)
    assert here.post(reverse("account-codes")).status_code == 302
    new = recovery_codes(here)
    assert len(new) == 10
    assert not set(old) & set(new)
    there = browser()
    assert second(there, sign_in(there, "naima"), code=old[0]).status_code == 401


# -- passkeys --------------------------------------------------------------------------------------------------------------


def with_passkey(client, key: SoftPasskey, **more):
    page = client.get(reverse("sign-in"))
    return client.post(reverse("sign-in-passkey"), {"sealed": sealed(page), "answer": key.get(options(page), **more)})


def test_a_passkey_signs_in_without_a_name_and_without_a_password(world):
    here, there = browser(), browser()
    sign_in(here, "naima")
    key = add_passkey(here)
    assert with_passkey(there, key).status_code == 302
    assert is_in(there)
    assert Session.objects.filter(account=world.staff["naima"]).count() == 2


def test_a_passkey_is_the_second_step_too(world):
    here, there = browser(), browser()
    sign_in(here, "naima")
    key = add_passkey(here)
    page = sign_in(there, "naima")
    assert not is_in(there)
    assert second(there, page, sealed=sealed(page), answer=key.get(options(page))).status_code == 302
    assert is_in(there)


def test_an_answer_given_once_opens_nothing_again(world):
    here = browser()
    sign_in(here, "naima")
    key = add_passkey(here)
    page = browser().get(reverse("sign-in"))
    told = {"sealed": sealed(page), "answer": key.get(options(page))}
    first, again = browser(), browser()
    assert first.post(reverse("sign-in-passkey"), told).status_code == 302
    assert again.post(reverse("sign-in-passkey"), told).status_code == 401
    assert not is_in(again)


def test_a_challenge_runs_out_after_ten_minutes(world, time):
    here = browser()
    sign_in(here, "naima")
    key = add_passkey(here)
    client = browser()
    page = client.get(reverse("sign-in"))
    told = {"sealed": sealed(page), "answer": key.get(options(page))}
    time.shift(601)
    assert client.post(reverse("sign-in-passkey"), told).status_code == 401


@pytest.mark.parametrize("wrong", ["unlocked", "origin", "other key", "other page", "nonsense", "empty"])
def test_a_passkey_that_does_not_fit_lets_nobody_in(world, wrong):
    here, client = browser(), browser()
    sign_in(here, "naima")
    key = add_passkey(here)
    page = client.get(reverse("sign-in"))
    asked, seal = options(page), sealed(page)
    stranger = SoftPasskey()
    stranger._user, stranger._id = key._user, key._id  # knows everything but the key
    other = sign_in(browser(), "naima")
    answers = {
        "unlocked": key.get(asked, flags=PRESENT), "origin": key.get(asked, origin="http://localhost.example"), "other key": stranger.get(asked),
        "other page": key.get(options(other)), "nonsense": '{"response": {"userHandle": "AAAA"}}', "empty": "",
    }
    answer = client.post(reverse("sign-in-passkey"), {"sealed": seal, "answer": answers[wrong]})
    assert answer.status_code == 401
    assert not is_in(client)
    kept = client.post(reverse("sign-in-passkey"), {"sealed": sealed(other), "answer": key.get(options(other))})
    assert kept.status_code == 401, "a challenge of the second step is none of the first"


def test_a_passkey_of_one_account_is_not_the_second_step_of_another(world):
    here, there, third = browser(), browser(), browser()
    sign_in(here, "naima")
    key = add_passkey(here)
    sign_in(there, "nurse")
    add_passkey(there)
    page = sign_in(third, "nurse")
    assert second(third, page, sealed=sealed(page), answer=key.get(options(page))).status_code == 401


def test_a_proof_given_on_one_page_is_none_on_another(world):
    here, there = browser(), browser()
    sign_in(here, "naima")
    key = add_passkey(here)
    asked, page = here.get(reverse("confirm")), sign_in(there, "naima")
    assert second(there, page, sealed=sealed(asked), answer=key.get(options(asked))).status_code == 401
    assert not is_in(there)


def test_a_passkey_is_added_only_for_our_own_challenge_to_this_account(world):
    naima, nurse = browser(), browser()
    sign_in(naima, "naima")
    sign_in(nurse, "nurse")
    key, page = SoftPasskey(), naima.get(reverse("account-passkey"))
    told = {"name": "x", "sealed": sealed(page), "answer": key.create(options(page))}
    assert nurse.post(reverse("account-passkey"), told).status_code == 422
    assert naima.post(reverse("account-passkey"), told | {"answer": SoftPasskey(origin="http://evil").create(options(page))}).status_code == 422
    assert not second_factor.has_any(world.staff["naima"].pk)


def test_an_ended_account_keeps_out_with_its_passkey_too(world):
    here, there = browser(), browser()
    sign_in(here, "naima")
    key = add_passkey(here)
    staff = world.staff["naima"]
    staff.is_active = False
    staff.save()
    assert with_passkey(there, key).status_code == 401


def test_passkeys_are_not_offered_at_an_address_of_numbers(world, client):
    answer = client.get(reverse("sign-in"), SERVER_NAME="127.0.0.1")
    assert "data-passkey" not in answer.content.decode()
    assert "data-passkey" in client.get(reverse("sign-in"), SERVER_NAME="localhost").content.decode()


# -- sessions --------------------------------------------------------------------------------------------------------------


def test_a_key_planted_before_sign_in_is_worth_nothing_after(world):
    client = browser()
    session = client.session
    session["x"] = 1
    session.save()
    planted = session.session_key
    client.cookies["handrail"] = planted
    sign_in(client, "naima")
    assert client.cookies["handrail"].value != planted
    thief = browser()
    thief.cookies["handrail"] = planted
    assert not is_in(thief)


def test_a_session_ended_elsewhere_is_dead_at_its_next_click(world):
    here, there, other = browser(), browser(), browser()
    for client in (here, there, other):
        sign_in(client, "naima")
    page = here.get(reverse("account"))
    names = {one.name for one in page.context["page"].signed_in}
    assert len(names) == 3
    mine = page.context["page"].this_one
    someone = sorted(names - {mine})[0]
    assert here.post(reverse("account-session"), {"session": someone}).status_code == 302
    assert [is_in(there), is_in(other)].count(True) == 1
    here.post(reverse("account-session"), {"session": "others"})
    assert not is_in(there)
    assert not is_in(other)
    assert is_in(here)


def test_nobody_ends_the_session_of_somebody_else(world):
    naima, nurse = browser(), browser()
    sign_in(naima, "naima")
    sign_in(nurse, "nurse")
    name = naima.get(reverse("account")).context["page"].this_one
    assert nurse.post(reverse("account-session"), {"session": name}).status_code == 404
    assert is_in(naima)


def test_adding_a_factor_ends_every_other_sign_in_and_renews_this_one(world):
    here, there = browser(), browser()
    sign_in(here, "naima")
    sign_in(there, "naima")
    before = here.cookies["handrail"].value
    turn_app_on(here)
    assert is_in(here)
    assert not is_in(there)
    assert here.cookies["handrail"].value != before


def test_a_session_tells_family_of_browser_and_no_address(world):
    client = browser()
    client.post(
        reverse("sign-in"), {"username": "naima", "password": "warm paper dark ink 7"}, REMOTE_ADDR="203.0.113.77",
        HTTP_USER_AGENT="Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/141.0 Mobile Safari/537.36",
    )
    page = client.get(reverse("account")).content.decode()
    assert "Chrome, Android" in page
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM kernel_session")
        told = "".join(row[0] for row in cursor.fetchall())
    assert "203.0.113" not in told
    assert "203.0.113" not in page


@pytest.mark.parametrize(
    ("told", "family"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0", "Firefox, Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604", "Safari, iPhone"),
        ("", ""),
    ],
)
def test_browser_families(told, family):
    assert browser_family(told) == family
