"""Hepatitis C tests that gave a result."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import is_tested
from handrail.insight.spec import Example, Indicator, Records, only

INDICATOR = Indicator(
    code="HCV-TESTS",
    name=_("Hepatitis C tests with a result"),
    question=_("How many hepatitis C tests gave a result this quarter?"),
    unit=_("tests"),
    kind="count",
    decimals=0,
    group="counts",
    numerator=Records(
        "exchange.test", _("Hepatitis C tests, antibodies or virus, with a result"), where=only(disease=("HCV_Ab", "HCV_RNA"), state="resulted")
    ),
    source="Handrail; counting rules of domain/indicators.md 1",
    source_status="handrail",
    trap=_("Tests, not people; and not tested is not negative."),
    edge_cases=(
        _("An unclear result counts as a result."),
        _("A test that did not work, was declined or still waits does not count."),
        _("A test whose result came later counts on the day of the test."),
    ),
    example=Example(
        "domain/exchange.md, worked example 5, a part", "2026Q3",
        (
            is_tested("A", "2026-09-01", "HCV_Ab", "positive"), is_tested("A", "2026-09-01", "HCV_RNA", "positive"), is_tested("B", "2026-09-01", "HCV_Ab"),
            is_tested("C", "2026-09-01", "HCV_Ab", None, "invalid"), is_tested("D", "2026-09-01", "HCV_Ab", None, "offered_declined"),
            is_tested("E", "2026-09-01", "HIV", "negative"),
        ),
        "3", 3, people_behind=2,
    ),
)
