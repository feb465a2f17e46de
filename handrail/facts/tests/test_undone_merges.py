"""A joining that turns out wrong: whatever was recorded in between stays with the record whose card was shown."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from handrail.facts import consents, handles, meanwhile, participants, visits, wishes
from handrail.facts.corroboration import corroboration
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Consent, Participant
from handrail.facts.people_fold import People
from handrail.facts.record import Draft, Mode, Refusal, record, record_many
from handrail.facts.replay import rebuild
from handrail.facts.tests.test_same_person import came, card_for, steward, undo
from handrail.facts.tests.test_wishes import CLINIC, FULL
from handrail.facts.wishes_reactor import AfterDeath
from handrail.kernel import clock, crypto, ids, scope
from handrail.kernel.database import as_owner
from tests import world as small_world
from tests.people import FITS, join, say_alike


class Two:
    """Two cards of two people who were joined by mistake."""

    def __init__(self, world) -> None:
        self.world, self.naima = world, world.actors["naima"]
        (self.first, self.one), (self.second, self.other) = card_for(world), card_for(world)
        self.merge = join(world, self.one, self.other, actor=steward(world))

    def shown(self) -> uuid.UUID:
        """Who the second card finds, as every page does."""
        found = participants.find(self.second).participant
        assert found is not None
        return found

    def undo(self) -> None:
        undo(self.world, self.merge)

    def lines(self) -> dict[str, meanwhile.Line]:
        joined = meanwhile.find(self.merge)
        assert joined is not None
        return {str(line.title): line for line in meanwhile.recorded(joined)}

    def assign(self, line: meanwhile.Line) -> None:
        joined = meanwhile.find(self.merge)
        assert joined is not None
        meanwhile.assign(actor=steward(self.world), joined=joined, key=line.key, to=line.other)


@pytest.fixture
def two(in_harbour) -> Two:
    return Two(in_harbour)


def status_of(who: uuid.UUID) -> str:
    return consents.standing([who])[who]


def refuse_contact(two: Two, who: uuid.UUID) -> None:
    wishes.set_status(actor=two.naima, site=two.world.van, participant=who, id=ids.new(), status="do_not_contact")


def report_death(two: Two, who: uuid.UUID) -> None:
    said = {"reported_by": "peer", "died_on": two.world.van.today.isoformat()}
    wishes.report_death(actor=two.naima, site=two.world.van, participant=who, id=ids.new(), said=said)


# -- what stays with whom --------------------------------------------------------------------------------------------------------


def test_a_visit_recorded_with_a_card_is_of_that_cards_record_after_the_undo(two):
    visit = came(two.world, two.shown())
    assert visits.read(visit)[0].participant == two.other
    two.undo()
    assert visits.read(visit)[0].participant == two.other


def test_a_consent_given_while_joined_is_of_whoever_showed_the_card(two):
    wishes.give_consent(actor=two.naima, site=two.world.van, participant=two.shown(), id=ids.new(), said=FULL)
    assert consents.allows(two.one, "guest_dosing", CLINIC, clock.now()) is not None, "while they count as one it holds for both"
    two.undo()
    assert consents.allows(two.other, "guest_dosing", CLINIC, clock.now()) is not None
    assert consents.allows(two.one, "guest_dosing", CLINIC, clock.now()) is None


def test_a_wish_not_to_be_contacted_is_not_lost_by_an_undo(two):
    refuse_contact(two, two.shown())
    assert (status_of(two.one), status_of(two.other)) == ("do_not_contact", "do_not_contact")
    two.undo()
    assert (status_of(two.one), status_of(two.other)) == ("active", "do_not_contact")


def test_a_wish_from_before_the_joining_comes_back_although_the_other_said_something_else_meanwhile(in_harbour):
    (_f, one), (_s, other) = card_for(in_harbour), card_for(in_harbour)
    two = Two.__new__(Two)
    two.world, two.naima, two.one, two.other = in_harbour, in_harbour.actors["naima"], one, other
    refuse_contact(two, other)
    two.merge = join(in_harbour, one, other, actor=steward(in_harbour))
    wishes.set_status(actor=two.naima, site=in_harbour.van, participant=one, id=ids.new(), status="active")
    assert status_of(one) == "active"
    two.undo()
    assert (status_of(one), status_of(other)) == ("active", "do_not_contact")


def test_a_death_reported_while_joined_is_not_lost_by_an_undo(two):
    report_death(two, two.shown())
    assert (status_of(two.one), status_of(two.other)) == ("deceased", "deceased")
    two.undo()
    assert (status_of(two.one), status_of(two.other)) == ("active", "deceased")


def test_a_handle_set_while_joined_is_seen_on_both_and_stays_with_the_card_that_was_shown(two):
    handles.set_handle(actor=two.naima, participant=two.one, word="Robin")
    handles.set_handle(actor=two.naima, participant=two.shown(), word="Wren")
    assert handles.name_of(two.one) == handles.name_of(two.other) == "Wren", "what was said last is what they are called"
    two.undo()
    assert (handles.name_of(two.one), handles.name_of(two.other)) == ("Robin", "Wren")


def test_a_card_given_while_joined_finds_the_record_whose_card_was_shown(two):
    code = crypto.new_code()
    participants.replace_cards(actor=two.naima, participant=two.shown(), code=code, site=two.world.van)
    assert participants.find(code).survivor == two.one
    two.undo()
    assert participants.find(code).survivor == two.other


def test_what_was_taken_back_while_joined_stays_taken_back_for_both(two):
    for who in (two.one, two.other):
        wishes.give_consent(actor=two.naima, site=two.world.van, participant=who, id=ids.new(), said=FULL)
    wishes.revoke(actor=two.naima, site=two.world.van, participant=two.shown(), id=ids.new())
    two.undo()
    assert not Consent.objects.filter(revoked_at=None).exists()


# -- whose is it? ------------------------------------------------------------------------------------------------------------------


def test_after_an_undo_what_was_recorded_in_between_is_listed_and_can_be_given_to_the_other(two):
    came(two.world, two.one)  # before the two were told apart, and with the wrong card
    refuse_contact(two, two.one)
    report_death(two, two.one)
    wishes.give_consent(actor=two.naima, site=two.world.van, participant=two.one, id=ids.new(), said=FULL)
    code = crypto.new_code()
    participants.issue_card(actor=two.naima, participant=two.one, code=code)
    handles.set_handle(actor=two.naima, participant=two.one, word="Wren")
    two.undo()
    came(two.world, two.one)
    lines = two.lines()
    assert set(lines) == {"Visit", "How the person stands with us", "A person has died", "Consent", "Card or code", "Handle: Wren"}
    assert [line.is_wish for line in lines.values()] == [True, True, False, False, False, False]
    for line in lines.values():
        two.assign(line)
        two.assign(line)
    assert {line.with_whom for line in two.lines().values()} == {two.other}
    assert (status_of(two.one), status_of(two.other)) == ("active", "deceased")
    assert participants.find(code).participant == two.other
    assert handles.name_of(two.other) == "Wren"
    assert consents.allows(two.one, "guest_dosing", CLINIC, clock.now()) is None
    assert Consent.objects.get().participant == two.other


# -- what a merge has to be ----------------------------------------------------------------------------------------------------------


def merge_draft(survivor: uuid.UUID, other: uuid.UUID, *, envelope: uuid.UUID | None, **said) -> Draft:
    payload = {"survivor": str(survivor), "other": str(other), "corroborating": FITS, "person_agreed": "yes"} | said
    return Draft(kind="facts.merged", participant=envelope, payload=payload)


@pytest.mark.parametrize("named", ["nobody", "other"])
def test_a_merge_whose_envelope_does_not_name_the_survivor_is_refused(in_harbour, named):
    (_f, one), (_s, other) = card_for(in_harbour), card_for(in_harbour)
    say_alike(in_harbour, one, other)
    draft = merge_draft(one, other, envelope=other if named == "other" else None)
    with pytest.raises(Refusal, match="who stands for both"):
        record(draft, actor=steward(in_harbour))
    assert record(draft, actor=steward(in_harbour), mode=Mode.ARRIVED).reason == "cannot_be"


def test_a_survivor_refreshed_alone_keeps_what_the_other_said_however_the_merge_was_addressed(in_harbour, monkeypatch):
    (_f, one), (_s, other) = card_for(in_harbour), card_for(in_harbour)
    wishes.set_status(actor=in_harbour.actors["naima"], site=in_harbour.van, participant=other, id=ids.new(), status="do_not_contact")
    monkeypatch.setattr("handrail.facts.people_rules._RULES", {})  # as such a merge was let in before there was a rule
    record(merge_draft(one, other, envelope=None), actor=steward(in_harbour))
    People(in_harbour.harbour.key, 10**6).refresh({one})
    assert status_of(one) == "do_not_contact"
    assert Participant.objects.get(id=other).merged_into == one


def test_a_merge_that_the_person_refused_or_that_nobody_compared_is_refused_at_the_door(in_harbour):
    (_f, one), (_s, other) = card_for(in_harbour), card_for(in_harbour)
    with pytest.raises(Refusal, match="fit together"):
        record(merge_draft(one, other, envelope=one), actor=steward(in_harbour))
    say_alike(in_harbour, one, other)
    with pytest.raises(Refusal, match="stay apart"):
        record(merge_draft(one, other, envelope=one, person_agreed="no"), actor=steward(in_harbour))
    record(merge_draft(one, other, envelope=one), actor=steward(in_harbour))


def test_what_speaks_for_a_merge_is_compared_over_all_records_of_a_person(in_harbour):
    (_f, one), (_s, other), (_t, third) = (card_for(in_harbour) for _person in range(3))
    say_alike(in_harbour, third)
    handles.set_handle(actor=in_harbour.system, participant=other, word="Wren")
    handles.set_handle(actor=in_harbour.system, participant=third, word="wren")
    came(in_harbour, other)
    came(in_harbour, third)
    join(in_harbour, one, other)
    fits = {fit.code.value: fit.fits for fit in corroboration(third, other)}
    assert fits == {"age_band": True, "handle": True, "language": True, "usual_site": True, "issued_card": None}
    assert [fit.fits for fit in corroboration(third, one)] == list(fits.values())


# -- rules between facts of one batch ------------------------------------------------------------------------------------------------


def died_draft(world, who: uuid.UUID, **more) -> Draft:
    said = {"reported_by": "peer", "died_on": world.van.today.isoformat()}
    return Draft(kind="facts.died", site=world.van.id, participant=who, payload=said, **more)


def test_a_death_and_a_merge_with_somebody_alive_do_not_pass_in_one_batch(in_harbour):
    (_f, one), (_s, other) = card_for(in_harbour), card_for(in_harbour)
    say_alike(in_harbour, one, other)
    drafts = [died_draft(in_harbour, other), merge_draft(one, other, envelope=one)]
    with pytest.raises(Refusal, match="deceased"):
        record_many(drafts, actor=in_harbour.system)
    assert [o.reason for o in record_many(drafts, actor=in_harbour.system, mode=Mode.ARRIVED)] == ["", "cannot_be"]


def test_two_merges_of_one_record_do_not_pass_in_one_batch(in_harbour):
    (_f, one), (_s, other), (_t, third) = (card_for(in_harbour) for _person in range(3))
    say_alike(in_harbour, one, other, third)
    for second in (merge_draft(third, other, envelope=third), merge_draft(other, one, envelope=other)):
        sent = record_many([merge_draft(one, other, envelope=one), second], actor=in_harbour.system, mode=Mode.ARRIVED)
        assert [o.reason for o in sent] == ["", "cannot_be"]
        undo(in_harbour, sent[0].id)


def test_a_visit_after_a_death_is_refused_in_the_same_batch_whichever_record_it_names(two):
    world, tomorrow = two.world, clock.now() + timedelta(days=1)
    later = Draft(kind="facts.encounter", payload=Encounter(), site=world.van.id, participant=two.one, occurred_at=tomorrow)
    with pytest.raises(AfterDeath):
        record_many([died_draft(world, two.other), later], actor=world.system)


def test_a_visit_after_a_death_is_refused_when_the_merge_comes_in_the_same_batch(in_harbour):
    (_f, one), (_s, other) = card_for(in_harbour), card_for(in_harbour)
    say_alike(in_harbour, one, other)
    later = Draft(kind="facts.encounter", payload=Encounter(), site=in_harbour.van.id, participant=other, occurred_at=clock.now() + timedelta(days=1))
    drafts = [merge_draft(one, other, envelope=one), died_draft(in_harbour, one), later]
    assert [o.reason for o in record_many(drafts, actor=in_harbour.system, mode=Mode.ARRIVED)] == ["", "", "after_death"]


def test_a_consent_and_a_wish_of_the_same_batch_are_heard_by_what_is_told_after_them(two):
    given = ids.new()
    common = {"site": two.world.van.id, "participant": two.other}
    told = {"what": ["treatment"], "to_whom": CLINIC, "basis": "consent", "purpose": "tracing", "notice_sent": True, "consent": str(given)}
    drafts = [
        Draft(kind="facts.consent", id=given, payload=FULL | {"purpose": "tracing"}, **common),
        Draft(kind="facts.disclosed", payload=told, site=two.world.van.id, participant=two.one),
        Draft(kind="facts.status", payload={"status": "do_not_contact"}, **common),
        Draft(kind="facts.disclosed", payload=told, site=two.world.van.id, participant=two.one),
    ]
    assert [o.reason for o in record_many(drafts, actor=two.naima, mode=Mode.ARRIVED)] == ["", "", "", "no_basis"]


# -- replay --------------------------------------------------------------------------------------------------------------------------


def test_all_of_this_folds_again_to_the_same(own_database):
    world = small_world.find()
    with as_owner(), scope.enter([world.harbour.key]):
        two = Two(world)
        came(world, two.other)
        refuse_contact(two, two.one)
        wishes.give_consent(actor=two.naima, site=world.van, participant=two.other, id=ids.new(), said=FULL)
        wishes.revoke(actor=two.naima, site=world.van, participant=two.other, id=ids.new())
        two.undo()
        for line in two.lines().values():
            two.assign(line)
        assert rebuild() == []
