"""Periods: where each begins and ends, how it is written, and that nothing else is one."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.insight.periods import Period, PeriodKind

DAYS = st.dates(date(1950, 1, 1), date(2200, 12, 31))
KINDS = st.sampled_from(list(PeriodKind))
MONTHS = st.integers(1, 12)


@pytest.mark.parametrize(
    ("written", "first", "last", "label"),
    [
        ("2026Q3", date(2026, 7, 1), date(2026, 9, 30), "Quarter 3, 2026"),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28), "February 2026"),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29), "February 2028"),
        ("2026H2", date(2026, 7, 1), date(2026, 12, 31), "Half-year 2, 2026"),
        ("2026", date(2026, 1, 1), date(2026, 12, 31), "2026"),
        ("2026FY07", date(2026, 7, 1), date(2027, 6, 30), "1 Jul 2026 – 30 Jun 2027"),
        ("2026FY10", date(2026, 10, 1), date(2027, 9, 30), "1 Oct 2026 – 30 Sep 2027"),
    ],
)
def test_a_period_has_its_first_and_last_day(written, first, last, label):
    period = Period.parse(written)
    assert (period.starts_on, period.ends_before - timedelta(days=1), str(period), period.label) == (first, last, written, label)


@pytest.mark.parametrize("written", ["", "2026Q5", "2026-13", "2026H3", "26Q1", "2026FY01", "2026FY13", "0001", "2026Q1 2", "2026W05"])
def test_what_is_no_period_is_refused_with_a_sentence(written):
    with pytest.raises(ValueError, match="write it like"):
        Period.parse(written)


def test_other_ways_to_write_are_read():
    assert Period.parse("202603") == Period.parse(" 2026-03 ")
    assert Period.parse("2026S1") == Period.parse("2026h1")
    assert Period.parse("2026-q1") == Period.parse("2026Q1")


@given(KINDS, DAYS, MONTHS)
def test_every_day_lies_in_exactly_one_period_of_a_kind_and_they_follow_without_a_gap(kind, day, month):
    period = Period.of(kind, day, first_month=month)
    assert period.starts_on <= day < period.ends_before
    assert period.next().starts_on == period.ends_before
    assert period.previous().ends_before == period.starts_on
    assert Period.of(period.kind, period.ends_before - timedelta(days=1), first_month=month) == period == period.next().previous()
    assert Period.parse(str(period)) == period


@given(KINDS, DAYS, MONTHS)
def test_the_twelve_months_end_with_the_period_and_hold_it(kind, day, month):
    period = Period.of(kind, day, first_month=month)
    year = period.window("rolling_12_months")
    assert year.ends_before == period.ends_before
    assert period.window("period").inside(year)
    assert 365 <= year.days <= 366
    assert year.whole_months == 12


@given(DAYS)
def test_a_year_is_made_of_its_parts(day):
    year = Period.of("year", day).window("period")
    for kind, count in (("month", 12), ("quarter", 4), ("half_year", 2)):
        period, days = Period.of(kind, year.starts_on), 0
        for _time in range(count):
            assert period.window("period").inside(year)
            days, period = days + period.window("period").days, period.next()
        assert days == year.days


def test_a_financial_year_from_january_is_the_year():
    assert Period.of("fiscal_year", date(2026, 5, 1)) == Period.parse("2026")
