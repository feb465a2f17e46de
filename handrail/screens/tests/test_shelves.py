"""The stock's first page: a place in a few words, its lots behind one tap."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from handrail.facts import visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.record import Mode
from handrail.facts.visits import Part
from handrail.kernel import clock, ids, scope
from handrail.ledgers.stock import commands, counts, recalls
from handrail.ledgers.stock.models import Lot
from handrail.services.exchange.kinds.given import Given, GivenLine

OPEN = '<details class="more" open>'


def place(world, name: str, who: str = "store", query: str = "") -> str:
    """The card of a place, without its lots' table."""
    found = Client()
    found.force_login(world.staff[who])
    shown = " ".join(found.get(reverse("stock") + query).content.decode().split())
    card = re.search(rf'<section class="card stack" aria-label="{name}">.*?</section>', shown)
    return card[0] if card else ""


def chips(world, name: str, **more: str) -> list[str]:
    return re.findall(r'<span class="chip \w*">([^<]*)</span>', place(world, name, **more).split("<details")[0])


def give(world, quantity: int, item: str = "filter", days_ago: int = 0) -> None:
    with scope.enter([world.harbour.key]):
        visits.save(
            actor=world.system, visit=ids.new(), site=world.van.id, occurred_at=clock.now() - timedelta(days=days_ago), encounter=Encounter(),
            parts=[Part("exchange.given", Given(lines=(GivenLine(item=item, quantity=quantity),)))], mode=Mode.CONFIRMED,
        )


@pytest.fixture
def two_places(world):
    with scope.enter([world.harbour.key]):
        commands.receive(actor=world.system, site=world.store, lines=[commands.Delivery("water", "W-1", 40, None)])
    return world


def test_only_the_first_place_is_open_or_the_one_that_was_asked_for(two_places):
    asked = f"?place={two_places.van.id}"
    assert [OPEN in place(two_places, name) for name in ("Store", "Van 1")] == [True, False]
    assert OPEN in place(two_places, "Van 1", query=asked)
    assert OPEN not in place(two_places, "Store", query=asked)
    assert OPEN in place(two_places, "Store", query="?place=nowhere")
    assert OPEN in place(two_places, "Van 1", who="naima"), "the only place is open"


def test_a_shelf_in_order_says_how_many_items_and_no_more(two_places):
    assert chips(two_places, "Store") == ["1 item"]
    assert chips(two_places, "Van 1") == ["2 items"]


def test_what_is_wrong_on_a_shelf_stands_above_its_closed_lots(two_places):
    today = two_places.van.today
    with scope.enter([two_places.harbour.key]):
        commands.receive(
            actor=two_places.system, site=two_places.van,
            lines=[
                commands.Delivery("water", "W-old", 5, today - timedelta(days=1)), commands.Delivery("water", "W-soon", 5, today + timedelta(days=30)),
            ],
        )
        recalls.recall(actor=two_places.system, item="filter", lot="F-1", source_reference="FSN", severity="harmful")
    give(two_places, 10)
    assert chips(two_places, "Van 1") == [
        "1 lot recalled", "1 lot to count", "1 lot expired", "1 item runs low", "1 lot to use first", "3 items",
    ]


def test_an_item_runs_low_when_less_is_there_than_went_out_while_an_order_would_come(two_places):
    give(two_places, 300)
    assert chips(two_places, "Van 1") == ["2 items"], "700 are left, 300 went out"
    give(two_places, 350, days_ago=20)
    assert chips(two_places, "Van 1") == ["2 items"], "350 are left, 300 went out in 14 days"
    give(two_places, 100)
    assert chips(two_places, "Van 1") == ["1 item runs low", "2 items"], "250 are left, 400 went out in 14 days"
    give(two_places, 250)
    assert chips(two_places, "Van 1") == ["1 item runs low", "1 item"], "none is left"


def test_what_is_there_without_a_known_lot_is_on_every_page_that_moves_stock(world):
    with scope.enter([world.harbour.key]):
        lot = Lot.objects.get(item__code="water", is_unknown=True)
        counts.count(actor=world.system, site=world.van, found={lot.id: 50})
    store, worker = Client(), Client()
    store.force_login(world.staff["store"])
    worker.force_login(world.staff["naima"])
    assert "lot not known" in " ".join(store.get(reverse("stock")).content.decode().split())
    for shown in (store.get(reverse("stock-transfer") + f"?site={world.van.id}"), store.get(reverse("stock-write-off", args=[world.van.id]))):
        assert f'name="lot-{lot.id}"' in shown.content.decode()
        assert "lot not known · 50 there" in shown.content.decode()
    assert "50 here" in worker.get(reverse("visit-new", args=[world.van.id])).content.decode()
