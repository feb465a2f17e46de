"""The file of a quarter: the exact one is proved and leaves a line, the one to share stays easy, and no program runs in it."""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import date, timedelta

import pytest
import time_machine
from django.urls import reverse

from handrail.gates.spreadsheet.badlist import safe
from handrail.insight.models import Result
from handrail.kernel import clock, scope
from handrail.kernel.models import AuditEntry
from tests.signing_in import browser, sign_in
from tests.words import PASSWORD

QUARTER = "2026Q3"


@pytest.fixture
def coordinator(world):
    """A coordinator's browser, signed in just now, and a quarter with a number."""
    with scope.enter([world.harbour.key]):
        Result.objects.create(
            organisation=world.harbour, indicator="prv_10a", version=1, period=QUARTER, starts_on=date(2025, 10, 1),
            ends_before=date(2026, 10, 1), site=world.van, status="no_data", data_through=1, computed_at=clock.now(),
        )
    client = browser()
    sign_in(client, "coordinator")
    return client


def lines(world) -> list[tuple[str, dict]]:
    with scope.enter([world.harbour.key]):
        return [(line.object_id, line.detail) for line in AuditEntry.objects.filter(action="numbers.exported").order_by("number")]


def test_each_file_leaves_a_line_with_quarter_view_and_digest(world, coordinator):
    own, shared = (coordinator.get(reverse(name, args=[QUARTER])) for name in ("quarter-csv", "quarter-csv-to-share"))
    digests = [hashlib.sha256(answer.content).hexdigest() for answer in (own, shared)]
    assert lines(world) == [(QUARTER, {"view": "own", "sha256": digests[0]}), (QUARTER, {"view": "to-share", "sha256": digests[1]})]


def test_the_exact_numbers_ask_for_a_proof_and_those_to_share_do_not(world, coordinator):
    with time_machine.travel(clock.now(), tick=False) as time:
        for _click in range(3):
            time.shift(timedelta(minutes=5))
            coordinator.get(reverse("start"))
        where = reverse("quarter-csv", args=[QUARTER])
        asked = coordinator.get(where)
        assert asked.status_code == 302
        assert asked["Location"].startswith(reverse("confirm"))
        assert lines(world) == []
        assert coordinator.get(reverse("quarter-csv-to-share", args=[QUARTER])).status_code == 200
        coordinator.post(reverse("confirm"), {"next": where, "password": PASSWORD})
        assert coordinator.get(where).status_code == 200


def test_a_spreadsheet_program_reads_it_in_the_language_of_the_page(world, coordinator):
    answer = coordinator.get(reverse("quarter-csv", args=[QUARTER]), headers={"Accept-Language": "es"})
    assert answer.content.startswith(b"\xef\xbb\xbf")
    headings = next(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert headings[:4] == ["Trimestre", "Código", "Nombre", "Lugar"]


@pytest.mark.parametrize("text", ["=1+1", "a;=1+1", "a;  =1+1", "a\t@SUM(1)", "a;-2+3", "x\n=1", "；＝1"])
def test_no_cell_begins_with_a_sign_wherever_a_program_splits_it(text):
    for delimiter in ";\t\n":
        assert not [part for part in safe(text).split(delimiter) if part.strip()[:1] in {*"=+-@＝＋－＠"}]


def test_what_is_no_formula_stays_as_it_is():
    for text in ("Van 1", "10-20 years", "a = b", "25; 30", "x@y"):
        assert safe(text) == text
