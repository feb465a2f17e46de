"""Syringes this quarter per person who picked up."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import FIVE_PEOPLE
from handrail.insight.models import Level
from handrail.insight.spec import NEEDLES, Contacts, Example, Indicator, People, Sum

INDICATOR = Indicator(
    code="NS-PER-PERSON-REACHED",
    variant="",
    name=_("Syringes this quarter per person who picked up"),
    question=_("How many needles and syringes were given this quarter, for each person who injects and picked up at least once?"),
    unit=_("per person"),
    kind="ratio",
    group="syringes_this_quarter",
    numerator=Sum(NEEDLES, "quantity", _("Needles and syringes given at these sites"), as_needles=True),
    denominator=People(_("people who inject and picked up at least once"), picked_up=True, injects="yes"),
    level=Level.SERVICE,
    beside=(Contacts(_("people without a code who picked up, counted at each contact"), without_code=True, picked_up=True), People(_("people who picked up and whose own answer about injecting is not known, left out"), picked_up=True, injects="unknown")),
    source="Handrail; domain/exchange.md 9",
    source_status="handrail",
    trap=_("A quarter's number, with the smallest denominator. KP-4 asks for twelve months."),
    edge_cases=(
        _("Needles given to people without a code, or taken from a box, are in the numerator; the people are not in the denominator."),
        _("How barrels and loose needles are counted is a setting."),
    ),
    example=Example("domain/exchange.md, worked example 3", "2026Q1", FIVE_PEOPLE, "85.0", 340, 4, people_behind=4),
)
