"""Global Fund HTS-3f: people in closed settings who were tested for HIV and told."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import HELD, TOLD
from handrail.insight.spec import Example, Indicator, People, only

INDICATOR = Indicator(
    code="HTS-3f",
    name=_("People in prison, tested for HIV and told"),
    question=_("How many people were tested for HIV at places where people are held, and know the result?"),
    unit=_("people"),
    kind="count",
    decimals=0,
    asked="half-year or year",
    closed=True,
    numerator=People(_("people tested for HIV and told where they are held"), closed=True, had="exchange.test", where=only(disease="HIV", state="resulted", told=True)),
    breakdowns=("gender",),
    source="The Global Fund, Modular Framework 2022, indicator HTS-3f",
    source_status="verified",
    trap=_("Everybody held there, whether they inject or not. A small prison shows nothing: its number is hidden."),
    edge_cases=(
        _("Somebody tested twice is one person."),
        _("A result that the person was not told does not count; told later, it counts for the day of the test."),
        _("A self-test that was given out is not a test with a result."),
    ),
    example=Example("counted by hand", "2026Q3", TOLD, "3", 3, people_behind=3, place=HELD),
)
