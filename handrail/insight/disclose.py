"""What may be shared, so that nobody in a small group can be found (`domain/indicators.md` 7).

What is protected are groups of 1 to T-1 distinct people, T from `CONFIG.public_threshold`. Every number that is shown, of
every place and period, becomes a cell of one system (`attacker.py`) with what ties it to the others: sites and their
total, a part of a group and the rest of it, a quarter inside twelve months, an earlier version and its revision. What
`suppress.py` hides of it leaves each small group unknown over a width of T and more, against a reader who has everything
published, knows these rules and can solve linear programs.

A percent or a ratio is shown only if both its parts are shown at that place, each is 0 or at least T, and for a percent
the rest is 0 or at least T.

Sites share people, so sites need not add up to the total. The reader is assumed to know how many are shared. It does not
protect against somebody who knows some of the hidden people and looks for the others. Estimates from outside are public
and are not protected.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.conf import settings

from handrail.facts.models import Site, SiteKind
from handrail.insight.arithmetic import Status
from handrail.insight.attacker import How, System
from handrail.insight.breakdowns import BREAKDOWNS, UNKNOWN, pairs_of
from handrail.insight.nesting import contains
from handrail.insight.packages import resolved
from handrail.insight.periods import Window
from handrail.insight.results import Pack, Row
from handrail.insight.spec import OF_PEOPLE, Among, Estimate, Followed, Measure
from handrail.insight.suppress import suppress

Place = uuid.UUID | None


@dataclass(frozen=True)
class Cell:
    """A number that is published: a measure over a window at a place, as an earlier version said it (0: now)."""

    measure: Measure
    window: Window
    place: Place
    version: int = 0
    part: str = ""
    """Part of the whole, such as `gender=female`; empty: all of it."""


@dataclass(frozen=True)
class Shared:
    """A result as it may be shared: `row` is None where it is hidden, and carries the value without its parts."""

    place: tuple[str, Place, str]
    row: Row | None

    @property
    def is_hidden(self) -> bool:
        """Hidden, which is never blank and never 0."""
        return self.row is None


@dataclass(frozen=True)
class Published:
    """A number that left the house before: its cell, its value with the people behind it, and whether it was shown."""

    cell: Cell
    value: int
    people: int
    shown: bool


def is_small(people: int, threshold: int) -> bool:
    """A group somebody could be found in."""
    return 0 < people < threshold


def ratio_is_safe(numerator: int, denominator: int, *, proportion: bool, threshold: int) -> bool:
    """For the people behind the parts: each 0 or at least T, and for a proportion the rest too."""
    groups = (numerator, denominator, denominator - numerator) if proportion else (numerator, denominator)
    return not any(is_small(group, threshold) for group in groups)


def share(pack: Pack, threshold: int | None = None, *, beside: Sequence[Pack] = (), before: Sequence[Published] = ()) -> list[Shared]:
    """The results of a pack as they may be shown outside. T is never below the setting.

    `beside` are other periods that are published with it, `before` is what was published earlier: all is protected together.
    """
    limit = max(settings.CONFIG.public_threshold, threshold or 0)
    rows = [row for one in (pack, *beside) for row in one]
    hidden = _hidden(rows, before, limit)
    return [Shared(row.place, replace(row, is_hidden=not _may_show(row, hidden, limit)).outside) for row in pack]


def _may_show(row: Row, hidden: frozenset[object], threshold: int) -> bool:
    if row.status == Status.NO_DATA:
        return True
    if any(Cell(resolved(measure, row.window), row.window, row.site, part=row.cell) in hidden for measure in row.indicator.inputs):
        return False
    if row.denominator is None or isinstance(row.indicator.denominator, Estimate):
        return not is_small(row.people_behind or 0, threshold)
    numerator, denominator = row.people_behind or 0, row.denominator_people or 0
    if not ratio_is_safe(numerator, denominator, proportion=False, threshold=threshold):
        return False
    rest = _difference((row.numerator or 0, numerator), (row.denominator, denominator))
    return row.indicator.kind != "percent" or not is_small(rest, threshold)


# -- the system ------------------------------------------------------------------------------------------------------------

Numbers = Mapping[Cell, tuple[int, int]]
"""Value of each cell and the people behind it."""


def _hidden(rows: Iterable[Row], before: Sequence[Published], threshold: int) -> frozenset[object]:
    """The cells to hide."""
    found = _numbers(rows)
    system = system_of({cell: pair for cell, (pair, _worth) in found.items()}, before, threshold, _site_codes(found))
    return suppress(system, threshold, {cell: worth for cell, (_pair, worth) in found.items()}).hidden


def system_of(
    numbers: Numbers, before: Sequence[Published] = (), threshold: int = 0, site_codes: Mapping[uuid.UUID, Mapping[str, str]] | None = None
) -> System:
    """Every number with all that ties it to the others. `site_codes` say in which area and the like each site lies."""
    system = System()
    for cell, (_value, people) in numbers.items():
        system.add(cell, people)
    _tie_places(system, numbers)
    _tie_breakdowns(system, numbers)
    _tie_genders(system, numbers)
    _tie_sites_to_areas(system, numbers, site_codes or {})
    _tie_parts(system, numbers, threshold)
    _tie_periods(system, numbers)
    _tie_versions(system, numbers, before, threshold)
    return system


def _numbers(rows: Iterable[Row]) -> dict[Cell, tuple[tuple[int, int], int]]:
    """Each cell's value and people, and how much it is needed: totals before sites, counts before what only goes into a ratio."""
    found: dict[Cell, tuple[tuple[int, int], int]] = {}
    for row in rows:
        parts = ((row.numerator, row.people_behind), (row.denominator, row.denominator_people))
        for measure, (value, people) in zip(row.indicator.parts, parts, strict=False):
            if not isinstance(measure, Estimate) and value is not None:
                cell = Cell(resolved(measure, row.window), row.window, row.site, part=row.cell)
                worth = 2 * (row.site is None) + (row.indicator.kind == "count") + 4 * (not row.cell)
                found[cell] = ((value, people or 0), max(worth, found[cell][1] if cell in found else 0))
    return found


def _tie_places(system: System, numbers: Numbers) -> None:
    sites: dict[Cell, list[Cell]] = {}
    for cell in numbers:
        if cell.place is not None and not cell.part:
            sites.setdefault(replace(cell, place=None), []).append(cell)
    for total, parts in sites.items():
        if total in numbers:
            system.tie(total, parts)


def _tie_breakdowns(system: System, numbers: Numbers) -> None:
    """Cells of a breakdown and what they are parts of: the whole, or a coarser cell, such as women of all ages."""
    tables: dict[Cell, dict[frozenset[str], list[Cell]]] = {}
    for cell in numbers:
        tables.setdefault(replace(cell, part=""), {}).setdefault(frozenset(pairs_of(cell.part)), []).append(cell)
    for table in tables.values():
        for fine, coarse in ((a, b) for a in table for b in table if b < a):
            for total in table[coarse]:
                codes = pairs_of(total.part).items()
                system.tie(total, [cell for cell in table[fine] if codes <= pairs_of(cell.part).items()])


def _tie_genders(system: System, numbers: Numbers) -> None:
    """What is counted of some genders is the sum of their cells, wherever the same number is told apart by gender."""
    for total in numbers:
        if isinstance(total.measure, Among) and not total.part:
            tables: dict[frozenset[str], list[Cell]] = {}
            for cell in numbers:
                if replace(cell, part="", measure=total.measure) == total and cell.measure == total.measure.of and "gender" in pairs_of(cell.part):
                    tables.setdefault(frozenset(pairs_of(cell.part)), []).append(cell)
            for cells in tables.values():
                system.tie(total, [cell for cell in cells if pairs_of(cell.part)["gender"] in total.measure.gender])


def _tie_sites_to_areas(system: System, numbers: Numbers, site_codes: Mapping[uuid.UUID, Mapping[str, str]]) -> None:
    """The sites of an area, of a setting, of a kind of provider, make up its cell."""
    for total in numbers:
        codes = pairs_of(total.part)
        if total.place is None and len(codes) == 1:
            ((key, code),) = codes.items()
            sites = [replace(total, place=site, part="") for site, found in site_codes.items() if found.get(key) == code]
            there = [site for site in sites if site in numbers]
            if there and len(there) == len(sites):
                system.tie(total, there)


def _site_codes(numbers: Iterable[Cell]) -> dict[uuid.UUID, dict[str, str]]:
    """For each breakdown of places the code of each site, where both are published."""
    keys = {key for cell in numbers if cell.place is None for key in pairs_of(cell.part) if BREAKDOWNS[key].of == "place"}
    if not keys:
        return {}
    columns = {key: BREAKDOWNS[key].column for key in keys}
    return {site.id: {key: getattr(site, column) or UNKNOWN for key, column in columns.items()} for site in Site.objects.exclude(kind=SiteKind.STORE)}


def _tie_parts(system: System, numbers: Numbers, threshold: int) -> None:
    """A part of a group, and the rest of it: a group as well."""
    places: dict[tuple[Place, str], list[Cell]] = {}
    for cell in numbers:
        places.setdefault((cell.place, cell.part), []).append(cell)
    for small, large in ((a, b) for cells in places.values() for a in cells for b in cells if a is not b and _is_part(a, b)):
        rest = _difference(numbers[small], numbers[large])
        if is_small(rest, threshold):
            system.add_open(("rest", small, large), rest)
            system.tie(large, [small, ("rest", small, large)])
        else:
            system.tie(large, [small], How.PART)


def _is_part(small: Cell, large: Cell) -> bool:
    """Whether one counts a part of the other. Over different windows only people can be subtracted."""
    if small.window == large.window:
        return contains(large.measure, small.measure)
    people = isinstance(small.measure, OF_PEOPLE) and isinstance(large.measure, OF_PEOPLE)
    return people and small.window.inside(large.window) and (small.measure == large.measure or contains(large.measure, small.measure))


def _tie_periods(system: System, numbers: Numbers) -> None:
    """Windows that together make up a longer one: what happened adds up, people do not."""
    lines: dict[tuple[Measure, Place, str], list[Cell]] = {}
    for cell in numbers:
        lines.setdefault((cell.measure, cell.place, cell.part), []).append(cell)
    for (measure, _place, _part), cells in lines.items():
        for total in cells:
            parts = _partition(total.window, [cell for cell in cells if cell.window != total.window and cell.window.inside(total.window)])
            if parts:
                system.tie(total, parts, How.COVER if isinstance(measure, (*OF_PEOPLE, Followed)) else How.SUM)


def _partition(window: Window, cells: Sequence[Cell]) -> list[Cell]:
    """Cells whose windows follow one another from its first day to its last, the shortest windows first; empty if none do."""
    found, day = [], window.starts_on
    starts: dict[object, Cell] = {}
    for cell in sorted(cells, key=lambda cell: cell.window.days, reverse=True):
        starts[cell.window.starts_on] = cell
    while day in starts:
        found.append(starts[day])
        day = starts[day].window.ends_before
    return found if day == window.ends_before else []


def _tie_versions(system: System, numbers: Numbers, before: Sequence[Published], threshold: int) -> None:
    """What was shown earlier is known for ever; what changed since is a group as well."""
    for number, old in enumerate(before, 1):
        now = numbers.get(old.cell)
        if not old.shown:
            continue
        if now == (old.value, old.people):
            system.shown_before.add(old.cell)
            continue
        earlier = replace(old.cell, version=number)
        system.add(earlier, old.people)
        system.shown_before.add(earlier)
        if now is not None:
            large, small = (old.cell, earlier) if now[0] >= old.value else (earlier, old.cell)
            pairs = (now, (old.value, old.people)) if large == old.cell else ((old.value, old.people), now)
            changed = _difference(pairs[1], pairs[0])
            if is_small(changed, threshold):
                system.add_open(("changed", earlier), changed)
                system.tie(large, [small, ("changed", earlier)])


def _difference(small: tuple[int, int], large: tuple[int, int]) -> int:
    """People behind what is in the large number and not in the small one; somebody may stand behind both."""
    if large[0] == small[0]:
        return 0
    return max(large[1] - small[1], 1)
