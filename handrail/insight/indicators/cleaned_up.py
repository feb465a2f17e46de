"""Used needles and syringes that crews collected outside."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import cleans_up, empties, returns
from handrail.insight.spec import Example, Indicator, Sum, only

INDICATOR = Indicator(
    code="CLEANED-UP",
    name=_("Collected outside"),
    question=_("How many used needles and syringes did crews collect outside this quarter?"),
    unit=_("needles and syringes"),
    kind="count",
    decimals=0,
    group="counts",
    numerator=Sum("exchange.clean_up", "quantity", _("Used needles and syringes that crews collected")),
    beside=(
        Sum(
            "exchange.safety_box", "estimated_count", _("estimated in safety boxes when they were emptied, not added"),
            where=only(state="emptied"),
        ),
    ),
    source="Handrail; domain/exchange.md 5",
    source_status="handrail",
    trap=_("It stands beside what came back and is no part of it: nobody brought it, and nobody knows who used it."),
    edge_cases=(
        _("A safety box: what was in it counts once, in the clean-up that names the box. The estimate written when it is emptied is shown beside and never added."),
        _("Brought in a bag and weighed at a counter counts as used equipment back, not here."),
        _("Counted, estimated and weighed quantities are added up."),
    ),
    example=Example(
        "counted by hand", "2026Q3",
        (cleans_up("2026-07-01", 140), cleans_up("2026-09-30", 3), cleans_up("2026-10-01", 50), empties("2026-08-01", 320), returns("", "2026-08-02", 40)),
        "143", 143, people_behind=0,
    ),
)
