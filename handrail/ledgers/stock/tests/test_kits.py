"""Kits: their parts, what they count as, when they expire, which lots are inside."""

from __future__ import annotations

from datetime import date

import pytest

from handrail.facts.models import Fact
from handrail.facts.record import Draft, Mode, Refusal, Status, record
from handrail.kernel import ids
from handrail.ledgers.stock import catalogue, commands, kits, queries
from handrail.ledgers.stock.models import Balance, Item, KitComponent, Leg, Lot
from handrail.ledgers.stock.reactor import Short


def kit() -> Item:
    return Item.objects.get(code="injecting-kit")


def put_together(world, number: int = 2, **more):
    return kits.assemble(actor=world.actors["store"], site=world.van, kit=kit(), kits=number, **more)


def van(world) -> dict[str, int]:
    return {lot.lot: lot.quantity for lot in queries.lots([world.van.key])}


def test_parts_leave_the_shelf_first_to_expire_first_and_kits_come_onto_it(in_harbour):
    before = van(in_harbour)
    outcome = put_together(in_harbour, 11)
    made = Lot.objects.get(item=kit(), is_unknown=False)
    assert made.expiry == date(2029, 1, 31)  # its first part: S-soon
    assert van(in_harbour) == {"S-late": before["S-late"] - 10, "F-1": before["F-1"] - 110, made.code: 11}
    settled = Fact.objects.get(id=outcome.id).settlement["stock"]
    assert [[quantity for _lot, quantity in taken] for taken in settled] == [[100, 10], [110], [11]]
    assert [(part.lot_code, part.quantity) for part in kits.inside(made.id)] == [("S-soon", 100), ("S-late", 10), ("F-1", 110)]
    assert sum(Leg.objects.values_list("quantity", flat=True)) == 0


def test_sending_it_twice_makes_the_kits_once(in_harbour):
    fact = ids.new()
    assert put_together(in_harbour, id=fact).status is Status.ACCEPTED
    assert put_together(in_harbour, id=fact).status is Status.DUPLICATE
    assert sum(lot.quantity for lot in queries.lots([in_harbour.van.key]) if lot.item == "injecting-kit") == 2


def test_too_few_parts_make_no_kit_and_leave_no_lot(in_harbour):
    with pytest.raises(Short):
        put_together(in_harbour, 61)
    assert not Lot.objects.filter(item=kit(), is_unknown=False).exists()


def test_taken_apart_the_parts_are_in_the_lots_they_came_from(in_harbour):
    before = van(in_harbour)
    put_together(in_harbour, 11)
    made = Lot.objects.get(item=kit(), is_unknown=False)
    apart = {"actor": in_harbour.actors["store"], "site": in_harbour.van, "lot": made}
    kits.disassemble(**apart, kits=1)
    assert van(in_harbour)["S-soon"] == 10
    with pytest.raises(Refusal):
        kits.disassemble(**apart, kits=11)
    kits.disassemble(**apart, kits=10)
    assert van(in_harbour) == before
    assert not Balance.objects.filter(location__kind="assembly").exclude(quantity=0).exists()


def test_a_kit_bought_ready_made_cannot_be_taken_apart_by_the_book(in_harbour):
    commands.receive(actor=in_harbour.actors["store"], site=in_harbour.store, lines=[commands.Delivery("injecting-kit", "RM-1", 5, None)])
    with pytest.raises(Refusal, match="ready-made"):
        kits.disassemble(actor=in_harbour.actors["store"], site=in_harbour.store, lot=Lot.objects.get(code="RM-1"), kits=1)


def assembled(world, *, syringes: int = 20, expiry: date | None = date(2029, 1, 31)) -> Draft:
    lot = Lot.objects.create(organisation_id=world.harbour.key, item=kit(), code=str(ids.new())[-12:], expiry=expiry)
    lines = [{"item": "syringe-1ml-29g", "quantity": syringes}, {"item": "filter", "quantity": 20}]
    return Draft(
        kind="stock.assembled", payload={"kit": "injecting-kit", "kit_lot": str(lot.id), "kits": 2, "lines": lines}, site=world.van.id
    )


def test_the_ledger_refuses_kits_that_are_not_what_they_count_as(in_harbour):
    store = in_harbour.actors["store"]
    assert record(assembled(in_harbour), actor=store).status is Status.ACCEPTED
    with pytest.raises(Refusal, match="not those of the kit"):
        record(assembled(in_harbour, syringes=19), actor=store)
    with pytest.raises(Refusal, match="longer than its first part"):
        record(assembled(in_harbour, expiry=date(2029, 2, 1)), actor=store)
    with pytest.raises(Refusal, match="longer than its first part"):
        record(assembled(in_harbour, expiry=None), actor=store)
    assert record(assembled(in_harbour, syringes=1), actor=in_harbour.system, mode=Mode.ARRIVED).status is Status.QUARANTINED


# -- what a kit counts as (`domain/exchange.md` 2) --------------------------------------------------------------------------------


def test_a_kit_of_ten_syringes_counts_ten(in_harbour):
    assert kit().counts_as_ns == 10


def test_barrels_count_and_loose_needles_do_not_so_a_pair_counts_once(in_harbour):
    store = in_harbour.actors["store"]
    catalogue.create(actor=store, code="barrel", name="Barrel", item_class="barrel", pack_size=100)
    catalogue.create(actor=store, code="needle", name="Needle", item_class="needle", pack_size=100)
    pair = catalogue.create(
        actor=store, code="pairs", name="Pairs", item_class="preparation", pack_size=1, parts={"barrel": 5, "needle": 5, "syringe-1ml-29g": 2}
    )
    pair.refresh_from_db()
    assert pair.counts_as_ns == 7


def test_what_counts_follows_when_a_part_was_put_in_the_wrong_class(in_harbour):
    store = in_harbour.actors["store"]
    part = catalogue.create(actor=store, code="new-part", name="Part", item_class="preparation", pack_size=1)
    made = catalogue.create(actor=store, code="new-kit", name="Kit", item_class="care", pack_size=1, parts={"new-part": 3})
    catalogue.update(actor=store, item=part, name="Barrel", item_class="barrel", pack_size=1, is_active=True)
    made.refresh_from_db()
    assert made.counts_as_ns == 3
    catalogue.set_parts(actor=store, kit=made, parts={})
    made.refresh_from_db()
    assert made.counts_as_ns == 0


def test_what_past_numbers_depend_on_stays(in_harbour):
    store = in_harbour.actors["store"]
    put_together(in_harbour)
    with pytest.raises(Refusal, match="add a new kit"):
        catalogue.set_parts(actor=store, kit=kit(), parts={"syringe-1ml-29g": 1})
    with pytest.raises(Refusal, match="past numbers"):
        catalogue.update(actor=store, item=Item.objects.get(code="filter"), name="Filter", item_class="barrel", pack_size=1, is_active=True)
    catalogue.update(actor=store, item=kit(), name="Kit of ten", item_class="preparation", pack_size=2, is_active=False)
    assert [(i.name, i.is_active) for i in Item.objects.filter(code="injecting-kit")] == [("Kit of ten", False)]


def test_a_kit_is_never_inside_a_kit(in_harbour):
    store = in_harbour.actors["store"]
    with pytest.raises(Refusal, match="is a kit itself"):
        catalogue.create(actor=store, code="big-kit", name="Big", item_class="preparation", pack_size=1, parts={"injecting-kit": 1})
    part = catalogue.create(actor=store, code="part", name="Part", item_class="preparation", pack_size=1)
    catalogue.create(actor=store, code="of-parts", name="Of parts", item_class="preparation", pack_size=1, parts={"part": 1})
    with pytest.raises(Refusal, match="part of another kit"):
        catalogue.set_parts(actor=store, kit=part, parts={"water": 1})


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("code", {"code": "Not Good"}), ("code", {"code": "filter"}), ("name", {"name": " "}), ("item_class", {"item_class": "toys"}),
        ("pack_size", {"pack_size": 0}),
    ],
)
def test_an_item_says_what_is_wrong_with_it(in_harbour, field, changed):
    good = {"code": "straw", "name": "Straw", "item_class": "snorting", "pack_size": 50}
    with pytest.raises(Refusal) as refused:
        catalogue.create(actor=in_harbour.actors["store"], **(good | changed))
    assert [name for name, _sentence in refused.value.problems] == [field]


def test_this_can_fail_a_kit_that_counts_as_one(in_harbour, monkeypatch):
    monkeypatch.setattr("handrail.ledgers.stock.rules.needles_in", lambda parts: 1)
    KitComponent.objects.filter(kit=kit()).delete()
    catalogue.set_parts(actor=in_harbour.actors["store"], kit=kit(), parts={"syringe-1ml-29g": 10})
    with pytest.raises(AssertionError):
        test_a_kit_of_ten_syringes_counts_ten(in_harbour)
