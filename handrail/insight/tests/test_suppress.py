"""Hiding and the reader who subtracts: the published examples, random tables, every kind of tie, and the faults everybody makes."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handrail.insight import suppress as module
from handrail.insight.attacker import Attack, Bounds, How, System, audit
from handrail.insight.suppress import suppress

T, FEW = 11, 3
"""The public threshold, and one small enough to try every table."""


def table(rows, *, totals=True):
    """A table of two directions with its totals; cells are (row, column), totals (row, "t"), ("t", column), ("t", "t")."""
    system, height, width = System(), range(len(rows)), range(len(rows[0]))
    for i, j in itertools.product(height, width):
        system.add((i, j), rows[i][j])
    if totals:
        for i in height:
            system.add((i, "t"), sum(rows[i]))
            system.tie((i, "t"), [(i, j) for j in width])
        for j in width:
            system.add(("t", j), sum(row[j] for row in rows))
            system.tie(("t", j), [(i, j) for i in height])
        system.add(("t", "t"), sum(map(sum, rows)))
        system.tie(("t", "t"), [(i, "t") for i in height])
        system.tie(("t", "t"), [("t", j) for j in width])
    return system


def line(*people):
    system = System()
    for number, count in enumerate(people):
        system.add(number, count)
    system.add("t", sum(people))
    system.tie("t", range(len(people)))
    return system


# -- domain/indicators.md, worked examples 2 and 3 ------------------------------------------------------------------------

EXAMPLE = [[25, 40, 3], [18, 33, 12], [14, 7, 30]]
A1, A2, A3, C1, C2, C3 = (0, 0), (0, 1), (0, 2), (2, 0), (2, 1), (2, 2)


@pytest.mark.parametrize(
    ("hidden", "a3", "c2"),
    [
        ({A3, C2}, Bounds(3, 3), Bounds(7, 7)),
        ({A2, A3, C2, C3}, Bounds(0, 33), Bounds(4, 37)),
        ({A1, A2, A3, C1, C2, C3}, Bounds(0, 33), Bounds(0, 47)),
    ],
    ids=["alone exactly derivable", "two in each line", "the reference answer"],
)
def test_example_2_the_bounds_of_each_pattern(hidden, a3, c2):
    attack = Attack(table(EXAMPLE), hidden, cautious=False)
    for cell, expected in ((A3, a3), (C2, c2)):
        found = attack.bounds(cell)
        assert (round(found.least, 6), round(found.most, 6)) == (expected.least, expected.most)


def test_example_2_the_rectangle_fails_the_reference_passes_and_so_does_ours():
    system = table(EXAMPLE)
    assert set(audit(system, {A2, A3, C2, C3}, T)) == {C2}
    assert audit(system, {A1, A2, A3, C1, C2, C3}, T) == {}
    ours = suppress(system, T)
    assert (audit(system, ours.hidden, T), ours.unsafe) == ({}, frozenset())
    assert {A3, C2} <= ours.hidden
    assert len(ours.hidden) <= 8


def test_example_3_two_months_beside_a_quarter_would_give_the_third_away():
    system = System()
    for month, people in {"January": 14, "February": 12, "March": 3, "Q1": 29}.items():
        system.add(month, people)
    system.tie("Q1", ["January", "February", "March"])
    system.shown_before = {"January", "February"}
    assert suppress(system, T).hidden == {"March", "Q1"}


def test_people_of_several_months_do_not_add_up_and_still_bound_one_another():
    system = System()
    for month, people in {"January": 14, "February": 12, "March": 3, "Q1": 27}.items():
        system.add(month, people)
    system.tie("Q1", ["January", "February", "March"], How.COVER)
    bounds = Attack(system, ["March"]).bounds("March")
    assert (bounds.least, bounds.most) == (1, 27), "somebody may have come in every month"
    system.people["Q1"] = 29
    assert Attack(system, ["March"], cautious=False).bounds("March").least == 3
    system.shown_before = {"January", "February"}
    assert suppress(system, T).hidden == {"March", "Q1"}


# -- everything that is hidden holds -----------------------------------------------------------------------------------------

people = st.one_of(st.just(0), st.integers(1, 14), st.integers(11, 200))
tables = st.integers(2, 4).flatmap(lambda width: st.lists(st.lists(people, min_size=width, max_size=width), min_size=2, max_size=4))


@given(tables)
@settings(max_examples=25, deadline=None)
def test_no_table_gives_a_small_group_away(rows):
    system = table(rows)
    found = suppress(system, T)
    assert (audit(system, found.hidden, T), found.unsafe) == ({}, frozenset())


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_two_hundred_random_tables_give_nobody_away(seed):
    chance = random.Random(seed)
    for _table in range(20):
        height, width = chance.choice([(4, 3), (6, 5), (8, 4)])
        system = table([[chance.choice([0, 0, 1, 2, 4, 7, 10, 11, 15, 30, 80]) for _ in range(width)] for _ in range(height)])
        found = suppress(system, T)
        assert (audit(system, found.hidden, T), found.unsafe) == ({}, frozenset())


def worlds(system, hidden, most=10):
    """Every way to fill in what is hidden that fits what is visible: tried one by one, without any solver."""
    names = [key for key in system.people if key in hidden or key in system.open_cells]
    for values in itertools.product(range(most), repeat=len(names)):
        known = system.people | dict(zip(names, values, strict=True))
        if all(known[tie.total] == sum(known[part] for part in tie.parts) for tie in system.ties):
            yield known


@given(st.lists(st.integers(0, 4), min_size=2, max_size=4))
@settings(max_examples=40, deadline=None)
def test_trying_every_table_finds_no_more_than_the_solver(counts):
    system = line(*counts)
    hidden = suppress(system, FEW).hidden
    bounded = "t" not in hidden  # a total that is hidden bounds nothing
    seen = list(worlds(system, hidden, sum(counts) + 1)) if bounded else []
    for key in system.small(FEW):
        found = Attack(system, sorted(hidden, key=repr), cautious=False).bounds(key)
        if bounded:
            values = {world[key] for world in seen}
            assert (found.least, found.most) == (min(values), max(values))
        assert found.is_safe(FEW)


def test_a_part_of_a_group_and_the_rest_are_protected_with_it():
    system = System()
    system.add("all", 60)
    system.add("picked up", 55)
    system.add_open("rest", 5)
    system.tie("all", ["picked up", "rest"])
    assert suppress(system, T, {"all": 1}).hidden == {"picked up"}, "the less needed of the two goes"


def test_what_was_published_before_cannot_be_hidden_and_is_said():
    system = line(30, 20, 4)
    system.shown_before = {0, 1, "t"}
    assert suppress(system, T).unsafe == {2}


def test_a_revision_that_moves_few_people_hides_the_new_number():
    system = System()
    system.add("first version", 40)
    system.add("now", 43)
    system.add_open("late", 3)
    system.shown_before = {"first version"}
    system.tie("now", ["first version", "late"])
    assert suppress(system, T).hidden == {"now"}


def test_what_is_hidden_needlessly_is_shown_again():
    system = line(100, 60, 3, 50)
    assert suppress(system, T).hidden == {2, 3}
    assert suppress(line(100, 12, 0), T).hidden == frozenset()


# -- the faults everybody makes are found -----------------------------------------------------------------------------------


def test_hiding_small_numbers_alone_is_found():
    assert set(audit(line(100, 60, 3), {2}, T)) == {2}


def test_two_hidden_in_each_line_is_not_enough_and_found(monkeypatch):
    monkeypatch.setattr(module._Search, "_weakest", lambda self, unsafe: None)
    monkeypatch.setattr(module._Search, "_show_again", lambda self: None)
    leaky = 0
    chance = random.Random(7)
    for _table in range(30):
        system = table([[chance.choice([0, 1, 2, 5, 8, 12, 20, 40]) for _ in range(5)] for _ in range(5)])
        leaky += bool(audit(system, suppress(system, T).hidden, T))
    assert leaky > 10, "the audit must find what the rule of two in each line leaves open"


def test_a_small_number_that_is_visible_is_found():
    assert audit(line(100, 3), set(), T) == {1: None}


def test_a_part_is_never_more_than_the_total_also_where_parts_overlap():
    """Fifteen took something, thirteen of them in the east, six in the west, four in both; so of 22 who came at most nine took nothing."""
    system = System()
    for key, people in {"came": 22, "took": 15, "east": 13, "west": 6}.items():
        system.add(key, people)
    system.add_open("rest", 7)
    system.tie("took", ["east", "west"])
    system.tie("came", ["took", "rest"])
    found = [Attack(system, ["took", "west", "rest"], cautious=False, overlaps_known=known).bounds("rest").most for known in (True, False)]
    assert [round(most, 6) for most in found] == [13, 9]
    assert set(audit(system, {"took", "west"}, T)) == {"rest"}
    assert audit(system, suppress(system, T).hidden, T) == {}
