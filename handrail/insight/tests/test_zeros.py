"""Zeros that an indicator declares revealing: neither 0 nor 100 % is shown, nor can it be worked out."""

from __future__ import annotations

import dataclasses
import random

import pytest

from handrail.facts.record import Mode, record_many
from handrail.insight import disclose
from handrail.insight.attacker import System, audit
from handrail.insight.disclose import Cell, share, system_of
from handrail.insight.examples import SYRINGE, drafts, gets, hears, says
from handrail.insight.results import read
from handrail.insight.spec import INDICATORS
from handrail.insight.suppress import suppress
from handrail.insight.tests.test_disclose import PART, QUARTER, SITES, WHOLE, T, numbers
from handrail.insight.tests.test_releases import Q3
from handrail.ledgers.stock.commands import add_item

REVEALING = {PART: frozenset({WHOLE})}


def hidden(whole, part, revealing=REVEALING):
    """What is hidden of two tables, the second counting a part of the first: (whole or part, site), site None being the total."""
    found = suppress(system_of(numbers(whole, part), (), T, revealing=revealing), T)
    assert found.unsafe == frozenset()
    return {("whole" if cell.measure == WHOLE else "part", cell.place) for cell in found.hidden}


def test_a_zero_is_shown_unless_it_is_declared_revealing():
    assert hidden((40, 50), (0, 20), revealing=None) == set()
    assert ("part", SITES[0]) in hidden((40, 50), (0, 20))
    assert len(hidden((40, 50), (0, 20))) > 1, "the total minus the other would say it"


def test_a_whole_group_is_shown_unless_it_is_declared_revealing():
    assert hidden((40, 50), (40, 20), revealing=None) == set()
    assert hidden((40, 50), (40, 20)) & {("part", SITES[0]), ("whole", SITES[0])}


def test_of_nobody_nothing_can_be_said():
    assert hidden((0, 50), (0, 20)) == set()


@pytest.mark.parametrize("seed", range(8))
def test_no_revealing_zero_is_known_to_be_fewer_than_could_be(seed):
    chance = random.Random(seed)
    for _table in range(6):
        whole = [chance.choice((0, 3, 15, 30, 80)) for _site in SITES]
        part = [chance.choice((0, count, count // 2)) for count in whole]
        system = system_of(numbers(whole, part), (), T, revealing=REVEALING)
        found = suppress(system, T)
        assert (found.unsafe, audit(system, found.hidden, T)) == (frozenset(), {})
        for site, w, p in zip(SITES, whole, part, strict=True):
            assert p > 0 or w == 0 or Cell(PART, QUARTER, site) in found.hidden
            assert p < w or w == 0 or {Cell(PART, QUARTER, site), Cell(WHOLE, QUARTER, site)} & found.hidden


def test_the_attacker_finds_a_zero_that_was_only_hidden_alone():
    system = System()
    for key, people in {"a": 0, "b": 30, "t": 30}.items():
        system.add(key, people)
    system.tie("t", ["a", "b"])
    assert audit(system, {"a"}, T) == {}, "a zero that nobody declared"
    system.revealing.add("a")
    assert set(audit(system, {"a"}, T)) == {"a"}
    assert suppress(system, T).hidden > {"a"}


@pytest.fixture
def declared(warehouse, monkeypatch):
    """Forty people at the van, of whom nobody took a needle, and thirty at the drop-in; how many took one is declared revealing."""
    add_item(actor=warehouse.system, code=SYRINGE, name="Syringe", item_class="syringe_with_needle")
    for place, prefix, count, events in (("Van 1", "v", 40, hears), ("Drop-in", "d", 30, lambda who, on: gets(who, on, 10))):
        come = [event for n in range(count) for event in (says(f"{prefix}{n}", "2026-07-01"), events(f"{prefix}{n}", "2026-08-01"))]
        record_many(list(drafts(come, warehouse.sites[place])), actor=warehouse.system, mode=Mode.CONFIRMED)
    warehouse.numbers(str(Q3))
    changed = dataclasses.replace(INDICATORS["prv_8a"], zero_reveals=True)
    changed.bind_key("prv_8a")
    monkeypatch.setitem(INDICATORS.all(), "prv_8a", changed)
    assert INDICATORS["prv_8a"].zero_reveals
    return warehouse


def shown(found, key):
    return {one.site_name: None if one.row is None else one.row.plain for one in found if one.key == key and not one.cell}


def test_neither_a_percent_of_nobody_nor_of_everybody_leaves_the_house(declared):
    found = shown(share(read(Q3)), "prv_8a")
    assert (found["Van 1"], found["Drop-in"]) == (None, None)


def test_a_page_that_forgot_what_was_declared_would_be_noticed(declared, monkeypatch):
    monkeypatch.setattr(disclose, "_revealing", lambda _windows: {})
    monkeypatch.setattr(disclose, "zero_tells", lambda _row: False)
    found = shown(share(read(Q3)), "prv_8a")
    assert (found["Van 1"], found["Drop-in"]) == ("0.0", "100.0"), "the planted fault"
