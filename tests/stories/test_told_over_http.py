"""A hundred reports told to a real server over HTTP: nothing of who told them is in its log, its files, any table or any sign-in, before the night or after it."""

from __future__ import annotations

import http.client
import re
import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

import psycopg
import pytest
from psycopg import sql

from bench._server import Browser, Server, serving
from handrail.kernel.embedded_postgres import EmbeddedPostgres
from tests.inside import found_in, inside, written_ways
from tests.words import PASSWORD

pytestmark = pytest.mark.slow
PEERS, SENDERS = "127.11.47.", "203.0.113."
"""Where the connections come from, and where the proxy says that they come from."""
CANARIES = (PEERS, SENDERS, "Heron-agent-4711", "heron-referrer-4711", "heron-cookie-4711", "heron-before-4711")
KNOWN = "NX-HERON-4711"
"""A code on a kit that each of them tells: this is kept, so whoever looks must find it."""
_NIGHT = """
from datetime import date
from handrail.facts.models import Organisation
from handrail.services.naloxone import public_reports
print(public_reports.take_in(Organisation.objects.get(name="Harbour"), before=date(2099, 1, 1)))
"""


def send(server: Server, number: int, method: str, path: str, typed: Mapping[str, str] | None = None) -> tuple[int, str]:
    """One request as a proxy passes it on, with everything that a browser tells about whoever sits in front of it; status and Set-Cookie."""
    headers = {
        "X-Forwarded-For": f"heron-before-4711, {SENDERS}{number}", "X-Forwarded-Proto": "https", "User-Agent": "Heron-agent-4711", "Referer": "https://heron-referrer-4711.example/",
        "Cookie": "seen=heron-cookie-4711", "Accept-Language": "en-KE", "Content-Type": "application/x-www-form-urlencoded",
    }
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30, source_address=(f"{PEERS}{number}", 0))
    try:
        connection.request(method, path, urlencode(typed) if typed else None, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers.get("Set-Cookie", "")
    finally:
        connection.close()


def every_row(server: Server) -> dict[str, str]:
    """Every table of every database, as text."""
    found = {}
    postgres = EmbeddedPostgres(server.var / "postgres")
    names = postgres.sql("SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate").split()
    for name in names:
        login = postgres.login("postgres", name)
        with psycopg.connect(host=str(login.socket), user=login.user, password=login.password, dbname=name) as connection:
            tables = connection.execute("SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')").fetchall()
            for schema, table in tables:
                rows = connection.execute(sql.SQL("SELECT t::text FROM {}.{} t").format(sql.Identifier(schema), sql.Identifier(table))).fetchall()
                found[f"{name}.{table}"] = "\n".join(row[0] for row in rows)
        assert tables or name == "postgres", f"{name} has no tables: it was not read"
    return found


def ways(word: str) -> set[str]:
    """A word as it may stand in a row."""
    return {word, word.encode().hex(), *(way.decode("latin-1") for way in written_ways(word))}


def rows_with(rows: Mapping[str, str], word: str) -> list[str]:
    """Tables in which a word stands."""
    return [table for table, text in rows.items() if any(way in text for way in ways(word))]


def nothing_of_them(server: Server, rows: Mapping[str, str]) -> None:
    """No word of whoever told it in any table, nor in any file: the log, the database's own files, keys, what is put together for pages."""
    assert {word: found for word in CANARIES if (found := rows_with(rows, word))} == {}
    assert found_in(server.var.parent, set().union(*(written_ways(word) for word in CANARIES))) == []


def tell_a_hundred(server: Server, address: str) -> None:
    """Each from an address of its own; beside them some that are refused, and pages that are not here, which a log likes to tell of."""
    for number in range(1, 101):
        typed = {"id": str(uuid.uuid4()), "kit_id": str(uuid.uuid4()), "when": "today", "outcome": "recovered", "codes": KNOWN, "emergency_called": "no", "why_not_called": "fear_police"}
        assert send(server, number, "GET", f"{address}?kit={KNOWN}") == (200, "")
        assert send(server, number, "POST", address, typed) == (200, "")
    assert Counter(send(server, number, "POST", address, {"id": "nothing", "when": "", "outcome": ""})[0] for number in range(101, 111)) == {422: 10}
    assert Counter(send(server, number, "GET", "/not-here-4711/")[0] for number in range(111, 116)) == {404: 5}
    assert Counter(send(server, number, "DELETE", address)[0] for number in range(116, 121)) == {405: 5}


def test_a_hundred_reports_over_http_leave_nothing_of_who_told_them():
    with serving(workers=2, behind_proxy="true") as server:
        log = server.var.parent / "log"
        before = every_row(server)
        nothing_of_them(server, before)
        organisation = inside(server, "from handrail.facts.models import Organisation\nprint(Organisation.objects.get(name='Harbour').id)")[-2]
        began = datetime.now(UTC)
        tell_a_hundred(server, f"/aid/{organisation}/tell/")
        ended = datetime.now(UTC)
        rows = every_row(server)
        assert rows["handrail.naloxone_publicreport"].count(KNOWN) == 100, "what is kept is found, so what is looked for would be"
        assert found_in(server.var, written_ways(KNOWN)), "what is kept is found in the files of the database too"
        assert f"Handrail is at http://127.0.0.1:{server.port}" in log.read_text(), "the log that is looked at is the one the server writes"
        nothing_of_them(server, rows)
        for table in ("session", "throttle"):
            assert rows[f"handrail.kernel_{table}"] == before[f"handrail.kernel_{table}"], table
        assert no_moment(rows["handrail.naloxone_publicreport"], began, ended)

        assert inside(server, _NIGHT)[-2] == "100"
        rows = every_row(server)
        assert rows["handrail.naloxone_publicreport"] == ""
        facts = [row for row in rows["handrail.facts_fact"].split("\n") if "naloxone.reversal" in row]
        assert (len(facts), sum(KNOWN in row for row in facts)) == (100, 100)
        assert no_moment("\n".join(facts) + rows["handrail.naloxone_report"], began, ended)
        nothing_of_them(server, rows)

        somebody_signs_in(server)
        with log.open("a") as end:
            end.write(f"GET /aid/ from {SENDERS}7\n")
        assert found_in(server.var.parent, written_ways(SENDERS)) == [str(log)], "a line that a careless server would write is found"


def no_moment(text: str, began: datetime, ended: datetime) -> bool:
    """Whether no moment of these minutes stands in it."""
    moments = re.findall(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d(?::?\d\d)?)", text)
    assert moments, "there are moments, such as the hour it happened"
    said = [datetime.fromisoformat(moment) for moment in moments]
    return not [moment for moment in said if began <= moment <= ended]


def somebody_signs_in(server: Server) -> None:
    """The sign-ins that were looked at are where a sign-in stands."""
    count = len(every_row(server)["handrail.kernel_session"].splitlines())
    worker = Browser(server.port)
    worker.sign_in("naima", PASSWORD)
    worker.close()
    assert len(every_row(server)["handrail.kernel_session"].splitlines()) == count + 1
