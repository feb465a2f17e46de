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
from handrail.insight import disclose
from handrail.insight.arithmetic import display
from handrail.insight.disclose import Line, Pattern, protect, ratio_is_safe, share
from handrail.insight.examples import SYRINGE, drafts, gets, is_tested, says
from handrail.insight.periods import Quarter, Window
from handrail.insight.results import read
from handrail.insight.spec import INDICATORS, People
from handrail.ledgers.stock.commands import add_item

T = 11


@pytest.mark.parametrize(
    ("numerator", "denominator", "shown"),
    [(9, 60, None), (55, 60, None), (30, 60, "50.0"), (0, 60, "0.0"), (60, 60, "100.0")],
)
def test_a_percent_is_shown_only_when_its_parts_and_the_rest_are_none_or_many(numerator, denominator, shown):
    safe = ratio_is_safe(numerator, denominator, proportion=True, threshold=T)
    assert (display(Decimal(numerator) * 100 / denominator, 1) if safe else None) == shown


# -- one line ------------------------------------------------------------------------------------------------------------


def attack(line: Line, pattern: Pattern) -> dict[str, tuple[int, int]]:
    """All a reader can conclude about each hidden number, trying every table that looks like the published one.

    The reader knows that sites add up to the total and that zeros are never hidden.
    """
    hidden = sorted(site for site in pattern.sites if line.people.get(site))
    if pattern.total:
        return dict.fromkeys(hidden, (1, 10**6))
    rest = line.total - sum(people for site, people in line.people.items() if site not in pattern.sites)
    others = len(hidden) - 1
    possible = [v for v in range(1, rest + 1) if (rest - v >= others if others else rest == v)]
    return {site: (min(possible), max(possible)) for site in hidden}


def leaks(line: Line, pattern: Pattern) -> list[str]:
    """Small groups that are shown or narrowed."""
    bounds = attack(line, pattern)
    small = [site for site, people in line.people.items() if 0 < people < T]
    return [s for s in small if s not in pattern.sites or bounds[s][0] > 1 or bounds[s][1] - bounds[s][0] < T]


def only_primary(lines, threshold):
    """The fault everybody makes: hide what is small and publish the total."""
    return Pattern(frozenset(s for line in lines for s, n in line.people.items() if 0 < n < threshold))


lines = st.lists(st.one_of(st.integers(0, 14), st.integers(0, 400)), min_size=1, max_size=9).map(
    lambda people: Line({f"S{i}": n for i, n in enumerate(people)}, sum(people))
)


@given(lines)
def test_no_line_gives_a_small_group_away(line):
    assert leaks(line, protect([line], T)) == []


def test_the_attacker_finds_the_hole_when_only_small_numbers_are_hidden():
    lone, few = Line({"A": 100, "B": 60, "C": 3}, 163), Line({"A": 100, "B": 2, "C": 3}, 105)
    assert leaks(lone, only_primary([lone], T)) == ["C"]
    assert leaks(few, only_primary([few], T)) == ["B", "C"]


@pytest.mark.parametrize(
    ("people", "pattern"),
    [
        ({"A": 100, "B": 60, "C": 3}, Pattern(frozenset("BC"))),
        ({"A": 100, "B": 9, "C": 3}, Pattern(frozenset("ABC"))),
        ({"A": 100, "B": 10, "C": 9}, Pattern(frozenset("BC"))),
        ({"A": 100, "B": 60, "C": 0}, Pattern()),
        ({"A": 12, "B": 0}, Pattern()),
        ({"A": 5}, Pattern(frozenset("A"), total=True)),
        ({"A": 7, "B": 5}, Pattern(frozenset("AB"), total=True)),
        ({"A": 11, "B": 1}, Pattern(frozenset("B"), total=True)),
    ],
)
def test_the_fewest_and_smallest_sites_are_hidden_beside_and_the_total_where_none_is_left(people, pattern):
    assert protect([Line(people, sum(people.values()))], T) == pattern


def test_many_sites_are_protected_quickly():
    line = Line({f"S{i:02}": 1 if i < 30 else 11 for i in range(60)}, 30 + 30 * 11)
    assert leaks(line, protect([line], T)) == []


# -- two linked lines ----------------------------------------------------------------------------------------------------

QUARTER = Window(date(2026, 7, 1), date(2026, 10, 1))
SITES = [uuid.UUID(int=n) for n in range(3)]
FEW = 3
"""A threshold small enough to try every pair of tables."""


def pair(whole, part):
    """Two tables, the second counting a part of the first, as they are released."""
    made = []
    for measure, people in ((People("all"), whole), (People("picked up", picked_up=True), part)):
        table = disclose._Table(measure, QUARTER, is_count=measure.title == "all")
        table.cells = {site: (n, n) for site, n in zip(SITES, people, strict=False)} | {None: (sum(people), sum(people))}
        made.append(table)
    disclose._release(made, FEW)
    return made


def worlds(tables, whole, part):
    """Every pair of tables that looks like what was released."""
    choices = []
    for site, w, p in zip(SITES, whole, part, strict=False):
        choices.append([
            (a, b) for a in range(sum(whole) + 1) for b in range(a + 1)
            if (tables[0].hides(site) or a == w) and (tables[1].hides(site) or b == p)
        ])
    for found in itertools.product(*choices):
        totals = tuple(map(sum, zip(*found, strict=True)))
        if (tables[0].hides(None) or totals[0] == sum(whole)) and (tables[1].hides(None) or totals[1] == sum(part)):
            yield found


def pair_leaks(tables, whole, part):
    """Sites where a small whole, part or rest is pinned to fewer than `FEW` values or known to be more than 1."""
    seen = list(worlds(tables, whole, part))
    found = []
    for i, (w, p) in enumerate(zip(whole, part, strict=True)):
        for name, truth, values in (
            ("whole", w, {x[i][0] for x in seen}), ("part", p, {x[i][1] for x in seen}), ("rest", w - p, {x[i][0] - x[i][1] for x in seen})
        ):
            if 0 < truth < FEW and (min(values) > 1 or max(values) - min(values) < FEW) and not tables[0].hides(None):
                found.append((i, name))
    return found


pairs = st.lists(st.integers(0, 6).flatmap(lambda w: st.tuples(st.just(w), st.integers(0, w))), min_size=2, max_size=3)


@given(pairs)
@budget(max_examples=60, deadline=None)
def test_no_pair_of_linked_tables_gives_a_small_group_away(cells):
    whole, part = [w for w, _ in cells], [p for _, p in cells]
    tables = pair(whole, part)
    assert pair_leaks(tables, whole, part) == []


def test_the_attacker_finds_the_hole_when_linked_tables_are_protected_one_by_one():
    whole, part = [6, 6, 6], [5, 6, 6]
    tables = pair(whole, part)
    for table in tables:
        table.release, table.pattern = disclose._Release.SITES, protect([table.line], FEW)
    assert pair_leaks(tables, whole, part) == [(0, "rest")]


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
    shared = {(s.key, s.site_name): s for s in share(warehouse.numbers("2026Q3"))}
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
    shared = {s.key: s for s in share(warehouse.numbers("2026Q3")) if s.site is None}
    assert shared["people_reached"].row.plain == "60"
    assert shared["prv_8a"].is_hidden
    assert shared["kp_4"].is_hidden, "its denominator, 55, would give the 5 away beside the other's, 60"
    assert not shared["prv_10a"].is_hidden
    assert shared["prv_10a"].row.denominator is shared["prv_10a"].row.people_behind is None, "the parts stay in the house"
    assert shared["gam_1_9"].row.plain == "no_data"


def test_the_threshold_can_only_be_raised(warehouse):
    add_item(actor=warehouse.system, code=SYRINGE, name="Syringe", item_class="syringe_with_needle")
    record_many(
        list(drafts(people("v", 10, lambda who: gets(who, "2026-08-01", 10)), warehouse.van)), actor=warehouse.system, mode=Mode.CONFIRMED
    )
    pack = warehouse.numbers("2026Q3")
    assert all(s.is_hidden for s in share(pack, threshold=2) if s.key == "people_reached" and s.site in {None, warehouse.van.id})
    assert len(share(pack)) == len(list(pack)) >= len(INDICATORS.all())
    assert share(read(Quarter(2020, 1))) == []
