"""Somebody has died: reaching out stops, nothing later is recorded for them, and a wrong report can be taken back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handrail.facts import consents, participants, visits, wishes
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Aside, Consent, Fact, Participant
from handrail.facts.record import Draft, Mode, Refusal, Status, record, record_many
from handrail.facts.replay import rebuild, verify_chain
from handrail.facts.tests.test_wishes import CLINIC, DAY, FULL, at, give, merge, revoke, tell, visit, wish
from handrail.facts.wishes_reactor import AfterDeath, WishesReactor
from handrail.kernel import crypto, ids, scope
from handrail.kernel.database import as_owner
from tests import world as small_world

DIED = {"reported_by": "peer", "died_on": "2026-03-02", "cause": "unknown"}


def report(world, person, when=None, **changed):
    return wishes.report_death(
        actor=world.actors["naima"], site=world.van, participant=person, id=ids.new(), said=DIED | changed, at=when or at(12, days=1)
    )


def undo(world, person):
    return wishes.reverse_death(actor=world.actors["naima"], site=world.van, participant=person, id=ids.new(), why="did_not_happen")


def enrolled(world):
    person = ids.random()
    participants.enrol(actor=world.actors["naima"], site=world.van.id, code=crypto.new_code(), participant=person)
    return person


# -- at the door -----------------------------------------------------------------------------------------------------------


def test_a_visit_dated_after_the_death_is_refused_kindly_and_the_nameless_one_goes_on(in_harbour):
    person = enrolled(in_harbour)
    report(in_harbour, person)
    with pytest.raises(AfterDeath, match="everybody gets what they need"):
        visit(in_harbour, person, at(10, days=1))
    with pytest.raises(AfterDeath):
        visit(in_harbour, person, at(10, days=1), mode=Mode.CONFIRMED)
    assert {o.status for o in visit(in_harbour, None, at(10, days=1))} == {Status.ACCEPTED}


def test_what_was_done_before_the_death_is_accepted_however_late_it_is_written(in_harbour):
    person = enrolled(in_harbour)
    report(in_harbour, person)
    assert {o.status for o in visit(in_harbour, person, at(10, days=-3))} == {Status.ACCEPTED}
    assert {o.status for o in visit(in_harbour, person, at(20))} == {Status.ACCEPTED}, "the day itself is not after it"
    with pytest.raises(AfterDeath):
        visit(in_harbour, person, at(21, 30))  # half past midnight of the next day in Nairobi


@pytest.mark.parametrize(("precision", "fine", "after"), [("month", 27, 30), ("year", 300, 306)])
def test_of_a_death_known_by_month_or_year_only_the_whole_of_it_is_open(in_harbour, precision, fine, after):
    person = enrolled(in_harbour)
    report(in_harbour, person, at(12, days=400), precision=precision, died_on="2026-03-01" if precision == "month" else "2026-01-01")
    assert visit(in_harbour, person, at(9, days=fine))[0].status is Status.ACCEPTED
    with pytest.raises(AfterDeath):
        visit(in_harbour, person, at(9, days=after))


def test_nobody_lived_longer_than_until_the_report(in_harbour):
    person = enrolled(in_harbour)
    report(in_harbour, person, at(12, days=3), precision="month", died_on="2026-03-01")
    with pytest.raises(AfterDeath):
        visit(in_harbour, person, at(9, days=5))


def test_what_arrives_from_elsewhere_is_kept_aside_and_counts_when_the_report_was_wrong(in_harbour):
    person = enrolled(in_harbour)
    report(in_harbour, person)
    outcomes = visit(in_harbour, person, at(10, days=1), mode=Mode.ARRIVED)
    assert {(o.status, o.reason) for o in outcomes} == {(Status.QUARANTINED, "after_death")}
    decision = Draft(kind="facts.released", payload={"target": str(outcomes[0].id), "decision": "counts"})
    with pytest.raises(AfterDeath):
        record(decision, actor=in_harbour.system)
    undo(in_harbour, person)
    record(decision, actor=in_harbour.system)
    assert [f.id for f in visits.read(outcomes[0].id)] == [outcomes[0].id]
    assert verify_chain()[2] == []


def test_in_one_batch_what_was_sent_before_the_report_stays_and_what_came_after_does_not(in_harbour):
    person = enrolled(in_harbour)
    common = {"site": in_harbour.van.id, "participant": person}
    drafts = [
        Draft(kind="facts.encounter", payload=Encounter(), occurred_at=at(9, days=1), **common),
        Draft(kind="facts.died", payload=DIED, occurred_at=at(10, days=1), **common),
        Draft(kind="facts.encounter", payload=Encounter(), occurred_at=at(11, days=1), **common),
    ]
    assert [o.reason for o in record_many(drafts, actor=in_harbour.actors["naima"], mode=Mode.ARRIVED)] == ["", "", "after_death"]


def test_a_correction_cannot_move_a_visit_behind_the_death_but_may_put_right_what_stood_before_it_was_known(in_harbour):
    person, other, actor = enrolled(in_harbour), enrolled(in_harbour), in_harbour.actors["naima"]
    own, foreign = (visit(in_harbour, who, at(10, days=1))[0].id for who in (person, other))
    report(in_harbour, person, at(12, days=1))
    visits.correct(actor=actor, visit=own, correction=ids.new(), encounter=Encounter(on_behalf_of=2), parts=[], participant=person)
    assert visits.read(own)[0].parsed.on_behalf_of == 2
    with pytest.raises(AfterDeath):
        visits.correct(actor=actor, visit=foreign, correction=ids.new(), encounter=Encounter(), parts=[], participant=person)
    visits.correct(actor=actor, visit=own, correction=ids.new(), encounter=Encounter(), parts=[], participant=None)
    assert visits.read(own)[0].participant is None
    visits.take_back(actor=actor, visit=own, correction=ids.new(), why="wrong_visit")


def test_a_person_nobody_enrolled_can_die_too(in_harbour):
    person = ids.random()
    report(in_harbour, person)
    assert Participant.objects.get(id=person).status == "deceased"
    with pytest.raises(AfterDeath):
        visit(in_harbour, person, at(10, days=1))


def test_a_death_holds_for_every_record_of_a_merged_person(in_harbour):
    survivor, other = enrolled(in_harbour), enrolled(in_harbour)
    merge(in_harbour, survivor, other)
    report(in_harbour, other)
    for who in (survivor, other):
        with pytest.raises(AfterDeath):
            visit(in_harbour, who, at(10, days=1))
        assert not consents.may_contact(who)
    undo(in_harbour, survivor)
    assert visit(in_harbour, other, at(10, days=1))[0].status is Status.ACCEPTED


def test_the_day_has_come_and_somebody_is_named(in_harbour):
    with pytest.raises(Refusal, match="not come yet"):
        report(in_harbour, ids.random(), died_on="2026-03-05")
    with pytest.raises(Refusal, match="Find them first"):
        record(Draft(kind="facts.died", payload=DIED, site=in_harbour.van.id), actor=in_harbour.system)


# -- what follows ----------------------------------------------------------------------------------------------------------


def test_reaching_out_and_sharing_stop_and_the_person_stays_in_the_counts(in_harbour):
    person = enrolled(in_harbour)
    visit(in_harbour, person, at(9))
    give(in_harbour, person)
    give(in_harbour, person, purpose="contact_me")
    before = Fact.objects.filter(participant=person, kind="facts.encounter").count()
    report(in_harbour, person)
    assert not consents.may_contact(person)
    assert consents.allows(person, "guest_dosing", CLINIC, at(13, days=1)) is None
    row = Participant.objects.get(id=person)
    assert (row.status, str(row.died_on), row.status_at) == ("deceased", "2026-03-02", at(12, days=1))
    assert Fact.objects.filter(participant=person, kind="facts.encounter").count() == before == 1
    assert not Aside.objects.exists()


def test_a_wrong_report_taken_back_restores_everything(in_harbour):
    person = enrolled(in_harbour)
    wish(in_harbour, person, "moved", at(8))
    give(in_harbour, person)
    before = Participant.objects.values().get(id=person)
    report(in_harbour, person)
    report(in_harbour, person, at(14, days=1), died_on="2026-03-01", cause="illness")
    assert len(wishes.deaths(person)) == 1, "the later report replaces the one before"
    undo(in_harbour, person)
    after = Participant.objects.values().get(id=person)
    assert {k: v for k, v in after.items() if k != "key"} == {k: v for k, v in before.items() if k != "key"}
    assert visit(in_harbour, person, at(10, days=1))[0].status is Status.ACCEPTED
    assert consents.allows(person, "guest_dosing", CLINIC, at(13, days=1)) is not None


# -- what it costs ---------------------------------------------------------------------------------------------------------


def queries_of(world, person, *, without_rule=False, monkeypatch=None):
    if without_rule:
        monkeypatch.setattr(WishesReactor, "prepare", lambda self, steps, batch: None)
    with CaptureQueriesContext(connection, ) as counted:
        visit(world, person, DAY)
    return len(counted)


def test_a_nameless_visit_costs_no_query_more_and_a_named_one_costs_one(in_harbour, monkeypatch):
    person = enrolled(in_harbour)
    visit(in_harbour, person, DAY)
    nameless, named = queries_of(in_harbour, None), queries_of(in_harbour, person)
    free = queries_of(in_harbour, None, without_rule=True, monkeypatch=monkeypatch)
    assert (nameless, named) == (free, queries_of(in_harbour, person) + 1)


# -- replay ----------------------------------------------------------------------------------------------------------------


def mixed_history(world) -> None:
    """Everything of this file, corrected, taken back, merged, early, late and refused."""
    one, two, three = (enrolled(world) for _person in range(3))
    naima = world.actors["naima"]
    first = give(world, one)
    give(world, one, at(8), to_whom="Hilltop clinic")
    tell(world, one, at(8, 30))
    correction = Draft(
        kind="facts.consent", payload=FULL | {"scope": ["tests"]}, site=world.van.id, participant=one, supersedes=(first,), occurred_at=at(7)
    )
    record(correction, actor=naima)
    moved = replace(correction, id=ids.new(), participant=two, supersedes=(correction.id,))
    record(moved, actor=naima)
    revoke(world, two, at(10), consent=first)
    wish(world, two, "do_not_contact", at(9))
    wish(world, two, "left", at(8))
    report(world, three)
    visit(world, three, at(10, days=1), mode=Mode.ARRIVED)
    undo(world, three)
    fact = merge(world, one, two)
    report(world, two, at(13, days=1))
    late = ids.new()
    common = {"site": world.van.id, "participant": three}
    record(Draft(kind="facts.consent_revoked", payload={"consent": str(late)}, occurred_at=at(10), **common), actor=naima, mode=Mode.ARRIVED)
    record(Draft(kind="facts.consent", id=late, payload=FULL, occurred_at=at(9), **common), actor=naima, mode=Mode.ARRIVED)
    record(Draft(kind="facts.consent", payload=FULL | {"signed": False}, **common), actor=naima, mode=Mode.ARRIVED)
    record(Draft(kind="facts.taken_back", payload={"why": "did_not_happen"}, supersedes=(fact,)), actor=world.system)


def test_a_replay_of_a_mixed_history_makes_the_same_state(own_database):
    with as_owner():
        world = small_world.find()
        with scope.enter([world.harbour.key]):
            mixed_history(world)
            assert {"deceased", "active"} <= set(Participant.objects.values_list("status", flat=True))
            assert Consent.objects.filter(revoked_at=None).exists()
            assert Consent.objects.exclude(revoked_at=None).exists()
            assert rebuild() == []
            assert verify_chain()[2] == []


# -- planted bugs ----------------------------------------------------------------------------------------------------------


def test_a_door_that_forgot_the_dead_would_be_noticed(in_harbour, monkeypatch):
    monkeypatch.setattr(WishesReactor, "_is_after_death", lambda self, fact: False)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test_a_visit_dated_after_the_death_is_refused_kindly_and_the_nameless_one_goes_on(in_harbour)


def test_a_door_that_refused_everything_of_the_dead_would_be_noticed(in_harbour, monkeypatch):
    monkeypatch.setattr(WishesReactor, "_is_after_death", lambda self, fact: self._root(fact.participant) in self._deaths)
    with pytest.raises((AssertionError, AfterDeath)):
        test_what_was_done_before_the_death_is_accepted_however_late_it_is_written(in_harbour)


def test_a_rule_that_looked_only_at_the_named_record_would_be_noticed(in_harbour, monkeypatch):
    monkeypatch.setattr(consents, "selves", lambda participant: [participant])
    with pytest.raises((AssertionError, AfterDeath, pytest.fail.Exception)):
        test_a_death_holds_for_every_record_of_a_merged_person(in_harbour)
