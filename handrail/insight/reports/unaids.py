"""UNAIDS Global AIDS Monitoring: once a year, over the whole country."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.models import Profile
from handrail.insight.periods import PeriodKind
from handrail.insight.report_spec import Report, Section

REPORT = Report(
    title=_("UNAIDS"),
    audience=_("The national AIDS programme"),
    explain=_("Needles, prevention and prisons as UNAIDS asks for them, once a year. One programme has only its share of the country."),
    sections=(
        Section(_("Needles and syringes"), ("gam_1_9", "needles_given")),
        Section(_("Prevention"), ("gam_1_6c",)),
        Section(_("Prisons: what was given"), ("gam_1_7_needles", "gam_1_7_condoms", "gam_1_7_oat", "gam_1_7_art", "gam_1_7_hiv_tests")),
        Section(_("Prisons: how many live with"), ("gam_1_7_hiv", "gam_1_7_hcv", "gam_1_7_tb")),
    ),
    profile=Profile.PARTNER,
    source="UNAIDS Global AIDS Monitoring 2023, indicators 1.6C, 1.7 and 1.9; the day it is due is that of the year’s round",
    source_status="unverified",
    due_days=90,
    period=PeriodKind.YEAR,
)
