"""Queries without their days: written and translated once, filled in for each window.

To translate a query takes longer than to answer it, and those of two quarters differ only by their ends. So a query is
written for *sketched* windows, whose ends are days nobody lives in (the year 7000 and after, one for each end), and
translated. In the text each of these days, any day some months before one, and the last year of a window become slots; so
do the names of tables. What else a query may depend on, such as how many whole months a window has, belongs to its shape,
and each shape is a query of its own. Whatever is not understood stops here, and is never filled in wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, NamedTuple, Self

import ibis.expr.operations as ops

from handrail.insight.periods import MONTHS_OF_A_YEAR, Window, months_before

STAND_IN = "stand_in_"
"""Begins the name of every table of a sketch; the number of its step follows."""
_FIRST, _APART, _NEAR = 7013, 97, 40
"""Year of the first sketched day, years from one to the next, and how far from one a day is understood as before or after it."""
_SLOT = re.compile(
    rf"MAKE_DATE\((?P<y>\d{{4}}), (?P<m>\d{{1,2}}), (?P<d>\d{{1,2}})\)|(?<!\d)(?P<iso>\d{{4}}-\d\d-\d\d)(?!\d)|\b{STAND_IN}(?P<step>\d+)\b|(?<![\w.])(?P<year>\d{{4}})(?![\w.])"
)


class CannotSketch(Exception):
    """A query that depends on its window in a way that nobody declared; the sentence says which."""


class How(StrEnum):
    """How a table comes about."""

    FACTS = "facts"
    DIMENSION = "dimension"
    VIEW = "view"
    KEPT = "kept"
    TOGETHER = "together"


class Sketch(NamedTuple):
    """A table that a query needs: how it is made, under which name others share it (none: nobody does), of which expressions."""

    how: How
    name: str
    expressions: tuple[Any, ...]


class Shape(NamedTuple):
    """What a query may depend on, beside the days themselves: the ends by their place among all, and what follows from a window."""

    starts: int
    ends: int
    whole_months: int
    thirties: int
    in_one_year: bool
    opens_in_april: bool


@dataclass(frozen=True)
class Sketched(Window):
    """A window without days of its own: its ends are stand-ins, and only what its shape says can be asked of it."""

    shape: Shape = field(kw_only=True)

    @classmethod
    def of(cls, shape: Shape) -> Self:
        """The sketched window of a shape."""
        return cls(_stand_in(shape.starts), _stand_in(shape.ends), shape=shape)

    @property
    def days(self) -> int:
        """Not known."""
        raise CannotSketch("A query may not depend on how many days its window has: add what it needs to the shape of windows.")

    @property
    def whole_months(self) -> int:
        """See `Window`."""
        return self.shape.whole_months

    @property
    def thirties(self) -> int:
        """See `Window`."""
        return self.shape.thirties

    @property
    def in_one_year(self) -> bool:
        """See `Window`."""
        return self.shape.in_one_year

    @property
    def opens_in_april(self) -> bool:
        """See `Window`."""
        return self.shape.opens_in_april


def days_of(windows: Sequence[Window]) -> list[date]:
    """Every first day and end of the windows, in order: what fills the slots."""
    return sorted({day for window in windows for day in (window.starts_on, window.ends_before)})


def shapes_of(windows: Sequence[Window]) -> tuple[Shape, ...]:
    """The shapes of windows that are asked for together."""
    place = {day: number for number, day in enumerate(days_of(windows))}
    return tuple(
        Shape(place[w.starts_on], place[w.ends_before], w.whole_months, w.thirties, w.in_one_year, w.opens_in_april) for w in windows
    )


def _stand_in(number: int) -> date:
    if _FIRST + number * _APART > date.max.year - _NEAR:
        raise CannotSketch("So many windows are not asked for at once.")
    return date(_FIRST + number * _APART, 1, 1)


class Slot(NamedTuple):
    """Where a day goes: the day with this place among all, or the first of a month so many months before it; as text or as a call; or the last year before it."""

    place: int
    months: int
    form: str

    def fill(self, days: Sequence[date]) -> str:
        """The text for these days."""
        day = months_before(days[self.place], self.months) if self.months else days[self.place]
        if self.form == "year":
            return str((day - timedelta(days=1)).year)
        return str(day) if self.form == "iso" else f"MAKE_DATE({day.year}, {day.month}, {day.day})"


@dataclass(frozen=True)
class Template:
    """A text with slots for days and for names of tables."""

    parts: tuple[str | int | Slot, ...]
    """Text, the number of a step whose table it is, or a day."""

    @classmethod
    def of(cls, text: str, expected: Collection[date | int] | None = None) -> Self:
        """Cut a text at its slots. `expected` are the stand-ins of the query: exactly these have to be found, or `CannotSketch` is raised."""
        parts: list[str | int | Slot] = []
        found: set[date | int] = set()
        end = 0
        for match in _SLOT.finditer(text):
            slot, value = _slot_of(match)
            if slot is not None:
                parts += [text[end:match.start()], slot]
                end = match.end()
            if value is not None:
                found.add(value)
        if expected is not None and found != set(expected):
            raise CannotSketch(f"Of the days of a window {sorted(map(str, expected))} were written, and {sorted(map(str, found))} translated.")
        return cls((*parts, text[end:]))

    def fill(self, days: Sequence[date], names: Sequence[str]) -> str:
        """The text for these days and names."""
        return "".join(part if isinstance(part, str) else names[part] if isinstance(part, int) else part.fill(days) for part in self.parts)


def _slot_of(match: re.Match[str]) -> tuple[int | Slot | None, date | int | None]:
    """What a match stands for, and the stand-in that it is; nothing where it is of our own time."""
    if match["step"]:
        return int(match["step"]), None
    if match["year"]:
        year = int(match["year"])
        return (_year_slot(year), year) if _is_far(year) else (None, None)
    day = date.fromisoformat(match["iso"]) if match["iso"] else date(int(match["y"]), int(match["m"]), int(match["d"]))
    return (_day_slot(day, "iso" if match["iso"] else "call"), day) if _is_far(day.year) else (None, None)


def _is_far(year: int) -> bool:
    return year >= _FIRST - _NEAR


def _day_slot(day: date, form: str) -> Slot:
    place = round((day.year - _FIRST) / _APART)
    stand_in = _stand_in(max(place, 0))
    months = (stand_in.year - day.year) * MONTHS_OF_A_YEAR + 1 - day.month
    if day.day != 1 or abs(months) > _NEAR * MONTHS_OF_A_YEAR:
        raise CannotSketch(f"{day} is neither an end of a window nor the first of a month before one.")
    return Slot(max(place, 0), months, form)


def _year_slot(year: int) -> Slot:
    place, rest = divmod(year + 1 - _FIRST, _APART)
    if rest or place < 0:
        raise CannotSketch(f"{year} is not the last year of a window.")
    return Slot(place, 0, "year")


def stand_ins(expression: Any) -> set[date | int]:
    """The stand-ins that an expression contains: what its translation has to show, no more and no less."""
    literals = (node.value for node in expression.op().find(ops.Literal))
    return {
        value for value in literals
        if (isinstance(value, date) and _is_far(value.year)) or (isinstance(value, int) and not isinstance(value, bool) and _is_far(value) and value <= date.max.year)
    }


@dataclass(frozen=True)
class Made:
    """A step that is translated: how, its shared name, and the texts it is made of."""

    how: How
    name: Template
    texts: tuple[Template, ...]


@dataclass(frozen=True)
class Plan:
    """A query that is translated: the tables to be made first, in order, and what to ask at last, with the columns it gives."""

    steps: tuple[Made, ...]
    answer: Template
    schema: Any
