"""Deliveries, transfers and counts."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from handrail.facts.record import Draft, Refusal, record
from handrail.kernel import clock
from handrail.ledgers.stock import commands, counts, queries
from handrail.ledgers.stock.models import Balance, Leg, Lot
from handrail.ledgers.stock.reactor import Short


def deliver(world, lot: str = "N-1", quantity: int = 1000, expiry: date | None = date(2029, 5, 31)):
    return commands.receive(
        actor=world.actors["store"], site=world.store, lines=[commands.Delivery("syringe-1ml-29g", lot, quantity, expiry)]
    )


def on(world, site: str) -> dict[str, int]:
    return {lot.lot: lot.quantity for lot in queries.lots([world.sites[site].key])}


def test_a_delivery_comes_from_the_supplier_and_lies_on_the_shelf(in_harbour):
    deliver(in_harbour)
    assert on(in_harbour, "Store") == {"N-1": 1000}
    supplier = Balance.objects.filter(location__kind="supplier", lot__code="N-1").values_list("quantity", flat=True)
    assert list(supplier) == [-1000]


def test_loading_the_van_takes_what_expires_first(in_harbour):
    deliver(in_harbour, "N-late", 500, date(2031, 1, 1))
    deliver(in_harbour, "N-soon", 300, date(2028, 1, 1))
    commands.transfer(actor=in_harbour.actors["store"], source=in_harbour.store, target=in_harbour.van, quantities={"syringe-1ml-29g": 400})
    assert on(in_harbour, "Store") == {"N-late": 400}
    assert {k: v for k, v in on(in_harbour, "Van 1").items() if k.startswith("N-")} == {"N-soon": 300, "N-late": 100}
    assert sum(Leg.objects.values_list("quantity", flat=True)) == 0


def test_of_lots_with_one_date_what_came_first_goes_first_then_the_lower_number(in_harbour):
    """Written down last, but came first; and of one delivery the lot number decides, not the order of its lines."""
    store, same = in_harbour.actors["store"], date(2027, 3, 31)
    for ago, codes in ((2, ("N-late",)), (5, ("N-b", "N-a")), (9, ("N-z",))):
        lines = [commands.Delivery("syringe-1ml-29g", code, 100, same) for code in codes]
        commands.receive(actor=store, site=in_harbour.store, lines=lines, occurred_at=clock.now() - timedelta(days=ago))
    order = ["N-z", "N-a", "N-b", "N-late"]
    assert [lot.lot for lot in queries.lots([in_harbour.store.key]) if lot.lot in order] == order
    assert [lot.lot for lot, _n in queries.first_lots(in_harbour.store.key, "syringe-1ml-29g", 301, in_harbour.store.today)] == order
    taken: list[str] = []
    for _time in range(4):
        before = set(on(in_harbour, "Store"))
        commands.transfer(actor=store, source=in_harbour.store, target=in_harbour.van, quantities={"syringe-1ml-29g": 100})
        taken += sorted(before - set(on(in_harbour, "Store")))
    assert taken == order


def test_a_delivery_that_was_taken_back_does_not_make_a_lot_an_earlier_one(in_harbour):
    store, same = in_harbour.actors["store"], date(2027, 3, 31)
    lines = {code: [commands.Delivery("syringe-1ml-29g", code, 100, same)] for code in ("N-1", "N-2")}
    wrong = commands.receive(actor=store, site=in_harbour.store, lines=lines["N-2"], occurred_at=clock.now() - timedelta(days=9))
    record(Draft(kind="facts.taken_back", payload={"why": "did_not_happen"}, site=in_harbour.store.id, supersedes=(wrong.id,)), actor=in_harbour.system)
    for ago, code in ((5, "N-1"), (2, "N-2")):
        commands.receive(actor=store, site=in_harbour.store, lines=lines[code], occurred_at=clock.now() - timedelta(days=ago))
    assert [lot.lot for lot in queries.lots([in_harbour.store.key]) if lot.lot in lines] == ["N-1", "N-2"]


def test_more_than_the_store_has_is_refused(in_harbour):
    deliver(in_harbour, quantity=10)
    with pytest.raises(Short):
        commands.transfer(actor=in_harbour.actors["store"], source=in_harbour.store, target=in_harbour.van, quantities={"syringe-1ml-29g": 11})


def test_the_same_lot_with_another_date_is_a_slip(in_harbour):
    deliver(in_harbour)
    with pytest.raises(Refusal, match="Check the box"):
        deliver(in_harbour, expiry=date(2030, 5, 31))


@pytest.mark.parametrize("lot", ["", "  ", "?"])
def test_a_delivery_needs_the_number_on_the_box(in_harbour, lot):
    with pytest.raises(Refusal, match="printed on the box"):
        deliver(in_harbour, lot=lot)


def test_a_count_brings_the_book_to_the_shelf_and_keeps_the_difference_visible(in_harbour):
    deliver(in_harbour)
    lot = Lot.objects.get(code="N-1")
    counts.count(actor=in_harbour.actors["store"], site=in_harbour.store, found={lot.id: 990})
    assert on(in_harbour, "Store") == {"N-1": 990}
    assert Balance.objects.get(location__kind="counted", lot=lot).quantity == 10
    assert counts.count(actor=in_harbour.actors["store"], site=in_harbour.store, found={lot.id: 990}) is None


def test_a_count_by_somebody_who_may_not_is_refused(in_harbour):
    deliver(in_harbour)
    lot = Lot.objects.get(code="N-1")
    with pytest.raises(Refusal):
        counts.count(actor=in_harbour.actors["naima"], site=in_harbour.store, found={lot.id: 990})


def test_sending_stock_to_where_it_is_makes_no_sense(in_harbour):
    with pytest.raises(Refusal, match="another place"):
        commands.transfer(actor=in_harbour.actors["store"], source=in_harbour.store, target=in_harbour.store, quantities={"filter": 1})


def test_a_delivery_that_is_refused_leaves_no_lot_behind(in_harbour):
    deliver(in_harbour, "OLD")
    lines = [
        commands.Delivery("filter", "F-new", 10, date(2028, 1, 1)), commands.Delivery("syringe-1ml-29g", "OLD", 10, date(2031, 1, 1))
    ]
    with pytest.raises(Refusal, match="Check the box"):
        commands.receive(actor=in_harbour.actors["store"], site=in_harbour.store, lines=lines)
    assert not Lot.objects.filter(code="F-new").exists()
