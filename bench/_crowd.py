"""A big programme made quickly: visits that were recorded through the door are copied by plain SQL, with people and cards.

The copies are complete for reading, recording and looking up; their digests are not a chain, so only measure with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from bench._server import Browser
from handrail.kernel import crypto
from handrail.kernel.embedded_postgres import EmbeddedPostgres

BLANK = {
    "jsonb": "'[]'::jsonb", "text": "''", "character varying": "''", "boolean": "false", "ARRAY": "'{}'", "smallint": "0", "integer": "0", "bigint": "0",
    "timestamp with time zone": "now()", "date": "current_date", "bytea": "''::bytea", "uuid": "gen_random_uuid()",
}
PERSON = "md5('person ' || ({}))::uuid"


@contextmanager
def superuser(var: Path) -> Iterator[psycopg.Connection[Any]]:
    """A connection past row security, for filling and for plain SQL to compare with."""
    login = EmbeddedPostgres(var / "postgres").login("postgres", "handrail")
    with psycopg.connect(host=str(login.socket), user=login.user, password=login.password, dbname=login.database, autocommit=True) as connection:
        yield connection


def harbour(connection: psycopg.Connection[Any]) -> int:
    """Key of the organisation that grows."""
    return int(connection.execute("SELECT key FROM facts_organisation WHERE name = 'Harbour'").fetchall()[0][0])


def insert(connection: psycopg.Connection[Any], table: str, values: dict[str, str], source: str) -> None:
    """INSERT … SELECT; columns that must hold something and are not named get a blank."""
    rows = connection.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s AND is_nullable = 'NO' AND is_identity = 'NO'", [table]
    ).fetchall()
    complete = {name: BLANK[kind] for name, kind in rows} | values
    connection.execute(f"INSERT INTO {table} ({', '.join(complete)}) SELECT {', '.join(complete.values())} FROM {source}".encode())


def add_people(connection: psycopg.Connection[Any], var: Path, count: int) -> list[str]:
    """So many participants, each with a card; the codes."""
    organisation, key = harbour(connection), crypto.key(var / "keys", "lookup")
    codes: list[str] = []
    while len(codes) < count:
        codes.append(crypto.new_code())
    connection.execute("CREATE TEMPORARY TABLE new_card (number int, token bytea)")
    with connection.cursor().copy("COPY new_card FROM STDIN") as into:
        for number, code in enumerate(codes):
            into.write_row((number, crypto.code_token(key, code.replace("-", ""))))
    person = PERSON.format("number::text")
    insert(connection, "facts_participant", {"organisation_id": str(organisation), "id": person, "status": "'active'", "flags": "'{}'::jsonb"}, "new_card")
    insert(connection, "facts_cardtoken", {"organisation_id": str(organisation), "token": "token", "participant": person, "sort": "'issued'"}, "new_card")
    connection.execute("DROP TABLE new_card")
    return codes


def add_visits(connection: psycopg.Connection[Any], count: int, people: int) -> None:
    """So many more visits with two facts each, over eighteen months, half of them of somebody with a card."""
    organisation = harbour(connection)
    start = int(connection.execute("SELECT counter FROM facts_head WHERE organisation_id = %s", [organisation]).fetchall()[0][0])
    connection.execute("DROP TABLE IF EXISTS pattern")
    connection.execute(
        "CREATE TEMPORARY TABLE pattern AS SELECT f.*, f.kind = 'facts.encounter' AS first FROM facts_fact f WHERE f.organisation_id = %s AND f.encounter ="
        " (SELECT encounter FROM facts_fact WHERE organisation_id = %s AND kind = 'exchange.given' ORDER BY key LIMIT 1) AND f.kind = 'exchange.given'"
        " OR f.id = (SELECT encounter FROM facts_fact WHERE organisation_id = %s AND kind = 'exchange.given' ORDER BY key LIMIT 1)",
        [organisation] * 3,
    )
    columns = [r[0] for r in connection.execute("SELECT column_name FROM information_schema.columns WHERE table_name = 'facts_fact' AND is_identity = 'NO'").fetchall()]
    made, given = f"md5('visit ' || ({start} + v))::uuid", f"md5('given ' || ({start} + v))::uuid"
    own = f"CASE WHEN first THEN {made} ELSE {given} END"
    changed = {
        "id": own, "root": own, "encounter": f"CASE WHEN encounter IS NULL THEN NULL ELSE {made} END",
        "participant": f"CASE WHEN v % 2 = 0 THEN {PERSON.format(f'(v::bigint * 7919 % {max(people, 1)})::text')} END",
        "occurred_at": f"now() - interval '1 hour' - (({count} - v) * interval '540 days' / {count})", "recorded_at": "now()",
        "counter": f"{start} + 2 * v - CASE WHEN first THEN 1 ELSE 0 END", "device_sequence": "NULL", "supersedes": "'[]'::jsonb",
    }
    listed = ", ".join(changed.get(name, name) for name in columns)
    connection.execute(f"INSERT INTO facts_fact ({', '.join(columns)}) SELECT {listed} FROM pattern, generate_series(1, {count}) v ORDER BY v, first DESC".encode())
    legs = [r[0] for r in connection.execute("SELECT column_name FROM information_schema.columns WHERE table_name = 'stock_leg' AND is_identity = 'NO'").fetchall()]
    of_leg = {"fact": given, "cause": given, "at": changed["occurred_at"]}
    listed = ", ".join(of_leg.get(name, f"l.{name}") for name in legs)
    connection.execute(
        f"INSERT INTO stock_leg ({', '.join(legs)}) SELECT {listed} FROM stock_leg l JOIN pattern ON pattern.id = l.fact, generate_series(1, {count}) v".encode()
    )
    connection.execute(f"UPDATE facts_head SET counter = counter + {2 * count} WHERE organisation_id = {organisation}".encode())
    connection.execute("ANALYZE")


def sites(browser: Browser) -> dict[str, str]:
    """Ids of the places on the start page, by name."""
    return {name: key for key, name in re.findall(r'/visits/at/([0-9a-f-]+)/"><b>([^<]+)<', browser.get("/"))}
