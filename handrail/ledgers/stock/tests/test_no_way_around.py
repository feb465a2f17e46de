"""Rules of funds, recalls and kits hold whichever door is used: a program's fact, a correction, a second delivery."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from handrail.facts import organisations
from handrail.facts.models import Fact, Site
from handrail.facts.record import Draft, Mode, Refusal, Status, record, record_many
from handrail.facts.replay import rebuild
from handrail.kernel import ids, scope
from handrail.kernel.database import as_owner
from handrail.ledgers.stock import catalogue, commands, forecast, kits, queries, recalls, usual
from handrail.ledgers.stock.models import Item, Lot, LotHold, RecallClosing
from tests import world as small_world
from tests.words import PASSWORD

WHEN = datetime(2026, 7, 1, 9, tzinfo=UTC)
LATER = date(2032, 1, 1)


def deliver(world, item: str, lot: str, quantity: int = 100, fund: str = ""):
    return commands.receive(actor=world.system, site=world.store, lines=[commands.Delivery(item, lot, quantity, LATER, fund)])


def lot(code: str) -> Lot:
    return Lot.objects.get(code=code)


def shelf(world) -> dict[str, int]:
    return {one.lot: one.quantity for one in queries.lots([world.store.key])}


@pytest.fixture
def kit(in_harbour) -> Lot:
    """Five injecting kits, put together in the store from lots S-1 and F-1."""
    deliver(in_harbour, "syringe-1ml-29g", "S-1")
    deliver(in_harbour, "filter", "F-1x")
    kits.assemble(actor=in_harbour.system, site=in_harbour.store, kit=Item.objects.get(code="injecting-kit"), kits=5)
    return Lot.objects.get(item__code="injecting-kit", is_unknown=False)


def take_apart(world, kit: Lot, lines: list[tuple[str, Lot, int]], number: int = 1) -> Draft:
    said = [{"item": item, "lot": str(one.id), "quantity": quantity} for item, one, quantity in lines]
    return Draft(kind="stock.disassembled", payload={"kit": "injecting-kit", "kit_lot": str(kit.id), "kits": number, "lines": said}, site=world.store.id)


def test_more_cannot_come_out_of_a_kit_than_is_in_it(in_harbour, kit):
    draft = take_apart(in_harbour, kit, [("syringe-1ml-29g", lot("S-1"), 5000), ("filter", lot("F-1x"), 10)])
    with pytest.raises(Refusal, match="parts"):
        record(draft, actor=in_harbour.system)
    assert record(draft, actor=in_harbour.system, mode=Mode.ARRIVED).status is Status.QUARANTINED
    assert shelf(in_harbour)["S-1"] == 50


def test_a_lot_that_is_not_in_a_kit_does_not_come_out_of_it(in_harbour, kit):
    deliver(in_harbour, "syringe-1ml-29g", "S-other")
    draft = take_apart(in_harbour, kit, [("syringe-1ml-29g", lot("S-other"), 10), ("filter", lot("F-1x"), 10)])
    with pytest.raises(Refusal, match="parts"):
        record(draft, actor=in_harbour.system, mode=Mode.CONFIRMED)


def test_kits_taken_apart_by_a_program_count_as_ever(in_harbour, kit):
    draft = take_apart(in_harbour, kit, [("syringe-1ml-29g", lot("S-1"), 20), ("filter", lot("F-1x"), 20)], 2)
    assert record(draft, actor=in_harbour.system).status is Status.ACCEPTED
    assert shelf(in_harbour)["S-1"] == 70


def test_kits_put_together_and_taken_apart_in_one_delivery_both_count(in_harbour, kit):
    kit_lot = Lot.objects.create(organisation_id=in_harbour.harbour.key, item=Item.objects.get(code="injecting-kit"), code="K-2", expiry=LATER)
    lines = [{"item": "syringe-1ml-29g", "quantity": 20}, {"item": "filter", "quantity": 20}]
    made = Draft(kind="stock.assembled", payload={"kit": "injecting-kit", "kit_lot": str(kit_lot.id), "kits": 2, "lines": lines}, site=in_harbour.store.id)
    apart = take_apart(in_harbour, kit_lot, [("syringe-1ml-29g", lot("S-1"), 10), ("filter", lot("F-1x"), 10)])
    again = take_apart(in_harbour, kit_lot, [("syringe-1ml-29g", lot("S-1"), 20), ("filter", lot("F-1x"), 20)], 2)
    outcomes = record_many([made, apart, again], actor=in_harbour.system, mode=Mode.ARRIVED)
    assert [outcome.status for outcome in outcomes] == [Status.ACCEPTED, Status.ACCEPTED, Status.QUARANTINED]


def test_taking_kits_apart_can_be_corrected(in_harbour, kit):
    first = take_apart(in_harbour, kit, [("syringe-1ml-29g", lot("S-1"), 50), ("filter", lot("F-1x"), 50)], 5)
    record(first, actor=in_harbour.system)
    right = take_apart(in_harbour, kit, [("syringe-1ml-29g", lot("S-1"), 40), ("filter", lot("F-1x"), 40)], 4)
    assert record(replace(right, supersedes=(first.id,)), actor=in_harbour.system).status is Status.ACCEPTED
    assert shelf(in_harbour)["S-1"] == 90


def test_an_order_on_a_fund_that_forbids_it_is_refused_whoever_writes_it(in_harbour):
    usual.add_example_fund(actor=in_harbour.system)
    line = {"item": "syringe-1ml-29g", "quantity": 100}
    draft = Draft(kind="stock.ordered", payload={"supplier": "Store", "fund": "HHS", "lines": [line]}, site=in_harbour.store.id, occurred_at=WHEN)
    with pytest.raises(Refusal, match="may not be paid from HHS"):
        record(draft, actor=in_harbour.actors["store"])
    assert record(draft, actor=in_harbour.actors["store"], mode=Mode.ARRIVED).status is Status.QUARANTINED


def test_an_order_names_a_fund_and_items_that_are_here(in_harbour):
    for fund, item in (("NOBODY", "filter"), (None, "no-such-item")):
        draft = Draft(
            kind="stock.ordered", payload={"supplier": "Store", "fund": fund, "lines": [{"item": item, "quantity": 1}]}, site=in_harbour.store.id
        )
        with pytest.raises(Refusal):
            record(draft, actor=in_harbour.actors["store"])


def test_a_recalled_number_that_another_fund_bought_is_stopped_as_well(in_harbour):
    usual.add_example_fund(actor=in_harbour.system)
    deliver(in_harbour, "filter", "F-bad")
    recalls.recall(actor=in_harbour.system, item="filter", lot="F-bad", source_reference="FSN-1", severity="dangerous")
    with pytest.raises(Refusal, match="recalled"):
        deliver(in_harbour, "filter", "F-bad", fund="HHS")
    assert not Lot.objects.filter(code="F-bad", fund__isnull=False).exists()


def test_what_came_under_a_recalled_number_all_the_same_is_on_hold(in_harbour):
    usual.add_example_fund(actor=in_harbour.system)
    deliver(in_harbour, "filter", "F-bad")
    recalls.recall(actor=in_harbour.system, item="filter", lot="F-bad", source_reference="FSN-1", severity="dangerous")
    second = commands.find_or_add_lot(
        actor=in_harbour.system, item=Item.objects.get(code="filter"), code="F-bad", expiry=LATER, fund=commands.funds.find("HHS")
    )
    said = {"lines": [{"item": "filter", "lot": str(second.id), "quantity": 30}]}
    record(Draft(kind="stock.received", payload=said, site=in_harbour.store.id), actor=in_harbour.system, mode=Mode.CONFIRMED)
    assert [one.is_held for one in queries.lots([in_harbour.store.key]) if one.lot == "F-bad"] == [True, True]
    given = Draft(kind="exchange.given", payload={"lines": [{"item": "filter", "quantity": 5}]}, site=in_harbour.store.id, encounter=ids.new())
    with pytest.raises(Refusal):
        record(given, actor=in_harbour.system)


def test_a_recall_that_a_program_sends_stops_the_kits_with_that_lot_inside(in_harbour, kit):
    said = {"severity": "dangerous", "source_reference": "FSN-2", "lines": [{"item": "syringe-1ml-29g", "lot": str(lot("S-1").id)}]}
    with pytest.raises(Refusal, match="kit"):
        record(Draft(kind="stock.recalled", payload=said), actor=in_harbour.system)
    assert record(Draft(kind="stock.recalled", payload=said), actor=in_harbour.system, mode=Mode.CONFIRMED).status is Status.ACCEPTED


def test_the_class_of_a_part_is_fixed_once_a_kit_with_it_moved(in_harbour):
    part = catalogue.create(actor=in_harbour.system, code="fresh", name="Fresh", item_class="syringe_with_needle", pack_size=1)
    catalogue.create(actor=in_harbour.system, code="fresh-kit", name="Fresh kit", item_class="preparation", pack_size=1, parts={"fresh": 2})
    deliver(in_harbour, "fresh-kit", "K-ready")
    with pytest.raises(Refusal, match="past numbers"):
        catalogue.update(actor=in_harbour.system, item=part, name="Fresh", item_class="preparation", pack_size=1, is_active=True)
    assert Item.objects.get(code="fresh-kit").counts_as_ns == 2


def test_the_first_day_of_the_window_counts_from_its_local_midnight(in_harbour):
    today = small_world.today()
    drop_in: Site = in_harbour.sites["Drop-in"]
    begins = datetime.combine(today - timedelta(days=56), datetime.min.time(), UTC) - timedelta(hours=3)  # midnight in Nairobi
    commands.receive(
        actor=in_harbour.system, site=drop_in, occurred_at=begins - timedelta(days=2), lines=[commands.Delivery("filter", "F-old", 500, LATER)]
    )
    for minutes, quantity in ((-30, 7), (30, 56)):
        record(
            Draft(
                kind="exchange.given", payload={"lines": [{"item": "filter", "quantity": quantity}]}, site=drop_in.id, encounter=ids.new(),
                occurred_at=begins + timedelta(minutes=minutes),
            ),
            actor=in_harbour.system,
        )
    found = next(one for one in forecast.forecasts([drop_in.key], today) if one.item.code == "filter")
    assert (found.supply.used, found.supply.days, found.outlook.use_per_day) == (56, 56, 1)


# -- recalls that arrive, and who closes what ----------------------------------------------------------------------------------


def arrived_recall(lot_id) -> Draft:
    """A recall from elsewhere that knows the part and not the kits."""
    return Draft(
        kind="stock.recalled", payload={"severity": "dangerous", "source_reference": "FSN-2", "lines": [{"item": "syringe-1ml-29g", "lot": str(lot_id)}]}
    )


def kit_given(world) -> Draft:
    return Draft(kind="exchange.given", payload={"lines": [{"item": "injecting-kit", "quantity": 1}]}, site=world.store.id, encounter=ids.new())


def test_a_recall_that_arrives_without_its_kits_stops_them_all_the_same(in_harbour, kit):
    recall = arrived_recall(lot("S-1").id)
    assert record(recall, actor=in_harbour.system, mode=Mode.ARRIVED).status is Status.ACCEPTED
    assert {one.lot: one.is_held for one in queries.lots([in_harbour.store.key])} == {"S-1": True, "F-1x": False, kit.code: True}
    with pytest.raises(Refusal, match="has 0 here"):
        record(kit_given(in_harbour), actor=in_harbour.system)
    assert [one.code for one in recalls.find(recall.id).kit_lots] == [kit.code]
    recalls.close(actor=in_harbour.system, recall=recall.id, outcome="lifted")
    assert record(kit_given(in_harbour), actor=in_harbour.system).status is Status.ACCEPTED


def test_in_the_same_batch_the_kits_are_stopped_too(in_harbour, kit):
    given = kit_given(in_harbour)
    record_many([arrived_recall(lot("S-1").id), given], actor=in_harbour.system, mode=Mode.ARRIVED)
    assert Fact.objects.get(id=given.id).settlement["stock"] == [[[str(Lot.objects.get(item=kit.item, is_unknown=True).id), 1]]]


def test_kits_that_were_made_from_other_lots_are_free(in_harbour, kit):
    deliver(in_harbour, "syringe-1ml-29g", "S-0")
    made = Fact.objects.get(kind="stock.assembled")
    commands.write_off(actor=in_harbour.system, site=in_harbour.store, quantities={lot("S-1").id: 50}, reason="lost")
    record(arrived_recall(lot("S-0").id), actor=in_harbour.system, mode=Mode.ARRIVED)
    assert [one.is_held for one in queries.lots([in_harbour.store.key]) if one.lot == kit.code] == [False]
    recall = arrived_recall(lot("S-1").id)
    record(recall, actor=in_harbour.system, mode=Mode.ARRIVED)
    recalls.close(actor=in_harbour.system, recall=LotHold.objects.get(lot=lot("S-0").id).recall, outcome="lifted")
    # The kits were in truth made from S-0: the correction takes the parts afresh, and S-1 is inside no more.
    corrected = Draft(kind="stock.assembled", payload=made.payload, site=in_harbour.store.id, supersedes=(made.id,), occurred_at=made.occurred_at)
    record(corrected, actor=in_harbour.system)
    assert [one.is_held for one in queries.lots([in_harbour.store.key]) if one.lot == kit.code] == [False]


def test_a_replay_after_a_recall_without_its_kits_is_the_same(own_database):
    found = small_world.find()
    with as_owner(), scope.enter([found.harbour.key]):
        kits.assemble(actor=found.system, site=found.van, kit=Item.objects.get(code="injecting-kit"), kits=5)
        record(arrived_recall(lot("S-soon").id), actor=found.system, mode=Mode.ARRIVED)
        given = replace(kit_given(found), site=found.van.id)
        record(given, actor=found.system, mode=Mode.CONFIRMED)
        assert rebuild() == []
        assert Fact.objects.get(id=given.id).settlement["stock"][0][0][0] == str(Lot.objects.get(item__code="injecting-kit", is_unknown=True).id)


def closer_at(world, site: Site):
    """A storekeeper of one place alone."""
    staff = organisations.create_staff(actor=world.system, username=f"at-{site.key}", name="Storekeeper", password=PASSWORD, grants=[("storekeeper", site)])
    return organisations.actor_for(staff)


def test_what_another_place_ordered_or_recalled_is_closed_there_and_nowhere_else(in_harbour):
    van, store = closer_at(in_harbour, in_harbour.van), closer_at(in_harbour, in_harbour.store)
    order = Draft(kind="stock.ordered", payload={"supplier": "Depot", "lines": [{"item": "filter", "quantity": 10}]}, site=in_harbour.store.id)
    recall = replace(arrived_recall(lot("S-soon").id), site=in_harbour.store.id)
    record_many([order, recall], actor=in_harbour.system)
    for draft in (
        Draft(kind="stock.order_closed", payload={"order": str(order.id), "why": "cancelled"}, site=in_harbour.van.id),
        Draft(kind="stock.recall_closed", payload={"recall": str(recall.id), "outcome": "lifted"}, site=in_harbour.van.id),
        Draft(kind="stock.recall_closed", payload={"recall": str(ids.new()), "outcome": "lifted"}, site=in_harbour.van.id),  # of nothing that is here
    ):
        with pytest.raises(Refusal, match="cannot record this here"):
            record(draft, actor=van)
        assert record(replace(draft, id=ids.new()), actor=van, mode=Mode.ARRIVED).reason == "not_permitted"
    assert not RecallClosing.objects.exists()
    mine = Draft(kind="stock.order_closed", payload={"order": str(order.id), "why": "cancelled"}, site=in_harbour.store.id)
    assert record(mine, actor=store).status is Status.ACCEPTED


def test_closing_what_came_in_the_same_batch_asks_where_that_was(in_harbour):
    van = closer_at(in_harbour, in_harbour.van)
    order = Draft(kind="stock.ordered", payload={"supplier": "Depot", "lines": [{"item": "filter", "quantity": 10}]}, site=in_harbour.van.id)
    done = Draft(kind="stock.order_closed", payload={"order": str(order.id), "why": "cancelled"}, site=in_harbour.van.id)
    assert [outcome.status for outcome in record_many([order, done], actor=van)] == [Status.ACCEPTED, Status.ACCEPTED]
