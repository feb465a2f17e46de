"""Accounts: set up by their owner, given roles by somebody else, ended at once, and never without an administrator."""

from __future__ import annotations

import pytest
import time_machine
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.urls import reverse

from handrail.facts import accounts, organisations
from handrail.facts.models import RoleAssignment, Staff
from handrail.kernel import audit, clock, scope, sessions
from handrail.kernel.models import AuditEntry, SetUpCode
from handrail.screens import second_factor
from tests.signing_in import browser, sign_in, turn_app_on
from tests.words import PASSWORD

CHOSEN = "seven lamps over the harbour"


@pytest.fixture
def admin(world):
    client = browser()
    sign_in(client, "admin")
    return client


def one(world, username: str) -> str:
    return reverse("account-one", args=[Staff.objects.get(username=username).id])


def code_on(client, where: str) -> str:
    body = client.get(where).content.decode()
    return body.split('<span class="words">')[1].split("<")[0] if 'class="words"' in body else ""


def add(client, world, username: str = "fatuma") -> str:
    answer = client.post(reverse("account-new"), {"username": username, "name": username.capitalize()})
    assert answer.status_code == 302
    return code_on(client, answer["Location"])


def choose(client, username: str, code: str, password: str = CHOSEN):
    return client.post(reverse("set-up"), {"username": username, "code": code, "password": password, "again": password})


# -- the beginning -----------------------------------------------------------------------------------------------------------


def test_an_account_begins_with_a_code_that_is_shown_once_and_used_once(world, admin):
    code = add(admin, world)
    assert len(code) == 13
    assert code_on(admin, one(world, "fatuma")) == ""
    theirs = browser()
    assert choose(theirs, "fatuma", code).status_code == 302
    assert theirs.get(reverse("start")).status_code == 200
    assert choose(browser(), "fatuma", code, "another good password 4").status_code == 401
    assert sign_in(browser(), "fatuma", CHOSEN).status_code == 302


def test_the_code_runs_out_after_three_days(world, admin):
    code = add(admin, world)
    with time_machine.travel(clock.now() + accounts.SET_UP_LASTS, tick=False):
        assert choose(browser(), "fatuma", code).status_code == 401


def test_guessing_codes_is_slowed_down_and_a_wrong_name_says_the_same(world, admin):
    code, client = add(admin, world), browser()
    said = {choose(client, name, wrong).context["general"] for name, wrong in (("fatuma", "AAA-AAA-AAA-A"), ("nobody", code), ("naima", code))}
    assert len(said) == 1
    for _try in range(4):
        choose(client, "fatuma", "7HR-9V4-99P-1")
    assert choose(client, "fatuma", code).status_code == 401
    assert choose(browser(), "fatuma", code).status_code == 401  # the same address: this test's clients share one


def test_only_a_digest_of_the_code_is_stored(world, admin):
    code = add(admin, world)
    row = SetUpCode.objects.get()
    assert code.replace("-", "").encode() not in bytes(row.token)
    assert len(bytes(row.token)) == 32


def test_whoever_looks_after_accounts_never_chooses_a_password(world, admin):
    where = one(world, "naima")
    assert admin.post(where, {"do": "password", "password": CHOSEN}).status_code == 404
    before = Staff.objects.get(username="naima").password
    admin.post(where, {"do": "give", "role": "peer", "site": "", "password": CHOSEN})
    assert Staff.objects.get(username="naima").password == before
    theirs = browser()
    sign_in(theirs, "naima")
    admin.post(where, {"do": "code"})
    assert theirs.get(reverse("start")).status_code == 302
    assert sign_in(browser(), "naima").status_code == 401, "the password of before is worth nothing"


def test_an_account_needs_names_of_its_own(world, admin):
    for typed, field in (({"username": "NAIMA", "name": "x"}, "username"), ({"username": "", "name": "x"}, "username"), ({"username": "y", "name": ""}, "name")):
        answer = admin.post(reverse("account-new"), typed)
        assert answer.status_code == 422
        assert field in answer.context["problems"]
        assert answer.context["typed"] == typed


# -- roles -------------------------------------------------------------------------------------------------------------------


def test_a_role_is_given_at_a_place_and_taken_away_and_holds_at_the_next_click(world, admin):
    theirs = browser()
    sign_in(theirs, "naima")
    assert theirs.get(reverse("stock-receive")).status_code == 404
    admin.post(one(world, "naima"), {"do": "give", "role": "storekeeper", "site": str(world.van.id)})
    assert theirs.get(reverse("stock-receive")).status_code == 200
    held = RoleAssignment.objects.get(staff=world.staff["naima"], role="storekeeper")
    assert held.site == world.van
    admin.post(one(world, "naima"), {"do": "take", "assignment": str(held.pk)})
    assert theirs.get(reverse("stock-receive")).status_code == 404


def test_nobody_gives_a_role_to_themselves(world, admin):
    answer = admin.post(one(world, "admin"), {"do": "give", "role": "data_steward", "site": ""})
    assert answer.status_code == 422
    assert RoleAssignment.objects.filter(staff=world.staff["admin"]).count() == 1


@pytest.mark.parametrize(("first", "second"), [("administrator", "clinical_approver"), ("clinical_approver", "administrator")])
def test_who_sets_a_clinical_value_does_not_approve_it_in_one_person(world, admin, first, second):
    where = one(world, "nurse")
    assert admin.post(where, {"do": "give", "role": first, "site": ""}).status_code == 302
    assert admin.post(where, {"do": "give", "role": second, "site": str(world.van.id)}).status_code == 422
    assert not RoleAssignment.objects.filter(staff=world.staff["nurse"], role=second).exists()


def test_a_role_that_no_room_knows_and_a_place_of_others_are_refused(world, admin):
    where = one(world, "nurse")
    assert admin.post(where, {"do": "give", "role": "owner", "site": ""}).status_code == 422
    assert admin.post(where, {"do": "give", "role": "peer", "site": str(world.sites["Hill van"].id)}).status_code == 404
    assert admin.post(where, {"do": "give", "role": "peer", "site": "x"}).status_code == 404


def test_an_account_of_another_organisation_does_not_exist(world, admin):
    where = reverse("account-one", args=[world.staff["stranger"].id])
    assert admin.get(where).status_code == 404
    assert admin.post(where, {"do": "end"}).status_code == 404
    assert "Stranger" not in admin.get(reverse("accounts")).content.decode()


# -- somebody who looks after one place --------------------------------------------------------------------------------------


@pytest.fixture
def keeper(world):
    """Administrator of the drop-in and of nothing else."""
    client = browser()
    sign_in(client, "keeper")
    return client


@pytest.fixture
def lead(world):
    """Coordinator of the drop-in and of nothing else."""
    with scope.enter([world.harbour.key]):
        organisations.create_staff(actor=world.system, username="lead", name="Lead", password=PASSWORD, grants=[("coordinator", world.sites["Drop-in"])])
    client = browser()
    sign_in(client, "lead")
    return client


def everything_of(staff: Staff) -> tuple:
    roles = sorted((r.role, r.site_id or 0) for r in RoleAssignment.objects.filter(staff=staff))
    return (Staff.objects.filter(pk=staff.pk).values_list("password", "is_active").get(), roles, len(sessions.of_account(staff.pk)))


@pytest.mark.parametrize("username", ["admin", "naima", "coordinator", "store"])
@pytest.mark.parametrize("do", ["code", "lost", "end", "reopen", "end-sessions"])
def test_whoever_administers_one_place_touches_no_account_that_is_more_than_theirs(world, keeper, username, do):
    theirs = browser()
    sign_in(theirs, username)
    before = everything_of(world.staff[username])
    assert keeper.post(one(world, username), {"do": do}).status_code == 404
    assert everything_of(world.staff[username]) == before
    assert not SetUpCode.objects.exists()
    assert theirs.get(reverse("account")).status_code == 200


@pytest.mark.parametrize(("role", "site"), [("administrator", ""), ("peer", ""), ("peer", "Van 1"), ("administrator", "Van 1")])
def test_whoever_administers_one_place_gives_no_role_elsewhere(world, keeper, role, site):
    where = str(world.sites[site].id) if site else ""
    for username in ("elsewhere", "naima"):
        before = everything_of(world.staff[username])
        assert keeper.post(one(world, username), {"do": "give", "role": role, "site": where}).status_code == 404
        assert everything_of(world.staff[username]) == before


def test_whoever_administers_one_place_takes_no_role_elsewhere(world, keeper):
    for username in ("admin", "naima"):
        held = RoleAssignment.objects.get(staff=world.staff[username])
        assert keeper.post(one(world, username), {"do": "take", "assignment": str(held.pk)}).status_code == 404
        assert RoleAssignment.objects.filter(pk=held.pk).exists()


def test_whoever_administers_one_place_does_all_of_it_there(world, keeper):
    drop_in = str(world.sites["Drop-in"].id)
    code = add(keeper, world)
    assert choose(browser(), "fatuma", code).status_code == 302
    for role in ("outreach", "administrator"):
        assert keeper.post(one(world, "fatuma"), {"do": "give", "role": role, "site": drop_in}).status_code == 302
    for do in ("code", "end", "reopen", "end-sessions", "lost"):
        assert keeper.post(one(world, "fatuma"), {"do": do}).status_code == 302
        assert keeper.post(one(world, "elsewhere"), {"do": do}).status_code == 302
    held = RoleAssignment.objects.get(staff__username="fatuma", role="outreach")
    assert keeper.post(one(world, "fatuma"), {"do": "take", "assignment": str(held.pk)}).status_code == 302


def test_an_account_that_got_a_role_elsewhere_is_no_longer_one_places_alone(world, keeper, admin):
    admin.post(one(world, "elsewhere"), {"do": "give", "role": "outreach", "site": str(world.van.id)})
    page = keeper.get(one(world, "elsewhere")).content.decode()
    assert "End this account" not in page
    assert keeper.post(one(world, "elsewhere"), {"do": "end"}).status_code == 404


def test_a_coordinator_gives_and_takes_roles_at_their_own_place_and_makes_no_administrator(world, lead):
    drop_in, where = str(world.sites["Drop-in"].id), one(world, "naima")
    offered = dict(lead.get(where).context["page"]["roles"])
    assert "Outreach worker" in offered
    assert "Administrator" not in offered
    assert 'value="">everywhere' not in lead.get(where).content.decode()
    assert lead.post(where, {"do": "give", "role": "outreach", "site": drop_in}).status_code == 302
    held = RoleAssignment.objects.get(staff=world.staff["naima"], site=world.sites["Drop-in"])
    assert lead.post(where, {"do": "take", "assignment": str(held.pk)}).status_code == 302
    for role, site in (("administrator", drop_in), ("outreach", str(world.van.id)), ("outreach", "")):
        assert lead.post(where, {"do": "give", "role": role, "site": site}).status_code == 404
    kept = RoleAssignment.objects.get(staff=world.staff["keeper"])
    assert lead.post(one(world, "keeper"), {"do": "take", "assignment": str(kept.pk)}).status_code == 404
    assert lead.post(one(world, "lead"), {"do": "give", "role": "nurse", "site": drop_in}).status_code == 422


@pytest.mark.parametrize("do", ["code", "lost", "end", "reopen", "end-sessions"])
def test_a_coordinator_looks_after_no_sign_in(world, lead, do):
    assert lead.post(one(world, "elsewhere"), {"do": do}).status_code == 404
    assert lead.get(reverse("account-new")).status_code == 404


def test_two_roles_that_must_not_meet_are_called_by_their_names(world, admin):
    where = one(world, "nurse")
    admin.post(where, {"do": "give", "role": "administrator", "site": ""})
    said = admin.post(where, {"do": "give", "role": "clinical_approver", "site": ""}).content.decode()
    assert "Clinical approver" in said
    assert "clinical_approver”" not in said


# -- the end -----------------------------------------------------------------------------------------------------------------


def test_an_ended_account_is_out_at_its_next_click_and_cannot_come_back(world, admin):
    theirs = browser()
    sign_in(theirs, "naima")
    assert admin.post(one(world, "naima"), {"do": "end"}).status_code == 302
    assert theirs.get(reverse("start")).status_code == 302
    assert sign_in(browser(), "naima").status_code == 401
    admin.post(one(world, "naima"), {"do": "reopen"})
    assert sign_in(browser(), "naima").status_code == 302


def test_all_sign_ins_of_somebody_end_at_once(world, admin):
    theirs, other = browser(), browser()
    sign_in(theirs, "naima")
    sign_in(other, "naima")
    admin.post(one(world, "naima"), {"do": "end-sessions"})
    assert theirs.get(reverse("start")).status_code == other.get(reverse("start")).status_code == 302


def test_one_administrator_always_remains(world, admin):
    where, held = one(world, "admin"), RoleAssignment.objects.get(staff=world.staff["admin"])
    assert admin.post(where, {"do": "end"}).status_code == 422
    assert admin.post(where, {"do": "take", "assignment": str(held.pk)}).status_code == 422
    admin.post(one(world, "nurse"), {"do": "give", "role": "administrator", "site": str(world.van.id)})
    assert admin.post(where, {"do": "end"}).status_code == 422, "one who looks after one place is not enough"
    admin.post(one(world, "coordinator"), {"do": "give", "role": "administrator", "site": ""})
    assert admin.post(where, {"do": "take", "assignment": str(held.pk)}).status_code == 302


def test_a_lost_phone_takes_factors_and_password_away_and_others_see_it(world, admin):
    theirs = browser()
    sign_in(theirs, "naima")
    turn_app_on(theirs)
    answer = admin.post(one(world, "naima"), {"do": "lost"})
    code = code_on(admin, answer["Location"])
    assert theirs.get(reverse("start")).status_code == 302
    assert not second_factor.has_any(world.staff["naima"].pk)
    assert sign_in(browser(), "naima").status_code == 401
    assert choose(browser(), "naima", code).status_code == 302
    other = browser()
    sign_in(other, "coordinator")
    assert "second factors taken away" in other.get(reverse("accounts")).content.decode()


def test_a_set_up_code_leaves_the_second_factor_in_place(world, admin):
    theirs = browser()
    sign_in(theirs, "naima")
    turn_app_on(theirs)
    code = code_on(admin, admin.post(one(world, "naima"), {"do": "code"})["Location"])
    fresh = browser()
    assert choose(fresh, "naima", code)["Location"] == reverse("sign-in")
    assert fresh.get(reverse("start")).status_code == 302


def test_every_change_is_in_the_chain_with_ids_alone(world, admin):
    add(admin, world)
    for asked in ({"do": "give", "role": "peer", "site": ""}, {"do": "end-sessions"}, {"do": "end"}, {"do": "reopen"}, {"do": "lost"}):
        admin.post(one(world, "fatuma"), asked)
    with scope.enter([world.harbour.key]):
        fatuma = Staff.objects.get(username="fatuma")
        lines = list(AuditEntry.objects.filter(object_id=str(fatuma.id)).order_by("number"))
        assert audit.verify().problems == ()
    assert [line.action for line in lines] == [
        "staff.created", "staff.set_up_started", "role.given", "staff.sessions_ended", "staff.ended", "staff.reopened", "staff.set_up_started",
        "staff.factors_removed",
    ]
    assert {line.actor for line in lines} == {world.staff["admin"].id}
    assert all("atuma" not in str(line.detail) for line in lines)


# -- passwords ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "fits"),
    [
        (CHOSEN, True), ("lamps over hill", True), ("fourteen signs", False), ("aaaaaaaaaaaaaaaaaa", False), ("naima naima harbour naima", False),
        ("handrail handrail", False), ("1234567890123456", False), ("qwertyuiopasdfgh", False), ("пять фонарей над рекой", True), ("a" * 14, False),
    ],
)
def test_a_password_alone_is_long_and_not_made_of_names_used_here(world, password, fits):
    assert is_allowed(password, world.staff["naima"]) is fits


def test_eight_characters_do_with_a_second_factor(world):
    staff = world.staff["naima"]
    assert not is_allowed("kettle 9x", staff)
    client = browser()
    sign_in(client, "naima")
    turn_app_on(client)
    assert is_allowed("kettle 9x", staff)
    assert not is_allowed("kettle9", staff)
    assert not is_allowed("password", staff)
    assert not is_allowed("football1", staff)


def is_allowed(password: str, staff: Staff) -> bool:
    try:
        password_validation.validate_password(password, staff)
    except ValidationError:
        return False
    return True


def test_changing_a_password_asks_for_the_old_one_and_signs_out_elsewhere(world):
    here, there = browser(), browser()
    sign_in(here, "naima")
    sign_in(there, "naima")
    wrong = here.post(reverse("account-password"), {"current": "x", "password": CHOSEN, "again": CHOSEN})
    assert wrong.status_code == 422
    assert set(wrong.context["problems"]) == {"current"}
    differs = here.post(reverse("account-password"), {"current": PASSWORD, "password": CHOSEN, "again": CHOSEN + "x"})
    assert set(differs.context["problems"]) == {"again"}
    assert here.post(reverse("account-password"), {"current": PASSWORD, "password": CHOSEN, "again": CHOSEN}).status_code == 302
    assert here.get(reverse("start")).status_code == 200
    assert there.get(reverse("start")).status_code == 302


def test_a_language_is_chosen_for_oneself(world, settings):
    settings.LANGUAGES = [("en", "English"), ("es", "Español")]
    client = browser()
    sign_in(client, "naima")
    assert client.post(reverse("account-language"), {"language": "xx"}).status_code == 404
    client.post(reverse("account-language"), {"language": "es"})
    assert Staff.objects.get(username="naima").language == "es"
