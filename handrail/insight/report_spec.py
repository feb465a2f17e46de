"""What a report is: one declarative file from which its page, its files, its due date and its releases come.

`REPORT` in `reports/<name>.py` is the report `<name>`. It names indicators; what they mean stands with them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from django.utils.functional import Promise

from handrail.insight.breakdowns import CROSS, keys_of, pairs_of
from handrail.insight.models import Profile
from handrail.insight.periods import Period, PeriodKind
from handrail.kernel.registry import Registry

Text = str | Promise


@dataclass(frozen=True)
class Section:
    """A heading and its indicators, by key, in the order they are shown."""

    title: Text
    indicators: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """One funder's question sheet. `due_days` after the period's end is a start value: the agreement says the true one."""

    title: Text
    audience: Text
    explain: Text
    sections: tuple[Section, ...]
    profile: Profile
    source: str
    source_status: str
    due_days: int
    by_site: bool = False
    """Whether places are told apart in it, as far as nobody in them can be found."""
    breakdowns: tuple[str, ...] = ()
    """Ways in which its numbers are told apart, by key of `breakdowns.py`, as far as their indicators have them."""
    period: PeriodKind = PeriodKind.QUARTER
    """How long it speaks of. A financial year begins with the month that the programme set."""
    every: tuple[int, ...] = ()
    """Which of a year's periods it is due after, from 1; empty: each."""
    key: str = field(default="", init=False)

    def bind_key(self, key: str) -> None:
        """Called by the registry with the key made from the file's name."""
        object.__setattr__(self, "key", key)

    @property
    def indicators(self) -> tuple[str, ...]:
        """Keys of everything it asks for, each once."""
        return tuple(dict.fromkeys(key for section in self.sections for key in section.indicators))

    def tells_apart(self, cell: str) -> bool:
        """Whether a cell is asked for; the whole always is."""
        return not cell or CROSS.join(pairs_of(cell)) in {CROSS.join(keys_of(written)) for written in self.breakdowns}

    def due_on(self, period: Period) -> date | None:
        """The day it is due for a period; None where it is not asked for."""
        asked = period.kind is self.period and (not self.every or period.number in self.every)
        return period.ends_before + timedelta(days=self.due_days) if asked else None


REPORTS: Registry[Report] = Registry("REPORT", Report, lambda: [("", "handrail.insight.reports")])
"""Every report."""
