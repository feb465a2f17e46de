"""Recalls and writing off: a stopped lot is never taken by itself, and every piece can be found."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from handrail.facts.models import Fact
from handrail.facts.record import Draft, Mode, Refusal, Status, record, record_many
from handrail.facts.replay import rebuild
from handrail.kernel import clock, ids, scope
from handrail.kernel.database import as_owner
from handrail.ledgers.stock import commands, counts, funds, kits, queries, reactor, recalls
from handrail.ledgers.stock.models import Balance, Item, Lot, LotHold, RecallClosing
from handrail.ledgers.stock.reactor import OnHold, Short
from tests import world as small_world


def stop(world, item: str = "syringe-1ml-29g", lot: str = "S-soon", **more):
    return recalls.recall(actor=world.actors["store"], item=item, lot=lot, source_reference="FSN-2026-118", severity="harmful", **more)


def give(world, quantity: int, *, lot: Lot | None = None, mode: Mode = Mode.TYPED, at=None):
    line = {"item": "syringe-1ml-29g", "quantity": quantity} | ({"lot": str(lot.id)} if lot else {})
    draft = Draft(
        kind="exchange.given", payload={"lines": [line]}, site=world.van.id, encounter=ids.new(), occurred_at=at or clock.now()
    )
    record(draft, actor=world.actors["naima"], mode=mode)
    return {taken[0]: taken[1] for taken in Fact.objects.get(id=draft.id).settlement["stock"][0]}


def lot(code: str) -> Lot:
    return Lot.objects.get(code=code)


def test_a_recalled_lot_is_not_taken_although_it_expires_first(in_harbour):
    stop(in_harbour)
    assert give(in_harbour, 30) == {str(lot("S-late").id): 30}
    with pytest.raises(Short):
        give(in_harbour, 471)
    offered = next(item for item in queries.shelf(in_harbour.van.key, small_world.today()) if item.code == "syringe-1ml-29g")
    assert (offered.available, offered.first_lot, offered.on_hold) == (470, "S-late", 100)
    assert {one.lot: one.is_held for one in queries.lots([in_harbour.van.key])} == {"S-late": False, "S-soon": True, "F-1": False}


def test_named_by_hand_it_is_refused_unless_it_was_given_anyway(in_harbour):
    stop(in_harbour)
    with pytest.raises(OnHold, match="recalled"):
        give(in_harbour, 5, lot=lot("S-soon"))
    assert give(in_harbour, 5, lot=lot("S-soon"), mode=Mode.CONFIRMED) == {str(lot("S-soon").id): 5}


def test_what_reached_people_before_the_recall_is_told_as_it_was(in_harbour):
    stop(in_harbour)
    assert give(in_harbour, 7, at=clock.now() - timedelta(days=2)) == {str(lot("S-soon").id): 7}


def test_a_recall_in_the_same_batch_already_holds(in_harbour):
    recall = Draft(
        kind="stock.recalled", payload={"severity": "harmful", "source_reference": "N", "lines": [{"item": "syringe-1ml-29g", "lot": str(lot("S-soon").id)}]}
    )
    given = Draft(
        kind="exchange.given", payload={"lines": [{"item": "syringe-1ml-29g", "quantity": 3}]}, site=in_harbour.van.id, encounter=ids.new()
    )
    record_many([recall, given], actor=in_harbour.system)
    assert Fact.objects.get(id=given.id).settlement["stock"] == [[[str(lot("S-late").id), 3]]]


def test_it_may_be_sent_back_to_the_store_and_written_off_but_not_loaded_by_itself(in_harbour):
    stop(in_harbour)
    store = in_harbour.actors["store"]
    commands.transfer(actor=store, source=in_harbour.van, target=in_harbour.store, quantities={}, lots={lot("S-soon").id: 100})
    with pytest.raises(Short):
        commands.transfer(actor=store, source=in_harbour.store, target=in_harbour.van, quantities={"syringe-1ml-29g": 1})
    commands.write_off(actor=store, site=in_harbour.store, quantities={lot("S-soon").id: 100}, reason="recalled")
    assert Balance.objects.get(lot=lot("S-soon"), location__kind="waste").quantity == 100


def test_a_delivery_of_a_recalled_lot_is_refused(in_harbour):
    stop(in_harbour)
    with pytest.raises(OnHold):
        commands.receive(
            actor=in_harbour.actors["store"], site=in_harbour.store, lines=[commands.Delivery("syringe-1ml-29g", "S-soon", 10, date(2029, 1, 31))]
        )


def test_the_recall_shows_shelves_people_transfers_and_kits_and_stops_the_kits(in_harbour):
    store = in_harbour.actors["store"]
    give(in_harbour, 12)
    kits.assemble(actor=store, site=in_harbour.van, kit=Item.objects.get(code="injecting-kit"), kits=3)
    commands.transfer(actor=store, source=in_harbour.van, target=in_harbour.sites["Drop-in"], quantities={"syringe-1ml-29g": 8})
    found = recalls.find(stop(in_harbour).id)
    made = Lot.objects.get(item__code="injecting-kit", is_unknown=False)
    assert [one.code for one in found.lots] == ["S-soon"]
    assert [one.code for one in found.kit_lots] == [made.code]
    assert {(row.place, row.lot_code): row.quantity for row in found.on_shelves} == {
        ("Van 1", "S-soon"): 50, ("Drop-in", "S-soon"): 8, ("Van 1", made.code): 3,
    }
    assert (found.total("people"), [(move.source, move.target, move.quantity) for move in found.moves]) == (12, [("Van 1", "Drop-in", 8)])
    assert LotHold.objects.get(lot=made.id).via == lot("S-soon").id
    draft = Draft(
        kind="exchange.given", payload={"lines": [{"item": "injecting-kit", "quantity": 1}]}, site=in_harbour.van.id, encounter=ids.new()
    )
    with pytest.raises(Short):
        record(draft, actor=in_harbour.actors["naima"])


def test_parts_on_hold_go_into_no_kit(in_harbour):
    stop(in_harbour)
    kits.assemble(actor=in_harbour.actors["store"], site=in_harbour.van, kit=Item.objects.get(code="injecting-kit"), kits=1)
    made = Lot.objects.get(item__code="injecting-kit", is_unknown=False)
    assert "S-soon" not in [part.lot_code for part in kits.inside(made.id)]
    assert made.expiry == date(2030, 6, 30)


def test_one_printed_number_stops_the_lots_of_every_fund(in_harbour):
    funds.add_fund(actor=in_harbour.system, code="OSF", name="Foundation", valid_from=date(2024, 1, 1))
    commands.receive(
        actor=in_harbour.actors["store"], site=in_harbour.store,
        lines=[commands.Delivery("syringe-1ml-29g", "S-soon", 10, date(2029, 1, 31), "OSF")],
    )
    stop(in_harbour)
    assert LotHold.objects.count() == 2


def test_a_recall_closes_when_nothing_is_left_and_the_lot_stays_stopped(in_harbour):
    recall = stop(in_harbour).id
    store = in_harbour.actors["store"]
    with pytest.raises(Refusal, match="100 are still on a shelf"):
        recalls.close(actor=store, recall=recall, outcome="settled")
    commands.write_off(actor=store, site=in_harbour.van, quantities={lot("S-soon").id: 100}, reason="recalled")
    recalls.close(actor=store, recall=recall, outcome="settled")
    assert (recalls.find(recall).is_open, recalls.open_ones()) == (False, 0)
    counts.count(actor=store, site=in_harbour.van, found={lot("S-soon").id: 4})  # four turn up behind a box
    assert give(in_harbour, 1) == {str(lot("S-late").id): 1}


def test_a_withdrawn_notice_lets_the_lot_be_used_again(in_harbour):
    recall = stop(in_harbour).id
    recalls.close(actor=in_harbour.actors["store"], recall=recall, outcome="lifted")
    assert give(in_harbour, 1) == {str(lot("S-soon").id): 1}
    again = stop(in_harbour).id
    assert give(in_harbour, 1) == {str(lot("S-late").id): 1}
    assert recall != again


def test_a_lot_the_book_does_not_know_is_said_so(in_harbour):
    with pytest.raises(Refusal, match="Check the number"):
        stop(in_harbour, lot="S-none")


def test_somebody_who_meets_people_cannot_recall_or_write_off(in_harbour):
    for attempt in (
        lambda a: recalls.recall(actor=a, item="filter", lot="F-1", source_reference="N", severity="harmful"),
        lambda a: commands.write_off(actor=a, site=in_harbour.van, quantities={lot("F-1").id: 1}, reason="lost"),
    ):
        with pytest.raises(Refusal):
            attempt(in_harbour.actors["naima"])


def test_written_off_is_waste_with_its_reason_and_never_more_than_there_is(in_harbour):
    store = in_harbour.actors["store"]
    outcome = commands.write_off(actor=store, site=in_harbour.van, quantities={lot("F-1").id: 40}, reason="seized_by_police")
    assert Fact.objects.get(id=outcome.id).payload["reason"] == "seized_by_police"
    assert Balance.objects.get(lot=lot("F-1"), location__kind="waste").quantity == 40
    with pytest.raises(Short):
        commands.write_off(actor=store, site=in_harbour.van, quantities={lot("F-1").id: 961}, reason="lost")
    for wrong in ({"quantities": {}, "reason": "lost"}, {"quantities": {lot("F-1").id: 1}, "reason": ""}, {"quantities": {lot("F-1").id: 1}, "reason": "x"}):
        with pytest.raises(Refusal):
            commands.write_off(actor=store, site=in_harbour.van, **wrong)


@pytest.mark.parametrize("reason", ["training_device", "donated"])
def test_what_expired_may_be_kept_to_practise_with_or_go_to_others(in_harbour, reason):
    commands.write_off(actor=in_harbour.actors["store"], site=in_harbour.van, quantities={lot("F-1").id: 3}, reason=reason)
    assert Balance.objects.get(lot=lot("F-1"), location__kind="waste").quantity == 3


# -- state is a fold ------------------------------------------------------------------------------------------------------------


def corrected(world, recall, **changed) -> Draft:
    fact = Fact.objects.get(id=recall)
    return Draft(kind="stock.recalled", payload=fact.payload | changed, supersedes=(recall,), id=ids.new())


def test_a_replay_makes_the_same_holds_whatever_was_corrected_and_in_whatever_order_it_came(own_database):
    found = small_world.find()
    with as_owner(), scope.enter([found.harbour.key]):
        first = stop(found).id
        kits.assemble(actor=found.actors["store"], site=found.van, kit=Item.objects.get(code="injecting-kit"), kits=4)
        made = Lot.objects.get(item__code="injecting-kit", is_unknown=False)
        fix = corrected(found, first, severity="dangerous")
        record(fix, actor=found.system)
        assert set(LotHold.objects.values_list("recall", "fact", "severity")) == {(first, fix.id, "dangerous")}
        commands.write_off(actor=found.actors["store"], site=found.van, quantities={lot("S-soon").id: 100}, reason="recalled")
        recalls.close(actor=found.actors["store"], recall=first, outcome="settled")
        # a closing and a correction that arrive before their recall
        late = Draft(kind="stock.recalled", payload=fix.payload | {"lines": [{"item": "filter", "lot": str(lot("F-1").id)}]}, id=ids.new())
        closing = Draft(kind="stock.recall_closed", payload={"recall": str(late.id), "outcome": "lifted"}, id=ids.new())
        record_many([closing, replace(late, id=ids.new(), supersedes=(late.id,))], actor=found.system, mode=Mode.ARRIVED)
        record(late, actor=found.system, mode=Mode.ARRIVED)
        back = Draft(kind="facts.taken_back", payload={"why": "did_not_happen"}, supersedes=(closing.id,))
        record(back, actor=found.system)
        assert RecallClosing.objects.count() == 1
        assert set(LotHold.objects.filter(lot=lot("F-1").id).values_list("recall", flat=True)) == {late.id}
        kits.disassemble(actor=found.actors["store"], site=found.van, lot=made, kits=2)
        assert rebuild() == []


# -- this can fail ----------------------------------------------------------------------------------------------------------------


def test_a_ledger_that_forgets_recalls_would_be_noticed(in_harbour, monkeypatch):
    monkeypatch.setattr(reactor._Lot, "is_held", lambda self, on, target: False)
    with pytest.raises(AssertionError):
        test_a_recalled_lot_is_not_taken_although_it_expires_first(in_harbour)


def test_a_hold_that_does_not_follow_a_correction_would_be_noticed(own_database, monkeypatch):
    monkeypatch.setattr("handrail.ledgers.stock.project.undo", lambda fact: None)
    with pytest.raises(AssertionError):
        test_a_replay_makes_the_same_holds_whatever_was_corrected_and_in_whatever_order_it_came(own_database)


def test_the_same_recall_twice_is_once(in_harbour):
    fact = ids.new()
    assert stop(in_harbour, id=fact).status is Status.ACCEPTED
    assert stop(in_harbour, id=fact).status is Status.DUPLICATE
