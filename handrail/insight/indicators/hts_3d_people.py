"""Global Fund HTS-3d, its numerator by age and gender: an estimate of everybody cannot be told apart."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.breakdowns import D3
from handrail.insight.examples import TOLD
from handrail.insight.spec import Example, Indicator, People, only

INDICATOR = Indicator(
    code="HTS-3d",
    variant="people",
    name=_("People who inject, tested for HIV and told"),
    question=_("How many people who inject were tested for HIV and know the result?"),
    unit=_("people"),
    kind="count",
    decimals=0,
    asked="half-year or year",
    numerator=People(_("people who inject, tested for HIV and told the result"), injects="yes", had="exchange.test", where=only(disease="HIV", state="resulted", told=True)),
    breakdowns=(*D3, "gender"),
    source="The Global Fund, Modular Framework 2022, indicator HTS-3d, numerator",
    source_status="verified",
    trap=_("People, not tests; and tested without being told does not count."),
    edge_cases=(
        _("Somebody tested twice is one person."),
        _("A result that the person was not told does not count; told later, it counts for the day of the test."),
        _("A self-test that was given out is not a test with a result."),
    ),
    example=Example("counted by hand", "2026Q3", TOLD, "2", 2, people_behind=2),
)
