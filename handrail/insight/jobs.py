"""The recurring job that brings the warehouse and the numbers up to date."""

from __future__ import annotations

from typing import Any

from django_tasks import task

from handrail.facts.models import Organisation
from handrail.insight import compute
from handrail.insight.periods import Quarter
from handrail.kernel import clock
from handrail.kernel.jobs import attempt

QUARTERS = 6
"""How many quarters are kept up to date, the running one included: late records still reach them."""


def quarters_to_compute() -> list[str]:
    """The running quarter and those before it."""
    found = [Quarter.of(clock.now().date())]
    while len(found) < QUARTERS:
        found.append(found[-1].previous())
    return [str(quarter) for quarter in found]


def refresh(organisation: Organisation) -> dict[str, Any]:
    """Build and compute for one organisation; what was done, for people and machines to read."""
    built, computed = compute.refresh(organisation.key, quarters_to_compute())
    return {
        "organisation": organisation.name, "new_facts": built.new_facts, "results": computed.results,
        "data_through": computed.data_through, "quarters": list(computed.quarters),
    }


@task()
def refresh_numbers() -> None:
    """For every organisation; one that fails does not stop the others, and is tried again."""
    for organisation in Organisation.objects.all():
        attempt(lambda organisation=organisation: refresh(organisation), what=f"numbers of organisation {organisation.key}")
