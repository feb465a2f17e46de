"""HR-NAL-13: refilled within fourteen days."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import gets_kits, overdoses
from handrail.insight.spec import Due, Example, Indicator, Records, only

INDICATOR = Indicator(
    code="HR-NAL-13",
    name=_("Refilled within 14 days"),
    question=_("Of people who told of an overdose and wanted a new kit, how many had it within 14 days?"),
    unit=_("%"),
    kind="percent",
    group="naloxone",
    numerator=Due(
        "naloxone.reversal", "received_on", 14, _("Had a new kit within 14 days of telling it"), where=only(replacement_wanted=True), outcome="naloxone.supply",
        named_by="replaces_report",
    ),
    denominator=Due("naloxone.reversal", "received_on", 14, _("reports of people with a code who wanted one, of which 14 days are over"), where=only(replacement_wanted=True)),
    beside=(
        Records("naloxone.reversal", _("reports of the public form, which lead to nobody"), where=only(reported_by="public_form")),
        Records("naloxone.reversal", _("reports without a code of people who wanted one"), where=only(replacement_wanted=True), who="without_code"),
    ),
    source="Handrail; domain/naloxone.md 10",
    source_status="handrail",
    trap=_("Reports without a code, and those of the public form, lead to nobody on purpose: they are in neither part, and stand beside."),
    edge_cases=(_("Asked once, in the period in which the 14 days are over."), _("The kit has to name the report it replaces.")),
    example=Example(
        "domain/naloxone.md 10, counted by hand", "2026Q3",
        (
            overdoses("2026-07-04", "A", received_on="2026-07-05", replacement_wanted=True), gets_kits("A", "2026-07-10", replaces="A"),
            overdoses("2026-08-01", "B", received_on="2026-08-01", replacement_wanted=True), gets_kits("B", "2026-08-20", replaces="B"),
            overdoses("2026-09-19", "C", received_on="2026-09-20", replacement_wanted=True), gets_kits("C", "2026-09-21", replaces="C"),
            overdoses("2026-08-01", "D", received_on="2026-08-01"), overdoses("2026-08-01", "", received_on="2026-08-01", replacement_wanted=True),
            overdoses("2026-06-19", "F", received_on="2026-06-20", replacement_wanted=True), gets_kits("F", "2026-07-04", replaces="F"),
        ),
        "66.7", 2, 3, people_behind=2,
    ),
)
