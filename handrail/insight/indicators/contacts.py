"""Contacts: people met, counted at each meeting."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import ONE_EVENT, gets
from handrail.insight.spec import Contacts, Example, Indicator

INDICATOR = Indicator(
    code="CONTACTS",
    name=_("Contacts"),
    question=_("How many people were met this quarter, counted again at each meeting?"),
    unit=_("contacts"),
    kind="count",
    decimals=0,
    group="counts",
    numerator=Contacts(_("People met, counted at each meeting")),
    breakdowns=("provider_type", "setting", "area"),
    source="Handrail; counting rules of domain/indicators.md 1",
    source_status="handrail",
    trap=_("Contacts are not people: who comes every week is counted every week."),
    edge_cases=(
        _("A group of 100 at an event is one record and 100 contacts."),
        _("People somebody collects for are not contacts: they were not met."),
    ),
    example=Example("domain/exchange.md, worked example 6", "2026Q3", (*ONE_EVENT, gets("A", "2026-09-06", 10)), "101", 101, people_behind=101),
)
