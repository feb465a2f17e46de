"""EU drugs agency ST10: syringes of the needle programme in a year."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import FOUR_LEVELS, PHARMACY_SALES
from handrail.insight.spec import NEEDLES, Example, Indicator, Sum

INDICATOR = Indicator(
    code="ST10",
    variant="syringes",
    name=_("Syringes, for Europe"),
    question=_("How many syringes did the programme give in 12 months, without pharmacy sales?"),
    unit=_("syringes"),
    kind="count",
    decimals=0,
    window="rolling_12_months",
    asked="year",
    numerator=Sum(NEEDLES, "quantity", _("Needles and syringes given at these sites, without pharmacy sales"), as_needles=True, sold="no"),
    breakdowns=("area",),
    source="EMCDDA, standard table 10 on syringes, as described in the Harm Reduction Journal, 2017",
    source_status="verified",
    trap=_("The table also asks what share of programmes reported: a release says how many of our places did."),
    edge_cases=(
        _("Pharmacy sales are left out: visits whose channel is a pharmacy."),
    ),
    example=Example("domain/exchange.md, worked example 4, a hundredth", "2026Q3", (*FOUR_LEVELS, *PHARMACY_SALES), "1800", 1800, people_behind=9),
)
