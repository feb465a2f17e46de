"""UNAIDS GAM 1.7: people in prisons who received methadone or buprenorphine, as prisons count it for a year."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import HELD, PRISON
from handrail.insight.spec import Example, Indicator, PrisonCount

INDICATOR = Indicator(
    code="GAM 1.7",
    variant="oat",
    name=_("Prisons: methadone or buprenorphine"),
    question=_("People in prisons who received methadone or buprenorphine: what did the prisons count for the calendar year?"),
    unit=_("people"),
    kind="count",
    decimals=0,
    window="calendar_year",
    asked="year",
    closed=True,
    numerator=PrisonCount("oat_recipients", _("People in prisons who received methadone or buprenorphine")),
    source="UNAIDS, Global AIDS Monitoring 2023, indicator 1.7",
    source_status="verified",
    trap=_("The prisons’ own counts, added up. What a prison did not count is no data, not 0."),
    edge_cases=(
        _("The newest record of a prison and year counts."),
        _("The sum is of the prisons that counted: look at how many did."),
        _("A prison’s number is hidden where few people stand behind it. Nobody knows how many people share needles or condoms counted: at most one for each."),
    ),
    example=Example("counted by hand", "2026", PRISON, "84", 84, people_behind=84, place=HELD),
)
