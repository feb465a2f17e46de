"""What an item is besides its class: sterile, dated, what one piece costs, and since when it is in the catalogue."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from handrail.facts.record import Refusal
from handrail.kernel import ids, scope
from handrail.kernel.models import AuditEntry
from handrail.ledgers.stock import catalogue, commands, counts, usual
from handrail.ledgers.stock.commands import Traits
from handrail.ledgers.stock.models import Item, Lot


def add(world, code: str = "syringe-new", **traits: object) -> Item:
    return catalogue.create(
        actor=world.system, code=code, name="New syringe", item_class="syringe_with_needle", pack_size=10, traits=Traits(**traits)
    )


def deliver(world, expiry: date | None, item: str = "syringe-new", lot: str = "S-9"):
    commands.receive(actor=world.system, site=world.store, lines=[commands.Delivery("filter", "F-9", 5, None), commands.Delivery(item, lot, 5, expiry)])


def test_what_is_sterile_has_a_date_and_no_new_lot_comes_without_one(in_harbour):
    item = add(in_harbour, sterile=True)
    assert item.expiry_tracked
    with pytest.raises(Refusal) as refused:
        deliver(in_harbour, None)
    assert refused.value.problems == (("line-2", "New syringe has a date on the box: write it."),)
    assert not Lot.objects.filter(code__in=["S-9", "F-9"]).exists()
    with pytest.raises(Refusal, match="write it"):
        counts.count(actor=in_harbour.system, site=in_harbour.store, found={}, others=[counts.Other("syringe-new", "S-9", 5)])
    deliver(in_harbour, date(2030, 1, 1))
    counts.count(actor=in_harbour.system, site=in_harbour.store, found={}, others=[counts.Other("syringe-new", "S-9", 4)])  # known: its date is known


def test_a_lot_that_came_before_dates_were_asked_for_still_comes_and_is_counted(in_harbour):
    item = add(in_harbour)
    deliver(in_harbour, None)
    catalogue.update(
        actor=in_harbour.system, item=item, name="New syringe", item_class="syringe_with_needle", pack_size=10, is_active=True, traits=Traits(sterile=True)
    )
    deliver(in_harbour, None)
    with pytest.raises(Refusal):
        deliver(in_harbour, None, lot="S-10")


def test_the_database_keeps_what_is_sterile_dated_and_a_price_with_its_currency(in_harbour):
    add(in_harbour)
    for wrong in ({"sterile": True}, {"unit_cost": Decimal(1)}, {"currency": "KES"}, {"unit_cost": Decimal(-1), "currency": "KES"}, {"active_to": date(2026, 1, 1)}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Item.objects.filter(code="syringe-new").update(**wrong)


def test_what_one_piece_costs_is_exact_and_has_a_currency(in_harbour):
    item = add(in_harbour, unit_cost=Decimal("0.0701"), currency="KES")
    item.refresh_from_db()
    assert (item.unit_cost, item.currency) == (Decimal("0.0701"), "KES")
    assert [catalogue.cost(typed) for typed in ("", "0", "0.07", "0,07", "12")] == [None, Decimal(0), Decimal("0.07"), Decimal("0.07"), Decimal(12)]
    for wrong in ("-1", "1.00001", "1e3", "NaN", "cheap", "123456789", "٣"):
        with pytest.raises(Refusal):
            catalogue.cost(wrong)
    for wrong in ({"unit_cost": Decimal(1)}, {"unit_cost": Decimal(1), "currency": "Ksh"}, {"currency": "KES"}):
        with pytest.raises(Refusal):
            add(in_harbour, "other", **wrong)
    common = {"actor": in_harbour.system, "item": item, "name": item.name, "item_class": item.item_class, "pack_size": 10, "is_active": True}
    catalogue.update(**common, traits=Traits(unit_cost=Decimal("0.08"), currency="KES"))
    entry = AuditEntry.objects.filter(action="stock.item.changed").order_by("-key").first()
    assert entry.detail["after"] == {"unit_cost": "0.08"}


def test_an_item_says_since_when_it_is_there_and_when_it_was_retired(in_harbour):
    common = {"actor": in_harbour.system, "name": "New syringe", "item_class": "syringe_with_needle", "pack_size": 10}
    found = []
    with time_machine.travel(datetime(2026, 9, 30, 22, tzinfo=UTC), tick=False) as moving:  # October in Nairobi
        item = add(in_harbour)
        found.append((item.active_from, item.active_to))
        for day, is_active in ((datetime(2026, 11, 2, tzinfo=UTC), False), (datetime(2026, 11, 3, tzinfo=UTC), False), (datetime(2026, 12, 1, tzinfo=UTC), True)):
            moving.move_to(day)
            catalogue.update(**common, item=item, is_active=is_active)
            found.append((item.active_from, item.active_to))
    added, retired, back = date(2026, 10, 1), date(2026, 11, 2), date(2026, 12, 1)
    assert found == [(added, None), (added, retired), (added, retired), (back, None)]


def test_a_new_programme_finds_its_syringes_sterile_and_dated(in_harbour):
    assert {code for code, _name, item_class, _pack in usual.ITEMS if item_class in {"syringe_with_needle", "barrel", "needle"}} <= usual.STERILE
    assert {code for code, *_rest in usual.ITEMS} >= usual.STERILE | usual.DATED
    assert usual.traits_of("syringe-1ml-29g").columns == {"sterile": True, "expiry_tracked": True, "unit_cost": None, "currency": ""}


def test_the_page_asks_for_all_of_it_and_keeps_what_was_typed(world):
    client = Client()
    client.force_login(world.staff["store"])
    form = {"code": "syringe-new", "name": "New syringe", "item_class": "syringe_with_needle", "pack_size": "10", "sterile": "1"}
    for more, sentence in (
        ({"unit_cost": "cheap", "currency": "KES"}, "with up to four decimals"), ({"unit_cost": "0.07", "currency": ""}, "three capital letters"),
        ({"unit_cost": "", "currency": "KES"}, "leave the currency empty"),
    ):
        answer = client.post(reverse("stock-item-new"), form | more)
        assert (answer.status_code, sentence in answer.content.decode()) == (422, True)
        for name, typed in more.items():
            assert f'name="{name}" value="{typed}"' in answer.content.decode()
        assert 'name="sterile" value="1" checked' in answer.content.decode()
    assert client.post(reverse("stock-item-new"), form | {"unit_cost": "0.07", "currency": "kes"}).status_code == 302
    shown = " ".join(client.get(reverse("stock-catalogue")).content.decode().split())
    assert "pack of 10 · sterile · 0.07 KES" in shown
    again = client.get(reverse("stock-item", args=["syringe-new"])).content.decode()
    assert 'name="unit_cost" value="0.07"' in again
    assert 'name="expiry_tracked" value="1" checked' in again
    came = {
        "id": str(ids.new()), "site": str(world.store.id), "came_on": world.store.today.isoformat(), "item-1": "syringe-new", "lot-1": "S-9", "quantity-1": "5",
    }
    answer = client.post(reverse("stock-receive"), came)
    assert (answer.status_code, "has a date on the box" in answer.content.decode()) == (422, True)
    with scope.enter([world.harbour.key]):
        assert not Lot.objects.filter(code="S-9").exists()
