"""What counts as use of a kit and of its parts: people use kits, kits use parts, and taking apart gives parts back."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time, timedelta

import pytest

from handrail.facts.record import Draft, Mode, record
from handrail.kernel import ids
from handrail.ledgers.stock import commands, forecast, kits, queries
from handrail.ledgers.stock.models import Item, Lot
from tests.world import today

TODAY = today()
KIT, PART = "injecting-kit", "syringe-1ml-29g"


def days_ago(days: int):
    return datetime.combine(TODAY, time(9), UTC) - timedelta(days=days)


def give(world, quantity: int, days: int, item: str = KIT) -> None:
    said = {"lines": [{"item": item, "quantity": quantity}]}
    draft = Draft(kind="exchange.given", payload=said, site=world.drop_in.id, encounter=ids.new(), occurred_at=days_ago(days))
    record(draft, actor=world.system, mode=Mode.CONFIRMED)


def make(world, number: int, days: int) -> Lot:
    """Kits put together so many days ago."""
    lot = Lot.objects.create(organisation_id=world.harbour.key, item=Item.objects.get(code=KIT), code=uuid.uuid4().hex[:8], expiry=date(2030, 1, 1))
    lines = [{"item": item, "quantity": 10 * number} for item in (PART, "filter")]
    said = {"kit": KIT, "kit_lot": str(lot.id), "kits": number, "lines": lines}
    record(Draft(kind="stock.assembled", payload=said, site=world.drop_in.id, occurred_at=days_ago(days)), actor=world.system)
    return lot


def take_apart(world, lot: Lot, number: int, days: int) -> None:
    lines = [{"item": inside.item, "lot": str(inside.lot), "quantity": 10 * number} for inside in kits.inside(lot.id)]
    said = {"kit": KIT, "kit_lot": str(lot.id), "kits": number, "lines": lines}
    record(Draft(kind="stock.disassembled", payload=said, site=world.drop_in.id, occurred_at=days_ago(days)), actor=world.system)


@pytest.fixture
def parts(in_harbour):
    """A thousand of each part came to the drop-in thirty days ago."""
    in_harbour.drop_in = in_harbour.sites["Drop-in"]
    lines = [commands.Delivery(item, f"{item}-1", 1000, date(2031, 1, 1)) for item in (PART, "filter")]
    commands.receive(actor=in_harbour.system, site=in_harbour.drop_in, occurred_at=days_ago(30), lines=lines)
    return in_harbour


def used(world, item: str) -> int:
    return next(one for one in forecast.forecasts([world.drop_in.key], TODAY) if one.item.code == item).supply.used


def low(world) -> set[str]:
    return forecast.low(queries.lots(None), [world.drop_in]).get(world.drop_in.key, set())


def test_use_of_a_kit_is_what_people_took_also_on_the_day_it_was_made(parts):
    make(parts, 20, 10)
    give(parts, 15, 10)
    give(parts, 3, 5)
    assert used(parts, KIT) == 18
    assert low(parts) == {KIT}  # 2 left, 18 went in the days that an order takes


def test_parts_that_went_into_kits_are_used_and_not_a_second_time_with_the_kit(parts):
    make(parts, 20, 10)
    give(parts, 15, 10)
    give(parts, 40, 8, PART)
    assert used(parts, PART) == 240


def test_taking_kits_apart_is_no_use_of_the_kit_and_gives_its_parts_back(parts):
    lot = make(parts, 20, 10)
    give(parts, 4, 9)
    take_apart(parts, lot, 10, 6)
    assert (used(parts, KIT), used(parts, PART)) == (4, 100)
    assert low(parts) == set()  # 6 kits, 4 went


def test_parts_that_come_back_hide_nothing_that_people_took(parts):
    lot = make(parts, 20, 60)  # before the days that count
    take_apart(parts, lot, 20, 10)
    give(parts, 30, 10, PART)
    found = next(one for one in forecast.forecasts([parts.drop_in.key], TODAY) if one.item.code == PART)
    assert (found.supply.used, sum(found.supply.weeks)) == (30, 30)
