"""WHO: coverage and regular access, with both denominators."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.models import Profile
from handrail.insight.report_spec import Report, Section

REPORT = Report(
    title=_("WHO indicators"),
    audience=_("The ministry of health"),
    explain=_("Coverage, regular access and needles per person as WHO defines them, each with both denominators."),
    sections=(
        Section(_("Coverage"), ("prv_8a", "prv_8b")),
        Section(_("Regular access"), ("prv_9a", "prv_9a_area", "prv_9b", "prv_9b_area")),
        Section(_("Needles and syringes per person"), ("prv_10a", "prv_10b")),
        Section(_("Hepatitis C"), ("hep_2a", "hep_4a")),
        Section(_("Condoms and lubricant"), ("prv_1", "prv_18a", "prv_18b")),
    ),
    breakdowns=("gender", "age_2", "condom"),
    profile=Profile.PARTNER,
    source="WHO, Consolidated guidelines on person-centred HIV strategic information, 2022; the day it is due is agreed locally",
    source_status="unverified",
    due_days=60,
)
