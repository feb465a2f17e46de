"""HR-NAL-04: people given naloxone for each death by opioid overdose in the area."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import NALOXONE_GIVEN, gets_kits
from handrail.insight.models import Level
from handrail.insight.spec import Deaths, Example, Indicator, Records

INDICATOR = Indicator(
    code="HR-NAL-04",
    name=_("People given naloxone for each death"),
    question=_("How many people were given naloxone in twelve months for each death by opioid overdose in the area?"),
    unit=_("per death"),
    version=2,
    kind="ratio",
    window="rolling_12_months",
    asked="year",
    group="naloxone",
    numerator=Records("naloxone.supply", _("People given naloxone in twelve months: those with a code once, and each hand-over without one"), who="once"),
    denominator=Deaths(_("deaths by opioid overdose, counted by others")),
    level=Level.TARGETED_AREA,
    by_site=False,
    source="Morbidity and Mortality Weekly Report 2020;69:1117",
    source_status="verified",
    trap=_("Deaths are those of exactly these twelve months. Counts of twelve months that end with each month overlap and are never added."),
    edge_cases=(
        _("No death: not computable, neither 0 nor without end."), _("Deaths not entered, or hidden by their source: no data."), _("Somebody with a code who comes again counts once. Somebody without a code who comes twice counts twice: nobody knows it is the same person."),
        _("Kits out of a box, or written down as equipment, are in the doses for each death and not here."),
    ),
    example=Example(
        "domain/naloxone.md, worked example 4, a seventieth, and two who came again", "2026Q3",
        (*NALOXONE_GIVEN, gets_kits("A", "2026-09-20", 2, supply_type="repeat"), gets_kits("A", "2026-09-21"), gets_kits("B", "2026-07-30")), "12.0", 12, 1,
        people_behind=12, deaths=1,
    ),
)
