"""What a programme tells everybody: a few numbers that say what was done."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.models import Profile
from handrail.insight.report_spec import Report, Section

REPORT = Report(
    title=_("For everybody"),
    audience=_("The public page"),
    explain=_("What the programme chose to show everybody, on the public page and as an open file."),
    sections=(
        Section(_("People and contacts"), ("people_reached", "contacts")),
        Section(_("Needles and syringes"), ("needles_given", "returned")),
        Section(_("Tests and ways on"), ("hcv_tests", "referral_bridge")),
    ),
    profile=Profile.PUBLIC,
    source="Handrail; what is shown is for the programme to choose",
    source_status="handrail",
    due_days=30,
    by_site=True,
)
