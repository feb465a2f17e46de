"""WHO PRV.9 (b): of the people estimated to inject in the areas served, how many picked up regularly: at least once a month on average."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import FIVE_PEOPLE, FIVE_PEOPLE_SIZE
from handrail.insight.models import Level
from handrail.insight.spec import Contacts, Estimate, Example, Indicator, Regular

INDICATOR = Indicator(
    code="PRV.9",
    variant="b, area",
    name=_("Regular pick-up once a month on average, of people in the area"),
    question=_("Of all people estimated to inject in the areas we serve, how many picked up needles or syringes at least once a month on average this quarter?"),
    unit=_("%"),
    kind="percent",
    numerator=Regular(_("people who inject and picked up at least once a month on average"), "monthly"),
    denominator=Estimate("pwid", Level.TARGETED_AREA, _("people who inject in the areas served, estimated")),
    level=Level.TARGETED_AREA,
    by_site=False,
    beside=(Contacts(_("people without a code who picked up, counted at each contact"), without_code=True, picked_up=True),),
    source="WHO, Consolidated guidelines on person-centred HIV strategic information, 2022, p. 302",
    source_status="verified",
    trap=_("As good as the estimate. Never compare it with the variant that divides by people who came."),
    edge_cases=(
        _("Pick-ups ÷ whole calendar months: three times in one week counts as once a month."),
        _("Somebody may pick up at a different site each time."),
        _("Several lines handed out at one visit are one pick-up."),
    ),
    example=Example("domain/exchange.md, worked example 3", "2026Q1", FIVE_PEOPLE, "15.0", 3, 20, people_behind=3, sizes=FIVE_PEOPLE_SIZE),
)
