"""WHO PRV.9 (a): of the people who inject and came, how many picked up regularly: in each 30 days."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.breakdowns import D1_PEOPLE
from handrail.insight.examples import FIVE_PEOPLE
from handrail.insight.models import Level
from handrail.insight.spec import Contacts, Example, Indicator, People, Regular

INDICATOR = Indicator(
    code="PRV.9",
    variant="a",
    name=_("Regular pick-up, in every 30 days"),
    question=_("Of the people who inject and had any service here this quarter, how many picked up needles or syringes in each 30 days of it?"),
    unit=_("%"),
    kind="percent",
    numerator=Regular(_("people who inject and picked up in each 30 days"), "each_window"),
    denominator=People(_("people who inject and had any service"), injects="yes"),
    level=Level.SERVICE,
    breakdowns=D1_PEOPLE,
    by_site=False,
    beside=(Contacts(_("people without a code who picked up, counted at each contact"), without_code=True, picked_up=True), People(_("people whose own answer about injecting is not known, left out"), injects="unknown")),
    source="WHO, Consolidated guidelines on person-centred HIV strategic information, 2022, p. 302",
    source_status="verified",
    trap=_("There are two variants with very different answers. Always say which; never compare one with the other."),
    edge_cases=(
        _("The first 30 days begin with the quarter, the next follow; a shorter rest is no window and asks nothing."),
        _("Somebody may pick up at a different site each time."),
        _("A pick-up by somebody else for them is not seen."),
    ),
    example=Example("domain/exchange.md, worked example 3", "2026Q1", FIVE_PEOPLE, "20.0", 1, 5, people_behind=1),
)
