"""Wall boxes, machines and safety boxes: what left a box counts as handed out, nobody is counted as met."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from handrail.facts.models import Aside, Fact, Site
from handrail.facts.record import Draft, Refusal, record
from handrail.kernel import ids, scope
from handrail.kernel.access import Denied
from handrail.ledgers.stock import commands as stock
from handrail.ledgers.stock.models import Balance, Leg, Location
from handrail.services.exchange import commands, queries, refills
from handrail.services.exchange.kinds.safety_box import SafetyBoxState
from handrail.services.exchange.models import BoxRefill, SafetyBoxEvent
from handrail.services.exchange.tests.helpers import actor, place, signed_in

SYRINGE, FILTER = "syringe-1ml-29g", "filter"


@pytest.fixture
def box(world) -> Site:
    """A wall box that naima fills from her van, with 60 syringes in it."""
    site = place(world, "Box at the station", "wall_box", ("naima", "outreach"))
    with scope.enter([world.harbour.key]):
        stock.transfer(actor=world.system, source=world.van, target=site, quantities={SYRINGE: 60})
    return site


def there(world, site: Site, item: str = SYRINGE) -> int:
    with scope.enter([world.harbour.key]):
        return sum(b.quantity for b in Balance.objects.filter(location__site=site, lot__item__code=item))


def with_people(world) -> int:
    with scope.enter([world.harbour.key]):
        return sum(b.quantity for b in Balance.objects.filter(location__kind="people"))


def dispensed(world) -> int:
    """What counts as given through boxes, as the warehouse reads it."""
    with scope.enter([world.harbour.key]):
        facts = Fact.objects.filter(kind="exchange.dispensed").exclude(id__in=Aside.objects.values("fact"))
        return sum(line["quantity"] for fact in facts for line in fact.payload["lines"])


def fill(world, box: Site, client: Client | None = None, **typed: str) -> Any:
    form = {"id": str(ids.new()), "from_site": str(world.van.id)} | {name.replace("__", "-"): value for name, value in typed.items()}
    return (client or signed_in(world, "naima")).post(reverse("exchange:box", args=[box.id]), form)


def test_what_is_missing_was_taken_and_what_is_put_in_comes_from_the_van(world, box):
    van = there(world, world.van)
    answer = fill(world, box, **{f"found-{SYRINGE}": "18", f"added-{SYRINGE}": "42"})
    assert answer.status_code == 302
    assert (there(world, box), there(world, world.van), with_people(world), dispensed(world)) == (60, van - 42, 42, 42)
    with scope.enter([world.harbour.key]):
        taken = Fact.objects.get(kind="exchange.dispensed")
        assert (taken.payload["channel"], taken.encounter, taken.participant) == ("vending_machine", None, None)
        assert not Fact.objects.filter(kind="facts.encounter").exists()  # 0 people
        filled = Fact.objects.get(kind="exchange.box_refilled").payload["lines"][0]
        assert (filled["in_book"], filled["found"], filled["added"]) == (60, 18, 42)


def test_two_taps_fill_the_box_once(world, box):
    form, client = str(ids.new()), signed_in(world, "naima")
    for _tap in range(2):
        assert fill(world, box, client, id=form, **{f"found-{SYRINGE}": "18", f"added-{SYRINGE}": "10"}).status_code == 302
    assert (there(world, box), dispensed(world)) == (28, 42)


def test_not_counted_is_not_taken(world, box):
    fill(world, box, **{f"added-{SYRINGE}": "10"})
    assert (there(world, box), dispensed(world), with_people(world)) == (70, 0, 0)


def test_more_than_the_book_is_a_count_difference_and_never_a_negative_number(world, box):
    fill(world, box, **{f"found-{SYRINGE}": "65"})
    assert (there(world, box), dispensed(world), with_people(world)) == (65, 0, 0)
    with scope.enter([world.harbour.key]):
        assert sum(Leg.objects.filter(location__in=Location.objects.filter(kind="counted")).values_list("quantity", flat=True)) == -5


def correct(world, box: Site, **typed: str) -> Any:
    with scope.enter([world.harbour.key]):
        last = queries.last_refill(box.key)
        assert last is not None
        corrects = str(last.id)
    return fill(world, box, corrects=corrects, **typed)


@pytest.mark.parametrize(("found", "taken"), [("20", 40), ("60", 0), ("0", 60), ("65", 0)])
def test_a_correction_leaves_one_truth(world, box, found, taken):
    fill(world, box, **{f"found-{SYRINGE}": "18", f"added-{SYRINGE}": "42"})
    van = there(world, world.van)
    assert correct(world, box, **{f"found-{SYRINGE}": found, f"added-{SYRINGE}": "40"}).status_code == 302
    assert there(world, box) == int(found) + 40
    assert there(world, world.van) == van + 2
    assert (with_people(world), dispensed(world)) == (taken, taken)
    with scope.enter([world.harbour.key]):
        assert BoxRefill.objects.count() == 1
        assert sum(Balance.objects.values_list("quantity", flat=True)) == 0


def test_a_correction_may_find_something_taken_where_nothing_was(world, box):
    fill(world, box, **{f"found-{SYRINGE}": "60"})
    correct(world, box, **{f"found-{SYRINGE}": "50"})
    assert (there(world, box), dispensed(world)) == (50, 10)
    correct(world, box, **{f"found-{SYRINGE}": "55"})
    assert (there(world, box), dispensed(world)) == (55, 5)


def test_the_form_for_a_correction_shows_what_was_written(world, box):
    fill(world, box, **{f"found-{SYRINGE}": "18", f"added-{SYRINGE}": "42"})
    page = signed_in(world, "naima").get(reverse("exchange:box", args=[box.id]) + "?correct=1").content.decode()
    assert 'value="18"' in page
    assert 'value="42"' in page
    assert "the book says 60" in page


def test_what_the_van_does_not_have_is_asked_and_then_recorded(world, box):
    short = {f"found-{FILTER}": "", f"added-{FILTER}": "5000"}
    asked = fill(world, box, **short)
    assert asked.status_code == 422
    assert 'value="5000"' in asked.content.decode()
    assert (there(world, box, FILTER), dispensed(world)) == (0, 0)
    assert fill(world, box, confirm="short", **short).status_code == 302
    assert there(world, box, FILTER) == 5000


def test_a_refusal_of_the_van_takes_the_whole_refill_back(world, box):
    assert fill(world, box, **{f"found-{SYRINGE}": "10", f"added-{FILTER}": "5000"}).status_code == 422
    assert (there(world, box), dispensed(world), with_people(world)) == (60, 0, 0)


@pytest.mark.parametrize("wrong", ["-1", "many", "1.5", "٣"])
def test_a_number_that_is_none_is_refused_at_the_form(world, box, wrong):
    assert fill(world, box, **{f"found-{SYRINGE}": wrong}).status_code == 422
    assert dispensed(world) == 0


def test_the_box_page_says_when_somebody_looked_and_what_is_low(world, box):
    client = signed_in(world, "naima")
    before = client.get(reverse("exchange:boxes")).content.decode()
    assert "never filled yet" in before
    assert "60 × Syringe" in before
    fill(world, box, client, **{f"found-{SYRINGE}": "3"})
    after = client.get(reverse("exchange:boxes")).content.decode()
    assert "last filled" in after
    assert ">low<" in after


def test_only_who_works_at_the_box_and_at_the_shelf_fills_it(world, box):
    for who in ("elsewhere", "stranger", "auditor", "nurse"):
        assert fill(world, box, signed_in(world, who), **{f"found-{SYRINGE}": "3"}).status_code == 404
    assert fill(world, box, from_site=str(world.sites["Drop-in"].id), **{f"found-{SYRINGE}": "3"}).status_code == 422
    assert fill(world, box, from_site=str(box.id), **{f"found-{SYRINGE}": "3"}).status_code == 422
    assert signed_in(world, "naima").get(reverse("exchange:box", args=[world.van.id])).status_code == 404
    assert dispensed(world) == 0


def test_the_command_itself_takes_nothing_from_a_shelf_where_somebody_does_not_work(world, box):
    with scope.enter([world.harbour.key]):
        naima, lines = actor(world, "naima"), [refills.Refill(SYRINGE, 3)]
        with pytest.raises(Denied):
            refills.refill_box(actor=naima, box=box, van=world.sites["Drop-in"], lines=lines, id=ids.new())
        with pytest.raises(Denied):
            refills.refill_box(actor=world.actors["elsewhere"], box=box, van=world.sites["Drop-in"], lines=lines, id=ids.new())
        with pytest.raises(Refusal):
            refills.refill_box(actor=world.system, box=world.van, van=world.store, lines=lines, id=ids.new())


def test_a_machine_reports_its_coils_and_the_book_follows(world, box):
    with scope.enter([world.harbour.key]):
        lines = [{"item": SYRINGE, "quantity": 5, "coil": 1}, {"item": SYRINGE, "quantity": 7, "coil": 2}]
        record(Draft(kind="exchange.dispensed", payload={"lines": lines}, site=box.id), actor=actor(world, "naima"))
    assert (there(world, box), dispensed(world)) == (48, 12)


def test_an_expired_lot_that_is_gone_was_taken_too(world, box):
    with scope.enter([world.harbour.key]):
        stock.receive(actor=world.system, site=box, lines=[stock.Delivery(FILTER, "F-old", 10, date(2020, 1, 1))])
    assert fill(world, box, **{f"found-{FILTER}": "4"}).status_code == 302
    assert (there(world, box, FILTER), with_people(world)) == (4, 6)


# -- safety boxes ----------------------------------------------------------------------------------------------------


def change(world, asset: str, state: str, count: str = "", who: str = "naima") -> Any:
    form = {"id": str(ids.new()), "site": str(world.van.id), "asset": asset, "state": state, "estimated_count": count}
    return signed_in(world, who).post(reverse("exchange:safety-boxes"), form)


def test_a_safety_box_goes_its_way_and_full_ones_stand_first(world):
    for state, count in (("installed", ""), ("full", ""), ("emptied", "320"), ("damaged", ""), ("installed", ""), ("removed", "")):
        assert change(world, "BOX-07", state, count).status_code == 302, state
    change(world, "BOX-08", "installed")
    change(world, "BOX-08", "full")
    with scope.enter([world.harbour.key]):
        assert [(b.asset, b.state) for b in queries.safety_boxes(actor(world, "naima"))] == [("BOX-08", "full"), ("BOX-07", "removed")]
        assert list(SafetyBoxEvent.objects.filter(asset="BOX-07", state="emptied").values_list("estimated_count", flat=True)) == [320]
    page = signed_in(world, "naima").get(reverse("exchange:safety-boxes")).content.decode()
    assert page.index("BOX-08") < page.index("BOX-07")


@pytest.mark.parametrize("states", [("full",), ("installed", "installed"), ("installed", "full", "full"), ("installed", "removed", "emptied")])
def test_what_cannot_follow_is_refused_for_a_safety_box(world, states):
    *before, last = states
    for state in before:
        assert change(world, "BOX-07", state).status_code == 302
    assert change(world, "BOX-07", last).status_code == 422


def test_a_count_belongs_to_emptying_and_is_never_negative(world):
    change(world, "BOX-07", "installed")
    assert change(world, "BOX-07", "full", "12").status_code == 422
    assert change(world, "BOX-07", "emptied", "-12").status_code == 422
    assert change(world, "BOX-07", "emptied", "0").status_code == 302


def test_a_safety_box_at_another_place_is_not_mine_to_change(world):
    assert change(world, "BOX-07", "installed", who="elsewhere").status_code == 422
    assert change(world, "BOX-07", "installed", who="auditor").status_code == 404
    state = SafetyBoxState.model_validate({"asset": "BOX-1", "state": "installed"})
    with scope.enter([world.harbour.key]), pytest.raises(Refusal):
        commands.change_safety_box(actor=world.actors["elsewhere"], site=world.van, state=state, id=ids.new())
