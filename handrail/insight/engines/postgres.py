"""PostgreSQL: the Parquet tables copied into temporary tables. A third opinion on every answer, slower than the others.

It uses the owner's login, because the application's role may not make temporary tables. They are gone with the connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from django.db import connection

from handrail.insight.engines.base import Engine, quiet


class PostgreSQL(Engine):
    """A connection of its own to the programme's database."""

    def __init__(self) -> None:
        super().__init__()
        login: dict[str, Any] = settings.OWNER_LOGIN()
        with quiet():
            self.con = ibis.postgres.connect(
                host=login["HOST"], port=login.get("PORT") or 5432, user=login["USER"], password=login["PASSWORD"],
                database=connection.settings_dict["NAME"], **login.get("OPTIONS", {}),
            )

    def parquet(self, files: Sequence[Path], schema: pa.Schema) -> Any:
        """A temporary table with the rows of all files."""
        table = self.empty(schema)
        name = table.get_name()
        with self.con.con.cursor() as cursor:
            with cursor.copy(f'COPY "{name}" FROM STDIN') as into:
                for path in files:
                    for batch in pq.ParquetFile(path).iter_batches():
                        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                            into.write_row(row)
            cursor.execute(f'ANALYZE "{name}"')
        return table

    def kept(self, expression: Any) -> Any:
        """A temporary table, with what the planner wants to know of it."""
        name = self.next_name()
        with quiet():
            table = self.con.create_table(name, expression, temp=True)
        with self.con.con.cursor() as cursor:
            cursor.execute(f'ANALYZE "{name}"')
        return table

    def empty(self, schema: pa.Schema) -> Any:
        """A temporary table without rows."""
        with quiet():
            return self.con.create_table(self.next_name(), schema=ibis.Schema.from_pyarrow(schema), temp=True)


ENGINE = PostgreSQL
