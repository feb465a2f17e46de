"""HR-NAL-15: doses that expired without having been used."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import KIT, LOT_OF_KITS
from handrail.insight.spec import Event, Example, Indicator, Sum, only

INDICATOR = Indicator(
    code="HR-NAL-15",
    name=_("Doses that expired unused"),
    question=_("How many doses of naloxone were written off because they had expired?"),
    unit=_("doses"),
    kind="count",
    decimals=0,
    group="naloxone",
    numerator=Sum("stock.written_off", "quantity", _("Doses written off as expired"), where=only(reason="expired"), items=("naloxone_doses",)),
    source="Handrail; domain/naloxone.md 10",
    source_status="handrail",
    trap=_("Of our own shelves. What expired with people who carry it is not in it, and still better than none."),
    edge_cases=(_("Lost, damaged or taken away is not expired."), _("Expired, and kept to practise with or given to others: it was of use after all, and is not counted.")),
    example=Example(
        "counted by hand", "2026Q3",
        tuple(
            Event("", on, "stock.written_off", {"reason": reason, "lines": [{"item": KIT, "lot": str(LOT_OF_KITS), "quantity": quantity}]})
            for on, reason, quantity in (("2026-07-01", "expired", 4), ("2026-08-01", "lost", 9), ("2026-09-30", "expired", 1), ("2026-10-01", "expired", 7))
        ),
        "10", 10, people_behind=0,
    ),
)
