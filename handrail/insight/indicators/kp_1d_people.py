"""Global Fund KP-1d, its numerator by age and gender: an estimate of everybody cannot be told apart."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.breakdowns import D3
from handrail.insight.examples import REACHED
from handrail.insight.spec import Example, Indicator, Package

INDICATOR = Indicator(
    code="KP-1d",
    variant="people",
    name=_("People reached with the defined package"),
    question=_("How many people who inject had everything of the defined package in the period?"),
    unit=_("people"),
    kind="count",
    decimals=0,
    asked="half-year or year",
    numerator=Package(_("people who inject and had everything of the defined package")),
    breakdowns=(*D3, "gender"),
    source="The Global Fund, Modular Framework 2022, indicator KP-1d, numerator",
    source_status="verified",
    trap=_("The number above the line of KP-1d. It says nothing about how many were not reached."),
    edge_cases=(
        _("What the package is made of is set by the programme, from a day on; a number uses what held on the last day of its period."),
        _("Several visits of the period together may make up the package."),
        _("Somebody whose answer about injecting is unknown is not in it."),
    ),
    example=Example("counted by hand", "2026Q3", REACHED, "2", 2, people_behind=2),
)
