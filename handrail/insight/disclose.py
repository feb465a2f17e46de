"""What may be shared, so that nobody in a small group can be found (`domain/indicators.md` 7).

What is protected are groups of 1 to T-1 distinct people, T from `CONFIG.public_threshold`. Every number that is shown, of
every place and period, becomes a cell of one system (`ties.py`) with what ties it to the others: sites and their
total, a part of a group and the rest of it, a quarter inside twelve months, an earlier version and its revision. What
`suppress.py` hides of it leaves each small group unknown over a width of T and more, against a reader who has everything
published, knows these rules and can solve linear programs.

Where an indicator declares its zeros revealing, a 0 of somebody, and a group all of whom have what is asked, are
protected like small groups: neither is shown, and neither can be told from up to T people.

Areas in which few people live (`areas.py`) are hidden from everybody, and shown to partners.

A percent or a ratio is shown only if both its parts are shown at that place, each is 0 or at least T, and for a percent
the rest is 0 or at least T.

Sites share people, so sites need not add up to the total. The reader is assumed to know how many are shared. It does not
protect against somebody who knows some of the hidden people and looks for the others. Estimates from outside are public
and are not protected.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.conf import settings

from handrail.facts.models import Site, SiteKind
from handrail.insight.areas import is_kept_back, kept_back
from handrail.insight.arithmetic import Status
from handrail.insight.breakdowns import BREAKDOWNS, UNKNOWN, pairs_of
from handrail.insight.desk import PARTNER_THRESHOLD
from handrail.insight.packages import resolved
from handrail.insight.periods import Window
from handrail.insight.results import Pack, Row
from handrail.insight.spec import FROM_OUTSIDE, INDICATORS, Measure
from handrail.insight.suppress import suppress
from handrail.insight.ties import Cell, Pair, Place, Published, Revealing, SiteCodes, difference, is_small, system_of

__all__ = ["Cell", "Published", "Shared", "ratio_is_safe", "share", "system_of"]


@dataclass(frozen=True)
class Shared:
    """A result as it may be shared: `row` is None where it is hidden, and carries the value without its parts."""

    key: str
    site: Place
    site_name: str
    cell: str
    row: Row | None

    @property
    def place(self) -> tuple[str, Place, str]:
        """Where it stands in a pack."""
        return self.key, self.site, self.cell

    @property
    def is_hidden(self) -> bool:
        """Hidden, which is never blank and never 0."""
        return self.row is None


def ratio_is_safe(numerator: int, denominator: int, *, proportion: bool, threshold: int) -> bool:
    """For the people behind the parts: each 0 or at least T, and for a proportion the rest too."""
    groups = (numerator, denominator, denominator - numerator) if proportion else (numerator, denominator)
    return not any(is_small(group, threshold) for group in groups)


def share(
    pack: Pack, threshold: int | None = None, *, partner: bool = False, beside: Sequence[Pack] = (), before: Sequence[Published] = ()
) -> list[Shared]:
    """The results of a pack as they may be shown outside. T is never below the setting, or for a partner under agreement below theirs.

    `beside` are other periods that are published with it, `before` is what was published earlier: all is protected together.
    """
    limit = max(PARTNER_THRESHOLD if partner else settings.CONFIG.public_threshold, threshold or 0)
    rows = [row for one in (pack, *beside) for row in one]
    hidden = _hidden(rows, before, limit, frozenset() if partner else kept_back(row.cell for row in rows))
    return [Shared(*row.place[:2], row.site_name, row.cell, replace(row, is_hidden=not _may_show(row, hidden, limit)).outside) for row in pack]


def _may_show(row: Row, hidden: frozenset[object], threshold: int) -> bool:
    if row.status == Status.NO_DATA:
        return True
    if any(Cell(resolved(measure, row.window), row.window, row.site, part=row.cell) in hidden for measure in row.indicator.inputs):
        return False
    if row.denominator is None or isinstance(row.indicator.denominator, FROM_OUTSIDE):
        return not is_small(row.people_behind or 0, threshold) and not zero_tells(row)
    numerator, denominator = row.people_behind or 0, row.denominator_people or 0
    if not ratio_is_safe(numerator, denominator, proportion=False, threshold=threshold):
        return False
    if zero_tells(row):
        return False
    rest = difference((row.numerator or 0, numerator), (row.denominator, denominator))
    return row.indicator.kind != "percent" or not is_small(rest, threshold)


def zero_tells(row: Row) -> bool:
    """Whether a number is a 0, or a whole group, that its indicator declares revealing."""
    if not row.indicator.zero_reveals or row.denominator == 0:
        return False
    return row.numerator == 0 or (row.indicator.kind == "percent" and row.numerator == row.denominator)


# -- the system ------------------------------------------------------------------------------------------------------------

def _hidden(rows: Iterable[Row], before: Sequence[Published], threshold: int, areas: frozenset[str]) -> frozenset[object]:
    """The cells to hide, those of small areas among them."""
    found = _numbers(rows)
    pairs = {cell: pair for cell, (pair, _worth) in found.items()}
    system = system_of(pairs, before, threshold, _site_codes(found), _revealing({cell.window for cell in found}))
    small = [cell for cell in found if is_kept_back(cell.part, areas)]
    return suppress(system, threshold, {cell: worth for cell, (_pair, worth) in found.items()}, small).hidden


def _numbers(rows: Iterable[Row]) -> dict[Cell, tuple[Pair, int]]:
    """Each cell's value and people, and how much it is needed: totals before sites, counts before what only goes into a ratio."""
    found: dict[Cell, tuple[Pair, int]] = {}
    for row in rows:
        parts = ((row.numerator, row.people_behind), (row.denominator, row.denominator_people))
        for measure, (value, people) in zip(row.indicator.parts, parts, strict=False):
            if not isinstance(measure, FROM_OUTSIDE) and value is not None:
                cell = Cell(resolved(measure, row.window), row.window, row.site, part=row.cell)
                worth = 2 * (row.site is None) + (row.indicator.kind == "count") + 4 * (not row.cell)
                found[cell] = ((value, people or 0), max(worth, found[cell][1] if cell in found else 0))
    return found


def _revealing(windows: Iterable[Window]) -> Revealing:
    """Measures of every indicator whose zeros are declared revealing, with the groups they speak of."""
    found: dict[Measure, frozenset[Measure | None]] = {}
    declared = [indicator for indicator in INDICATORS if indicator.zero_reveals]
    for indicator, window in itertools.product(declared, windows):
        group = resolved(indicator.denominator, window) if indicator.kind == "percent" and indicator.denominator else None
        measure = resolved(indicator.numerator, window)
        found[measure] = found.get(measure, frozenset()) | {group}
    return found


def _site_codes(numbers: Iterable[Cell]) -> SiteCodes:
    """For each breakdown of places the code of each site, where both are published."""
    keys = {key for cell in numbers if cell.place is None for key in pairs_of(cell.part) if BREAKDOWNS[key].of == "place"}
    if not keys:
        return {}
    columns = {key: BREAKDOWNS[key].column for key in keys}
    return {site.id: {key: getattr(site, column) or UNKNOWN for key, column in columns.items()} for site in Site.objects.exclude(kind=SiteKind.STORE)}
