"""How others write a period: DHIS2's own strings, and the intervals of ADX (`domain/interop.md` 2, 3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from handrail.insight.periods import Period, PeriodKind

_DURATIONS = {1: "P1M", 3: "P3M", 6: "P6M", 12: "P1Y"}
_YEARS = {1: "Yearly", 4: "FinancialApril", 7: "FinancialJuly", 10: "FinancialOct"}
"""Types of a year by its first month; DHIS2 has no others that we know of."""


@dataclass(frozen=True)
class PeriodType:
    """A type of period of DHIS2: how long, in which months it may begin, how it is written."""

    months: int
    begins: tuple[int, ...]
    write: Callable[[date], str]


PERIOD_TYPES = {
    "Monthly": PeriodType(1, tuple(range(1, 13)), lambda day: f"{day:%Y%m}"),
    "Quarterly": PeriodType(3, (1, 4, 7, 10), lambda day: f"{day.year}Q{(day.month + 2) // 3}"),
    "SixMonthly": PeriodType(6, (1, 7), lambda day: f"{day.year}S{1 if day.month == 1 else 2}"),
    "SixMonthlyApril": PeriodType(6, (4, 10), lambda day: f"{day.year}AprilS{1 if day.month == 4 else 2}"),
    "Yearly": PeriodType(12, (1,), lambda day: f"{day.year}"),
    "FinancialApril": PeriodType(12, (4,), lambda day: f"{day.year}April"),
    "FinancialJuly": PeriodType(12, (7,), lambda day: f"{day.year}July"),
    "FinancialOct": PeriodType(12, (10,), lambda day: f"{day.year}Oct"),
}
"""Types by the name DHIS2 gives them."""


def dhis2(period: Period, type_name: str = "") -> str:
    """The period as DHIS2 writes it: 202603, 2026Q1, 2026S1, 2026, 2026July. A type that does not fit raises ValueError."""
    by_kind = {PeriodKind.MONTH: "Monthly", PeriodKind.QUARTER: "Quarterly", PeriodKind.HALF_YEAR: "SixMonthly"}
    name = type_name or by_kind.get(period.kind) or _YEARS.get(period.starts_on.month, "")
    found = PERIOD_TYPES.get(name)
    if found is None or found.months != period.kind.months or period.starts_on.month not in found.begins:
        raise ValueError(_("DHIS2 has no period that fits %(period)s (type “%(type)s”).") % {"period": period, "type": name or "?"})
    return found.write(period.starts_on)


def adx(period: Period) -> str:
    """The period as ADX writes it: its first day and its length, 2026-01-01/P3M."""
    return f"{period.starts_on.isoformat()}/{_DURATIONS[period.kind.months]}"
