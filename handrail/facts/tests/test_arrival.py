"""What arrives from elsewhere: never refused, never doubled, never in the way. Slips that random histories found, by name."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

from handrail.facts import visits
from handrail.facts.models import Aside, Fact, Head, Referral
from handrail.facts.record import Draft, Mode, record_many
from handrail.facts.replay import verify_chain
from handrail.facts.spec import KINDS
from handrail.kernel import ids
from handrail.ledgers.stock import queries, reactor
from handrail.ledgers.stock.models import Lot
from tests.chaos.histories import check_books, counting, totals


def give(world: SimpleNamespace, quantity: int, *, item: str = "filter", **more: Any) -> Draft:
    """A draft of something given at the van."""
    return Draft(
        kind="exchange.given", payload={"lines": [{"item": item, "quantity": quantity}]},
        **{"site": world.van.id, "encounter": ids.new()} | more,
    )


def arrive(world: SimpleNamespace, *drafts: Draft, who: str = "naima") -> list[str]:
    """Facts arrive; why each was kept aside."""
    actor = world.system if who == "everywhere" else world.actors[who]
    return [outcome.reason for outcome in record_many(drafts, actor=actor, mode=Mode.ARRIVED)]


def filters(world: SimpleNamespace) -> int:
    """Filters at the van by the book."""
    return totals().get((world.van.key, "filter"), 0)


POISON = [
    {"x": "\0"}, {"x": "\ud800"}, {"\0": 1}, {"x": float("nan")}, {"x": float("inf")}, {"x": 1e17}, {"x": -0.0}, {"x": 10**400},
    {"lines": [{"item": "a\0b", "quantity": 1}]}, {"lines": [{"item": "filter", "quantity": ids.random()}]},
]


@pytest.mark.parametrize("payload", POISON, ids=range(len(POISON)))
def test_no_payload_can_stop_the_batch_it_came_in(in_harbour: SimpleNamespace, payload: dict[str, Any]) -> None:
    bad = Draft(kind="exchange.given", payload=payload, site=in_harbour.van.id, encounter=ids.new())
    first, second = arrive(in_harbour, bad, give(in_harbour, 5))
    assert (first in {"bad_payload", "unknown_kind"}, second) == (True, "")
    assert arrive(in_harbour, bad) == [""], "a second copy is a duplicate"
    assert filters(in_harbour) == 995
    assert verify_chain()[2] == []


def test_a_bad_copy_of_a_known_record_can_still_be_read_back(in_harbour: SimpleNamespace) -> None:
    good = give(in_harbour, 5)
    assert arrive(in_harbour, good, replace(good, payload={"lines": "nonsense"})) == ["", "bad_payload"]
    assert len(counting()) == Fact.objects.count() - 1


def test_what_names_something_unknown_is_kept_aside_and_the_rest_counts(in_harbour: SimpleNamespace) -> None:
    w = in_harbour
    lot = Lot.objects.get(code="S-soon")
    wrong_lot = Draft(
        kind="exchange.given", payload={"lines": [{"item": "filter", "quantity": 1, "lot": str(lot.id)}]}, site=w.van.id, encounter=ids.new()
    )
    nowhere = Draft(
        kind="stock.transferred", payload={"to_site": str(ids.new()), "lines": [{"item": "filter", "quantity": 1}]}, site=w.store.id
    )
    assert arrive(w, give(w, 1, item="nothing"), give(w, 2), give(w, 4, site=None), wrong_lot, nowhere, give(w, 8), who="everywhere") == [
        "unknown_reference", "", "no_site", "unknown_reference", "unknown_reference", "",
    ]
    assert filters(w) == 990


def test_a_fact_of_a_later_version_or_an_endless_kind_is_kept_aside(in_harbour: SimpleNamespace) -> None:
    later, absurd = (give(in_harbour, 1, kind_version=version) for version in (KINDS["exchange.given"].version + 1, 99_999))
    assert arrive(in_harbour, later, absurd, Draft(kind="x" * 80, payload={})) == ["unknown_kind"] * 3


def test_nobody_can_take_the_numbers_of_the_server(in_harbour: SimpleNamespace) -> None:
    head = Head.objects.get()
    taken = give(in_harbour, 1, device=head.server_device, device_sequence=head.server_sequence + 1)
    huge = give(in_harbour, 1, device=ids.random(), device_sequence=2**70)
    assert arrive(in_harbour, taken, huge, give(in_harbour, 1)) == ["sequence_taken", "sequence_taken", ""]
    assert arrive(in_harbour, give(in_harbour, 1)) == [""]


def test_arriving_before_its_original_gives_no_permission(in_harbour: SimpleNamespace) -> None:
    original = ids.new()
    early = give(in_harbour, 300, supersedes=(original,))
    assert arrive(in_harbour, early, give(in_harbour, 2, id=original), who="auditor") == ["not_permitted", "not_permitted"]
    assert filters(in_harbour) == 1000


def test_a_waiting_correction_cannot_turn_a_record_into_another_kind(in_harbour: SimpleNamespace) -> None:
    original = ids.new()
    arrive(in_harbour, give(in_harbour, 300, supersedes=(original,)))
    arrive(in_harbour, Draft(kind="exchange.returned", payload={"quantity": 3}, id=original, site=in_harbour.van.id, encounter=ids.new()))
    assert filters(in_harbour) == 1000
    assert Aside.objects.get(is_open=True).reason == "changes_kind"


def test_letting_a_waiting_correction_count_early_does_not_double_it(in_harbour: SimpleNamespace) -> None:
    original, correction = ids.new(), give(in_harbour, 30, supersedes=(ids.new(),))
    correction = replace(correction, supersedes=(original,))
    arrive(in_harbour, correction)
    arrive(in_harbour, Draft(kind="facts.released", payload={"target": str(correction.id), "decision": "counts"}), who="coordinator")
    arrive(in_harbour, give(in_harbour, 2, id=original))
    assert filters(in_harbour) == 970


def test_two_records_missing_at_different_depths_do_not_hang_the_door(in_harbour: SimpleNamespace) -> None:
    a, b = give(in_harbour, 1, supersedes=(ids.new(),)), ids.new()
    arrive(in_harbour, a)
    arrive(in_harbour, give(in_harbour, 2, id=b, supersedes=(ids.new(), a.id)))
    assert arrive(in_harbour, give(in_harbour, 3, supersedes=(b,))) == ["waits_for_another"]


def test_records_that_correct_each_other_hang_nothing(in_harbour: SimpleNamespace) -> None:
    a, b, itself = ids.new(), ids.new(), ids.new()
    arrive(in_harbour, give(in_harbour, 1, id=a, supersedes=(b,)))
    arrive(in_harbour, give(in_harbour, 2, id=b, supersedes=(a,)), give(in_harbour, 4, id=itself, supersedes=(itself,)))
    arrive(in_harbour, give(in_harbour, 8, supersedes=(a,)), give(in_harbour, 16, supersedes=(b,)))
    check_books()


def test_a_correction_in_the_same_batch_finds_the_shelf_as_it_was(in_harbour: SimpleNamespace) -> None:
    original = ids.new()
    arrive(in_harbour, give(in_harbour, 1000, id=original), give(in_harbour, 900, supersedes=(original,)))
    assert {lot.lot: lot.quantity for lot in queries.lots([in_harbour.van.key])} == {"S-soon": 100, "S-late": 500, "F-1": 100}


def test_a_new_connection_forgets_where_the_old_database_kept_its_places(own_database: str) -> None:
    reactor._locations["restored", 1, "site", 1] = 7
    connection.close()
    connection.ensure_connection()
    assert reactor._locations == {}


def test_a_correction_of_a_visit_that_came_before_it_belongs_to_it(in_harbour: SimpleNamespace) -> None:
    def met(people: int, **more: Any) -> Draft:
        return Draft(kind="facts.encounter", payload={"people_count": people}, site=in_harbour.van.id, **more)

    visit = ids.new()
    arrive(in_harbour, met(3, supersedes=(visit,)))
    arrive(in_harbour, met(2, id=visit))
    assert [fact.parsed.people_count for fact in visits.read(visit)] == [3]


def test_a_referral_corrected_in_any_order_and_taken_back_is_gone(in_harbour: SimpleNamespace) -> None:
    first, second, third = ids.new(), ids.new(), ids.new()
    common: dict[str, Any] = {"site": in_harbour.van.id, "encounter": ids.new()}
    payload = {"service": "OAT", "status": "accepted"}
    for draft in (
        Draft(kind="facts.referral", payload=payload, id=first, **common),
        Draft(kind="facts.referral", payload=payload, id=third, supersedes=(second,), **common),
        Draft(kind="facts.referral", payload=payload, id=second, supersedes=(first,), **common),
    ):
        arrive(in_harbour, draft)
    assert list(Referral.objects.values_list("fact", flat=True)) == [first]
    arrive(in_harbour, Draft(kind="facts.taken_back", payload={"why": "entered_twice"}, supersedes=(third,), **common))
    assert not Referral.objects.exists()
