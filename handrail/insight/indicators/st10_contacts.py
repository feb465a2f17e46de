"""EU drugs agency ST10: contacts of the needle programme in a year."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import FOUR_LEVELS, PHARMACY_SALES
from handrail.insight.spec import Contacts, Example, Indicator

INDICATOR = Indicator(
    code="ST10",
    variant="contacts",
    name=_("Contacts, for Europe"),
    question=_("How many times did somebody pick up needles or syringes in 12 months?"),
    unit=_("contacts"),
    kind="count",
    decimals=0,
    window="rolling_12_months",
    asked="year",
    numerator=Contacts(_("people who picked up, counted at each contact"), picked_up=True, sold="no"),
    breakdowns=("area",),
    source="EMCDDA, standard table 10 on syringes, as described in the Harm Reduction Journal, 2017",
    source_status="verified",
    trap=_("The table also asks what share of programmes reported: a release says how many of our places did."),
    edge_cases=(
        _("A contact where nothing was picked up is not in it."),
    ),
    example=Example("domain/exchange.md, worked example 4, a hundredth", "2026Q3", (*FOUR_LEVELS, *PHARMACY_SALES), "9", 9, people_behind=9),
)
