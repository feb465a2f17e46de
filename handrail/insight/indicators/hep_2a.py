"""WHO HEP.2A: of the people who came, how many had a hepatitis C test with a result."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import FORTY_ATTENDEES
from handrail.insight.models import Level
from handrail.insight.spec import Contacts, Example, Indicator, People, only

INDICATOR = Indicator(
    code="HEP.2A",
    name=_("Tested for hepatitis C, of people who came"),
    question=_("Of the people who had any service here this quarter, how many had a hepatitis C test that gave a result?"),
    unit=_("%"),
    kind="percent",
    numerator=People(
        _("people with a hepatitis C test that gave a result"), had="exchange.test", where=only(disease=("HCV_Ab", "HCV_RNA"), state="resulted")
    ),
    denominator=People(_("people who had any service")),
    level=Level.SERVICE,
    breakdowns=("gender", "age_2"),
    beside=(Contacts(_("people without a code, counted at each contact"), without_code=True),),
    source="WHO, Consolidated guidelines on person-centred HIV strategic information, 2022, p. 375",
    source_status="verified",
    trap=_("Not tested is not negative: who was not offered, declined or had a test that did not work is not tested."),
    edge_cases=(
        _("An unclear result counts as tested."),
        _("Somebody tested twice is one person."),
        _("A self-test that was given out is not a test with a result."),
    ),
    example=Example("domain/exchange.md, worked example 5", "2026Q3", FORTY_ATTENDEES, "50.0", 20, 40, people_behind=20),
)
