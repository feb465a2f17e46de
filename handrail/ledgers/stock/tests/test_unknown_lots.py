"""What is on a shelf without a known lot, as a count or the surplus of a box leaves it: what the page promises, the ledger keeps."""

from __future__ import annotations

from datetime import date

import pytest

from handrail.facts.models import Fact
from handrail.facts.record import Draft, Mode, record
from handrail.facts.replay import rebuild
from handrail.kernel import ids, scope
from handrail.kernel.database import as_owner
from handrail.ledgers.stock import commands, counts, forecast, kits, queries
from handrail.ledgers.stock.models import Balance, Item, Lot
from handrail.ledgers.stock.reactor import Short
from tests import world as small_world
from tests.world import today

TODAY = today()


def unknown(item: str = "filter") -> Lot:
    return Lot.objects.get(item__code=item, is_unknown=True)


def find(world, quantity: int, site=None, item: str = "filter") -> None:
    """Somebody counts a shelf and finds so many that no lot explains."""
    counts.count(actor=world.system, site=site or world.store, found={unknown(item).id: quantity})


def give(world, quantity: int, site=None, mode: Mode = Mode.TYPED) -> list[list[object]]:
    said = {"lines": [{"item": "filter", "quantity": quantity}]}
    draft = Draft(kind="exchange.given", payload=said, site=(site or world.store).id, encounter=ids.new())
    record(draft, actor=world.system, mode=mode)
    return Fact.objects.get(id=draft.id).settlement["stock"][0]


def offered(world, site=None) -> queries.ShelfItem:
    return next(one for one in queries.shelf((site or world.store).key, TODAY) if one.code == "filter")


def there(world, site) -> dict[str, int]:
    return {one.lot: one.quantity for one in queries.lots([site.key]) if one.item == "filter"}


def test_what_the_page_promises_the_ledger_gives(in_harbour):
    find(in_harbour, 50)
    assert (offered(in_harbour).available, offered(in_harbour).first_lot) == (50, "")
    assert give(in_harbour, 50) == [[str(unknown().id), 50]]
    with pytest.raises(Short, match="has 0 here"):
        give(in_harbour, 1)


def test_lots_that_are_known_go_first(in_harbour):
    find(in_harbour, 50, in_harbour.van)
    known = Lot.objects.get(code="F-1")
    assert give(in_harbour, 1010, in_harbour.van) == [[str(known.id), 1000], [str(unknown().id), 10]]
    with pytest.raises(Short, match="has 40 here"):
        give(in_harbour, 41, in_harbour.van)


def test_what_is_missing_is_told_once_beside_what_was_there(in_harbour):
    find(in_harbour, 50)
    assert give(in_harbour, 70, mode=Mode.CONFIRMED) == [[str(unknown().id), 70]]
    assert there(in_harbour, in_harbour.store) == {"?": -20}


def test_it_can_be_moved_and_written_off(in_harbour):
    find(in_harbour, 50)
    common = {"actor": in_harbour.actors["store"], "source": in_harbour.store, "target": in_harbour.sites["Drop-in"]}
    commands.transfer(**common, quantities={"filter": 20})
    commands.transfer(**common, quantities={}, lots={unknown().id: 5})
    assert (there(in_harbour, in_harbour.store), there(in_harbour, in_harbour.sites["Drop-in"])) == ({"?": 25}, {"?": 25})
    commands.write_off(actor=in_harbour.actors["store"], site=in_harbour.store, quantities={unknown().id: 25}, reason="damaged")
    assert Balance.objects.get(lot=unknown(), location__kind="waste").quantity == 25


def test_what_runs_out_counts_it(in_harbour):
    find(in_harbour, 50)
    found = next(one for one in forecast.forecasts([in_harbour.store.key], TODAY) if one.item.code == "filter")
    assert found.outlook.on_hand == 50
    give(in_harbour, 20)
    assert forecast.low(queries.lots(None), [in_harbour.store]).get(in_harbour.store.key, set()) == set()  # 30 left, 20 went
    give(in_harbour, 10)
    assert forecast.low(queries.lots(None), [in_harbour.store]) == {in_harbour.store.key: {"filter"}}


def test_kits_take_known_parts_first_and_expire_with_those(in_harbour):
    find(in_harbour, 50, in_harbour.van, "syringe-1ml-29g")
    kits.assemble(actor=in_harbour.actors["store"], site=in_harbour.van, kit=Item.objects.get(code="injecting-kit"), kits=62)
    made = Lot.objects.get(item__code="injecting-kit", is_unknown=False)
    assert made.expiry == date(2029, 1, 31)
    assert {part.lot_code: part.quantity for part in kits.inside(made.id) if part.item != "filter"} == {"S-soon": 100, "S-late": 500, "?": 20}


def test_a_replay_takes_the_same_lots(own_database):
    found = small_world.find()
    with as_owner(), scope.enter([found.harbour.key]):
        find(found, 50)
        give(found, 30)
        commands.transfer(actor=found.system, source=found.store, target=found.van, quantities={"filter": 15})
        assert rebuild() == []
        assert there(found, found.store) == {"?": 5}
