"""HR-NAL-06: naloxone available at overdoses that somebody saw begin."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import overdoses
from handrail.insight.spec import Example, Indicator, Records, only

INDICATOR = Indicator(
    code="HR-NAL-06",
    name=_("Naloxone was there when somebody saw it"),
    question=_("Of the overdoses that somebody saw begin, at how many was naloxone there?"),
    unit=_("%"),
    kind="percent",
    group="naloxone",
    numerator=Records(
        "naloxone.reversal", _("Overdoses seen, with naloxone there"),
        where=only(witnessed_onset="yes", naloxone_available=("used", "present_not_needed", "present_not_used"), outcome=("recovered", "alive_handed_over", "died", "unknown")),
    ),
    denominator=Records(
        "naloxone.reversal", _("overdoses seen, where somebody knows whether it was there"),
        where=only(
            witnessed_onset="yes", naloxone_available=("used", "present_not_needed", "present_not_used", "absent"), outcome=("recovered", "alive_handed_over", "died", "unknown"),
        ),
    ),
    beside=(
        Records("naloxone.reversal", _("seen, and nobody knows whether it was there"), where=only(witnessed_onset="yes", naloxone_available="unknown")),
    ),
    source="Irvine 2022, Lancet Public Health: at 80 % of overdoses that somebody sees, with kits of two doses",
    source_status="verified",
    trap=_("Of what is reported. Whoever reports has naloxone more often than whoever does not."),
    edge_cases=(_("Nobody saw it begin, or nobody knows: in neither part."),),
    example=Example(
        "domain/naloxone.md, worked example 5, a quarter of it", "2026Q3",
        (
            *(overdoses(f"2026-07-{1 + n % 28:02}", witnessed_onset="yes", naloxone_available="used" if n % 2 else "present_not_used") for n in range(37)),
            *(overdoses(f"2026-08-{1 + n:02}", outcome="died", witnessed_onset="yes", naloxone_available="absent") for n in range(13)),
            overdoses("2026-08-20", witnessed_onset="yes"), overdoses("2026-08-21", witnessed_onset="no", naloxone_available="used"),
        ),
        "74.0", 37, 50, people_behind=37,
    ),
)
