"""HR-NAL-03: repeat supplies because a kit was used."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import gets_kits
from handrail.insight.spec import Example, Indicator, Records, only

INDICATOR = Indicator(
    code="HR-NAL-03",
    name=_("Another kit because one was used"),
    question=_("Of those who had a kit before, how many needed another because it was used?"),
    unit=_("%"),
    kind="percent",
    group="naloxone",
    numerator=Records(
        "naloxone.supply", _("Hand-overs because a kit was used"),
        where=only(supply_type="repeat", repeat_reason=("used_on_self", "used_on_other", "used_unknown")),
    ),
    denominator=Records("naloxone.supply", _("hand-overs to people who had one before"), where=only(supply_type="repeat")),
    source="Public Health Scotland, National Naloxone Programme: 25 to 27 % in 2016 to 2019",
    source_status="verified",
    trap=_("Not a number of lives saved: it is what people say when they come for another."),
    edge_cases=(_("Nobody said why: in the number of all, not in that of the used."),),
    example=Example(
        "domain/naloxone.md 10, counted by hand", "2026Q3",
        (
            gets_kits("A", "2026-07-01", supply_type="first"), gets_kits("A", "2026-07-20", supply_type="repeat", repeat_reason="used_on_other"),
            gets_kits("", "2026-08-01", supply_type="repeat", repeat_reason="lost"), gets_kits("", "2026-08-02", supply_type="repeat", repeat_reason="not_said"),
            gets_kits("", "2026-08-03", supply_type="repeat"),
        ),
        "25.0", 1, 4, people_behind=1,
    ),
)
