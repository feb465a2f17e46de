"""Used needles and syringes that came back."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import gets, returns
from handrail.insight.spec import Example, Indicator, Sum

INDICATOR = Indicator(
    code="RETURNED",
    name=_("Used equipment back"),
    question=_("How many used needles and syringes came back this quarter?"),
    unit=_("needles and syringes"),
    kind="count",
    decimals=0,
    group="counts",
    numerator=Sum("exchange.returned", "quantity", _("Used needles and syringes that came back")),
    source="Handrail; counting rules of domain/indicators.md 1",
    source_status="handrail",
    beside=(Sum("exchange.clean_up", "quantity", _("collected by crews outside, a number of its own")),),
    trap=_("Not a return rate: more may come back than was ever given, and nobody has to bring anything."),
    edge_cases=(
        _("More back than given is normal and shown as it is."),
        _("Counted and estimated quantities are added up."),
        _("What crews collect outside is a number of its own (CLEANED-UP), so that nothing is counted twice."),
    ),
    example=Example("domain/exchange.md 5", "2026Q3", (gets("A", "2026-09-06", 10), returns("A", "2026-09-06", 40), returns("", "2026-09-07", 2)), "42", 42, people_behind=2),
)
