"""Every indicator gives the answer of its own worked example."""

from __future__ import annotations

import pytest

from handrail.insight.arithmetic import Cell, display, value_of
from handrail.insight.compile import Reader
from handrail.insight.examples import FIVE_PEOPLE, FIVE_PEOPLE_SIZE, ONE_EVENT, gets, play, says
from handrail.insight.models import Level
from handrail.insight.periods import Quarter
from handrail.insight.spec import INDICATORS, Example


@pytest.mark.parametrize("key", list(INDICATORS.all()))
def test_an_indicator_gives_the_answer_of_its_worked_example(warehouse, key):
    indicator = INDICATORS[key]
    play(indicator.example, actor=warehouse.system, site=warehouse.van)
    row = warehouse.numbers(indicator.example.quarter).get(key)
    assert (row.plain, row.numerator, row.denominator, row.people_behind) == (
        indicator.example.value, indicator.example.numerator, indicator.example.denominator, indicator.example.people_behind
    )
    assert row.steps[0].value
    if indicator.by_site:
        assert warehouse.numbers(indicator.example.quarter).get(key, warehouse.van.id).numerator == row.numerator
