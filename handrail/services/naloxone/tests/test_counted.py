"""Days without a product, and how far a recall has come: as the ledger tells them, whatever is corrected, moved or closed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from handrail.facts.models import Site
from handrail.facts.record import Draft, Mode, record, record_many
from handrail.kernel import clock, ids
from handrail.ledgers.stock import commands as stock
from handrail.ledgers.stock import recalls
from handrail.services.naloxone import commands, counted
from handrail.services.naloxone.codes import Origin, Product
from handrail.services.naloxone.kinds.kit import Event
from handrail.services.naloxone.rules import DayOfBook, out_of_stock
from handrail.services.naloxone.tests.helpers import NASAL, B, fill_store, lot, place

AUGUST, DAY = date(2026, 8, 1), timedelta(days=1)


def aug(day: int) -> date:
    return date(2026, 8, day)


@pytest.mark.parametrize(
    ("days", "spans"),
    [
        ([], []),
        ([(3, 5, 5, 0)], []),
        ([(3, 5, 5, 0), (6, 0, 0, 5)], [(6, 20)]),
        ([(3, 5, 5, 0), (6, 0, 4, 5)], [(6, 7)]),  # empty for an hour
        ([(3, 5, 5, 0), (6, 0, 0, 5), (9, 7, 7, 0)], [(6, 10)]),  # it came on the ninth, which began with nothing
        ([(3, 5, 5, 0), (6, 0, 0, 5), (7, 2, 2, 0), (8, 0, 0, 2), (9, 1, 1, 0)], [(6, 10)]),
        ([(3, 0, 0, 5), (4, 5, 5, 0)], [(3, 5)]),
        ([(3, 5, 5, 0), (6, -2, -2, 7), (8, 4, 4, 0)], [(7, 9)]),  # seven of five: they were there, the book was wrong
        ([(3, 5, 5, 0), (6, 1, 1, 4), (25, 0, 0, 1)], []),  # after what is known
        ([(3, 0, 0, 5), (25, 5, 5, 0)], [(3, 20)]),
    ],
)
def test_days_without_anything_are_counted_from_the_first_delivery(days, spans):
    found = out_of_stock([DayOfBook(aug(on), lowest, end, used) for on, lowest, end, used in days], aug(20))
    assert found == [(aug(first), aug(after)) for first, after in spans]


@pytest.fixture
def house(in_harbour: Any) -> Any:
    """The small world with naloxone in the store, and none anywhere else."""
    fill_store(in_harbour)
    return in_harbour


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 8, day, hour, tzinfo=ZoneInfo("Africa/Nairobi"))


def moves(world: Any, kind: str, day: int, quantity: int, *, item: str = NASAL, of: Any = None, corrects: Any = None) -> Draft:
    """Something moves on the van on a day of August: it comes, or is handed out in a visit."""
    common: dict[str, Any] = {"site": world.van.id, "occurred_at": at(day)}
    visit = corrects.encounter if corrects else ids.new() if kind == "naloxone.supply" else None
    line = {"item": item, "quantity": quantity} | ({"lot": str(of)} if of else {})
    made = Draft(kind=kind, payload={"lines": [line]}, id=ids.new(), encounter=visit, supersedes=(corrects.id,) if corrects else (), **common)
    met = [Draft(kind="facts.encounter", payload={}, id=visit, **common)] if visit and not corrects else []
    record_many([*met, made], actor=world.system, mode=Mode.CONFIRMED)
    return made


def spans(world: Any, site: Any = None) -> list[tuple[str, date, date]]:
    return [(one.product, one.starts_on, one.ends_before) for one in counted.out_of_stock() if one.site == str((site or world.van).id)]


def test_all_lots_of_a_product_together_are_at_nothing_before_a_day_counts(house):
    for on, code, quantity in ((1, "LOT-A", 3), (2, "LOT-B", 4)):
        moves(house, "stock.received", on, quantity, of=lot(code))
    moves(house, "naloxone.supply", 5, 4)
    assert spans(house) == []
    moves(house, "naloxone.supply", 7, 3)
    moves(house, "stock.received", 9, 2, of=lot())
    assert spans(house) == [("nasal_4mg", aug(7), aug(10))]


def test_two_items_of_one_product_stand_in_for_one_another_and_another_product_does_not(house):
    other = stock.add_item(actor=house.system, code="spray-two", name="The other spray", item_class="naloxone")
    commands.set_kit(actor=house.system, item=other, product=Product.NASAL_4MG, doses=2, since=date(2026, 1, 1))
    commodity = stock.find_or_add_lot(actor=house.system, item=other, code="X", expiry=date(2030, 1, 1))
    moves(house, "stock.received", 1, 2, of=lot())
    moves(house, "stock.received", 1, 2, item="spray-two", of=commodity.id)
    moves(house, "stock.received", 1, 1, item="naloxone-im", of=lot("V-1", "naloxone-im"))
    moves(house, "naloxone.supply", 3, 2)
    moves(house, "naloxone.supply", 4, 1, item="naloxone-im")
    assert [span[:2] for span in spans(house)] == [("im_0_4mg_vial", aug(4))]
    moves(house, "naloxone.supply", 6, 2, item="spray-two")
    assert [span[:2] for span in spans(house)] == [("im_0_4mg_vial", aug(4)), ("nasal_4mg", aug(6))]


def test_what_is_corrected_was_never_given(house):
    moves(house, "stock.received", 1, 3, of=lot())
    wrong = moves(house, "naloxone.supply", 5, 3)
    assert [span[:2] for span in spans(house)] == [("nasal_4mg", aug(5))]
    moves(house, "naloxone.supply", 5, 2, corrects=wrong)
    assert spans(house) == []


def test_a_day_is_the_day_of_the_place(house):
    Site.objects.filter(key=house.van.key).update(time_zone="Pacific/Auckland")
    moves(house, "stock.received", 1, 1, of=lot())
    moves(house, "naloxone.supply", 5, 1)  # 9 in the morning in UTC, 9 in the evening there
    assert [span[1] for span in spans(house)] == [aug(5)]
    record(
        Draft(kind="stock.received", payload={"lines": [{"item": NASAL, "lot": str(lot()), "quantity": 1}]}, id=ids.new(), site=house.van.id, occurred_at=datetime(2026, 8, 6, 13, tzinfo=UTC)),
        actor=house.system, mode=Mode.CONFIRMED,
    )
    assert [span[1:] for span in spans(house)] == [(aug(5), aug(8))], "already the seventh there"


def test_it_goes_on_until_today_unless_the_place_closed_or_the_product_was_given_up(house):
    moves(house, "stock.received", 1, 1, of=lot())
    moves(house, "naloxone.supply", 5, 1)
    today = house.van.today
    assert spans(house) == [("nasal_4mg", aug(5), today + DAY)]
    item = stock.items_of([NASAL])[NASAL]
    item.is_active, item.active_to = False, aug(20)
    item.save()
    assert spans(house) == [("nasal_4mg", aug(5), aug(20))]
    Site.objects.filter(key=house.van.key).update(is_active=False)
    assert spans(house) == [("nasal_4mg", aug(5), aug(6))]


# -- recalls -------------------------------------------------------------------------------------------------------------


def recall(world: Any) -> Any:
    return recalls.recall(actor=world.system, item=NASAL, lot=B, source_reference="FSN-7", severity="harmful").id


def so_far() -> list[tuple[int, int]]:
    return [(one.sent, one.accounted) for one in counted.recalled()]


def tell(world: Any, event: Event, quantity: int, site: Any = None, **more: Any) -> None:
    commands.tell(actor=world.system, site=site or world.van, event=event, item=NASAL, lot=lot(), quantity=quantity, id=ids.new(), **{"origin": Origin.GIVEN} | more)


@pytest.fixture
def out(house: Any) -> Any:
    """Forty of lot B on the van, thirty of them given, ten in a bag."""
    house.bag = place(house, "Otieno’s bag", "peer_bag", ("naima", "peer"))
    stock.transfer(actor=house.system, source=house.store, target=house.van, quantities={}, lots={lot(): 40})
    commands.give(actor=house.system, site=house.van, quantities={NASAL: 30}, id=ids.new(), said={})
    commands.fill(actor=house.system, source=house.van, target=house.bag, quantities={NASAL: 10}, id=ids.new())
    return house


def test_what_is_used_comes_back_or_is_destroyed_is_accounted_for_and_what_is_lost_is_not(out):
    recall(out)
    assert so_far() == [(40, 0)]
    tell(out, Event.USED, 3)
    tell(out, Event.LOST, 2)
    tell(out, Event.DESTROYED, 1)
    assert so_far() == [(40, 4)]
    tell(out, Event.RECALLED_RECOVERED, 5, site=out.store)
    assert so_far() == [(40, 9)], "back in the store"
    tell(out, Event.RECALLED_RECOVERED, 5)
    assert so_far() == [(40, 9)], "on the van it has not come back yet"
    stock.transfer(actor=out.system, source=out.van, target=out.store, quantities={}, lots={lot(): 5})
    assert so_far() == [(40, 14)]
    stock.write_off(actor=out.system, site=out.bag, quantities={lot(): 4}, reason="recalled")
    stock.transfer(actor=out.system, source=out.bag, target=out.store, quantities={}, lots={lot(): 6})
    assert so_far() == [(40, 24)]


def test_what_came_back_before_the_recall_was_not_out_and_what_leaves_in_spite_of_it_is(out):
    tell(out, Event.RETURNED, 10, site=out.store)
    recall(out)
    assert so_far() == [(30, 0)]
    commands.give(actor=out.system, site=out.store, quantities={NASAL: 1}, id=ids.new(), said={}, codes=())
    assert so_far() == [(30, 0)], "another lot goes out"
    draft = Draft(
        kind="stock.transferred", payload={"to_site": str(out.van.id), "lines": [{"item": NASAL, "lot": str(lot()), "quantity": 5}]}, site=out.store.id, id=ids.new(), occurred_at=clock.now(),
    )
    record(draft, actor=out.system, mode=Mode.CONFIRMED)
    assert so_far() == [(35, 0)]


def test_a_recall_that_was_lifted_and_one_of_something_else_are_in_no_number(out):
    mine = recall(out)
    syringes = stock.add_item(actor=out.system, code="barrel", name="Barrel", item_class="barrel")
    stock.receive(actor=out.system, site=out.store, lines=[stock.Delivery("barrel", "S-1", 100, date(2029, 1, 1))])
    recalls.recall(actor=out.system, item=syringes.code, lot="S-1", source_reference="FSN-8", severity="harmful")
    assert so_far() == [(40, 0)]
    recalls.close(actor=out.system, recall=mine, outcome="lifted")
    assert so_far() == []
