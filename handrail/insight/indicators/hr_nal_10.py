"""HR-NAL-10: an ambulance was called."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import FIVE_REPORTS
from handrail.insight.spec import Example, Indicator, Records, only

INDICATOR = Indicator(
    code="HR-NAL-10",
    name=_("An ambulance was called"),
    question=_("At how many of the reported overdoses was an ambulance called?"),
    unit=_("%"),
    kind="percent",
    group="naloxone",
    numerator=Records("naloxone.reversal", _("An ambulance was called"), where=only(emergency_called="yes", outcome=("recovered", "alive_handed_over", "died", "unknown"))),
    denominator=Records("naloxone.reversal", _("overdoses where somebody knows whether one was called"), where=only(emergency_called=("yes", "no"), outcome=("recovered", "alive_handed_over", "died", "unknown"))),
    beside=(Records("naloxone.reversal", _("nobody knows whether one was called"), where=only(emergency_called="unknown", outcome=("recovered", "alive_handed_over", "died", "unknown"))),),
    source="Handrail; domain/naloxone.md 10",
    source_status="handrail",
    trap=_("Not calling can be the safer choice where police come along. Look at why before asking people to call more."),
    edge_cases=(_("Not known is in neither part, and stands beside."), _("What was no overdose is in neither part.")),
    example=Example("domain/naloxone.md, worked example 2", "2026Q3", FIVE_REPORTS, "75.0", 3, 4, people_behind=3),
)
