"""Global Fund HTS-3d: of the people estimated to inject in programme areas, how many were tested for HIV and told."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import TOLD
from handrail.insight.models import Level
from handrail.insight.spec import Contacts, Estimate, Example, Indicator, People, only

INDICATOR = Indicator(
    code="HTS-3d",
    name=_("Tested for HIV and told, of people in the area"),
    question=_("Of all people estimated to inject in the areas we serve, how many were tested for HIV and know the result?"),
    unit=_("%"),
    kind="percent",
    asked="half-year or year",
    numerator=People(_("people who inject, tested for HIV and told the result"), injects="yes", had="exchange.test", where=only(disease="HIV", state="resulted", told=True)),
    denominator=Estimate("pwid", Level.TARGETED_AREA, _("people who inject in the areas served, estimated")),
    level=Level.TARGETED_AREA,
    by_site=False,
    beside=(Contacts(_("people without a code, counted at each contact"), without_code=True),),
    source="The Global Fund, Modular Framework 2022, indicator HTS-3d",
    source_status="verified",
    trap=_("People, not tests; and tested without being told does not count."),
    edge_cases=(
        _("Somebody tested twice is one person."),
        _("A result that the person was not told does not count; told later, it counts for the day of the test."),
        _("A self-test that was given out is not a test with a result."),
    ),
    example=Example("counted by hand", "2026Q3", TOLD, "10.0", 2, 20, people_behind=2, sizes={Level.TARGETED_AREA: 20}),
)
