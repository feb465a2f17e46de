"""A CSV file as rows: which encoding, which delimiter, which headings. Nothing is stored and nothing is guessed silently."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
MOST_ROWS = 200_000
MOST_COLUMNS = 400
_MAGIC = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b", b"{\\rtf", b"<?xml", b"<html", b"<!DOCTYPE")
"""How files begin that are certainly no CSV: workbooks, documents, archives, web pages."""
_SAYS_DELIMITER = re.compile(r"[\"']?sep=([,;\t|])[\"']?\r?\n", re.IGNORECASE)
"""What some spreadsheet programs write before the headings, so that they split the file rightly when they open it again."""
_CYRILLIC_RUN = re.compile(rb"[\xc0-\xff\xa8\xb8]{3,}")


class NotReadable(ValueError):
    """The file as a whole cannot be read; the message says why and what to do."""


@dataclass(frozen=True)
class SheetRow:
    """One row as typed, by heading; `number` is the row a spreadsheet program shows beside it."""

    number: int
    cells: dict[str, str]
    surplus: bool = False
    """There are more cells than headings."""

    @property
    def is_blank(self) -> bool:
        """Nothing is written in it."""
        return not any(self.cells.values())


@dataclass(frozen=True)
class Sheet:
    """What a file holds, and how it was read."""

    headings: tuple[str, ...]
    rows: tuple[SheetRow, ...]
    encoding: str
    delimiter: str


def heading(text: str) -> str:
    """A heading or code as it is compared: case, spaces and the way accents are written do not matter."""
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()


def decode(data: bytes, encoding: str = "") -> tuple[str, str]:
    """The text of a file and the encoding it was read in."""
    if data.startswith(_MAGIC):
        raise NotReadable(_("This is not a CSV file. Open it in your spreadsheet program and save it as CSV."))
    if encoding:
        try:
            return data.decode(encoding).removeprefix("\ufeff"), encoding
        except (UnicodeError, LookupError):
            raise NotReadable(_("The mapping says that the file is in %s, and it is not.") % encoding) from None
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _try(data, "utf-16"), "utf-16"
    if data.startswith(codecs.BOM_UTF8):
        return _try(data, "utf-8-sig"), "utf-8-sig"
    if b"\0" in data:
        raise NotReadable(_("This is not a CSV file. Open it in your spreadsheet program and save it as CSV."))
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    guess = "windows-1251" if _looks_cyrillic(data) else "windows-1252"
    return _try(data, guess), guess


def is_encoding(name: str) -> bool:
    """Whether text can be written in an encoding of this name."""
    try:
        "".encode(name)
    except (LookupError, ValueError):
        return False
    return True


def _looks_cyrillic(data: bytes) -> bool:
    """Whether most high bytes stand in runs: words in Cyrillic do, accented letters in Latin words stand alone."""
    high = sum(byte >= 0xC0 or byte in b"\xa8\xb8" for byte in data)
    return 2 * sum(len(run) for run in _CYRILLIC_RUN.findall(data)) > high


def _try(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise NotReadable(_("The letters of this file cannot be read. Save it as “CSV UTF-8”.")) from None


def read(data: bytes, known: Iterable[str], *, encoding: str = "", delimiter: str = "") -> Sheet:
    """The rows of a CSV file. `known` are headings that the mapping names; they tell the delimiter."""
    text, found = decode(data, encoding)
    if "\0" in text:
        raise NotReadable(_("This is not a CSV file. Open it in your spreadsheet program and save it as CSV."))
    said = _SAYS_DELIMITER.match(text)
    if said is not None:
        text, delimiter = text[said.end() :], delimiter or said[1]
    if not text.strip():
        raise NotReadable(_("This file is empty."))
    expected = {heading(name) for name in known}
    chosen = delimiter or max(DELIMITERS, key=lambda d: _fit(text, d, expected))
    rows = _records(text, chosen)
    headings = _headings(rows[0])
    named = [SheetRow(number, *_cells(headings, row)) for number, row in enumerate(rows[1:], start=2)]
    return Sheet(headings, tuple(row for row in named if not row.is_blank), found, chosen)


def _fit(text: str, delimiter: str, expected: set[str]) -> tuple[int, int]:
    """How well a delimiter splits the first row: headings that the mapping knows, then the number of cells."""
    try:
        first = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return (0, 0)
    return sum(heading(cell) in expected for cell in first), len(first)


def _records(text: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    try:
        for row in reader:
            rows.append(row)
            if len(rows) > MOST_ROWS or len(row) > MOST_COLUMNS:
                raise NotReadable(_("At most %(rows)d rows and %(columns)d columns. Split the file.") % {"rows": MOST_ROWS, "columns": MOST_COLUMNS})
    except csv.Error:
        raise NotReadable(_("Near line %d a quotation mark is opened and not closed.") % reader.line_num) from None
    return rows


def _headings(row: list[str]) -> tuple[str, ...]:
    names = [" ".join(cell.split()) for cell in row]
    while names and not names[-1]:
        names.pop()
    twice = sorted({name for name in names if name and [heading(n) for n in names].count(heading(name)) > 1})
    if twice:
        raise NotReadable(_("Two columns are called “%s”. Give each its own heading.") % twice[0])
    if not any(names):
        raise NotReadable(_("The first row must hold the headings."))
    return tuple(names)


def _cells(headings: tuple[str, ...], row: list[str]) -> tuple[dict[str, str], bool]:
    cells = {name: cell.strip() for name, cell in zip(headings, row, strict=False) if name}
    return {name: cells.get(name, "") for name in headings if name}, any(cell.strip() for cell in row[len(headings):])
