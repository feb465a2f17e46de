"""The Global Fund: needles and syringes per person reached, in a year."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.models import Profile
from handrail.insight.report_spec import Report, Section

REPORT = Report(
    title=_("Global Fund"),
    audience=_("The principal recipient of the grant"),
    explain=_("Needles and syringes for each person whom the programme reached, over twelve months, and what stands behind it."),
    sections=(
        Section(_("Needles and syringes"), ("kp_4", "needles_given")),
        Section(_("People"), ("people_reached", "contacts_without_code", "people_estimate")),
    ),
    profile=Profile.PARTNER,
    source="Global Fund Modular Framework 2022, KP-4; the day it is due stands in the grant",
    source_status="unverified",
    due_days=45,
)
