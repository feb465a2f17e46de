"""HR-NAL-16: how much of what was out when a recall began is accounted for."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import gets_kits, kits_are_recalled, kits_come, kits_end
from handrail.insight.spec import Example, Indicator, Recalled

INDICATOR = Indicator(
    code="HR-NAL-16",
    name=_("Recalled kits accounted for"),
    question=_("Of recalled kits that had left the store, how many were used, came back or were destroyed?"),
    unit=_("%"),
    kind="percent",
    group="naloxone",
    numerator=Recalled("accounted", _("Recalled kits that were used, came back or were destroyed")),
    denominator=Recalled("sent", _("recalled kits that had left the store, of recalls that began in the period")),
    by_site=False,
    source="Handrail; domain/naloxone.md 7, 10, worked example 1",
    source_status="handrail",
    trap=_("It goes on growing after the period: what came back counts for the period in which the recall began."),
    edge_cases=(
        _("What is in a bag, a box or a van has left the store. Lost or taken away is not accounted for: it is still out."),
        _("What was still in the store is in neither part. A recall that was lifted is none."), _("Used before the recall began is accounted for too."),
        _("How many people have them nobody knows: each kit is taken as one person."),
    ),
    example=Example(
        "domain/naloxone.md, worked example 1: 36 of 40 are still out", "2026Q3",
        (
            kits_come("2026-07-01", 40), gets_kits("A", "2026-07-02", 14), gets_kits("", "2026-07-02", 10), gets_kits("", "2026-07-04", 16),
            kits_end("2026-07-20", "used", 3), kits_end("2026-07-21", "lost", 5), kits_are_recalled("2026-08-01"), kits_end("2026-09-20", "used", 1),
        ),
        "10.0", 4, 40, people_behind=4,
    ),
)
