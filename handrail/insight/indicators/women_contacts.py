"""Women’s share of contacts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import gets, tells
from handrail.insight.models import Level
from handrail.insight.spec import KNOWN_GENDERS, Among, Contacts, Example, Indicator

INDICATOR = Indicator(
    code="WOMEN",
    variant="contacts",
    name=_("Women’s share of contacts"),
    question=_("Of the contacts with people whose gender is known, how many were with women?"),
    unit=_("%"),
    kind="percent",
    numerator=Among(Contacts(_("contacts")), ("female",), _("contacts of women")),
    denominator=Among(Contacts(_("contacts")), KNOWN_GENDERS, _("contacts of people whose gender is known")),
    level=Level.SERVICE,
    beside=(Among(Contacts(_("contacts")), ("unknown",), _("contacts of people whose gender is not known or who have no code, left out")),),
    source="Handrail; domain/exchange.md 8",
    source_status="handrail",
    trap=_("Only of people with a code who said their gender. Look at how many are left out."),
    edge_cases=(
        _("Whoever says trans or another is counted as other, in the number below the line."),
        _("Gender is as last said before the period ends."),
    ),
    example=Example("counted by hand", "2026Q3", (
            tells("A", "2026-07-01", gender=["female"]), tells("B", "2026-07-01", gender=["male"]), tells("C", "2026-07-01", gender=["diverse"]), gets("A", "2026-08-01", 30),
            gets("B", "2026-08-01", 50), gets("B", "2026-08-02", 10), gets("C", "2026-08-01", 10), gets("D", "2026-08-01", 70), gets("", "2026-08-01", 60, people=6),
        ), "25.0", 1, 4, people_behind=1),
)
