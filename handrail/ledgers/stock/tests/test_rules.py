"""Rules of the ledger, with the worked examples of the domain."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from handrail.ledgers.stock import rules
from handrail.ledgers.stock.rules import Batch, Rule, Stuff, Supply

TODAY = date(2026, 7, 1)
NO_SYRINGES = [Rule("syringe_with_needle", "", "forbid_purchase", date(2026, 1, 1), "4.2.9"), Rule("needle", "", "forbid_purchase", date(2026, 1, 1), "4.2.9")]


def supply(**changed) -> Supply:
    usual = {
        "today": TODAY, "used": 320, "days": 120, "stock_out_days": 15, "weeks": (), "lots": (Batch(150, None),), "on_order": 60,
        "lead_time_days": 45, "review_days": 30, "safety_days": 30, "pack": 12,
    }
    return Supply(**(usual | changed))


# -- supply (`domain/naloxone.md`, worked example 6) ---------------------------------------------------------------------------


def test_the_forecast_of_the_worked_example():
    out = rules.outlook(supply())
    assert out.use_per_day == Fraction(320, 105)
    assert round(float(out.use_per_day), 4) == 3.0476
    assert round(float(out.use_per_day * 30), 1) == 91.4
    assert round(150 / float(out.use_per_day * 30), 2) == 1.64
    assert rules.outlook(supply(pack=1)).suggested == 110
    assert out.suggested == 120


def test_expiry_risk_of_the_worked_example():
    lots = [Batch(100, TODAY + timedelta(days=20)), Batch(90, TODAY + timedelta(days=60))]
    assert rules.will_expire(lots, Fraction(3), TODAY) == [40, 0]
    assert rules.will_expire(lots[::-1], Fraction(3), TODAY) == [0, 40]
    out = rules.outlook(supply(used=3 * 105, lots=tuple(lots)))
    assert (out.on_hand, out.will_expire, out.counted_on_hand, out.days_left) == (190, 40, 150, 50)


def test_use_that_is_not_known_is_not_nothing():
    for unknown in (supply(used=0), supply(days=0), supply(stock_out_days=120)):
        out = rules.outlook(unknown)
        assert (out.use_per_day, out.days_left, out.runs_out_on, out.suggested) == (None, None, None, None)
        assert out.on_hand == 150


def test_enough_on_hand_suggests_nothing_and_never_less():
    assert rules.outlook(supply(lots=(Batch(10_000, None),))).suggested == 0


def test_one_ceil_at_the_end_and_then_whole_packs():
    exact = supply(used=1, days=3, stock_out_days=0, lots=(), on_order=0, lead_time_days=1, review_days=1, safety_days=1, pack=1)
    assert rules.outlook(exact).suggested == 1  # 3 × ⅓ is 1; rounding the use first would give 2
    assert rules.outlook(supply(used=1, days=3, stock_out_days=0, lots=(), on_order=0, lead_time_days=1, review_days=1, safety_days=2)).suggested == 12


def test_expired_lots_are_not_there_and_what_is_owed_is_taken_off():
    lots = (Batch(100, TODAY - timedelta(days=1)), Batch(50, TODAY), Batch(30, None))
    assert rules.outlook(supply(lots=lots, owed=20)).on_hand == 60


def test_a_day_at_zero_is_no_day_of_use():
    assert rules.stock_out_days(0, [(10, 0), (-10, 10), (0, 0), (0, 0)]) == 3
    assert rules.stock_out_days(40, [(0, 0), (50, 0), (-10, 10)]) == 2  # the second day began with nothing
    assert rules.stock_out_days(-30, [(-10, 10), (-20, 20)]) == 0  # the supplies were there, the book was wrong


def test_the_usual_week_is_the_median():
    daily = {TODAY - timedelta(days=n): 1 for n in range(1, 8)} | {TODAY - timedelta(days=n): 100 for n in range(8, 15)}
    assert rules.by_week(daily, TODAY, 3) == (0, 700, 7)
    assert rules.outlook(supply(weeks=(0, 700, 7))).median_week == 7


# -- money (`domain/funding.md`, worked examples 1 and 2, as far as stock goes) --------------------------------------------------


def test_a_restricted_bill_of_the_worked_example():
    bill = [
        (Stuff("n", "syringe_with_needle"), Decimal("420.00")), (Stuff("b", "disposal"), Decimal("180.00")),
        (Stuff("s", "preparation"), Decimal("60.00")), (Stuff("x", "naloxone"), Decimal("340.00")),
    ]
    assert rules.chargeable(NO_SYRINGES, bill, TODAY) == (Decimal("580.00"), Decimal("420.00"))


def test_a_kit_of_the_worked_example():
    kit = [
        (Stuff("needle", "needle"), Decimal("0.70")), (Stuff("filter", "preparation"), Decimal("0.10")), (Stuff("water", "preparation"), Decimal("0.30")),
        (Stuff("bag", "preparation"), Decimal("0.05")), (Stuff("bin", "disposal"), Decimal("0.65")),
    ]
    allowed, refused = rules.chargeable(NO_SYRINGES, kit, TODAY)
    assert (allowed, refused) == (Decimal("1.10"), Decimal("0.70"))
    assert (200 * allowed, 200 * refused) == (Decimal("220.00"), Decimal("140.00"))
    assert rules.chargeable(NO_SYRINGES, kit, TODAY, priced_apart=False) == (Decimal(0), Decimal("1.80"))


def test_a_rule_holds_from_its_first_day_until_the_day_it_ends():
    rule = Rule("needle", "", "forbid_purchase", date(2026, 1, 1), "c", until=date(2026, 7, 1))
    assert [rule.holds(day) for day in (date(2025, 12, 31), date(2026, 1, 1), date(2026, 6, 30), date(2026, 7, 1))] == [False, True, True, False]


def test_a_kit_counts_what_is_inside_and_expires_with_its_first_part():
    assert rules.needles_in([(1, 10), (0, 10), (0, 1)]) == 10
    assert rules.earliest([date(2028, 1, 1), None, date(2027, 1, 1)]) == date(2027, 1, 1)
    assert rules.earliest([None]) is None
