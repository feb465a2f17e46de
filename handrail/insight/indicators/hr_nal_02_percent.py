"""HR-NAL-02: reach in percent, first supplies to people at risk since the programme began."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import gets_kits
from handrail.insight.models import Level
from handrail.insight.spec import Estimate, Example, Indicator, Records, only

INDICATOR = Indicator(
    code="HR-NAL-02",
    variant="%",
    name=_("People at risk who ever had a kit, in percent"),
    question=_("Of the people at risk of an opioid overdose, how many in a hundred were ever given a first kit?"),
    unit=_("%"),
    kind="percent",
    window="ever",
    group="naloxone",
    numerator=Records(
        "naloxone.supply", _("First kits to people at risk, since the programme began"), where=only(supply_type="first", recipient_kind="person_at_risk"),
    ),
    denominator=Estimate("at_risk_of_overdose", Level.TARGETED_AREA, _("people at risk of an opioid overdose, estimated")),
    level=Level.TARGETED_AREA,
    by_site=False,
    source="Public Health Scotland, National Naloxone Programme; the number of people at risk there is inferred from its published rate",
    source_status="secondary",
    trap=_("A first kit is what somebody says is their first. Kits given again never change it; kits to family and friends are not in it."),
    edge_cases=(_("Whether it is a first kit and nobody knows: not counted."), _("No estimate for an area: no data, not 0."), _("More first kits than people at risk: over 100 %, shown as it is; the estimate is too low.")),
    example=Example(
        "domain/naloxone.md, worked example 3, as small as can be", "2026Q3",
        (
            gets_kits("A", "2026-01-05", supply_type="first"), gets_kits("", "2026-07-05", 2, supply_type="first"), gets_kits("", "2026-07-06", supply_type="first"),
            gets_kits("A", "2026-07-07", 3, supply_type="repeat", repeat_reason="lost"), gets_kits("", "2026-07-08", supply_type="first", recipient_kind="family_or_friend"),
            gets_kits("", "2026-07-09"), gets_kits("", "2026-10-01", supply_type="first"),
        ),
        "37.5", 3, 8, people_behind=3, sizes={Level.TARGETED_AREA: 8}, population="at_risk_of_overdose",
    ),
)
