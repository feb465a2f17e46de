"""UNAIDS GAM 1.9: needles and syringes for each person estimated to inject in the country."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import FOUR_LEVELS, FOUR_LEVELS_SIZE, PHARMACY_SALES
from handrail.insight.models import Level
from handrail.insight.spec import NEEDLES, Contacts, Estimate, Example, Indicator, Sum

INDICATOR = Indicator(
    code="GAM 1.9",
    variant="",
    version=2,
    name=_("Syringes per person in the country"),
    question=_("How many needles and syringes did this programme give in 12 months, for each person estimated to inject in the country?"),
    unit=_("per person"),
    kind="ratio",
    window="rolling_12_months",
    asked="year",
    group="syringes_per_person",

    numerator=Sum(NEEDLES, "quantity", _("Needles and syringes given at these sites, without pharmacy sales"), as_needles=True, sold="no"),
    denominator=Estimate("pwid", Level.COUNTRY, _("people who inject in the country, estimated")),
    level=Level.COUNTRY,
    by_site=False,
    beside=(Contacts(_("people without a code who picked up, counted at each contact"), without_code=True, picked_up=True, sold="no"),),
    source="UNAIDS, Global AIDS Monitoring 2023, indicator 1.9",
    source_status="verified",
    trap=_("The country adds up all programmes. From one programme alone this is its share, not the country's coverage."),
    edge_cases=(
        _("Needles given to people without a code are in the numerator; the people are not in the denominator."),
        _("A detachable barrel counts as one, a detachable needle as none."),
        _("Pharmacy sales are left out: visits whose channel is a pharmacy."),
        _("No estimate for the country: no data, not 0."),
    ),
    example=Example("domain/exchange.md, worked example 4, a hundredth", "2026Q3", (*FOUR_LEVELS, *PHARMACY_SALES), "15.0", 1800, 120, people_behind=9, sizes=FOUR_LEVELS_SIZE),
)
