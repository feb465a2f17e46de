"""PEPFAR, each quarter: HIV tests and self-tests."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.breakdowns import D4
from handrail.insight.models import Profile
from handrail.insight.report_spec import Report, Section

REPORT = Report(
    title=_("PEPFAR, quarter"),
    audience=_("The implementing partner"),
    explain=_("People tested for HIV and told the result, and self-tests that were given, each quarter."),
    sections=(
        Section(_("HIV tests"), ("hts_tst", "hts_self")),
    ),
    breakdowns=("result", f"{D4[0]}×result"),
    profile=Profile.PARTNER,
    source="MER 2.6.1, HTS_TST and HTS_SELF; the day it is due is that of the partner’s calendar",
    source_status="unverified",
    due_days=30,
)
