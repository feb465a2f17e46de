"""Kenya 731+: people who inject and received as many needles and syringes as they needed."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import gets, needs, says
from handrail.insight.spec import Example, Indicator, People, only

INDICATOR = Indicator(
    code="KE 731+",
    variant="per_need",
    name=_("Needles and syringes as needed, Kenya"),
    question=_("How many people who inject received as many needles and syringes as they said they need?"),
    unit=_("people"),
    kind="count",
    decimals=0,
    asked="month",
    numerator=People(_("people who inject, all of whose needs were met"), injects="yes", had="exchange.need", where=only(unmet=0), always=only(unmet=0)),
    breakdowns=("area",),
    source="Kenya, MOH 731 plus, after the report builder of kenyakeypop",
    source_status="verified",
    trap=_("Only of people who were asked what they need. Nobody has to say."),
    edge_cases=(
        _("Somebody who went with fewer than needed even once in the month is not in it."),
        _("More than needed is as needed."),
    ),
    example=Example(
        "counted by hand", "2026-08",
        (
            *(says(who, "2026-07-01") for who in "ABC"), needs("A", "2026-08-01", 30, 30), needs("A", "2026-08-15", 30, 40), needs("B", "2026-08-01", 30, 30),
            needs("B", "2026-08-02", 30, 20), needs("C", "2026-09-01", 30, 30), needs("D", "2026-08-01", 10, 10), gets("C", "2026-08-01", 5),
        ),
        "1", 1, people_behind=1,
    ),
)
