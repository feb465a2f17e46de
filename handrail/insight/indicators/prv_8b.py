"""WHO PRV.8 (b): of the people estimated to inject in the areas served, how many picked up."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import FIVE_PEOPLE, FIVE_PEOPLE_SIZE
from handrail.insight.models import Level
from handrail.insight.spec import Contacts, Estimate, Example, Indicator, People

INDICATOR = Indicator(
    code="PRV.8",
    variant="b",
    name=_("Needle and syringe coverage, of people in the area"),
    question=_("Of all people estimated to inject in the areas we serve, how many picked up needles or syringes here this quarter?"),
    unit=_("%"),
    kind="percent",
    numerator=People(_("people who inject and picked up at least once"), picked_up=True, injects="yes"),
    denominator=Estimate("pwid", Level.TARGETED_AREA, _("people who inject in the areas served, estimated")),
    level=Level.TARGETED_AREA,
    by_site=False,
    beside=(Contacts(_("people without a code who picked up, counted at each contact"), without_code=True, picked_up=True), People(_("people who picked up and whose own answer about injecting is not known, left out"), picked_up=True, injects="unknown")),
    source="WHO, Consolidated guidelines on person-centred HIV strategic information, 2022, p. 301",
    source_status="verified",
    trap=_("As good as the estimate. Never compare it with the variant that divides by people who came."),
    edge_cases=(
        _("An area of one of our sites has no estimate: no data, not 0."),
        _("The newest estimate that is not later than the period is used."),
        _("More people than the estimate: over 100 %, shown as it is; the estimate is too low."),
    ),
    example=Example("domain/exchange.md, worked example 3", "2026Q1", FIVE_PEOPLE, "20.0", 4, 20, people_behind=4, sizes=FIVE_PEOPLE_SIZE),
)
