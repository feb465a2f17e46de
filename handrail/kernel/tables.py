"""Accessible tables: one description, one template. A caption, scoped headings, and a region that scrolls by keyboard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.safestring import SafeString

Text = str | Promise


@dataclass(frozen=True)
class Column:
    """A heading; numbers stand at the end of their cell."""

    title: Text
    is_number: bool = False


@dataclass(frozen=True)
class Cell:
    """What one cell says; with an address it is a link, quiet text is less important."""

    text: object
    address: str = ""
    is_quiet: bool = False


Row = Sequence[Cell | object]


def table(caption: Text, columns: Sequence[Column], rows: Sequence[Row], *, when_empty: Text = "") -> SafeString:
    """HTML of a table. The first cell of each row is its heading; plain values become cells."""
    cells = [
        [(cell if isinstance(cell, Cell) else Cell(cell), column) for cell, column in zip(row, columns, strict=True)] for row in rows
    ]
    return SafeString(
        render_to_string(
            "kernel/table.html", {"caption": caption, "columns": columns, "rows": cells, "when_empty": when_empty, "width": len(columns)}
        )
    )
