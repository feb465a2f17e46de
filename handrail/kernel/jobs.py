"""Recurring jobs over django-tasks: one list of what runs when, and retries for what fails.

`enqueue_due` runs in the worker every minute and puts due jobs into the queue in the same transaction that moves
their schedule on, so that two workers never run one job twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from handrail.kernel import clock
from handrail.kernel.models import Schedule

log = logging.getLogger("handrail.jobs")


def enqueue_due() -> list[str]:
    """Enqueue what is due; returns the tasks' paths."""
    due: list[str] = []
    now = clock.now()
    for task, every in settings.JOBS:
        with transaction.atomic():
            Schedule.objects.get_or_create(job=task, defaults={"next_at": now})
            row = Schedule.objects.select_for_update().get(job=task)
            if row.next_at <= now:
                import_string(task).enqueue()
                row.next_at = now + every
                row.save(update_fields=["next_at"])
                due.append(task)
    return due


def attempt(work: Callable[[], Any], *, what: str, times: int = 3) -> Any:
    """Run a job's work, again if it fails; the last failure is raised and logged, never swallowed."""
    for number in range(1, times + 1):
        try:
            return work()
        except Exception:
            log.exception("Job %s failed, attempt %d of %d", what, number, times)
            if number == times:
                raise
    raise AssertionError("unreachable")
