"""The reader who subtracts: how narrowly each hidden number can be known from everything that is published.

A system is a set of cells (people behind a number) and what ties them: totals and their parts, a part of a larger group
and the rest of it, an earlier version and the change since. Everything visible is a constant; what is hidden lies
between the least and the most that a linear program allows (`domain/indicators.md` 7, rule 4; solved by HiGHS).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import highspy
import numpy as np
from highspy._core import _Highs  # the solver itself: the class around it prints a banner and starts threads

Key = Hashable
_ROOM = 1e-6
_SENSES = (highspy.ObjSense.kMinimize, highspy.ObjSense.kMaximize)
"""What is asked of the first solver, and of the second."""


class How(StrEnum):
    """What a reader knows of a number and others."""

    SUM = "sum"
    """The total is the sum of the parts. If parts overlap, one reader knows by how much, another that it is a `COVER`."""
    COVER = "cover"
    """People counted in each of several periods: a part is at most the total, the total at most the sum."""
    PART = "part"
    """Each part is at most the total."""


@dataclass(frozen=True)
class Tie:
    """A total, its parts, and how they hang together."""

    total: Key
    parts: tuple[Key, ...]
    how: How = How.SUM

    @property
    def members(self) -> tuple[Key, ...]:
        """All cells it ties."""
        return (self.total, *self.parts)


@dataclass
class System:
    """Cells with the people behind them, and their ties. `open_cells` are never published, such as the rest of a group."""

    people: dict[Key, int] = field(default_factory=dict)
    ties: list[Tie] = field(default_factory=list)
    open_cells: set[Key] = field(default_factory=set)
    shown_before: set[Key] = field(default_factory=set)
    """Published already: known for ever, whatever is hidden now."""
    revealing: set[Key] = field(default_factory=set)
    """Cells of nobody that need protection like small groups: their 0 would tell something of everybody in a larger group."""
    _near: dict[Key, list[Tie]] = field(default_factory=dict, init=False)
    _counted: int = field(default=-1, init=False)
    _order: dict[Key, int] = field(default_factory=dict, init=False)

    def add(self, key: Key, people: int) -> None:
        """A number that is to be published, with the people behind it."""
        self.people[key] = people

    def add_open(self, key: Key, people: int) -> None:
        """A group that nobody publishes but that could be computed: it needs protection like any other."""
        self.people[key] = people
        self.open_cells.add(key)

    def tie(self, total: Key, parts: Iterable[Key], how: How = How.SUM) -> None:
        """See `Tie`."""
        self.ties.append(Tie(total, tuple(parts), how))

    def small(self, threshold: int) -> list[Key]:
        """Cells with 1 to T-1 people behind them, and those whose 0 is revealing."""
        return [key for key in self.people if self.is_protected(key, threshold)]

    def is_protected(self, key: Key, threshold: int) -> bool:
        """Whether nobody may find out how many people are behind it."""
        return 0 < self.people[key] < threshold or key in self.revealing

    @property
    def order(self) -> dict[Key, int]:
        """The place of each cell in the order in which they were added."""
        if len(self._order) != len(self.people):
            self._order = {key: number for number, key in enumerate(self.people)}
        return self._order

    def numbered(self) -> System:
        """The same with numbers in the place of keys, in their order: numbers are quick to look up."""
        order = self.order
        return System(
            {order[key]: people for key, people in self.people.items()},
            [Tie(order[tie.total], tuple(order[part] for part in tie.parts), tie.how) for tie in self.ties],
            {order[key] for key in self.open_cells}, {order[key] for key in self.shown_before}, {order[key] for key in self.revealing},
        )

    def overlaps(self, tie: Tie) -> bool:
        """Whether people stand in several parts of a total, such as two places (or some in none)."""
        return tie.how is How.SUM and sum(self.people[part] for part in tie.parts) != self.people[tie.total]

    def any_overlap(self, keys: Iterable[Key]) -> bool:
        """Whether parts that overlap are among what ties these cells."""
        near = self.neighbours()
        return any(self.overlaps(tie) for key in keys for tie in near.get(key, ()))

    def neighbours(self) -> dict[Key, list[Tie]]:
        """The ties of each cell."""
        if self._counted != len(self.ties):
            self._near, self._counted = {}, len(self.ties)
            for tie in self.ties:
                for key in tie.members:
                    self._near.setdefault(key, []).append(tie)
        return self._near


@dataclass(frozen=True)
class Bounds:
    """The least and the most a hidden number can be."""

    least: float
    most: float

    def is_safe(self, threshold: int) -> bool:
        """Possibly nobody or one person, and wide enough, also for a reader who knows that somebody is behind it."""
        return self.least <= 1 + _ROOM and self.most - max(self.least, 1) >= threshold - _ROOM


def connected(system: System, hidden: Collection[Key], start: Key) -> set[Key]:
    """Hidden cells that any tie, directly or along others, binds to this one. What is visible parts them."""
    ties, found, todo = system.neighbours(), {start}, [start]
    while todo:
        for tie in ties.get(todo.pop(), ()):
            for key in tie.members:
                if key in hidden and key not in found:
                    found.add(key)
                    todo.append(key)
    return found


class Attack:
    """The linear programs over one set of hidden cells; ask it for the bounds of any of them.

    The least is asked by a reader who knows that no number is below 0; the most, unless `cautious` is off, by one who also
    knows that no published number that is hidden is 0, because zeros are hardly ever hidden. Whoever knows less learns less.
    `overlaps_known` says what is known of parts that overlap: by how much, or that each is at most the total.
    """

    def __init__(self, system: System, hidden: Collection[Key], *, cautious: bool = True, overlaps_known: bool = True) -> None:
        self._overlaps_known = overlaps_known
        self._place = {key: number for number, key in enumerate(hidden)}
        somebody = [float(cautious and key not in system.open_cells and system.people[key] > 0) for key in self._place]
        self._solvers = [_solver([0.0] * len(somebody)), _solver(somebody)]
        self._seen = [np.full(len(somebody), math.inf), np.full(len(somebody), -math.inf)]
        neighbours = system.neighbours()
        for tie in dict.fromkeys(tie for key in self._place for tie in neighbours.get(key, ())):
            self._add(system, tie)

    def _add(self, system: System, tie: Tie) -> None:
        difference = [*((part, 1.0) for part in tie.parts), (tie.total, -1.0)]
        if tie.how is How.SUM and (self._overlaps_known or not system.overlaps(tie)):
            self._row(system, difference, is_equal=True)
            return
        if tie.how is not How.PART:
            self._row(system, difference)
        for part in tie.parts:
            self._row(system, [(tie.total, 1.0), (part, -1.0)])

    def _row(self, system: System, terms: Sequence[tuple[Key, float]], *, is_equal: bool = False) -> None:
        """These terms are what they are, or at least 0 (less only if the true numbers contradict one another)."""
        weights: dict[int, float] = {}
        hidden = visible = 0.0
        for key, weight in terms:
            if key in self._place:
                weights[self._place[key]] = weights.get(self._place[key], 0.0) + weight
                hidden += weight * system.people[key]
            else:
                visible += weight * system.people[key]
        least = hidden if is_equal else min(hidden, -visible)
        if weights:
            most = hidden if is_equal else highspy.kHighsInf
            for solver in self._solvers:
                solver.addRow(least, most, len(weights), np.array(list(weights), dtype=np.int32), np.array(list(weights.values())))

    def bounds(self, key: Key) -> Bounds:
        """How narrowly a hidden cell can be known."""
        place = np.array([self._place[key]], dtype=np.int32)
        least, most = (_optimum(solver, place, sense) for solver, sense in zip(self._solvers, _SENSES, strict=True))
        return Bounds(least, most)

    def pinned(self, keys: Iterable[Key], threshold: int) -> Iterator[Key]:
        """Those of the cells that are not safe, one by one. A world found for one of them often clears others: it is remembered."""
        places = [(key, self._place[key]) for key in keys]
        all_of_them = np.array([place for _key, place in places], dtype=np.int32)
        self._look(0, all_of_them)
        self._look(1, all_of_them)
        for key, place in places:
            one = np.array([place], dtype=np.int32)
            if not Bounds(self._seen[0][place], math.inf).is_safe(threshold):
                self._look(0, one)
            if not Bounds(0, self._seen[1][place]).is_safe(threshold):
                self._look(1, one)
            if not Bounds(self._seen[0][place], self._seen[1][place]).is_safe(threshold):
                yield key

    def _look(self, which: int, places: Any) -> None:
        """Let the solver find a world where these cells together are as small, or as large, as they can be, and keep what it says of all."""
        solver, sense = self._solvers[which], _SENSES[which]
        best = _optimum(solver, places, sense)
        if math.isfinite(best):
            found = np.array(solver.getSolution().col_value)
            self._seen[which] = (np.minimum, np.maximum)[which](self._seen[which], found)
        elif best == math.inf and len(places) == 1:
            self._seen[which][places[0]] = math.inf


def _solver(least: Sequence[float]) -> Any:
    found: Any = _Highs()
    found.setOptionValue("output_flag", False)
    found.addVars(len(least), np.array(least), np.full(len(least), highspy.kHighsInf))
    return found


def _optimum(solver: Any, places: Any, sense: Any) -> float:
    """The least or the most of the sum of variables; infinity where nothing bounds it, no number (never safe) where nobody can say."""
    solver.changeColsCost(len(places), places, np.ones(len(places)))
    solver.changeObjectiveSense(sense)
    solver.run()
    if solver.getModelStatus() == highspy.HighsModelStatus.kUnknown:  # a warm start may go wrong; from the beginning it does not
        solver.clearSolver()
        solver.run()
    status, found = solver.getModelStatus(), float(solver.getInfo().objective_function_value)
    solver.changeColsCost(len(places), places, np.zeros(len(places)))
    if status == highspy.HighsModelStatus.kUnknown:
        return math.nan
    if status == highspy.HighsModelStatus.kOptimal:
        return found
    if sense == highspy.ObjSense.kMaximize and status in {highspy.HighsModelStatus.kUnbounded, highspy.HighsModelStatus.kUnboundedOrInfeasible}:
        return math.inf
    raise RuntimeError(f"The solver could not bound a number: {status}.")


def weak(system: System, hidden: Collection[Key], threshold: int, asked: Iterable[Key]) -> Iterator[tuple[Key, Attack | None]]:
    """Of the cells that are asked for, the small groups that are not safe, one by one, with the attack that finds them; None where they are visible."""
    wanted = [key for key in asked if system.is_protected(key, threshold)]
    unknown, done = (set(hidden) | system.open_cells) - system.shown_before, set[Key]()
    for key in wanted:
        if key not in unknown:
            yield key, None
        elif key not in done:
            together = connected(system, unknown, key)
            done |= together
            attack = Attack(system, sorted(together, key=system.order.__getitem__))
            small, pinned = [one for one in wanted if one in together], set[Key]()
            for one in attack.pinned(small, threshold):
                pinned.add(one)
                yield one, attack
            if system.any_overlap(together):
                other = Attack(system, sorted(together, key=system.order.__getitem__), overlaps_known=False)
                for one in other.pinned([one for one in small if one not in pinned], threshold):
                    yield one, other


def audit(system: System, hidden: Collection[Key], threshold: int) -> dict[Key, Bounds | None]:
    """Every small group that is not safe, with its bounds. Empty: the release holds."""
    return {key: attack.bounds(key) if attack else None for key, attack in weak(system, hidden, threshold, system.people)}
