"""What the warehouse needs of an engine: name a table of files, name an expression, keep a result, fetch."""

from __future__ import annotations

import itertools
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
    """One connection: what it names is gone when it is closed. A table is the name that the engine gave it."""

    con: Any
    """The Ibis backend, which translates."""
    language: str
    """What it translates to: translations are remembered by it."""

    def __init__(self) -> None:
        self._numbers = itertools.count()

    def next_name(self) -> str:
        """Never like `t7`: so Ibis names the parts of its own queries, and the query's part would hide our table."""
        return f"warehouse_{next(self._numbers)}"

    def translate(self, expression: Any) -> str:
        """An Ibis expression in the engine's own language."""
        with quiet():
            return str(self.con.compile(expression))

    @abstractmethod
    def parquet(self, files: Sequence[Path], schema: pa.Schema) -> str:
        """Files of one schema as one table."""

    @abstractmethod
    def empty(self, schema: pa.Schema) -> str:
        """A table without rows."""

    @abstractmethod
    def view(self, text: str) -> str:
        """A query under a name: Ibis then translates it once and not in every query that uses it."""

    @abstractmethod
    def kept(self, text: str) -> str:
        """The result of a query, computed once."""

    def together(self, texts: Sequence[str]) -> str:
        """The rows of all queries in one table."""
        return self.kept(" UNION ALL ".join(f"({text})" for text in texts))

    @abstractmethod
    def fetch(self, text: str, schema: Any) -> list[dict[str, Any]]:
        """The rows of a query, whose columns Ibis calls so."""

    def close(self) -> None:
        """End the connection."""
        self.con.disconnect()
