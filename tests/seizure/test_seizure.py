"""The seizure drill. Without the keys nobody is found anywhere; with them only in the vault and the sealed stores; and a leak, planted in any place, is seen whole."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from handrail.kernel.keyring import RINGS
from handrail.vault.spec import STORES
from tests.seizure.canaries import HOW_MANY, PEOPLE
from tests.seizure.drill import Seized, Stores, seizing
from tests.seizure.scanner import people_in, people_in_folder

pytestmark = pytest.mark.drill
EVERYBODY = {who.number for who in PEOPLE}


def every_store() -> Stores:
    """Every sealed store about people, with its fields and how long each may be: a new one joins the drill by itself."""
    return [(store.key, {name: field.longest for name, field in store.fields.items()}) for store in STORES if store.subject is None]


@pytest.fixture(scope="module")
def seized() -> Iterator[Seized]:
    with seizing(every_store()) as found:
        yield found


def searched(seized: Seized) -> dict[str, dict[str, set[int]]]:
    """Every place in which somebody was found, with the files."""
    places = seized.places()
    found = {
        place: people_in_folder(folder, [other for other in places.values() if other != folder and other.is_relative_to(folder)])
        for place, folder in places.items()
    }
    return {place: files for place, files in found.items() if files}


def test_the_drill_went_through_every_screen(seized):
    """A drill in which every form was refused would find nothing and prove nothing."""
    late = sum(count for route, count in seized.answers.items() if "/sealed/" in route and route.endswith(" 302"))
    assert late >= HOW_MANY * len(every_store()) * 0.95, seized.answers
    assert seized.answers.get("/people/find/…/ 302", 0) + seized.answers.get("/people/find/…/ 200", 0) >= HOW_MANY * 0.15, seized.answers
    assert seized.answers["/cards/new/…/ 302"] >= HOW_MANY * 0.75, seized.answers
    assert any(route.startswith("/import/") for route in seized.answers)
    assert any("/open/ 200" in route for route in seized.answers), seized.answers
    assert seized.answers.get("/parcels/new/…/ 302", 0) >= HOW_MANY * 0.095, seized.answers
    assert seized.answers.get("/parcels/new/…/ 422", 0) >= HOW_MANY * 0.095, seized.answers


def test_without_the_keys_nobody_is_found_anywhere(seized):
    assert searched(seized) == {}


def test_without_the_keys_no_table_says_anything(seized):
    assert {table: found for table, text in seized.rows().items() if (found := people_in(text.encode()))} == {}


def test_with_the_keys_everybody_is_in_the_vault_and_nowhere_else(seized):
    said = seized.everything_sealed()
    for store, _fields in every_store():
        found = people_in("\n".join(json.dumps(fields, ensure_ascii=False) for name, fields in said if name == store).encode())
        assert found == EVERYBODY, store
    ordered = people_in("\n".join(json.dumps(fields, ensure_ascii=False) for name, fields in said if name == "naloxone.mail_order").encode())
    assert len(ordered) >= HOW_MANY * 0.095
    assert searched(seized) == {}, "opening the vault left something behind"


def test_while_it_is_open_only_the_holders_have_the_keys(seized):
    """A check that the search of memory finds what is there."""
    having = {command.rpartition(" ")[2]: names for command, (names, _people) in seized.while_open.items() if names}
    assert having == {ring: set(names) for ring, names in RINGS.items()}
    assert set().union(*(people for _names, people in seized.while_open.values())), "somebody's words are in the memory of whoever showed them"


def test_after_locking_no_process_holds_a_key_or_anybody(seized):
    assert {command: found for command, found in seized.after_locking.items() if any(found)} == {}
    assert len(seized.after_locking) >= len(seized.while_open) - 1, "the server runs again"


# -- planted leaks: one in each place ----------------------------------------------------------------------------------------


def words_of_all() -> str:
    return "\n".join(f"{who.said('name')} {who.phone} {who.answer('how')}" for who in PEOPLE)


def in_a_table(seized: Seized) -> str:
    with seized.postgres as server:
        server.sql("CREATE TABLE leaked AS SELECT * FROM (VALUES " + ",".join(f"('{line}')" for line in words_of_all().split("\n")) + ") v", "handrail")
        server.sql("CHECKPOINT")
    return "database"


def in_a_deleted_row(seized: Seized) -> str:
    with seized.postgres as server:
        server.sql("CREATE TABLE gone (said text)", "handrail")
        server.sql("INSERT INTO gone VALUES " + ",".join(f"('{line}')" for line in words_of_all().split("\n")) + "; DELETE FROM gone", "handrail")
    return "write-ahead log"


def in_an_audit_line(seized: Seized) -> str:
    lines = ",".join(f"('{json.dumps({'name': who.said('name')})}'::jsonb)" for who in PEOPLE)
    with seized.postgres as server:
        server.sql(f"CREATE TABLE audit_leak AS SELECT * FROM (VALUES {lines}) v", "handrail")
        server.sql("CHECKPOINT")
    return "database"


def in_a_session(seized: Seized) -> str:
    packed = base64.b64encode(words_of_all().encode()).decode()
    with seized.postgres as server:
        server.sql(f"CREATE TABLE sessions_leak (data text); ALTER TABLE sessions_leak ALTER data SET STORAGE EXTERNAL; INSERT INTO sessions_leak VALUES ('{packed}')", "handrail")
        server.sql("CHECKPOINT")
    return "database"


def in_the_log(seized: Seized) -> str:
    with (seized.folder / "logs" / "server.log").open("a") as log:
        log.write(f"ERROR could not save {words_of_all()}\n")
    return "logs"


def in_a_temporary_file(seized: Seized) -> str:
    (seized.folder / "t" / "upload.tmp").write_bytes(words_of_all().encode("utf-16"))
    return "temporary files"


def in_the_warehouse(seized: Seized) -> str:
    folder = seized.var / "warehouse" / "leak"
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"said": words_of_all().split("\n")}), folder / "part.parquet", compression="gzip", use_dictionary=False)
    return "installation"


def in_a_backup(seized: Seized) -> str:
    (seized.folder / "backups" / "plain.sql.gz").write_bytes(gzip.compress(words_of_all().encode()))
    return "backups"


def in_a_media_file(seized: Seized) -> str:
    (seized.var / "static").mkdir(exist_ok=True)
    (seized.var / "static" / "photo.txt").write_text(words_of_all().encode().hex())
    return "installation"


def in_the_browser(seized: Seized) -> str:
    (seized.profile / "Local Storage").mkdir(parents=True, exist_ok=True)
    (seized.profile / "Local Storage" / "000003.log").write_bytes(words_of_all().encode("utf-16-le"))
    return "browser profile"


LEAKS = [
    in_a_table, in_a_deleted_row, in_an_audit_line, in_a_session, in_the_log, in_a_temporary_file, in_the_warehouse, in_a_backup, in_a_media_file, in_the_browser,
]


def files_of(seized: Seized) -> set[Path]:
    return {path for path in seized.folder.rglob("*") if path.is_file()}


def test_a_leak_planted_in_any_place_is_found_whole(seized):
    """Last, because what was planted stays. Each leak shows all five hundred in the place it was planted in."""
    assert len(LEAKS) == 10
    for plant in LEAKS:
        place = plant(seized)
        found = people_in_folder(seized.places()[place], [seized.postgres.folder] if place == "installation" else [])
        assert set().union(*found.values()) >= EVERYBODY, plant.__name__
        _clear(seized, plant.__name__)


def _clear(seized: Seized, name: str) -> None:
    """Make the place clean again where that can be done, so that the next leak is not covered by this one."""
    paths = {
        "in_a_temporary_file": "t/upload.tmp", "in_a_backup": "backups/plain.sql.gz", "in_a_media_file": "var/static/photo.txt",
        "in_the_warehouse": "var/warehouse/leak/part.parquet", "in_the_browser": "profile/Local Storage/000003.log", "in_the_log": "logs/server.log",
    }
    if name in paths:
        (seized.folder / paths[name]).unlink()
