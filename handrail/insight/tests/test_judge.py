"""An independent judge: the τ-ARGUS engine of Statistics Netherlands, as the package `pytauargus`. Used both ways.

Its audit looks at what we hide, with its own linear programs; and our attacker looks at what it hides.
"""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest
from pytauargus import protect
from pytauargus.engine import audit_jj

from handrail.insight.attacker import Attack, How, System, audit
from handrail.insight.suppress import suppress
from handrail.insight.tests.test_suppress import EXAMPLE, T, table

pytestmark = pytest.mark.slow


def as_jj(system: System, hidden: set[object], path: Path) -> Path:
    """A system with additive ties in the format of the judge: cell, number, weight, status, bounds, wanted protection; then the sums."""
    order, most = system.order, max(system.people.values()) * 2
    status = {key: ("u" if 0 < system.people[key] < T else "m") if key in hidden else "s" for key in order}
    lines = ["0", str(len(order))]
    lines += [f"{number} {system.people[key]} 1 {status[key]} 0 {most} 0 0 0" for key, number in order.items()]
    lines.append(str(len(system.ties)))
    for tie in system.ties:
        assert tie.how is How.SUM
        terms = [f"{order[tie.total]} (-1)", *(f"{order[part]} (1)" for part in tie.parts)]
        lines.append(f"0 {len(terms)} : {' '.join(terms)}")
    path.write_text("\n".join([*lines, ""]))
    return path


def nested(chance: random.Random) -> System:
    """Sites in areas and months in a quarter: a table whose rows have subtotals."""
    system, sites, areas = System(), range(6), {"north": (0, 1, 2), "south": (3, 4, 5)}
    numbers = {(site, month): chance.choice([0, 0, 1, 3, 6, 9, 12, 20, 45]) for site in sites for month in range(3)}
    for (site, month), people in numbers.items():
        system.add((site, month), people)
    for site in sites:
        system.add((site, "q"), sum(numbers[site, month] for month in range(3)))
        system.tie((site, "q"), [(site, month) for month in range(3)])
    for (area, inside), month in itertools.product(areas.items(), (0, 1, 2, "q")):
        system.add((area, month), sum(system.people[site, month] for site in inside))
        system.tie((area, month), [(site, month) for site in inside])
    for month in (0, 1, 2, "q"):
        system.add(("all", month), sum(system.people[area, month] for area in areas))
        system.tie(("all", month), [(area, month) for area in areas])
    return system


def random_tables(seed: int, count: int) -> list[System]:
    chance = random.Random(seed)
    flat = [table([[chance.choice([0, 1, 2, 5, 8, 12, 20, 40]) for _ in range(4)] for _ in range(5)]) for _table in range(count)]
    return [*flat, *(nested(chance) for _table in range(count))]


def test_the_judge_finds_the_same_bounds_and_none_too_narrow_in_what_we_hide(tmp_path):
    judged = 0
    for number, system in enumerate(random_tables(5, 15)):
        hidden = set(suppress(system, T).hidden)
        assert audit(system, hidden, T) == {}
        attack, keys = Attack(system, sorted(hidden, key=system.order.__getitem__), cautious=False), list(system.people)
        for row in audit_jj(str(as_jj(system, hidden, tmp_path / f"{number}.jj"))):
            key, ours = keys[row["cell"]], attack.bounds(keys[row["cell"]])
            most = max(system.people.values()) * 2
            assert (row["min"], row["max"]) == (pytest.approx(ours.least, abs=1e-4), pytest.approx(min(ours.most, most), abs=1e-4)), key
            if row["status"] == "u":
                judged += 1
                assert row["min"] <= 1 + 1e-4
                assert row["max"] - max(row["min"], 1) >= T - 1e-4
    assert judged > 50, "the judge must have had something to look at"


def test_the_judge_finds_the_rectangle_of_example_2_too_narrow_as_we_do(tmp_path):
    system = table(EXAMPLE)
    rectangle = {(0, 1), (0, 2), (2, 1), (2, 2)}
    found = {list(system.people)[row["cell"]]: (row["min"], row["max"]) for row in audit_jj(str(as_jj(system, rectangle, tmp_path / "r.jj")))}
    assert found[0, 2] == pytest.approx((0, 33))
    assert found[2, 1] == pytest.approx((4, 37))


def test_what_the_judge_hides_gives_nothing_away_exactly(tmp_path):
    chance = random.Random(11)
    for number in range(6):
        rows = [[chance.choice([1, 2, 5, 8, 12, 20, 40]) for _ in range(4)] for _ in range(4)]
        people = [(f"r{i}", f"c{j}") for i, j in itertools.product(range(4), range(4)) for _person in range(rows[i][j])]
        micro = {"R": [r for r, _c in people], "C": [c for _r, c in people], "n": [1] * len(people)}
        made = protect(micro, ["R", "C"], "n", safety_rules=f"FREQ({T},30)", suppress="OPT(1)", workdir=str(tmp_path / str(number)))
        system = table(rows)
        place = {"Total": "t"} | {f"{letter}{n}": n for letter in "rc" for n in range(4)}
        hidden = {(place[row["R"]], place[row["C"]]) for row in made.tables[0].rows if row["status"] in {"U", "M"}}
        assert set(system.small(T)) <= hidden
        attack = Attack(system, sorted(hidden, key=system.order.__getitem__), cautious=False)
        for cell in system.small(T):
            bounds = attack.bounds(cell)
            assert bounds.most - bounds.least > 1e-6, (number, cell)
