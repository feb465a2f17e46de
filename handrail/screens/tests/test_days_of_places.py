"""Today is the day it is at a place."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from handrail.facts import organisations, setting_changes
from handrail.facts.models import Fact, Site
from handrail.facts.queries import today
from handrail.facts.record import Draft, Mode, record
from handrail.facts.setting_changes import SettingProblem
from handrail.gates.spreadsheet import cells
from handrail.insight.jobs import periods_to_compute
from handrail.kernel import ids, scope
from handrail.ledgers.stock import commands, forecast, funds, kits, queries, values
from handrail.ledgers.stock.models import Item, Leg, Lot

LATE = datetime(2026, 9, 30, 22, 30, tzinfo=UTC)
"""In Nairobi, where the places of the small world are, it is October already; in Honolulu it is past noon on the last of September."""


@pytest.fixture
def far(world):
    """A van in Honolulu besides the places in Nairobi."""
    with time_machine.travel(LATE, tick=False), scope.enter([world.harbour.key]):
        world.far = organisations.create_site(actor=world.system, name="Far van", kind="vehicle", time_zone="Pacific/Honolulu")
        yield world


def deliver(world, site: Site, lot: str, expiry: date, fund: str = "") -> Lot:
    commands.receive(actor=world.system, site=site, lines=[commands.Delivery("water", lot, 5, expiry, fund)])
    return Lot.objects.get(code=lot)


def give(world, at: datetime) -> None:
    said = {"lines": [{"item": "water", "quantity": 3}]}
    record(
        Draft(kind="exchange.given", payload=said, site=world.far.id, encounter=ids.new(), occurred_at=at), actor=world.system, mode=Mode.CONFIRMED
    )


def test_without_a_place_it_is_the_day_at_the_first_that_is_active(far):
    assert today() == date(2026, 10, 1)
    Site.objects.exclude(key=far.far.key).update(is_active=False)
    assert today() == date(2026, 9, 30)
    Site.objects.update(is_active=False)
    assert today() == date(2026, 9, 30)


def test_each_shelf_says_what_expired_there(far):
    for site, lot in ((far.store, "W-near"), (far.far, "W-far")):
        deliver(far, site, lot, date(2026, 9, 30))
    client = Client()
    client.force_login(far.staff["store"])
    shown = " ".join(client.get(reverse("stock")).content.decode().split())
    card = {name: re.search(rf'<section class="card stack" aria-label="{name}">.*?</section>', shown)[0] for name in ("Store", "Far van")}
    assert [">expired<" in card["Store"], ">expired<" in card["Far van"]] == [True, False]
    assert "1 lot expired" in card["Store"]
    for site, proposed in ((far.store, True), (far.far, False)):
        page = client.get(reverse("stock-write-off", args=[site.id]) + "?expired=1").content.decode()
        assert ('value="5"' in page) is proposed


def test_what_runs_low_is_looked_back_for_from_the_midnight_of_the_place(far):
    deliver(far, far.far, "W-far", date(2030, 1, 1))
    lead = values.LEAD_TIME_DAYS.read().value
    begins = datetime(2026, 9, 30, 10, tzinfo=UTC) - timedelta(days=lead)  # midnight in Honolulu
    for minutes, expected in ((-30, set()), (30, {"water"})):
        give(far, begins + timedelta(minutes=minutes))
        assert forecast.low(queries.lots(None), [far.far]).get(far.far.key, set()) == expected


def test_a_rule_of_a_fund_marks_lots_by_the_day_of_their_shelf(far):
    fund = funds.add_fund(actor=far.system, code="FED", name="Federal", valid_from=date(2024, 1, 1))
    here, there = deliver(far, far.store, "W-1", date(2030, 1, 1), "FED"), deliver(far, far.far, "W-2", date(2030, 1, 1), "FED")
    funds.restrict(
        actor=far.system, fund=fund, effect="forbid_purchase", valid_from=date(2026, 10, 1), item_code="water", source_document="Letter", clause="2"
    )
    client = Client()
    client.force_login(far.staff["coordinator"])
    shown = client.get(reverse("stock-funds")).content.decode()
    assert [f"lot {lot.code}," in shown for lot in (here, there)] == [True, False]


def receive(world, site: Site, came_on: str, **more: str):
    client = Client()
    client.force_login(world.staff["store"])
    form = {"id": str(ids.new()), "site": str(site.id), "came_on": came_on, "item-0": "water", "lot-0": "W-9", "quantity-0": "5", **more}
    return client.post(reverse("stock-receive"), form)


def test_a_delivery_is_judged_by_the_day_it_came_in(far):
    fund = funds.add_fund(actor=far.system, code="FED", name="Federal", valid_from=date(2024, 1, 1))
    funds.restrict(
        actor=far.system, fund=fund, effect="forbid_purchase", valid_from=date(2026, 9, 1), item_code="water", source_document="Letter", clause="2"
    )
    answer = receive(far, far.store, "2026-09-01", **{"fund-0": "FED"})
    assert (answer.status_code, 'value="2026-09-01"' in answer.content.decode()) == (422, True)
    assert receive(far, far.store, "2026-08-31", **{"fund-0": "FED"}).status_code == 302
    came = Fact.objects.get(kind="stock.received", site=far.store)
    assert came.occurred_at == datetime(2026, 8, 31, 9, tzinfo=UTC)  # noon in Nairobi
    assert Leg.objects.filter(fact=came.id).values_list("at", flat=True).distinct().get() == came.occurred_at


def test_a_delivery_of_today_is_of_this_moment_and_none_comes_tomorrow(far):
    client = Client()
    client.force_login(far.staff["store"])
    assert 'name="came_on" type="date" value="2026-10-01"' in client.get(reverse("stock-receive")).content.decode()
    assert receive(far, far.store, "2026-10-01").status_code == 302
    assert Fact.objects.get(kind="stock.received", site=far.store).occurred_at == LATE
    for came_on, site, sentence in (
        ("2026-10-01", far.far, "has not come yet"), ("2016-09-01", far.store, "more than a year ago"), ("", far.store, "year-month-day"),
        ("last week", far.store, "year-month-day"),
    ):
        answer = receive(far, site, came_on)
        assert (answer.status_code, sentence in answer.content.decode(), 'value="W-9"' in answer.content.decode()) == (422, True, True)


def test_kits_are_named_by_the_day_of_the_place_and_take_what_has_not_expired_there(far):
    for item in ("syringe-1ml-29g", "filter"):
        commands.receive(actor=far.system, site=far.far, lines=[commands.Delivery(item, f"{item}-x", 100, date(2026, 9, 30))])
    for site in (far.far, far.van):
        kits.assemble(actor=far.system, site=site, kit=Item.objects.get(code="injecting-kit"), kits=1)
    made = Lot.objects.filter(item__code="injecting-kit", is_unknown=False).order_by("key").values_list("code", "expiry")
    assert list(made) == [("K260930-1", date(2026, 9, 30)), ("K261001-2", date(2029, 1, 31))]


def test_a_value_is_set_and_read_by_the_day_of_its_place(far):
    change = {"actor": far.system, "value": values.LEAD_TIME_DAYS, "site": None, "source": "Board"}
    with pytest.raises(SettingProblem, match="From today on"):
        setting_changes.set_value(**change, typed="20", valid_from=date(2026, 9, 30))
    setting_changes.set_value(**change, typed="20", valid_from=date(2026, 10, 1))
    assert values.LEAD_TIME_DAYS.read().value == 20


def test_a_visit_in_a_spreadsheet_may_be_of_today_where_it_was(far):
    asked = {"typed": "2026-10-01", "at": "", "form": "YYYY-MM-DD", "time_form": ""}
    assert cells.moment(**asked, zone="Africa/Nairobi")
    with pytest.raises(cells.BadCell, match="not come yet"):
        cells.moment(**asked, zone="Pacific/Honolulu")


def test_the_running_quarter_is_the_one_that_began_there(far):
    assert "2026Q4" in periods_to_compute()
    client = Client()
    client.force_login(far.staff["coordinator"])
    assert client.get(reverse("quarter-now")).url.endswith("/2026Q3/")
