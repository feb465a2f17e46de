"""HR-NAL-07: kits of twelve months for each 100,000 people who live in the area."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import NALOXONE_GIVEN
from handrail.insight.kits import KITS
from handrail.insight.models import Level
from handrail.insight.spec import Estimate, Example, Indicator

INDICATOR = Indicator(
    code="HR-NAL-07",
    name=_("Kits for 100,000 people"),
    question=_("How many kits were handed out in twelve months for each 100,000 people who live in the area?"),
    unit=_("per 100,000"),
    kind="ratio",
    per=100_000,
    window="rolling_12_months",
    asked="year",
    group="naloxone",
    numerator=KITS,
    denominator=Estimate("everybody", Level.TARGETED_AREA, _("people who live there")),
    level=Level.TARGETED_AREA,
    by_site=False,
    source="Handrail; domain/naloxone.md 10",
    source_status="handrail",
    trap=_("Of this programme alone: others may hand out kits in the same area."),
    edge_cases=(_("No estimate for an area: no data, not 0."),),
    example=Example(
        "counted by hand", "2026Q3", NALOXONE_GIVEN, "25.0", 15, 60_000, people_behind=12, sizes={Level.TARGETED_AREA: 60_000}, population="everybody",
    ),
)
