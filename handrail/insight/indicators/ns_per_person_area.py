"""Syringes this quarter per person in the area."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import FIVE_PEOPLE, FIVE_PEOPLE_SIZE
from handrail.insight.models import Level
from handrail.insight.spec import NEEDLES, Contacts, Estimate, Example, Indicator, Sum

INDICATOR = Indicator(
    code="NS-PER-PERSON-AREA",
    variant="",
    name=_("Syringes this quarter per person in the area"),
    question=_("How many needles and syringes were given this quarter, for each person estimated to inject in the areas we serve?"),
    unit=_("per person"),
    kind="ratio",
    group="syringes_this_quarter",
    numerator=Sum(NEEDLES, "quantity", _("Needles and syringes given at these sites"), as_needles=True),
    denominator=Estimate("pwid", Level.TARGETED_AREA, _("people who inject in the areas served, estimated")),
    level=Level.TARGETED_AREA,
    by_site=False,
    beside=(Contacts(_("people without a code who picked up, counted at each contact"), without_code=True, picked_up=True),),
    source="Handrail; domain/exchange.md 9",
    source_status="handrail",
    trap=_("A quarter's number, over an estimate. PRV.10 asks for twelve months."),
    edge_cases=(
        _("Needles given to people without a code, or taken from a box, are in the numerator; the people are not in the denominator."),
        _("How barrels and loose needles are counted is a setting."),
        _("An area of one of our sites has no estimate: no data, not 0."),
    ),
    example=Example("domain/exchange.md, worked example 3", "2026Q1", FIVE_PEOPLE, "17.0", 340, 20, people_behind=4, sizes=FIVE_PEOPLE_SIZE),
)
