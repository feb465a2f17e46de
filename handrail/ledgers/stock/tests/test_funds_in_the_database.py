"""The database refuses what a fund forbids, also when somebody writes around the door."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from handrail.facts.models import Fact
from handrail.facts.record import Draft, Mode, record
from handrail.facts.replay import rebuild
from handrail.kernel import ids, scope
from handrail.kernel.database import as_owner
from handrail.ledgers.stock import catalogue, commands, funds, kits, usual
from handrail.ledgers.stock.models import Balance, Fund, Item, Leg, Location, Lot
from tests import world as small_world

WHEN = datetime(2026, 7, 1, 9, tzinfo=UTC)


@pytest.fixture
def hhs(in_harbour) -> Fund:
    """Money that buys everything but needles and syringes, from 2026 on."""
    return usual.add_example_fund(actor=in_harbour.system)


def lot_of(world, item: str, fund: Fund | None, code: str = "X") -> Lot:
    return Lot.objects.create(organisation_id=world.harbour.key, item=Item.objects.get(code=item), code=code, expiry=date(2030, 1, 1), fund=fund)


def around(world, lot: Lot, *, out_of: str = "supplier", at: datetime = WHEN, fact=None, quantity: int = -5) -> None:
    """Write both legs of a move with SQL, as somebody with the application's password could."""
    with transaction.atomic(), connection.cursor() as cursor:
        source = Location.objects.get_or_create(organisation_id=world.harbour.key, kind=out_of, site=None)[0]
        shelf = Location.objects.get_or_create(organisation_id=world.harbour.key, kind="site", site=world.store)[0]
        cursor.execute(
            "INSERT INTO stock_leg (organisation_id, fact, cause, at, site_id, location_id, lot_id, quantity)"
            " SELECT %s, f, f, %s::timestamptz, %s, x.location, %s, x.quantity FROM (VALUES (%s::uuid)) AS t (f),"
            " (VALUES (%s::bigint, %s::bigint), (%s::bigint, -%s::bigint)) AS x (location, quantity)",
            [world.harbour.key, at, world.store.key, lot.key, fact or ids.new(), source.key, quantity, shelf.key, quantity],
        )


def refused(world, lot: Lot, **more) -> bool:
    try:
        around(world, lot, **more)
    except IntegrityError as error:
        return "may not stand on the fund HHS" in str(error)
    return False


def test_a_lot_of_a_forbidden_class_or_item_does_not_come_from_a_supplier(in_harbour, hhs):
    funds.restrict(
        actor=in_harbour.system, fund=hhs, effect="forbid_stock_tag", valid_from=date(2026, 1, 1), item_code="water", source_document="L", clause="1"
    )
    found = {item: refused(in_harbour, lot_of(in_harbour, item, hhs)) for item in ("syringe-1ml-29g", "water", "filter", "injecting-kit")}
    assert found == {"syringe-1ml-29g": True, "water": True, "filter": False, "injecting-kit": True}
    assert not refused(in_harbour, lot_of(in_harbour, "syringe-1ml-29g", None))


def test_what_decides_is_the_day_where_it_happened(in_harbour, hhs):
    lot = lot_of(in_harbour, "filter", hhs)
    assert refused(in_harbour, lot, at=datetime(2025, 12, 31, 20, 59, tzinfo=UTC))  # the fund begins at midnight in Nairobi
    assert not refused(in_harbour, lot, at=datetime(2025, 12, 31, 21, tzinfo=UTC))


def test_an_approval_lets_through_what_asks_for_one(in_harbour, hhs):
    funds.restrict(
        actor=in_harbour.system, fund=hhs, effect="requires_approval", valid_from=date(2026, 1, 1), item_code="water", source_document="L", clause="1"
    )
    line = commands.Delivery("water", "W", 5, None, "HHS")
    outcome = commands.receive(actor=in_harbour.system, site=in_harbour.store, lines=[line], approval="A-17", occurred_at=WHEN)
    lot = Lot.objects.get(code="W", fund=hhs)
    assert [refused(in_harbour, lot), refused(in_harbour, lot, fact=outcome.id)] == [True, False]


def test_a_kit_with_a_forbidden_part_does_not_come_out_of_assembly(in_harbour, hhs):
    catalogue.create(actor=in_harbour.system, code="dry", name="Dry", item_class="preparation", pack_size=1, parts={"filter": 2})
    found = {item: refused(in_harbour, lot_of(in_harbour, item, hhs), out_of="assembly") for item in ("injecting-kit", "dry")}
    assert found == {"injecting-kit": True, "dry": False}


def test_parts_come_out_of_kits_and_stock_moves_although_a_later_rule_forbids_them(in_harbour):
    fund = funds.add_fund(actor=in_harbour.system, code="FED", name="Federal", valid_from=date(2024, 1, 1))
    store = {"actor": in_harbour.system, "site": in_harbour.store}
    lines = [commands.Delivery(item, "F", 100, date(2030, 1, 1), "FED") for item in ("syringe-1ml-29g", "filter")]
    commands.receive(**store, lines=lines, occurred_at=WHEN)
    kits.assemble(**store, kit=Item.objects.get(code="injecting-kit"), kits=2, fund="FED")
    made = Lot.objects.get(item__code="injecting-kit", is_unknown=False)
    funds.restrict(
        actor=in_harbour.system, fund=fund, effect="forbid_purchase", valid_from=date(2026, 8, 1), item_class="syringe_with_needle",
        source_document="New terms", clause="7",
    )
    apart = kits.disassemble(**store, lot=made, kits=1)
    record(Draft(kind="facts.taken_back", payload={"why": "did_not_happen"}, supersedes=(apart.id,)), actor=in_harbour.system)
    commands.transfer(actor=in_harbour.system, source=in_harbour.store, target=in_harbour.van, quantities={"syringe-1ml-29g": 80})
    delivery = Fact.objects.get(kind="stock.received", site=in_harbour.store)
    corrected = Draft(kind="stock.received", payload=delivery.payload, site=in_harbour.store.id, occurred_at=WHEN, supersedes=(delivery.id,))
    record(corrected, actor=in_harbour.system, mode=Mode.CONFIRMED)
    record(Draft(kind="facts.taken_back", payload={"why": "did_not_happen"}, supersedes=(corrected.id,)), actor=in_harbour.system)
    assert sum(Leg.objects.filter(lot__code="F", lot__item__code="filter").values_list("quantity", flat=True)) == 0


def test_a_rule_that_is_dated_back_does_not_stop_a_replay_but_whoever_writes_anew(own_database):
    found = small_world.find()
    with scope.enter([found.harbour.key]), transaction.atomic():
        fund = funds.add_fund(actor=found.system, code="HHS", name="Federal", valid_from=date(2024, 1, 1))
        line = commands.Delivery("syringe-1ml-29g", "S-fed", 5, date(2030, 1, 1), "HHS")
        commands.receive(actor=found.system, site=found.store, lines=[line], occurred_at=WHEN)
        funds.restrict(
            actor=found.system, fund=fund, effect="forbid_purchase", valid_from=date(2026, 1, 1), item_class="syringe_with_needle",
            source_document="Found late", clause="1",
        )
        assert refused(found, Lot.objects.get(code="S-fed"))
    with as_owner(), scope.enter([found.harbour.key]):
        assert rebuild() == []
        assert Balance.objects.get(lot__code="S-fed", location__site=found.store).quantity == 5


def test_the_trigger_alone_refuses_a_delivery_that_the_door_let_through(in_harbour, hhs, monkeypatch):
    monkeypatch.setattr("handrail.ledgers.stock.checks.problems_of", lambda *a, **k: [])
    lot = lot_of(in_harbour, "syringe-1ml-29g", hhs)
    said = {"lines": [{"item": "syringe-1ml-29g", "lot": str(lot.id), "quantity": 5}]}
    draft = Draft(kind="stock.received", payload=said, site=in_harbour.store.id, occurred_at=WHEN)
    with pytest.raises(IntegrityError, match="HHS"), transaction.atomic():
        record(draft, actor=in_harbour.system)
