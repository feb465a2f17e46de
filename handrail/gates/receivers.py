"""What a receiver calls our numbers and places: a mapping file, in TOML (docs/how-to/send-a-report.md).

Ids that leave the house are those of this file and no others.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from django.utils.translation import gettext as _
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from handrail.facts.drafts import sentence_of
from handrail.gates.periods import PERIOD_TYPES
from handrail.gates.spreadsheet.badlist import safe
from handrail.gates.spreadsheet.mapping import NotAMapping
from handrail.insight.breakdowns import BREAKDOWNS, CROSS, keys_of, pairs_of
from handrail.insight.models import Level
from handrail.insight.periods import PeriodKind
from handrail.insight.report_spec import REPORTS
from handrail.insight.spec import INDICATORS

SHIPPED = Path(__file__).parent / "mappings"
EVERYTHING = ""
"""The whole, as `by` and as a cell say it."""
TAKEN = frozenset({"dataElement", "value", "orgUnit", "period", "dataSet", "comment", "attributeOptionCombo", "categoryOptionCombo"})
"""Attributes that mean something else in ADX."""


def _is_clean(text: str) -> str:
    """Ids go into JSON, XML and CSV: nothing in them may be invisible or look like a formula."""
    if text != text.strip() or not text.isprintable() or safe(text) != text:
        raise ValueError(_("“%s” cannot be an id: it begins with a sign or a space, or has letters nobody sees.") % text)
    return text


Identifier = Annotated[str, Field(min_length=1, max_length=230), AfterValidator(_is_clean)]
Optional = Annotated[str, Field(max_length=230), AfterValidator(_is_clean)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Row(_Part):
    """One number of ours, whole or told apart in one way, and what the receiver calls it."""

    indicator: str
    variant: str = ""
    level: Level = Level.NONE
    by: str = EVERYTHING
    data_element: Identifier
    combo: Optional = ""
    attribute_combo: Optional = ""
    sign: Literal[1, -1] = 1
    combos: dict[str, Identifier] = {}
    measure: Optional = ""


class Dimension(_Part):
    """A breakdown of ours as an attribute of theirs, with their word for each code."""

    attribute: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,63}$")]
    codes: dict[str, Identifier]


class Ignored(_Part):
    """What the receiver does not want. What is neither here nor mapped stops the export."""

    indicators: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    all_sites: bool = False
    organisation: bool = False


class Fhir(_Part):
    """Names that only FHIR asks for: of org units, of attributes, and where measures without their own name are."""

    org_units: Annotated[str, Field(pattern=r"^(urn:|https?://)\S+$")] = "urn:handrail:org-unit"
    attributes: Annotated[str, Field(pattern=r"^(urn:|https?://)\S+$")] = "urn:handrail:attribute"
    measures: Annotated[str, Field(pattern=r"^((urn:|https?://)\S+)?$")] = ""


class Mapping(_Part):
    """A whole mapping file."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    title: str = Field(default="", max_length=120)
    report: str = ""
    data_set: Optional = ""
    id_scheme: Annotated[str, Field(pattern=r"^(uid|code|name|attribute:[A-Za-z][A-Za-z0-9]{10})$")] = "code"
    organisation: Optional = ""
    default_combo: Identifier = "default"
    attribute_combo: Optional = ""
    periods: dict[PeriodKind, str] = {}
    sites: dict[str, Identifier] = {}
    combos: dict[str, Identifier] = {}
    dimensions: dict[str, Dimension] = {}
    value: tuple[Row, ...]
    ignore: Ignored = Ignored()
    fhir: Fhir = Fhir()
    text: str = Field(default="", exclude=True, repr=False)
    """The file itself: it is kept with every export, so that the export can be made again."""

    @cached_property
    def _rows(self) -> dict[tuple[str, str], Row]:
        return {(row.indicator, _same(row.by)): row for row in self.value}

    @property
    def digest(self) -> str:
        """SHA-256 of the file."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def row(self, indicator: str, cell: str) -> Row | None:
        """How a number is sent."""
        return self._rows.get((indicator, by_of(cell)))

    def combo(self, row: Row, cell: str) -> str | None:
        """The category option combination of a cell; None if the mapping has none."""
        return row.combos.get(cell) or ((row.combo or self.default_combo) if cell == EVERYTHING else self.combos.get(cell))

    def attributes(self, cell: str) -> tuple[tuple[str, str], ...] | None:
        """The cell as attributes and their codes; None if the mapping lacks one."""
        found = []
        for key, code in pairs_of(cell).items():
            dimension = self.dimensions.get(key)
            if dimension is None or code not in dimension.codes:
                return None
            found.append((dimension.attribute, dimension.codes[code]))
        return tuple(sorted(found))

    def measure(self, row: Row) -> str:
        """The canonical address of a measure; empty if the mapping has none."""
        return row.measure or (f"{self.fhir.measures}{row.data_element}" if self.fhir.measures else "")

    def org_unit(self, place: str) -> str:
        """The organisation unit of a place by its name (empty: the whole organisation); empty if the mapping has none."""
        return self.sites.get(place, "") if place else self.organisation

    def is_ignored(self, indicator: str, place: str, cell: str) -> bool:
        """Whether the receiver does not want this number."""
        left_out = self.ignore
        if (left_out.all_sites or place in left_out.sites) if place else left_out.organisation:
            return True
        return indicator in left_out.indicators or cell in left_out.cells or (bool(cell) and by_of(cell) in {_same(by) for by in left_out.by})

    def cells(self, row: Row) -> Iterator[str]:
        """Every cell that a row can be read back as."""
        if row.by == EVERYTHING:
            yield EVERYTHING
            return
        known = {**self.combos, **row.combos}
        yield from (cell for cell in known if by_of(cell) == _same(row.by))
        yield from (cell for cell in _crossed(self.dimensions, keys_of(row.by)) if cell not in known)


def by_of(cell: str) -> str:
    """The way of telling apart that a cell belongs to, such as `age_3×gender`; empty for the whole."""
    return CROSS.join(pairs_of(cell))


def _same(by: str) -> str:
    """However its parts are ordered."""
    return CROSS.join(keys_of(by)) if by else EVERYTHING


def _crossed(dimensions: dict[str, Dimension], keys: tuple[str, ...]) -> list[str]:
    cells = [""]
    for key in keys:
        codes = dimensions[key].codes if key in dimensions else {}
        cells = [f"{cell};{key}={code}" if cell else f"{key}={code}" for cell in cells for code in codes]
    return cells


# -- reading a file --------------------------------------------------------------------------------------------------------


def parse(text: str) -> Mapping:
    """The mapping of a TOML text; raises `NotAMapping` with every problem as a sentence."""
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise NotAMapping([_("The mapping is not TOML: %s") % error]) from None
    if "text" in raw:
        raise NotAMapping([_("“%s” is not a key of a mapping.") % "text"])
    try:
        mapping = Mapping.model_validate({**raw, "text": text})
    except ValidationError as error:
        raise NotAMapping([f"{'.'.join(str(part) for part in e['loc'])}: {sentence_of(dict(e))}" for e in error.errors()]) from None
    problems = list(_problems(mapping))
    if problems:
        raise NotAMapping(problems)
    return mapping


def load(name: str) -> Mapping:
    """The mapping of a file, or one that comes with Handrail by its name."""
    text = shipped().get(name)
    try:
        return parse(text if text is not None else Path(name).read_text(encoding="utf-8"))
    except OSError as problem:
        raise NotAMapping([_("%(file)s cannot be read: %(why)s.") % {"file": name, "why": problem.strerror}]) from None
    except UnicodeDecodeError:
        raise NotAMapping([_("%s is not a text file in UTF-8.") % name]) from None


def shipped() -> dict[str, str]:
    """Mappings that come with Handrail: their text by name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(SHIPPED.glob("*.toml"))}


def _problems(mapping: Mapping) -> Iterator[str]:
    """What cannot work whatever the release holds."""
    if mapping.report and REPORTS.get(mapping.report) is None:
        yield _("report: there is no report “%s”.") % mapping.report
    for row in mapping.value:
        yield from _row_problems(mapping, row)
    for (indicator, by), count in Counter((row.indicator, _same(row.by)) for row in mapping.value).items():
        if count > 1:
            yield _("value: “%(indicator)s” by “%(by)s” is there more than once.") % {"indicator": indicator, "by": by}
    for key in mapping.ignore.indicators:
        if INDICATORS.get(key) is None:
            yield _("ignore: there is no number “%s”.") % key
    for cell in [*mapping.combos, *mapping.ignore.cells, *(cell for row in mapping.value for cell in row.combos)]:
        yield from _cell_problems(cell)
    for key, dimension in mapping.dimensions.items():
        if key not in BREAKDOWNS:
            yield _("dimensions: there is no breakdown “%s”.") % key
        if dimension.attribute in TAKEN:
            yield _("dimensions: “%s” already means something else in ADX.") % dimension.attribute
    for kind, written in mapping.periods.items():
        if PERIOD_TYPES.get(written) is None or PERIOD_TYPES[written].months != kind.months:
            yield _("periods: “%(type)s” is not a type of period for %(kind)s. There are: %(types)s.") % {
                "type": written, "kind": kind.value, "types": ", ".join(PERIOD_TYPES),
            }


def _row_problems(mapping: Mapping, row: Row) -> Iterator[str]:
    indicator = INDICATORS.get(row.indicator)
    if indicator is None:
        yield _("value: there is no number “%s”. All are in the reference.") % row.indicator
        return
    if (row.variant, row.level) != (indicator.variant, indicator.level):
        # The same code with another denominator is another number (docs/explain/numbers.md).
        yield _("value: “%(key)s” is variant “%(variant)s”, level “%(level)s”; the mapping says otherwise.") % {
            "key": row.indicator, "variant": indicator.variant, "level": indicator.level.value,
        }
    if row.indicator in mapping.ignore.indicators:
        yield _("“%s” is both sent and ignored.") % row.indicator
    unknown = [key for key in keys_of(row.by) if row.by and key not in BREAKDOWNS]
    if unknown:
        yield _("value: there is no breakdown “%s”.") % ", ".join(unknown)
    attributes = [mapping.dimensions[key].attribute for key in keys_of(row.by) if key in mapping.dimensions]
    if len(set(attributes)) != len(attributes):
        yield _("dimensions: “%s” is told apart by one attribute twice.") % row.by


def _cell_problems(cell: str) -> Iterator[str]:
    parts: list[Any] = [part.partition("=") for part in cell.split(";")]
    for key, equals, code in parts:
        breakdown = BREAKDOWNS.get(key)
        if not equals or breakdown is None or (breakdown.of != "place" and code not in breakdown.labels):
            yield _("“%s” is not a cell. Cells are written like gender=female.") % cell
    if [key for key, _equals, _code in parts] != sorted({key for key, _equals, _code in parts}):
        yield _("“%s” is not a cell: its parts stand in the order of their names.") % cell
