"""WHO PRV.1: condoms given and sold, external and internal apart."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import takes
from handrail.insight.spec import NEEDLES, Example, Indicator, Sum

INDICATOR = Indicator(
    code="PRV.1",
    name=_("Condoms"),
    question=_("How many condoms were given or sold in 12 months?"),
    unit=_("condoms"),
    kind="count",
    decimals=0,
    window="rolling_12_months",
    asked="year",
    numerator=Sum(NEEDLES, "quantity", _("Condoms given or sold"), items=("external_condoms", "internal_condoms")),
    breakdowns=("condom", "provider_type", "setting", "area"),
    beside=(Sum(NEEDLES, "quantity", _("of these, sold in pharmacies"), items=("external_condoms", "internal_condoms"), sold="only"),),
    source="WHO, Consolidated guidelines on person-centred HIV strategic information, 2022, p. 291",
    source_status="verified",
    trap=_("Condoms, not people and not packs. Lubricant is not in it."),
    edge_cases=(
        _("Which items of the catalogue are condoms is set by the programme; a kit counts by what is in it."),
        _("What was taken from a box or a machine counts."),
    ),
    example=Example(
        "counted by hand", "2026Q3",
        (takes("A", "2026-07-01", condoms=30, internal=4, lubricant=9), takes("", "2025-10-01", condoms=100, people=50), takes("B", "2025-09-30", condoms=7), takes("C", "2026-09-30", condoms=12, channel="pharmacy")),
        "146", 146, people_behind=52,
    ),
)
