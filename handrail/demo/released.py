"""What the demonstration programme released so far: two quarters for everybody and the reports of its partners; the last quarter is due.

Runs after the numbers were computed: a release is made of them.
"""

from __future__ import annotations

from handrail.demo.plan import ORGANISATIONS
from handrail.facts import organisations, setting_changes
from handrail.facts.models import Organisation, Staff
from handrail.facts.queries import today
from handrail.insight import due, jobs, releases
from handrail.insight.periods import Period
from handrail.insight.report_spec import REPORTS, Report
from handrail.insight.values import PUBLIC_PAGE
from handrail.kernel import scope

COORDINATOR = "grace"
FOR_PARTNERS = ("global_fund", "who")
"""Released for the period before their last one, so that nothing old is overdue."""


def compute() -> None:
    """The numbers of every organisation: all that are kept of the first, two quarters of the others, whose rest the worker computes."""
    for organisation in Organisation.objects.order_by("key"):
        is_first = organisation.name == ORGANISATIONS[0].name
        with scope.enter([organisation.key]):
            running = Period.of("quarter", today())
        jobs.refresh(organisation, () if is_first else (str(running.previous()), str(running)))


def load() -> list[str]:
    """Release them and switch the public page on; names of the releases."""
    organisation = Organisation.objects.get(name=ORGANISATIONS[0].name)
    with scope.enter([organisation.key]):
        last = Period.of("quarter", today()).previous()
        everybody, before = REPORTS["everybody"], last.previous()
        asked: list[tuple[Report, Period]] = [(everybody, before.previous()), (everybody, before)]
        for report in (REPORTS[key] for key in FOR_PARTNERS):
            asked += [(report, period) for period in due.periods_of(report) if period.ends_before <= today()][1:]
        made = [name for report, period in asked if (name := _release(organisation, report, period))]
        setting_changes.set_value(
            actor=organisations.system_actor(organisation), value=PUBLIC_PAGE, typed="yes", site=None, valid_from=today(), source="demonstration",
        )
    with scope.enter([organisation.key]):
        for report in due.asked_of_us():
            for period in due.periods_of(report)[:2]:
                releases.keep_preview(report, period)
    return made


def _release(organisation: Organisation, report: Report, period: Period) -> str:
    actor = organisations.actor_for(Staff.objects.get(username=COORDINATOR, organisation=organisation))
    return releases.open_release(releases.freeze(actor=actor, report=report, period=period)).name
