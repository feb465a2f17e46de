"""Cells, encodings and delimiters: nothing is guessed silently, and every refusal says what to do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handrail.facts.codes import Gender
from handrail.gates.spreadsheet import cells, load, reading
from handrail.gates.spreadsheet import mapping as mappings
from handrail.gates.spreadsheet.cells import BadCell

TEXT = "Дата;Место;Количество\n01.02.2025;Ван;5\n"


def day(typed, form="DD/MM/YYYY", at="", time_form="hh:mm", zone="Africa/Nairobi"):
    return cells.moment(typed, at, form, time_form, zone)


@pytest.mark.parametrize(
    ("data", "encoding"),
    [(TEXT.encode(), "utf-8"), (TEXT.encode("utf-8-sig"), "utf-8-sig"), (TEXT.encode("utf-16"), "utf-16"), (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16"),
     (TEXT.encode("cp1251"), "windows-1251"), ("Fecha;Año;Ñandú\n1;2;é\n".encode("cp1252"), "windows-1252"), ("Größe;Straße\nä;ö\n".encode("cp1252"), "windows-1252")],
)
def test_the_encoding_is_found_out_and_said(data, encoding):
    text, found = reading.decode(data)
    assert found == encoding
    assert text in {TEXT, "Fecha;Año;Ñandú\n1;2;é\n", "Größe;Straße\nä;ö\n"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out_even_when_cells_hold_others(delimiter):
    data = f'Day{delimiter}"Note, or; more|x"{delimiter}Site\n2025-01-01{delimiter}"two\nlines"{delimiter}Van\n'.encode()
    sheet = reading.read(data, ["Day", "Site"])
    assert sheet.delimiter == delimiter
    assert [(row.number, row.cells["Site"]) for row in sheet.rows] == [(2, "Van")]
    assert sheet.rows[0].cells["Note, or; more|x"] == "two\nlines"


@pytest.mark.parametrize("line", ["sep=;\r\n", "SEP=;\n", '"sep=;"\r\n', "\ufeffsep=;\r\n"])
def test_a_first_line_that_names_the_delimiter_is_no_heading_and_no_row(line):
    sheet = reading.read((line + "Day;Note,more\n2025-03-01;x\n").encode(), ["Note,more", "Day"])
    assert (sheet.headings, sheet.delimiter, sheet.rows[0].number) == (("Day", "Note,more"), ";", 2)


@pytest.mark.parametrize("name", ["utf-8\0", "no such", "base64", "rot13", "\0"])
def test_an_encoding_that_is_none_is_a_problem_of_the_mapping(in_harbour, name):
    written = ROWS + f'\n[file]\nencoding = "{name}"\n'.replace("\0", "\\u0000")
    with pytest.raises(mappings.NotAMapping, match="no such encoding"):
        mappings.parse(written)


def test_blank_rows_are_passed_over_and_keep_the_count_of_the_rows():
    sheet = reading.read(b"Day,Site\n\n,\n2025-01-01,Van\n", ["Day"])
    assert [row.number for row in sheet.rows] == [4]


def test_a_date_without_a_time_is_noon_at_the_place():
    assert day("03/02/2025") == datetime(2025, 2, 3, 9, 0, tzinfo=UTC)
    assert day("03/02/2025", zone="America/Toronto") == datetime(2025, 2, 3, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "form", "expected"),
    [("02/03/2025", "DD/MM/YYYY", (2025, 3, 2)), ("02/03/2025", "MM/DD/YYYY", (2025, 2, 3)), ("2/3/25", "DD/MM/YY", (2025, 3, 2)), ("29.02.2024", "DD.MM.YYYY", (2024, 2, 29)), ("2025-12-31", "YYYY-MM-DD", (2025, 12, 31))],
)
def test_what_two_numbers_mean_is_what_the_mapping_says(typed, form, expected):
    found = day(typed, form, zone="UTC")
    assert (found.year, found.month, found.day) == expected


@pytest.mark.parametrize("typed", ["", "31/02/2025", "29/02/2025", "02/28/2025", "00/01/2025", "2025-02-03", "02/03", "2 March 2025", "45000", "01/01/2999", "01/01/1066", "01/01/2025 10:00"])
def test_a_date_that_cannot_be_right_is_refused(typed):
    with pytest.raises(BadCell) as refused:
        day(typed)
    assert refused.value.reason
    assert refused.value.todo


def test_a_month_beyond_twelve_says_how_the_mapping_reads_dates():
    with pytest.raises(BadCell, match=r"There is no month 28\. The mapping says that dates are written as DD/MM/YYYY\."):
        day("02/28/2025")


@pytest.mark.parametrize(("at", "form", "hour"), [("14:20", "hh:mm", 14), ("2:20 pm", "hh:mm AM", 14), ("12:20 AM", "hh:mm AM", 0), ("12:20 p.m.", "hh:mm AM", 12), ("14:20:59", "hh:mm:ss", 14)])
def test_times_are_read_as_the_mapping_says(at, form, hour):
    assert (day("03/02/2025", at=at, time_form=form, zone="UTC").hour) == hour


@pytest.mark.parametrize(("at", "form"), [("25:00", "hh:mm"), ("13:00 PM", "hh:mm AM"), ("noon", "hh:mm"), ("14", "hh:mm")])
def test_times_that_are_none_are_refused(at, form):
    with pytest.raises(BadCell):
        day("03/02/2025", at=at, time_form=form)


@pytest.mark.parametrize(("typed", "number"), [("", None), ("0", 0), ("7", 7), ("007", 7), ("١٢", 12)])
def test_whole_numbers(typed, number):
    assert cells.whole(typed, most=100) == number


@pytest.mark.parametrize("typed", ["1,5", "1.5", "-3", "−3", "ca. 10", "10-20", "ten", "1 000", "1,000", "12x", "=1+1", "1e3", "²", "9" * 30, "101"])
def test_everything_else_is_refused_and_never_rounded(typed):
    with pytest.raises(BadCell) as refused:
        cells.whole(typed, most=100)
    assert refused.value.reason
    assert refused.value.todo


def test_codes_are_translated_without_regard_to_case_and_empty_means_not_asked():
    told = {"F": "female", "Do not know": ""}
    assert cells.code("f", told, Gender, "gender") == "female"
    assert cells.code("MALE", told, Gender, "gender") == "male"
    assert cells.code("do not  know", told, Gender, "gender") is None
    with pytest.raises(BadCell, match="not in the list"):
        cells.code("F?", told, Gender, "gender")


@pytest.mark.parametrize("name", ["Name", "First name", "SURNAME", "Client name", "Phone", "Mobile phone", "E-mail", "Home address", "Date of birth", "DOB", "Birthdate", "Apellidos", "Teléfono", "Fecha de nacimiento", "Фамилия", "Passport number"])
def test_headings_that_say_who_somebody_is(name):
    assert cells.identity_in_heading(name)


@pytest.mark.parametrize("name", ["Site name", "Date of transaction", "Year of birth", "Anonymous Client Code", "Item name", "Number of needles", "Username", "Gender", "Place"])
def test_headings_that_do_not(name):
    assert not cells.identity_in_heading(name)


# -- a row for each item ------------------------------------------------------------------------------------------------------

ROWS = """
name = "rows"
[columns]
key = "Visit"
date = "Day"
site = "Place"
people_count = "People"
person = "Who"
gender = "Sex"
[item_rows]
item = "Item"
quantity = "Number"
[item_codes]
"Needle" = "syringe-1ml-29g"
[codes.gender]
"F" = "female"
"""
HEAD = "Visit,Day,Place,Who,Sex,People,Item,Number\n"


def planned(found, text, mapping=ROWS):
    return load.prepare(actor=found.actors["coordinator"], mapping=mappings.parse(mapping), data=(HEAD + text).encode())


def test_rows_with_one_key_are_one_visit(in_harbour):
    plan = planned(in_harbour, "7,2025-03-01,Van 1,,,1,Needle,20\n7,2025-03-01,Van 1,,,1,Filter,5\n8,2025-03-01,Van 1,,,1,Needle,1\n7,2025-03-01,Van 1,,,1,Needle,3\n")
    assert [[(line.item, line.quantity) for line in visit.parts[0].payload.lines] for visit in plan.visits] == [[("filter", 5), ("syringe-1ml-29g", 23)], [("syringe-1ml-29g", 1)]]
    assert [visit.rows for visit in plan.visits] == [(2, 3, 5), (4,)]


def test_rows_with_one_key_that_contradict_each_other_are_refused(in_harbour):
    plan = planned(in_harbour, "7,2025-03-01,Van 1,,,1,Needle,20\n7,2025-03-02,Van 1,,,1,Filter,5\n")
    assert [(bad.row, bad.heading) for bad in plan.bad] == [(3, "Day")]


@pytest.mark.parametrize(("row", "heading"), [("7,2025-03-01,Van 1,,,1,Unicorn,2", "Item"), ("7,2025-03-01,Van 1,,,1,,2", "Item"), ("7,2025-03-01,Van 1,,,501,Needle,2", "People"),
                                              ("7,2025-03-01,Van 1,,,0,Needle,2", "People"), ("7,2025-03-01,Van 1,AB,,3,Needle,2", "People"), ("7,2025-03-01,,,,1,Needle,2", "Place"),
                                              ("7,2025-03-01,Van 1,,,1,Needle,2,more", "")])
def test_a_row_that_cannot_be_right_says_where(in_harbour, row, heading):
    plan = planned(in_harbour, row + "\n")
    assert [(bad.row, bad.heading) for bad in plan.bad] == [(2, heading)]
    assert plan.visits == []


def test_a_group_without_names_is_one_row_with_its_bands_and_no_person(in_harbour):
    plan = planned(in_harbour, "7,2025-03-01,Van 1,,F,100,Needle,250\n")
    visit = plan.visits[0]
    assert (visit.person, visit.encounter.people_count) == (None, 100)
    assert [(band.gender, band.people) for band in visit.encounter.bands] == [("female", 100)]


def test_the_same_key_twice_is_refused_where_each_row_is_a_visit(in_harbour):
    single = ROWS.replace('[item_rows]\nitem = "Item"\nquantity = "Number"\n', '[items]\n"Number" = "filter"\n').replace('[item_codes]\n"Needle" = "syringe-1ml-29g"\n', "")
    plan = planned(in_harbour, "7,2025-03-01,Van 1,,,1,,20\n7,2025-03-01,Van 1,,,1,,20\n", single)
    assert [(bad.row, bad.reason) for bad in plan.bad] == [(3, "Row 2 has the same key.")]


def test_without_a_key_equal_rows_are_visits_of_their_own_and_that_is_said(in_harbour):
    keyless = ROWS.replace('key = "Visit"\n', "")
    text = ",2025-03-01,Van 1,,,1,Needle,20\n" * 3
    plan = planned(in_harbour, text, keyless)
    assert len(plan.visits) == 3
    assert any("2 rows are the same" in warning for warning in plan.warnings)
    load.run(actor=in_harbour.actors["coordinator"], plan=plan, data=b"")
    assert len(planned(in_harbour, text, keyless).visits) == 0
    assert len(planned(in_harbour, text + text, keyless).visits) == 3


def test_a_bad_row_about_a_person_does_not_show_their_id(in_harbour):
    plan = planned(in_harbour, "7,2025-03-01,Van 1,AB12,,1,Needle,20\n7,2025-03-01,Van 1,CD34,,1,Filter,5\n")
    assert [(bad.heading, bad.typed) for bad in plan.bad] == [("Who", "(not shown)")]
