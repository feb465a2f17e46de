"""The Global Fund: people reached and tested in a half-year, and needles and syringes per person reached."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.breakdowns import D3
from handrail.insight.models import Profile
from handrail.insight.periods import PeriodKind
from handrail.insight.report_spec import Report, Section

REPORT = Report(
    title=_("Global Fund"),
    audience=_("The principal recipient of the grant"),
    explain=_("People reached and tested in the half-year, and needles and syringes for each person reached over twelve months."),
    sections=(
        Section(_("Needles and syringes"), ("kp_4", "needles_given")),
        Section(_("Reached with the defined package"), ("kp_1d", "kp_1d_people", "kp_1f")),
        Section(_("HIV tests"), ("hts_3d", "hts_3d_people", "hts_3f")),
        Section(_("People"), ("people_reached", "contacts_without_code", "people_estimate")),
    ),
    breakdowns=("gender", *D3),
    profile=Profile.PARTNER,
    source="Global Fund Modular Framework 2022, KP-1d, KP-1f, KP-4, HTS-3d and HTS-3f; the day it is due stands in the grant",
    source_status="unverified",
    due_days=45,
    period=PeriodKind.HALF_YEAR,
)
