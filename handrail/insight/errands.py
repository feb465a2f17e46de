"""Asking the worker for something: the web process hands it over here and never imports what it takes to do it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import get_language
from django_tasks import task

from handrail.insight.models import Errand
from handrail.insight.periods import Period
from handrail.insight.report_spec import Report
from handrail.kernel import clock
from handrail.kernel.access import Actor

_WORK = "handrail.insight.jobs.do_errand"


@task(queue_name=settings.ERRANDS)
def run_errand(organisation: int, errand: str) -> None:
    """Do what was asked; the job carries ids only and enters the organisation's scope by itself."""
    import_string(_WORK)(organisation, uuid.UUID(errand))


def ask(*, actor: Actor, what: str, report: Report, period: Period, note: str = "", confirmed: str = "") -> Errand:
    """Hand an errand to the worker. One that already waits for the same report is not asked for twice."""
    actor.require("numbers.share" if what == Errand.What.RELEASE else "numbers.read")
    waiting = waiting_for(report, period)
    if waiting is not None and waiting.what == what:
        return waiting
    made: Errand = Errand.objects.create(
        organisation_id=actor.organisation, what=what, report=report.key, period=str(period), note=note.strip()[:300], confirmed=confirmed,
        language=get_language() or "en", asked_by=actor.staff_id, asked_at=clock.now(),
    )
    run_errand.enqueue(actor.organisation, str(made.id))
    return made


def waiting_for(report: Report, period: Period) -> Errand | None:
    """The errand that is being done for a report of a period."""
    return Errand.objects.filter(report=report.key, period=str(period), state=Errand.State.WAITING).order_by("-asked_at").first()


def last_for(report: Report, period: Period) -> Errand | None:
    """What was asked last for a report of a period."""
    return Errand.objects.filter(report=report.key, period=str(period)).order_by("-asked_at").first()
