"""WHO PRV.18 (a): of the people who inject and came, how many received both condoms and lubricant."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import says, takes
from handrail.insight.models import Level
from handrail.insight.spec import Contacts, Example, Indicator, People

INDICATOR = Indicator(
    code="PRV.18",
    variant="a",
    name=_("Condoms and lubricant, of people who came"),
    question=_("Of the people who inject and had any service here this quarter, how many received condoms and lubricant?"),
    unit=_("%"),
    kind="percent",
    numerator=People(_("people who inject and received both condoms and lubricant"), injects="yes", all_of=("condoms", "lubricant")),
    denominator=People(_("people who inject and had any service"), injects="yes"),
    level=Level.SERVICE,
    breakdowns=("gender", "age_2"),
    beside=(Contacts(_("people without a code, counted at each contact"), without_code=True),),
    source="WHO, Consolidated guidelines on person-centred HIV strategic information, 2022, annex B",
    source_status="verified",
    trap=_("Both to the same person in the period, not condoms to one and lubricant to another."),
    edge_cases=(
        _("At two visits of the period is both."),
        _("Of the people at elevated risk only those who inject are in it: for them an estimate exists."),
    ),
    example=Example("counted by hand", "2026Q3", (
        *(says(f"P{n}", "2026-07-01") for n in range(4)), takes("P0", "2026-07-01", condoms=3, lubricant=2), takes("P1", "2026-07-02", condoms=3),
        takes("P1", "2026-09-30", lubricant=1), takes("P2", "2026-07-02", internal=3), takes("P3", "2026-07-02", lubricant=3), takes("", "2026-07-02", condoms=9, lubricant=9),
    ), "50.0", 2, 4, people_behind=2),
)
