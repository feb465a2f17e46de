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

    language = "postgres"

    def __init__(self) -> None:
        super().__init__()
        login: dict[str, Any] = settings.OWNER_LOGIN()
        with quiet():
            self.con = ibis.postgres.connect(
                host=login["HOST"], port=login.get("PORT") or 5432, user=login["USER"], password=login["PASSWORD"],
                database=connection.settings_dict["NAME"], **login.get("OPTIONS", {}),
            )

    def parquet(self, files: Sequence[Path], schema: pa.Schema) -> str:
        """A temporary table with the rows of all files."""
        name = self.empty(schema)
        with self.con.con.cursor() as cursor:
            with cursor.copy(f'COPY "{name}" FROM STDIN') as into:
                for path in files:
                    for batch in pq.ParquetFile(path).iter_batches():
                        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                            into.write_row(row)
            cursor.execute(f'ANALYZE "{name}"')
        return name

    def empty(self, schema: pa.Schema) -> str:
        """A temporary table without rows."""
        name = self.next_name()
        with quiet():
            self.con.create_table(name, schema=ibis.Schema.from_pyarrow(schema), temp=True)
        return name

    def view(self, text: str) -> str:
        """A view of this connection."""
        name = self.next_name()
        with self.con.con.cursor() as cursor:
            cursor.execute(f"CREATE TEMP VIEW {name} AS {text}")
        return name

    def kept(self, text: str) -> str:
        """A temporary table, with what the planner wants to know of it."""
        name = self.next_name()
        with self.con.con.cursor() as cursor:
            cursor.execute(f"CREATE TEMP TABLE {name} AS {text}")
            cursor.execute(f"ANALYZE {name}")
        return name

    def fetch(self, text: str, schema: Any) -> list[dict[str, Any]]:
        """Its sums of whole numbers are decimals: they become whole numbers again."""
        columns = schema.to_pyarrow()
        with self.con.con.cursor() as cursor:
            rows = cursor.execute(text).fetchall()
        found: list[dict[str, Any]] = pa.table([_column(rows, number, one.type) for number, one in enumerate(columns)], schema=columns).to_pylist()
        return found


def _column(rows: Sequence[Sequence[Any]], number: int, sort: pa.DataType) -> pa.Array:
    values = [row[number] for row in rows]
    return pa.array([None if value is None else int(value) for value in values] if pa.types.is_integer(sort) else values, type=sort)


ENGINE = PostgreSQL
