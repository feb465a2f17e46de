"""What a report is: one declarative file from which its page, its files, its due date and its releases come.

`REPORT` in `reports/<name>.py` is the report `<name>`. It names indicators; what they mean stands with them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from django.utils.functional import Promise

from handrail.insight.models import Profile
from handrail.insight.periods import Quarter
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
    every: tuple[int, ...] = (1, 2, 3, 4)
    """Quarters after which it is due; a yearly report with windows of twelve months is due after one of them."""
    key: str = field(default="", init=False)

    def bind_key(self, key: str) -> None:
        """Called by the registry with the key made from the file's name."""
        object.__setattr__(self, "key", key)

    @property
    def indicators(self) -> tuple[str, ...]:
        """Keys of everything it asks for, each once."""
        return tuple(dict.fromkeys(key for section in self.sections for key in section.indicators))

    def due_on(self, quarter: Quarter) -> date | None:
        """The day it is due for a quarter; None where it is not asked for."""
        return quarter.ends_before + timedelta(days=self.due_days) if quarter.number in self.every else None


REPORTS: Registry[Report] = Registry("REPORT", Report, lambda: [("", "handrail.insight.reports")])
"""Every report."""
