"""The most people it can have been: everybody with a code, and every contact without one somebody else."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import CODED_AND_NOT
from handrail.insight.spec import Contacts, Example, Indicator, People

INDICATOR = Indicator(
    code="PEOPLE-UPPER-BOUND",
    name=_("People, at the very most"),
    question=_("How many different people can have come this quarter at the very most?"),
    unit=_("people at most"),
    kind="bound",
    decimals=0,
    group="people",
    numerator=People(_("Different people with a code who had any service")),
    unknown=Contacts(_("contacts without a code"), without_code=True),
    source="Handrail; domain/people.md 3.4",
    source_status="handrail",
    trap=_("A limit, not a count: it would be true only if nobody without a code ever came twice."),
    edge_cases=(
        _("Somebody with a code who came without it another day is in both parts."),
    ),
    example=Example("domain/people.md, worked example 5, a fifteenth", "2026Q3", CODED_AND_NOT, "88", 28, people_behind=28),
)
