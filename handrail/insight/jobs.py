"""The recurring job that brings the warehouse and the numbers up to date."""

from __future__ import annotations

import fcntl
from functools import partial
from typing import Any

from django.conf import settings
from django_tasks import task

from handrail.facts import organisations
from handrail.facts.models import Organisation
from handrail.facts.queries import today
from handrail.insight import compute, target_sets
from handrail.insight.periods import Period, PeriodKind
from handrail.insight.report_spec import REPORTS
from handrail.insight.values import FISCAL_YEAR_BEGINS
from handrail.kernel import scope
from handrail.kernel.jobs import attempt

KEPT: dict[PeriodKind, int] = {
    PeriodKind.MONTH: 4, PeriodKind.QUARTER: 6, PeriodKind.HALF_YEAR: 3, PeriodKind.YEAR: 3, PeriodKind.FISCAL_YEAR: 3,
}
"""How many periods of each kind are kept up to date, the running one included: late records still reach them."""


def periods_to_compute() -> list[str]:
    """The running period and those before it, of quarters and of every kind that a report asks for."""
    found: list[Period] = []
    first_month = int(FISCAL_YEAR_BEGINS.read().value)
    for kind in sorted({PeriodKind.QUARTER, *(report.period for report in REPORTS)}):
        period = Period.of(kind, today(), first_month=first_month)
        for _time in range(KEPT[kind]):
            found.append(period)
            period = period.previous()
    return [str(period) for period in found]


def refresh(organisation: Organisation) -> dict[str, Any]:
    """Build and compute for one organisation; what was done, for people and machines to read."""
    settings.CONFIG.warehouse.mkdir(parents=True, exist_ok=True)
    with (settings.CONFIG.warehouse / f"{organisation.id}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the worker and the command line may both be at it
        with scope.enter([organisation.key]):
            target_sets.load(actor=organisations.system_actor(organisation))
            periods = periods_to_compute()
        built, computed = compute.refresh(organisation.key, periods)
    return {
        "organisation": organisation.name, "new_facts": built.facts_read, "results": computed.results,
        "data_through": computed.data_through, "periods": list(computed.periods),
    }


@task()
def refresh_numbers() -> None:
    """For every organisation; one that fails does not stop the others, and is tried again."""
    for organisation in Organisation.objects.all():
        attempt(partial(refresh, organisation), what=f"numbers of organisation {organisation.key}")
