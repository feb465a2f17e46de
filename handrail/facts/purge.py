"""The nightly purge of one organisation: every class of `kernel.retention`, each in a transaction of its own with a line in the audit.

Runs as the purge's role (`database.as_purge`). `insight.forgetting` calls it for everybody and writes the warehouse anew.
"""

from __future__ import annotations

import logging
import re
import time
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


def sweep_out(tables: Collection[str], *, tries: int = 10, wait: float = 6.0) -> list[str]:
    """Write the tables anew without their dead rows: what was deleted otherwise stays in the files for weeks. Returns what could not be.

    Done by the tables' owner. PostgreSQL keeps dead rows while somebody, such as a backup, still looks at the state of before,
    and waits for whoever uses the table: then it is tried again, and in the end said in the log.
    """
    left = [*tables, *([_STATISTICS] if tables else [])]  # last: it loses what the others' old statistics said
    with as_owner():
        for number in range(tries):
            left = [table for table in left if not _swept(table)]
            if not left:
                break
            if number + 1 < tries:
                time.sleep(wait)
    if left:
        log.warning("Dead rows stay in the files of %s: something else was reading. They go when PostgreSQL cleans up", ", ".join(left))
    return left


_STATISTICS = "pg_statistic"


def _take_statistics(table: str) -> None:
    """Let the planner forget what it remembers of a table: it keeps samples of values, ids and times among them."""
    with connection.cursor() as cursor:
        cursor.execute(f'ANALYZE "{table}"')
        cursor.execute("SELECT reltuples, current_setting('server_version_num')::integer FROM pg_class WHERE oid = %s::text::regclass", [table])
        rows, version = cursor.fetchone()
        if rows == 0 and version >= 180000:  # of an empty table nothing is taken, and what was known of it before would stay
            cursor.execute(
                "SELECT pg_clear_attribute_stats('public', %s::text, attname::text, false) FROM pg_attribute WHERE attrelid = %s::text::regclass AND attnum > 0 AND NOT attisdropped",
                [table, table],
            )


def _swept(table: str) -> bool:
    """Write one table anew; whether no dead row is left in it."""
    said: list[str] = []
    with connection.cursor() as cursor:
        cursor.connection.add_notice_handler(lambda notice: said.append(notice.message_detail or ""))
        cursor.execute("SET lock_timeout = '10s'")
        try:
            cursor.execute(f'VACUUM (FULL, VERBOSE) "{table}"')
        except OperationalError:
            return False
        if table != _STATISTICS:
            _take_statistics(table)
    stay = [int(number) for detail in said for number in re.findall(r"\A(\d+)", detail)]
    return bool(stay) and not any(stay)
