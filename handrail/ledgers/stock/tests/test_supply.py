"""What runs out when, and orders, on a real ledger."""

from __future__ import annotations

import itertools
import uuid
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction

import pytest

from handrail.facts.models import Fact, Setting, Site
from handrail.facts.record import Draft, Mode, Refusal, Status, record
from handrail.facts.spec import KINDS
from handrail.kernel import clock, ids
from handrail.ledgers.stock import commands, counts, forecast, orders, queries, recalls, rules
from handrail.ledgers.stock.models import Leg, Lot
from tests.world import today

TODAY = today()


def days_ago(days: int):
    return datetime.combine(TODAY, time(9), UTC) - timedelta(days=days)


def give(world, site, quantity: int, days: int, item: str = "syringe-1ml-29g"):
    record(
        Draft(
            kind="exchange.given", payload={"lines": [{"item": item, "quantity": quantity}]}, site=site.id, encounter=ids.new(), occurred_at=days_ago(days)
        ),
        actor=world.system, mode=Mode.CONFIRMED,
    )


@pytest.fixture
def worked(in_harbour):
    """Twenty days of work at the drop-in: 1,000 came, 200 went out; the van's stock arrived today."""
    drop_in = in_harbour.sites["Drop-in"]
    commands.receive(
        actor=in_harbour.system, site=drop_in, occurred_at=days_ago(20),
        lines=[commands.Delivery("syringe-1ml-29g", "D-1", 1000, TODAY + timedelta(days=30))],
    )
    for days in (19, 12, 5, 1):
        give(in_harbour, drop_in, 50, days)
    return in_harbour


def found(world, sites, item: str = "syringe-1ml-29g") -> forecast.Forecast:
    return next(f for f in forecast.forecasts(sites, TODAY) if f.item.code == item)


def test_daily_use_days_left_and_what_expires_first(worked):
    one = found(worked, [worked.sites["Drop-in"].key])
    assert (one.supply.used, one.supply.days, one.supply.stock_out_days) == (200, 20, 0)
    assert one.outlook.use_per_day == Fraction(10)
    assert (one.outlook.on_hand, one.outlook.will_expire, one.outlook.days_left) == (800, 500, 30)
    assert one.outlook.runs_out_on == TODAY + timedelta(days=30)


def test_a_place_where_nothing_went_out_has_no_known_use(worked):
    one = found(worked, [worked.van.key])
    assert one.outlook.use_per_day is None
    assert one.outlook.on_hand == 600
    assert found(worked, None, "water").outlook.use_per_day is None


def test_the_whole_organisation_counts_every_shelf(worked):
    one = found(worked, None)
    assert (one.supply.used, one.outlook.on_hand) == (200, 1400)


def test_each_move_stands_on_the_day_it_was_at_its_own_place(worked):
    drop_in = worked.sites["Drop-in"]
    Site.objects.filter(key=drop_in.key).update(time_zone="America/St_Johns")  # half an hour off the others, and with summer time
    Site.objects.filter(key=worked.van.key).update(time_zone="Pacific/Kiritimati")
    for site, hour in itertools.product((drop_in, worked.van), (0, 2, 4, 9, 11, 23)):
        at = datetime.combine(TODAY - timedelta(days=3), time(hour, 15), UTC)
        draft = Draft(kind="exchange.given", payload={"lines": [{"item": "syringe-1ml-29g", "quantity": 1}]}, site=site.id, encounter=ids.new(), occurred_at=at)
        record(draft, actor=worked.system, mode=Mode.CONFIRMED)
    given, since = Counter(), TODAY - timedelta(days=15)
    for leg in Leg.objects.filter(location__kind="people").select_related("site", "lot"):
        if (day := clock.local_date(leg.at, leg.site.time_zone)) >= since:
            given[leg.lot.item_id, day] += leg.quantity
    said = {(item, day): one.given for item, days in forecast._daily(None, since, TODAY).items() for day, one in days.items() if one.given}
    assert said == given
    assert len(said) > 3


def test_a_visit_taken_back_is_no_use(worked):
    last = Fact.objects.filter(kind="exchange.given").order_by("-counter").first()
    record(Draft(kind="facts.taken_back", payload={"why": "entered_twice"}, supersedes=(last.id,)), actor=worked.system)
    assert found(worked, None).supply.used == 150


def test_recalled_lots_are_not_there(worked):
    recalls.recall(actor=worked.system, item="syringe-1ml-29g", lot="D-1", source_reference="N", severity="harmful")
    assert found(worked, [worked.sites["Drop-in"].key]).outlook.on_hand == 0


def test_what_is_owed_and_what_is_on_order_count(worked):
    drop_in = worked.sites["Drop-in"]
    give(worked, drop_in, 900, 0)
    one = found(worked, [drop_in.key])
    assert one.outlook.on_hand == -100
    assert one.supply.used == 200  # today is not over


def order(world, quantity: int = 500, **more):
    return forecast.order(
        actor=world.actors["store"], site=world.store, supplier="Depot", quantities={"syringe-1ml-29g": quantity}, **more
    )


def test_an_order_keeps_every_input_and_the_suggestion_can_be_computed_again(worked):
    outcome = order(worked)
    line = Fact.objects.get(id=outcome.id).payload["lines"][0]
    assert line["quantity"] == 500
    horizon = line["lead_time_days"] + line["review_days"] + line["safety_days"]
    needed = horizon * Fraction(line["used"], line["over_days"]) - line["on_hand"] - line["on_order"]
    assert line["suggested"] == max(0, -(-needed // line["pack"]) * line["pack"])
    assert (line["used"], line["over_days"]) == (200, 20)


def test_a_programme_sets_its_own_days(worked):
    Setting.objects.create(organisation=worked.harbour, name="stock.lead_time_days", value=90, valid_from=TODAY)
    assert found(worked, None).supply.lead_time_days == 90


def test_a_delivery_that_names_its_order_lowers_what_is_missing(worked):
    made = order(worked).id
    assert orders.outstanding(None) == {"syringe-1ml-29g": 500}
    assert found(worked, None).supply.on_order == 500
    commands.receive(actor=worked.actors["store"], site=worked.store, lines=[commands.Delivery("syringe-1ml-29g", "N", 300, None)], order=made)
    assert [(line.ordered, line.received, line.outstanding) for line in orders.find(made).lines] == [(500, 300, 200)]
    commands.receive(actor=worked.actors["store"], site=worked.store, lines=[commands.Delivery("syringe-1ml-29g", "N", 300, None)], order=made)
    assert (orders.find(made).is_open, orders.outstanding(None)) == (False, {})


def test_one_item_in_two_lines_is_answered_line_after_line_and_nothing_stays_outstanding(worked):
    lines = [{"item": "filter", "quantity": 100}, {"item": "water", "quantity": 5}, {"item": "filter", "quantity": 50}]
    made = orders.place(actor=worked.actors["store"], site=worked.store, supplier="Depot", lines=lines).id
    for quantity, outstanding in ((120, [0, 5, 30]), (30, [0, 5, 0]), (10, [0, 5, 0])):
        commands.receive(actor=worked.actors["store"], site=worked.store, lines=[commands.Delivery("filter", "N", quantity, None)], order=made)
        assert [line.outstanding for line in orders.find(made).lines] == outstanding
    assert [line.received for line in orders.find(made).lines] == [100, 0, 60]


def test_a_closed_order_expects_nothing_and_what_came_stays(worked):
    made = order(worked).id
    commands.receive(actor=worked.actors["store"], site=worked.store, lines=[commands.Delivery("syringe-1ml-29g", "N", 300, None)], order=made)
    orders.close(actor=worked.actors["store"], order=orders.find(made), site=worked.store, why="not_deliverable")
    assert orders.outstanding(None) == {}
    assert {lot.lot: lot.quantity for lot in queries.lots([worked.store.key])} == {"N": 300}


def test_an_order_needs_a_supplier_and_a_line_and_somebody_who_may(worked):
    for wrong in ({"supplier": " ", "lines": [{"item": "filter", "quantity": 1}]}, {"supplier": "Depot", "lines": []}):
        with pytest.raises(Refusal):
            orders.place(actor=worked.actors["store"], site=worked.store, **wrong)
    with pytest.raises(Refusal):
        orders.place(actor=worked.actors["naima"], site=worked.store, supplier="D", lines=[{"item": "filter", "quantity": 1}])


# -- older versions, large numbers ------------------------------------------------------------------------------------------------


def test_deliveries_and_counts_of_the_first_version_are_read_and_sent_again(in_harbour):
    lot = Lot.objects.get(code="F-1")
    for key, payload in (
        ("stock.received", {"lines": [{"item": "filter", "lot": str(lot.id), "quantity": 3}]}),
        ("stock.counted", {"lines": [{"item": "filter", "lot": str(lot.id), "in_book": 3, "on_shelf": 2}]}),
    ):
        draft = Draft(kind=key, payload=payload, kind_version=1, site=in_harbour.van.id, id=uuid.uuid4())
        assert record(draft, actor=in_harbour.system).status is Status.ACCEPTED
        assert record(draft, actor=in_harbour.system).status is Status.DUPLICATE
        assert KINDS[key].parse(payload, 1)


def test_a_balance_may_pass_two_thousand_million(in_harbour):
    lot = Lot.objects.get(code="F-1")
    lines = [{"item": "filter", "lot": str(lot.id), "quantity": 10_000_000}] * 220
    record(Draft(kind="stock.received", payload={"lines": lines}, site=in_harbour.van.id), actor=in_harbour.system)
    assert next(one for one in queries.lots([in_harbour.van.key]) if one.lot == "F-1").quantity == 2_200_001_000


def test_a_difference_keeps_its_reason(in_harbour):
    lot = Lot.objects.get(code="F-1")
    counts.count(actor=in_harbour.actors["store"], site=in_harbour.van, found={lot.id: 990}, reason="given_unrecorded")
    assert [(d.difference, d.reason, d.site) for d in queries.differences(None)] == [(-10, "given_unrecorded", "Van 1")]
    assert queries.differences([in_harbour.store.key]) == []


def test_this_can_fail_use_counted_as_nothing(worked, monkeypatch):
    unknown = rules.Outlook(Fraction(0), None, 0, 0, 0, TODAY, 0)
    monkeypatch.setattr("handrail.ledgers.stock.rules.outlook", lambda supply: unknown)
    with pytest.raises(AssertionError):
        test_a_place_where_nothing_went_out_has_no_known_use(worked)
