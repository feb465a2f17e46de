"""HR-NAL-05: doses of naloxone for each death by opioid overdose in the area."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import NALOXONE_GIVEN
from handrail.insight.models import Level
from handrail.insight.spec import Deaths, Example, Indicator, Sum

INDICATOR = Indicator(
    code="HR-NAL-05",
    name=_("Doses of naloxone for each death"),
    question=_("How many doses of naloxone were handed out in twelve months for each death by opioid overdose in the area?"),
    unit=_("doses per death"),
    kind="ratio",
    window="rolling_12_months",
    asked="year",
    group="naloxone",
    numerator=Sum(("naloxone.supply", "exchange.dispensed", "exchange.given"), "quantity", _("Doses handed out, or taken from a box"), items=("naloxone_doses",)),
    denominator=Deaths(_("deaths by opioid overdose, counted by others")),
    level=Level.TARGETED_AREA,
    by_site=False,
    source="Morbidity and Mortality Weekly Report 2020;69:1117",
    source_status="verified",
    trap=_("Deaths are those of exactly these twelve months. Counts of twelve months that end with each month overlap and are never added."),
    edge_cases=(_("No death: not computable, neither 0 nor without end."), _("Deaths not entered, or hidden by their source: no data.")),
    example=Example("domain/naloxone.md, worked example 4, a seventieth", "2026Q3", NALOXONE_GIVEN, "33.0", 33, 1, people_behind=12, deaths=1),
)
