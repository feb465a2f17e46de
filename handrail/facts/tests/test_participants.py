"""People without names: cards, and what is kept of them."""

from __future__ import annotations

import pytest

from handrail.facts.models import CardToken, Fact, Participant
from handrail.facts.participants import enrol, find_by_card, issue_card
from handrail.facts.record import Refusal
from handrail.kernel import crypto, ids
from handrail.kernel.models import AuditEntry


def give_card(world, **answers) -> tuple[str, object]:
    code, participant = crypto.new_code(), ids.random()
    enrol(actor=world.actors["naima"], site=world.van.id, code=code, participant=participant, **answers)
    return code, participant


def test_a_card_leads_to_its_person_however_it_is_typed(in_harbour):
    code, participant = give_card(in_harbour)
    assert find_by_card(code) == find_by_card(code.lower().replace("-", " ")) == participant
    assert find_by_card(crypto.new_code()) is None


def test_a_mistyped_card_is_not_looked_up(in_harbour):
    with pytest.raises(ValueError, match="wrong"):
        find_by_card("7HR-9V4-99P-2")


def test_the_code_is_kept_nowhere_only_a_keyed_digest(in_harbour):
    code, _participant = give_card(in_harbour, birth_year=1985, gender="female", injects="last_month")
    ten = crypto.read_code(code)
    stored = [bytes(row.token) for row in CardToken.objects.all()]
    assert len(stored) == 1
    assert ten.encode() not in stored[0]
    said = " ".join(str(f.payload) for f in Fact.objects.all()) + " ".join(str(e.detail) + e.object_id for e in AuditEntry.objects.all())
    assert ten not in said
    assert code not in said


def test_giving_the_same_card_twice_is_once(in_harbour):
    code, participant = give_card(in_harbour, injects="last_month")
    enrol(actor=in_harbour.actors["naima"], site=in_harbour.van.id, code=code, participant=participant, injects="last_month")
    assert Fact.objects.filter(participant=participant).count() == 2
    assert CardToken.objects.count() == 1
    assert Participant.objects.get().injects == "last_month"


def test_saying_nothing_is_fine_and_an_impossible_year_is_refused(in_harbour):
    give_card(in_harbour)
    assert Participant.objects.get().birth_year is None
    with pytest.raises(Refusal):
        give_card(in_harbour, birth_year="85")


def test_what_is_stored_of_a_code_is_the_keyed_digest_of_its_ten_symbols_and_nothing_else(in_harbour, settings):
    issue_card(actor=in_harbour.system, participant=ids.random(), code="7HR-9V4-99P-1")
    key = (settings.CONFIG.keys / "lookup.key").read_bytes()
    assert bytes(CardToken.objects.get().token) == crypto.code_token(key, "7HR9V499P1")
