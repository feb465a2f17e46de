"""A release in the receiver's words: one line for each number it wants, checked before any format writes it.

Every number of the release is mapped or ignored on purpose, hidden ones too: else the export would stop for some
releases only, and a number that was hidden later could not be withdrawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Literal

from django.utils.translation import gettext as _

from handrail.gates.receivers import Mapping, Row
from handrail.gates.release_formats import CannotExport, Where, place_names
from handrail.insight.arithmetic import Status

if TYPE_CHECKING:
    from handrail.insight.releases import Frozen, Value

Apart = Literal["combo", "attributes"]
"""How a format tells cells apart: by one id for each, or by attributes."""
Spot = tuple[str, str, str, str]
"""Where a number stands for the receiver: organisation unit, data element, what tells it apart, attribute combination."""


@dataclass(frozen=True)
class Line:
    """One number as it is sent. `number` is None if it is hidden or there is none: then it is left out."""

    where: Where
    row: Row
    org_unit: str
    combo: str
    attributes: tuple[tuple[str, str], ...]
    attribute_combo: str
    number: str | None
    value: Value

    def spot(self, apart: Apart) -> Spot:
        """Where it stands for the receiver."""
        told = self.combo if apart == "combo" else ";".join(f"{name}={code}" for name, code in self.attributes)
        return self.org_unit, self.row.data_element, told, self.attribute_combo


@dataclass
class Laid:
    """A release laid out: what would be sent, what is left out and why, and what stops it."""

    lines: list[Line] = field(default_factory=list)
    ignored: list[Where] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def sent(self) -> list[Line]:
        """What leaves the house."""
        return [line for line in self.lines if line.number is not None]

    @property
    def hidden(self) -> list[Line]:
        """What is left out because somebody could be found in it."""
        return [line for line in self.lines if line.value.is_hidden]

    @property
    def without(self) -> list[Line]:
        """What is left out because there is no number."""
        return [line for line in self.lines if line.number is None and not line.value.is_hidden]

    @property
    def is_decided(self) -> bool:
        """Whether nothing is still expected: each number is there, hidden, or cannot be computed."""
        return bool(self.lines) and not any(line.value.status is Status.NO_DATA and not line.value.is_hidden for line in self.lines)


def lay_out(frozen: Frozen, mapping: Mapping, apart: Apart) -> Laid:
    """Every number of a release in the receiver's words."""
    laid, names = Laid(), place_names(frozen)
    if mapping.report and mapping.report != frozen.report.key:
        laid.problems.append(_("The mapping is for the report “%(theirs)s”, the release is of “%(ours)s”.") % {"theirs": mapping.report, "ours": frozen.report.key})
    for value in frozen:
        where = (value.indicator.key, names[value.site], value.cell)
        if mapping.is_ignored(*where):
            laid.ignored.append(where)
        elif isinstance(found := _line(value, where, mapping, apart), str):
            laid.problems.append(found)
        else:
            laid.lines.append(found)
    laid.lines.sort(key=lambda line: (line.spot(apart), line.where))
    laid.problems = list(dict.fromkeys([*laid.problems, *_twice(laid.lines, apart)]))
    return laid


def lines_to_send(frozen: Frozen, mapping: Mapping | None, apart: Apart) -> Laid:
    """The same, or `CannotExport` with everything that stops it."""
    if mapping is None:
        raise CannotExport(_("This format needs a mapping."))
    laid = lay_out(frozen, mapping, apart)
    if laid.problems:
        raise CannotExport(*laid.problems)
    return laid


def said(where: Where) -> str:
    """A number's place in a sentence, such as `needles_given, gender=female, Van 1`."""
    return ", ".join(part for part in (where[0], where[2], where[1]) if part)


def _line(value: Value, where: Where, mapping: Mapping, apart: Apart) -> Line | str:
    """The line of a number, or the sentence that says what the mapping lacks."""
    key, place, cell = where
    row, org_unit = mapping.row(key, cell), mapping.org_unit(place)
    if row is None:
        return _("The mapping says nothing of “%s”. Add it as a [[value]], or list it under [ignore].") % said((key, "", cell))
    if not org_unit and place:
        return _("The mapping has no organisation unit for the place “%s”. Add it under [sites], or to ignore.sites.") % place
    if not org_unit:
        return _("The mapping has no organisation unit for the whole organisation. Add “organisation”, or say ignore.organisation = true.")
    combo, attributes = mapping.combo(row, cell), mapping.attributes(cell)
    if apart == "combo" and combo is None:
        return _("The mapping has no category option combination for “%s”. Add it under [combos], or to ignore.cells.") % said((key, "", cell))
    if apart == "attributes" and attributes is None:
        return _("The mapping has no attribute or code for “%s”. Add it under [dimensions], or to ignore.cells.") % said((key, "", cell))
    return Line(where, row, org_unit, combo or "", attributes or (), row.attribute_combo or mapping.attribute_combo, _number(value, row), value)


def _number(value: Value, row: Row) -> str | None:
    if value.is_hidden or value.value is None or value.status is not Status.OK:
        return None
    return signed(value.plain, row.sign)


def signed(plain: str, sign: int) -> str:
    """A number as it is written, with the receiver's sign. Nothing is never negative."""
    if sign == 1 or not plain.strip("-0."):
        return plain
    return plain[1:] if plain.startswith("-") else f"-{plain}"


def _twice(lines: Iterable[Line], apart: Apart) -> Iterator[str]:
    """Two numbers for one place at the receiver: one would replace the other."""
    seen: dict[Spot, Line] = {}
    for line in lines:
        first = seen.setdefault(line.spot(apart), line)
        if first is not line:
            yield _("“%(first)s” and “%(second)s” would be the same number for the receiver: %(spot)s.") % {
                "first": said(first.where), "second": said(line.where), "spot": " · ".join(part for part in line.spot(apart) if part),
            }


def places_by_spot(mapping: Mapping, apart: Apart, name: Callable[[Row], str] = attrgetter("data_element")) -> dict[Spot, tuple[Where, int]]:
    """For reading back: where each of the receiver's numbers stands with us, and with which sign. `name` is what it calls a number."""
    found: dict[Spot, tuple[Where, int]] = {}
    for row in mapping.value:
        for cell in mapping.cells(row):
            told = mapping.combo(row, cell) if apart == "combo" else _written(mapping.attributes(cell))
            for place in ("", *mapping.sites):
                unit = mapping.org_unit(place)
                if told is not None and unit:
                    found[unit, name(row), told, row.attribute_combo or mapping.attribute_combo] = ((row.indicator, place, cell), row.sign)
    return found


def _written(attributes: tuple[tuple[str, str], ...] | None) -> str | None:
    return None if attributes is None else ";".join(f"{name}={code}" for name, code in attributes)
