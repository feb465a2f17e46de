"""How many people came, with those who gave no code: an estimate, and named so."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import CODED_AND_NOT
from handrail.insight.spec import Contacts, Example, Indicator, People

INDICATOR = Indicator(
    code="PEOPLE-ESTIMATE",
    name=_("People, estimated"),
    question=_("How many different people may have come this quarter, if those without a code came as often as those with one?"),
    unit=_("people, estimated"),
    kind="estimate",
    decimals=0,
    group="people",
    numerator=People(_("Different people with a code who had any service")),
    denominator=Contacts(_("contacts with a code"), with_code=True),
    unknown=Contacts(_("contacts without a code"), without_code=True),
    source="Handrail; domain/people.md 3.4",
    source_status="handrail",
    trap=_("An estimate. Only people with a code may be reported as different people."),
    edge_cases=(
        _("Nobody with a code came: not computable, because nobody knows how often people come."),
        _("A group of 100 at an event is 100 contacts without a code."),
    ),
    example=Example("domain/people.md, worked example 5, a fifteenth", "2026Q3", CODED_AND_NOT, "43", 28, 112, people_behind=28),
)
