"""Consent, contact, and what is told to others (`domain/people.md` 6)."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest

from handrail.facts import consents, organisations, visits, wishes
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Aside, Consent, Fact, Participant, Setting
from handrail.facts.record import Draft, Mode, Refusal, Status, record, record_many
from handrail.facts.spec import KINDS
from handrail.facts.wishes_reactor import Incomplete, NoBasis
from handrail.kernel import clock, ids, scope
from tests.people import join

DAY = datetime(2026, 3, 2, 7, tzinfo=UTC)
CLINIC = "Riverside clinic"
FULL = {
    "purpose": "guest_dosing", "scope": ["treatment"], "from_whom": "this_programme", "to_whom": CLINIC, "until": "end_of_treatment",
    "how": "written", "says_who": True, "revocation_explained": True, "signed": True, "given_on": "2026-03-02",
    "text_language": "en", "text_version": "3", "copy_given": True,
}


def at(hour: int, minute: int = 0, days: int = 0) -> datetime:
    return DAY.replace(hour=hour, minute=minute) + timedelta(days=days)


def give(world, person: uuid.UUID, when: datetime = DAY, **changed) -> uuid.UUID:
    fact = ids.new()
    wishes.give_consent(actor=world.actors["naima"], site=world.van, participant=person, id=fact, said=FULL | changed, at=when)
    return fact


def tell(world, person: uuid.UUID, when: datetime, **changed):
    said = {"what": ["treatment"], "to_whom": CLINIC, "basis": "consent", "purpose": "guest_dosing", "notice_sent": True} | changed
    return wishes.disclose(actor=world.actors["naima"], site=world.van, participant=person, id=ids.new(), at=when, **said)


def revoke(world, person: uuid.UUID, when: datetime, **named):
    return wishes.revoke(actor=world.actors["naima"], site=world.van, participant=person, id=ids.new(), at=when, **named)


def visit(world, person: uuid.UUID | None, when: datetime | None = None, mode: Mode = Mode.TYPED):
    given = KINDS["exchange.given"].payload.model_validate({"lines": [{"item": "syringe-1ml-29g", "quantity": 10}]})
    return visits.save(
        actor=world.actors["naima"], visit=ids.new(), site=world.van.id, occurred_at=when or clock.now(), encounter=Encounter(),
        parts=[visits.Part("exchange.given", given)], participant=person, mode=mode,
    )


def set_profile(world, value: str, *, approved: bool = True) -> None:
    Setting.objects.create(
        organisation=world.harbour, name="consent_profile", value=value, valid_from=date(2020, 1, 1),
        approved_at=clock.now() if approved else None,
    )


def merge(world, survivor: uuid.UUID, other: uuid.UUID) -> uuid.UUID:
    return join(world, survivor, other)


# -- worked example 6 ------------------------------------------------------------------------------------------------------


def test_a_consent_without_its_date_is_not_activated_and_the_missing_element_is_named(in_harbour):
    with pytest.raises(Incomplete) as refused:
        give(in_harbour, ids.random(), given_on=None)
    assert refused.value.problems == (("given_on", "9 date"),)
    assert not Consent.objects.exists()


def test_revoked_at_ten_a_share_at_one_past_is_refused_and_the_dose_at_home_goes_on(in_harbour):
    person = ids.random()
    give(in_harbour, person)
    assert tell(in_harbour, person, at(9, 59)).status is Status.ACCEPTED
    revoke(in_harbour, person, at(10))
    with pytest.raises(NoBasis):
        tell(in_harbour, person, at(10, 1))
    assert consents.allows(person, "guest_dosing", CLINIC, at(9, 59)) is not None
    assert consents.allows(person, "guest_dosing", CLINIC, at(10)) is None
    assert {outcome.status for outcome in visit(in_harbour, person, at(10, 2))} == {Status.ACCEPTED}
    assert len(wishes.disclosures(person)) == 1, "what was told before stays listed"


# -- which elements --------------------------------------------------------------------------------------------------------

LACKING = [
    ({"says_who": False}, "1 name or code"), ({"from_whom": None}, "2 who may tell"), ({"scope": []}, "3 what may be told"),
    ({"to_whom": ""}, "4 to whom"), ({"revocation_explained": False}, "6 how to take it back"), ({"until": None}, "7 until when"),
    ({"signed": False}, "8 signature"), ({"given_on": None}, "9 date"),
    ({"to_whom": "treating_services"}, "+ that it may be told on"),
    ({"to_whom": "treating_services", "purpose": "public_story", "redisclosure_explained": True}, "4 to whom"),
]


@pytest.mark.parametrize(("changed", "said"), LACKING)
def test_each_missing_element_is_named(in_harbour, changed, said):
    with pytest.raises(Incomplete) as refused:
        give(in_harbour, ids.random(), **changed)
    assert [sentence for _field, sentence in refused.value.problems] == [said]


def test_a_spoken_consent_has_a_witness_in_place_of_the_signature(in_harbour):
    spoken = {"how": "verbal_witnessed", "signed": False, "witness": "peer"}
    with pytest.raises(Incomplete, match="8 signature"):
        give(in_harbour, ids.random(), **spoken)
    set_profile(in_harbour, "verbal")
    with pytest.raises(Incomplete, match="8 witness"):
        give(in_harbour, ids.random(), **spoken | {"witness": None})
    give(in_harbour, ids.random(), **spoken)
    assert Fact.objects.get(kind="facts.consent").payload["profile"] == "verbal"


def test_a_profile_that_nobody_approved_is_the_strictest_one(in_harbour):
    set_profile(in_harbour, "verbal", approved=False)
    assert consents.profile_now() == "part2"


def test_a_device_cannot_choose_an_easier_profile(in_harbour):
    draft = Draft(
        kind="facts.consent", participant=ids.random(), site=in_harbour.van.id,
        payload=FULL | {"profile": "verbal", "how": "verbal_witnessed", "signed": False, "witness": "peer"},
    )
    with pytest.raises(Incomplete):
        record(draft, actor=in_harbour.actors["naima"])
    assert record(draft, actor=in_harbour.actors["naima"], mode=Mode.ARRIVED).reason == "consent_incomplete"
    assert not Consent.objects.exists()


@pytest.mark.parametrize("typed", ["call 0712 345 678", "mail a@b.org"])
def test_a_recipient_is_a_service_and_not_a_number_or_address(in_harbour, typed):
    with pytest.raises(Refusal):
        give(in_harbour, ids.random(), to_whom=typed)


# -- what holds ------------------------------------------------------------------------------------------------------------


def test_the_later_of_two_consents_of_one_purpose_and_recipient_supersedes(in_harbour):
    person = ids.random()
    first = give(in_harbour, person, scope=["treatment", "tests"])
    second = give(in_harbour, person, at(8), to_whom=CLINIC.upper())
    other = give(in_harbour, person, at(8), to_whom="Hilltop clinic")
    assert dict(Consent.objects.values_list("fact", "superseded_by")) == {first: second, second: None, other: None}
    assert consents.allows(person, "guest_dosing", CLINIC, at(9)).fact == second
    assert consents.allows(person, "guest_dosing", CLINIC, at(9), what=["tests"]) is None, "the later one is narrower"
    revoke(in_harbour, person, at(10), consent=second)
    assert consents.allows(person, "guest_dosing", CLINIC, at(11)) is None, "taking back the later does not bring the earlier back"


def test_a_consent_expires_by_its_last_day(in_harbour):
    person = ids.random()
    give(in_harbour, person, until=None, valid_to="2026-03-10")
    assert consents.allows(person, "guest_dosing", CLINIC, at(20, days=8)) is not None
    assert consents.allows(person, "guest_dosing", CLINIC, at(1, days=9)) is None
    assert consents.allows(person, "guest_dosing", CLINIC, at(22, days=8), time_zone="Africa/Nairobi") is None, "the day is the place's"
    assert Consent.objects.get().valid_to == date(2026, 3, 10)


def test_consent_to_one_thing_allows_no_other(in_harbour):
    person = ids.random()
    give(in_harbour, person)
    assert consents.allows(person, "case_work", CLINIC, at(9)) is None
    assert consents.allows(person, "guest_dosing", "Hilltop clinic", at(9)) is None
    assert consents.allows(ids.random(), "guest_dosing", CLINIC, at(9)) is None
    for wrong in ({"what": ["treatment", "tests"]}, {"to_whom": "Hilltop clinic"}, {"purpose": "case_work"}, {"purpose": None}):
        with pytest.raises(NoBasis):
            tell(in_harbour, person, at(9), **wrong)


def test_the_notice_goes_with_every_disclosure_under_part_2(in_harbour):
    person = ids.random()
    give(in_harbour, person)
    with pytest.raises(NoBasis, match="notice"):
        tell(in_harbour, person, at(9), notice_sent=False)
    set_profile(in_harbour, "written")
    tell(in_harbour, person, at(9), notice_sent=False)


def test_a_made_up_consent_does_not_open_the_door_for_a_program(in_harbour):
    person, body = ids.random(), {"what": ["treatment"], "to_whom": CLINIC, "basis": "consent", "purpose": "guest_dosing", "notice_sent": True}
    other = give(in_harbour, ids.random())
    for named in (None, str(ids.new()), str(other)):
        draft = Draft(kind="facts.disclosed", participant=person, site=in_harbour.van.id, payload=body | {"consent": named})
        with pytest.raises(NoBasis):
            record(draft, actor=in_harbour.actors["naima"])
    assert record(draft, actor=in_harbour.actors["naima"], mode=Mode.ARRIVED).reason == "no_basis"


def test_an_emergency_and_a_law_say_which(in_harbour):
    person = ids.random()
    for half in ({"basis": "emergency"}, {"basis": "law"}, {"basis": "law", "law": "court_order"}):
        with pytest.raises(NoBasis):
            tell(in_harbour, person, at(9), **half)
    tell(in_harbour, person, at(9), basis="emergency", emergency="overdose", notice_sent=False)
    tell(in_harbour, person, at(9), basis="law", law="public_health", notice_sent=False)


def test_a_batch_from_a_phone_is_judged_in_its_own_order(in_harbour):
    person, given = ids.random(), ids.new()
    common = {"site": in_harbour.van.id, "participant": person}
    told = {"what": ["treatment"], "to_whom": CLINIC, "basis": "consent", "purpose": "guest_dosing", "notice_sent": True, "consent": str(given)}
    drafts = [
        Draft(kind="facts.consent", id=given, payload=FULL, occurred_at=at(8), **common),
        Draft(kind="facts.disclosed", payload=told, occurred_at=at(9), **common),
        Draft(kind="facts.consent_revoked", payload={"consent": str(given)}, occurred_at=at(10), **common),
        Draft(kind="facts.disclosed", payload=told, occurred_at=at(10, 1), **common),
    ]
    outcomes = record_many(drafts, actor=in_harbour.actors["naima"], mode=Mode.ARRIVED)
    assert [o.reason for o in outcomes] == ["", "", "", "no_basis"]


def test_a_revocation_that_comes_before_its_consent_still_counts(in_harbour):
    person, given = ids.random(), ids.new()
    common = {"site": in_harbour.van.id, "participant": person}
    record(Draft(kind="facts.consent_revoked", payload={"consent": str(given)}, occurred_at=at(10), **common), actor=in_harbour.system, mode=Mode.ARRIVED)
    record(Draft(kind="facts.consent", id=given, payload=FULL, occurred_at=at(8), **common), actor=in_harbour.system, mode=Mode.ARRIVED)
    assert Consent.objects.get().revoked_at == at(10)


# -- taking back -----------------------------------------------------------------------------------------------------------


def test_taking_everything_back_changes_no_service(in_harbour):
    person = ids.random()
    for clinic in (CLINIC, "Hilltop clinic"):
        give(in_harbour, person, to_whom=clinic)
    form = ids.new()
    for _tap in range(2):
        wishes.revoke(actor=in_harbour.actors["naima"], site=in_harbour.van, participant=person, id=form)
    assert Fact.objects.get(kind="facts.consent_revoked").payload["consent"] is None
    assert not Consent.objects.filter(revoked_at=None).exists()
    assert {outcome.status for outcome in visit(in_harbour, person)} == {Status.ACCEPTED}


def test_any_worker_who_meets_people_may_take_a_consent_back(in_harbour):
    person = ids.random()
    give(in_harbour, person)
    peer = organisations.create_staff(
        actor=in_harbour.system, username="peer", name="Peer", password="x" * 20, grants=[("peer", in_harbour.sites["Drop-in"])]
    )
    wishes.revoke(
        actor=organisations.actor_for(peer), site=in_harbour.sites["Drop-in"], participant=person, id=ids.new(),
    )
    assert Consent.objects.get().revoked_at is not None


# -- merged people ---------------------------------------------------------------------------------------------------------


def test_consent_of_a_merged_person_follows_the_survivor_and_comes_back_with_the_undoing(in_harbour):
    survivor, other = ids.random(), ids.random()
    given = give(in_harbour, other)
    fact = merge(in_harbour, survivor, other)
    for who in (survivor, other):
        assert consents.allows(who, "guest_dosing", CLINIC, at(9)).fact == given
    tell(in_harbour, survivor, at(9))
    revoke(in_harbour, survivor, at(10))
    assert consents.allows(other, "guest_dosing", CLINIC, at(11)) is None
    give(in_harbour, survivor, at(12))
    assert consents.allows(other, "guest_dosing", CLINIC, at(13)) is not None
    record(
        Draft(kind="facts.taken_back", payload={"why": "did_not_happen"}, supersedes=(fact,)), actor=in_harbour.system,
    )
    assert consents.allows(other, "guest_dosing", CLINIC, at(13)) is None


# -- do not contact --------------------------------------------------------------------------------------------------------


def wish(world, person: uuid.UUID, status: str, when: datetime = DAY) -> None:
    wishes.set_status(actor=world.actors["naima"], site=world.van, participant=person, id=ids.new(), status=status, at=when)


def test_who_does_not_want_to_be_contacted_is_not_contacted_whatever_they_agreed_to_before(in_harbour):
    person = ids.random()
    for purpose in ("contact_me", "tracing", "guest_dosing"):
        give(in_harbour, person, purpose=purpose)
    assert consents.may_contact(person)
    wish(in_harbour, person, "do_not_contact", at(8))
    assert not consents.may_contact(person)
    held = [p for p in ("contact_me", "tracing", "guest_dosing") if consents.allows(person, p, CLINIC, at(9))]
    assert held == ["guest_dosing"]
    with pytest.raises(NoBasis):
        tell(in_harbour, person, at(9), purpose="tracing")
    assert {o.status for o in visit(in_harbour, person)} == {Status.ACCEPTED}
    wish(in_harbour, person, "active", at(10))
    assert consents.may_contact(person)
    assert consents.allows(person, "tracing", CLINIC, at(11)) is not None


def test_the_wish_of_a_merged_person_holds_for_all_their_records(in_harbour):
    survivor, other = ids.random(), ids.random()
    wish(in_harbour, other, "do_not_contact")
    merge(in_harbour, survivor, other)
    assert not consents.may_contact(survivor)
    assert not consents.may_contact(other)
    wish(in_harbour, other, "active", at(9))
    assert consents.may_contact(other)
    assert Participant.objects.get(id=survivor).status == "active"


def test_nothing_of_one_organisation_holds_in_another(in_harbour):
    person = ids.random()
    give(in_harbour, person)
    wish(in_harbour, person, "do_not_contact")
    with scope.enter([in_harbour.hillside.key]):
        assert consents.may_contact(person)
        assert consents.allows(person, "guest_dosing", CLINIC, at(9)) is None
        assert wishes.disclosures(person) == []


# -- planted bugs ----------------------------------------------------------------------------------------------------------


def test_a_door_that_forgot_revocations_would_be_noticed(in_harbour, monkeypatch):
    monkeypatch.setattr(consents, "holds", lambda consent, at, time_zone="UTC": True)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test_revoked_at_ten_a_share_at_one_past_is_refused_and_the_dose_at_home_goes_on(in_harbour)


def test_a_form_that_forgot_the_date_would_be_noticed(in_harbour, monkeypatch):
    real = consents.needed
    monkeypatch.setattr(consents, "needed", lambda profile, said: tuple(e for e in real(profile, said) if e != "9"))
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test_a_consent_without_its_date_is_not_activated_and_the_missing_element_is_named(in_harbour)


def test_nothing_is_left_waiting_by_all_this(in_harbour):
    test_revoked_at_ten_a_share_at_one_past_is_refused_and_the_dose_at_home_goes_on(in_harbour)
    assert not Aside.objects.filter(is_open=True).exists()
