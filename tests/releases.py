"""A release for tests that need one to look at, made without the worker: frozen rows, with a digest that fits."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

from handrail.facts import setting_changes
from handrail.facts.queries import today
from handrail.insight.arithmetic import Status
from handrail.insight.desk import newest_number, stand_of, threshold_of
from handrail.insight.frozen import as_released, digest_of, only, open_release
from handrail.insight.models import Preview, Profile, Release, ReleasedValue, Result
from handrail.insight.periods import Period, Window
from handrail.insight.report_spec import REPORTS
from handrail.insight.results import read
from handrail.insight.spec import INDICATORS
from handrail.insight.values import PUBLIC_PAGE
from handrail.kernel import clock, ids

QUARTER = (date(2026, 7, 1), date(2026, 10, 1))


def result(world: SimpleNamespace, indicator: str, value: int | None, *, site: object = None, cell: str = "", hidden: bool = False, period: str = "2026Q3") -> Result:
    """A computed number, of the third quarter unless said otherwise."""
    return Result.objects.create(
        organisation=world.harbour, indicator=indicator, version=1, period=period, starts_on=QUARTER[0], ends_before=QUARTER[1], site=site, cell=cell,
        status="no_data" if value is None else "ok", value=value, numerator=value, people_behind=value, is_hidden=hidden, data_through=1, computed_at=clock.now(),
    )


def made(
    world: SimpleNamespace, report: str = "everybody", values: tuple[tuple[str, object, str, int, bool], ...] = (), *, period: str = "2026Q3",
    profile: str = Profile.PUBLIC, note: str = "", starts: tuple[date, date] = QUARTER,
) -> Release:
    """A release with these numbers: indicator, site, cell, value, whether it is hidden. Needs the scope of the first organisation."""
    values = values or (("people_reached", None, "", 70, False), ("people_reached", world.van, "", 40, False), ("contacts", None, "", 6, True))
    number = Release.objects.count() + 1
    revision = Release.objects.filter(report=report, period=period, profile=profile).count() + 1
    common = {
        "organisation": world.harbour, "id": ids.random(), "number": number, "report": report, "period": period, "profile": profile, "revision": revision, "threshold": 11,
        "released_at": clock.now(), "released_by": world.staff["coordinator"].id, "data_through": 1, "computed_at": clock.now(), "sites_reporting": 2, "sites_expected": 3,
        "note": note,
    }
    rows = [
        {
            "indicator": indicator, "version": 1, "starts_on": starts[0], "ends_before": starts[1], "site": site, "cell": cell, "status": "ok", "value": value,
            "numerator": value, "people_behind": value, "is_hidden": hidden,
        }
        for indicator, site, cell, value, hidden in values
    ]
    read = [
        as_released(
            SimpleNamespace(
                indicator=INDICATORS[row["indicator"]], version=1, window=Window(*starts), site=row["site"] and row["site"].id, site_name="", status=Status.OK,
                value=Decimal(row["value"]), cell=row["cell"],
            ),
            is_hidden=row["is_hidden"],
        )
        for row in rows
    ]
    release: Release = Release.objects.create(**common, digest=digest_of(report, period, read))
    ReleasedValue.objects.bulk_create(ReleasedValue(organisation=world.harbour, release=release, **row) for row in rows)
    assert open_release(release).is_whole
    return release


def show_to_everybody(world: SimpleNamespace) -> None:
    """Switch the public page on. Needs the scope of the first organisation."""
    setting_changes.set_value(actor=world.system, value=PUBLIC_PAGE, typed="yes", site=None, valid_from=today(), source="decided by the board")


def worked_out(world: SimpleNamespace, report: str, period: str) -> None:
    """Say what would stay hidden in a report: nothing. Otherwise only the worker does."""
    found = REPORTS[report]
    stand = stand_of(only(found, read(Period.parse(period))), newest_number(), threshold_of(found.profile))
    Preview.objects.create(organisation=world.harbour, report=report, period=period, stand=stand, hidden=[], made_at=clock.now())


def one_and_what_changed_since(world: SimpleNamespace) -> Release:
    """A release for everybody on the public page, and another number since, so that a revision can be asked for."""
    told = made(world)
    show_to_everybody(world)
    result(world, "people_reached", 90)
    worked_out(world, told.report, told.period)
    return told
