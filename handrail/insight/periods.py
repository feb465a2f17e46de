"""Quarters and windows of local dates: half-open, [first day, day after the last) (`domain/indicators.md` 1, rule 9)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

from django.utils import formats
from django.utils.translation import gettext as _

_WRITTEN = re.compile(r"(\d{4})-?Q([1-4])", re.IGNORECASE)


def months_before(day: date, months: int) -> date:
    """The first day of the month so many months before the month of `day`."""
    count = day.year * 12 + day.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)


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
        months = (self.ends_before.year - first.year) * 12 + self.ends_before.month - first.month
        return max(months, 0)

    def inside(self, other: Window) -> bool:
        """Whether every day of this window is a day of the other."""
        return other.starts_on <= self.starts_on and self.ends_before <= other.ends_before


@dataclass(frozen=True, order=True)
class Quarter:
    """A calendar quarter, written 2026Q3."""

    year: int
    number: int

    def __post_init__(self) -> None:
        if not (1900 <= self.year <= 9998 and 1 <= self.number <= 4):
            raise ValueError(f"There is no quarter {self.number} of {self.year}.")

    @classmethod
    def parse(cls, written: str) -> Self:
        """Read “2026Q3” (also “2026-Q3”); anything else raises ValueError with a sentence."""
        found = _WRITTEN.fullmatch(written.strip())
        if found is None:
            raise ValueError(_("“%s” is not a quarter; write it like 2026Q3.") % written)
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: date) -> Self:
        """The quarter a day lies in."""
        return cls(day.year, (day.month - 1) // 3 + 1)

    def __str__(self) -> str:
        return f"{self.year:04}Q{self.number}"

    @property
    def starts_on(self) -> date:
        """Its first day."""
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def ends_before(self) -> date:
        """The day after its last."""
        return self.next().starts_on

    @property
    def label(self) -> str:
        """Such as “Quarter 3, 2026”."""
        return _("Quarter %(number)s, %(year)s") % {"number": self.number, "year": self.year}

    def next(self) -> Self:
        """The quarter after."""
        return type(self)(self.year + self.number // 4, self.number % 4 + 1)

    def previous(self) -> Self:
        """The quarter before."""
        return type(self)(self.year - (self.number == 1), (self.number - 2) % 4 + 1)

    def window(self, period: str) -> Window:
        """The dates of a period kind: `quarter`, or `rolling_12_months` that end with the quarter."""
        if period == "quarter":
            return Window(self.starts_on, self.ends_before)
        if period == "rolling_12_months":
            return Window(months_before(self.ends_before, 12), self.ends_before)
        raise ValueError(f"“{period}” is not a period kind.")
