"""HR-NAL-01: kits of naloxone handed out."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import NALOXONE_GIVEN
from handrail.insight.kits import KITS
from handrail.insight.spec import Example, Indicator

INDICATOR = Indicator(
    code="HR-NAL-01",
    name=_("Naloxone kits handed out"),
    question=_("How many kits of naloxone were handed out?"),
    unit=_("kits"),
    kind="count",
    decimals=0,
    group="naloxone",
    numerator=KITS,
    breakdowns=("naloxone", "product", "source_class", "recipient_kind", "supply_type", "provider_type", "area"),
    source="Public Health Scotland, National Naloxone Programme; told apart there by source, recipient, first or repeat",
    source_status="verified",
    trap=_("Kits, never added to single doses. Filling a bag or a box is no hand-over. Told apart each way by itself; crossed, most groups would be too small to be shown."),
    edge_cases=(
        _("What people took from a box counts when the box is filled again."), _("A kit passed on by a peer counts when it leaves the bag."),
        _("For whom and whether it is the first is not known of a box, nor of kits written down as equipment. Nobody said the sort of outlet: that of the place."),
    ),
    example=Example("domain/naloxone.md, worked example 4, a seventieth", "2026Q3", NALOXONE_GIVEN, "15", 15, people_behind=12),
)
