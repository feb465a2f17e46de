"""WHO PRV.9 (a): of the people estimated to inject in the areas served, how many picked up regularly: in each 30 days."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import FIVE_PEOPLE, FIVE_PEOPLE_SIZE
from handrail.insight.models import Level
from handrail.insight.spec import Contacts, Estimate, Example, Indicator, Regular

INDICATOR = Indicator(
    code="PRV.9",
    variant="a, area",
    name=_("Regular pick-up in every 30 days, of people in the area"),
    question=_("Of all people estimated to inject in the areas we serve, how many picked up needles or syringes in each 30 days of this quarter?"),
    unit=_("%"),
    kind="percent",
    numerator=Regular(_("people who inject and picked up in each 30 days"), "each_window"),
    denominator=Estimate("pwid", Level.TARGETED_AREA, _("people who inject in the areas served, estimated")),
    level=Level.TARGETED_AREA,
    by_site=False,
    beside=(Contacts(_("people without a code who picked up, counted at each contact"), without_code=True, picked_up=True),),
    source="WHO, Consolidated guidelines on person-centred HIV strategic information, 2022, p. 302",
    source_status="verified",
    trap=_("As good as the estimate. Never compare it with the variant that divides by people who came."),
    edge_cases=(
        _("The first 30 days begin with the quarter, the next follow; a shorter rest is no window and asks nothing."),
        _("Somebody may pick up at a different site each time."),
        _("A pick-up by somebody else for them is not seen."),
    ),
    example=Example("domain/exchange.md, worked example 3", "2026Q1", FIVE_PEOPLE, "5.0", 1, 20, people_behind=1, sizes=FIVE_PEOPLE_SIZE),
)
