"""WHO PRV.10 (b): needles and syringes for each person estimated to inject in the areas served."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import FOUR_LEVELS, FOUR_LEVELS_SIZE
from handrail.insight.models import Level
from handrail.insight.spec import NEEDLES, SHARES, Contacts, Estimate, Example, Indicator, Sum

INDICATOR = Indicator(
    code="PRV.10",
    variant="b",
    name=_("Syringes per person in the area"),
    question=_("How many needles and syringes were given in 12 months, for each person estimated to inject in the areas we serve?"),
    unit=_("per person"),
    kind="ratio",
    window="rolling_12_months",
    asked="year",
    group="syringes_per_person",

    numerator=Sum(NEEDLES, "quantity", _("Needles and syringes given at these sites"), as_needles=True),
    denominator=Estimate("pwid", Level.TARGETED_AREA, _("people who inject in the areas served, estimated")),
    level=Level.TARGETED_AREA,
    by_site=False,
    beside=(Contacts(_("people without a code who picked up, counted at each contact"), without_code=True, picked_up=True), *SHARES),
    source="WHO, Consolidated guidelines on person-centred HIV strategic information, 2022, p. 303",
    source_status="verified",
    trap=_("Counts only what we gave; other programmes and other pharmacies in the area give too."),
    edge_cases=(
        _("Needles given to people without a code are in the numerator; the people are not in the denominator."),
        _("What was sold in our pharmacies is in it; both shares stand beside it."),
        _("A detachable barrel counts as one, a detachable needle as none."),
        _("An area of one of our sites has no estimate: no data, not 0."),
    ),
    example=Example("domain/indicators.md, worked example 1, a hundredth", "2026Q3", FOUR_LEVELS, "30.0", 1800, 60, people_behind=9, sizes=FOUR_LEVELS_SIZE),
)
