"""A release read back: what every page and file of it is made from. Light enough for the web process.

`releases.py` freezes and decides what stays hidden; whoever only reads imports this.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.utils.translation import gettext as _

from handrail.insight.arithmetic import Status, display
from handrail.insight.explain import number
from handrail.insight.models import Release
from handrail.insight.periods import Period, Window
from handrail.insight.report_spec import REPORTS, Report
from handrail.insight.results import Pack, Place, Row
from handrail.insight.rounding import rounded
from handrail.insight.spec import INDICATORS, Indicator
from handrail.kernel import crypto
from handrail.kernel.access import Refused


class CannotRelease(Refused):
    """Nothing was released; the sentence says why."""

    def __init__(self, sentence: str, name: str = "") -> None:
        super().__init__(sentence)
        self.problems = ((name, sentence),)


@dataclass(frozen=True)
class Value:
    """One number of a release as everybody sees it. `value` is None where it is hidden or there is none."""

    indicator: Indicator
    version: int
    window: Window
    site: uuid.UUID | None
    site_name: str
    status: Status
    value: Decimal | None
    is_hidden: bool
    cell: str = ""

    @property
    def place(self) -> Place:
        """Where it stands: indicator, site, cell."""
        return self.indicator.key, self.site, self.cell

    @property
    def plain(self) -> str:
        """As machines read it: the number, the status, or “suppressed”."""
        if self.is_hidden:
            return "suppressed"
        return self.status.value if self.value is None else display(self.value, self.indicator.decimals)

    @property
    def text(self) -> str:
        """As people read it in their language."""
        if self.is_hidden:
            return _("hidden")
        return str(self.status.label) if self.value is None else number(self.value, self.indicator.decimals)


@dataclass(frozen=True)
class Frozen:
    """A release with its values, read back. Every page and file of it is made from this and nothing else."""

    release: Release
    report: Report
    period: Period
    values: tuple[Value, ...]

    def __iter__(self) -> Iterator[Value]:
        return iter(self.values)

    @cached_property
    def _by_place(self) -> dict[Place, Value]:
        return {value.place: value for value in self.values}

    def get(self, indicator: str, site: uuid.UUID | None = None, cell: str = "") -> Value | None:
        """The value of an indicator by key, of a site or of the whole, of a cell or of all of it."""
        return self._by_place.get((indicator, site, cell))

    @property
    def name(self) -> str:
        """Such as “R-7” or, revised, “R-9 (revision 2)”."""
        return name_of(self.release)

    @property
    def is_whole(self) -> bool:
        """Whether the digest still fits the values."""
        return self.release.digest == digest_of(self.report.key, str(self.period), self.values)


def name_of(release: Release) -> str:
    """What a release is called, such as “R-7” or, revised, “R-9 (revision 2)”."""
    first = f"R-{release.number}"
    return first if release.revision == 1 else _("%(name)s (revision %(revision)d)") % {"name": first, "revision": release.revision}


def digest_of(report: str, period: str, values: Sequence[Value]) -> str:
    """SHA-256 over everything a reader of the release can see, in a fixed order."""
    seen = sorted([v.indicator.key, v.version, str(v.window.starts_on), str(v.window.ends_before), str(v.site or ""), v.cell, v.plain] for v in values)
    return crypto.digest(crypto.canonical([report, period, seen])).hex()


def as_released(row: Row, *, is_hidden: bool, rounding: int = 0) -> Value:
    """A result as its release would say it. What is hidden is not rounded: it is kept as it is."""
    status, value = (row.status, None) if is_hidden else rounded(row, rounding)
    return Value(row.indicator, row.version, row.window, row.site, row.site_name, status, value, is_hidden, row.cell)


def only(report: Report, pack: Pack) -> Pack:
    """The part of a period's results that a report asks for."""
    asked = set(report.indicators)

    def fits(row: Row) -> bool:
        return row.indicator.key in asked and (report.by_site or row.site is None) and report.tells_apart(row.cell)

    rows = {place: row for place, row in pack.rows.items() if fits(row)}
    return Pack(pack.period, rows, {place: row for place, row in pack.before.items() if place in rows})


def latest(report: Report, period: Period) -> int | None:
    """Number of the newest release of a report for a period."""
    return Release.objects.filter(report=report.key, period=str(period)).order_by("-number").values_list("number", flat=True).first()


def open_release(release: Release) -> Frozen:
    """A release with its values."""
    found = []
    for row in release.values.select_related("site").order_by("indicator", "site__name", "cell"):
        indicator = INDICATORS.get(row.indicator)
        if indicator is not None:
            found.append(
                Value(
                    indicator, row.version, Window(row.starts_on, row.ends_before), row.site.id if row.site else None, row.site.name if row.site else "",
                    Status(row.status), None if row.is_hidden else row.value, row.is_hidden, row.cell,
                )
            )
    return Frozen(release, REPORTS[release.report], Period.parse(release.period), tuple(found))
