"""Replay: fold all facts again from the first, and compare with what is there. And verify the facts' chain."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db import connection

from handrail.facts.fold import Batch, Fold
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


def state_of(model: type[ScopedModel]) -> Counter[tuple[Any, ...]]:
    """All rows of a state table in scope, without their hidden keys, as a multiset."""
    names = [f.attname for f in model._meta.concrete_fields if not f.primary_key]
    return Counter(tuple(repr(value) for value in row) for row in model.objects.values_list(*names).iterator())


def rebuild() -> list[Difference]:
    """Empty the state of the organisation in scope, fold every fact again, and say what became different.

    Run as the owner of the tables, in the caller's transaction: roll back to only verify.
    """
    organisation = scope.organisation()
    models = state_models()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM facts_head WHERE organisation_id = %s FOR UPDATE", [organisation])
    before = {model: state_of(model) for model in models}
    for model in reversed(models):
        with connection.cursor() as cursor:
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
    differences = []
    for model in models:
        after = state_of(model)
        if after != before[model]:
            differences.append(
                Difference(model._meta.db_table, (before[model] - after).total(), (after - before[model]).total())
            )
    return differences


def verify_chain() -> tuple[int, str, list[str]]:
    """Recompute the chain of facts of the organisation in scope: how many, the head's digest, and what is wrong."""
    organisation = scope.organisation()
    problems: list[str] = []
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
    return count, previous.hex(), problems
