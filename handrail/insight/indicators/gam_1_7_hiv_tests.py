"""UNAIDS GAM 1.7: people in prisons tested for HIV, as prisons count it for a year."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import HELD, PRISON
from handrail.insight.spec import Example, Indicator, PrisonCount

INDICATOR = Indicator(
    code="GAM 1.7",
    variant="hiv_tests",
    name=_("Prisons: HIV tests"),
    question=_("People in prisons tested for HIV: what did the prisons count for the calendar year?"),
    unit=_("people"),
    kind="count",
    decimals=0,
    window="calendar_year",
    asked="year",
    closed=True,
    numerator=PrisonCount("hiv_tests", _("People in prisons tested for HIV")),
    source="UNAIDS, Global AIDS Monitoring 2023, indicator 1.7",
    source_status="verified",
    trap=_("The prisons’ own counts, added up. What a prison did not count is no data, not 0."),
    edge_cases=(
        _("The newest record of a prison and year counts."),
        _("The sum is of the prisons that counted: look at how many did."),
        _("A prison’s number is hidden where few people stand behind it. Nobody knows how many people share needles or condoms counted: at most one for each."),
    ),
    example=Example("counted by hand", "2026", PRISON, "410", 410, people_behind=410, place=HELD),
)
