"""Charts as SVG from the server: readable without colour, without script, from left or from right. No domain words.

Nothing is styled inline, because the content policy forbids it. The page's stylesheet gives the classes their colours:
`chart-bar`, `chart-none` (a bar without a number), `chart-target`, `chart-text`, `chart-quiet`. Without a stylesheet
everything is drawn in the colour of the text. A chart stands beside the table with the same numbers; its text
alternative says them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language_bidi

WIDTH = 640
_ROW, _BAR, _LABEL = 58, 22, 18
_VALUE_ROOM = 110
_TOP = 30
Number = int | float | Decimal


@dataclass(frozen=True)
class Target:
    """A line across the chart, or across one bar, and the word on it."""

    value: Number
    text: str


@dataclass(frozen=True)
class Bar:
    """A number with its name. `value` None draws no bar, and `text` says why (“hidden”, “no data”).

    `mark` is a target of this bar alone. Only lying bars show it.
    """

    label: str
    value: Number | None
    text: str
    mark: Target | None = None


def bar_chart(title: str, bars: Sequence[Bar], *, target: Target | None = None) -> SafeString:
    """Bars lying one under the other, each under its name, each with its number at the end."""
    top = _TOP if target else 6
    height = top + _ROW * len(bars)
    most = _most([*(bar.value for bar in bars), *([target.value] if target else []), *(bar.mark.value for bar in bars if bar.mark)])
    place = _Place()
    rows = format_html_join("", "{}", ((row,) for row in _bars(bars, top, most, place)))
    line = _target_line(target, most, height, place) if target else SafeString("")
    return _picture(title, bars, target, height, format_html("{}{}", rows, line), "chart chart-bars")


def column_chart(title: str, columns: Sequence[Bar], *, target: Target | None = None) -> SafeString:
    """A few columns side by side, oldest first in reading direction, each with its number above and its name below."""
    height, ground, roof = 180, 150, 34
    most = _most([column.value for column in columns] + ([target.value] if target else []))
    place = _Place()
    step = Decimal(WIDTH) / max(len(columns), 1)
    parts = []
    for index, column in enumerate(columns):
        middle = step * index + step / 2
        tall = _share(column.value, most) * (ground - roof)
        wide = min(step * Decimal("0.6"), Decimal(72))
        shape = _rectangle(place.box(middle - wide / 2, wide), ground - tall, wide, tall, known=column.value is not None)
        number = _text(place.point(middle), ground - tall - 8, column.text, "chart-text", "middle")
        name = _text(place.point(middle), ground + 20, column.label, "chart-quiet", "middle")
        parts.append(format_html("{}{}{}", shape, number, name))
    if target:
        y = ground - _share(target.value, most) * (ground - roof)
        parts.append(_stroke(0, y, WIDTH, y))
        parts.append(_text(place.point(4), y - 5, target.text, "chart-text chart-target-text", "start"))
    return _picture(title, columns, target, height, format_html_join("", "{}", ((p,) for p in parts)), "chart chart-columns")


class _Place:
    """Where things stand: in a language written from the right, everything is mirrored."""

    def __init__(self) -> None:
        self.mirrored = get_language_bidi()

    def point(self, x: Number) -> Decimal:
        return WIDTH - Decimal(x) if self.mirrored else Decimal(x)

    def box(self, x: Number, wide: Number) -> Decimal:
        return WIDTH - Decimal(x) - Decimal(wide) if self.mirrored else Decimal(x)


def _bars(bars: Sequence[Bar], top: int, most: Decimal, place: _Place) -> Iterator[SafeString]:
    for index, bar in enumerate(bars):
        y = top + index * _ROW
        wide = _share(bar.value, most) * (WIDTH - _VALUE_ROOM)
        name = _text(place.point(0), y + _LABEL - 4, bar.label, "chart-text", "start")
        shape = _rectangle(place.box(0, wide), y + _LABEL + 2, wide, _BAR, known=bar.value is not None)
        number = _text(place.point(wide + 8), y + _LABEL + _BAR - 4, bar.text, "chart-text chart-number", "start")
        yield format_html("{}{}{}{}", name, shape, number, _mark(bar.mark, y, most, place) if bar.mark else "")


def _mark(mark: Target, y: int, most: Decimal, place: _Place) -> SafeString:
    """A stroke through one bar, and its word at the far end of the line above it."""
    x = place.point(_share(mark.value, most) * (WIDTH - _VALUE_ROOM))
    word = _text(place.point(WIDTH), y + _LABEL - 4, mark.text, "chart-text chart-target-text", "end")
    return format_html("{}{}", _stroke(x, y + _LABEL - 2, x, y + _LABEL + _BAR + 6), word)


def _target_line(target: Target, most: Decimal, height: int, place: _Place) -> SafeString:
    x = _share(target.value, most) * (WIDTH - _VALUE_ROOM)
    late = x > WIDTH / 2
    word = _text(place.point(x - 6 if late else x + 6), 14, target.text, "chart-text chart-target-text", "end" if late else "start")
    return format_html("{}{}", _stroke(place.point(x), 2, place.point(x), height), word)


def _rectangle(x: Decimal, y: Number, wide: Decimal, tall: Number, *, known: bool) -> SafeString:
    if not known:
        return SafeString("")
    return format_html(
        '<rect class="chart-bar" x="{}" y="{}" width="{}" height="{}" rx="3" fill="currentColor"/>', _n(x), _n(y), _n(wide), _n(tall)
    )


def _stroke(x1: Number, y1: Number, x2: Number, y2: Number) -> SafeString:
    return format_html(
        '<line class="chart-target" x1="{}" y1="{}" x2="{}" y2="{}" stroke="currentColor" stroke-width="2" stroke-dasharray="6 4"/>',
        _n(x1), _n(y1), _n(x2), _n(y2),
    )


def _text(x: Number, y: Number, words: str, classes: str, anchor: str) -> SafeString:
    return format_html(
        '<text class="{}" x="{}" y="{}" text-anchor="{}" fill="currentColor">{}</text>', classes, _n(x), _n(y), anchor, words
    )


def _picture(title: str, bars: Sequence[Bar], target: Target | None, height: int, inside: SafeString, classes: str) -> SafeString:
    said = [f"{bar.label}: {bar.text}" + (f" ({bar.mark.text})" if bar.mark else "") for bar in bars] + ([target.text] if target else [])
    return format_html(
        '<svg class="{}" role="img" aria-label="{}" viewBox="0 0 {} {}" direction="{}" font-size="15"'
        ' xmlns="http://www.w3.org/2000/svg">{}</svg>',
        classes, f"{title}. {'; '.join(said)}." if said else title, WIDTH, height, "rtl" if get_language_bidi() else "ltr", inside,
    )


def _most(values: Sequence[Number | None]) -> Decimal:
    return max((Decimal(value) for value in values if value is not None), default=Decimal(0))


def _share(value: Number | None, most: Decimal) -> Decimal:
    """Part of the longest bar, 0 to 1; a number below 0 has no length."""
    return max(Decimal(value) / most, Decimal(0)) if value is not None and most > 0 else Decimal(0)


def _n(value: Number) -> str:
    """A coordinate: always with a point, whatever the language writes."""
    return f"{Decimal(value):.1f}"
