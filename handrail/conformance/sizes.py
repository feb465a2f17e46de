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
            if path.suffix in {".py", ".ts", ".js", ".css", ".html"} and "migrations" not in path.parts:
                yield path


def problems() -> list[str]:
    """Everything too large, as sentences."""
    found: list[str] = []
    for path in _sources():
        name, text = str(path.relative_to(ROOT)), path.read_text()
        if text.count("\n") > FILE_LINES and name not in ALLOWED:
            found.append(f"{name} has {text.count(chr(10))} lines; what is it really about?")
        if path.suffix == ".py":
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno > FUNCTION_LINES:
                    found.append(f"{name}: {node.name} has {(node.end_lineno or 0) - node.lineno} lines.")
    weight = sum(len(gzip.compress(path.read_bytes())) for path in _sources() if path.suffix == ".css")
    if weight > CSS_BYTES:
        found.append(f"All CSS together weighs {weight} bytes gzipped; at most {CSS_BYTES}.")
    return found


if __name__ == "__main__":
    wrong = problems()
    print("\n".join(wrong) or "Sizes are fine.")
    raise SystemExit(1 if wrong else 0)
