"""The keystore: a small database of its own with one locked key for each sealed record, and the keys of the inbox.

It is apart so that its backups can be short-lived: to erase a record its key is deleted here, and after a month no backup
holds it either. Keys lie in it locked with the vault's key. The two databases share no transaction, so a key is always
written before the row that needs it. One without a row opens nothing; nobody sweeps them, because a sweep that ran beside the
wrong main database would destroy what is needed.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection as main
from django.utils.translation import gettext as _
from psycopg import sql

from handrail.kernel.access import Refused
from handrail.kernel.whole_database import conninfo

SUFFIX = "_keystore"
_TABLES = """
CREATE TABLE IF NOT EXISTS data_key (
  id uuid PRIMARY KEY, organisation uuid NOT NULL, wrapped bytea NOT NULL, made_on date NOT NULL
);
CREATE TABLE IF NOT EXISTS erased (id uuid PRIMARY KEY, organisation uuid NOT NULL, erased_on date NOT NULL);
CREATE TABLE IF NOT EXISTS ingest_key (
  id uuid PRIMARY KEY, organisation uuid NOT NULL, public bytea NOT NULL, wrapped bytea NOT NULL, made_on date NOT NULL
);
CREATE INDEX IF NOT EXISTS ingest_key_newest ON ingest_key (organisation, made_on DESC);
GRANT USAGE ON SCHEMA public TO handrail_app, handrail_backup;
GRANT SELECT, INSERT, UPDATE, DELETE ON data_key, ingest_key TO handrail_app;
GRANT SELECT, INSERT ON erased TO handrail_app;
GRANT SELECT ON data_key, ingest_key, erased TO handrail_backup;
DO $$ BEGIN
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'handrail_purge') THEN
    GRANT USAGE ON SCHEMA public TO handrail_purge;
    GRANT SELECT, DELETE ON data_key TO handrail_purge;
    GRANT SELECT, INSERT ON erased TO handrail_purge;
  END IF;
END $$;
"""
_here = threading.local()


class NoKeystore(Refused):
    """The keystore does not answer; nothing sealed can be written or opened."""

    def __init__(self, why: str) -> None:
        said = _("The keystore does not answer, so nothing can be locked away or opened. Whoever runs the server finds more in its log.")
        super().__init__(why)
        self.problems = (("", said),)


@dataclass(frozen=True)
class IngestKey:
    """A pair of keys for what is sealed on its way here: the public half, and the private one locked with the vault's key."""

    id: uuid.UUID
    public: bytes
    wrapped: bytes
    made_on: date


def login_of(login: Mapping[str, Any]) -> dict[str, Any]:
    """How to connect to the keystore as the role that a login of the main database names."""
    return {**login, "NAME": settings.CONFIG.keystore_database or f"{login['NAME']}{SUFFIX}"}


def migrate(owner: Mapping[str, Any]) -> None:
    """Make or mend the tables, as the owner. The database itself must exist."""
    with psycopg.connect(conninfo(login_of(owner)), autocommit=True) as connection:
        connection.execute(sql.SQL(_TABLES))


def _connection() -> psycopg.Connection[Any]:
    """This thread's connection to the keystore that belongs to the main database of this moment."""
    login = login_of(main.settings_dict)
    found: psycopg.Connection[Any] | None = getattr(_here, "connection", None)
    who = (login["NAME"], login["USER"])
    if found is None or found.closed or getattr(_here, "who", None) != who:
        close()
        plain: dict[str, Any] = {name: login[name] for name in ("HOST", "PORT", "NAME", "USER", "PASSWORD") if name in login}
        _here.connection, _here.who = psycopg.connect(conninfo(plain), autocommit=True, prepare_threshold=3), who
    return _here.connection  # type: ignore[no-any-return]


@contextmanager
def transaction() -> Iterator[psycopg.Connection[Any]]:
    """This thread's connection inside one transaction, for what must happen to all keys or to none."""
    with _connection().transaction():
        yield _connection()


def close() -> None:
    """Give this thread's connection back."""
    found = getattr(_here, "connection", None)
    if found is not None:
        found.close()
    _here.connection = None


def _run(query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """One statement, tried again once on a new connection: the server may have been restarted in between."""
    for is_last in (False, True):
        try:
            cursor = _connection().execute(sql.SQL(query), values)
            return cursor.fetchall() if cursor.description else []
        except psycopg.OperationalError as error:
            close()
            if is_last:
                raise NoKeystore(str(error)) from error
    raise AssertionError("unreachable")


def put(*, id: uuid.UUID, organisation: uuid.UUID, wrapped: bytes, on: date) -> None:
    """Keep a new key. It is on the disk when this returns."""
    _run("INSERT INTO data_key VALUES (%s, %s, %s, %s)", [id, organisation, wrapped, on])


def get(id: uuid.UUID, organisation: uuid.UUID) -> bytes | None:
    """A key as it lies here, None when it was erased or never was."""
    found = _run("SELECT wrapped FROM data_key WHERE id = %s AND organisation = %s", [id, organisation])
    return bytes(found[0][0]) if found else None


def erase(keys: Iterable[uuid.UUID], organisation: uuid.UUID, on: date) -> int:
    """Destroy keys, and remember it here as well: an older main database that is restored does not know. How many were there."""
    listed = list(keys)
    _run(
        "INSERT INTO erased SELECT k, %s, %s FROM unnest(%s::uuid[]) AS k ON CONFLICT DO NOTHING", [organisation, on, listed]
    )
    return len(_run("DELETE FROM data_key WHERE id = ANY(%s::uuid[]) AND organisation = %s RETURNING id", [listed, organisation]))


def erased(organisation: uuid.UUID) -> dict[uuid.UUID, date]:
    """Everything that was erased, with the day."""
    return dict(_run("SELECT id, erased_on FROM erased WHERE organisation = %s", [organisation]))


def all_keys(organisation: uuid.UUID) -> dict[uuid.UUID, date]:
    """Every key there is, with the day it was made."""
    return dict(_run("SELECT id, made_on FROM data_key WHERE organisation = %s", [organisation]))


# -- keys of the inbox ---------------------------------------------------------------------------------------------------


def put_ingest(key: IngestKey, organisation: uuid.UUID) -> None:
    """Keep a new pair for the inbox."""
    _run("INSERT INTO ingest_key VALUES (%s, %s, %s, %s, %s)", [key.id, organisation, key.public, key.wrapped, key.made_on])


def ingest_keys(organisation: uuid.UUID) -> list[IngestKey]:
    """All pairs of an organisation, the newest first."""
    rows = _run(
        "SELECT id, public, wrapped, made_on FROM ingest_key WHERE organisation = %s ORDER BY made_on DESC, id", [organisation]
    )
    return [IngestKey(id, bytes(public), bytes(wrapped), made_on) for id, public, wrapped, made_on in rows]


def forget_ingest(id: uuid.UUID, organisation: uuid.UUID) -> None:
    """Destroy a pair: whatever is still sealed to it can never be opened."""
    _run("DELETE FROM ingest_key WHERE id = %s AND organisation = %s", [id, organisation])
