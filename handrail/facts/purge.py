"""The nightly purge of one organisation: every class of `kernel.retention`, each in a transaction of its own with a line in the audit.

Runs as the purge's role (`database.as_purge`). `insight.forgetting` calls it for everybody and writes the warehouse anew.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass

from django.db import OperationalError, connection

from handrail.facts import holds
from handrail.facts.models import Organisation
from handrail.facts.organisations import system_actor
from handrail.facts.purged_facts import ACTION
from handrail.facts.queries import today
from handrail.facts.record import lock_organisation
from handrail.kernel import audit, scope
from handrail.kernel.database import as_owner
from handrail.kernel.retention import CLASSES, Purged, RetentionClass
from handrail.kernel.row_security import state_models

log = logging.getLogger("handrail.purge")
DONE = "retention.purged"
"""The line of the audit that each class leaves every night."""


@dataclass(frozen=True)
class Night:
    """What one night did for one organisation, by class; `failed` names classes that broke and are tried the next night."""

    done: dict[str, Purged]
    failed: tuple[str, ...] = ()


def run(organisation: Organisation) -> Night:
    """Every class; one that fails changes nothing, is logged, and does not stop the others."""
    done: dict[str, Purged] = {}
    failed: list[str] = []
    for one in CLASSES:
        try:
            with scope.enter([organisation.key]):
                done[one.key] = _one(organisation, one)
        except Exception:
            log.exception("Retention class %s failed for organisation %s", one.key, organisation.key)
            failed.append(one.key)
    return Night(done, tuple(failed))


def _one(organisation: Organisation, one: RetentionClass) -> Purged:
    lock_organisation()
    before, actor = one.before(today()), system_actor(organisation)
    purged = one.purge(before=before, holds=holds.held())
    for line in purged.facts:
        audit.write(ACTION, actor=actor, object_kind="retention", object_id=one.key, detail=dict(line))
    audit.write(
        DONE, actor=actor, object_kind="retention", object_id=one.key,
        detail={"before": before.isoformat(), "count": purged.count, "held": purged.held, "period": one.length(), "unit": one.unit.value},
    )
    return purged


def tables_of(done: Collection[str]) -> list[str]:
    """Tables that these classes change."""
    found = {touch.model._meta.db_table for one in CLASSES if one.key in done for touch in one.touches}
    if any(one.folds for one in CLASSES if one.key in done):
        found |= {model._meta.db_table for model in state_models()}
    return sorted(found)


def sweep_out(tables: Collection[str]) -> None:
    """Write the tables anew without their dead rows: what was deleted otherwise stays in the files for weeks.

    Done by the tables' owner. A table that somebody uses for half a minute is only marked for reuse, and said so in the log.
    """
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '30s'")
        for table in tables:
            try:
                cursor.execute(f'VACUUM (FULL) "{table}"')
            except OperationalError:
                log.warning("Table %s was in use; its dead rows are only marked for reuse tonight", table)
                cursor.execute(f'VACUUM "{table}"')
