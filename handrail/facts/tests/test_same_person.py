"""Two records of one person: nothing is joined by itself, everything follows a merge, and every merge can be undone."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import pytest

from handrail.facts import handles, organisations, participants, proposals, receipts, visits, wishes
from handrail.facts.corroboration import band_of, corroboration
from handrail.facts.honest_count import count_people
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Fact, Participant, Proposal, Receipt
from handrail.facts.participants import Look, find
from handrail.facts.people_fold import resolve
from handrail.facts.record import Draft, Mode, Refusal, Status, record
from handrail.facts.replay import rebuild
from handrail.facts.spec import KINDS
from handrail.kernel import clock, crypto, ids, scope
from handrail.kernel.access import Denied, Grant
from handrail.kernel.database import as_owner
from handrail.kernel.rooms import permissions_of
from tests import world as small_world
from tests.people import FITS, join


def card_for(world, **answers) -> tuple[str, uuid.UUID]:
    code, participant = crypto.new_code(), ids.random()
    participants.enrol(actor=world.actors["naima"], site=world.van.id, code=code, participant=participant, **answers)
    return code, participant


def alike(world) -> tuple[str, uuid.UUID]:
    """Somebody with the same age and language as everybody else here."""
    return card_for(world, profile=KINDS["facts.profile"].payload(birth_year=1985, languages=("ru",)))


def steward(world):
    actor = world.actors["coordinator"]
    return type(actor)(**{**actor.__dict__, "grants": (Grant("data_steward", permissions_of("data_steward"), None),)})


def merge(world, survivor: uuid.UUID, other: uuid.UUID, *, actor=None) -> uuid.UUID:
    return join(world, survivor, other, actor=actor or steward(world))


def undo(world, fact: uuid.UUID) -> None:
    proposals.undo(actor=steward(world), merge=fact)


def came(world, person: uuid.UUID | None, **parts) -> uuid.UUID:
    visit = ids.new()
    visits.save(
        actor=world.actors["naima"], visit=visit, site=world.van.id, occurred_at=clock.now(), encounter=Encounter(**parts),
        parts=[visits.Part("exchange.returned", KINDS["exchange.returned"].payload(quantity=5))] if not parts else [], participant=person,
    )
    return visit


# -- merging -------------------------------------------------------------------------------------------------------------------


def test_after_a_merge_either_card_finds_the_survivor_and_after_undo_each_its_own(in_harbour):
    (first, one), (second, other) = card_for(in_harbour), card_for(in_harbour)
    fact = merge(in_harbour, one, other)
    assert find(first).survivor == find(second).survivor == one
    assert participants.survivors() == {other: one}
    assert participants.group(other) == participants.group(one) == [one, other]
    undo(in_harbour, fact)
    undo(in_harbour, fact)
    assert (find(first).participant, find(second).participant) == (one, other)
    assert participants.survivors() == {}
    assert Fact.objects.filter(kind="facts.taken_back").count() == 1


def test_a_chain_leads_to_the_last_survivor_and_comes_apart_link_by_link(in_harbour):
    (a_card, a), (b_card, b), (_c_card, c) = (card_for(in_harbour) for _person in range(3))
    first, second = merge(in_harbour, b, a), merge(in_harbour, c, b)
    assert participants.survivors() == {a: c, b: c}
    assert find(a_card).survivor == c
    undo(in_harbour, second)
    assert participants.survivors() == {a: b}
    undo(in_harbour, first)
    assert (find(a_card).participant, find(b_card).participant) == (a, b)


def test_what_either_said_counts_for_the_survivor_and_leaves_with_the_undo(in_harbour):
    _first, one = card_for(in_harbour, birth_year=1985)
    _second, other = card_for(in_harbour, injects="last_month")
    fact = merge(in_harbour, one, other)
    assert (Participant.objects.get(id=one).injects, Participant.objects.get(id=one).birth_year) == ("last_month", 1985)
    undo(in_harbour, fact)
    assert Participant.objects.get(id=one).injects == ""
    assert Participant.objects.get(id=other).injects == "last_month"


def test_a_circle_a_second_merge_and_a_merge_with_oneself_are_refused(in_harbour):
    (_f, one), (_s, other), (_t, third) = (card_for(in_harbour) for _person in range(3))
    merge(in_harbour, one, other)
    with pytest.raises(Refusal, match="other way round"):
        merge(in_harbour, other, one)
    with pytest.raises(Refusal, match="joined with another before"):
        merge(in_harbour, third, other)
    with pytest.raises(Refusal, match="one record already"):
        merge(in_harbour, one, one)
    assert participants.survivors() == {other: one}


def test_a_deceased_person_is_never_joined_with_a_living_one(in_harbour):
    (_f, one), (_s, other) = card_for(in_harbour), card_for(in_harbour)
    said = {"reported_by": "peer", "died_on": clock.now().date().isoformat()}
    wishes.report_death(actor=in_harbour.actors["naima"], site=in_harbour.van, participant=one, id=ids.new(), said=said)
    for survivor, gone in ((one, other), (other, one)):
        with pytest.raises(Refusal, match="deceased"):
            merge(in_harbour, survivor, gone)


def test_somebody_known_only_inside_a_closed_place_is_not_joined_with_somebody_outside(in_harbour):
    unit = organisations.create_site(actor=in_harbour.system, name="Unit 4", kind="prison_unit", closed_setting="prison", time_zone="UTC")
    held, (_card, outside) = ids.random(), card_for(in_harbour)
    participants.enrol(actor=in_harbour.system, site=unit.id, code=crypto.new_code(), participant=held)
    with pytest.raises(Refusal, match="closed place"):
        merge(in_harbour, outside, held, actor=in_harbour.system)


def test_one_fact_that_fits_is_not_enough():
    with pytest.raises(ValueError, match="Two facts"):
        KINDS["facts.merged"].payload(survivor=ids.random(), other=ids.random(), corroborating=("age_band", "age_band"), person_agreed="yes")


def test_only_a_steward_joins_records(in_harbour):
    (_f, one), (_s, other) = card_for(in_harbour), card_for(in_harbour)
    with pytest.raises(Refusal, match="cannot record"):
        merge(in_harbour, one, other, actor=in_harbour.actors["coordinator"])


@pytest.mark.parametrize(
    ("merges", "expected"),
    [
        ("ab", {"b": "a"}), ("ab bc", {"b": "a", "c": "a"}), ("ab ca", {"a": "c", "b": "c"}), ("ab ba", {"b": "a"}), ("ab cb", {"b": "c"}),
        ("ab bc ca", {"b": "a", "c": "a"}), ("ab cd bd", {"b": "a", "d": "a"}),
    ],
)
def test_merges_that_arrive_in_any_shape_end_somewhere(merges, expected):
    people = {letter: uuid.UUID(int=ord(letter)) for letter in "abcd"}
    found = resolve([(people[pair[0]], people[pair[1]]) for pair in merges.split()])
    assert found == {people[other]: people[survivor] for other, survivor in expected.items()}


# -- reviewing -----------------------------------------------------------------------------------------------------------------


def pair(world) -> Proposal:
    (_f, older), (_s, newer) = alike(world), alike(world)
    return proposals.propose(newer=newer, older=older, actor=world.system)


def decide(world, proposal, outcome="same", ticked=FITS, agreed="yes", decision=None, actor=None):
    return proposals.decide(
        actor=actor or steward(world), proposal=proposal, outcome=outcome, corroborating=list(ticked), agreed=agreed, decision=decision or ids.new()
    )


def test_a_steward_says_same_with_two_facts_once(in_harbour):
    proposal, decision = pair(in_harbour), ids.new()
    for _twice in range(2):
        decide(in_harbour, proposal, decision=decision)
    assert participants.survivors() == {proposal.newer: proposal.older}
    assert (proposal.state, proposal.person_agreed) == ("same", True)
    assert [fact.id for fact in proposals.merges()] == [decision]
    proposals.undo(actor=steward(in_harbour), merge=decision)
    assert Proposal.objects.get().state == "unsure"
    assert participants.survivors() == {}
    decide(in_harbour, Proposal.objects.get())
    assert participants.survivors() == {proposal.newer: proposal.older}


@pytest.mark.parametrize(
    ("ticked", "agreed", "sentence"),
    [
        (["age_band"], "yes", "Two facts"), (["age_band", "handle"], "yes", "Two facts"), (FITS, "no", "stay apart"), (FITS, "", "said yes"),
        (["age_band", "invented"], "yes", "Two facts"),
    ],
)
def test_same_is_refused_when_too_little_fits_or_the_person_said_no(in_harbour, ticked, agreed, sentence):
    proposal = pair(in_harbour)
    with pytest.raises(Refusal, match=sentence):
        decide(in_harbour, proposal, ticked=ticked, agreed=agreed)
    assert participants.survivors() == {}


@pytest.mark.parametrize("outcome", ["different", "unsure"])
def test_two_people_and_not_sure_join_nothing(in_harbour, outcome):
    proposal = decide(in_harbour, pair(in_harbour), outcome=outcome, ticked=(), agreed="")
    assert proposal.state == outcome
    assert len(proposals.open_ones(steward(in_harbour))) == (outcome == "unsure")
    assert participants.survivors() == {}


def test_a_reviewer_without_the_right_to_join_only_sees(in_harbour):
    with pytest.raises(Denied):
        decide(in_harbour, pair(in_harbour), actor=in_harbour.actors["coordinator"])


def test_side_by_side_stands_only_what_can_speak_for_it(in_harbour):
    proposal = pair(in_harbour)
    handles.set_handle(actor=in_harbour.system, participant=proposal.newer, word="Robin")
    handles.set_handle(actor=in_harbour.system, participant=proposal.older, word="robin")
    came(in_harbour, proposal.newer)
    said = {fit.code.value: (fit.newer, fit.older, fit.fits) for fit in corroboration(proposal.newer, proposal.older)}
    assert said == {
        "age_band": ("40–49", "40–49", True), "handle": ("Robin", "robin", True), "language": ("Русский", "Русский", True),
        "usual_site": ("Van 1", "", False), "issued_card": ("Yes", "Yes", None),
    }


def test_the_age_band_follows_from_the_year_or_is_as_they_said():
    on = date(2026, 3, 15)
    assert [band_of(Participant(birth_year=year), on) for year in (2012, 2011, 2007, 2001, 1966)] == [
        "under_15", "15_19", "15_19", "25_29", "60_plus",
    ]
    assert band_of(Participant(age_band="20_24"), on) == "20_24"
    assert band_of(Participant(), on) == ""


# -- receipts -------------------------------------------------------------------------------------------------------------------


def test_a_receipt_makes_a_visit_theirs_once_and_totals_stay(in_harbour):
    naima, (_card, person) = in_harbour.actors["naima"], card_for(in_harbour)
    visit = came(in_harbour, None)
    code = receipts.issue(actor=naima, visit=visit)
    before = [(fact.kind, fact.raw) for fact in visits.read(visit)]
    assert receipts.claim(actor=in_harbour.actors["elsewhere"], code=code.lower(), participant=person) == visit
    now = visits.read(visit)
    assert [(fact.kind, fact.raw) for fact in now] == before
    assert {fact.participant for fact in now} == {person}
    assert now[0].staff == in_harbour.staff["elsewhere"].id
    with pytest.raises(Refusal, match="used before"):
        receipts.claim(actor=naima, code=code, participant=person)
    assert {bytes(row.token) for row in Receipt.objects.all()}.isdisjoint({code.replace("-", "").encode()})


def test_a_receipt_is_refused_when_mistyped_unknown_too_old_or_too_late(in_harbour, monkeypatch):
    naima, (_card, person) = in_harbour.actors["naima"], card_for(in_harbour)
    visit = came(in_harbour, None)
    code = receipts.issue(actor=naima, visit=visit)
    for typed, sentence in (("7HR-9V4-99P-2", "symbols is wrong"), (crypto.new_code(), "not known")):
        with pytest.raises(Refusal, match=sentence):
            receipts.claim(actor=naima, code=typed, participant=person)
    real = clock.now()
    monkeypatch.setattr(clock, "now", lambda: real + timedelta(days=30, minutes=1))
    with pytest.raises(Refusal, match="more than 30 days ago"):
        receipts.claim(actor=naima, code=code, participant=person)
    monkeypatch.setattr(clock, "now", lambda: real + timedelta(days=30, minutes=-1))
    receipts.claim(actor=naima, code=code, participant=person)


def test_the_thirty_days_run_from_the_visit_and_not_from_the_slip(in_harbour, monkeypatch):
    naima, (_card, person) = in_harbour.actors["naima"], card_for(in_harbour)
    visit, real = came(in_harbour, None), clock.now()
    monkeypatch.setattr(clock, "now", lambda: real + timedelta(days=29))
    code = receipts.issue(actor=naima, visit=visit)
    monkeypatch.setattr(clock, "now", lambda: real + timedelta(days=31))
    with pytest.raises(Refusal, match="more than 30 days ago"):
        receipts.claim(actor=naima, code=code, participant=person)
    with pytest.raises(Refusal, match="in the last 30 days"):
        receipts.issue(actor=naima, visit=visit)


def test_only_a_visit_of_one_person_without_a_code_has_a_receipt(in_harbour):
    naima, (_card, person) = in_harbour.actors["naima"], card_for(in_harbour)
    for visit in (came(in_harbour, person), came(in_harbour, None, people_count=3), ids.new()):
        with pytest.raises(Refusal, match="one person without a code"):
            receipts.issue(actor=naima, visit=visit)


def test_a_second_slip_for_the_same_visit_replaces_the_first(in_harbour):
    naima, (_card, person) = in_harbour.actors["naima"], card_for(in_harbour)
    visit = came(in_harbour, None)
    first, second = receipts.issue(actor=naima, visit=visit), receipts.issue(actor=naima, visit=visit)
    with pytest.raises(Refusal, match="not known"):
        receipts.claim(actor=naima, code=first, participant=person)
    receipts.claim(actor=naima, code=second, participant=person)


def test_a_receipt_is_not_a_card(in_harbour):
    code = receipts.issue(actor=in_harbour.actors["naima"], visit=came(in_harbour, None))
    assert find(code).look is Look.UNKNOWN


# -- counting ---------------------------------------------------------------------------------------------------------------------


def test_example_5_three_honest_numbers():
    found = count_people(coded_people=420, coded_contacts=1680, uncoded_contacts=900)
    assert (found.coded, found.uncoded, found.estimate, found.at_most) == (420, 900, 645, 1320)


def test_without_coded_people_there_is_no_estimate():
    assert count_people(coded_people=0, coded_contacts=0, uncoded_contacts=7).estimate is None
    assert count_people(coded_people=2, coded_contacts=4, uncoded_contacts=1).estimate == 3  # 2.5, half up
    with pytest.raises(ValueError, match="at least once"):
        count_people(coded_people=2, coded_contacts=1, uncoded_contacts=0)


def test_a_merge_that_arrives_and_cannot_be_is_kept_aside_and_says_why(in_harbour):
    _card, one = card_for(in_harbour)
    other = ids.random()
    merge(in_harbour, one, other)
    payload = {"survivor": str(other), "other": str(one), "corroborating": FITS, "person_agreed": "yes"}
    outcome = record(Draft(kind="facts.merged", participant=other, payload=payload), actor=in_harbour.system, mode=Mode.ARRIVED)
    assert (outcome.status, outcome.reason) == (Status.QUARANTINED, "cannot_be")
    assert participants.survivors() == {other: one}


def test_people_and_merges_are_the_same_when_every_fact_is_folded_again(own_database):
    found = small_world.find()
    with as_owner(), scope.enter([found.harbour.key]):
        (_a, a), (_b, b), (_c, c) = (alike(found) for _person in range(3))
        first, second = merge(found, b, a), merge(found, c, b)
        record(Draft(kind="facts.profile", site=found.van.id, participant=a, payload={"homeless": "yes"}), actor=found.system)
        undo(found, first)
        merge(found, c, a)
        undo(found, second)
        enrolled = Fact.objects.get(participant=b, kind="facts.enrolled").id
        record(Draft(kind="facts.taken_back", payload={"why": "entered_twice"}, supersedes=(enrolled,)), actor=found.system)
        assert participants.survivors() == {a: c}
        assert Participant.objects.get(id=c).flags["homeless"]["answer"] == "yes"
        assert rebuild() == []
