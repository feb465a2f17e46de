"""The import page: choose, see, confirm. Nothing is recorded before, and the file is never stored."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from handrail.facts import organisations
from handrail.facts.models import Fact
from handrail.facts.record import Draft, Mode, record
from handrail.gates.spreadsheet.mapping import shipped
from handrail.kernel import ids
from handrail.ledgers.stock.models import Balance

MAPPING = """
name = "our-own"
[dates]
format = "DD.MM.YYYY"
[columns]
key = "No"
date = "Day"
person = "Code"
returned = "Back"
[items]
"Syringes" = "syringe-1ml-29g"
"Filters" = "filter"
"""
FILE = "No;Day;Code;Syringes;Filters;Back\n1;03.02.2025;AB12;20;10;\n2;04.02.2025;;5;;7\n3;31.02.2025;AB12;=1+1;;\n"


@pytest.fixture
def coordinator(in_harbour):
    """The coordinator's browser."""
    client = Client()
    client.force_login(in_harbour.staff["coordinator"])
    return client


def choose(client, text=FILE, mapping=MAPPING, **more):
    files = {"file": SimpleUploadedFile("last year.csv", text if isinstance(text, bytes) else text.encode())}
    if mapping:
        files["mapping"] = SimpleUploadedFile("ours.toml", mapping.encode())
    return client.post("/import/", files | {"site": "Van 1", "action": "check"} | more)


def packed(answer):
    return re.search(r'name="packed" value="([^"]+)"', answer.content.decode())[1]


def test_the_dry_run_shows_sums_and_each_bad_row_and_records_nothing(coordinator):
    answer = choose(coordinator)
    page = answer.content.decode()
    assert answer.status_code == 422
    for said in ("2 new visits", "1 row to correct", "31.02.2025", "There is no such day.", "semicolon", "utf-8"):
        assert said in page
    assert not Fact.objects.filter(kind="facts.encounter").exists()


def test_an_import_is_confirmed_once_and_twice_is_the_same(coordinator, in_harbour):
    page = choose(coordinator, FILE.replace("3;31.02.2025;AB12;=1+1;;\n", ""))
    assert page.status_code == 200
    before = list(Balance.objects.order_by("key").values_list("quantity"))
    for said in ("done=2", "done=0"):
        answer = coordinator.post("/import/", {"packed": packed(page), "action": "import"})
        assert (answer.status_code, answer["Location"]) == (302, f"/import/?{said}")
    assert Fact.objects.filter(kind="facts.encounter", site=in_harbour.van).count() == 2
    assert {fact.staff for fact in Fact.objects.filter(kind="exchange.given")} == {in_harbour.staff["coordinator"].id}
    assert list(Balance.objects.order_by("key").values_list("quantity")) == before
    assert "New visits: 2" in coordinator.get("/import/?done=2").content.decode()


def test_with_a_bad_row_only_the_good_ones_can_be_imported_and_only_when_asked(coordinator):
    page = choose(coordinator)
    assert coordinator.post("/import/", {"packed": packed(page), "action": "import"}).status_code == 422
    assert not Fact.objects.filter(kind="facts.encounter").exists()
    assert coordinator.post("/import/", {"packed": packed(page), "action": "import-good"})["Location"] == "/import/?done=2"


def test_all_bad_rows_can_be_downloaded_and_no_cell_is_a_formula(coordinator):
    answer = coordinator.post("/import/", {"packed": packed(choose(coordinator)), "action": "download"})
    assert answer["Content-Disposition"].startswith("attachment")
    text = answer.content.decode("utf-8-sig")
    assert "4,Syringes,'=1+1,This is not a whole number." in text
    assert "AB12" not in text


def test_another_person_cannot_confirm_what_was_shown_to_me_and_nobody_can_change_it(coordinator, in_harbour, world):
    held = packed(choose(coordinator))
    assert coordinator.post("/import/", {"packed": held[:-3] + "AAA", "action": "import-good"}).status_code == 422
    steward = organisations.create_staff(actor=in_harbour.system, username="steward", name="Steward", password=None, grants=[("data_steward", None)])
    other = Client()
    other.force_login(steward)
    assert choose(other).status_code == 422
    assert "too old" in other.post("/import/", {"packed": held, "action": "import-good"}).content.decode()
    assert not Fact.objects.filter(kind="facts.encounter").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [(b"PK\x03\x04 workbook", "save it as CSV"), (b"%PDF-1.7", "save it as CSV"), (b"a\0b", "save it as CSV"), (b"", "Choose a CSV file"),
     (b'No,Day\n1,"never closed', "quotation mark"), (b"No,Day,Day\n1,2,3\n", "Two columns are called"), (b"\n\n", "empty")],
)
def test_a_file_that_is_no_csv_is_refused_with_a_sentence(coordinator, text, said):
    answer = choose(coordinator, text)
    assert answer.status_code == 422
    assert said in answer.content.decode()


@pytest.mark.parametrize("mapping", ["", "[", "name = 1", MAPPING + "[nonsense]\n", "x" * 200_001, MAPPING.replace("syringe-1ml-29g", "no-such-item"), MAPPING.replace("Day", "Tag")])
def test_a_mapping_that_cannot_work_is_refused_with_a_sentence(coordinator, mapping):
    answer = choose(coordinator, mapping=mapping)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()


def test_a_file_larger_than_memory_may_hold_is_dropped_while_it_arrives(coordinator):
    answer = choose(coordinator, b"No;Day\n" + b"x" * 4_100_000)
    assert answer.status_code == 422
    assert "at most 4 MB" in answer.content.decode()


@pytest.mark.parametrize("column", ["Surname", "Phone", "Date of birth", "E-mail"])
def test_a_column_that_says_who_somebody_is_stops_the_import_until_it_is_left_out(coordinator, column):
    text = "".join(f"{line};{more}\n" for line, more in zip(FILE.splitlines(), [column, "x", "y", "z"], strict=True))
    assert "looks like it says who somebody is" in choose(coordinator, text).content.decode()
    told = MAPPING.replace("[dates]", f'never_import = ["{column}"]\n[dates]')
    assert "2 new visits" in choose(coordinator, text, told).content.decode()


def test_a_column_of_telephone_numbers_is_seen_whatever_it_is_called(coordinator):
    text = "".join(f"{line};{more}\n" for line, more in zip(FILE.splitlines(), ["Reach", "+254 700 123 456", "0700123456", ""], strict=True))
    assert "a telephone number" in choose(coordinator, text).content.decode()


def test_a_column_that_is_not_read_is_said(coordinator):
    text = "".join(f"{line};{more}\n" for line, more in zip(FILE.splitlines(), ["Weather", "sun", "rain", ""], strict=True))
    assert "“Weather” is not imported" in choose(coordinator, text).content.decode()


def test_the_shipped_mapping_can_be_chosen(coordinator):
    assert "Ontario" in coordinator.get("/import/").content.decode()
    answer = choose(coordinator, mapping="", shipped="ontario_minimum")
    assert "The mapping reads the column" in answer.content.decode()
    assert set(shipped()) == {"ontario_minimum"}


def test_a_fact_from_before_the_book_moves_no_stock_and_a_typed_one_does(in_harbour):
    draft = Draft(kind="exchange.given", payload={"lines": [{"item": "filter", "quantity": 5}]}, site=in_harbour.van.id, encounter=ids.new())
    record(draft, actor=in_harbour.system, mode=Mode.EARLIER)
    assert Fact.objects.get(id=draft.id).settlement == {"stock": [[]]}
