"""HR-NAL-04: people given naloxone for each death by opioid overdose in the area."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import NALOXONE_GIVEN
from handrail.insight.models import Level
from handrail.insight.spec import Deaths, Example, Indicator, Records

INDICATOR = Indicator(
    code="HR-NAL-04",
    name=_("People given naloxone for each death"),
    question=_("How many hand-overs of naloxone were there in twelve months for each death by opioid overdose in the area?"),
    unit=_("per death"),
    kind="ratio",
    window="rolling_12_months",
    asked="year",
    group="naloxone",
    numerator=Records("naloxone.supply", _("Hand-overs of naloxone in twelve months")),
    denominator=Deaths(_("deaths by opioid overdose, counted by others")),
    level=Level.TARGETED_AREA,
    by_site=False,
    source="Morbidity and Mortality Weekly Report 2020;69:1117",
    source_status="verified",
    trap=_("Deaths are those of exactly these twelve months. Counts of twelve months that end with each month overlap and are never added."),
    edge_cases=(_("No death: not computable, neither 0 nor without end."), _("Deaths not entered, or hidden by their source: no data."), _("Somebody without a code who comes twice is two hand-overs.")),
    example=Example("domain/naloxone.md, worked example 4, a seventieth", "2026Q3", NALOXONE_GIVEN, "12.0", 12, 1, people_behind=12, deaths=1),
)
