"""What the warehouse needs of an engine: name a table of files, name an expression, keep a result, fetch."""

from __future__ import annotations

import itertools
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa

from handrail.kernel.config import ConfigError


class EngineMissing(ConfigError):
    """The engine that was set cannot be used here; the message says what it needs."""


@contextmanager
def quiet() -> Iterator[None]:
    """Ibis 12 and Spark's Python call what their own libraries have deprecated since."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        yield


class Engine(ABC):
    """One connection: what it names is gone when it is closed. Tables are Ibis expressions of this connection."""

    con: Any
    """The Ibis backend."""

    def __init__(self) -> None:
        self._numbers = itertools.count()

    def next_name(self) -> str:
        """Never like `t7`: so Ibis names the parts of its own queries, and the query's part would hide our table."""
        return f"warehouse_{next(self._numbers)}"

    @abstractmethod
    def parquet(self, files: Sequence[Path], schema: pa.Schema) -> Any:
        """Files of one schema as one table."""

    def view(self, expression: Any) -> Any:
        """An expression under a name: Ibis then translates it once and not in every query that uses it."""
        with quiet():
            return self.con.create_view(self.next_name(), expression)

    @abstractmethod
    def kept(self, expression: Any) -> Any:
        """The result of an expression, computed once."""

    def together(self, parts: Sequence[Any]) -> Any:
        """The rows of all parts in one table, each computed for itself: over one large query Ibis takes far longer."""
        kept = [self.kept(part) for part in parts]
        return ibis.union(*kept) if len(kept) > 1 else kept[0]

    @abstractmethod
    def empty(self, schema: pa.Schema) -> Any:
        """A table without rows."""

    def fetch(self, expression: Any) -> list[dict[str, Any]]:
        """The rows of an expression."""
        with quiet():
            found: list[dict[str, Any]] = self.con.to_pyarrow(expression).to_pylist()
        return found

    def close(self) -> None:
        """End the connection."""
        self.con.disconnect()
