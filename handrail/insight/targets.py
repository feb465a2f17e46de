"""Numbers held against targets: only with the same indicator, variant and level; else “n/a” (`domain/indicators.md` 6).

Targets are rows: shipped sets (`target_sets/`), and a programme's own. Comparing is pure and exact: what is rounded for the
eye is not what is compared, and the edge belongs to where the sign says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from handrail.insight.arithmetic import display
from handrail.insight.explain import number
from handrail.insight.models import OWN, Band, Level, Op, Target
from handrail.insight.outside import areas_of, in_force
from handrail.insight.periods import Window
from handrail.insight.spec import Indicator
from handrail.insight.target_sets import title_of


class Outcome(StrEnum):
    """What came of holding a number against a target."""

    MET = "met"
    NOT_MET = "not_met"
    NO_VALUE = "no_value"
    OTHER_LEVEL = "other_level"
    OTHER_AREA = "other_area"
    BAND = "band"

    @property
    def label(self) -> str:
        """In a few words."""
        return str(_LABELS[self])


_LABELS: dict[Outcome, Promise] = {
    Outcome.MET: _l("reached"), Outcome.NOT_MET: _l("not reached"), Outcome.NO_VALUE: _l("n/a: no number"),
    Outcome.OTHER_LEVEL: _l("n/a: another level"), Outcome.OTHER_AREA: _l("n/a: another area"), Outcome.BAND: _l("in this band"),
}


@dataclass(frozen=True)
class Goal:
    """One thing to hold a number against: a target, or the bands of a guide, which lie side by side."""

    rows: tuple[Target, ...]

    @property
    def first(self) -> Target:
        """The row that says of what it is: bands differ in their edges only."""
        return self.rows[0]

    @property
    def is_scale(self) -> bool:
        """Whether it is a guide's bands."""
        return bool(self.first.band)

    @property
    def title(self) -> str:
        """Who asks for it: the award, or the set's name."""
        if self.first.target_set == OWN:
            return self.first.award or _("Our own target")
        return title_of(self.first.target_set)

    @property
    def parts(self) -> list[tuple[Target, str]]:
        """Each row with its condition in words."""
        return [(row, asked(row)) for row in self.rows]

    @property
    def text(self) -> str:
        """What to reach, such as “≥ 50”, or the bands."""
        if self.is_scale:
            return " · ".join(f"{Band(row.band).label} {asked(row)}" for row in self.rows)
        return asked(self.first)


@dataclass(frozen=True)
class Compared:
    """A number held against a goal. `gap` is how far it is from being reached, None when nothing can be compared."""

    goal: Goal
    outcome: Outcome
    gap: Decimal | None = None
    band: str = ""
    decimals: int = field(default=1, compare=False)
    looks_met: bool = False
    """Whether it is reached only for the eye, by rounding."""

    @property
    def gap_text(self) -> str:
        """The gap as people read it: empty when it is reached, a word when the number stands on an edge that does not count."""
        if self.outcome is Outcome.BAND:
            return str(Band(self.band).label)
        if self.outcome is not Outcome.NOT_MET or self.gap is None:
            return self.outcome.label
        if self.gap == 0:
            return _("on the edge: %(asked)s is asked") % {"asked": self.goal.text}
        return _("nearly, not quite") if self.looks_met else _("%(gap)s to go") % {"gap": number(self.gap, self.decimals)}

    @property
    def tone(self) -> str:
        """The colour of its chip; the words say the same."""
        return {Outcome.MET: "go", Outcome.NOT_MET: "soon"}.get(self.outcome, "")


def asked(row: Target) -> str:
    """A row's condition as it is read: “> 200”, “100 to under 200”."""
    value = _short(row.value)
    return _("%(low)s to under %(high)s") % {"low": value, "high": _short(row.high or row.value)} if row.op == Op.RANGE else f"{row.op} {value}"


def _short(value: Decimal) -> str:
    return number(value, max(0, -int(value.normalize().as_tuple().exponent)))


def fits(row: Target, value: Decimal) -> bool:
    """Whether a value fulfils a row's condition. A range holds its first value and not its last."""
    match row.op:
        case Op.AT_LEAST:
            return value >= row.value
        case Op.AT_MOST:
            return value <= row.value
        case Op.MORE_THAN:
            return value > row.value
        case Op.LESS_THAN:
            return value < row.value
        case Op.EXACTLY:
            return value == row.value
        case Op.RANGE:
            return row.high is not None and row.value <= value < row.high
    raise ValueError(f"Nobody knows how to compare with “{row.op}”.")


def gap(row: Target, value: Decimal) -> Decimal:
    """How far a value is from the condition; 0 when it is fulfilled, and on an edge that does not count."""
    if fits(row, value):
        return Decimal(0)
    if row.op == Op.RANGE and row.high is not None and value >= row.high:
        return value - row.high
    return abs(value - row.value)


def compare(goal: Goal, indicator: Indicator, value: Decimal | None, areas: frozenset[str] = frozenset()) -> Compared:
    """Hold a number of an indicator, of these areas, against a goal of the same code and variant."""
    first = goal.first
    if first.level != indicator.level:
        return Compared(goal, Outcome.OTHER_LEVEL)
    if first.area and areas != {first.area}:
        return Compared(goal, Outcome.OTHER_AREA)
    if value is None:
        return Compared(goal, Outcome.NO_VALUE)
    if goal.is_scale:
        band = next((row.band for row in goal.rows if fits(row, value)), "")
        return Compared(goal, Outcome.BAND if band else Outcome.NO_VALUE, band=band)
    met, seen = fits(first, value), Decimal(display(value, indicator.decimals))
    return Compared(goal, Outcome.MET if met else Outcome.NOT_MET, gap(first, value), decimals=indicator.decimals, looks_met=_looks(first, seen))


def _looks(row: Target, seen: Decimal) -> bool:
    """Whether a rounded value fulfils the condition, or stands on the edge of one that it does not."""
    return fits(row, seen) or gap(row, seen) == 0


def goals_of(rows: Iterable[Target]) -> list[Goal]:
    """Rows as goals: the bands of one guide for one number belong together, in the order of their values."""
    found: dict[tuple[object, ...], list[Target]] = {}
    for row in rows:
        scale = (row.target_set, row.indicator, row.variant, row.level, row.area, row.valid_from) if row.band else (row.key,)
        found.setdefault(scale, []).append(row)
    return [Goal(tuple(sorted(held, key=_edge))) for held in found.values()]


def _edge(row: Target) -> tuple[Decimal, bool]:
    """Where a band lies: the one below an edge before the one from it on."""
    return row.value, row.op not in {Op.LESS_THAN, Op.AT_MOST}


def on_day(day: date) -> list[Goal]:
    """The goals of the organisation in scope that hold on a day: its own first, then by set."""
    rows = in_force(Target).filter(Q(valid_to=None) | Q(valid_to__gt=day), valid_from__lte=day).order_by("target_set", "indicator", "key")
    return sorted(goals_of(rows), key=lambda goal: goal.first.target_set != OWN)


def for_number(indicator: Indicator, value: Decimal | None, window: Window, goals: Sequence[Goal] | None = None) -> list[Compared]:
    """A number of the whole programme against every goal of its code and variant that holds on the window's last day."""
    last = window.ends_before - timedelta(days=1)
    held = on_day(last) if goals is None else goals
    wanted = [goal for goal in held if (goal.first.indicator, goal.first.variant) == (indicator.code, indicator.variant)]
    if not wanted:
        return []
    areas = areas_of(Level.COUNTRY if indicator.level == Level.COUNTRY else Level.TARGETED_AREA)
    return [compare(goal, indicator, value, areas) for goal in wanted]
