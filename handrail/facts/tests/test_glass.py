"""Emergency access: half an hour, one person, two told, looked at within three days or the account is out. The clock is virtual."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from handrail.facts import accounts, alarms, glass, organisations, participants
from handrail.facts.accounts import AccountProblem
from handrail.facts.models import Alarm, GlassBreak, Notice, RoleAssignment, Setting, Staff
from handrail.facts.record import Refusal
from handrail.facts.values import GLASS_MINUTES, GLASS_REVIEW_HOURS
from handrail.kernel import clock, crypto, ids
from handrail.kernel.access import Denied
from handrail.kernel.models import AccessEntry, AuditEntry, SetUpCode


@pytest.fixture
def time():
    with time_machine.travel("2026-09-01T09:00:00Z", tick=False) as moving:
        yield moving


def use(world, *, who="naima", participant=None, **more):
    values = {"site": world.van, "why": "overdose", "id": ids.random()} | more
    return glass.break_glass(actor=world.actors[who], participant=participant or ids.random(), **values)


def sentence(refused) -> str:
    return refused.value.problems[0][1]


# -- opening it ----------------------------------------------------------------------------------------------------------------


def test_it_lasts_half_an_hour_for_whoever_opened_it_and_nobody_else(time, in_harbour):
    made, naima = use(in_harbour), in_harbour.actors["naima"]
    assert made.ends_at == clock.now() + timedelta(minutes=30)
    assert glass.open_now(actor=naima, glass=made.id) == made
    assert glass.open_now(actor=in_harbour.actors["nurse"], glass=made.id) is None
    time.shift(timedelta(minutes=29, seconds=59))
    assert glass.open_now(actor=naima, glass=made.id) == made
    time.shift(timedelta(seconds=1))
    with pytest.raises(Refusal) as refused:
        glass.open_now(actor=naima, glass=made.id)
    assert "is over" in sentence(refused)


def test_no_setting_makes_it_longer_than_half_an_hour_or_the_review_later_than_three_days():
    for value, most in ((GLASS_MINUTES, 30), (GLASS_REVIEW_HOURS, 72)):
        assert value.check(most) == most
        with pytest.raises(ValueError):
            value.check(most + 1)


def test_every_use_stands_in_the_audit_and_every_look_in_the_access_log_and_the_audit_names_no_person(time, in_harbour):
    person = ids.random()
    made = use(in_harbour, participant=person)
    glass.open_now(actor=in_harbour.actors["naima"], glass=made.id)
    line = AuditEntry.objects.get(action="glass.broken")
    assert (line.actor, line.object_id, line.detail["why"]) == (in_harbour.staff["naima"].id, str(made.id), "overdose")
    assert str(person) not in str(line.detail)
    assert list(AccessEntry.objects.filter(object_id=str(person)).order_by("key").values_list("what", flat=True)) == ["emergency access", "emergency summary"]


def test_two_people_in_charge_are_told_those_of_the_place_first(time, in_harbour):
    for number, site in enumerate((in_harbour.van, None, in_harbour.sites["Clinic"])):
        organisations.create_staff(actor=in_harbour.system, username=f"lead{number}", name=f"Lead {number}", password=None, grants=[("coordinator", site)])
    made = use(in_harbour)
    told = {Staff.objects.get(id=notice.staff).username for notice in Notice.objects.filter(about=made.id)}
    assert told == {"lead0", "coordinator"}
    assert {glass.username for glass in alarms.holders("glass.review", in_harbour.van)} == {"lead0", "coordinator", "lead1"}, "one of another place is not asked"


def test_sending_it_again_opens_no_second_one_and_tells_nobody_twice(time, in_harbour):
    form, person = ids.random(), ids.random()
    first, second = (use(in_harbour, id=form, participant=person) for _tap in range(2))
    assert first == second
    assert Notice.objects.count() == 1


def test_one_at_a_time_and_closing_it_makes_room_for_the_next(time, in_harbour):
    made = use(in_harbour)
    with pytest.raises(Refusal) as refused:
        use(in_harbour)
    assert "Close it first" in sentence(refused)
    assert not glass.end(actor=in_harbour.actors["nurse"], glass=made.id), "nobody closes another's"
    assert glass.end(actor=in_harbour.actors["naima"], glass=made.id)
    with pytest.raises(Refusal):
        glass.open_now(actor=in_harbour.actors["naima"], glass=made.id)
    assert use(in_harbour)


def test_so_many_a_day_and_then_the_worker_telephones(time, in_harbour):
    for _use in range(3):
        use(in_harbour)
        time.shift(timedelta(hours=1))
    with pytest.raises(Refusal) as refused:
        use(in_harbour)
    assert "Telephone" in sentence(refused)
    time.shift(timedelta(hours=21, seconds=1))
    assert use(in_harbour)


def test_the_day_s_number_is_a_setting(time, in_harbour):
    Setting.objects.create(organisation=in_harbour.harbour, name="glass_a_day", value=1, valid_from=clock.now().date() - timedelta(days=1), source="test")
    use(in_harbour)
    time.shift(timedelta(hours=1))
    with pytest.raises(Refusal):
        use(in_harbour)


def test_nobody_in_charge_but_oneself_means_no_emergency_access(time, in_harbour):
    RoleAssignment.objects.filter(role="coordinator").delete()
    RoleAssignment.objects.create(staff=in_harbour.staff["naima"], role="coordinator", site=None)
    with pytest.raises(Refusal) as refused:
        use(in_harbour)
    assert "Nobody else is in charge" in sentence(refused)


def test_a_reason_is_needed(time, in_harbour):
    for why in ("", "because"):
        with pytest.raises(Refusal) as refused:
            use(in_harbour, why=why)
        assert sentence(refused) == "Say why it cannot wait."


@pytest.mark.parametrize("who", ["auditor", "coordinator", "admin", "store", "elsewhere"])
def test_whoever_meets_nobody_at_the_place_cannot_use_it(time, in_harbour, who):
    with pytest.raises(Denied):
        use(in_harbour, who=who)


def test_it_does_not_go_through_the_walls_of_a_prison_in_either_direction(time, in_harbour):
    unit = organisations.create_site(actor=in_harbour.system, name="Unit", kind="prison_unit", closed_setting="prison", time_zone="UTC")
    lead = organisations.create_staff(actor=in_harbour.system, username="lead", name="Lead", password=None, grants=[("coordinator", unit)])
    inside = organisations.create_staff(actor=in_harbour.system, username="inside", name="Inside", password=None, grants=[("nurse", unit), ("outreach", in_harbour.van)])
    held, free = ids.random(), ids.random()
    participants.enrol(actor=in_harbour.system, site=unit.id, code=crypto.new_code(), participant=held)
    participants.enrol(actor=in_harbour.system, site=in_harbour.van.id, code=crypto.new_code(), participant=free)
    actor = organisations.actor_for(inside)
    for site, person in ((in_harbour.van, held), (unit, free)):
        with pytest.raises(Refusal) as refused:
            glass.break_glass(actor=actor, site=site, participant=person, why="overdose", id=ids.random())
        assert "walls" in sentence(refused)
    made = glass.break_glass(actor=actor, site=unit, participant=held, why="overdose", id=ids.random())
    assert [notice.staff for notice in Notice.objects.filter(about=made.id)] == [lead.id], "only who is in charge inside is told"
    assert glass.to_review(organisations.actor_for(in_harbour.staff["coordinator"])) == []
    everywhere = organisations.create_staff(actor=in_harbour.system, username="roving", name="Roving", password=None, grants=[("nurse", None)])
    with pytest.raises(Denied):
        glass.break_glass(actor=organisations.actor_for(everywhere), site=unit, participant=held, why="overdose", id=ids.random())


# -- looking at it ---------------------------------------------------------------------------------------------------------------


def test_a_second_person_says_with_a_sentence_whether_it_was_right_and_the_worker_hears_it(time, in_harbour):
    made, coordinator = use(in_harbour), in_harbour.actors["coordinator"]
    assert glass.to_review(coordinator) == [made]
    for verdict, said in (("", "Asked her."), ("right", "  "), ("perhaps", "Asked her."), ("right", "x" * 301)):
        with pytest.raises(Refusal):
            glass.review(actor=coordinator, glass=made, verdict=verdict, said=said)
    glass.review(actor=coordinator, glass=made, verdict="not_right", said="Asked  her.\nThe ambulance had come already.")
    assert glass.to_review(coordinator) == []
    made.refresh_from_db()
    assert glass.said_of(made) == "Asked her. The ambulance had come already."
    assert "ambulance" not in made.said, "the database alone does not tell"
    assert [notice.kind for notice in alarms.unseen(in_harbour.actors["naima"])] == ["glass_not_right"]
    assert AuditEntry.objects.get(action="glass.reviewed").detail == {"verdict": "not_right"}
    with pytest.raises(Refusal) as refused:
        glass.review(actor=coordinator, glass=made, verdict="right", said="Again.")
    assert "meanwhile" in sentence(refused)


def test_nobody_looks_at_their_own(time, in_harbour):
    RoleAssignment.objects.create(staff=in_harbour.staff["naima"], role="coordinator", site=None)
    naima = organisations.actor_for(in_harbour.staff["naima"])
    made = use(in_harbour)
    assert glass.to_review(naima) == []
    with pytest.raises(Refusal) as refused:
        glass.review(actor=naima, glass=made, verdict="right", said="It was fine.")
    assert "own" in sentence(refused)
    with pytest.raises(Denied):
        glass.review(actor=in_harbour.actors["auditor"], glass=made, verdict="right", said="It was fine.")


# -- nobody looked -----------------------------------------------------------------------------------------------------------------


def test_after_72_hours_without_a_look_the_account_is_suspended_and_not_a_second_earlier(time, in_harbour):
    made, system = use(in_harbour), in_harbour.system
    time.shift(timedelta(hours=72) - timedelta(seconds=1))
    assert glass.suspend_unreviewed(actor=system) == 0
    assert Staff.objects.get(username="naima").is_active
    time.shift(timedelta(seconds=1))
    SetUpCode.objects.create(account=in_harbour.staff["naima"], token=b"x", expires_at=clock.now() + timedelta(days=1))
    assert glass.suspend_unreviewed(actor=system) == 1
    assert not Staff.objects.get(username="naima").is_active
    assert not SetUpCode.objects.filter(account=in_harbour.staff["naima"]).exists()
    assert AuditEntry.objects.get(action="staff.suspended").detail["glass"] == str(made.id)
    assert glass.suspend_unreviewed(actor=system) == 0, "once is enough"


def test_one_that_was_looked_at_suspends_nobody_also_when_it_was_not_right(time, in_harbour):
    made = use(in_harbour)
    glass.review(actor=in_harbour.actors["coordinator"], glass=made, verdict="not_right", said="Talked about it.")
    time.shift(timedelta(days=30))
    assert glass.suspend_unreviewed(actor=in_harbour.system) == 0
    assert Staff.objects.get(username="naima").is_active


def test_only_an_administrator_lifts_it_with_a_reason_and_opening_the_account_again_is_no_way_around(time, in_harbour):
    use(in_harbour)
    time.shift(timedelta(hours=73))
    glass.suspend_unreviewed(actor=in_harbour.system)
    staff, admin = Staff.objects.get(username="naima"), in_harbour.actors["admin"]
    with pytest.raises(AccountProblem, match="suspended"):
        accounts.reopen(actor=admin, staff=staff)
    with pytest.raises(AccountProblem, match="why"):
        glass.lift(actor=admin, staff=staff, why="")
    with pytest.raises(Denied):
        glass.lift(actor=in_harbour.actors["coordinator"], staff=staff, why="needed")
    with pytest.raises(AccountProblem):
        glass.lift(actor=in_harbour.actors["keeper"], staff=staff, why="needed")
    glass.lift(actor=admin, staff=staff, why="nobody_was_there")
    assert Staff.objects.get(username="naima").is_active
    assert AuditEntry.objects.get(action="staff.suspension_lifted").detail["why"] == "nobody_was_there"
    time.shift(timedelta(days=1))
    assert glass.suspend_unreviewed(actor=in_harbour.system) == 0, "what was lifted is not suspended again"
    assert len(glass.to_review(in_harbour.actors["coordinator"])) == 1, "it still has to be looked at"


def test_the_last_administrator_is_not_suspended_and_an_alarm_says_so(time, in_harbour):
    RoleAssignment.objects.create(staff=in_harbour.staff["admin"], role="outreach", site=in_harbour.van)
    made = glass.break_glass(
        actor=organisations.actor_for(in_harbour.staff["admin"]), site=in_harbour.van, participant=ids.random(), why="danger", id=ids.random()
    )
    time.shift(timedelta(hours=73))
    for _run in range(3):
        assert glass.suspend_unreviewed(actor=in_harbour.system) == 0
    assert Staff.objects.get(username="admin").is_active
    assert [(alarm.reason, alarm.subject) for alarm in Alarm.objects.all()] == [("review_overdue", str(made.id))]


def test_an_account_that_was_ended_meanwhile_is_suspended_too_so_that_nobody_just_opens_it_again(time, in_harbour):
    use(in_harbour)
    accounts.end(actor=in_harbour.actors["admin"], staff=in_harbour.staff["naima"])
    time.shift(timedelta(hours=73))
    assert glass.suspend_unreviewed(actor=in_harbour.system) == 0
    assert GlassBreak.objects.get().suspended_at is not None
    with pytest.raises(AccountProblem):
        accounts.reopen(actor=in_harbour.actors["admin"], staff=Staff.objects.get(username="naima"))
