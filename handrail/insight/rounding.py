"""Numbers for everybody rounded to five, where a programme chose it: after hiding, each number for itself.

What may be shown is decided by the exact numbers; who then reads 70 knows only that it was 68 to 72. The same number is
always rounded alike, wherever and whenever it stands, so two of them tell no more than the exact ones would. Sums may
differ. A percent or ratio is computed of its rounded parts. Places that are counted, and estimates from outside, stay as they are.
"""

from __future__ import annotations

from decimal import Decimal

from handrail.insight.arithmetic import Cell, Status, value_of
from handrail.insight.models import Profile
from handrail.insight.results import Row
from handrail.insight.spec import FROM_OUTSIDE, Measure, Outlets
from handrail.insight.values import PUBLIC_ROUNDING


def rounding_of(profile: str) -> int:
    """To what a release for this profile would be rounded now; 0: not at all. Run inside a scope."""
    return int(PUBLIC_ROUNDING.read().value) if profile == Profile.PUBLIC and PUBLIC_ROUNDING.read().value != "none" else 0


def nearest(number: int, base: int) -> int:
    """The nearest multiple of an odd base: there is always just one."""
    return (number + base // 2) // base * base


def rounded(row: Row, base: int) -> tuple[Status, Decimal | None]:
    """Status and value of a number as everybody sees it."""
    indicator = row.indicator
    if not base or row.value is None or isinstance(indicator.numerator, Outlets):
        return row.status, row.value
    if indicator.kind not in {"percent", "ratio"}:
        return row.status, Decimal(nearest(int(row.value), base))
    parts = [_part(measure, value, base) for measure, value in zip(indicator.parts, (row.numerator, row.denominator), strict=True)]
    found = value_of(indicator, *parts, days=row.window.days)
    return found.status, found.value


def _part(measure: Measure, value: int | None, base: int) -> Cell | None:
    if value is None:
        return None
    return Cell(value if isinstance(measure, (*FROM_OUTSIDE, Outlets)) else nearest(value, base), 0)
