"""Areas in which few people live: they are not told apart for everybody (`domain/indicators.md` 7, small-area rule).

What they have in common with one another is what readers see of them: the total less the areas that are shown, “other
areas” together. So as many are kept back as live, together, in no small area. Of whom nobody knows how many they are, it
is taken that they are few.
"""

from __future__ import annotations

from collections.abc import Iterable

from handrail.insight.breakdowns import UNKNOWN, pairs_of
from handrail.insight.models import Level, Population, SizeEstimate
from handrail.insight.outside import in_force
from handrail.insight.values import MIN_AREA_POPULATION

AREA = "area"


def kept_back(cells: Iterable[str]) -> frozenset[str]:
    """Of the areas that these cells speak of, those that everybody sees only together with others. Run inside a scope."""
    areas = {pairs_of(cell).get(AREA, UNKNOWN) for cell in cells} - {UNKNOWN}
    least = int(MIN_AREA_POPULATION.read().value)
    if not areas or not least:
        return frozenset()
    people = _inhabitants()
    by_size = sorted(areas, key=lambda area: (people.get(area, 0), area))
    small = [area for area in by_size if people.get(area, 0) < least]
    for area in by_size[len(small):] if small else ():
        if sum(people.get(one, 0) for one in small) >= least:
            break
        small.append(area)
    return frozenset(small)


def is_kept_back(cell: str, areas: frozenset[str]) -> bool:
    """Whether a cell speaks of one of these areas."""
    return pairs_of(cell).get(AREA) in areas


def _inhabitants() -> dict[str, int]:
    """How many people live in each area, by the newest estimate."""
    rows = in_force(SizeEstimate).filter(population=Population.EVERYBODY, level=Level.TARGETED_AREA).order_by("year", "key")
    return dict(rows.values_list("area", "value"))
