"""Receipts past their days: the code of a slip opens nothing any more (`domain/people.md` 4)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from django.utils.translation import gettext_lazy as _

from handrail.facts.models import Receipt
from handrail.facts.values import RECEIPT_DAYS
from handrail.kernel.retention import Holds, Purged, RetentionClass, Touch, Unit


def purge(*, before: date, holds: Holds) -> Purged:
    """Forget receipts printed before that day, used or not: each leads from a slip in a pocket to a visit."""
    due = Receipt.objects.filter(issued_at__lt=datetime.combine(before, time(), UTC))
    if holds.everything:
        return Purged(held=due.count())
    return Purged(due.delete()[0])


RETENTION = RetentionClass(
    title=_("Receipts"),
    what_goes=_("The code on the slip. The visit stays as it is."),
    period=RECEIPT_DAYS,
    unit=Unit.DAYS,
    touches=(Touch(Receipt, delete=True),),
    purge=purge,
)
