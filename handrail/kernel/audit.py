"""Hash-chained audit: append-only, detectable when changed, holds no identities.

Each line's digest covers the one before, so that an edit, a deletion in the middle or a reordering breaks the chain.
A cut tail is seen against the head row and against heads kept elsewhere (`head` is printed by `handrail audit verify`).
Looks go to a separate log, sealed into the chain in batches, so that reading never waits for a lock.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from handrail.kernel import clock, crypto, scope
from handrail.kernel.access import Actor
from handrail.kernel.models import AccessEntry, AuditEntry, AuditHead

_SEALED = "access-log.sealed"


@dataclass(frozen=True)
class Verdict:
    """What a verification found. `problems` empty means the chain holds."""

    lines: int
    head: str
    problems: tuple[str, ...]


def _body(
    number: int, at: datetime, actor: uuid.UUID | None, action: str, object_kind: str, object_id: str, detail: object
) -> bytes:
    return crypto.canonical([number, at.isoformat(), str(actor or ""), action, object_kind, object_id, detail])


def write(
    action: str, *, actor: Actor, object_kind: str = "", object_id: object = "", detail: dict[str, object] | None = None
) -> None:
    """Add one line to the chain of the organisation in scope, in the running transaction."""
    organisation = scope.organisation()
    AuditHead.objects.get_or_create(organisation_id=organisation)
    head = AuditHead.objects.select_for_update().get(organisation_id=organisation)
    at, number, previous = clock.now(), head.number + 1, bytes(head.digest)
    body = _body(number, at, actor.staff_id, action, object_kind, str(object_id), detail or {})
    head.digest, head.number = crypto.digest(previous, body), number
    AuditEntry.objects.create(
        organisation_id=organisation, number=number, at=at, actor=actor.staff_id, action=action,
        object_kind=object_kind, object_id=str(object_id), detail=detail or {}, previous=previous, digest=head.digest,
    )
    head.save(update_fields=["digest", "number"])


def look(what: str, *, actor: Actor, object_id: object = "", refused: bool = False) -> None:
    """Log a look, allowed or refused, without touching the chain."""
    AccessEntry.objects.create(
        organisation_id=scope.organisation(), at=clock.now(), actor=actor.staff_id, what=what[:120],
        object_id=str(object_id)[:80], refused=refused,
    )


_UNSEALED = """
WITH sealed AS (
  SELECT range_agg(int8range((run ->> 0)::bigint, (run ->> 1)::bigint, '[]')) AS keys
  FROM kernel_auditentry e, jsonb_array_elements(e.detail -> 'keys') AS run
  WHERE e.organisation_id = %s::bigint AND e.action = %s
)
SELECT a.key FROM kernel_accessentry a, sealed WHERE a.organisation_id = %s::bigint AND (a.key <@ sealed.keys) IS NOT TRUE ORDER BY a.key
"""


def seal_access_log(*, actor: Actor) -> int:
    """Chain a digest of all looks that no seal covers yet; returns how many.

    A look gets its key before it is committed, so one with a lower key may still appear after this. A seal therefore
    names the keys it covers, as runs, and never says “all up to”; what appears later is covered by the next one.
    """
    organisation = scope.organisation()
    with connection.cursor() as cursor:
        cursor.execute(_UNSEALED, [organisation, _SEALED, organisation])
        keys = [int(key) for (key,) in cursor.fetchall()]
    if not keys:
        return 0
    rows = list(AccessEntry.objects.filter(key__in=keys).order_by("key"))
    write(_SEALED, actor=actor, detail={"keys": _runs(keys), "count": len(rows), "sha256": _digest_of_looks(rows)})
    return len(rows)


def _runs(keys: Sequence[int]) -> list[list[int]]:
    """Ascending keys as runs of neighbours, each by its first and its last."""
    runs: list[list[int]] = []
    for key in keys:
        if runs and key == runs[-1][1] + 1:
            runs[-1][1] = key
        else:
            runs.append([key, key])
    return runs


def _digest_of_looks(rows: Sequence[AccessEntry]) -> str:
    return crypto.digest(
        *(
            crypto.canonical([r.key, r.at.isoformat(), str(r.actor or ""), r.what, r.object_id, r.refused])
            for r in rows
        )
    ).hex()


def verify() -> Verdict:
    """Recompute the chain of the organisation in scope, and the sealed access log."""
    problems: list[str] = []
    previous, number = b"", 0
    for entry in AuditEntry.objects.order_by("number").iterator(chunk_size=2000):
        number += 1
        if entry.number != number:
            problems.append(f"Line {number} is missing; the next found is {entry.number}.")
            number = entry.number
        body = _body(
            entry.number, entry.at, entry.actor, entry.action, entry.object_kind, entry.object_id, entry.detail
        )
        if bytes(entry.previous) != previous:
            problems.append(f"Line {entry.number} does not follow the line before it.")
        if bytes(entry.digest) != crypto.digest(bytes(entry.previous), body):
            problems.append(f"Line {entry.number} was changed after it was written.")
        previous = bytes(entry.digest)
        if entry.action == _SEALED:
            problems.extend(_check_seal(entry))
    head = AuditHead.objects.first()
    if (head.number if head else 0) != number:
        problems.append(f"The chain ends at line {number}, its head says {head.number if head else 0}.")
    elif head is not None and bytes(head.digest) != previous:
        problems.append(f"Line {number} is not the one the head was made from.")
    return Verdict(number, previous.hex(), tuple(problems))


def _check_seal(entry: AuditEntry) -> list[str]:
    older = [[int(entry.detail.get("from", 0)) + 1, int(entry.detail.get("through", 0))]]  # seals of before named a range
    runs: list[list[int]] = entry.detail.get("keys") or older
    covered = {key for first, last in runs for key in range(first, last + 1)}
    within = AccessEntry.objects.filter(key__gte=runs[0][0], key__lte=runs[-1][1]).order_by("key")
    rows = [row for row in within if row.key in covered]
    if len(rows) != entry.detail["count"] or _digest_of_looks(rows) != entry.detail["sha256"]:
        return [f"The access log sealed by line {entry.number} was changed."]
    return []


def refused_look(path: str, *, actor: Actor) -> None:
    """A look that was answered with 404, in a transaction of its own (the refused one was rolled back)."""
    if connection.in_atomic_block and not connection.get_autocommit() and connection.needs_rollback:
        raise RuntimeError("Write the refused look after the refused transaction has ended.")
    with scope.enter([actor.organisation]):
        look(path, actor=actor, refused=True)
