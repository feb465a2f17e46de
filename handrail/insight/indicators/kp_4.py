"""Global Fund KP-4: needles and syringes for each person who injects and was reached by the programme."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import FOUR_LEVELS, FOUR_LEVELS_SIZE, PHARMACY_SALES
from handrail.insight.models import Level
from handrail.insight.spec import NEEDLES, Contacts, Example, Indicator, People, Sum

INDICATOR = Indicator(
    code="KP-4",
    variant="",
    version=2,
    name=_("Syringes per person reached"),
    question=_("How many needles and syringes were given in 12 months, for each person who injects and picked up at least once?"),
    unit=_("per person"),
    kind="ratio",
    window="rolling_12_months",
    asked="year",
    group="syringes_per_person",

    numerator=Sum(NEEDLES, "quantity", _("Needles and syringes given at these sites, without pharmacy sales"), as_needles=True, sold="no"),
    denominator=People(_("people who inject and picked up at least once"), picked_up=True, injects="yes", sold="no"),
    level=Level.SERVICE,
    beside=(Contacts(_("people without a code who picked up, counted at each contact"), without_code=True, picked_up=True, sold="no"), People(_("people who picked up and whose own answer about injecting is not known, left out"), picked_up=True, injects="unknown", sold="no")),
    source="The Global Fund, Modular Framework 2022, indicator KP-4",
    source_status="verified",
    trap=_("The smallest denominator of all, so the largest number. It is not GAM 1.9 and meets no national target."),
    edge_cases=(
        _("Needles given to people without a code are in the numerator; the people are not in the denominator."),
        _("A detachable barrel counts as one, a detachable needle as none."),
        _("Pharmacy sales are left out, and so are people who only bought in a pharmacy."),
        _("Nobody with a code picked up: not computable, even when many syringes were given."),
    ),
    example=Example("domain/exchange.md, worked example 4, a hundredth", "2026Q3", (*FOUR_LEVELS, *PHARMACY_SALES), "200.0", 1800, 9, people_behind=9, sizes=FOUR_LEVELS_SIZE),
)
