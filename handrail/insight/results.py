"""Computed results as pages and exports read them. Knows neither Parquet nor Ibis: the web process imports this.

Run inside a scope. What is read here is for people with the right to see exact numbers; what others may see is `Row.outside`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from handrail.insight.arithmetic import Status, display
from handrail.insight.explain import Step, number, steps
from handrail.insight.models import Result
from handrail.insight.periods import Period, PeriodKind, Window
from handrail.insight.spec import INDICATORS, Indicator

__all__ = ["INDICATORS", "Pack", "Period", "Row", "Status", "as_json", "available_periods", "read"]


Place = tuple[str, uuid.UUID | None, str]
"""Where a number stands in a pack: its indicator's key, its site (None: the whole organisation), its cell."""


@dataclass(frozen=True)
class Row:
    """One value of one indicator: of a site, or (site None) of the whole organisation."""

    indicator: Indicator
    version: int
    site: uuid.UUID | None
    site_name: str
    window: Window
    status: Status
    value: Decimal | None
    numerator: int | None
    denominator: int | None
    people_behind: int | None
    denominator_people: int | None
    data_through: int
    computed_at: datetime
    noted: tuple[Mapping[str, Any], ...]
    cell: str = ""
    """Part of the whole, such as `gender=female` (`breakdowns.py`); empty: all of it."""
    is_hidden: bool = True
    """Whether it stays in the house, as decided when it was computed (`disclose.py`)."""

    @property
    def place(self) -> Place:
        """Where it stands in a pack."""
        return self.indicator.key, self.site, self.cell

    @property
    def outside(self) -> Row | None:
        """As it may be shown outside: None if hidden, else the value alone; what it was made from stays in the house."""
        return None if self.is_hidden else replace(self, numerator=None, denominator=None, people_behind=None, denominator_people=None, noted=())

    @property
    def text(self) -> str:
        """The value as people read it in their language, or why there is none."""
        return str(self.status.label) if self.value is None else number(self.value, self.indicator.decimals)

    @property
    def plain(self) -> str:
        """The value as machines read it (“75.1”), or the status."""
        return self.status.value if self.value is None else display(self.value, self.indicator.decimals)

    @cached_property
    def steps(self) -> list[Step]:
        """How the number came about, in words."""
        return steps(self.indicator, self.window, self.status, self.value, self.numerator, self.denominator, self.noted)

    @property
    def is_outdated(self) -> bool:
        """Whether the definition has changed since this was computed."""
        return self.version != self.indicator.version


@dataclass(frozen=True)
class Pack:
    """All results of a period, with those of the one before for comparison."""

    period: Period
    rows: Mapping[Place, Row]
    before: Mapping[Place, Row]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())

    def __bool__(self) -> bool:
        return bool(self.rows)

    def get(self, indicator: str, site: uuid.UUID | None = None, cell: str = "") -> Row | None:
        """The result of an indicator by key, of a site or of the organisation."""
        return self.rows.get((indicator, site, cell))

    def previous(self, indicator: str, site: uuid.UUID | None = None, cell: str = "") -> Row | None:
        """The same of the period before, if it was computed by the same version of the definition."""
        now, found = self.get(indicator, site, cell), self.before.get((indicator, site, cell))
        return found if found and now and found.version == now.version else None

    def change(self, indicator: str, site: uuid.UUID | None = None) -> Decimal | None:
        """Change on the period before in percent, or None when there is nothing to compare."""
        now, old = self.get(indicator, site), self.previous(indicator, site)
        if now is None or old is None or now.value is None or not old.value:
            return None
        return (now.value - old.value) * 100 / old.value

    def by_site(self, indicator: str) -> list[Row]:
        """The results of an indicator for each site, by the site's name."""
        found = [row for row in self.rows.values() if row.indicator.key == indicator and row.site is not None]
        return sorted(found, key=lambda row: row.site_name)

    def group(self, name: str) -> list[Row]:
        """The organisation's results of the indicators of a group, such as `syringes_per_person`."""
        return [row for row in self.rows.values() if row.indicator.group == name and row.site is None and not row.cell]

    def cells(self, indicator: str) -> list[Row]:
        """The results of an indicator for each cell of its breakdowns, in the order of their codes."""
        return [row for row in self.rows.values() if row.indicator.key == indicator and row.cell]

    @property
    def data_through(self) -> int | None:
        """Counter of the newest fact that is in these numbers."""
        return min((row.data_through for row in self), default=None)

    @property
    def computed_at(self) -> datetime | None:
        """When they were computed."""
        return min((row.computed_at for row in self), default=None)


def read(period: Period) -> Pack:
    """The stored results of a period and of the one before; empty when nothing was computed."""
    found: dict[str, dict[Place, Row]] = {str(period): {}, str(period.previous()): {}}
    stored = Result.objects.filter(period__in=list(found)).select_related("site").order_by("indicator", "site__name", "cell")
    for result in stored:
        row = _row(result)
        if row is not None:
            found[result.period][row.place] = row
    return Pack(period, found[str(period)], found[str(period.previous())])


def whole(period: Period, keys: Sequence[str]) -> list[Row]:
    """A few of the organisation's results of a period, in the order of the keys; what was not computed is left out."""
    stored = Result.objects.filter(period=str(period), indicator__in=keys, site=None, cell="").select_related("site")
    found = {result.indicator: row for result in stored if (row := _row(result)) is not None}
    return [found[key] for key in keys if key in found]


def available_periods(kind: PeriodKind = PeriodKind.QUARTER) -> list[Period]:
    """Periods of a kind that have results, newest first."""
    found = (Period.parse(written) for written in Result.objects.order_by().values_list("period", flat=True).distinct())
    return sorted((period for period in found if period.kind is kind), reverse=True)


def as_json(period: Period) -> list[dict[str, Any]]:
    """The results of a period for machines: exact numbers, for the organisation's own use."""
    return [
        {
            "code": row.indicator.code, "variant": row.indicator.variant, "key": row.indicator.key,
            "name": str(row.indicator.name), "unit": str(row.indicator.unit), "period": str(period), "cell": row.cell,
            "from": row.window.starts_on.isoformat(), "before": row.window.ends_before.isoformat(),
            "value": row.plain, "number": None if row.value is None else float(row.value), "status": row.status.value,
            "numerator": row.numerator, "denominator": row.denominator, "people_behind": row.people_behind,
            "level": row.indicator.level.value, "source": row.indicator.source, "source_status": row.indicator.source_status,
            "site": None if row.site is None else {"id": str(row.site), "name": row.site_name}, "version": row.version,
            "data_through": row.data_through, "computed_at": row.computed_at.isoformat(),
        }
        for row in read(period)
    ]


def _row(result: Result) -> Row | None:
    indicator = INDICATORS.get(result.indicator)
    if indicator is None:
        return None
    return Row(
        indicator=indicator, version=result.version, site=result.site.id if result.site else None,
        site_name=result.site.name if result.site else "", window=Window(result.starts_on, result.ends_before),
        status=Status(result.status), value=result.value, numerator=_whole(result.numerator), denominator=_whole(result.denominator),
        people_behind=result.people_behind, denominator_people=result.denominator_people, data_through=result.data_through,
        computed_at=result.computed_at, noted=tuple(result.steps), cell=result.cell, is_hidden=result.is_hidden,
    )


def _whole(value: Decimal | None) -> int | None:
    return None if value is None else int(value)
