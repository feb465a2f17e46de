"""Backups of the keystore: one small sealed file beside each backup, and none of them lives longer than a month.

Short-lived on purpose: a record that was erased is gone for good when the last backup that holds its key is.
"""

from __future__ import annotations

import base64
import io
import json
import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from handrail.kernel import clock, crypto, private_files
from handrail.kernel.whole_database import BackupError, conninfo
from handrail.vault import keystore

LONGEST_DAYS = 30
FORMAT = "HANDRAIL-KEYSTORE 1"
_TABLES = ("data_key", "ingest_key", "erased")
_NAME = re.compile(r"handrail-keystore-(\d{8}T\d{6}Z)\.age")
_HOUR = 3600  # seconds
_STAMP = "%Y%m%dT%H%M%SZ"


def write(folder: Path, *, login: Mapping[str, Any], recipients: Sequence[str]) -> Path:
    """Write the keystore as one sealed file, and remove those of it in this folder that are older than a month."""
    with psycopg.connect(conninfo(keystore.login_of(login))) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        content = {table: _rows(connection, table) for table in _TABLES}
    sealed = io.BytesIO()
    document = {"format": FORMAT, "made_at": clock.now().isoformat(), **content}
    crypto.seal_stream(io.BytesIO(json.dumps(document).encode()), sealed, recipients)
    target = folder / f"handrail-keystore-{clock.now().strftime(_STAMP)}.age"
    private_files.write(target, sealed.getvalue())
    prune(folder)
    return target


def prune(folder: Path) -> list[str]:
    """Remove backups of the keystore that are more than a month old, and what a killed one left behind, whatever else is kept; their names."""
    limit, gone = clock.now() - timedelta(days=LONGEST_DAYS), []
    for path in sorted(folder.glob(".handrail-keystore-*")):
        if path.stat().st_mtime < time.time() - _HOUR:  # none that is being written
            path.unlink()
            gone.append(path.name)
    for path in sorted(folder.glob("handrail-keystore-*.age")):
        found = _NAME.fullmatch(path.name)
        if found and datetime.strptime(found[1], _STAMP).replace(tzinfo=UTC) < limit:
            path.unlink()
            gone.append(path.name)
    return gone


def _rows(connection: psycopg.Connection[Any], table: str) -> list[list[Any]]:
    rows = connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))).fetchall()
    return [[_plain(value) for value in row] for row in rows]


def _plain(value: Any) -> Any:
    return {"bytes": base64.b64encode(value).decode()} if isinstance(value, bytes | memoryview) else str(value)


def restore(file: Path, identities: Sequence[str], *, owner: Mapping[str, Any]) -> int:
    """Put the keys of a backup back beside those that are there; how many. What was erased meanwhile goes again (`setting_up.reapply`)."""
    clear = io.BytesIO()
    try:
        with file.open("rb") as sealed:
            crypto.open_stream(sealed, clear, identities)
        document = json.loads(clear.getvalue())
    except FileNotFoundError:
        raise BackupError(f"There is no file {file}.") from None
    except (ValueError, crypto.SealError) as error:
        raise BackupError(f"{file.name}: {error}") from None
    if document.get("format") != FORMAT:
        raise BackupError(f"{file.name} is a sealed file, but no backup of a keystore that this version can read.")
    keystore.migrate(owner)
    with psycopg.connect(conninfo(keystore.login_of(owner))) as connection:
        for table in _TABLES:
            for row in document[table]:
                values = [base64.b64decode(v["bytes"]) if isinstance(v, dict) else v for v in row]
                places = sql.SQL(", ").join([sql.Placeholder()] * len(values))
                connection.execute(sql.SQL("INSERT INTO {} VALUES ({}) ON CONFLICT DO NOTHING").format(sql.Identifier(table), places), values)
    return len(document["data_key"])


def copy(source: Mapping[str, Any], target: Mapping[str, Any]) -> int:
    """Copy the keystore beside another main database, both as their owner; how many keys."""
    with psycopg.connect(conninfo(keystore.login_of(source))) as origin, psycopg.connect(conninfo(keystore.login_of(target))) as destination:
        for table in _TABLES:
            rows = origin.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))).fetchall()
            if rows:
                places = sql.SQL(", ").join([sql.Placeholder()] * len(rows[0]))
                destination.cursor().executemany(
                    sql.SQL("INSERT INTO {} VALUES ({}) ON CONFLICT DO NOTHING").format(sql.Identifier(table), places), rows
                )
        return int((destination.execute("SELECT count(*) FROM data_key").fetchone() or [0])[0])
