"""HR-NAL-11: doses of naloxone in one overdose, on average."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import FIVE_REPORTS
from handrail.insight.spec import Example, Indicator, Records, Sum, only

INDICATOR = Indicator(
    code="HR-NAL-11",
    name=_("Doses in one overdose"),
    question=_("How many doses of naloxone were given in one reported overdose, on average?"),
    unit=_("doses"),
    kind="ratio",
    group="naloxone",
    numerator=Sum("naloxone.reversal", "doses_total", _("Doses given"), where=only(outcome=("recovered", "alive_handed_over", "died", "unknown"))),
    denominator=Records("naloxone.reversal", _("reported overdoses of which somebody knows the doses"), where=only(outcome=("recovered", "alive_handed_over", "died", "unknown")), said="doses_total"),
    source="Handrail; domain/naloxone.md 10",
    source_status="handrail",
    trap=_("The mean, which a few long rescues pull up. The middle and the nine of ten stand on the naloxone page and are in no release: of few reports they are the answer of one."),
    edge_cases=(_("No dose is 0 and counts; not known does not."),),
    example=Example("domain/naloxone.md, worked example 2", "2026Q3", FIVE_REPORTS, "1.8", 9, 5, people_behind=5),
)
