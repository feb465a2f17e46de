"""What a fund forbids, the ledger refuses; a later rule flags and rewrites nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError

from handrail.facts.models import Fact
from handrail.facts.record import Draft, Mode, Refusal, Status, record
from handrail.kernel.models import AuditEntry
from handrail.ledgers.stock import catalogue, commands, funds, kits, orders, queries, usual
from handrail.ledgers.stock.models import Fund, Item, Lot

WHEN = datetime(2026, 7, 1, 9, tzinfo=UTC)


@pytest.fixture
def hhs(in_harbour) -> Fund:
    return usual.add_example_fund(actor=in_harbour.system)


def deliver(world, *lines: tuple[str, str, str], at: datetime = WHEN, approval: str = ""):
    return commands.receive(
        actor=world.actors["store"], site=world.store, occurred_at=at, approval=approval,
        lines=[commands.Delivery(item, lot, 100, date(2030, 1, 1), fund) for item, lot, fund in lines],
    )


def test_everything_but_the_needles(in_harbour, hhs):
    deliver(in_harbour, ("filter", "F-9", "HHS"), ("syringe-1ml-29g", "S-9", ""))
    assert {lot.lot: lot.fund for lot in queries.lots([in_harbour.store.key])} == {"F-9": "HHS", "S-9": ""}


def test_a_delivery_on_a_fund_that_forbids_it_is_refused_naming_line_class_and_clause(in_harbour, hhs):
    with pytest.raises(Refusal) as refused:
        deliver(in_harbour, ("filter", "F-9", "HHS"), ("syringe-1ml-29g", "S-9", "HHS"))
    (field, sentence), = refused.value.problems
    assert field == "line-2"
    assert all(word in sentence for word in ("Line 2", "Syringe 1 ml, 29G", "Syringe with needle", "HHS", "4.2.9"))
    assert not Lot.objects.filter(code__in=["F-9", "S-9"]).exists()


def test_the_ledger_itself_refuses_whoever_writes(in_harbour, hhs):
    item = Item.objects.get(code="syringe-1ml-29g")
    lot = Lot.objects.create(organisation_id=in_harbour.harbour.key, item=item, code="S-9", fund=hhs)
    draft = Draft(
        kind="stock.received", payload={"lines": [{"item": item.code, "lot": str(lot.id), "quantity": 5}]}, site=in_harbour.store.id, occurred_at=WHEN
    )
    with pytest.raises(Refusal, match="may not be paid from HHS"):
        record(draft, actor=in_harbour.actors["store"])
    assert record(draft, actor=in_harbour.actors["store"], mode=Mode.ARRIVED).status is Status.QUARANTINED


def test_the_day_it_happened_decides(in_harbour, hhs):
    deliver(in_harbour, ("syringe-1ml-29g", "S-8", ""), at=datetime(2026, 1, 1, tzinfo=UTC))
    other = funds.add_fund(actor=in_harbour.system, code="FED", name="Older money", valid_from=date(2024, 1, 1))
    funds.restrict(
        actor=in_harbour.system, fund=other, effect="forbid_stock_tag", valid_from=date(2026, 5, 1), item_class="syringe_with_needle",
        source_document="Letter", clause="2",
    )
    deliver(in_harbour, ("syringe-1ml-29g", "S-9", "FED"), at=datetime(2026, 4, 30, 20, 59, tzinfo=UTC))
    with pytest.raises(Refusal):  # midnight in Nairobi, where the store is
        deliver(in_harbour, ("syringe-1ml-29g", "S-10", "FED"), at=datetime(2026, 4, 30, 21, tzinfo=UTC))


def test_a_later_rule_flags_the_lot_and_rewrites_nothing(in_harbour):
    fund = funds.add_fund(actor=in_harbour.system, code="FED", name="Federal", valid_from=date(2024, 1, 1))
    deliver(in_harbour, ("syringe-1ml-29g", "S-9", "FED"))
    before = list(Fact.objects.values_list("id", "settlement"))
    funds.restrict(
        actor=in_harbour.system, fund=fund, effect="forbid_purchase", valid_from=date(2026, 8, 1), item_class="syringe_with_needle",
        source_document="New terms", clause="7",
    )
    lot = Lot.objects.get(code="S-9")
    assert funds.restricted_since(date(2026, 7, 31)) == {}
    assert funds.restricted_since(date(2026, 8, 1)) == {lot.id: date(2026, 8, 1)}
    commands.transfer(actor=in_harbour.actors["store"], source=in_harbour.store, target=in_harbour.van, quantities={}, lots={lot.id: 40})
    assert list(Fact.objects.values_list("id", "settlement"))[: len(before)] == before


def test_a_rule_about_one_item_leaves_its_class_alone(in_harbour, hhs):
    funds.restrict(
        actor=in_harbour.system, fund=hhs, effect="forbid_purchase", valid_from=date(2026, 1, 1), item_code="water", source_document="List", clause="3"
    )
    deliver(in_harbour, ("filter", "F-9", "HHS"))
    with pytest.raises(Refusal, match="Sterile water"):
        deliver(in_harbour, ("water", "W-9", "HHS"))


def test_where_an_approval_is_asked_for_its_number_is_enough(in_harbour, hhs):
    funds.restrict(
        actor=in_harbour.system, fund=hhs, effect="requires_approval", valid_from=date(2026, 1, 1), item_code="water", source_document="List", clause="3"
    )
    with pytest.raises(Refusal, match="asks for an approval"):
        deliver(in_harbour, ("water", "W-9", "HHS"))
    deliver(in_harbour, ("water", "W-9", "HHS"), approval="A-17")
    assert Fact.objects.get(kind="stock.received", payload__approval="A-17")


def test_a_fund_pays_only_while_it_holds(in_harbour, hhs):
    with pytest.raises(Refusal, match="does not hold on this day"):
        deliver(in_harbour, ("filter", "F-9", "HHS"), at=datetime(2025, 12, 31, tzinfo=UTC))
    with pytest.raises(Refusal, match="no fund"):
        deliver(in_harbour, ("filter", "F-9", "ELSE"))


def test_one_printed_number_bought_with_two_funds_is_two_lots(in_harbour, hhs):
    deliver(in_harbour, ("filter", "F-9", "HHS"), ("filter", "F-9", ""))
    assert sorted(lot.fund for lot in queries.lots([in_harbour.store.key])) == ["", "HHS"]
    with pytest.raises(Refusal, match="Check the box"):
        commands.receive(
            actor=in_harbour.actors["store"], site=in_harbour.store, lines=[commands.Delivery("filter", "F-9", 1, date(2029, 1, 1), "HHS")]
        )


def test_a_ready_made_kit_with_a_syringe_inside_is_refused_for_the_fund(in_harbour, hhs):
    with pytest.raises(Refusal, match="Syringe 1 ml, 29G inside") as refused:
        deliver(in_harbour, ("injecting-kit", "K-9", "HHS"))
    assert "Injecting kit" in refused.value.problems[0][1]
    deliver(in_harbour, ("injecting-kit", "K-9", ""))


def test_a_kit_put_together_stands_on_a_fund_only_if_every_part_may(in_harbour, hhs):
    store, kit = in_harbour.actors["store"], Item.objects.get(code="injecting-kit")
    with pytest.raises(Refusal, match="may not be paid from HHS"):
        kits.assemble(actor=store, site=in_harbour.van, kit=kit, kits=1, fund="HHS")
    assert not Lot.objects.filter(item=kit, is_unknown=False).exists()
    dry = catalogue.create(
        actor=store, code="dry-kit", name="Filters and water", item_class="preparation", pack_size=1, parts={"filter": 5}
    )
    kits.assemble(actor=store, site=in_harbour.van, kit=dry, kits=2, fund="HHS")
    assert Lot.objects.get(item=dry, is_unknown=False).fund == hhs


def test_an_order_on_the_fund_is_refused_too(in_harbour, hhs):
    with pytest.raises(Refusal, match="Line 1, Syringe"):
        orders.place(
            actor=in_harbour.actors["store"], site=in_harbour.store, supplier="Depot", fund="HHS",
            lines=[{"item": "syringe-1ml-29g", "quantity": 100}],
        )


def test_funds_and_rules_are_audited_and_must_name_their_clause(in_harbour, hhs):
    assert AuditEntry.objects.filter(action="stock.fundrestriction.added").count() == len(usual.EXAMPLE_RESTRICTIONS)
    common = {"actor": in_harbour.system, "fund": hhs, "effect": "forbid_purchase", "valid_from": date(2026, 1, 1)}
    for wrong in (
        {"source_document": "", "clause": "", "item_class": "needle"},
        {"source_document": "L", "clause": "1", "item_class": "needle", "item_code": "filter"},
        {"source_document": "L", "clause": "1"},
        {"source_document": "L", "clause": "1", "item_code": "nothing"},
        {"source_document": "L", "clause": "1", "item_class": "needle", "valid_to": date(2025, 1, 1)},
    ):
        with pytest.raises(Refusal):
            funds.restrict(**common, **wrong)
    with pytest.raises(Refusal, match="already"):
        funds.add_fund(actor=in_harbour.system, code="HHS", name="again", valid_from=date(2026, 1, 1))


def test_this_can_fail_a_ledger_that_does_not_ask_the_fund(in_harbour, hhs, monkeypatch):
    """The database then refuses by itself, but with no sentence and with an error instead of a record kept aside."""
    monkeypatch.setattr("handrail.ledgers.stock.checks.problems_of", lambda *a, **k: [])
    with pytest.raises(IntegrityError, match="may not stand on the fund HHS"):
        test_the_ledger_itself_refuses_whoever_writes(in_harbour, hhs)
