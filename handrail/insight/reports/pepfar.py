"""PEPFAR, twice a year: people reached, after the quarters that end its half-years."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.models import Profile
from handrail.insight.report_spec import Report, Section

REPORT = Report(
    title=_("PEPFAR, half-year"),
    audience=_("The implementing partner"),
    explain=_("People who inject and were reached with prevention, from October to March and from April to September, in the second half without those of the first."),
    sections=(
        Section(_("Reached with prevention"), ("kp_prev", "contacts_without_code")),
    ),
    breakdowns=("hiv_status",),
    profile=Profile.PARTNER,
    source="MER 2.6.1, KP_PREV; the day it is due is that of the partner’s calendar",
    source_status="unverified",
    due_days=30,
    every=(1, 3),
)
