"""Values of the ledger: how far it looks back for use, and how far ahead an order reaches."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.facts.models import SafetyClass, SourceStatus
from handrail.facts.values import OURS, Value, whole

USE_WINDOW_DAYS: Value[int] = Value(
    key="stock.use_window_days", title=_("Days looked back for daily use"), start=56, unit=_("days"), source=OURS,
    source_status=SourceStatus.UNVERIFIED, safety=SafetyClass.OPERATIONAL, check=whole(7, 730),
    explain=_("Daily use is what went out to people in these days, divided by the days on which there was something to give."),
)
LEAD_TIME_DAYS: Value[int] = Value(
    key="stock.lead_time_days", title=_("Days until an order comes"), start=14, unit=_("days"), source=OURS,
    source_status=SourceStatus.UNVERIFIED, safety=SafetyClass.OPERATIONAL, check=whole(0, 365),
)
REVIEW_DAYS: Value[int] = Value(
    key="stock.review_days", title=_("Days between orders"), start=28, unit=_("days"), source=OURS,
    source_status=SourceStatus.UNVERIFIED, safety=SafetyClass.OPERATIONAL, check=whole(1, 365),
)
SAFETY_DAYS: Value[int] = Value(
    key="stock.safety_days", title=_("Days in reserve"), start=14, unit=_("days"), source=OURS,
    source_status=SourceStatus.UNVERIFIED, safety=SafetyClass.OPERATIONAL, check=whole(0, 365),
)
