"""WHO PRV.8 (a): of the people who inject and came, how many picked up needles or syringes."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.breakdowns import D1
from handrail.insight.examples import FIVE_PEOPLE, FIVE_PEOPLE_SIZE
from handrail.insight.models import Level
from handrail.insight.spec import Contacts, Example, Indicator, People

INDICATOR = Indicator(
    code="PRV.8",
    variant="a",
    name=_("Needle and syringe coverage, of people who came"),
    question=_("Of the people who inject and had any service here this quarter, how many picked up needles or syringes?"),
    unit=_("%"),
    kind="percent",
    numerator=People(_("people who inject and picked up at least once"), picked_up=True, injects="yes"),
    denominator=People(_("people who inject and had any service"), injects="yes"),
    level=Level.SERVICE,
    breakdowns=D1,
    beside=(Contacts(_("people without a code who picked up, counted at each contact"), without_code=True, picked_up=True), People(_("people whose own answer about injecting is not known, left out"), injects="unknown")),
    source="WHO, Consolidated guidelines on person-centred HIV strategic information, 2022, p. 301",
    source_status="verified",
    trap=_("Divides by people who came, not by people who live here: near 100 % says nothing about how many were never met."),
    edge_cases=(
        _("Somebody who was only tested is in the denominator."),
        _("People without a code are shown beside and are in neither part."),
        _("Somebody whose answer about injecting is unknown, or older than a year, is in neither part."),
        _("Nobody came: not computable."),
    ),
    example=Example("domain/exchange.md, worked example 3", "2026Q1", FIVE_PEOPLE, "80.0", 4, 5, people_behind=4, sizes=FIVE_PEOPLE_SIZE),
)
