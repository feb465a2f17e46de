"""Story: a newcomer programme brings last year along, and a till at the door records by itself until it is ended."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import expect

from bench._server import Server
from tests.browser.conftest import DESK, Visitor

pytestmark = pytest.mark.browser

MAPPING = """
name = "paper-book"
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
HEAD = "No;Day;Code;Syringes;Filters;Back\n"
BOOK = HEAD + "1;03.02.2025;AB12;20;10;\n2;04.02.2025;;5;;7\n3;31.02.2025;AB12;10;;\n4;05.02.2025;CD34;many;;\n"
CORRECTED = HEAD + "1;03.02.2025;AB12;20;10;\n2;04.02.2025;;5;;7\n3;28.02.2025;AB12;10;;\n4;05.02.2025;CD34;40;;\n"


def choose(visitor: Visitor, text: str) -> None:
    page = visitor.open("/import/")
    page.set_input_files("#file", {"name": "last year.csv", "mimeType": "text/csv", "buffer": text.encode()})
    page.set_input_files("#mapping", {"name": "ours.toml", "mimeType": "text/plain", "buffer": MAPPING.encode()})
    page.select_option("#site", label="Van 1")
    visitor.tap("button:has-text('Show what it would record')")


@pytest.mark.viewport(DESK)
def test_last_year_is_seen_corrected_imported_and_not_doubled(visitor: Visitor):
    visitor.sign_in("coordinator")
    choose(visitor, BOOK)
    main = visitor.page.locator("main")
    expect(main).to_contain_text("Nothing is recorded yet.")
    expect(main).to_contain_text("2 new visits")
    expect(main).to_contain_text("2 rows to correct")
    expect(main.locator(".item:has-text('Row 4, Day')")).to_contain_text("There is no such day.")
    expect(main.locator(".item:has-text('Row 5, Syringes')")).to_contain_text("This is not a whole number.")
    expect(main.locator("button:has-text('Import the good rows only')")).to_be_visible()
    with visitor.page.expect_download() as waiting:
        visitor.page.click("button:has-text('Download all rows to correct')")
    listed = waiting.value.path().read_text(encoding="utf-8-sig")
    assert "31.02.2025" in listed
    assert "many" in listed

    choose(visitor, CORRECTED)
    expect(main).to_contain_text("4 new visits")
    expect(main.locator("tr:has-text('Syringe 1 ml, 29G')")).to_contain_text("75")
    visitor.tap("main button:text-is('Import')")
    expect(main).to_contain_text("New visits: 4")

    choose(visitor, CORRECTED)
    expect(main).to_contain_text("0 new visits")
    expect(main).to_contain_text("4 already here")
    expect(main).to_contain_text("Nothing is left to import.")
    expect(main.locator("button:text-is('Import')")).to_have_count(0)
    visitor.complaints.clear()  # Chromium notes the 422 of the rows to correct


@pytest.mark.viewport(DESK)
def test_a_till_records_by_itself_until_it_is_ended(visitor: Visitor, server: Server):
    label = f"till {uuid.uuid4().hex[:6]}"
    visitor.sign_in("coordinator")
    visitor.open("/devices/")
    visitor.page.fill("#label", label)
    visitor.page.select_option("#role", label="Outreach worker")
    visitor.page.select_option("#site", label="Van 1")
    visitor.tap("button:has-text('Enrol')")
    token = visitor.page.locator("code").inner_text()
    assert token.startswith("hr1.")
    visitor.open("/devices/")
    expect(visitor.page.locator("main")).not_to_contain_text(token)
    expect(visitor.page.locator(f".item:has-text('{label}')")).to_contain_text("never heard of yet")

    assert post(server, token, visit(17)) == (200, ["accepted", "accepted"])
    visitor.open("/visits/")
    known = visitor.page.locator("main tbody tr").count()
    visitor.tap("main tbody a")
    expect(visitor.page.locator("main")).to_contain_text("17 × Syringe")
    visitor.open("/devices/")
    expect(visitor.page.locator(f".item:has-text('{label}')")).to_contain_text(re.compile(r"last heard of .* UTC"))

    visitor.tap(f"button[aria-label='End {label}']")
    expect(visitor.page.locator(f".item:has-text('{label}')")).to_contain_text("ended")
    assert post(server, token, visit(18))[0] == 401
    visitor.open("/visits/")
    expect(visitor.page.locator("main tbody tr")).to_have_count(known)


def visit(syringes: int) -> list[dict[str, Any]]:
    """What a till sends for one visit: the meeting, and what was given at it."""
    meeting, now = str(uuid.uuid4()), datetime.now(UTC).isoformat()
    return [
        {"id": meeting, "kind": "facts.encounter", "occurred_at": now, "payload": {"channel": "vending_machine"}},
        {"id": str(uuid.uuid4()), "kind": "exchange.given", "occurred_at": now, "encounter": meeting,
         "payload": {"lines": [{"item": "syringe-1ml-29g", "quantity": syringes}]}},
    ]


def post(server: Server, token: str, facts: list[dict[str, Any]]) -> tuple[int, list[str]]:
    """Send facts as a program does; the status, and what became of each."""
    request = urllib.request.Request(  # our own server
        f"http://localhost:{server.port}/api/facts/", json.dumps({"facts": facts}).encode(), {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request) as answer:
            outcomes: list[dict[str, str]] = next(v for v in json.load(answer).values() if isinstance(v, list))
            return answer.status, [one["status"] for one in outcomes]
    except urllib.error.HTTPError as refused:
        return refused.code, []
