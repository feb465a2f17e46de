"""Contacts without a code: the record stays, without worker, device and time of day (`domain/people.md` 12)."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext_lazy as _

from handrail.facts import anonymous, replay
from handrail.facts.models import Fact, Head
from handrail.facts.values import ANONYMOUS_MONTHS
from handrail.kernel.retention import Holds, Purged, RetentionClass, Touch, Unit


def purge(*, before: date, holds: Holds) -> Purged:
    """Let go of whole months; then fold every state again, so that none of it remembers a worker's minute."""
    if holds.everything:
        return Purged(held=anonymous.due(before=before))
    lines = anonymous.forget(before=before)
    if lines:
        replay.refold()
        head = Head.objects.get()
        head.purges += 1
        head.save(update_fields=["purges"])
    return Purged(sum(int(str(line["count"])) for line in lines), facts=lines)


RETENTION = RetentionClass(
    title=_("Contacts without a code, and reports of overdoses"),
    what_goes=_("Who recorded it, on which device, at what time of day, and the number that tells the moment. Day, place and what was given stay."),
    period=ANONYMOUS_MONTHS,
    unit=Unit.WHOLE_MONTHS,
    touches=(Touch(Fact, update=anonymous.FACT_COLUMNS), Touch(Head, update=("purges",))),
    purge=purge,
    folds=True,
)
