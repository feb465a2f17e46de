"""Folds recalls into what is on hold. Each fact adds its own rows and takes away only those, so that order does not matter."""

from __future__ import annotations

from handrail.facts.fold import Recorded
from handrail.ledgers.stock.models import LotHold, RecallClosing

KINDS = frozenset({"stock.recalled", "stock.recall_closed"})


def apply(fact: Recorded) -> None:
    """The fact counts now."""
    said = fact.parsed
    if fact.kind == "stock.recall_closed":
        RecallClosing.objects.create(
            organisation_id=fact.organisation, fact=fact.id, recall=said.recall, outcome=said.outcome, at=fact.occurred_at
        )
        return
    lines = {line.lot: line for line in said.lines}
    LotHold.objects.bulk_create(
        LotHold(
            organisation_id=fact.organisation, fact=fact.id, recall=fact.root or fact.id, lot=line.lot, via=line.via, severity=said.severity,
            source_reference=said.source_reference, since=fact.occurred_at,
        )
        for line in lines.values()
    )


def undo(fact: Recorded) -> None:
    """The fact counts no more."""
    model = RecallClosing if fact.kind == "stock.recall_closed" else LotHold
    model.objects.filter(fact=fact.id).delete()
