"""Contacts without a code: how much of the work is with people who gave none."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import ONE_EVENT, gets
from handrail.insight.spec import Contacts, Example, Indicator

INDICATOR = Indicator(
    code="CONTACTS-WITHOUT-CODE",
    name=_("Contacts without a code"),
    question=_("How many people without a code were met this quarter, counted again at each meeting?"),
    unit=_("contacts"),
    kind="count",
    decimals=0,
    group="counts",
    numerator=Contacts(_("People without a code, counted at each meeting"), without_code=True),
    source="Handrail; counting rules of domain/indicators.md 1",
    source_status="handrail",
    trap=_("Nobody knows how many different people these are. Never add them to people reached."),
    edge_cases=(
        _("A contact that later gets a code by a correction leaves this count."),
    ),
    example=Example("domain/exchange.md, worked example 6", "2026Q3", (*ONE_EVENT, gets("A", "2026-09-06", 10)), "100", 100, people_behind=100),
)
