"""HR-NAL-14: days without a product of naloxone."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import gets_kits, kits_come
from handrail.insight.spec import Example, Indicator, OutOfStock

INDICATOR = Indicator(
    code="HR-NAL-14",
    name=_("Days without a product of naloxone"),
    question=_("On how many days did a place have none of a product of naloxone that it had had before?"),
    unit=_("days"),
    kind="count",
    decimals=0,
    group="naloxone",
    numerator=OutOfStock(_("Days on which all lots of a product together were at 0 at some moment, added up over places and products")),
    breakdowns=("product",),
    source="Handrail; domain/naloxone.md 8, 10",
    source_status="handrail",
    trap=_("Two places without it on one day are two days. A bag or a box that is empty is a place without it."),
    edge_cases=(
        _("A part of a day counts as a whole one. No hours of opening are kept, so each day counts as open."),
        _("A place counts from the first delivery of the product to it, and until it is closed or the product is handed out no more."),
        _("More went out on a day than the book had: that day does not count, for it was there and the book was wrong."),
    ),
    example=Example(
        "counted by hand: 10 to 15 July, 29 and 30 September", "2026Q3",
        (
            kits_come("2026-07-06", 3), gets_kits("", "2026-07-08"), gets_kits("A", "2026-07-10", 2), kits_come("2026-07-15", 6), gets_kits("", "2026-08-03", 1),
            gets_kits("", "2026-09-29", 5), kits_come("2026-10-05", 10),
        ),
        "8", 8, people_behind=0,
    ),
)
