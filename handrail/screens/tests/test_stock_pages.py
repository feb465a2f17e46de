"""The storekeeper's pages, through real forms."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from handrail.facts import organisations
from handrail.facts.models import Fact
from handrail.facts.record import Draft, Mode, record
from handrail.insight import compute, results
from handrail.insight.periods import Period
from handrail.insight.spec import INDICATORS
from handrail.kernel import clock, ids, scope
from handrail.ledgers.stock import commands, orders, queries, recalls, usual
from handrail.ledgers.stock.models import Fund, Item, Lot, LotHold
from tests.world import today


def client(world, who: str = "store") -> Client:
    found = Client()
    found.force_login(world.staff[who])
    return found


def post(world, page: str, form: dict[str, object], who: str = "store", *args: object):
    day = {"came_on": world.store.today.isoformat()} if page == "stock-receive" else {}
    return client(world, who).post(reverse(page, args=args), {"id": str(ids.new())} | day | form)


def page(world, name: str, *args: object, who: str = "store", query: str = "") -> str:
    answer = client(world, who).get(reverse(name, args=args) + query)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@pytest.fixture
def inside(world):
    """Opens the first organisation's rows for looking."""

    class Look:
        def __enter__(self):
            self._scope = scope.enter([world.harbour.key])
            self._scope.__enter__()

        def __exit__(self, *error: object):
            self._scope.__exit__(*error)

    return Look()


def lot_of(world, code: str) -> Lot:
    with scope.enter([world.harbour.key]):
        return Lot.objects.get(code=code)


# -- deliveries, funds, orders -------------------------------------------------------------------------------------------------


def test_a_delivery_on_a_forbidden_fund_keeps_what_was_typed_and_marks_the_line(world, inside):
    with inside:
        usual.add_example_fund(actor=world.system)
    form = {
        "site": str(world.store.id), "item-0": "filter", "lot-0": "F-9", "quantity-0": "500", "fund-0": "HHS",
        "item-2": "syringe-1ml-29g", "lot-2": "S-9", "quantity-2": "1000", "expiry-2": "2030-01-31", "fund-2": "HHS",
    }
    answer = post(world, "stock-receive", form)
    said = answer.content.decode()
    assert answer.status_code == 422
    assert re.search(r"Line 3.*?role=\"alert\">Line 2, Syringe 1 ml, 29G \(Syringe with needle\): may not be paid from HHS", said, re.DOTALL)
    for typed in ("F-9", "S-9", "1000", "2030-01-31"):
        assert f'value="{typed}"' in said
    with inside:
        assert not Lot.objects.filter(code__in=["F-9", "S-9"]).exists()
    assert post(world, "stock-receive", form | {"fund-2": ""}).status_code == 302
    assert "HHS" in page(world, "stock")


def test_a_delivery_by_the_month_can_be_used_through_its_last_day(world, inside):
    line = {"site": str(world.store.id), "item-0": "filter", "lot-0": "F-29", "quantity-0": "5", "expiry-0": "2028-02"}
    assert 'type="date"' not in re.search(r'<input id="expiry-0"[^>]*>', page(world, "stock-receive"))[0], "a field for a date takes no month"
    assert post(world, "stock-receive", line).status_code == 302
    assert lot_of(world, "F-29").expiry == date(2028, 2, 29)


def test_an_order_is_written_comes_in_and_is_finished(world, inside):
    form = {"site": str(world.store.id), "supplier": "Central depot", "q-filter": "2000", "q-water": ""}
    assert post(world, "stock-order-new", form).status_code == 302
    with inside:
        order, = orders.listed(None)
    assert "2,000 missing" in page(world, "stock-orders")
    shown = page(world, "stock-receive", query=f"?order={order.id}")
    assert 'value="2000"' in shown
    assert f'<option value="{order.id}" selected>' in shown
    delivery = {"site": str(world.store.id), "order": str(order.id), "item-0": "filter", "lot-0": "F-7", "quantity-0": "2000"}
    assert post(world, "stock-receive", delivery).status_code == 302
    assert "complete" in page(world, "stock-orders")


def test_an_order_without_a_supplier_keeps_the_numbers(world):
    answer = post(world, "stock-order-new", {"site": str(world.store.id), "supplier": "", "q-filter": "77"})
    assert answer.status_code == 422
    assert 'value="77"' in answer.content.decode()
    assert "Write which company" in answer.content.decode()
    assert post(world, "stock-order-new", {"site": str(world.store.id), "supplier": "D", "q-filter": "a few"}).status_code == 422


def test_an_order_that_will_not_come_is_closed_with_a_reason(world, inside):
    post(world, "stock-order-new", {"site": str(world.store.id), "supplier": "Central depot", "q-filter": "10"})
    with inside:
        order, = orders.listed(None)
    assert post(world, "stock-orders", {"order": str(order.id), "why": ""}).status_code == 422
    assert post(world, "stock-orders", {"order": str(order.id), "why": "cancelled"}).status_code == 302
    assert "Nothing is on order" in page(world, "stock-orders")


# -- write-off, recall ----------------------------------------------------------------------------------------------------------


def test_expired_lots_are_proposed_and_written_off_in_one_go(world, inside):
    with inside:
        commands.receive(
            actor=world.system, site=world.store, lines=[commands.Delivery("filter", "F-old", 40, today() - timedelta(days=3))],
        )
    assert "Write off 40 expired" in page(world, "stock")
    proposal = page(world, "stock-write-off", world.store.id, query="?expired=1")
    old = lot_of(world, "F-old")
    assert f'name="lot-{old.id}" value="40"' in proposal
    assert 'value="expired" checked' in proposal
    assert post(world, "stock-write-off", {"reason": "expired", f"lot-{old.id}": "40"}, "store", world.store.id).status_code == 302
    with inside:
        assert queries.lots([world.store.key]) == []


def test_a_write_off_without_a_reason_or_with_too_many_keeps_what_was_typed(world):
    lot = lot_of(world, "F-1")
    for form in ({f"lot-{lot.id}": "5"}, {f"lot-{lot.id}": "5000", "reason": "lost"}, {f"lot-{lot.id}": "-5", "reason": "lost"}):
        answer = post(world, "stock-write-off", form, "store", world.van.id)
        assert answer.status_code == 422
        assert f'value="{form[f"lot-{lot.id}"]}"' in answer.content.decode()


def test_a_recall_from_the_notice_to_its_end(world, inside):
    form = {"item": "syringe-1ml-29g", "lot": "S-soon", "source_reference": "FSN-2026-118", "severity": "dangerous"}
    answer = post(world, "stock-recall-new", form)
    assert answer.status_code == 302
    with inside:
        recall = LotHold.objects.get().recall
    assert "recalled" in page(world, "stock", who="naima")
    assert "1 recall is open" in page(world, "stock", who="naima")
    seen = page(world, "stock-recall", recall, who="naima")
    assert "Still on shelves" in seen
    assert "Close the recall" not in seen
    assert "Write them off" not in seen
    refused = post(world, "stock-recall", {"outcome": "settled"}, "store", recall)
    assert refused.status_code == 422
    assert "100 are still on a shelf" in refused.content.decode()
    proposal = page(world, "stock-write-off", world.van.id, query="?recalled=1")
    lot = lot_of(world, "S-soon")
    assert f'name="lot-{lot.id}" value="100"' in proposal
    post(world, "stock-write-off", {"reason": "recalled", f"lot-{lot.id}": "100"}, "store", world.van.id)
    assert post(world, "stock-recall", {"outcome": "settled"}, "store", recall).status_code == 302
    assert "Nothing is left on a shelf" in page(world, "stock-recall", recall)


def test_a_worker_at_another_place_sees_only_that_there_is_more_elsewhere(world, inside):
    with inside:
        recall = recalls.recall(actor=world.system, item="filter", lot="F-1", source_reference="N", severity="unlikely").id
    seen = page(world, "stock-recall", recall, who="elsewhere")
    assert "Van 1" not in seen
    assert "1,000 more at other places" in seen
    assert client(world, "stranger").get(reverse("stock-recall", args=[recall])).status_code == 404


def test_a_recall_that_is_not_complete_keeps_what_was_typed(world):
    answer = post(world, "stock-recall-new", {"item": "filter", "lot": "F-none", "source_reference": "N-1", "severity": "harmful"})
    assert answer.status_code == 422
    assert "The book knows no lot" in answer.content.decode()
    assert 'value="F-none"' in answer.content.decode()
    nothing = post(world, "stock-recall-new", {"item": "filter", "lot": "F-1", "source_reference": "", "severity": ""})
    assert nothing.status_code == 422


# -- transfer and count -----------------------------------------------------------------------------------------------------------


def test_a_chosen_lot_is_moved_instead_of_the_first(world, inside):
    late = lot_of(world, "S-late")
    form = {"site": str(world.van.id), "to_site": str(world.store.id), f"lot-{late.id}": "25", "q-filter": "10"}
    assert post(world, "stock-transfer", form).status_code == 302
    with inside:
        assert {lot.lot: lot.quantity for lot in queries.lots([world.store.key])} == {"S-late": 25, "F-1": 10}


def test_the_lots_of_another_place_can_be_shown_and_what_was_typed_stays(world):
    form = {"site": str(world.van.id), "to_site": str(world.store.id), "q-filter": "10", "show": "lots"}
    answer = post(world, "stock-transfer", form)
    said = answer.content.decode()
    assert answer.status_code == 200
    assert "lot S-late" in said
    assert 'id="q-filter" name="q-filter" value="10"' in said


def test_a_count_tells_why_it_differs(world):
    lot = lot_of(world, "F-1")
    form = {f"lot-{lot.id}": "990", "reason": "missing"}
    assert post(world, "stock-count", form, "store", world.van.id).status_code == 302
    shown = page(world, "stock-differences")
    assert "1,000 in the book, 990 on the shelf" in shown
    assert "Missing" in shown
    assert post(world, "stock-count", {f"lot-{lot.id}": "980", "reason": "whim"}, "store", world.van.id).status_code == 422


# -- catalogue and kits -------------------------------------------------------------------------------------------------------------


def test_the_catalogue_is_kept_by_those_who_keep_it(world, inside):
    form = {"code": "meal", "name": "Meal", "item_class": "care", "pack_size": "1"}
    assert post(world, "stock-item-new", form).status_code == 302
    assert "Meal" in page(world, "stock-catalogue")
    again = post(world, "stock-item-new", form | {"name": "Hot meal"})
    assert again.status_code == 422
    assert 'value="Hot meal"' in again.content.decode()
    changed = {"name": "Hot meal", "item_class": "care", "pack_size": "1"}
    assert post(world, "stock-item", changed, "store", "meal").status_code == 302
    with inside:
        assert not Item.objects.get(code="meal").is_active
    assert client(world, "naima").get(reverse("stock-item", args=["meal"])).status_code == 404
    assert client(world).get(reverse("stock-item", args=["nothing"])).status_code == 404


def test_a_kit_is_described_put_together_and_taken_apart(world, inside):
    form = {"code": "pair-kit", "name": "Pair", "item_class": "preparation", "pack_size": "1", "part-syringe-1ml-29g": "2", "part-filter": "2"}
    assert post(world, "stock-item-new", form).status_code == 302
    assert "counts 2" in page(world, "stock-catalogue")
    made = {"kit": "pair-kit", "kits": "5", "site": str(world.van.id)}
    assert post(world, "stock-kits", made).status_code == 302
    with inside:
        lot = Lot.objects.get(item__code="pair-kit", is_unknown=False)
    assert "10 × Filter" in page(world, "stock-kits")
    too_many = post(world, "stock-kits", made | {"kits": "5000"})
    assert too_many.status_code == 422
    assert 'value="5000"' in too_many.content.decode()
    apart = {"what": "apart", "lot": str(lot.id), "site": str(world.van.id), "kits": "5"}
    assert post(world, "stock-kits", apart).status_code == 302
    fixed = post(world, "stock-item", form | {"part-filter": "3", "is_active": "1"}, "store", "pair-kit")
    assert fixed.status_code == 422
    assert "add a new kit" in fixed.content.decode()
    renamed = post(world, "stock-item", form | {"name": "Pair of two", "is_active": "1"}, "store", "pair-kit")
    assert renamed.status_code == 302


def test_nothing_of_an_item_is_saved_when_one_part_of_the_form_is_wrong(world, inside):
    form = {"code": "dry-kit", "name": "Dry", "item_class": "preparation", "pack_size": "1", "part-filter": "1"}
    post(world, "stock-item-new", form)
    answer = post(world, "stock-item", form | {"part-filter": "4", "pack_size": "0"}, "store", "dry-kit")
    assert answer.status_code == 422
    with inside:
        assert Item.objects.get(code="dry-kit").components.get().quantity == 1


# -- funds ---------------------------------------------------------------------------------------------------------------------------


def test_a_fund_and_its_rule_are_added_and_shown_with_the_clause(world, inside):
    fund = {"what": "fund", "code": "OSF", "name": "Foundation", "valid_from": "2026-01-01"}
    assert post(world, "stock-funds", fund, "coordinator").status_code == 302
    rule = {
        "what": "restriction", "fund": "OSF", "item_class": "smoking", "effect": "forbid_purchase", "valid_from": "2026-01-01",
        "source_document": "Agreement 12", "clause": "§ 4",
    }
    incomplete = post(world, "stock-funds", rule | {"clause": ""}, "coordinator")
    assert incomplete.status_code == 422
    assert 'value="Agreement 12"' in incomplete.content.decode()
    assert post(world, "stock-funds", rule, "coordinator").status_code == 302
    assert "Agreement 12, § 4" in page(world, "stock-funds", who="coordinator")
    assert post(world, "stock-funds", fund | {"valid_from": "soon"}, "coordinator").status_code == 422
    assert client(world).get(reverse("stock-funds")).status_code == 404


def test_finance_sees_funds_and_stock_and_no_visit(world, inside):
    with inside:
        clerk = organisations.create_staff(
            actor=world.system, username="clerk", name="Clerk", password="correct horse battery staple", grants=[("finance", None)]
        )
    world.staff["clerk"] = clerk
    assert client(world, "clerk").get(reverse("stock-funds")).status_code == 200
    assert client(world, "clerk").get(reverse("visits")).status_code == 404
    assert client(world, "clerk").get(reverse("stock-receive")).status_code == 404


def test_a_lot_that_a_later_rule_forbids_is_flagged_on_both_pages(world, inside):
    with inside:
        fund = usual.add_example_fund(actor=world.system)
        Fund.objects.filter(key=fund.key).update(valid_from=date(2020, 1, 1))
        commands.receive(
            actor=world.system, site=world.store, occurred_at=clock.now().replace(year=2025),
            lines=[commands.Delivery("syringe-1ml-29g", "S-9", 60, date(2035, 1, 1), "HHS")],
        )
    assert "restricted since 1 Jan 2026" in page(world, "stock")
    assert "They came before the rule" in page(world, "stock-funds", who="coordinator")


# -- runs out ------------------------------------------------------------------------------------------------------------------------


def test_what_runs_out_says_so_where_use_is_not_known(world):
    shown = page(world, "stock-runs-out", who="naima")
    assert "Use not known" in shown
    assert "600 there" in shown
    assert "Van 1" in shown
    assert "Store</option>" not in shown


def test_every_page_shows_only_the_tabs_a_person_may_open(world):
    assert "Catalogue" not in page(world, "stock", who="naima")
    assert "Catalogue" in page(world, "stock")
    assert "Funds" in page(world, "stock", who="coordinator")


def test_sending_a_form_twice_changes_nothing(world, inside):
    lot = lot_of(world, "F-1")
    form = {"id": str(ids.new()), "reason": "lost", f"lot-{lot.id}": "10"}
    for _time in range(2):
        assert post(world, "stock-write-off", form, "store", world.van.id).status_code == 302
    with inside:
        assert Fact.objects.filter(kind="stock.written_off").count() == 1


# -- what a kit counts in every report (`domain/exchange.md` 2) ----------------------------------------------------------------------


def given_kits(world, monkeypatch) -> int:
    """Needles and syringes of the quarter after three kits of ten and five single syringes went out."""
    lines = [{"item": "injecting-kit", "quantity": 3}, {"item": "syringe-1ml-29g", "quantity": 5}]
    at = datetime(2026, 8, 1, 9, tzinfo=UTC)
    draft = Draft(kind="exchange.given", payload={"lines": lines}, site=world.van.id, encounter=ids.new(), occurred_at=at)
    record(draft, actor=world.system, mode=Mode.CONFIRMED)
    monkeypatch.setattr(compute, "INDICATORS", [INDICATORS["needles_given"]])  # all the others would take a second
    compute.refresh(world.harbour.key, ["2026Q3"])
    return int(results.read(Period.parse("2026Q3")).get("needles_given").numerator)


def test_three_kits_of_ten_and_five_syringes_are_thirty_five(in_harbour, settings, tmp_path, monkeypatch):
    settings.CONFIG = dataclasses.replace(settings.CONFIG, var=tmp_path)
    assert given_kits(in_harbour, monkeypatch) == 35


def test_a_kit_that_counts_as_one_would_be_noticed(in_harbour, settings, tmp_path, monkeypatch):
    settings.CONFIG = dataclasses.replace(settings.CONFIG, var=tmp_path)
    Item.objects.filter(code="injecting-kit").update(counts_as_ns=1)
    assert given_kits(in_harbour, monkeypatch) == 8
