"""Replay: fold all facts again from the first, and compare with what is there. And verify the facts' chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from handrail.facts.fold import Batch, Fold
from handrail.facts.purged_facts import Purges
from handrail.facts.recorded import chain, read_facts
from handrail.kernel import crypto, scope
from handrail.kernel.row_security import state_models
from handrail.kernel.scope import ScopedModel

_BATCH = 2000


@dataclass(frozen=True)
class Difference:
    """State that differs between live and replayed, per table."""

    table: str
    only_live: int
    only_replayed: int


def _digests(model: type[ScopedModel], organisation: int) -> str:
    """A query for a digest of each row of a state table, without its hidden key: sixteen bytes, however wide the row."""
    names = ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields if not field.primary_key)
    return f"SELECT decode(md5(ROW({names})::text), 'hex') AS digest FROM \"{model._meta.db_table}\" WHERE organisation_id = {organisation:d}"  # noqa: S608


def _remember(cursor: Any, model: type[ScopedModel], organisation: int) -> None:
    """Keep the digests of a table for the rest of the transaction, in the database: a big programme's state does not fit in memory."""
    cursor.execute(f'DROP TABLE IF EXISTS pg_temp."was_{model._meta.db_table}"')
    cursor.execute(f'CREATE TEMPORARY TABLE "was_{model._meta.db_table}" ON COMMIT DROP AS {_digests(model, organisation)}')


def _difference(cursor: Any, model: type[ScopedModel], organisation: int) -> Difference:
    was, now = f'SELECT digest FROM pg_temp."was_{model._meta.db_table}"', _digests(model, organisation)  # noqa: S608
    cursor.execute(
        f"SELECT (SELECT count(*) FROM ({was} EXCEPT ALL {now}) AS gone), (SELECT count(*) FROM ({now} EXCEPT ALL {was}) AS come)"  # noqa: S608
    )
    return Difference(model._meta.db_table, *cursor.fetchone())


def rebuild() -> list[Difference]:
    """Empty the state of the organisation in scope, fold every fact again, and say what became different.

    Run as the owner of the tables, in the caller's transaction: roll back to only verify.
    """
    organisation = scope.organisation()
    models = state_models()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM facts_head WHERE organisation_id = %s FOR UPDATE", [organisation])
        for model in models:
            _remember(cursor, model, organisation)
    refold()
    with connection.cursor() as cursor:
        found = [_difference(cursor, model, organisation) for model in models]
    return [difference for difference in found if difference.only_live or difference.only_replayed]


def refold() -> None:
    """Empty the state of the organisation in scope and fold every fact again, under the lock that every writer takes."""
    organisation = scope.organisation()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM facts_head WHERE organisation_id = %s FOR UPDATE", [organisation])
        for model in reversed(state_models()):
            cursor.execute(f'DELETE FROM "{model._meta.db_table}" WHERE organisation_id = %s', [organisation])  # noqa: S608
    last = 0
    while True:
        with connection.cursor() as cursor:
            facts = list(read_facts(cursor, organisation, "f.counter > %s", [last], f"ORDER BY f.counter LIMIT {_BATCH}"))
        if not facts:
            break
        fold = Fold(Batch(organisation, may_go_short=True, live=False))
        fold.apply(fold.plan(facts))
        last = facts[-1].counter


def verify_chain() -> tuple[int, str, list[str]]:
    """Recompute the chain of facts of the organisation in scope: how many, the head's digest, and what is wrong."""
    organisation = scope.organisation()
    problems: list[str] = []
    purged = Purges()
    previous, count, last = b"", 0, 0
    while True:
        with connection.cursor() as cursor:
            facts = list(read_facts(cursor, organisation, "f.counter > %s", [last], f"ORDER BY f.counter LIMIT {_BATCH}"))
        if not facts:
            break
        for fact in facts:
            count += 1
            if fact.counter != last + 1:
                problems.append(f"Fact number {last + 1} is missing; the next found is {fact.counter}.")
            if purged.covers(fact):
                previous, last = fact.digest, fact.counter
                continue
            if fact.is_purged:
                problems.append(f"Fact number {fact.counter} lost its worker and its time, and no line of the audit says so.")
                previous, last = fact.digest, fact.counter
                continue
            if fact.body_digest != crypto.digest(crypto.canonical(fact.raw)):
                problems.append(f"The content of fact number {fact.counter} was changed.")
            if fact.digest != chain(previous, fact) or fact.about != fact.stored_about:
                problems.append(f"Fact number {fact.counter} was changed or does not follow the one before it.")
            previous, last = fact.digest, fact.counter
    with connection.cursor() as cursor:
        cursor.execute("SELECT counter, digest FROM facts_head WHERE organisation_id = %s", [organisation])
        head = cursor.fetchone()
    if head is None or head[0] != last or bytes(head[1]) != previous:
        problems.append(f"The chain ends at fact number {last}, the head says {head[0] if head else 'nothing'}.")
    return count, previous.hex(), [*problems, *purged.problems()]
