"""What may be shared of a quarter, so that nobody in a small group can be found (`domain/indicators.md` 7).

What is protected are groups of 1 to T-1 distinct people, T from `CONFIG.public_threshold`. The shared view is a set of
tables with one line of sites and a total. Against a reader who has the whole view, knows these rules and can subtract:

1. a number with 1 to T-1 people behind it is hidden (primary); zero is shown;
2. with it go other sites, so that at least two are hidden and the people in them are so many that each hidden number
   could be anything from 1 up over a width of T or more (complementary). The total would give a lone one away; where no
   site is left to hide, the total is hidden too;
3. where one number counts part of what another counts (picked up, of those who came), their difference may be a small
   group as well. Such numbers are a family. Sites hidden in one are hidden in all, because a part bounds the whole, and
   differences are protected like numbers. The most important number comes first; a later one that would make an
   earlier one hide more is shown as a total only, or, if that tells too much, not at all;
4. a percent or a ratio is shown only if both its parts are shown at that place, each is 0 or at least T, and for a
   percent the rest is 0 or at least T.

Sites share people, so sites need not add up to the total. We protect as if they did; if they do not, the reader knows less.

It does not yet protect against: other quarters, older versions of the same quarter, or anything else published before
(no release log yet: share one quarter, once); tables with more than one direction; a reader who knows some of the
hidden people and looks for the others. Estimates from outside are public and are not protected.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import combinations
from math import comb

from django.conf import settings

from handrail.insight.arithmetic import Status
from handrail.insight.periods import Window
from handrail.insight.results import Pack, Row
from handrail.insight.spec import Estimate, Measure, contains

_MOST_TRIES = 20_000


@dataclass(frozen=True)
class Line:
    """A table of one direction: people behind each site's number, and behind the total."""

    people: Mapping[str, int]
    total: int


@dataclass(frozen=True)
class Pattern:
    """What is hidden of a family of lines: these sites in every line, and perhaps the totals."""

    sites: frozenset[str] = frozenset()
    total: bool = False

    def hides(self, site: str | None) -> bool:
        """Whether the number of a site, or (None) the total, is hidden."""
        return self.total if site is None else site in self.sites


def is_small(people: int, threshold: int) -> bool:
    """A group somebody could be found in."""
    return 0 < people < threshold


def ratio_is_safe(numerator: int, denominator: int, *, proportion: bool, threshold: int) -> bool:
    """Rule 4 for the people behind the parts: each 0 or at least T, and for a proportion the rest too."""
    groups = (numerator, denominator, denominator - numerator) if proportion else (numerator, denominator)
    return not any(is_small(group, threshold) for group in groups)


def protect(lines: Sequence[Line], threshold: int) -> Pattern:
    """The smallest pattern that protects every line: fewest sites more, then fewest people, then order of sites."""
    primary = frozenset(site for line in lines for site, people in line.people.items() if is_small(people, threshold))
    totals = any(is_small(line.total, threshold) for line in lines)
    if totals or not primary:
        return Pattern(primary, totals)
    others = sorted(
        {site for line in lines for site, people in line.people.items() if people} - primary,
        key=lambda site: (sum(line.people.get(site, 0) for line in lines), site),
    )
    for more in range(len(others) + 1):
        if comb(len(others), more) > _MOST_TRIES:
            break
        found = [c for c in combinations(others, more) if _holds(lines, primary | set(c), threshold)]
        if found:
            best = min(found, key=lambda c: sum(line.people.get(site, 0) for line in lines for site in c))
            return Pattern(primary | set(best))
    for more in range(1, len(others) + 1):
        if _holds(lines, primary | set(others[-more:]), threshold):
            return Pattern(primary | set(others[-more:]))
    return Pattern(primary, total=True)


def _holds(lines: Sequence[Line], hidden: frozenset[str] | set[str], threshold: int) -> bool:
    """Whether the total gives no small group away: each of k hidden numbers, all at least 1, spans T or more."""
    for line in lines:
        behind = [line.people[site] for site in hidden if line.people.get(site, 0)]
        if any(people < threshold for people in behind) and (len(behind) < 2 or sum(behind) - len(behind) < threshold):
            return False
    return True


# -- a quarter -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shared:
    """A result as it may be shared: `row` is None where it is hidden, and carries the value without its parts."""

    key: str
    site: uuid.UUID | None
    site_name: str
    row: Row | None

    @property
    def is_hidden(self) -> bool:
        """Hidden, which is never blank and never 0."""
        return self.row is None


class _Release(Enum):
    """How much of a table is shared."""

    NOTHING = 0
    TOTAL = 1
    SITES = 2


@dataclass
class _Table:
    """The numbers of one measure over one window, wherever an indicator uses it: (value, people behind) by place."""

    measure: Measure
    window: Window
    is_count: bool = False
    cells: dict[uuid.UUID | None, tuple[int, int]] = field(default_factory=dict)
    release: _Release = _Release.NOTHING
    pattern: Pattern = field(default_factory=Pattern)

    @property
    def line(self) -> Line:
        """Its people, site by site."""
        return _line({place: people for place, (_value, people) in self.cells.items()})

    def hides(self, site: uuid.UUID | None) -> bool:
        """Whether its number is hidden at a site, or (None) in total."""
        if self.release is _Release.SITES:
            return self.pattern.hides(None if site is None else str(site))
        return self.release is _Release.NOTHING or site is not None


def share(pack: Pack, threshold: int | None = None) -> list[Shared]:
    """The results of a quarter as they may be shown outside, protected together. T is never below the setting."""
    limit = max(settings.CONFIG.public_threshold, threshold or 0)
    tables = _tables(pack)
    for family in _families(list(tables.values())):
        _release(family, limit)
    return [Shared(row.indicator.key, row.site, row.site_name, _bare(row) if _may_show(row, tables, limit) else None) for row in pack]


def _bare(row: Row) -> Row:
    """The value alone: what it was made from stays in the house."""
    return replace(row, numerator=None, denominator=None, people_behind=None, denominator_people=None, noted=())


def _release(family: Sequence[_Table], threshold: int) -> None:
    """Decide for each table of a family, the most important first, how much of it is shared."""
    pattern: Pattern | None = None
    full: list[_Table] = []
    totals: list[_Table] = []
    for table in sorted(family, key=lambda t: (not t.is_count, -t.line.total, t.window)):
        trial = protect(_lines([*full, table]), threshold)
        near_a_total = any(_is_part(table, other) or _is_part(other, table) for other in totals)
        if pattern is None or (trial == pattern and not near_a_total):
            pattern, table.pattern, table.release = trial, trial, _Release.SITES
            full.append(table)
        elif not pattern.total and _total_alone_holds(table, full, totals, pattern, threshold):
            table.release = _Release.TOTAL
            totals.append(table)


def _total_alone_holds(table: _Table, full: Sequence[_Table], totals: Sequence[_Table], pattern: Pattern, threshold: int) -> bool:
    """Whether the total of a table can be shown without its sites, beside what is already shared of its family."""
    if is_small(table.line.total, threshold):
        return False
    for other in (*full, *totals):
        if _is_part(table, other):
            small, large = table, other
        elif _is_part(other, table):
            small, large = other, table
        else:
            continue
        if is_small(_difference(small.cells.get(None, (0, 0)), large.cells.get(None, (0, 0))), threshold):
            return False
        if small is table and other in full and not _sites_stay_open(small.line, large.line, pattern, threshold):
            return False
    return True


def _sites_stay_open(small: Line, large: Line, pattern: Pattern, threshold: int) -> bool:
    """Whether the total of a part leaves each site's small groups open, where the whole's sites are shown.

    A site's part is at most its whole, and at least what the other sites cannot hold.
    """
    total, room = sum(small.people.values()), sum(large.people.values())
    for site, whole in large.people.items():
        if site in pattern.sites:
            continue
        part = small.people.get(site, 0)
        low, high = max(0, total - (room - whole)), min(whole, total)
        narrow = high - low < threshold
        if (is_small(part, threshold) and (low > 1 or narrow)) or (is_small(whole - part, threshold) and (whole - high > 1 or narrow)):
            return False
    return True


def _may_show(row: Row, tables: Mapping[tuple[Measure, Window], _Table], threshold: int) -> bool:
    if row.status == Status.NO_DATA:
        return True
    parts = [part for part in row.indicator.inputs if not isinstance(part, Estimate)]
    if any(tables[part, row.window].hides(row.site) for part in parts if (part, row.window) in tables):
        return False
    if row.denominator is None:
        return True
    numerator, denominator = row.people_behind or 0, row.denominator_people or 0
    if not ratio_is_safe(numerator, denominator, proportion=False, threshold=threshold):
        return False
    rest = _difference((row.numerator or 0, numerator), (row.denominator, denominator))
    return row.indicator.kind != "percent" or not is_small(rest, threshold)


def _tables(pack: Iterable[Row]) -> dict[tuple[Measure, Window], _Table]:
    found: dict[tuple[Measure, Window], _Table] = {}
    for row in pack:
        cells = ((row.numerator, row.people_behind), (row.denominator, row.denominator_people))
        for measure, (value, people) in zip(row.indicator.parts, cells, strict=False):
            if not isinstance(measure, Estimate) and value is not None:
                table = found.setdefault((measure, row.window), _Table(measure, row.window))
                table.cells[row.site] = (value, people or 0)
                table.is_count = table.is_count or row.indicator.kind == "count"
    return found


def _is_part(small: _Table, large: _Table) -> bool:
    """Whether one counts a part of the other. Over different windows only people can be subtracted."""
    if small.window == large.window:
        return contains(large.measure, small.measure)
    people = {type(small.measure).__name__, type(large.measure).__name__} <= {"People", "Regular"}
    inside = small.window.inside(large.window)
    return people and inside and (small.measure == large.measure or contains(large.measure, small.measure))


def _families(tables: list[_Table]) -> list[list[_Table]]:
    """Tables that are linked by being part of one another."""
    families: list[list[_Table]] = []
    for table in tables:
        linked = [f for f in families if any(_is_part(table, other) or _is_part(other, table) for other in f)]
        families = [f for f in families if f not in linked] + [[table, *(other for f in linked for other in f)]]
    return families


def _lines(family: Sequence[_Table]) -> list[Line]:
    """The lines of tables and the differences between those where one is part of the other."""
    found = [table.line for table in family]
    for small in family:
        for large in family:
            if small is not large and _is_part(small, large):
                places = set(small.cells) & set(large.cells)
                found.append(_line({p: _difference(small.cells[p], large.cells[p]) for p in places}))
    return found


def _line(people: Mapping[uuid.UUID | None, int]) -> Line:
    return Line({str(site): behind for site, behind in people.items() if site is not None}, people.get(None, 0))


def _difference(small: tuple[int, int], large: tuple[int, int]) -> int:
    """People behind what is in the large number and not in the small one; somebody may stand behind both."""
    if large[0] == small[0]:
        return 0
    return max(large[1] - small[1], 1)
