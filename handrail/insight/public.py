"""What everybody may see: the newest revision of each report that was released for everybody, and nothing else.

Every function here reads frozen releases of the profile PUBLIC. Nothing of it knows results, facts or partners' releases.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from handrail.facts.models import Organisation
from handrail.insight.frozen import Frozen, Value, open_release
from handrail.insight.models import Profile, Release
from handrail.insight.periods import Period
from handrail.insight.report_spec import REPORTS
from handrail.insight.spec import Indicator
from handrail.insight.values import PUBLIC_PAGE
from handrail.kernel import scope


@dataclass(frozen=True)
class Series:
    """A number over several periods, the oldest first; None where it was not released."""

    indicator: Indicator
    values: tuple[tuple[Period, Value | None], ...]


def programmes() -> list[Organisation]:
    """The organisations that chose to show their numbers."""
    return [one for one in Organisation.objects.order_by("name") if _is_open(one)]


def programme(id: uuid.UUID) -> Organisation | None:
    """An organisation, if it chose to show its numbers."""
    found = Organisation.objects.filter(id=id).first()
    return found if found is not None and _is_open(found) else None


def _is_open(organisation: Organisation) -> bool:
    with scope.enter([organisation.key]):
        return PUBLIC_PAGE.read().value


def newest() -> list[Release]:
    """The newest revision of each report and period, the newest period first. Needs a scope."""
    found: dict[tuple[str, str], Release] = {}
    for release in _all().order_by("number"):
        if REPORTS.get(release.report) is not None:
            found[release.report, release.period] = release
    return sorted(found.values(), key=lambda one: (Period.parse(one.period).ends_before, Period.parse(one.period).starts_on, one.number), reverse=True)


def find(number: int) -> Frozen | None:
    """A release for everybody by its number, an older revision too: what was shown is not made to vanish."""
    release = _all().filter(number=number).first()
    return open_release(release) if release is not None and REPORTS.get(release.report) is not None else None


def revisions(release: Release) -> list[Release]:
    """All versions of a release, the newest first."""
    return list(_all().filter(report=release.report, period=release.period, audience=release.audience).order_by("-revision"))


def newest_of(report: str, period: Period) -> Frozen | None:
    """The newest revision of one report for one period."""
    found = _all().filter(report=report, period=str(period)).order_by("-number").first()
    return open_release(found) if found is not None else None


def series(frozen: Frozen, earlier: Sequence[Frozen]) -> list[Series]:
    """Each count of a release over the periods before it, where there is more than one to compare."""
    versions = [*reversed(earlier), frozen]
    found = []
    for key in frozen.report.indicators:
        last = frozen.get(key)
        if last is not None and last.indicator.kind == "count":
            values = tuple((one.period, value if (value := one.get(key)) and value.version == last.version else None) for one in versions)
            found.append(Series(last.indicator, values))
    return found


def _all() -> QuerySet[Release]:
    """What was released for everybody."""
    return Release.objects.filter(profile=Profile.PUBLIC)
