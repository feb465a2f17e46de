"""The mapping file: which heading of a programme's own spreadsheet means what. TOML; every key is described in docs."""

from __future__ import annotations

import tomllib
import zoneinfo
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from handrail.facts.drafts import sentence_of
from handrail.facts.spec import KINDS
from handrail.gates.spreadsheet.reading import DELIMITERS, heading, is_encoding

SHIPPED = Path(__file__).parent / "mappings"
LARGEST = 200_000
CODED = ("gender", "age_band", "injects", "channel", "on_behalf_of", "returned_method")
"""Columns whose values the mapping can translate."""


class NotAMapping(ValueError):
    """The mapping cannot be used; `problems` are sentences."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class File(_Part):
    """How the file is written; what is left out is found out and said."""

    encoding: str = ""
    delimiter: Literal["", "comma", "semicolon", "tab", "bar"] = ""


class Dates(_Part):
    """How dates and times are written, and in which time zone."""

    format: str = "YYYY-MM-DD"
    time_format: str = "hh:mm"
    time_zone: str = ""


class Columns(_Part):
    """Heading of each field of a visit. Only the date is needed."""

    date: str
    time: str = ""
    site: str = ""
    key: tuple[str, ...] = ()
    person: tuple[str, ...] = ()
    birth_year: str = ""
    gender: str = ""
    age_band: str = ""
    injects: str = ""
    channel: str = ""
    people_count: str = ""
    on_behalf_of: str = ""
    returned: str = ""
    returned_method: str = ""


class ItemRows(_Part):
    """One item a row: the heading of the item and that of the quantity."""

    item: str
    quantity: str


class Also(_Part):
    """Another kind of record that a column stands for."""

    kind: str
    column: str
    field: str
    separator: str = ";"
    together: bool = False
    codes: dict[str, str] = {}
    constants: dict[str, Any] = {}


class Constants(_Part):
    """What is the same in every row."""

    site: str = ""
    channel: str = ""
    returned_method: str = ""


class Mapping(_Part):
    """A whole mapping file. The name is part of every record's identity: do not change it between two runs."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    title: str = ""
    stock: Literal["none", "move"] = "none"
    file: File = File()
    dates: Dates = Dates()
    columns: Columns
    constants: Constants = Constants()
    codes: dict[str, dict[str, str | int]] = {}
    sites: dict[str, str] = {}
    items: dict[str, str] = {}
    item_rows: ItemRows | None = None
    item_codes: dict[str, str] = {}
    also: tuple[Also, ...] = ()
    ignore: tuple[str, ...] = ()
    never_import: tuple[str, ...] = ()

    def headings(self) -> Iterator[tuple[str, str]]:
        """Every heading that is read, with what it is read for."""
        for name, value in self.columns:
            for one in (value,) if isinstance(value, str) else value:
                if one:
                    yield one, name
        yield from ((one, "items") for one in self.items)
        if self.item_rows:
            yield self.item_rows.item, "item"
            yield self.item_rows.quantity, "quantity"
        yield from ((one.column, one.kind) for one in self.also)

    @property
    def delimiter(self) -> str:
        """The delimiter as a character; empty when it is to be found out."""
        return next((sign for sign, word in DELIMITERS.items() if word == self.file.delimiter), "")


def parse(text: str, *, site: str = "") -> Mapping:
    """The mapping of a TOML text; raises `NotAMapping` with every problem as a sentence. `site` is where all rows happened."""
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise NotAMapping([_("The mapping is not TOML: %s") % error]) from None
    if site and isinstance(raw.setdefault("constants", {}), dict):
        raw["constants"]["site"] = site
    for name in ("key", "person"):
        columns = raw.get("columns")
        if isinstance(columns, dict) and isinstance(columns.get(name), str):
            columns[name] = [columns[name]]
    try:
        mapping = Mapping.model_validate(raw)
    except ValidationError as error:
        raise NotAMapping([f"{'.'.join(str(part) for part in e['loc'])}: {sentence_of(dict(e))}" for e in error.errors()]) from None
    problems = list(_problems(mapping))
    if problems:
        raise NotAMapping(problems)
    return mapping


def _problems(mapping: Mapping) -> Iterator[str]:
    """What cannot work whatever the file holds."""
    if mapping.items and mapping.item_rows:
        yield _("Use [items] (a column for each item) or [item_rows] (a row for each item), not both.")
    if not mapping.columns.site and not mapping.constants.site:
        yield _("Say where the visits were: columns.site or constants.site.")
    if mapping.dates.time_zone and mapping.dates.time_zone not in zoneinfo.available_timezones():
        yield _("dates.time_zone: “%s” is not a time zone. Write it as Africa/Nairobi.") % mapping.dates.time_zone
    if mapping.file.encoding and not is_encoding(mapping.file.encoding):
        yield _("file.encoding: there is no such encoding. Write it as windows-1251.")
    for name in sorted(set(mapping.codes) - set(CODED)):
        yield _("codes.%(name)s: there is no such list. There are: %(lists)s.") % {"name": name, "lists": ", ".join(CODED)}
    read = {heading(one) for one, _use in mapping.headings()}
    for one in [*mapping.ignore, *mapping.never_import]:
        if heading(one) in read:
            yield _("The column “%s” is both read and left out.") % one
    for also in mapping.also:
        kind = KINDS.get(also.kind)
        if kind is None:
            yield _("also: there is no kind of record “%s”.") % also.kind
        elif also.field not in kind.payload.model_fields:
            yield _("also: “%(kind)s” has no field “%(field)s”.") % {"kind": also.kind, "field": also.field}
        elif also.kind in {"facts.encounter", "exchange.given", "exchange.returned"}:
            yield _("also: “%s” has its own columns.") % also.kind
        elif not kind.needs_encounter:
            # Who may import a list of visits may not by that merge people, lift a recall or let a record count.
            yield _("also: “%s” is not part of a visit and cannot be imported.") % also.kind


def shipped() -> dict[str, str]:
    """Mappings that come with Handrail: their text by name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(SHIPPED.glob("*.toml"))}
