"""Sign-ins that ended, and set-up codes nobody used in time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from django.utils.translation import gettext_lazy as _

from handrail.facts.values import SIGN_IN_DAYS
from handrail.kernel import scope
from handrail.kernel.models import Session, SetUpCode
from handrail.kernel.retention import Holds, Purged, RetentionClass, Touch, Unit


def purge(*, before: date, holds: Holds) -> Purged:
    """Forget those of this organisation's accounts that ran out before that day."""
    past = {"account__organisation": scope.organisation(), "expires_at__lt": datetime.combine(before, time(), UTC)}
    due = [Session.objects.filter(**past), SetUpCode.objects.filter(**past)]
    if holds.everything:
        return Purged(held=sum(rows.count() for rows in due))
    return Purged(sum(rows.delete()[0] for rows in due))


RETENTION = RetentionClass(
    title=_("Sign-ins and set-up codes"),
    what_goes=_("Sign-ins that ended, and codes to choose a password that nobody used in time."),
    period=SIGN_IN_DAYS,
    unit=Unit.DAYS,
    touches=(Touch(Session, delete=True), Touch(SetUpCode, delete=True)),
    purge=purge,
)
