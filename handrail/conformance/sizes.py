"""Sizes that are a question: long files and functions, and the weight of what a phone must load.

`make check` runs it. A file that has to be longer says why in `ALLOWED`.
"""

from __future__ import annotations

import ast
import gzip
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES, FUNCTION_LINES, CSS_BYTES = 400, 60, 12_000
ALLOWED: dict[str, str] = {}


def _sources() -> Iterator[Path]:
    for folder in ("handrail", "tests", "bench"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", ".ts", ".js", ".css", ".html"} and not {"migrations", "vendor"} & set(path.parts):
                yield path


def _functions(within: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function in a statement, however deep. Expressions hold none, and are most of a tree."""
    for inside in (getattr(within, field, ()) for field in ("body", "orelse", "finalbody", "handlers", "cases")):
        for node in inside if isinstance(inside, list) else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node
            yield from _functions(node)


def problems() -> list[str]:
    """Everything too large, as sentences."""
    found: list[str] = []
    for path in _sources():
        name, text = str(path.relative_to(ROOT)), path.read_text()
        if text.count("\n") > FILE_LINES and name not in ALLOWED:
            found.append(f"{name} has {text.count(chr(10))} lines; what is it really about?")
        if path.suffix == ".py":
            for function in _functions(ast.parse(text)):
                if (lines := (function.end_lineno or 0) - function.lineno) > FUNCTION_LINES:
                    found.append(f"{name}: {function.name} has {lines} lines.")
    weight = sum(len(gzip.compress(path.read_bytes())) for path in _sources() if path.suffix == ".css")
    if weight > CSS_BYTES:
        found.append(f"All CSS together weighs {weight} bytes gzipped; at most {CSS_BYTES}.")
    return found


if __name__ == "__main__":
    wrong = problems()
    print("\n".join(wrong) or "Sizes are fine.")
    raise SystemExit(1 if wrong else 0)
