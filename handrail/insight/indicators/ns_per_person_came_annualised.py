"""Syringes per person who came, stretched to a year."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import FIVE_PEOPLE
from handrail.insight.models import Level
from handrail.insight.spec import NEEDLES, Contacts, Example, Indicator, People, Sum

INDICATOR = Indicator(
    code="NS-PER-PERSON-CAME",
    variant="annualised",
    name=_("Syringes per person who came, stretched to a year"),
    question=_("If the whole year went like this quarter: how many needles and syringes for each person who injects and had any service here?"),
    unit=_("per person"),
    kind="ratio",
    annualised=True,
    group="syringes_this_quarter",
    numerator=Sum(NEEDLES, "quantity", _("Needles and syringes given at these sites"), as_needles=True),
    denominator=People(_("people who inject and had any service"), injects="yes"),
    level=Level.SERVICE,
    beside=(Contacts(_("people without a code who picked up, counted at each contact"), without_code=True, picked_up=True), People(_("people whose own answer about injecting is not known, left out"), injects="unknown")),
    source="Handrail; domain/exchange.md 9",
    source_status="handrail",
    trap=_("Annualised: this quarter's number times 365 ÷ its days. It happened to nobody; over a year other people come too."),
    edge_cases=(
        _("Needles given to people without a code, or taken from a box, are in the numerator; the people are not in the denominator."),
        _("How barrels and loose needles are counted is a setting."),
        _("The quarter still runs: what is missing of it counts as nothing given."),
    ),
    example=Example("domain/exchange.md, worked example 3", "2026Q1", FIVE_PEOPLE, "275.8", 340, 5, people_behind=4),
)
