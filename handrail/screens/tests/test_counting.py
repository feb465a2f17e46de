"""Counting a shelf: nothing that was written on the form is dropped without a word."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from handrail.facts.models import Fact
from handrail.kernel import ids, scope
from handrail.ledgers.stock import commands, funds, queries
from handrail.ledgers.stock.models import Lot


@pytest.fixture
def emptied(world):
    """The store had forty filters of lot F-40; all of them went to the van."""
    with scope.enter([world.harbour.key]):
        commands.receive(actor=world.system, site=world.store, lines=[commands.Delivery("filter", "F-40", 40, date(2031, 1, 1))])
        world.lot = Lot.objects.get(code="F-40")
        commands.transfer(actor=world.system, source=world.store, target=world.van, quantities={}, lots={world.lot.id: 40})
    return world


def send(world, form: dict[str, object], site=None):
    client = Client()
    client.force_login(world.staff["store"])
    return client.post(reverse("stock-count", args=[(site or world.store).id]), {"id": str(ids.new()), "reason": "not_known"} | form)


def words(answer) -> str:
    return " ".join(answer.content.decode().split())


def other(item: str = "filter", lot: str = "", quantity: str = "", expiry: str = "", line: int = 0) -> dict[str, str]:
    return {f"other-item-{line}": item, f"other-lot-{line}": lot, f"other-quantity-{line}": quantity, f"other-expiry-{line}": expiry}


def there(world, site=None) -> dict[str, int]:
    with scope.enter([world.harbour.key]):
        return {lot.lot: lot.quantity for lot in queries.lots([(site or world.store).key])}


def test_a_lot_that_the_book_has_at_nought_is_listed_and_counted(emptied):
    client = Client()
    client.force_login(emptied.staff["store"])
    shown = words(client.get(reverse("stock-count", args=[emptied.store.id])))
    assert "Used up, as the book says" in shown
    assert "lot F-40 · the book says 0" in shown
    assert send(emptied, {f"lot-{emptied.lot.id}": "4"}).status_code == 302
    assert there(emptied) == {"F-40": 4}


def test_a_lot_that_was_never_here_is_counted_by_the_number_on_the_box(emptied):
    assert send(emptied, other(lot="F-1", quantity="7")).status_code == 302
    assert there(emptied) == {"F-1": 7}


def test_a_lot_that_is_new_to_the_book_comes_with_its_date_and_on_no_fund(emptied):
    assert send(emptied, other(lot="F-new", quantity="5", expiry="2030-02-01")).status_code == 302
    with scope.enter([emptied.harbour.key]):
        assert Lot.objects.filter(code="F-new").values_list("expiry", "fund").get() == (date(2030, 2, 1), None)
    assert there(emptied) == {"F-new": 5}


@pytest.mark.parametrize(
    ("typed", "last"),
    [("2028-02", date(2028, 2, 29)), ("02/2028", date(2028, 2, 29)), ("2029-02", date(2029, 2, 28)), ("2029-04", date(2029, 4, 30)), ("2029-12", date(2029, 12, 31))],
)
def test_a_month_on_a_box_is_its_last_day(emptied, typed, last):
    assert send(emptied, other(lot="F-new", quantity="5", expiry=typed)).status_code == 302
    with scope.enter([emptied.harbour.key]):
        assert Lot.objects.get(code="F-new").expiry == last


def test_a_lot_that_came_by_the_month_is_found_by_the_month(emptied):
    assert send(emptied, other(lot="F-new", quantity="5", expiry="2028-02")).status_code == 302
    assert send(emptied, other(lot="F-new", quantity="6", expiry="2028-02-29")).status_code == 302
    assert there(emptied) == {"F-new": 6}


@pytest.mark.parametrize("typed", ["2028-13", "2028-00", "0000-02", "13/2028", "2028-2", "20280229", "2028-W06", "2028-02-30", "²028-02"])
def test_what_is_no_month_and_no_day_is_refused_and_stays_typed(emptied, typed):
    answer = send(emptied, other(lot="F-new", quantity="5", expiry=typed))
    assert (answer.status_code, f'value="{typed}"' in words(answer)) == (422, True)
    assert "year-month-day" in words(answer)


def test_a_box_whose_number_cannot_be_read_is_counted_without_one(emptied):
    assert send(emptied, other(quantity="9")).status_code == 302
    assert there(emptied) == {"?": 9}


def test_a_lot_that_is_not_in_the_book_is_refused_aloud_and_the_rest_stays_typed(emptied):
    answer = send(emptied, {f"lot-{emptied.lot.id}": "4", f"lot-{ids.new()}": "3"})
    assert answer.status_code == 422
    assert "One of these lots is not in the book" in words(answer)
    assert f'name="lot-{emptied.lot.id}" value="4"' in words(answer)
    assert there(emptied) == {}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (other(item="", quantity="3"), "Choose the item"), (other(lot="F-9", quantity=""), "as whole numbers"),
        (other(lot="F-9", quantity="many"), "as whole numbers"), (other(lot="F-40", quantity="3", expiry="2029-01-01"), "Check the box"),
        (other(quantity="3", expiry="2029-01-01"), "printed on the box"), (other(lot="F-9", quantity="3", expiry="soon"), "year-month-day"),
        (other(lot="F" * 41, quantity="3"), "At most 40"), (other(item="no-such", lot="F-9", quantity="3"), "catalogue has no item"),
    ],
)
def test_a_line_that_cannot_be_counted_says_why_and_keeps_what_was_typed(emptied, line, sentence):
    answer = send(emptied, {f"lot-{emptied.lot.id}": "4"} | line)
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert f'name="lot-{emptied.lot.id}" value="4"' in words(answer)
    for name, typed in line.items():
        if "item" not in name and typed:
            assert f'name="{name}" value="{typed}"' in words(answer)
    assert there(emptied) == {}
    with scope.enter([emptied.harbour.key]):
        assert not Fact.objects.filter(kind="stock.counted").exists()


def test_the_same_lot_twice_is_refused_beside_the_second(emptied):
    answer = send(emptied, {f"lot-{emptied.lot.id}": "4"} | other(lot="F-40", quantity="3", line=1))
    assert re.search(r'Line 2</legend>.*counted twice.*Line 3</legend>', words(answer))
    assert there(emptied) == {}


def test_a_number_that_several_funds_bought_is_that_of_the_place_or_of_no_fund(emptied):
    with scope.enter([emptied.harbour.key]):
        for code in ("A", "B"):
            funds.add_fund(actor=emptied.system, code=code, name=code, valid_from=date(2024, 1, 1))
        for site, fund in ((emptied.van, "A"), (emptied.sites["Drop-in"], "B")):
            commands.receive(actor=emptied.system, site=site, lines=[commands.Delivery("water", "W", 10, None, fund)])
    assert "Several funds" in words(send(emptied, other("water", "W", "3")))
    assert send(emptied, other("water", "W", "3"), emptied.van).status_code == 302
    with scope.enter([emptied.harbour.key]):
        assert {(lot.fund, lot.quantity) for lot in queries.lots([emptied.van.key]) if lot.lot == "W"} == {("A", 3)}


def test_a_count_of_nothing_is_no_count(emptied):
    answer = send(emptied, {})
    assert (answer.status_code, "at least one lot" in words(answer)) == (422, True)
