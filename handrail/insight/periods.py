"""Periods and windows of local dates: half-open, [first day, day after the last) (`domain/indicators.md` 1, rule 9)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Literal, Self

from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MONTHS_OF_A_YEAR = 12


def months_before(day: date, months: int) -> date:
    """The first day of the month so many months before the month of `day`."""
    count = day.year * MONTHS_OF_A_YEAR + day.month - 1 - months
    return date(count // MONTHS_OF_A_YEAR, count % MONTHS_OF_A_YEAR + 1, 1)


@dataclass(frozen=True, order=True)
class Window:
    """Local dates from `starts_on` up to, but without, `ends_before`."""

    starts_on: date
    ends_before: date

    @property
    def label(self) -> str:
        """Such as “1 Jul 2026 – 30 Sep 2026”, in the language of the moment."""
        last = self.ends_before - timedelta(days=1)
        return f"{formats.date_format(self.starts_on, 'j M Y')} – {formats.date_format(last, 'j M Y')}"

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.ends_before - self.starts_on).days

    @property
    def whole_months(self) -> int:
        """How many calendar months lie in it from their first day to their last."""
        first = self.starts_on if self.starts_on.day == 1 else months_before(self.starts_on, -1)
        months = (self.ends_before.year - first.year) * MONTHS_OF_A_YEAR + self.ends_before.month - first.month
        return max(months, 0)

    @property
    def thirties(self) -> int:
        """How many stretches of thirty days lie in it."""
        return self.days // 30

    @property
    def last_year(self) -> int:
        """The year of its last day."""
        return (self.ends_before - timedelta(days=1)).year

    @property
    def in_one_year(self) -> bool:
        """Whether its first and its last day are of one year."""
        return self.starts_on.year == self.last_year

    @property
    def opens_in_april(self) -> bool:
        """Whether it begins with the second half of PEPFAR's year, which is from October to September."""
        return self.starts_on.month == 4

    @property
    def written(self) -> str:
        """Its ends, as the names of tables say them."""
        return f"{self.starts_on} {self.ends_before}"

    def inside(self, other: Window) -> bool:
        """Whether every day of this window is a day of the other."""
        return other.starts_on <= self.starts_on and self.ends_before <= other.ends_before


WindowKind = Literal["period", "rolling_12_months", "calendar_year", "mer_half_year", "ever"]
"""Which days a number speaks of: those of the period, the twelve months that end with it, or the calendar year or the half
of PEPFAR's year (October to March, April to September) in which it ends: the half as far as it is over, the year whole. `ever`: everything until its end.
"""
BEGINNING = date(1900, 1, 1)
"""No programme is older."""


class PeriodKind(StrEnum):
    """How long a period is, and where it may begin."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"
    FISCAL_YEAR = "fiscal_year"

    @property
    def months(self) -> int:
        """How many months it has."""
        return _MONTHS[self]

    @property
    def label(self) -> str:
        """Its name, in the language of the moment."""
        return str(_LABELS[self])


_MONTHS = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.HALF_YEAR: 6, PeriodKind.YEAR: 12, PeriodKind.FISCAL_YEAR: 12}
_LABELS: dict[PeriodKind, Promise] = {
    PeriodKind.MONTH: gettext_lazy("Month"), PeriodKind.QUARTER: gettext_lazy("Quarter"), PeriodKind.HALF_YEAR: gettext_lazy("Half-year"),
    PeriodKind.YEAR: gettext_lazy("Year"), PeriodKind.FISCAL_YEAR: gettext_lazy("Financial year"),
}
_WRITTEN: tuple[tuple[PeriodKind, re.Pattern[str], Callable[[int], int]], ...] = (
    (PeriodKind.MONTH, re.compile(r"(\d{4})-?(0[1-9]|1[0-2])"), lambda number: number),
    (PeriodKind.QUARTER, re.compile(r"(\d{4})-?Q([1-4])", re.IGNORECASE), lambda number: 3 * number - 2),
    (PeriodKind.HALF_YEAR, re.compile(r"(\d{4})-?[HS]([12])", re.IGNORECASE), lambda number: 6 * number - 5),
    (PeriodKind.FISCAL_YEAR, re.compile(r"(\d{4})-?FY(0[2-9]|1[0-2])", re.IGNORECASE), lambda number: number),
    (PeriodKind.YEAR, re.compile(r"(\d{4})()"), lambda _number: 1),
)
"""How each is written, and its first month from the number written."""


@dataclass(frozen=True, order=True)
class Period:
    """A stretch of whole months that reports speak of: 2026-03, 2026Q3, 2026H1, 2026, or 2026FY07, the year from July 2026."""

    starts_on: date
    kind: PeriodKind

    def __post_init__(self) -> None:
        first, months = self.starts_on, self.kind.months
        begins = first.day == 1 and (self.kind is PeriodKind.FISCAL_YEAR or (first.month - 1) % months == 0)
        if not (1900 <= first.year <= 9998 and begins):
            raise ValueError(f"No {self.kind} begins on {first}.")

    @classmethod
    def parse(cls, written: str) -> Self:
        """Read what `str()` wrote (also “2026-Q3”, “202603”); anything else raises ValueError with a sentence."""
        for kind, pattern, first_month in _WRITTEN:
            found = pattern.fullmatch(written.strip())
            if found is not None and 1900 <= int(found[1]) <= 9998:
                return cls(date(int(found[1]), first_month(int(found[2] or 1)), 1), kind)
        raise ValueError(_("“%s” is not a period; write it like 2026Q3, 2026-03, 2026H1 or 2026.") % written)

    @classmethod
    def of(cls, kind: PeriodKind | str, day: date, *, first_month: int = 1) -> Self:
        """The period of a kind that a day lies in. `first_month` is that of a financial year."""
        found = PeriodKind(kind)
        if found is PeriodKind.FISCAL_YEAR and first_month == 1:
            found = PeriodKind.YEAR
        offset = first_month - 1 if found is PeriodKind.FISCAL_YEAR else 0
        return cls(months_before(day, (day.month - 1 - offset) % found.months), found)

    def __str__(self) -> str:
        year, month = f"{self.starts_on.year:04}", self.starts_on.month
        match self.kind:
            case PeriodKind.MONTH:
                return f"{year}-{month:02}"
            case PeriodKind.FISCAL_YEAR:
                return f"{year}FY{month:02}"
            case PeriodKind.YEAR:
                return year
            case _:
                return f"{year}{'Q' if self.kind is PeriodKind.QUARTER else 'H'}{self.number}"

    @property
    def number(self) -> int:
        """Which of its year: the third quarter has 3."""
        return (self.starts_on.month - 1) // self.kind.months + 1

    @property
    def ends_before(self) -> date:
        """The day after its last."""
        return months_before(self.starts_on, -self.kind.months)

    @property
    def label(self) -> str:
        """Such as “Quarter 3, 2026” or “July 2026”."""
        named = {"number": self.number, "year": self.starts_on.year}
        match self.kind:
            case PeriodKind.MONTH:
                return str(formats.date_format(self.starts_on, "F Y"))
            case PeriodKind.QUARTER:
                return _("Quarter %(number)s, %(year)s") % named
            case PeriodKind.HALF_YEAR:
                return _("Half-year %(number)s, %(year)s") % named
            case PeriodKind.YEAR:
                return str(self.starts_on.year)
            case PeriodKind.FISCAL_YEAR:
                return self.window("period").label

    def next(self) -> Self:
        """The one after, of the same kind."""
        return type(self)(self.ends_before, self.kind)

    def previous(self) -> Self:
        """The one before, of the same kind."""
        return type(self)(months_before(self.starts_on, self.kind.months), self.kind)

    def window(self, kind: WindowKind | str) -> Window:
        """The days: of the `period` itself, or the `rolling_12_months` that end with it."""
        if kind == "period":
            return Window(self.starts_on, self.ends_before)
        if kind == "rolling_12_months":
            return Window(months_before(self.ends_before, MONTHS_OF_A_YEAR), self.ends_before)
        if kind == "ever":
            return Window(BEGINNING, self.ends_before)
        last = months_before(self.ends_before, 1)
        if kind == "calendar_year":
            return Window(date(last.year, 1, 1), date(last.year + 1, 1, 1))
        if kind == "mer_half_year":
            return Window(months_before(last, (last.month - 4) % 6), self.ends_before)
        raise ValueError(f"“{kind}” is not a kind of window.")
