"""People reached: how many different people with a code had any service."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.breakdowns import D1
from handrail.insight.examples import FIVE_PEOPLE, gets
from handrail.insight.spec import Contacts, Example, Indicator, People

INDICATOR = Indicator(
    code="PEOPLE-REACHED",
    name=_("People reached"),
    question=_("How many different people with a code had any service this quarter?"),
    unit=_("people"),
    kind="count",
    decimals=0,
    group="counts",
    numerator=People(_("Different people with a code who had any service")),
    beside=(Contacts(_("people without a code, counted at each contact"), without_code=True),),
    breakdowns=D1,
    source="Handrail; counting rules of domain/indicators.md 1",
    source_status="handrail",
    trap=_("Never add up quarters or sites: the same person may be in both."),
    edge_cases=(
        _("Somebody who came to two sites is one person for the organisation, and one at each site."),
        _("A contact without a code is shown beside and is nobody here."),
        _("Getting a card alone is not a service."),
    ),
    example=Example("domain/exchange.md, worked example 3, with example 6 beside", "2026Q1", (*FIVE_PEOPLE, gets("", "2026-02-02", 250, people=100)), "5", 5, people_behind=5),
)
