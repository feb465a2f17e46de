"""Requests for a kit that are done: the receipt opens nothing any more."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext_lazy as _

from handrail.kernel.retention import Holds, Purged, RetentionClass, Touch, Unit
from handrail.services.naloxone.models import KitRequest
from handrail.services.naloxone.values import REQUEST_DAYS


def purge(*, before: date, holds: Holds) -> Purged:
    """Forget requests that were handed over or cancelled before that day. One that nobody answered stays until somebody does."""
    done = (KitRequest.State.HANDED_OVER, KitRequest.State.CANCELLED)
    due = KitRequest.objects.filter(state__in=done, changed_on__lt=before)
    if holds.everything:
        return Purged(held=due.count())
    return Purged(due.delete()[0])


RETENTION = RetentionClass(
    title=_("Requests for a kit"),
    what_goes=_("The request with its place and day, and the code of its receipt. Nothing ever led from it to a person."),
    period=REQUEST_DAYS,
    unit=Unit.DAYS,
    touches=(Touch(KitRequest, delete=True),),
    purge=purge,
)
