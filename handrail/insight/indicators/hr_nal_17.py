"""HR-NAL-17: released from custody with a kit."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import released
from handrail.insight.spec import Example, Indicator, Records, only

INDICATOR = Indicator(
    code="HR-NAL-17",
    name=_("Released from custody with a kit"),
    question=_("Of the releases from custody that were recorded, how many left with naloxone?"),
    unit=_("%"),
    kind="percent",
    group="naloxone",
    numerator=Records("naloxone.released", _("Left with a kit"), where=only(kit="with_kit")),
    denominator=Records("naloxone.released", _("releases recorded")),
    source="Public Health Scotland, National Naloxone Programme, which reports the supply of prisons",
    source_status="verified",
    trap=_("Of what was recorded: who leaves at night or from court is often in neither part."),
    edge_cases=(_("Did not want one, or was not offered one: a release all the same."),),
    example=Example(
        "counted by hand", "2026Q3",
        (released("A", "2026-07-01", "with_kit"), released("B", "2026-07-02", "declined"), released("", "2026-08-01", "not_offered"), released("", "2026-09-30", "with_kit"), released("C", "2026-10-01", "with_kit")),
        "50.0", 2, 4, people_behind=2,
    ),
)
