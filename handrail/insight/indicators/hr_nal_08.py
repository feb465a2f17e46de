"""HR-NAL-08: reversals reported for each hundred kits handed out."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import FIVE_REPORTS, NALOXONE_GIVEN, overdoses
from handrail.insight.kits import KITS
from handrail.insight.spec import Example, Indicator, Records, only

INDICATOR = Indicator(
    code="HR-NAL-08",
    name=_("Reversals reported for 100 kits"),
    question=_("For each hundred kits handed out, how many overdoses were reported in which naloxone was used?"),
    unit=_("per 100 kits"),
    kind="ratio",
    per=100,
    group="naloxone",
    numerator=Records(
        "naloxone.reversal", _("Overdoses reported in which naloxone was used"),
        where=only(naloxone_available="used", outcome=("recovered", "alive_handed_over", "died", "unknown")),
    ),
    denominator=KITS,
    source="Handrail; domain/naloxone.md 10",
    source_status="handrail",
    trap=_("Always less than what happened: most reversals are never told to anybody. It measures telling as much as using."),
    edge_cases=(_("No kit handed out: not computable."),),
    example=Example(
        "counted by hand", "2026Q3",
        (*NALOXONE_GIVEN, *FIVE_REPORTS, *(overdoses(f"2026-08-0{n}", naloxone_available="used") for n in (1, 2, 3)), overdoses("2026-08-05", naloxone_available="absent")),
        "20.0", 3, 15, people_behind=3,
    ),
)
