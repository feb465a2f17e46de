"""Everything that was ever published as one system of cells, with all that ties them to one another.

What a reader knows of numbers, beside the numbers: sites and their total, cells of a breakdown and the whole, sites and
their area, a part of a group and the rest of it, a month inside a quarter, a number and its revision. Each release was a
view of its own; what was published earlier is known for ever, as it was said then. `disclose.py` asks, `attacker.py` solves.
"""

from __future__ import annotations

import math
import uuid
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from handrail.insight.attacker import How, Key, System
from handrail.insight.breakdowns import BREAKDOWNS, cell_of, pairs_of
from handrail.insight.nesting import contains
from handrail.insight.periods import Window
from handrail.insight.spec import OF_PEOPLE, Among, Followed, Measure

Place = uuid.UUID | None
Pair = tuple[int, int]
"""A value and the people behind it."""


@dataclass(frozen=True)
class Cell:
    """A number that is published: a measure over a window at a place, as an earlier version said it (0: as said last)."""

    measure: Measure
    window: Window
    place: Place
    version: int = 0
    part: str = ""
    """Part of the whole, such as `gender=female`; empty: all of it."""


FINER = [breakdown for breakdown in BREAKDOWNS.values() if breakdown.coarser]
"""Breakdowns whose cells make up those of another one."""
Numbers = Mapping[Cell, Pair]
"""Value of each cell and the people behind it."""
SiteCodes = Mapping[uuid.UUID, Mapping[str, str]]
"""For each site its code in each breakdown of places, such as its area."""


Revealing = Mapping[Measure, frozenset[Measure | None]]
"""Measures whose 0 says something of everybody in a group: of which groups (None: of all who could be meant)."""


@dataclass(frozen=True)
class Published:
    """A number that left the house before: its cell, its value with the people behind it, whether it was shown, in which release."""

    cell: Cell
    value: int
    people: int
    shown: bool
    release: int = 0


def is_small(people: int, threshold: int) -> bool:
    """A group somebody could be found in."""
    return 0 < people < threshold


def difference(small: Pair, large: Pair) -> int:
    """People behind what is in the large number and not in the small one; somebody may stand behind both."""
    if large[0] == small[0]:
        return 0
    return max(large[1] - small[1], 1)


def system_of(
    numbers: Numbers, before: Sequence[Published] = (), threshold: int = 0, site_codes: SiteCodes | None = None, revealing: Revealing | None = None
) -> System:
    """Every number with all that ties it to the others. `site_codes` say in which area and the like each site lies, `revealing` which zeros are protected."""
    return _Builder(numbers, before, threshold, site_codes or {}, revealing or {}).build()


class _Builder:
    def __init__(self, numbers: Numbers, before: Sequence[Published], threshold: int, site_codes: SiteCodes, revealing: Revealing) -> None:
        self._now, self._before, self.threshold, self.site_codes, self._revealing = numbers, before, threshold, site_codes, revealing
        self.system = System()
        self._tied: set[tuple[object, ...]] = set()
        self._versions: dict[Cell, list[Pair]] = {}
        for old in before:
            self._said(old.cell, (old.value, old.people))
        for cell, pair in numbers.items():
            self._said(cell, pair)

    def _said(self, cell: Cell, pair: Pair) -> None:
        """Remember what was said of a cell; what is said last stands at the end."""
        versions = self._versions.setdefault(cell, [])
        if pair in versions:
            versions.remove(pair)
        versions.append(pair)

    def _node(self, cell: Cell, pair: Pair) -> Cell:
        """The cell with what was said of it: version 0 is what was said last."""
        versions = self._versions[cell]
        return cell if pair == versions[-1] else replace(cell, version=1 + versions.index(pair))

    def build(self) -> System:
        """The system of everything."""
        shown = {self._node(old.cell, (old.value, old.people)) for old in self._before if old.shown}
        for cell, versions in self._versions.items():
            for pair in versions:
                node = self._node(cell, pair)
                if pair[0] == 0 and self._zero_reveals(cell):
                    self.system.revealing.add(node)
                if node not in shown and node not in self._now:
                    self.system.add_open(node, pair[1])
                    continue
                self.system.add(node, pair[1])
                if node in shown:
                    self.system.shown_before.add(node)
        for layer in self._layers():
            for tie in TIES:
                tie(layer)
        return self.system

    def _zero_reveals(self, cell: Cell) -> bool:
        """Whether nobody in this cell says something of somebody: of nobody at all nothing can be said."""
        groups = self._revealing.get(cell.measure, ())
        said = [self._versions.get(replace(cell, measure=group), [(1, 1)]) if group else [(1, 1)] for group in groups]
        return any(value > 0 for versions in said for value, _people in versions)

    def everybody_reveals(self, small: Cell, large: Cell) -> bool:
        """Whether it says something of everybody in the large group that all of them are in the small one."""
        return large.measure in self._revealing.get(small.measure, ()) and small.window == large.window

    def _layers(self) -> Iterator[Layer]:
        """What readers had before them after each release, where it was not yet what they have now; what came in between; what they have now."""
        last = {cell: versions[-1] for cell, versions in self._versions.items()}
        releases: dict[float, dict[Cell, Pair]] = {}
        for old in self._before:
            releases.setdefault(old.release, {})[old.cell] = (old.value, old.people)
        releases[math.inf] = dict(self._now)
        view: dict[Cell, Pair] = {}
        for number in sorted(releases):
            yield from self._changes(view, releases[number])
            view = view | releases[number]
            if any(pair != last[cell] for cell, pair in view.items()):
                yield self._view(view)
        yield self._view(last)

    def _view(self, view: Numbers) -> Layer:
        return Layer(self, view, {cell: self._node(cell, pair) for cell, pair in view.items()})

    def _changes(self, view: Numbers, release: Numbers) -> Iterator[Layer]:
        """What a release changed in what was said before: groups as well, which are parts of one another like the numbers."""
        changed = [cell for cell, pair in release.items() if cell in view and view[cell][0] != pair[0]]
        changes, nodes = {}, {}
        for cell in changed:
            small, large = sorted((view[cell], release[cell]))
            rest = difference(small, large)
            nodes[cell] = self.tie_rest(self._node(cell, small), self._node(cell, large), rest, always=True)
            if release[cell] == large:
                changes[cell] = (large[0] - small[0], rest)
        if any(is_small(people, self.threshold) for _value, people in changes.values()):
            yield Layer(self, changes, nodes, is_change=True)

    def tie(self, total: Key, parts: Iterable[Key], how: How) -> None:
        """Tie cells, once."""
        found = (total, *parts)
        if (*found, how) not in self._tied:
            self._tied.add((*found, how))
            self.system.tie(total, found[1:], how)

    def tie_rest(self, small: Key, large: Key, rest: int, *, always: bool = False, reveals: bool = False) -> Key:
        """A part of a group. The rest of it, so many people, is a group as well; `reveals` says that nobody in it would tell something of everybody."""
        key = ("rest", small, large)
        if reveals:
            self.system.revealing.add(key)
        if not always and not reveals and not is_small(rest, self.threshold):
            self.tie(large, (small,), How.PART)
        elif key not in self.system.people:
            self.system.add_open(key, rest)
            self.tie(large, (small, key), How.SUM)
        return key


@dataclass(frozen=True)
class Layer:
    """Numbers of one moment, or what changed between two, each with its cell of the system."""

    builder: _Builder
    numbers: Numbers
    nodes: Mapping[Cell, Key]
    is_change: bool = False

    def tie(self, total: Cell, parts: Iterable[Cell], how: How = How.SUM) -> None:
        """Tie a total to its parts."""
        self.builder.tie(self.nodes[total], [self.nodes[part] for part in parts], how)

    def tie_part(self, small: Cell, large: Cell) -> None:
        """Tie a part of a group to the group, and protect the rest. Of changes the parts are only known to be parts."""
        inner, outer = self.numbers[small], self.numbers[large]
        if inner[0] > outer[0]:
            return  # said at different times
        if self.is_change:
            self.tie(large, (small,), How.PART)
        else:
            reveals = inner[0] == outer[0] > 0 and self.builder.everybody_reveals(small, large)
            self.builder.tie_rest(self.nodes[small], self.nodes[large], _rest(small, inner, large, outer), reveals=reveals)


def tie_places(layer: Layer) -> None:
    """Sites and their total. Who comes to several is counted in each: the reader is assumed to know how often."""
    sites: dict[Cell, list[Cell]] = {}
    for cell in layer.numbers:
        if cell.place is not None and not cell.part:
            sites.setdefault(replace(cell, place=None), []).append(cell)
    for total, parts in sites.items():
        if total in layer.numbers:
            layer.tie(total, parts, How.COVER if layer.is_change else How.SUM)


def tie_breakdowns(layer: Layer) -> None:
    """Cells of a breakdown and what they are parts of: the whole, or a coarser cell, such as women of all ages."""
    tables: dict[Cell, dict[frozenset[str], list[Cell]]] = {}
    for cell in layer.numbers:
        tables.setdefault(replace(cell, part=""), {}).setdefault(frozenset(pairs_of(cell.part)), []).append(cell)
    for table in tables.values():
        for fine, coarse in ((a, b) for a in table for b in table if b < a):
            for total in table[coarse]:
                codes = pairs_of(total.part).items()
                layer.tie(total, [cell for cell in table[fine] if codes <= pairs_of(cell.part).items()])


def tie_genders(layer: Layer) -> None:
    """What is counted of some genders is the sum of their cells, wherever the same number is told apart by gender."""
    for total in layer.numbers:
        if isinstance(total.measure, Among) and not total.part:
            tables: dict[frozenset[str], list[Cell]] = {}
            for cell in layer.numbers:
                if replace(cell, part="", measure=total.measure) == total and cell.measure == total.measure.of and "gender" in pairs_of(cell.part):
                    tables.setdefault(frozenset(pairs_of(cell.part)), []).append(cell)
            for cells in tables.values():
                layer.tie(total, [cell for cell in cells if pairs_of(cell.part)["gender"] in total.measure.gender])


def tie_sites_to_areas(layer: Layer) -> None:
    """The sites of an area, of a setting, of a kind of provider, make up its cell."""
    for total in layer.numbers:
        codes = pairs_of(total.part)
        if total.place is None and len(codes) == 1:
            ((key, code),) = codes.items()
            sites = [replace(total, place=site, part="") for site, found in layer.builder.site_codes.items() if found.get(key) == code]
            there = [site for site in sites if site in layer.numbers]
            if there and len(there) == len(sites):
                layer.tie(total, there)


def tie_coarser(layer: Layer) -> None:
    """A cell that another breakdown tells apart more finely: the kits of a route are those of its products."""
    for total in layer.numbers:
        codes = pairs_of(total.part)
        for fine in FINER:
            if fine.coarser in codes:
                rest = {key: code for key, code in codes.items() if key != fine.coarser}
                parts = [replace(total, part=cell_of(rest | {fine.key: code})) for code in fine.labels if fine.inside[code] == codes[fine.coarser]]
                if parts and all(part in layer.numbers for part in parts):
                    layer.tie(total, parts)


def tie_parts(layer: Layer) -> None:
    """A part of a group, over the same days or fewer, and the rest of it."""
    lines: dict[tuple[Place, str], dict[Window, list[Cell]]] = {}
    for cell in layer.numbers:
        lines.setdefault((cell.place, cell.part), {}).setdefault(cell.window, []).append(cell)
    for windows in lines.values():
        for inner, outer in ((a, b) for a in windows for b in windows if a.inside(b)):
            for small in windows[inner]:
                for large in windows[outer]:
                    if _is_part(small, large):
                        layer.tie_part(small, large)


def _is_part(small: Cell, large: Cell) -> bool:
    """Whether one counts a part of the other; their windows lie one in the other."""
    if small.window == large.window:
        return _contains(large.measure, small.measure)
    return small.measure == large.measure or _contains(large.measure, small.measure)


@cache
def _contains(large: Measure, small: Measure) -> bool:
    return contains(large, small)


def _rest(small: Cell, inner: Pair, large: Cell, outer: Pair) -> int:
    """People behind what is left. Things counted over fewer days leave things of nobody knows how many people: at most one for each."""
    if small.window == large.window or isinstance(small.measure, OF_PEOPLE):
        return difference(inner, outer)
    return max(outer[1] - inner[1], outer[0] - inner[0])


def tie_periods(layer: Layer) -> None:
    """Windows that together make up a longer one: what happened adds up, people do not."""
    lines: dict[tuple[Measure, Place, str], dict[Window, Cell]] = {}
    for cell in layer.numbers:
        lines.setdefault((cell.measure, cell.place, cell.part), {})[cell.window] = cell
    for (measure, _place, _part), cells in lines.items():
        how = How.COVER if isinstance(measure, (*OF_PEOPLE, Followed)) or getattr(measure, "who", "") == "once" else How.SUM
        for window, total in cells.items():
            parts = fewest([one for one in cells if one != window and one.inside(window)], window)
            if parts:
                layer.tie(total, [cells[one] for one in parts], how)


def fewest(windows: Sequence[Window], whole: Window) -> list[Window]:
    """The fewest windows that follow one another from the first day of the whole to its last; empty if none do."""
    starting: dict[date, list[Window]] = {}
    for window in windows:
        starting.setdefault(window.starts_on, []).append(window)
    todo: deque[tuple[date, list[Window]]] = deque([(whole.starts_on, [])])
    seen = {whole.starts_on}
    while todo:
        day, path = todo.popleft()
        if day == whole.ends_before:
            return path
        for window in starting.get(day, ()):
            if window.ends_before not in seen:
                seen.add(window.ends_before)
                todo.append((window.ends_before, [*path, window]))
    return []


TIES = [tie_places, tie_breakdowns, tie_genders, tie_sites_to_areas, tie_coarser, tie_parts, tie_periods]
"""All that ties the numbers of one view. Revisions tie views."""
