"""Women’s share of needles and syringes."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import gets, tells
from handrail.insight.models import Level
from handrail.insight.spec import KNOWN_GENDERS, NEEDLES, Among, Example, Indicator, Sum

INDICATOR = Indicator(
    code="WOMEN",
    variant="needles",
    name=_("Women’s share of needles and syringes"),
    question=_("Of the needles and syringes that went to people whose gender is known, how many went to women?"),
    unit=_("%"),
    kind="percent",
    numerator=Among(Sum(NEEDLES, "quantity", _("needles and syringes"), as_needles=True), ("female",), _("needles and syringes of women")),
    denominator=Among(Sum(NEEDLES, "quantity", _("needles and syringes"), as_needles=True), KNOWN_GENDERS, _("needles and syringes of people whose gender is known")),
    level=Level.SERVICE,
    beside=(Among(Sum(NEEDLES, "quantity", _("needles and syringes"), as_needles=True), ("unknown",), _("needles and syringes of people whose gender is not known or who have no code, left out")),),
    source="Handrail; domain/exchange.md 8",
    source_status="handrail",
    trap=_("Only of people with a code who said their gender. Look at how many are left out."),
    edge_cases=(
        _("Whoever says trans or another is counted as other, in the number below the line."),
        _("Gender is as last said before the period ends."),
    ),
    example=Example("counted by hand", "2026Q3", (
            tells("A", "2026-07-01", gender=["female"]), tells("B", "2026-07-01", gender=["male"]), tells("C", "2026-07-01", gender=["diverse"]), gets("A", "2026-08-01", 30),
            gets("B", "2026-08-01", 50), gets("B", "2026-08-02", 10), gets("C", "2026-08-01", 10), gets("D", "2026-08-01", 70), gets("", "2026-08-01", 60, people=6),
        ), "30.0", 30, 100, people_behind=1),
)
