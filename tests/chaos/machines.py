"""Whole machines for drills: a folder with its embedded database, and `handrail` run on it as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg

from handrail.kernel.embedded_postgres import EmbeddedPostgres
from tests.plugin import ROOT

KEYSTORE = "handrail-keystore-"
INSIDE = """
import json, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "handrail.settings"
from handrail.cli import _open_house, _migrate_now
with _open_house() as config:
    exec(sys.stdin.read())
"""


def main_files(folder: Path) -> Iterator[Path]:
    """The backups in a folder, without those of the keystore beside them."""
    return (path for path in folder.glob("*.age") if not path.name.startswith(KEYSTORE))


class Machine:
    """A folder, its embedded database, and `handrail` run on it."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.var = folder
        kept = {k: v for k, v in os.environ.items() if not k.startswith("HANDRAIL_")}
        self.environment = kept | {"HANDRAIL_VAR": str(folder), **environment}

    def run(self, *arguments: object, fails: bool = False) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "handrail.cli", *map(str, arguments)], env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr if fails else done.stdout

    def inside(self, script: str) -> str:
        done = subprocess.run([sys.executable, "-c", INSIDE], input=script, env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def everything(self) -> dict[str, list[str]]:
        """Every row of every table as text, read by the superuser: another way than the one under test."""
        with EmbeddedPostgres(self.var / "postgres") as server:
            return rows_of(server)

    def everything_in(self, database: str) -> dict[str, list[str]]:
        """The same of another database of this machine."""
        with EmbeddedPostgres(self.var / "postgres") as server:
            return rows_of(server, database)


def rows_of(server: EmbeddedPostgres, database: str = "") -> dict[str, list[str]]:
    login = server.login("postgres")
    with psycopg.connect(host=str(login.socket), user=login.user, password=login.password, dbname=database or login.database, options="-c TimeZone=UTC") as connection:
        names = [r[0] for r in connection.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")]
        return {name: sorted(json.dumps(r[0], sort_keys=True) for r in connection.execute(f'SELECT to_jsonb(t) FROM "{name}" t')) for name in names}
