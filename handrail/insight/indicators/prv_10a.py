"""WHO PRV.10 (a): needles and syringes for each person who injects and came."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.breakdowns import D1
from handrail.insight.examples import FOUR_LEVELS, FOUR_LEVELS_SIZE
from handrail.insight.models import Level
from handrail.insight.spec import NEEDLES, SHARES, Contacts, Example, Indicator, People, Sum

INDICATOR = Indicator(
    code="PRV.10",
    variant="a",
    name=_("Syringes per person who came"),
    question=_("How many needles and syringes were given in 12 months, for each person who injects and had any service here?"),
    unit=_("per person"),
    kind="ratio",
    window="rolling_12_months",
    asked="year",
    group="syringes_per_person",

    numerator=Sum(NEEDLES, "quantity", _("Needles and syringes given at these sites"), as_needles=True),
    denominator=People(_("people who inject and had any service"), injects="yes"),
    level=Level.SERVICE,
    breakdowns=D1,
    beside=(Contacts(_("people without a code who picked up, counted at each contact"), without_code=True, picked_up=True), People(_("people whose own answer about injecting is not known, left out"), injects="unknown"), *SHARES),
    source="WHO, Consolidated guidelines on person-centred HIV strategic information, 2022, p. 303",
    source_status="verified",
    trap=_("The same syringes divided by an estimate give a number ten times smaller. Say which one it is."),
    edge_cases=(
        _("Needles given to people without a code are in the numerator; the people are not in the denominator."),
        _("What was sold in our pharmacies is in it; both shares stand beside it."),
        _("A detachable barrel counts as one, a detachable needle as none."),
        _("Less than 12 months of records: the sum of what there is, not stretched to a year."),
    ),
    example=Example("domain/indicators.md, worked example 1, a hundredth", "2026Q3", FOUR_LEVELS, "120.0", 1800, 15, people_behind=9, sizes=FOUR_LEVELS_SIZE),
)
