"""PEPFAR KP_PREV: people who inject, reached with prevention and offered an HIV test."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import KP_PREV
from handrail.insight.spec import Contacts, Example, Indicator, Prevented

INDICATOR = Indicator(
    code="KP_PREV",
    name=_("Reached with prevention, PEPFAR"),
    question=_("How many people who inject were offered an HIV test, unless known positive, and had another listed service in PEPFAR’s half-year?"),
    unit=_("people"),
    kind="count",
    decimals=0,
    window="mer_half_year",
    asked="half-year from October and April",
    numerator=Prevented(_("people who inject, offered an HIV test or known positive, with another listed service")),
    breakdowns=("hiv_status",),
    beside=(Contacts(_("people without a code, counted at each contact"), without_code=True),),
    source="PEPFAR, MER indicator reference guide 2.6.1, KP_PREV; the status of the guide after 2025 is uncertain",
    source_status="verified",
    trap=_("The second half of the year leaves out whoever was counted in the first, so that both add up to the people of the year."),
    edge_cases=(
        _("Halves go from October to March and from April to September. Of a half that is not over, what there is so far."),
        _("Groups of more than 25 people do not count."),
        _("Never offered a test and not known to be positive: not counted, whatever was given."),
        _("A test that was not offered, or not needed, is no offer."),
        _("Which services are listed is our reading of the guide: needles, condoms, lubricant, a talk, a screen, a way to care."),
    ),
    example=Example("domain/indicators.md, worked example 5", "2026Q3", KP_PREV, "2", 2, people_behind=2),
)
