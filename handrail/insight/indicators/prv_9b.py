"""WHO PRV.9 (b): of the people who inject and came, how many picked up regularly: at least once a month on average."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.breakdowns import D1_PEOPLE
from handrail.insight.examples import FIVE_PEOPLE
from handrail.insight.models import Level
from handrail.insight.spec import Contacts, Example, Indicator, People, Regular

INDICATOR = Indicator(
    code="PRV.9",
    variant="b",
    name=_("Regular pick-up, once a month on average"),
    question=_("Of the people who inject and had any service here this quarter, how many picked up needles or syringes at least once a month on average?"),
    unit=_("%"),
    kind="percent",
    numerator=Regular(_("people who inject and picked up at least once a month on average"), "monthly"),
    denominator=People(_("people who inject and had any service"), injects="yes"),
    level=Level.SERVICE,
    breakdowns=D1_PEOPLE,
    by_site=False,
    beside=(Contacts(_("people without a code who picked up, counted at each contact"), without_code=True, picked_up=True), People(_("people whose own answer about injecting is not known, left out"), injects="unknown")),
    source="WHO, Consolidated guidelines on person-centred HIV strategic information, 2022, p. 302",
    source_status="verified",
    trap=_("There are two variants with very different answers. Always say which; never compare one with the other."),
    edge_cases=(
        _("Pick-ups ÷ whole calendar months: three times in one week counts as once a month."),
        _("Somebody may pick up at a different site each time."),
        _("Several lines handed out at one visit are one pick-up."),
    ),
    example=Example("domain/exchange.md, worked example 3", "2026Q1", FIVE_PEOPLE, "60.0", 3, 5, people_behind=3),
)
