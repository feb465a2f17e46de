"""PEPFAR HTS_TST: people tested for HIV and told, by result."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.breakdowns import D4
from handrail.insight.examples import TOLD
from handrail.insight.spec import Contacts, Example, Indicator, People, only

INDICATOR = Indicator(
    code="HTS_TST",
    name=_("Tested for HIV and told, PEPFAR"),
    question=_("How many people were tested for HIV and know the result?"),
    unit=_("people"),
    kind="count",
    decimals=0,
    asked="quarter",
    numerator=People(
        _("people tested for HIV and told the result"), had="exchange.test", where=only(disease="HIV", state="resulted", told=True),
        best=("result", ("positive", "negative", "indeterminate")),
    ),
    breakdowns=("result", f"{D4[0]}×result"),
    beside=(Contacts(_("people without a code, counted at each contact"), without_code=True),),
    source="PEPFAR, MER indicator reference guide 2.6.1, HTS_TST; the status of the guide after 2025 is uncertain",
    source_status="verified",
    trap=_("People, not tests. Who has two results in the quarter is counted once: positive before negative before unclear."),
    edge_cases=(
        _("A result that the person was not told does not count; told later, it counts for the day of the test."),
        _("A self-test that was given out is not a test with a result."),
        _("By the place’s own kind, not by PEPFAR’s modalities: nobody is asked for them."),
    ),
    example=Example("counted by hand", "2026Q3", TOLD, "3", 3, people_behind=3),
)
