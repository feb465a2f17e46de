"""UNAIDS Global AIDS Monitoring: once a year, over the whole country."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.models import Profile
from handrail.insight.report_spec import Report, Section

REPORT = Report(
    title=_("UNAIDS"),
    audience=_("The national AIDS programme"),
    explain=_("Needles and syringes for each person estimated to inject in the country, once a year. One programme has only its share of it."),
    sections=(
        Section(_("Global AIDS Monitoring"), ("gam_1_9", "needles_given")),
    ),
    profile=Profile.PARTNER,
    source="UNAIDS Global AIDS Monitoring 2023, indicator 1.9; the day it is due is that of the year’s round",
    source_status="unverified",
    due_days=90,
    every=(4,),
)
