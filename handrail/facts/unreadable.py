"""What the database cannot hold as it came is kept as text, so that nothing that arrives is refused or lost.

A NUL in a string, half a surrogate pair, a number that PostgreSQL writes differently, a kind with an endless name: each
would refuse the whole batch it came in, or make the chain of facts look tampered with.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

_LONGEST_KIND = 60
_LARGEST_VERSION = 32_767


def is_storable(kind: str, version: int | None, raw: Mapping[str, Any]) -> bool:
    """Whether a fact reads back from the database exactly as it was written."""
    return len(kind) <= _LONGEST_KIND and 0 <= (version or 0) <= _LARGEST_VERSION and _holds(kind) and _holds(raw)


def newer_than(known: int, version: int | None) -> bool:
    """Whether the fact was written by a later version than this one, whose meaning nobody here knows."""
    return version is not None and version > known


def as_text(kind: str, version: int | None, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The fact as it came, written out in ASCII."""
    return {"unreadable": json.dumps([kind, version, raw], default=repr, sort_keys=True)}


def _holds(value: Any) -> bool:
    if isinstance(value, str):
        return ("\0" not in value and value.isascii()) or _encodes(value)
    if isinstance(value, float):
        # jsonb keeps numbers, not their spelling: 1e16 comes back as a whole number, -0.0 without its sign.
        return math.isfinite(value) and abs(value) < 1e16 and not (value == 0 and math.copysign(1, value) < 0)
    if isinstance(value, int):
        return value.bit_length() < 1024
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _holds(key) and _holds(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(_holds(item) for item in value)
    return True


def _encodes(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value
