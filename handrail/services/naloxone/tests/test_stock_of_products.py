"""How long naloxone lasts, product by product: items of one product are one stock, and the first to expire goes first over all of them."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from handrail.facts.queries import today
from handrail.facts.record import Draft, record
from handrail.kernel import clock, ids
from handrail.ledgers.stock import commands as stock
from handrail.ledgers.stock.models import Item, KitComponent, Lot
from handrail.services.naloxone import commands, numbers
from handrail.services.naloxone.codes import Product
from handrail.services.naloxone.tests.helpers import NASAL

OTHER = "naloxone-nasal-4mg-b"


def item(world: Any, code: str, doses: int, product: Product = Product.NASAL_4MG) -> Item:
    made = stock.add_item(actor=world.system, code=code, name=code, item_class="naloxone")
    commands.set_kit(actor=world.system, item=made, product=product, doses=doses, since=date(2026, 1, 1))
    return made


def comes(world: Any, code: str, lot: str, quantity: int, lasts: int) -> None:
    """A delivery thirty days ago that expires so many days from now."""
    stock.receive(
        actor=world.system, site=world.van, occurred_at=clock.now() - timedelta(days=30), lines=[stock.Delivery(code, lot, quantity, today() + timedelta(days=lasts))],
    )


def goes(world: Any, code: str, quantity: int, ago: int) -> None:
    commands.give(actor=world.system, site=world.van, quantities={code: quantity}, id=ids.new(), occurred_at=clock.now() - timedelta(days=ago))


def lines(world: Any) -> tuple[list[numbers.Stock], dict[str, tuple[int, int]]]:
    found, risks = numbers.stock([world.van.key], today())
    return found, {risk.lot: (risk.there, risk.left_over) for risk in risks}


@pytest.fixture
def two(in_harbour: Any) -> Any:
    """Two items of one product: 100 for twenty days and 90 for sixty, of which three went a day (`domain/naloxone.md`, worked example 6)."""
    item(in_harbour, NASAL, 2)
    item(in_harbour, OTHER, 2)
    comes(in_harbour, NASAL, "A", 145, 20)
    comes(in_harbour, OTHER, "B", 135, 60)
    for ago in (25, 15, 5):
        goes(in_harbour, NASAL, 15, ago)
        goes(in_harbour, OTHER, 15, ago)
    return in_harbour


def test_two_items_of_one_product_are_one_stock(two):
    (line,), risks = lines(two)
    assert (line.title, line.items, line.in_doses) == (Product.NASAL_4MG.label, (NASAL, OTHER), False)
    assert (line.found.outlook.use_per_day, line.found.supply.used, line.found.outlook.on_hand) == (Fraction(3), 90, 190)
    assert line.months == Fraction(150, 90), "190 there, 40 of them too late, 3 a day"
    assert risks == {"A": (100, 40)}, "item by item it would be 70 of A"


def test_a_day_is_without_only_where_all_items_of_the_product_are_at_nought(in_harbour):
    item(in_harbour, NASAL, 2)
    item(in_harbour, OTHER, 2)
    comes(in_harbour, NASAL, "A", 30, 300)
    comes(in_harbour, OTHER, "B", 60, 300)
    goes(in_harbour, NASAL, 30, 20)
    goes(in_harbour, OTHER, 60, 10)
    (line,), _risks = lines(in_harbour)
    assert (line.found.supply.days, line.found.supply.stock_out_days) == (30, 10), "from the tenth day before today on, not from the twentieth"
    assert line.found.outlook.use_per_day == Fraction(90, 20)


def test_items_that_hold_different_numbers_of_doses_are_added_up_in_doses(in_harbour):
    item(in_harbour, NASAL, 2)
    item(in_harbour, OTHER, 6)
    comes(in_harbour, NASAL, "A", 30, 20)
    comes(in_harbour, OTHER, "B", 20, 300)
    goes(in_harbour, NASAL, 15, 3)
    goes(in_harbour, OTHER, 5, 2)
    (line,), risks = lines(in_harbour)
    assert (line.in_doses, line.found.supply.used, line.found.outlook.on_hand) == (True, 60, 120)
    assert line.found.outlook.use_per_day == Fraction(2)
    assert risks == {}, "15 kits of A are 30 doses, and 40 are needed in 20 days"


def test_an_item_whose_product_nobody_said_stands_alone_and_so_does_another_product(two):
    stock.add_item(actor=two.system, code="old-spray", name="old-spray", item_class="naloxone")
    item(two, "auto", 2, Product.IM_AUTOINJECTOR)
    found, _risks = lines(two)
    assert sorted(str(line.title) for line in found) == sorted([str(Product.NASAL_4MG.label), "old-spray", "auto"])


def test_what_is_put_into_kits_of_its_own_product_is_not_used_twice(in_harbour):
    """Ten doses become five kits of two; of these two are handed out: four doses were used, not fourteen."""
    single, whole = item(in_harbour, OTHER, 1), item(in_harbour, NASAL, 2)
    KitComponent.objects.create(organisation_id=in_harbour.harbour.key, kit=whole, component=single, quantity=2)
    comes(in_harbour, OTHER, "B", 30, 300)
    lot = Lot.objects.create(organisation_id=in_harbour.harbour.key, item=whole, code="K-1", expiry=today() + timedelta(days=300))
    said = {"kit": NASAL, "kit_lot": str(lot.id), "kits": 5, "lines": [{"item": OTHER, "quantity": 10}]}
    record(Draft(kind="stock.assembled", payload=said, site=in_harbour.van.id, occurred_at=clock.now() - timedelta(days=10)), actor=in_harbour.system)
    goes(in_harbour, NASAL, 2, 5)
    (line,), _risks = lines(in_harbour)
    assert (line.in_doses, line.found.supply.used, line.found.outlook.on_hand) == (True, 4, 26)
