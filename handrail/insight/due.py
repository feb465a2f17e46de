"""What is due: each report and period that is asked for, who has reported, what has no data and why, and whether it was released."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from handrail.facts.models import Site, SiteKind
from handrail.facts.queries import today
from handrail.insight.arithmetic import Status
from handrail.insight.models import Level, Release, Result
from handrail.insight.periods import Period, PeriodKind
from handrail.insight.report_spec import REPORTS, Report
from handrail.insight.spec import FROM_OUTSIDE, INDICATORS, Deaths, Indicator
from handrail.insight.values import FISCAL_YEAR_BEGINS, REPORTS_ASKED

ENDED = 2
"""How many ended periods of a report are looked at: the last one, and the one before in case it was forgotten."""
SOON_DAYS = 14
"""From so many days before a report is due it is soon."""


@dataclass(frozen=True)
class Reporting:
    """Places where anything was recorded in a period, and those that are open and meet people and are silent."""

    reporting: tuple[str, ...]
    silent: tuple[str, ...]

    @property
    def expected(self) -> int:
        """How many places are expected to report."""
        return len(self.reporting) + len(self.silent)


@dataclass(frozen=True)
class Missing:
    """A number that there is none of, and why. `needs_estimate`: because nobody entered how many people there are."""

    indicator: Indicator
    why: str
    needs_estimate: bool


@dataclass(frozen=True)
class Due:
    """One report for one period."""

    report: Report
    period: Period
    due_on: date
    today: date
    there: Reporting
    missing: tuple[Missing, ...]
    newest: Release | None
    is_computed: bool

    @property
    def days_left(self) -> int:
        """Days until it is due; negative when that day is over."""
        return (self.due_on - self.today).days

    @property
    def days_late(self) -> int:
        """Days since it was due; 0 until then."""
        return max(-self.days_left, 0)

    @property
    def is_running(self) -> bool:
        """Whether its period is not over yet."""
        return self.today < self.period.ends_before

    @property
    def is_late(self) -> bool:
        """Not released, and the day is over."""
        return self.newest is None and self.days_left < 0

    @property
    def is_soon(self) -> bool:
        """Not released, and the day is near."""
        return self.newest is None and not self.is_running and 0 <= self.days_left <= SOON_DAYS

    @property
    def is_open(self) -> bool:
        """Its period is over and it was not released."""
        return self.newest is None and not self.is_running


def periods_of(report: Report) -> list[Period]:
    """The running period that a report will be asked for, and the last ended ones, newest first."""
    first_month = int(FISCAL_YEAR_BEGINS.read().value)
    kind = PeriodKind.YEAR if report.period is PeriodKind.FISCAL_YEAR and first_month == 1 else report.period
    period = Period.of(kind, today(), first_month=first_month)
    found: list[Period] = []
    while len(found) <= ENDED:
        if due_on(report, period) is not None:
            found.append(period)
        period = period.previous()
        if len(found) == 0 and period.starts_on.year < today().year - ENDED:
            break
    return found


def due_on(report: Report, period: Period) -> date | None:
    """The day a report is due for a period; a financial year that begins in January is a year."""
    if report.period is PeriodKind.FISCAL_YEAR and period.kind is PeriodKind.YEAR:
        return report.due_on(Period(period.starts_on, PeriodKind.FISCAL_YEAR))
    return report.due_on(period)


def asked_of_us() -> list[Report]:
    """The reports that this programme owes somebody."""
    return [report for key in REPORTS_ASKED.read().value if (report := REPORTS.get(key)) is not None]


def due(reports: Iterable[Report] | None = None) -> list[Due]:
    """Everything that is asked for, by the day it is due. Periods before the programme met anybody are not."""
    asked = [(report, period) for report in (asked_of_us() if reports is None else reports) for period in periods_of(report)]
    written = sorted({str(period) for _report, period in asked})
    computed = set(Result.objects.filter(period__in=written).order_by().values_list("period", flat=True).distinct())
    there = reporting_of(written)
    missing = _missing(written)
    newest = {(found.report, found.period): found for found in Release.objects.filter(period__in=written).order_by("number")}
    found = []
    for report, period in asked:
        key, released = str(period), newest.get((report.key, str(period)))
        made = Due(
            report, period, due_on(report, period) or period.ends_before, today(), there[key],
            tuple(one for one in missing.get(key, ()) if one.indicator.key in report.indicators), released, key in computed,
        )
        if made.is_running or released is not None or made.there.reporting:
            found.append(made)
    return sorted(found, key=lambda one: (one.due_on, one.report.key))


def of(report: Report, period: Period) -> Due:
    """One report for one period, whether or not it is in the list."""
    key = str(period)
    newest = Release.objects.filter(report=report.key, period=key).order_by("-number").first()
    missing = tuple(one for one in _missing([key]).get(key, ()) if one.indicator.key in report.indicators)
    is_computed = Result.objects.filter(period=key).exists()
    return Due(report, period, due_on(report, period) or period.ends_before, today(), reporting(period), missing, newest, is_computed)


def reporting(period: Period) -> Reporting:
    """Who reported in one period."""
    return reporting_of([str(period)])[str(period)]


def reporting_of(periods: Sequence[str]) -> Mapping[str, Reporting]:
    """Who reported, for each period. Expected is every place that is open and meets people."""
    expected = dict(Site.objects.filter(is_active=True).exclude(kind=SiteKind.STORE).order_by("name").values_list("key", "name"))
    there: dict[str, set[int]] = {period: set() for period in periods}
    rows = Result.objects.filter(indicator="contacts", cell="", site__in=expected, period__in=periods, value__gt=0)
    for period, site in rows.values_list("period", "site"):
        there[period].add(site)
    return {
        period: Reporting(tuple(name for key, name in expected.items() if key in found), tuple(name for key, name in expected.items() if key not in found))
        for period, found in there.items()
    }


def _missing(periods: Sequence[str]) -> dict[str, list[Missing]]:
    found: dict[str, list[Missing]] = {}
    rows = Result.objects.filter(site=None, cell="", period__in=periods).exclude(status=Status.OK).order_by("indicator")
    for row in rows:
        indicator = INDICATORS.get(row.indicator)
        if indicator is not None:
            found.setdefault(row.period, []).append(missing_of(indicator, row.status, row.steps))
    return found


def missing_of(indicator: Indicator, status: str, noted: Sequence[Mapping[str, object]]) -> Missing:
    """Why there is no number, in a sentence."""
    if status == Status.NOT_COMPUTABLE:
        title = indicator.denominator.title if indicator.denominator else ""
        return Missing(indicator, _("Not computable: there were no %(what)s to divide by.") % {"what": title}, False)
    without = [note["estimate"] for note in noted if isinstance(note.get("estimate"), dict) and note["estimate"].get("missing")]  # type: ignore[attr-defined]
    if without or isinstance(indicator.denominator, FROM_OUTSIDE):
        areas = ", ".join(dict.fromkeys(str(note.get("area", "")) for note in without if note.get("area")))  # type: ignore[attr-defined]
        if isinstance(indicator.denominator, Deaths):
            return Missing(indicator, _("No data: nobody entered the deaths of exactly these months in %(area)s.") % {"area": areas or _("the area")}, True)
        where = areas or (_("the country") if indicator.level == Level.COUNTRY else _("the area"))
        return Missing(indicator, _("No data: nobody entered how many people there are in %(area)s.") % {"area": where}, True)
    return Missing(indicator, _("No data: something it needs was not recorded."), False)
