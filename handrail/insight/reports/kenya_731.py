"""Kenya's monthly return 731+, as far as it is about needles and syringes."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.models import Profile
from handrail.insight.periods import PeriodKind
from handrail.insight.report_spec import Report, Section

REPORT = Report(
    title=_("Kenya 731+"),
    audience=_("The county health office"),
    explain=_("People who inject and received needles and syringes in the month, and how many of them as many as they needed."),
    sections=(
        Section(_("Needles and syringes"), ("ke_receiving_ns", "ke_ns_per_need")),
        Section(_("Contacts"), ("contacts", "contacts_without_code")),
    ),
    breakdowns=("area",),
    profile=Profile.PARTNER,
    source="MOH 731 plus, after the report builder of kenyakeypop; overdoses and methadone are not in it yet; the day it is due is agreed locally",
    source_status="unverified",
    due_days=5,
    period=PeriodKind.MONTH,
)
