"""Estimates and counted deaths from a file: thousands are never guessed, hidden counts stay hidden, overlaps are never added up."""

from __future__ import annotations

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from handrail.gates import outside
from handrail.gates.outside import SORTS, prepare, run, ungrouped
from handrail.gates.spreadsheet.reading import NotReadable
from handrail.insight import deaths, estimates
from handrail.insight.models import DeathCount, SizeEstimate
from handrail.insight.outside import in_force
from handrail.kernel import scope
from handrail.kernel.access import Denied
from tests.naughty import ALL
from tests.signing_in import sign_in

ESTIMATES, DEATHS = SORTS["estimates"], SORTS["deaths"]
HEAD = ["population", "level", "area", "value", "low", "high", "method", "year", "source"]
DEATHS_HEAD = ["level", "area", "months", "ends", "deaths", "source"]


def sheet(head: list[str], *rows: list[str], delimiter: str = ",") -> bytes:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter).writerows([head, *rows])
    return written.getvalue().encode()


def estimate(value: str, *, area: str = "harbour-area", year: str = "2024", low: str = "", high: str = "") -> list[str]:
    return ["pwid", "targeted_area", area, value, low, high, "multiplier", year, "Ministry, p. 12"]


def count(ends: str, number: str, months: str = "12") -> list[str]:
    return ["country", "", months, ends, number, "CDC, VSRR, provisional"]


@pytest.mark.parametrize(
    ("typed", "thousands", "read"),
    [
        ("12,500", ",", "12500"), ("1,234,567", ",", "1234567"), ("12,50", ",", "12,50"), ("1,2345", ",", "1,2345"), ("12.500", ",", "12.500"), ("12.500", ".", "12500"),
        ("1\u202f234", " ", "1234"), ("1\u00a0234", " ", "1234"), ("12’500", "'", "12500"), ("12,500", "", "12,500"), ("12500", ",", "12500"), ("1234,567", ",", "1234,567"),
        ("12,500", "x", "12,500"),
    ],
)
def test_thousands_are_read_only_where_somebody_said_how_they_are_written(typed, thousands, read):
    assert ungrouped(typed, thousands) == read


def test_a_dry_run_says_what_is_wrong_row_by_row_and_stores_nothing(in_harbour):
    data = sheet(HEAD, estimate("12,500"), estimate("<10", area="hill"), estimate("900", area="bay"), estimate("900", area="bay"), estimate("many", area="x", year="24"))
    plan = prepare(actor=in_harbour.actors["coordinator"], sort=ESTIMATES, data=data)
    assert [(bad.row, bad.heading, bad.typed) for bad in plan.bad] == [
        (2, "value", "12,500"), (3, "value", "<10"), (5, "", ""), (6, "value", "many"), (6, "year", "24"),
    ]
    assert "how thousands are written" in plan.bad[0].todo
    assert "hides this number" in plan.bad[1].reason
    assert "Row 4 asks the same" in plan.bad[2].reason
    assert [one.row for one in plan.planned] == [4]
    assert not SizeEstimate.objects.exists()


def test_with_the_separator_named_the_same_file_is_right(in_harbour):
    data = sheet(HEAD, estimate("12,500", low="10,000", high="1,500,000"))
    coordinator = in_harbour.actors["coordinator"]
    run(actor=coordinator, sort=ESTIMATES, data=data, thousands=",")
    row = SizeEstimate.objects.get()
    assert (row.value, row.low, row.high, row.entered_by) == (12500, 10000, 1500000, coordinator.staff_id)


def test_importing_again_adds_nothing_and_another_number_corrects(in_harbour):
    coordinator = in_harbour.actors["coordinator"]
    run(actor=coordinator, sort=ESTIMATES, data=sheet(HEAD, estimate("900")))
    again = prepare(actor=coordinator, sort=ESTIMATES, data=sheet(HEAD, estimate("900"), estimate("700", year="2022")))
    assert (again.known, len(again.planned), again.corrections) == (1, 1, [])
    plan = run(actor=coordinator, sort=ESTIMATES, data=sheet(HEAD, estimate("950")))
    assert len(plan.corrections) == 1
    assert [row.value for row in in_force(SizeEstimate)] == [950]
    assert in_force(SizeEstimate).get().note == "From an imported file, row 2"
    assert SizeEstimate.objects.count() == 2


def test_nothing_is_imported_while_a_row_is_wrong_unless_only_the_good_ones_are_wanted(in_harbour):
    coordinator, data = in_harbour.actors["coordinator"], sheet(HEAD, estimate("900"), estimate("many", area="hill"))
    with pytest.raises(NotReadable, match="Nothing was imported"):
        run(actor=coordinator, sort=ESTIMATES, data=data)
    assert not SizeEstimate.objects.exists()
    run(actor=coordinator, sort=ESTIMATES, data=data, only_good=True)
    assert [row.area for row in SizeEstimate.objects.all()] == ["harbour-area"]


def test_counts_of_twelve_months_overlap_and_are_kept_each_for_itself(in_harbour):
    coordinator = in_harbour.actors["coordinator"]
    data = sheet(DEATHS_HEAD, count("2025-11", "1,204"), count("2025-12", "1,198"), count("2024-06", "<10"))
    assert [bad.heading for bad in prepare(actor=coordinator, sort=DEATHS, data=data).bad] == ["deaths", "deaths"]
    plan = prepare(actor=coordinator, sort=DEATHS, data=data, thousands=",")
    assert plan.warnings == ["Counts for KE overlap. Each is kept for itself; they are never added up."]
    run(actor=coordinator, sort=DEATHS, data=data, thousands=",")
    assert {(row.value, row.high) for row in DeathCount.objects.all()} == {(1204, None), (1198, None), (None, 9)}
    later = prepare(actor=coordinator, sort=DEATHS, data=sheet(DEATHS_HEAD, count("2026-01", "1000")))
    assert len(later.warnings) == 1
    fitting = prepare(actor=coordinator, sort=DEATHS, data=sheet(DEATHS_HEAD, count("2023-01", "30", months="1"), count("2023-02", "30", months="1")))
    assert len(fitting.warnings) == 1, "what is here overlaps already"


def test_counts_that_follow_one_another_do_not_overlap(in_harbour):
    plan = prepare(actor=in_harbour.actors["coordinator"], sort=DEATHS, data=sheet(DEATHS_HEAD, count("2024-12", "30"), count("2025-12", "40")))
    assert (plan.warnings, len(plan.planned)) == ([], 2)


@pytest.mark.parametrize(("data", "says"), [(b"", "empty"), (b"PK\x03\x04..", "not a CSV"), (b"area,value\nx,1\n", "Missing: population"), (b"\xff\xfe\x00", "cannot be read")])
def test_a_file_that_cannot_be_read_says_so(in_harbour, data, says):
    with pytest.raises(NotReadable, match=says):
        prepare(actor=in_harbour.actors["coordinator"], sort=ESTIMATES, data=data)


def test_columns_that_are_not_read_are_named_and_semicolons_work(in_harbour):
    data = sheet([*HEAD, "Remark"], [*estimate("900"), "x"], delimiter=";")
    plan = prepare(actor=in_harbour.actors["coordinator"], sort=ESTIMATES, data=data)
    assert (plan.warnings, len(plan.planned)) == (["Columns that are not read: Remark."], 1)
    too_long = data.replace(b";x", b";x;y;z")
    assert prepare(actor=in_harbour.actors["coordinator"], sort=ESTIMATES, data=too_long).bad[0].reason == "There are more cells than headings."


def test_too_many_rows_are_refused(in_harbour, monkeypatch):
    monkeypatch.setattr(outside, "MOST_ROWS", 1)
    with pytest.raises(NotReadable, match="At most 1"):
        prepare(actor=in_harbour.actors["coordinator"], sort=ESTIMATES, data=sheet(HEAD, estimate("1"), estimate("2", year="2022")))


def test_only_who_may_imports(in_harbour):
    for act in (prepare, run):
        with pytest.raises(Denied):
            act(actor=in_harbour.actors["naima"], sort=ESTIMATES, data=sheet(HEAD, estimate("1")))


@pytest.mark.parametrize("sort", list(SORTS), ids=str)
def test_no_string_in_any_cell_breaks_it(in_harbour, sort):
    chosen = SORTS[sort]
    good = {
        "estimates": dict(zip(HEAD, estimate("900"), strict=True)), "deaths": dict(zip(DEATHS_HEAD, count("2025-12", "640"), strict=True)),
        "cdc": {"state": "KY", "year": "2025", "month": "May", "period": "12 month-ending", "indicator": "Opioids (T40.0-T40.4,T40.6)", "data value": "640"},
    }[sort]
    for name in chosen.columns:
        rows = [[{**good, name: text}.get(column, "") for column in chosen.columns] for text in ALL.values() if "\0" not in text]
        data = sheet(list(chosen.columns), *[[cell.encode("utf-8", "replace").decode() for cell in row] for row in rows])
        plan = prepare(actor=in_harbour.actors["coordinator"], sort=chosen, data=data, said={"areas": "KY = harbour-area"})
        assert plan.rows == len(plan.planned) + len({bad.row for bad in plan.bad}) + plan.known + plan.left


def upload(client: Client, data: bytes, **more: str):
    return client.post(reverse("estimates-import"), {"file": SimpleUploadedFile("a.csv", data), "sort": "estimates", "thousands": "", "action": "check"} | more)


def test_the_page_shows_a_dry_run_gives_the_rows_to_correct_and_imports(world):
    client = Client()
    sign_in(client, "coordinator")
    answer = upload(client, sheet(HEAD, estimate("900"), estimate("=1+1", area="hill")))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "1 row to add" in page
    assert "1 cell to correct" in page
    packed = page.split('name="packed" value="')[1].split('"')[0]
    wrong = client.post(reverse("estimates-import"), {"packed": packed, "action": "download"}).content.decode()
    assert "'=1+1" in wrong
    answer = client.post(reverse("estimates-import"), {"packed": packed, "action": "import"})
    assert answer.status_code == 422
    assert "Nothing was imported" in answer.content.decode()
    answer = client.post(reverse("estimates-import"), {"packed": packed, "action": "import-good"}, follow=True)
    assert "Imported. New rows: 1" in answer.content.decode()
    with scope.enter([world.harbour.key]):
        assert [row.value for row in SizeEstimate.objects.all()] == [900]


def test_the_page_says_what_is_missing_and_takes_no_page_of_somebody_else(world):
    client = Client()
    sign_in(client, "coordinator")
    assert "Choose what the file holds" in client.post(reverse("estimates-import"), {"action": "check"}).content.decode()
    assert "Choose a CSV file" in client.post(reverse("estimates-import"), {"sort": "deaths", "action": "check"}).content.decode()
    assert "too old" in client.post(reverse("estimates-import"), {"packed": "x:y:z", "action": "import"}).content.decode()


def test_the_columns_of_a_file_are_the_fields_of_the_page():
    assert (ESTIMATES.columns, DEATHS.columns) == (estimates.FIELDS, deaths.FIELDS)
