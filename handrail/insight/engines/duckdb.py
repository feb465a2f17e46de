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

    def __init__(self) -> None:
        super().__init__()
        config = settings.CONFIG
        folder = config.var / "engine"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        limits = {"memory_limit": f"{config.engine_memory_mb}MB", "temp_directory": str(folder)}
        with quiet():
            self.con = ibis.duckdb.connect(":memory:", **_OFFLINE, **limits)

    def parquet(self, files: Sequence[Path], schema: pa.Schema) -> Any:
        """All files as one view."""
        with quiet():
            return self.con.read_parquet([str(path) for path in files], table_name=self.next_name())

    def kept(self, expression: Any) -> Any:
        """A temporary table."""
        with quiet():
            return self.con.create_table(self.next_name(), expression, temp=True)

    def together(self, parts: Sequence[Any]) -> Any:
        """Each part is translated for itself, and DuckDB gets them in one statement."""
        name = self.next_name()
        with quiet():
            self.con.raw_sql(f"CREATE TEMP TABLE {name} AS {' UNION ALL '.join(f'({self.con.compile(part)})' for part in parts)}")
            return self.con.table(name)

    def empty(self, schema: pa.Schema) -> Any:
        """A temporary table without rows."""
        return self.kept(schema.empty_table())


ENGINE = DuckDB
