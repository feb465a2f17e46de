"""HR-NAL-12: days from an overdose to its report, on average."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import overdoses
from handrail.insight.spec import Example, Indicator, Records, Waited, only

INDICATOR = Indicator(
    code="HR-NAL-12",
    name=_("Days until an overdose is told"),
    question=_("How many days pass between an overdose and its report, on average?"),
    unit=_("days"),
    kind="ratio",
    group="naloxone",
    numerator=Waited("naloxone.reversal", "received_on", _("Days from the overdose to its report"), where=only(outcome=("recovered", "alive_handed_over", "died", "unknown"))),
    denominator=Records("naloxone.reversal", _("reports with the day they came in"), where=only(outcome=("recovered", "alive_handed_over", "died", "unknown")), said="received_on"),
    source="Handrail; domain/naloxone.md 10",
    source_status="handrail",
    trap=_("Somebody who knows only the month makes it uncertain. The middle stands on the naloxone page."),
    edge_cases=(_("A day of report before the overdose counts as none waited."),),
    example=Example(
        "counted by hand", "2026Q3",
        (overdoses("2026-07-01", received_on="2026-07-01"), overdoses("2026-07-02", received_on="2026-07-12"), overdoses("2026-08-01", received_on="2026-08-06"), overdoses("2026-08-02")),
        "5.0", 15, 3, people_behind=3,
    ),
)
