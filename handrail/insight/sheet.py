"""A release as its readers see it: sections, their numbers, and the parts of each number. Page, poster and PDF share it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from handrail.insight.breakdowns import BREAKDOWNS, label_of, pairs_of
from handrail.insight.frozen import Frozen, Value
from handrail.insight.spec import Indicator, Text

OURS = "handrail"
"""Status of a definition that stands in no other place."""


@dataclass(frozen=True)
class PartLine:
    """One part of a number, or one place."""

    name: str
    value: Value

    @property
    def text(self) -> str:
        """The number as people read it."""
        return said(self.value)


@dataclass(frozen=True)
class Parts:
    """A number told apart in one way: by age, or by place."""

    title: str
    lines: tuple[PartLine, ...]


@dataclass(frozen=True)
class Line:
    """One number of the whole with everything it is told apart by. `value` is None where the release has none."""

    indicator: Indicator
    value: Value | None
    parts: tuple[Parts, ...]

    @property
    def code(self) -> str:
        """The code as its source writes it, with its variant; our own codes say nothing to readers outside."""
        return "" if self.indicator.source_status == OURS else code_of(self.indicator)

    @property
    def source(self) -> str:
        """Where the definition can be looked up."""
        return _("Handrail’s own definition") if self.indicator.source_status == OURS else self.indicator.source

    @property
    def is_number(self) -> bool:
        """Whether there is a number, and not a word for why there is none."""
        return self.value is not None and self.value.value is not None

    @property
    def text(self) -> str:
        """The number as people read it."""
        return said(self.value) if self.value is not None else _("not in this release")


@dataclass(frozen=True)
class Sheet:
    """One section."""

    title: Text
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Change:
    """A number that a revision says otherwise."""

    indicator: Indicator
    where: str
    before: str
    now: str


def code_of(indicator: Indicator) -> str:
    """“PRV.10 (a)”: two variants are two questions and never look the same."""
    return f"{indicator.code} ({indicator.variant})" if indicator.variant else indicator.code


def said(value: Value) -> str:
    """A number as people read it, a percentage with its sign."""
    return f"{value.text} %" if value.indicator.kind == "percent" and value.value is not None else value.text


def title_of(cell: str) -> str:
    """In which way a cell tells apart: “Age × Gender”."""
    return " × ".join(str(BREAKDOWNS[key].title) if key in BREAKDOWNS else key for key in pairs_of(cell))


def where_of(value: Value) -> str:
    """Place or part of a number in words; empty for the whole."""
    return value.site_name if value.site is not None else label_of(value.cell)


def sheets(frozen: Frozen) -> list[Sheet]:
    """The sections of a release in the order of its report."""
    lines: dict[str, list[Value]] = {}
    for value in frozen:
        lines.setdefault(value.indicator.key, []).append(value)
    found = []
    for section in frozen.report.sections:
        shown = [_line(lines[key]) for key in section.indicators if key in lines]
        if shown:
            found.append(Sheet(section.title, tuple(shown)))
    return found


def _line(values: Sequence[Value]) -> Line:
    whole = next((value for value in values if value.site is None and not value.cell), None)
    places = [PartLine(value.site_name, value) for value in values if value.site is not None]
    ways: dict[tuple[str, ...], list[PartLine]] = {}
    for value in values:
        if value.cell:
            ways.setdefault(tuple(pairs_of(value.cell)), []).append(PartLine(label_of(value.cell), value))
    parts = [Parts(title_of(cells[0].value.cell), tuple(sorted(cells, key=lambda one: rank(one.value.cell)))) for cells in ways.values()]
    if places:
        parts.append(Parts(_("Place"), tuple(sorted(places, key=lambda one: one.name))))
    return Line(values[0].indicator, whole, tuple(parts))


def rank(cell: str) -> list[int]:
    """Where a cell stands among those of its breakdown."""
    found = []
    for key, code in pairs_of(cell).items():
        codes = list(BREAKDOWNS[key].labels) if key in BREAKDOWNS else []
        found.append(codes.index(code) if code in codes else len(codes))
    return found


def changes(old: Frozen, new: Iterable[Value]) -> list[Change]:
    """What a later version says otherwise, as its readers can see it; what was added or left out too."""
    there, found = {value.place: value for value in old}, []
    for value in new:
        before = there.pop(value.place, None)
        if before is None or before.plain != value.plain:
            found.append(Change(value.indicator, where_of(value), said(before) if before else "–", said(value)))
    return found + [Change(value.indicator, where_of(value), said(value), "–") for value in there.values()]
