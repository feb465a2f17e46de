"""PEPFAR HTS_SELF: HIV self-tests given."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import takes
from handrail.insight.spec import NEEDLES, Example, Indicator, Records, Sum, only

INDICATOR = Indicator(
    code="HTS_SELF",
    name=_("HIV self-tests given"),
    question=_("How many HIV self-tests were given?"),
    unit=_("self-tests"),
    kind="count",
    decimals=0,
    asked="quarter",
    numerator=Sum(NEEDLES, "quantity", _("HIV self-tests handed out"), items=("hiv_self_tests",)),
    beside=(Records("exchange.test", _("self-tests written down with the tests of a visit, not added"), where=only(disease="HIV", state="self_test_given")),),
    source="PEPFAR, MER indicator reference guide 2.6.1, HTS_SELF; the status of the guide after 2025 is uncertain",
    source_status="verified",
    trap=_("Kits, never people tested: nobody knows whether one was used."),
    edge_cases=(
        _("Whether somebody helped with it is not asked, so assisted and unassisted are not told apart."),
        _("Counted are the kits that left the shelf. Writing down a self-test with the tests of the visit as well adds nothing."),
    ),
    example=Example("counted by hand", "2026Q3", (takes("A", "2026-07-01", self_tests=2), takes("", "2026-09-30", self_tests=5, people=3), takes("B", "2026-10-01", self_tests=1)), "7", 7, people_behind=4),
)
