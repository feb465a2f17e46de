"""Phones whose clocks are wrong, and records that come late: the protective wish stands."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from handrail.facts import consents, handles, hints, participants, setting_changes, site_changes, wishes
from handrail.facts.derived_codes import Elements
from handrail.facts.jobs import forget_hints
from handrail.facts.kinds.disclosed import Disclosed
from handrail.facts.models import CodeHint, Consent, Participant, Setting, Site
from handrail.facts.record import Draft, Mode, Refusal, record, record_many
from handrail.facts.replay import rebuild
from handrail.facts.site_changes import Place
from handrail.facts.tests.test_same_person import card_for
from handrail.facts.tests.test_wishes import CLINIC, FULL, at, give, revoke, tell
from handrail.facts.values import TOLERANT_REVIEW
from handrail.facts.wishes_reactor import NoBasis
from handrail.kernel import clock, ids, scope
from handrail.kernel.database import as_owner
from handrail.kernel.models import AccessEntry, AuditEntry
from tests import world as small_world

YEAR = timedelta(days=365)


def arrived(world, kind: str, person: uuid.UUID, when, **payload):
    draft = Draft(kind=kind, site=world.van.id, participant=person, payload=payload, occurred_at=when)
    return record(draft, actor=world.actors["naima"], mode=Mode.ARRIVED)


# -- consent ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", [True, False])
def test_a_revocation_from_a_phone_whose_clock_is_ahead_works_at_once(in_harbour, named):
    person = ids.random()
    given = give(in_harbour, person, clock.now() - timedelta(hours=1))
    revoke(in_harbour, person, clock.now() + YEAR, **({"consent": given} if named else {}))
    assert consents.allows(person, "guest_dosing", CLINIC, clock.now()) is None
    with pytest.raises(NoBasis):
        tell(in_harbour, person, clock.now())


def test_taking_everything_back_ends_a_consent_that_was_given_before_and_arrives_later(in_harbour):
    person, early = ids.random(), clock.now() - timedelta(hours=3)
    revoke(in_harbour, person, clock.now() - timedelta(hours=1))
    late = give(in_harbour, person, early)
    assert Consent.objects.get(fact=late).revoked_at is not None
    again = give(in_harbour, person, clock.now())
    assert Consent.objects.get(fact=again).revoked_at is None, "what they agree to afterwards holds"
    share = {"what": ["treatment"], "to_whom": CLINIC, "basis": "consent", "purpose": "guest_dosing", "notice_sent": True}
    other = ids.random()
    revoke(in_harbour, other, clock.now() - timedelta(hours=1))
    common, batch = {"site": in_harbour.van.id, "participant": other}, ids.new()
    drafts = [
        Draft(kind="facts.consent", id=batch, payload=FULL, occurred_at=early, **common),
        Draft(kind="facts.disclosed", payload=share | {"consent": str(batch)}, **common),
    ]
    assert [o.reason for o in record_many(drafts, actor=in_harbour.actors["naima"], mode=Mode.ARRIVED)] == ["", "no_basis"]


def test_taking_everything_back_on_a_phone_a_year_behind_ends_what_stands_and_a_correction_revives_nothing(in_harbour):
    person = ids.random()
    given = give(in_harbour, person, clock.now() - timedelta(hours=1))
    arrived(in_harbour, "facts.consent_revoked", person, clock.now() - YEAR)
    assert consents.allows(person, "guest_dosing", CLINIC, clock.now()) is None
    correction = Draft(kind="facts.consent", site=in_harbour.van.id, participant=person, payload=FULL | {"scope": ["tests"]}, supersedes=(given,))
    record(correction, actor=in_harbour.actors["naima"])
    assert Consent.objects.get().revoked_at is not None


def test_a_consent_that_is_not_the_persons_is_not_taken_back_for_them(in_harbour):
    given = give(in_harbour, ids.random())
    with pytest.raises(wishes.UnknownConsent):
        revoke(in_harbour, ids.random(), clock.now(), consent=given)
    assert Consent.objects.get().revoked_at is None


def test_a_corrected_consent_tells_only_from_where_it_now_says_and_until_what_it_now_says(in_harbour):
    person, naima = ids.random(), in_harbour.actors["naima"]
    given = give(in_harbour, person)
    tell(in_harbour, person, at(9))
    payload = FULL | {"from_whom": "this_place", "until": "release"}
    record(
        Draft(kind="facts.consent", site=in_harbour.sites["Clinic"].id, participant=person, payload=payload, supersedes=(given,), occurred_at=at(8)),
        actor=in_harbour.system,
    )
    with pytest.raises(NoBasis):
        wishes.disclose(
            actor=naima, site=in_harbour.van, participant=person, id=ids.new(), what=["treatment"], to_whom=CLINIC, basis="consent",
            purpose="guest_dosing", notice_sent=True, at=at(10),
        )
    assert (Consent.objects.get().until, Consent.objects.get().site.name) == ("release", "Clinic")


@pytest.mark.parametrize(("teller", "reasons"), [("this_place", ["", "no_basis", "no_basis"]), ("treating_team", ["", "", "no_basis"])])
def test_a_consent_of_the_same_batch_says_who_may_tell(in_harbour, teller, reasons):
    person, given, sites = ids.random(), ids.new(), in_harbour.sites
    told = {"what": ["treatment"], "to_whom": CLINIC, "basis": "consent", "purpose": "guest_dosing", "notice_sent": True, "consent": str(given)}
    drafts = [
        Draft(kind="facts.consent", id=given, payload=FULL | {"from_whom": teller}, site=in_harbour.van.id, participant=person),
        *(Draft(kind="facts.disclosed", payload=told, site=sites[name].id, participant=person) for name in ("Van 1", "Clinic", "Drop-in")),
    ]
    assert [o.reason for o in record_many(drafts, actor=in_harbour.system, mode=Mode.ARRIVED)][1:] == reasons


@pytest.mark.parametrize("typed", ["call 0712 345 678", "mail a@b.org"])
def test_a_number_or_an_address_is_nobody_to_tell_something_to(in_harbour, typed):
    with pytest.raises(NoBasis, match="name of a service"):
        tell(in_harbour, ids.random(), at(9), to_whom=typed, basis="emergency", emergency="overdose")
    assert Disclosed(what=("tests",), to_whom=typed, basis="emergency"), "what was recorded before stays readable"


# -- do not contact ----------------------------------------------------------------------------------------------------------------


def test_a_wish_from_a_phone_a_year_behind_is_stronger_than_an_older_word_and_ends_when_they_say_so(in_harbour):
    _card, person = card_for(in_harbour)
    arrived(in_harbour, "facts.status", person, clock.now() - timedelta(days=30), status="active")
    arrived(in_harbour, "facts.status", person, clock.now() - YEAR, status="do_not_contact")
    assert not consents.may_contact(person)
    arrived(in_harbour, "facts.status", person, clock.now(), status="active")
    assert consents.may_contact(person)


def test_what_was_said_before_the_wish_and_arrives_after_it_does_not_end_it(in_harbour):
    _card, person = card_for(in_harbour)
    arrived(in_harbour, "facts.status", person, clock.now() - timedelta(hours=1), status="do_not_contact")
    arrived(in_harbour, "facts.status", person, clock.now() - timedelta(hours=2), status="active")
    assert not consents.may_contact(person)


def test_a_word_from_a_phone_a_year_ahead_does_not_outlast_a_wish_of_tomorrow(in_harbour):
    _card, person = card_for(in_harbour)
    arrived(in_harbour, "facts.status", person, clock.now() + YEAR, status="active")
    arrived(in_harbour, "facts.status", person, clock.now(), status="do_not_contact")
    assert not consents.may_contact(person)


# -- hints, handles, answers ---------------------------------------------------------------------------------------------------------


def with_hints(world) -> None:
    Setting.objects.create(organisation=world.harbour, name="tolerant_review", value=True, valid_from=clock.now().date() - timedelta(days=2))
    elements = Elements("Anna", "Ivan", "Sergei", 7, 3, 1985)
    participants.find_or_propose(actor=world.system, site=world.van, elements=elements, participant=ids.random())
    assert CodeHint.objects.count() == 6


def test_hints_go_when_tolerant_review_is_switched_off_without_another_look_up(in_harbour):
    with_hints(in_harbour)
    assert not hints.forget_unwanted(actor=in_harbour.system)
    setting_changes.set_value(
        actor=in_harbour.system, value=TOLERANT_REVIEW, typed="no", site=None, valid_from=small_world.today(), source="the board"
    )
    assert CodeHint.objects.count() == 0
    assert AuditEntry.objects.filter(action="hints.forgotten").count() == 1


def test_hints_go_on_the_day_a_dated_setting_ends_tolerant_review(own_database):
    world = small_world.find()
    with scope.enter([world.harbour.key]):
        with_hints(world)
        assert forget_hints.func() == 0
        Setting.objects.create(organisation=world.harbour, name="tolerant_review", value=False, valid_from=clock.now().date())
    assert forget_hints.func() == 1
    with scope.enter([world.harbour.key]):
        assert CodeHint.objects.count() == 0


def test_an_address_is_not_a_handle(in_harbour):
    _code, person = card_for(in_harbour)
    with pytest.raises(Refusal, match="no address"):
        handles.set_handle(actor=in_harbour.actors["naima"], participant=person, word="wren@home")


def test_a_search_that_was_refused_for_being_one_of_too_many_leaves_a_line(in_harbour):
    naima = in_harbour.actors["naima"]
    for _search in range(20):
        handles.search(actor=naima, typed="willow", site=in_harbour.van)
    with pytest.raises(Refusal, match="Wait ten minutes"):
        handles.search(actor=naima, typed="willow", site=in_harbour.van)
    assert AccessEntry.objects.filter(what="people by handle", refused=True).count() == 1


def test_the_answer_about_injecting_says_who_said_so_and_can_be_taken_back(in_harbour):
    _code, person = card_for(in_harbour)
    common = {"site": in_harbour.van.id, "participant": person}
    record(Draft(kind="facts.asked", payload={"injects": "last_month", "source": "referral"}, **common), actor=in_harbour.system)
    row = Participant.objects.get(id=person)
    assert (row.injects, row.injects_source) == ("last_month", "referral")
    record(Draft(kind="facts.profile", payload={"withdrawn": ["injects"]}, **common), actor=in_harbour.system)
    row = Participant.objects.get(id=person)
    assert (row.injects, row.injects_asked_on, row.injects_source) == ("", None, "")


# -- the day is the place's ------------------------------------------------------------------------------------------------------------


def test_a_place_that_moves_to_another_time_zone_leaves_everything_as_a_replay_makes_it(own_database):
    with as_owner():
        world = small_world.find()
        with scope.enter([world.harbour.key]):
            _card, person = card_for(world)
            evening = clock.now().replace(hour=22, minute=30) - timedelta(days=2)
            arrived(world, "facts.asked", person, evening, injects="last_month")
            give(world, person, evening, given_on=(evening + timedelta(days=1)).date().isoformat())
            before = Participant.objects.get(id=person).injects_asked_on, Consent.objects.get().valid_from
            van = Site.objects.get(key=world.van.key)
            place = Place(van.name, van.kind, "America/Mexico_City", van.closed_setting, van.item_classes, van.kinds)
            site_changes.change(actor=world.system, site=van, place=place)
            after = Participant.objects.get(id=person).injects_asked_on, Consent.objects.get().valid_from
            assert [old - new for old, new in zip(before, after, strict=True)] == [timedelta(days=1)] * 2
            assert rebuild() == []


def test_the_year_of_birth_is_compared_with_the_local_year_of_the_visit(in_harbour):
    new_year = clock.now().replace(year=2024, month=12, day=31, hour=22, minute=0)  # already 2025 in Nairobi
    record(
        Draft(kind="facts.enrolled", site=in_harbour.van.id, participant=ids.random(), payload={"birth_year": 2025}, occurred_at=new_year),
        actor=in_harbour.system,
    )
