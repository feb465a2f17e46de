"""Global Fund KP-1d: of the people estimated to inject in the targeted area, how many got the defined package."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import REACHED, REACHED_SIZE
from handrail.insight.models import Level
from handrail.insight.spec import Contacts, Estimate, Example, Indicator, Package

INDICATOR = Indicator(
    code="KP-1d",
    name=_("Reached with the defined package, of people in the area"),
    question=_("Of all people estimated to inject in the areas we serve, how many had everything of the defined package in the period?"),
    unit=_("%"),
    kind="percent",
    asked="half-year or year",
    numerator=Package(_("people who inject and had everything of the defined package")),
    denominator=Estimate("pwid", Level.TARGETED_AREA, _("people who inject in the areas served, estimated")),
    level=Level.TARGETED_AREA,
    by_site=False,
    beside=(Contacts(_("people without a code, counted at each contact"), without_code=True),),
    source="The Global Fund, Modular Framework 2022, indicator KP-1d",
    source_status="verified",
    trap=_("The package is a rule of the country with a date. Two countries, or two years, cannot be compared if it differs."),
    edge_cases=(
        _("What the package is made of is set by the programme, from a day on; a number uses what held on the last day of its period."),
        _("Several visits of the period together may make up the package."),
        _("Somebody whose answer about injecting is unknown is not in it."),
    ),
    example=Example("counted by hand", "2026Q3", REACHED, "12.5", 2, 16, people_behind=2, sizes=REACHED_SIZE),
)
