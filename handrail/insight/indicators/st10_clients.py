"""EU drugs agency ST10: clients of the needle programme in a year."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import FOUR_LEVELS, PHARMACY_SALES
from handrail.insight.spec import Example, Indicator, People

INDICATOR = Indicator(
    code="ST10",
    variant="clients",
    name=_("Clients, for Europe"),
    question=_("How many different people with a code picked up needles or syringes in 12 months?"),
    unit=_("people"),
    kind="count",
    decimals=0,
    window="rolling_12_months",
    asked="year",
    numerator=People(_("people who picked up at least once"), picked_up=True, sold="no"),
    breakdowns=("area",),
    source="EMCDDA, standard table 10 on syringes, as described in the Harm Reduction Journal, 2017",
    source_status="verified",
    trap=_("The table also asks what share of programmes reported: a release says how many of our places did."),
    edge_cases=(
        _("People without a code are not in it; contacts are."),
    ),
    example=Example("domain/exchange.md, worked example 4, a hundredth", "2026Q3", (*FOUR_LEVELS, *PHARMACY_SALES), "9", 9, people_behind=9),
)
