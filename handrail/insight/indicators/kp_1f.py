"""Global Fund KP-1f: people in closed settings who got the defined package."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import HELD, REACHED
from handrail.insight.spec import Example, Indicator, Package

INDICATOR = Indicator(
    code="KP-1f",
    name=_("People in prison reached with the defined package"),
    question=_("How many people had everything of the defined package at places where people are held?"),
    unit=_("people"),
    kind="count",
    decimals=0,
    asked="half-year or year",
    closed=True,
    numerator=Package(_("people who had everything of the defined package where they are held"), injects="any", closed=True),
    source="The Global Fund, Modular Framework 2022, indicator KP-1f",
    source_status="verified",
    trap=_("Everybody held there, whether they inject or not. A small prison shows nothing: its number is hidden."),
    edge_cases=(
        _("Prisons, remand prisons, police cells, juvenile detention and compulsory centres."),
        _("What somebody had outside does not count towards it."),
    ),
    example=Example("counted by hand", "2026Q3", REACHED, "3", 3, people_behind=3, place=HELD),
)
