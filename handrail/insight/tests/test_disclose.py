"""Sharing: nobody in a small group can be found, also not by subtracting."""

from __future__ import annotations

import itertools
import uuid
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from handrail.facts.record import Mode, record_many
from handrail.insight.arithmetic import display
from handrail.insight.disclose import Cell, Published, ratio_is_safe, share, system_of
from handrail.insight.examples import SYRINGE, drafts, gets, is_tested, says
from handrail.insight.periods import Period, Window
from handrail.insight.results import read
from handrail.insight.spec import INDICATORS, Contacts, People
from handrail.insight.suppress import suppress
from handrail.ledgers.stock.commands import add_item

T = 11


@pytest.mark.parametrize(
    ("numerator", "denominator", "shown"),
    [(9, 60, None), (55, 60, None), (30, 60, "50.0"), (0, 60, "0.0"), (60, 60, "100.0")],
)
def test_a_percent_is_shown_only_when_its_parts_and_the_rest_are_none_or_many(numerator, denominator, shown):
    safe = ratio_is_safe(numerator, denominator, proportion=True, threshold=T)
    assert (display(Decimal(numerator) * 100 / denominator, 1) if safe else None) == shown


# -- two linked tables ---------------------------------------------------------------------------------------------------

QUARTER = Window(date(2026, 7, 1), date(2026, 10, 1))
YEAR = Window(date(2025, 10, 1), date(2026, 10, 1))
SITES = [uuid.UUID(int=n) for n in range(3)]
WHOLE, PART = People("all"), People("picked up", picked_up=True)
FEW = 3
"""A threshold small enough to try every pair of tables."""


def numbers(whole, part):
    """Two tables over the same places, the second counting a part of the first."""
    found = {}
    for measure, people in ((WHOLE, whole), (PART, part)):
        found |= {Cell(measure, QUARTER, site): (n, n) for site, n in zip(SITES, people, strict=False)}
        found[Cell(measure, QUARTER, None)] = (sum(people), sum(people))
    return found


def worlds(hidden, whole, part):
    """Every pair of tables that looks like what was released, tried one by one."""
    choices = [
        [
            (a, b) for a in range(sum(whole) + 1) for b in range(a + 1)
            if (Cell(WHOLE, QUARTER, site) in hidden or a == w) and (Cell(PART, QUARTER, site) in hidden or b == p)
        ]
        for site, w, p in zip(SITES, whole, part, strict=False)
    ]
    for found in itertools.product(*choices):
        totals = tuple(map(sum, zip(*found, strict=True)))
        if all(Cell(m, QUARTER, None) in hidden or now == sum(said) for m, now, said in ((WHOLE, totals[0], whole), (PART, totals[1], part))):
            yield found


def leaks(hidden, whole, part):
    """Sites where a small whole, part or rest is pinned to fewer than `FEW` values or known to be more than 1."""
    if any(Cell(m, QUARTER, None) in hidden for m in (WHOLE, PART)):
        return []  # without a total nothing bounds what is hidden; the solver says so, and trying would never end
    seen = list(worlds(hidden, whole, part))
    found = []
    for i, (w, p) in enumerate(zip(whole, part, strict=True)):
        for name, truth, values in (
            ("whole", w, {x[i][0] for x in seen}), ("part", p, {x[i][1] for x in seen}), ("rest", w - p, {x[i][0] - x[i][1] for x in seen})
        ):
            if 0 < truth < FEW and (min(values) > 1 or max(values) - min(values) < FEW):
                found.append((i, name))
    return found


pairs = st.lists(st.integers(0, 6).flatmap(lambda w: st.tuples(st.just(w), st.integers(0, w))), min_size=2, max_size=3)


@given(pairs)
@budget(max_examples=20, deadline=None)
def test_no_pair_of_linked_tables_gives_a_small_group_away(cells):
    protect_and_try(cells)


@pytest.mark.slow
@given(pairs)
@budget(max_examples=300, deadline=None)
def test_no_pair_of_very_many_linked_tables_gives_a_small_group_away(cells):
    protect_and_try(cells)


def protect_and_try(cells):
    whole, part = [w for w, _ in cells], [p for _, p in cells]
    found = suppress(system_of(numbers(whole, part), threshold=FEW), FEW)
    assert found.unsafe == frozenset()
    assert leaks(found.hidden, whole, part) == []


def test_trying_finds_the_hole_when_linked_tables_are_protected_one_by_one():
    whole, part = [6, 6, 6], [5, 6, 6]
    alone = [suppress(system_of({c: n for c, n in numbers(whole, part).items() if c.measure == m}, threshold=FEW), FEW).hidden for m in (WHOLE, PART)]
    assert alone == [frozenset(), frozenset()]
    assert leaks(alone[0] | alone[1], whole, part) == [(0, "rest")]


def test_a_quarter_inside_a_year_is_a_part_of_it():
    people = {Cell(WHOLE, YEAR, None): (60, 60), Cell(WHOLE, QUARTER, None): (55, 55)}
    assert len(suppress(system_of(people, threshold=T), T).hidden) == 1, "five who came only earlier would be known"


def test_quarters_that_make_up_a_year_are_subtracted_from_it():
    contacts = Contacts("people met")
    quarters = [Window(date(2025, 10, 1), date(2026, 1, 1)), Window(date(2026, 1, 1), date(2026, 4, 1)), Window(date(2026, 4, 1), date(2026, 7, 1)), QUARTER]
    met = {Cell(contacts, window, None): (n, n) for window, n in zip(quarters, (40, 30, 20, 4), strict=True)} | {Cell(contacts, YEAR, None): (94, 94)}
    hidden = suppress(system_of(met, threshold=T), T).hidden
    assert {Cell(contacts, QUARTER, None)} < hidden


def test_a_revision_by_a_few_people_stays_hidden_and_one_by_many_is_shown():
    cell = Cell(WHOLE, QUARTER, None)
    before = [Published(cell, 40, 40, shown=True)]
    for now, expected in ((43, {cell}), (40, set()), (51, set()), (38, {cell})):
        assert suppress(system_of({cell: (now, now)}, before, T), T).hidden == expected, now


# -- a quarter -------------------------------------------------------------------------------------------------------------


def people(prefix, count, *events):
    return [event for n in range(count) for event in (says(f"{prefix}{n}", "2026-07-01"), *(make(f"{prefix}{n}") for make in events))]


def test_a_ratio_does_not_give_away_a_site_that_is_hidden(warehouse):
    add_item(actor=warehouse.system, code=SYRINGE, name="Syringe", item_class="syringe_with_needle")
    for place, events in (
        ("Van 1", people("v", 40, lambda who: gets(who, "2026-08-01", 10))),
        ("Drop-in", people("d", 20, lambda who: gets(who, "2026-08-01", 10))),
        ("Clinic", people("c", 4, lambda who: gets(who, "2026-08-01", 25))),
    ):
        record_many(list(drafts(events, warehouse.sites[place])), actor=warehouse.system, mode=Mode.CONFIRMED)
    shared = {(s.key, s.site_name): s for s in share(warehouse.numbers("2026Q3")) if not s.cell}
    for key in ("people_reached", "needles_given", "kp_4", "prv_10a", "contacts"):
        hidden = {site for (indicator, site), found in shared.items() if indicator == key and found.is_hidden}
        assert hidden == {"Clinic", "Drop-in"}, key
        assert not shared[key, ""].is_hidden
    assert shared["people_reached", ""].row.plain == "64"
    assert not shared["hcv_tests", "Clinic"].is_hidden
    assert shared["hcv_tests", "Clinic"].row.plain == "0"


def test_a_few_who_came_and_picked_up_nothing_hide_the_percent_and_not_the_people(warehouse):
    add_item(actor=warehouse.system, code=SYRINGE, name="Syringe", item_class="syringe_with_needle")
    events = [*people("v", 55, lambda who: gets(who, "2026-08-01", 10)), *people("t", 5, lambda who: is_tested(who, "2026-08-01"))]
    record_many(list(drafts(events, warehouse.van)), actor=warehouse.system, mode=Mode.CONFIRMED)
    shared = {s.key: s for s in share(warehouse.numbers("2026Q3")) if s.site is None and not s.cell}
    assert shared["people_reached"].row.plain == "60"
    assert shared["prv_8a"].is_hidden
    hidden, seen = sorted((shared["kp_4"], shared["prv_10a"]), key=lambda one: not one.is_hidden)
    assert hidden.is_hidden, "the denominator of one, 55, would give the 5 away beside the other's, 60"
    assert not seen.is_hidden
    assert seen.row.denominator is seen.row.people_behind is None, "the parts stay in the house"
    assert shared["gam_1_9"].row.plain == "no_data"


def test_the_threshold_can_only_be_raised(warehouse):
    add_item(actor=warehouse.system, code=SYRINGE, name="Syringe", item_class="syringe_with_needle")
    record_many(
        list(drafts(people("v", 10, lambda who: gets(who, "2026-08-01", 10)), warehouse.van)), actor=warehouse.system, mode=Mode.CONFIRMED
    )
    pack = warehouse.numbers("2026Q3")
    assert all(s.is_hidden for s in share(pack, threshold=2) if s.key == "people_reached" and s.site in {None, warehouse.van.id} and not s.cell)
    assert len(share(pack)) == len(list(pack)) >= len(INDICATORS.all())
    assert share(read(Period.parse("2020Q1"))) == []
