"""The same id again: a retry is harmless, anything else under a taken id is told or kept aside (security.md 3.2, rule 11)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from handrail.facts import visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Fact
from handrail.facts.record import AlreadySaved, Draft, Mode, Refusal, Status, record, record_many
from handrail.facts.spec import KINDS
from handrail.facts.tests.test_record import give
from handrail.facts.tests.test_same_person import card_for, merge
from handrail.kernel import clock, ids
from handrail.ledgers.stock.models import Balance
from tests.chaos.histories import check_state


def cleaned(world: SimpleNamespace, **more: Any) -> Draft:
    """A clean-up in a park, as a device with a clock of its own sends it."""
    return Draft(kind="exchange.clean_up", payload=KINDS["exchange.clean_up"].sample, site=world.van.id, is_timed=True, **more)


OTHER = {
    "place": lambda world: {"site": world.sites["Drop-in"].id},
    "moment": lambda _world: {"occurred_at": clock.now() - timedelta(hours=1)},
    "person": lambda _world: {"participant": ids.random()},
    "visit": lambda _world: {"encounter": ids.new()},
}


@pytest.mark.parametrize("what", OTHER)
def test_the_same_number_with_another_place_moment_person_or_visit_is_another_record(in_harbour, what):
    first = cleaned(in_harbour)
    second = replace(first, **OTHER[what](in_harbour))
    record(first, actor=in_harbour.system)
    assert record(first, actor=in_harbour.system).status is Status.DUPLICATE
    with pytest.raises(AlreadySaved):
        record(second, actor=in_harbour.system)
    kept = record(second, actor=in_harbour.system, mode=Mode.ARRIVED)
    assert (kept.status, kept.reason) == (Status.QUARANTINED, "id_taken")
    assert record(second, actor=in_harbour.system, mode=Mode.ARRIVED).status is Status.DUPLICATE
    assert Fact.objects.filter(kind="exchange.clean_up").count() == 2, "the first stands, the second is kept"


def test_the_same_number_twice_in_one_delivery_is_told_apart_too(in_harbour):
    first = cleaned(in_harbour)
    outcomes = record_many([first, first, replace(first, site=in_harbour.store.id)], actor=in_harbour.system, mode=Mode.ARRIVED)
    assert [outcome.status for outcome in outcomes] == [Status.ACCEPTED, Status.DUPLICATE, Status.QUARANTINED]


def test_a_form_sent_again_later_is_a_retry_whatever_its_clock_says(in_harbour):
    visit, said = ids.new(), {"actor": in_harbour.actors["naima"], "site": in_harbour.van.id, "encounter": Encounter(), "parts": [give(syringes=3)]}
    visits.save(visit=visit, occurred_at=clock.now(), **said)
    again = visits.save(visit=visit, occurred_at=clock.now() + timedelta(seconds=9), **said)
    assert {outcome.status for outcome in again} == {Status.DUPLICATE}


def test_a_retry_after_the_person_was_joined_with_another_is_a_retry(in_harbour):
    one, other = (card_for(in_harbour)[1] for _ in range(2))
    visit, said = ids.new(), {"actor": in_harbour.actors["naima"], "site": in_harbour.van.id, "encounter": Encounter(), "occurred_at": clock.now()}
    visits.save(visit=visit, participant=other, parts=[give(syringes=3)], **said)
    merge(in_harbour, one, other)
    again = visits.save(visit=visit, participant=one, parts=[give(syringes=3)], **said)
    assert {outcome.status for outcome in again} == {Status.DUPLICATE}


# -- where it belongs ------------------------------------------------------------------------------------------------------


def test_a_visit_without_a_place_is_refused_and_kept_aside_when_it_arrives(in_harbour):
    draft = Draft(kind="facts.encounter", payload=Encounter())
    with pytest.raises(Refusal, match="place"):
        record(draft, actor=in_harbour.actors["naima"])
    assert record(draft, actor=in_harbour.actors["naima"], mode=Mode.ARRIVED).reason == "no_site"


def test_nothing_is_put_into_a_visit_of_another_place(in_harbour):
    visit = ids.new()
    elsewhere = in_harbour.sites["Drop-in"]
    visits.save(actor=in_harbour.system, visit=visit, site=elsewhere.id, occurred_at=clock.now(), encounter=Encounter(), parts=[])
    part = Draft(kind="exchange.returned", payload=KINDS["exchange.returned"].sample, site=in_harbour.van.id, encounter=visit)
    with pytest.raises(Refusal, match="another place"):
        record(part, actor=in_harbour.actors["naima"])
    assert record(part, actor=in_harbour.actors["naima"], mode=Mode.ARRIVED).reason == "other_visit"
    assert len(visits.read(visit)) == 1


# -- from before the book --------------------------------------------------------------------------------------------------


def on_shelf(world: SimpleNamespace) -> int:
    return sum(balance.quantity for balance in Balance.objects.filter(location__site=world.van))


@pytest.mark.parametrize("way", ["corrected", "added to", "sent from a device"])
def test_what_comes_to_a_visit_from_before_the_book_moves_no_stock(in_harbour, way):
    visit, before = ids.new(), on_shelf(in_harbour)
    visits.save(
        actor=in_harbour.system, visit=visit, site=in_harbour.van.id, occurred_at=clock.now(), encounter=Encounter(), parts=[], mode=Mode.EARLIER
    )
    if way == "corrected":
        visits.correct(
            actor=in_harbour.system, visit=visit, correction=ids.new(), encounter=Encounter(on_behalf_of=2), parts=[give(syringes=10)], participant=None
        )
    else:
        mode = Mode.TYPED if way == "added to" else Mode.ARRIVED
        record(Draft(kind="exchange.given", payload=give(syringes=10).payload, site=in_harbour.van.id, encounter=visit), actor=in_harbour.system, mode=mode)
    assert on_shelf(in_harbour) == before
    assert "exchange.given" in [fact.kind for fact in visits.read(visit)]
    check_state()
