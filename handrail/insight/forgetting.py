"""The nightly purge of everybody, and of the warehouse: no Parquet file keeps what the database let go of."""

from __future__ import annotations

import fcntl
import logging
from functools import partial

from django.conf import settings
from django_tasks import task

from handrail.facts import purge
from handrail.facts.models import Organisation
from handrail.insight import warehouse
from handrail.kernel.database import as_purge
from handrail.kernel.jobs import attempt

log = logging.getLogger("handrail.purge")


def forget(organisation: Organisation) -> purge.Night:
    """Every class of one organisation; then, if facts changed, its warehouse from zero, and no older file stays."""
    settings.CONFIG.warehouse.mkdir(parents=True, exist_ok=True)
    with (settings.CONFIG.warehouse / f"{organisation.id}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as the hourly numbers take it: nobody reads the files that go
        with as_purge():
            night = purge.run(organisation)
        if warehouse.is_behind_a_purge(organisation.key):
            warehouse.build(organisation.key)
            warehouse.build(organisation.key)  # the first keeps the files of the manifest before it, for readers; the second lets them go
    went = [key for key, done in night.done.items() if done.count]
    if went:
        purge.sweep_out(purge.tables_of(went))
    return night


@task()
def purge_what_is_due() -> None:
    """Each night, for every organisation; one that fails does not stop the others, and is tried again the next night."""
    if settings.CONFIG.database_url and not settings.CONFIG.purge_database_url:
        log.warning("HANDRAIL_PURGE_DATABASE_URL is not set, so nothing was forgotten")
        return
    failed: list[str] = []
    for organisation in Organisation.objects.order_by("key"):
        night = attempt(partial(forget, organisation), what=f"purge of organisation {organisation.key}")
        failed += night.failed
    if failed:
        raise RuntimeError(f"Retention classes failed: {', '.join(sorted(set(failed)))}")
