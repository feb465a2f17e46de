"""XLSX: a sheet for each section of the report, and one that says what it is, for people with a spreadsheet program.

Numbers are numbers with their decimals; what is hidden is the word, and no cell is a formula.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import xlsxwriter
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from lxml import etree

from handrail.gates.release_formats import Format, Where, place_names
from handrail.insight.arithmetic import Status, display
from handrail.insight.breakdowns import label_of
from handrail.insight.spec import INDICATORS

if TYPE_CHECKING:
    from handrail.gates.receivers import Mapping
    from handrail.insight.releases import Frozen, Value

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_FORBIDDEN = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_LONGEST = 31
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "default_date_format": "yyyy-mm-dd"}
KEY, CELL, VALUE = 8, 9, 5
"""Columns that are read back."""


def build(frozen: Frozen, _mapping: Mapping | None = None) -> bytes:
    """The workbook, in the language of the moment. Its own dates are those of the release, so that its bytes are the same."""
    written = io.BytesIO()
    book = xlsxwriter.Workbook(written, _OPTIONS)
    book.set_properties({"title": f"{frozen.report.title} {frozen.name}", "created": frozen.release.released_at.replace(tzinfo=None, microsecond=0)})
    book.set_size(24000, 14000)
    styles = {"head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}), "word": book.add_format({"italic": True}), "wrap": book.add_format({"text_wrap": True, "valign": "top"})}
    numbers = {decimals: book.add_format({"num_format": f"#,##0.{'0' * decimals}" if decimals else "#,##0"}) for decimals in range(6)}
    about = _sheet_name(_("About"), set())
    taken = {about.lower()}
    for section in frozen.report.sections:
        sheet = book.add_worksheet(_sheet_name(str(section.title), taken))
        _section(sheet, [value for value in frozen if value.indicator.key in section.indicators], frozen, styles, numbers)
    _about(book.add_worksheet(about), frozen, styles)
    book.close()
    return written.getvalue()


def _sheet_name(title: str, taken: set[str]) -> str:
    """A title as the name of a sheet: no forbidden signs, 31 at most, no two alike."""
    name = _FORBIDDEN.sub(" ", title).strip("' ")[:_LONGEST] or "–"
    number = 2
    while name.lower() in taken or name.lower() == "history":
        name = f"{name[: _LONGEST - 4]} ({number})"
        number += 1
    taken.add(name.lower())
    return name


def _section(sheet: Any, values: list[Value], frozen: Frozen, styles: dict[str, Any], numbers: dict[int, Any]) -> None:
    """One line for each number, in the order of the report."""
    names, order = place_names(frozen), {key: number for number, key in enumerate(frozen.report.indicators)}
    heads = (_("Number"), _("Code"), _("Of whom"), _("Place"), _("Days"), _("Value"), _("Unit"), _("Level"), _("Key"), _("Cell"))
    for column, (head, width) in enumerate(zip(heads, (44, 16, 22, 22, 26, 14, 24, 18, 22, 26), strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, head, styles["head"])
    sheet.freeze_panes(1, 1)
    ordered = sorted(values, key=lambda value: (order[value.indicator.key], names[value.site], value.cell))
    for line, value in enumerate(ordered, 1):
        indicator = value.indicator
        code = f"{indicator.code} ({indicator.variant})" if indicator.variant else indicator.code
        texts = {
            0: str(indicator.name), 1: code, 2: label_of(value.cell), 3: names[value.site] or _("all places"), 4: value.window.label, 6: str(indicator.unit),
            7: str(indicator.level.label), KEY: indicator.key, CELL: value.cell,
        }
        for column, text in texts.items():
            sheet.write_string(line, column, text)
        if value.is_hidden or value.value is None:
            sheet.write_string(line, VALUE, value.text, styles["word"])
        else:
            sheet.write_number(line, VALUE, Decimal(value.plain), numbers[indicator.decimals])


def _about(sheet: Any, frozen: Frozen, styles: dict[str, Any]) -> None:
    """What release it is, what it stands on, and what each number means."""
    release = frozen.release
    days = frozen.period.window("period")
    rows = [
        (pgettext("numbers", "Release"), frozen.name), (_("Report"), str(frozen.report.title)), (_("For whom"), release.audience or str(frozen.report.audience)),
        (_("Period"), f"{frozen.period.label} ({days.label})"), (_("Revision"), str(release.revision)), (_("Why it was revised"), release.note),
        (_("Released"), f"{release.released_at:%Y-%m-%d %H:%M} UTC"),
        (_("Places that reported"), _("%(reporting)d of %(expected)d") % {"reporting": release.sites_reporting, "expected": release.sites_expected}),
        (_("Hidden"), _("Numbers with 1 to %d people behind them, and others from which those could be worked out. Hidden is not 0.") % (release.threshold - 1)),
        (_("Rounded"), _("To the nearest %d, each number for itself: sums may differ.") % release.rounding if release.rounding else _("Not rounded")),
        (_("Source"), f"{frozen.report.source} ({frozen.report.source_status})"), (_("SHA-256 of the numbers"), release.digest),
    ]
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 7, 44)
    for line, (name, text) in enumerate(rows):
        sheet.write_string(line, 0, name, styles["head"])
        sheet.write_string(line, 1, text, styles["wrap"])
    start = len(rows) + 1
    heads = (_("Key"), _("Question"), _("Numerator"), _("Denominator"), _("Level"), _("Source"), _("Take care"), _("Version"))
    for column, head in enumerate(heads):
        sheet.write_string(start, column, head, styles["head"])
    used = {value.indicator.key: value.version for value in frozen}
    for line, key in enumerate((key for key in frozen.report.indicators if key in used), start + 1):
        one = INDICATORS[key]
        source = f"{one.source} ({one.source_status})"
        texts = (key, one.question, one.numerator.title, one.denominator.title if one.denominator else "–", one.level.label, source, one.trap, used[key])
        for column, written in enumerate(texts):
            sheet.write_string(line, column, str(written), styles["wrap"])


# -- checking and reading back ---------------------------------------------------------------------------------------------


def _sheets(content: bytes) -> Iterator[list[dict[int, tuple[str, str]]]]:
    """The rows of each sheet but the last: column to kind of cell (number, s, …) and text. Only what we write is read."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        names = sorted((n for n in archive.namelist() if n.startswith("xl/worksheets/sheet")), key=lambda n: int(re.sub(r"\D", "", n.rsplit("/", 1)[1])))
        shared = ["".join(map(str, part.itertext(f"{_MAIN}t"))) for part in etree.fromstring(archive.read("xl/sharedStrings.xml"), parser)]
        for name in names[:-1]:
            rows = []
            for row in etree.fromstring(archive.read(name), parser).iter(f"{_MAIN}row"):
                found = {}
                for cell in row:
                    kind, text = cell.get("t", "number"), cell.findtext(f"{_MAIN}v") or ""
                    column = ord(re.sub(r"\d", "", cell.get("r", "A1"))) - ord("A")
                    found[column] = ("formula" if cell.find(f"{_MAIN}f") is not None else kind, shared[int(text)] if kind == "s" else text)
                rows.append(found)
            yield rows


def validate(content: bytes, _mapping: Mapping | None = None) -> list[str]:
    """A workbook that opens, without formulas, whose values are numbers or the words for having none."""
    words = {_("hidden"), *(str(status.label) for status in Status if status is not Status.OK)}
    try:
        sheets = list(_sheets(content))
    except (zipfile.BadZipFile, KeyError, ValueError, IndexError, etree.XMLSyntaxError) as error:
        return [_("This is not a workbook of ours: %s") % error]
    problems = []
    for number, rows in enumerate(sheets, 1):
        for line, row in enumerate(rows[1:], 2):
            kind, text = row.get(VALUE, ("", ""))
            if any(kind == "formula" for kind, _text in row.values()):
                problems.append(_("Sheet %(sheet)d, line %(line)d: there is a formula.") % {"sheet": number, "line": line})
            elif kind != "number" and text not in words:
                problems.append(_("Sheet %(sheet)d, line %(line)d: “%(text)s” is neither a number nor a word for having none.") % {"sheet": number, "line": line, "text": text})
    return problems


def read_back(content: bytes, _mapping: Mapping | None = None) -> dict[Where, str]:
    """The shown numbers."""
    everywhere, found = _("all places"), {}
    for rows in _sheets(content):
        for row in rows[1:]:
            kind, text = row[VALUE]
            if kind == "number":
                key, place = row[KEY][1], row[3][1]
                found[key, "" if place == everywhere else place, row[CELL][1] if CELL in row else ""] = display(Decimal(text), INDICATORS[key].decimals)
    return found


FORMAT = Format(
    gettext_lazy("XLSX (spreadsheet)"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", build, validate, read_back, is_compared=True, has_words=True,
)
