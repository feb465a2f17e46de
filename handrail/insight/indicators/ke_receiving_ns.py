"""Kenya 731+: people who inject and received needles and syringes in the month."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import gets, says
from handrail.insight.spec import Contacts, Example, Indicator, People

INDICATOR = Indicator(
    code="KE 731+",
    variant="receiving",
    name=_("Receiving needles and syringes, Kenya"),
    question=_("How many people who inject received needles or syringes?"),
    unit=_("people"),
    kind="count",
    decimals=0,
    asked="month",
    numerator=People(_("people who inject and picked up at least once"), picked_up=True, injects="yes"),
    breakdowns=("area",),
    beside=(Contacts(_("people without a code who picked up, counted at each contact"), without_code=True, picked_up=True),),
    source="Kenya, MOH 731 plus, after the report builder of kenyakeypop",
    source_status="verified",
    trap=_("People of the month. Never add months up: most people come in several."),
    edge_cases=(
        _("People without a code are shown beside and are not in it."),
    ),
    example=Example("counted by hand", "2026-08", (says("A", "2026-07-01"), says("B", "2026-07-01"), gets("A", "2026-08-01", 10), gets("A", "2026-08-31", 10), gets("B", "2026-09-01", 5), gets("C", "2026-08-01", 5)), "1", 1, people_behind=1),
)
