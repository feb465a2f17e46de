"""The drugs agency of the European Union: syringes, clients, contacts and outlets, once a year."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.models import Profile
from handrail.insight.periods import PeriodKind
from handrail.insight.report_spec import Report, Section

REPORT = Report(
    title=_("European Union drugs agency"),
    audience=_("The national focal point"),
    explain=_("What the needle programme did in the year, by area: syringes, clients, contacts, and the places where they are given."),
    sections=(
        Section(_("Needle programme"), ("st10_syringes", "st10_clients", "st10_contacts")),
        Section(_("Places"), ("st10_fixed_sites", "st10_outreach_sites")),
    ),
    breakdowns=("area",),
    profile=Profile.PARTNER,
    source="EMCDDA, standard table 10; the day it is due is set by the national focal point",
    source_status="unverified",
    due_days=90,
    period=PeriodKind.YEAR,
)
