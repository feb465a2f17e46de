"""EU drugs agency ST10: outreach outlets of the needle programme."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import gets
from handrail.insight.spec import Example, Indicator, Outlets

INDICATOR = Indicator(
    code="ST10",
    variant="outreach_sites",
    name=_("Outreach outlets, for Europe"),
    question=_("At how many outreach places were needles or syringes given in 12 months?"),
    unit=_("outlets"),
    kind="count",
    decimals=0,
    window="rolling_12_months",
    asked="year",
    by_site=False,
    numerator=Outlets(("vehicle", "route_stop", "event"), _("Places where needles or syringes were given or taken at least once")),
    source="EMCDDA, standard table 10 on syringes, as described in the Harm Reduction Journal, 2017",
    source_status="verified",
    trap=_("Places that are physically apart. Two records of one place would count twice."),
    edge_cases=(
        _("A place that is open and gave none is not in it."),
        _("A peer’s bag, mail, online and pharmacies are no outlets of the programme."),
    ),
    example=Example("counted by hand", "2026Q3", (gets("A", "2026-08-01", 10), gets("B", "2026-09-01", 5), gets("B", "2025-09-30", 5)), "1", 1, people_behind=0, place={"kind": "vehicle"}),
)
