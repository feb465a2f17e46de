"""The recurring job that brings the warehouse and the numbers up to date."""

from __future__ import annotations

import fcntl
from functools import partial
from typing import Any

from django.conf import settings
from django_tasks import task

from handrail.facts.models import Organisation
from handrail.facts.queries import today
from handrail.insight import compute
from handrail.insight.periods import Quarter
from handrail.kernel import scope
from handrail.kernel.jobs import attempt

QUARTERS = 6
"""How many quarters are kept up to date, the running one included: late records still reach them."""


def quarters_to_compute() -> list[str]:
    """The running quarter and those before it."""
    found = [Quarter.of(today())]
    while len(found) < QUARTERS:
        found.append(found[-1].previous())
    return [str(quarter) for quarter in found]


def refresh(organisation: Organisation) -> dict[str, Any]:
    """Build and compute for one organisation; what was done, for people and machines to read."""
    settings.CONFIG.warehouse.mkdir(parents=True, exist_ok=True)
    with (settings.CONFIG.warehouse / f"{organisation.id}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the worker and the command line may both be at it
        with scope.enter([organisation.key]):
            quarters = quarters_to_compute()
        built, computed = compute.refresh(organisation.key, quarters)
    return {
        "organisation": organisation.name, "new_facts": built.facts_read, "results": computed.results,
        "data_through": computed.data_through, "quarters": list(computed.quarters),
    }


@task()
def refresh_numbers() -> None:
    """For every organisation; one that fails does not stop the others, and is tried again."""
    for organisation in Organisation.objects.all():
        attempt(partial(refresh, organisation), what=f"numbers of organisation {organisation.key}")
