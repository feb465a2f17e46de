"""Needles and syringes given."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.breakdowns import D1
from handrail.insight.examples import ONE_EVENT, gets
from handrail.insight.spec import NEEDLES, Example, Indicator, Sum

INDICATOR = Indicator(
    code="NEEDLES-GIVEN",
    name=_("Needles and syringes given"),
    question=_("How many needles and syringes were given this quarter?"),
    unit=_("needles and syringes"),
    kind="count",
    decimals=0,
    group="counts",
    numerator=Sum(NEEDLES, "quantity", _("Needles and syringes given at these sites"), as_needles=True),
    breakdowns=D1,
    source="Handrail; counting rules of domain/indicators.md 1",
    source_status="handrail",
    trap=_("Only what the catalogue counts: a syringe or barrel is one, a loose needle none, filters and water none."),
    edge_cases=(
        _("Given for others to pass on counts in full."),
        _("A corrected quantity replaces the first one."),
    ),
    example=Example("domain/exchange.md, worked example 6", "2026Q3", (*ONE_EVENT, gets("A", "2026-09-06", 10)), "260", 260, people_behind=101),
)
