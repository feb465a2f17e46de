"""The workers: they take jobs from the queue; the first also puts recurring ones in when they are due."""

from __future__ import annotations

import logging
import threading

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from handrail.kernel import jobs

log = logging.getLogger("handrail.worker")
_STOP = threading.Event()


def _schedule() -> None:
    while not _STOP.wait(60):
        try:
            jobs.enqueue_due()
        except Exception:
            log.exception("Enqueueing recurring jobs failed; trying again in a minute")
        finally:
            connection.close()


def run(*, only_errands: bool = False) -> None:
    """Run until a signal. The queue is the database, so a job that was accepted survives a kill.

    With `only_errands` it does nothing but what somebody at a screen waits for: that never stands behind the hourly jobs.
    """
    if only_errands:
        call_command("db_worker", verbosity=0, interval=1, queue_name=settings.ERRANDS)
        return
    jobs.enqueue_due()
    thread = threading.Thread(target=_schedule, daemon=True)
    thread.start()
    try:
        call_command("db_worker", verbosity=0, interval=2, queue_name="*")
    finally:
        _STOP.set()
