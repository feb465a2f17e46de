"""UNAIDS GAM 1.6C, part II: people reached with prevention, of all estimated to inject in the country."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import REACHED, REACHED_SIZE
from handrail.insight.models import Level
from handrail.insight.spec import Estimate, Example, Indicator, Package

INDICATOR = Indicator(
    code="GAM 1.6C",
    variant="II",
    name=_("Reached with prevention, of people in the country"),
    question=_("Of all people estimated to inject in the country, how many had everything of the defined package here in 12 months?"),
    unit=_("%"),
    kind="percent",
    window="rolling_12_months",
    asked="year",
    numerator=Package(_("people who inject and had everything of the defined package")),
    denominator=Estimate("pwid", Level.COUNTRY, _("people who inject in the country, estimated")),
    level=Level.COUNTRY,
    by_site=False,
    source="UNAIDS, Global AIDS Monitoring 2023, indicator 1.6C, part II",
    source_status="verified",
    trap=_("Part I comes from a survey and is not computed from records. From one programme this is its share of the country."),
    edge_cases=(
        _("No estimate for the country: no data, not 0."),
        _("What the package is made of is set by the programme, from a day on; a number uses what held on the last day of its period."),
    ),
    example=Example("counted by hand", "2026Q3", REACHED, "5.0", 2, 40, people_behind=2, sizes=REACHED_SIZE),
)
