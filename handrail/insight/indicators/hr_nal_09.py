"""HR-NAL-09: survived, of overdoses with a known end."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import FIVE_REPORTS
from handrail.insight.spec import Example, Indicator, Records, only

INDICATOR = Indicator(
    code="HR-NAL-09",
    name=_("Survived, of overdoses with a known end"),
    question=_("Of the reported overdoses of which somebody knows the end, how many did the person survive?"),
    unit=_("%"),
    kind="percent",
    group="naloxone",
    numerator=Records("naloxone.reversal", _("Recovered, or alive when help took over"), where=only(outcome=("recovered", "alive_handed_over"))),
    denominator=Records("naloxone.reversal", _("overdoses with a known end"), where=only(outcome=("recovered", "alive_handed_over", "died"))),
    beside=(Records("naloxone.reversal", _("nobody knows how it ended"), where=only(outcome="unknown")),),
    source="Handrail; domain/naloxone.md 10",
    source_status="handrail",
    trap=_("Deaths are reported less often than lives saved, so it looks better than it is."),
    edge_cases=(_("Not known is in neither part, and stands beside."), _("What was no overdose is in neither part.")),
    example=Example("domain/naloxone.md, worked example 2", "2026Q3", FIVE_REPORTS, "75.0", 3, 4, people_behind=3),
)
