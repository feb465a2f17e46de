"""The recurring job that brings the warehouse and the numbers up to date."""

from __future__ import annotations

import fcntl
import logging
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django_tasks import task

from handrail.facts.models import Organisation, Staff
from handrail.facts.organisations import actor_for, system_actor
from handrail.facts.queries import today
from handrail.insight import compute, due, releases, target_sets, warehouse
from handrail.insight.models import Errand, Release
from handrail.insight.periods import Period, PeriodKind
from handrail.insight.report_spec import REPORTS
from handrail.insight.values import FISCAL_YEAR_BEGINS
from handrail.kernel import clock, scope
from handrail.kernel.access import Denied, Refused
from handrail.kernel.jobs import attempt

log = logging.getLogger("handrail.numbers")
Made = TypeVar("Made")

KEPT: dict[PeriodKind, int] = {
    PeriodKind.MONTH: 4, PeriodKind.QUARTER: 6, PeriodKind.HALF_YEAR: 3, PeriodKind.YEAR: 3, PeriodKind.FISCAL_YEAR: 3,
}
"""How many periods of each kind are kept up to date, the running one included: late records still reach them."""


def periods_to_compute() -> list[str]:
    """The running period and those before it, of quarters and of every kind that a report asks for."""
    found: list[Period] = []
    first_month = int(FISCAL_YEAR_BEGINS.read().value)
    for kind in sorted({PeriodKind.QUARTER, *(report.period for report in due.asked_of_us())}):
        period = Period.of(kind, today(), first_month=first_month)
        for _time in range(KEPT[kind]):
            found.append(period)
            period = period.previous()
    return [str(period) for period in found]


def refresh(organisation: Organisation, only: Sequence[str] = ()) -> dict[str, Any]:
    """Build and compute for one organisation, all periods that are kept or only some; what was done, for people and machines to read."""
    settings.CONFIG.warehouse.mkdir(parents=True, exist_ok=True)
    with (settings.CONFIG.warehouse / f"{organisation.id}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the worker and the command line may both be at it
        with scope.enter([organisation.key]):
            target_sets.load(actor=system_actor(organisation))
            periods = list(only) or periods_to_compute()
        built = warehouse.build(organisation.key)
        results = _compute(organisation, periods, always=bool(only))
    if not only:
        keep_previews(organisation)
    return {
        "organisation": organisation.name, "new_facts": built.facts_read, "results": results,
        "data_through": built.watermark, "periods": periods,
    }


def _compute(organisation: Organisation, periods: Sequence[str], *, always: bool) -> int:
    """Compute these periods and return how many results were stored: none if all that they are made of is as it was an hour ago."""
    done = settings.CONFIG.warehouse / f"{organisation.id}.computed"
    with scope.enter([organisation.key]):
        stand = compute.stand_of(str(organisation.id), periods)
    if not always and done.exists() and done.read_text() == stand:
        return 0
    results = compute.compute(organisation.key, periods).results
    if not always:
        done.write_text(stand)
    return results


def keep_previews(organisation: Organisation) -> int:
    """Work out what would stay hidden in the reports that are looked at now; returns how many there were to work out."""
    with scope.enter([organisation.key]):
        asked = [(report, period) for report in due.asked_of_us() for period in due.periods_of(report)[:2]]
    made = 0
    for report, period in asked:
        with scope.enter([organisation.key]):
            made += releases.keep_preview(report, period)
    return made


def do_errand(organisation_key: int, errand_id: uuid.UUID) -> None:
    """Do what somebody asked for on a page, and write down what came of it. Done once: a second worker finds it done."""
    organisation = Organisation.objects.get(key=organisation_key)
    with scope.enter([organisation_key]):
        errand = Errand.objects.get(id=errand_id)
    if errand.state != Errand.State.WAITING:
        return
    with translation.override(errand.language):
        release, sentence = (_release if errand.what == Errand.What.RELEASE else _refresh)(organisation, errand)
    try:
        if release is not None:  # before anybody is told: a page that says "released" also says that nothing changed since
            with scope.enter([organisation_key]):
                releases.keep_preview(REPORTS[errand.report], Period.parse(errand.period))
    finally:
        with scope.enter([organisation_key]):
            errand.state = Errand.State.REFUSED if sentence else Errand.State.DONE
            errand.sentence, errand.release_number, errand.ended_at = sentence[:300], release.number if release else None, clock.now()
            errand.save(update_fields=["state", "sentence", "release_number", "ended_at"])
    if release is not None:
        keep_previews(organisation)


def _refresh(organisation: Organisation, errand: Errand) -> tuple[Release | None, str]:
    def work() -> None:
        period = Period.parse(errand.period)
        refresh(organisation, [str(period.previous()), str(period)])
        with scope.enter([organisation.key]):
            releases.keep_preview(REPORTS[errand.report], period)

    return None, _trying(work, errand.what)[1]


def _release(organisation: Organisation, errand: Errand) -> tuple[Release | None, str]:
    def work() -> Release:
        with transaction.atomic():
            actor = actor_for(Staff.objects.get(id=errand.asked_by, organisation=organisation, is_active=True))
            report, period = REPORTS[errand.report], Period.parse(errand.period)
            return releases.freeze(actor=actor, report=report, period=period, note=errand.note, confirmed=errand.confirmed)

    with scope.enter([organisation.key]):
        return _trying(work, errand.what)


def _trying(work: Callable[[], Made], what: str) -> tuple[Made | None, str]:
    """What came of it, or a sentence that says why nothing did. What breaks is logged, and never left waiting."""
    try:
        return work(), ""
    except Refused as refused:
        return None, str(refused)
    except (Denied, Staff.DoesNotExist):
        return None, _("Whoever asked for it may not release reports any more.")
    except Exception:
        log.exception("An errand (%s) failed", what)
        return None, _("Something went wrong on our side; nothing was released. Try again, or tell whoever looks after the server.")


@task()
def refresh_numbers() -> None:
    """For every organisation; one that fails does not stop the others, and is tried again."""
    for organisation in Organisation.objects.all():
        attempt(partial(refresh, organisation), what=f"numbers of organisation {organisation.key}")
