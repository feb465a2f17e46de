"""WHO HEP.4A: of the people tested for hepatitis C antibodies, how many were found positive for the first time."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import FORTY_ATTENDEES
from handrail.insight.models import Level
from handrail.insight.spec import Example, Indicator, People, only

INDICATOR = Indicator(
    code="HEP.4A",
    name=_("Newly positive for hepatitis C antibodies"),
    question=_("Of the people tested for hepatitis C antibodies this quarter with a clear result, how many were found positive for the first time?"),
    unit=_("%"),
    kind="percent",
    numerator=People(
        _("people found positive for the first time"), had="exchange.test", where=only(disease="HCV_Ab", state="resulted", result="positive"),
        not_before=(only(disease="HCV_Ab", result="positive"), only(disease=("HCV_Ab", "HCV_RNA"), state="known_positive"), only(disease="HCV_RNA", result="positive")),
    ),
    denominator=People(
        _("people tested with a positive or negative result"), had="exchange.test", where=only(disease="HCV_Ab", state="resulted", result=("positive", "negative"))
    ),
    level=Level.SERVICE,
    breakdowns=("gender", "age_2"),
    source="WHO, Consolidated guidelines on person-centred HIV strategic information, 2022, p. 378",
    source_status="verified",
    trap=_("Divides by people tested with a clear result, never by everybody who came. Antibodies are not a present infection."),
    edge_cases=(
        _("Somebody known to be positive before is not newly positive."),
        _("Unclear results and tests that did not work are in neither part."),
        _("Tests for the virus itself are not counted here."),
    ),
    example=Example("domain/exchange.md, worked example 5", "2026Q3", FORTY_ATTENDEES, "30.0", 6, 20, people_behind=6),
)
