"""DuckDB in this process: what a programme uses, from one van to a country on one machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
from django.conf import settings

from handrail.insight.engines.base import Engine, quiet

_OFFLINE = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}


class DuckDB(Engine):
    """A database in memory. What does not fit into `HANDRAIL_ENGINE_MEMORY_MB` is written beside the warehouse for the time of the query."""

    language = "duckdb"

    def __init__(self) -> None:
        super().__init__()
        config = settings.CONFIG
        folder = config.var / "engine"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        limits = {"memory_limit": f"{config.engine_memory_mb}MB", "temp_directory": str(folder)}
        with quiet():
            self.con = ibis.duckdb.connect(":memory:", **_OFFLINE, **limits)

    def parquet(self, files: Sequence[Path], schema: pa.Schema) -> str:
        """All files as one view."""
        listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)
        return self.view(f"SELECT * FROM read_parquet([{listed}])")  # noqa: S608  our own paths

    def empty(self, schema: pa.Schema) -> str:
        """A view of nothing."""
        name = self.next_name()
        self.con.con.register(name, schema.empty_table())
        return name

    def view(self, text: str) -> str:
        """A view of this connection."""
        return self._named("VIEW", text)

    def kept(self, text: str) -> str:
        """A temporary table."""
        return self._named("TABLE", text)

    def fetch(self, text: str, schema: Any) -> list[dict[str, Any]]:
        """By Arrow, whose whole numbers are as long as they have to be."""
        found: list[dict[str, Any]] = self.con.con.sql(text).to_arrow_table().cast(schema.to_pyarrow()).to_pylist()
        return found

    def _named(self, sort: str, text: str) -> str:
        name = self.next_name()
        self.con.con.execute(f"CREATE TEMP {sort} {name} AS {text}")
        return name


ENGINE = DuckDB
