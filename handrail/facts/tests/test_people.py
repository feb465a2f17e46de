"""Finding people: cards, self-made codes, handles; what they say; what a seized database gives away."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from handrail.facts import derived_codes, handles, organisations, participants
from handrail.facts.derived_codes import Elements
from handrail.facts.labels import label
from handrail.facts.models import CardToken, CodeHint, Fact, Handle, Participant, Proposal, Setting
from handrail.facts.participants import Look, TooLittleKnown, find, find_or_propose
from handrail.facts.record import Draft, Refusal, record
from handrail.facts.spec import KINDS
from handrail.kernel import clock, crypto, ids
from handrail.kernel.models import AccessEntry, AuditEntry

ANNA = Elements("Anna", "Ivan", "Sergei", 7, 3, 1985)
DAY_OFF = Elements("Anna", "Ivan", "Sergei", 8, 3, 1985)
TWO_OFF = Elements("Anna", "Igor", "Sergei", 8, 3, 1985)


def card_for(world, **answers) -> tuple[str, uuid.UUID]:
    code, participant = crypto.new_code(), ids.random()
    participants.enrol(actor=world.actors["naima"], site=world.van.id, code=code, participant=participant, **answers)
    return code, participant


def derived(world, elements: Elements, site=None):
    return find_or_propose(actor=world.system, site=site or world.van, elements=elements, participant=ids.random())


def prison(world):
    return organisations.create_site(
        actor=world.system, name=f"Unit {ids.random()}", kind="prison_unit", closed_setting="prison", time_zone="UTC", area=""
    )


def say(world, participant, *, at=None, **answers) -> None:
    record(
        Draft(kind="facts.profile", site=world.van.id, participant=participant, payload=answers, occurred_at=at or clock.now()),
        actor=world.actors["naima"],
    )


def tolerant(world, on: bool) -> None:
    Setting.objects.create(organisation=world.harbour, name="tolerant_review", value=on, valid_from=clock.now().date())


# -- cards ---------------------------------------------------------------------------------------------------------------------


def test_a_wrong_check_symbol_asks_the_database_nothing(in_harbour):
    with CaptureQueriesContext(connection) as asked:
        found = find("7HR-9V4-99P-2", in_harbour.van)
    assert (found.look, found.participant, len(asked)) == (Look.WRONG, None, 0)
    assert "Check the code" in found.sentence


def test_a_lost_card_gets_a_new_code_and_the_old_one_says_so(in_harbour):
    old, person = card_for(in_harbour)
    new = crypto.new_code()
    for _twice in range(2):
        participants.replace_cards(actor=in_harbour.actors["naima"], participant=person, code=new, site=in_harbour.van, lost=[0])
    assert find(new).participant == person
    assert find(old).look is Look.REPLACED
    assert "replaced" in find(old).sentence
    with pytest.raises(ValueError, match="given out before"):
        participants.issue_card(actor=in_harbour.system, participant=ids.random(), code=old)
    with pytest.raises(ValueError, match="given out before"):
        participants.issue_card(actor=in_harbour.system, participant=person, code=old)


def test_a_card_of_a_closed_setting_is_found_only_there_and_cards_from_outside_are_not(in_harbour):
    one, other = prison(in_harbour), prison(in_harbour)
    outside, _person = card_for(in_harbour)
    inside, held = crypto.new_code(), ids.random()
    participants.enrol(actor=in_harbour.system, site=one.id, code=inside, participant=held)
    assert find(inside, one).participant == held
    assert [find(inside, site).look for site in (in_harbour.van, None, other)] == [Look.UNKNOWN] * 3
    assert find(outside, one).look is Look.UNKNOWN


# -- self-made codes --------------------------------------------------------------------------------------------------------------


def test_the_same_answers_lead_to_the_same_person_and_others_to_another(in_harbour):
    first, again, other = derived(in_harbour, ANNA), derived(in_harbour, ANNA), derived(in_harbour, DAY_OFF)
    assert (first.is_new, again.is_new, other.is_new) == (True, False, True)
    assert first.participant == again.participant != other.participant
    assert find(first.code).participant == first.participant
    row = CardToken.objects.get(participant=first.participant)
    assert (row.sort, row.recipe) == ("derived", "hr1")
    assert CodeHint.objects.count() == Proposal.objects.count() == 0


def test_with_two_unknown_answers_a_card_is_given_instead(in_harbour):
    with pytest.raises(TooLittleKnown):
        derived(in_harbour, Elements("Anna", "", "Sergei", 7, None, 1985))
    assert CardToken.objects.count() == 0
    assert derived(in_harbour, Elements("Anna", "", "Sergei", 7, 3, 1985)).is_new


def test_example_4_tolerant_review_proposes_one_near_match_and_joins_nothing(in_harbour):
    tolerant(in_harbour, on=True)
    anna = derived(in_harbour, ANNA)
    assert CodeHint.objects.count() == 6
    stranger = derived(in_harbour, TWO_OFF)
    assert Proposal.objects.count() == 0
    near = derived(in_harbour, Elements("Anna", "Ivan", "Sergei", 9, 3, 1985))
    proposal = Proposal.objects.get()
    assert (proposal.newer, proposal.older, proposal.position, proposal.state) == (near.participant, anna.participant, 3, "open")
    assert find(near.code).participant == near.participant != anna.participant
    assert stranger.participant not in {proposal.newer, proposal.older}


@pytest.mark.slow
def test_switched_off_again_the_hints_are_thrown_away(in_harbour):
    tolerant(in_harbour, on=True)
    derived(in_harbour, ANNA)
    Setting.objects.all().delete()
    derived(in_harbour, ANNA)
    assert CodeHint.objects.count() == 0


@pytest.mark.slow  # a dozen slow digests
def test_inside_a_closed_setting_the_same_answers_are_somebody_else_and_near_none(in_harbour):
    tolerant(in_harbour, on=True)
    unit = prison(in_harbour)
    outside = derived(in_harbour, ANNA)
    inside = derived(in_harbour, ANNA, site=unit)
    assert inside.participant != outside.participant
    derived(in_harbour, DAY_OFF, site=unit)
    assert {(p.older == inside.participant) for p in Proposal.objects.all()} == {True}


def test_two_people_with_one_code_are_split_and_the_code_stays_or_is_given_up(in_harbour):
    shared = derived(in_harbour, ANNA)
    for give_up, look in ((False, Look.FOUND), (True, Look.REPLACED)):
        code, second = crypto.new_code(), ids.random()
        participants.split(
            actor=in_harbour.actors["naima"], site=in_harbour.van, participant=shared.participant, new_participant=second, code=code,
            give_up=give_up,
        )
        assert find(code).participant == second
        assert find(shared.code).look is look
    with pytest.raises(Refusal, match="given up"):
        derived(in_harbour, ANNA)


# -- what a seized database gives away ------------------------------------------------------------------------------------------------


def binaries() -> set[bytes]:
    """Every value of every binary column of every table."""
    found: set[bytes] = set()
    with connection.cursor() as cursor:
        for model in apps.get_models():
            for field in model._meta.concrete_fields:
                if isinstance(field, models.BinaryField):
                    cursor.execute(f'SELECT "{field.column}" FROM "{model._meta.db_table}"')
                    found |= {bytes(row[0]) for row in cursor.fetchall() if row[0] is not None}
    return found


def guesses(elements: Elements, codes: tuple[str, ...], wrong: bytes, salt: bytes) -> set[bytes]:
    """What somebody can compute who knows everything but the key: recipe, salt, the true answers and the true codes."""
    tokens = set()
    for text in (*codes, *(code.replace("-", "") for code in codes), derived_codes.canonical(elements)):
        tokens |= {text.encode(), hashlib.sha256(text.encode()).digest(), crypto.code_token(wrong, text), crypto.code_token(b"", text)}
    tokens.add(crypto.code_token(wrong, derived_codes.code(elements, key=wrong, salt=salt).replace("-", "")))
    return tokens


def person_number(number: int) -> Elements:
    return Elements(f"Zora{number}", "Quentin", "Yevgenia", number % 28 + 1, number % 12 + 1, 1950 + number)


def attack(world, many: int, settings) -> tuple[int, int]:
    """Matches without the key and with it."""
    right, wrong = crypto.key(settings.CONFIG.keys, "lookup"), bytes(range(32))
    salt = derived_codes.programme_salt(settings.CONFIG.keys)
    without, within = set(), set()
    for number in range(many):
        elements = person_number(number)
        found = derived(world, elements)
        card = crypto.new_code()
        participants.issue_card(actor=world.system, participant=found.participant, code=card)
        without |= guesses(elements, (found.code, card), wrong, salt)
        within |= {crypto.code_token(right, code.replace("-", "")) for code in (found.code, card)}
    stored = binaries()
    return len(without & stored), len(within & stored)


def test_a_code_or_card_in_hand_and_the_database_without_the_key_find_nobody(in_harbour, settings):
    assert attack(in_harbour, 4, settings) == (0, 8)


@pytest.mark.slow
def test_fifty_people_are_not_found_without_the_key(in_harbour, settings):
    assert attack(in_harbour, 50, settings) == (0, 100)


@pytest.mark.slow
def test_without_the_key_of_the_programme_even_the_right_look_up_key_and_answers_find_nobody(in_harbour, settings):
    tolerant(in_harbour, on=True)
    elements = person_number(1)
    derived(in_harbour, elements)
    salt, look_up = derived_codes.programme_salt(settings.CONFIG.keys), crypto.key(settings.CONFIG.keys, "lookup")
    other = derived_codes.code(elements, key=bytes(range(32)), salt=salt).replace("-", "")
    tried = {crypto.code_token(look_up, other), *derived_codes.hints(elements, key=bytes(range(32)), salt=salt)}
    assert tried & binaries() == set()


# -- what people say -----------------------------------------------------------------------------------------------------------------


def test_the_latest_answer_stands_and_a_question_left_open_keeps_the_one_before(in_harbour):
    _code, person = card_for(in_harbour, birth_year=1985, gender="female")
    early, late = clock.now() - timedelta(days=400), clock.now() - timedelta(days=1)
    say(in_harbour, person, at=late, languages=["ru", "uk"], homeless="yes", gender=["female", "trans"])
    say(in_harbour, person, at=early, languages=["en"], homeless="no", sex_work="not_said")
    row = Participant.objects.get(id=person)
    assert (row.birth_year, row.gender, row.languages) == (1985, "female", ["ru", "uk"])
    assert row.flags["homeless"]["answer"] == "yes"
    assert row.flags["sex_work"]["asked_on"] == clock.local_date(early, in_harbour.van.time_zone).isoformat()


def test_an_answer_can_be_taken_back_and_an_age_replaces_a_year(in_harbour):
    _code, person = card_for(in_harbour, birth_year=1985)
    say(in_harbour, person, age_band="30_39", pronouns="they", pregnant="yes")
    say(in_harbour, person, withdrawn=["pronouns", "pregnant"], needs=[])
    row = Participant.objects.get(id=person)
    assert (row.birth_year, row.age_band, row.pronouns, row.flags, row.needs) == (None, "30_39", "", {}, [])
    assert row.age_band_asked_on is not None


@pytest.mark.parametrize("offset", [-111, 1])
def test_a_year_of_birth_that_cannot_be_is_refused(in_harbour, offset):
    year = clock.now().year + offset
    with pytest.raises(Refusal) as refused:
        card_for(in_harbour, birth_year=year)
    assert refused.value.problems[0][0] == "birth_year"
    _code, person = card_for(in_harbour, birth_year=clock.now().year - 110)
    with pytest.raises(Refusal):
        say(in_harbour, person, birth_year=year)


def test_a_year_and_an_age_together_are_refused():
    with pytest.raises(ValueError, match="not both"):
        KINDS["facts.profile"].payload(birth_year=1985, age_band="30_39")


# -- handles -------------------------------------------------------------------------------------------------------------------------


def test_a_handle_is_set_changed_and_forgotten_and_its_word_is_in_no_log(in_harbour):
    naima = in_harbour.actors["naima"]
    _code, person = card_for(in_harbour)
    assert handles.name_of(person) == label(person)
    for word in ("Grasshopper", "Kingfisher"):
        handles.set_handle(actor=naima, participant=person, word=f" {word} ")
        assert handles.name_of(person) == word
    assert [found.participant for found in handles.search(actor=naima, typed="kingf", site=in_harbour.van)] == [person]
    assert b"ingf" not in bytes(Handle.objects.get().locked)
    handles.set_handle(actor=naima, participant=person, word="")
    assert Handle.objects.count() == 0
    assert handles.search(actor=naima, typed="kingf", site=in_harbour.van) == []
    logged = " ".join(f"{e.action} {e.object_id} {e.detail}" for e in AuditEntry.objects.all()) + " ".join(f"{e.what} {e.object_id}" for e in AccessEntry.objects.all())
    assert "handle.forgotten" in logged
    assert "people by handle" in logged
    assert "kingf" not in logged.lower()


def test_a_search_needs_three_letters_finds_ten_and_is_limited(in_harbour):
    naima = in_harbour.actors["naima"]
    for number in range(12):
        _code, person = card_for(in_harbour)
        handles.set_handle(actor=naima, participant=person, word=f"Willow {number}")
    with pytest.raises(Refusal, match="three letters"):
        handles.search(actor=naima, typed="w1 ", site=in_harbour.van)
    assert len(handles.search(actor=naima, typed="%_%wil", site=in_harbour.van)) == 0
    for _search in range(19):
        assert len(handles.search(actor=naima, typed="willow", site=in_harbour.van)) == 10
    with pytest.raises(Refusal, match="Wait ten minutes"):
        handles.search(actor=naima, typed="willow", site=in_harbour.van)
    assert len(handles.search(actor=in_harbour.actors["elsewhere"], typed="willow", site=in_harbour.van)) == 10


def test_a_telephone_number_is_not_a_handle(in_harbour):
    _code, person = card_for(in_harbour)
    with pytest.raises(Refusal, match="telephone"):
        handles.set_handle(actor=in_harbour.actors["naima"], participant=person, word="0722 123 456")


def test_a_handle_inside_a_closed_setting_is_found_only_there(in_harbour):
    unit, held = prison(in_harbour), ids.random()
    participants.enrol(actor=in_harbour.system, site=unit.id, code=crypto.new_code(), participant=held)
    handles.set_handle(actor=in_harbour.system, participant=held, word="Sparrow")
    assert handles.search(actor=in_harbour.system, typed="sparrow", site=in_harbour.van) == []
    assert [found.participant for found in handles.search(actor=in_harbour.system, typed="sparrow", site=unit)] == [held]


def test_nothing_said_is_a_fact_with_nothing_in_it(in_harbour):
    _code, person = card_for(in_harbour)
    assert Fact.objects.get(participant=person).payload == {"birth_year": None, "gender": None}
