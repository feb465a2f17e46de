"""Whatever the numbers and whatever is hidden: every format says the same, and no hidden number is anywhere in it.

Then faults planted on purpose: each of them is seen before the file leaves.
"""

from __future__ import annotations

import io
import json

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handrail.gates import dhis2, lines, periods, release_formats
from handrail.gates.formats import adx as adx_format
from handrail.gates.formats import csv as csv_format
from handrail.gates.formats import dhis2 as dhis2_format
from handrail.gates.receivers import parse
from handrail.gates.release_formats import FORMATS, CannotExport, make, place_names
from handrail.gates.tests.frozen import at_random, made_up, mapping_for, mapping_text
from handrail.insight.arithmetic import Status
from handrail.insight.report_spec import REPORTS

COUNTED = ("csv", "xlsx", "dhis2", "dhis2_csv", "adx", "fhir")
"""Formats whose numbers `numbers_in` can count."""
MAPPED = [f.key for f in FORMATS if f.needs_mapping]


def numbers_in(format, content):
    """How many numbers a file holds, counted without our own reader."""
    if format == "csv":
        return content.decode().count('"ok"')
    if format == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(content))
        return sum(isinstance(row[5], int | float) for sheet in book.worksheets[:-1] for row in sheet.iter_rows(min_row=2, values_only=True))
    if format == "dhis2":
        return len(json.loads(content)["dataValues"])
    return content.decode().count({"dhis2_csv": "\n", "adx": "<dataValue ", "fhir": '"measureScore"'}[format]) - (format == "dhis2_csv")


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from([report.key for report in REPORTS]), st.floats(0, 1), st.floats(0, 1))
def test_every_format_says_what_is_shown_and_nothing_of_what_is_hidden(seed, report, hidden, without):
    frozen = made_up(report, at_random(seed, hidden=hidden, without=without))
    mapping, names = mapping_for(frozen), place_names(frozen)
    shown = {(v.indicator.key, names[v.site], v.cell): v.plain for v in frozen if not v.is_hidden and v.status is Status.OK}
    for format in COUNTED:
        if not shown and FORMATS[format].needs_mapping:
            with pytest.raises(CannotExport, match="nothing to send"):
                make(frozen, format, mapping)
            continue
        content = make(frozen, format, mapping).content
        assert FORMATS[format].read_back(content, mapping) == shown
        assert numbers_in(format, content) == len(shown)


def test_another_program_reads_the_workbook_and_finds_its_numbers_and_no_formula():
    frozen = made_up("who", at_random(8))
    book = openpyxl.load_workbook(io.BytesIO(make(frozen, "xlsx").content))
    assert [sheet.title for sheet in book.worksheets] == [*(str(section.title) for section in REPORTS["who"].sections), "About"]
    about = {row[0]: row[1] for row in book["About"].iter_rows(max_row=12, values_only=True)}
    assert (about["Release"], about["Places that reported"], about["SHA-256 of the numbers"]) == ("R-7", "3 of 4", frozen.release.digest)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert [cell.coordinate for cell in cells if cell.data_type == "f"] == []
    assert {cell.number_format for cell in cells if cell.data_type == "n" and cell.value is not None} <= {"#,##0", "#,##0.0"}


def test_a_workbook_is_in_the_language_it_was_asked_for():
    frozen = made_up("everybody", at_random(8, hidden=1.0, without=0))
    english, spanish = make(frozen, "xlsx", language="en"), make(frozen, "xlsx", language="es")
    assert english.content != spanish.content
    assert make(frozen, "csv", language="es").content == make(frozen, "csv", language="en").content


# -- planted faults ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def partly_hidden():
    """A release of which some numbers are hidden, and a mapping that knows everything."""
    frozen = made_up("everybody", at_random(11, hidden=0.5, without=0))
    return frozen, mapping_for(frozen)


@pytest.mark.parametrize("written", ["0", "<11", "", "hidden", "1e3", "١٢"])
@pytest.mark.parametrize("format", MAPPED)
def test_a_hidden_number_written_as_something_would_be_seen(format, written, partly_hidden, monkeypatch):
    number = lines._number
    monkeypatch.setattr(lines, "_number", lambda value, row: written if value.is_hidden else number(value, row))
    with pytest.raises((CannotExport, ValueError)):
        make(partly_hidden[0], format, partly_hidden[1])


def test_a_hidden_number_in_the_csv_would_be_seen(partly_hidden, monkeypatch):
    monkeypatch.setattr(csv_format, "HIDDEN", "ok")
    with pytest.raises(CannotExport):
        make(partly_hidden[0], "csv")


@pytest.mark.parametrize("format", MAPPED)
def test_a_number_that_is_left_out_or_changed_would_be_seen(format, partly_hidden, monkeypatch):
    number = lines._number
    for fault in (lambda text: None, lambda text: f"{text}1"):
        monkeypatch.setattr(lines, "_number", lambda value, row, fault=fault: fault(number(value, row)) if value.indicator.key == "needles_given" and number(value, row) else number(value, row))
        with pytest.raises(CannotExport, match="does not say what the release says"):
            make(partly_hidden[0], format, partly_hidden[1])


@pytest.mark.parametrize("format", ["dhis2", "dhis2_csv", "adx"])
def test_forgetting_to_look_for_duplicates_would_be_seen_in_the_file(format, monkeypatch):
    frozen = made_up("everybody", at_random(1, hidden=0, without=0))
    mapping = parse(mapping_text(frozen).replace("SITE-02", "SITE-01"))
    monkeypatch.setattr(lines, "_twice", lambda lines, apart: [])
    with pytest.raises(CannotExport, match="twice"):
        make(frozen, format, mapping)


@pytest.mark.parametrize("format", ["dhis2", "dhis2_csv"])
def test_a_period_in_our_own_writing_would_be_seen(format, partly_hidden, monkeypatch):
    monkeypatch.setattr(periods, "dhis2", lambda period, type_name="": periods.adx(period))
    with pytest.raises(CannotExport, match="not valid in dataValueSets"):
        make(partly_hidden[0], format, partly_hidden[1])


def test_a_dhis2_period_in_adx_would_be_seen(partly_hidden, monkeypatch):
    monkeypatch.setattr(adx_format.periods, "adx", lambda period: "2026Q1")
    with pytest.raises(CannotExport, match="period"):
        make(partly_hidden[0], "adx", partly_hidden[1])


def test_an_id_of_our_own_would_be_seen(partly_hidden, monkeypatch):
    body_of = dhis2.body_of

    def with_our_id(frozen, mapping):
        body = body_of(frozen, mapping)
        value = next(value for value in frozen if value.site)
        return body.model_copy(update={"dataValues": [body.dataValues[0].model_copy(update={"orgUnit": str(value.site)}), *body.dataValues[1:]]})

    monkeypatch.setattr(dhis2_format.dhis2, "body_of", with_our_id)
    with pytest.raises(CannotExport, match="not in the mapping"):
        make(partly_hidden[0], "dhis2", partly_hidden[1])


def test_the_comparison_itself_can_fail(partly_hidden, monkeypatch):
    monkeypatch.setattr(release_formats, "_expected", lambda frozen, mapping: {})
    with pytest.raises(CannotExport, match="does not say what the release says"):
        make(partly_hidden[0], "csv")
