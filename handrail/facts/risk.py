"""How dangerous it would be if somebody took the server: decides how long codes are kept."""

from __future__ import annotations


def mode() -> str:
    """`low` or `high` (security.md 2.1). There is one mode until keys can be locked."""
    return "low"
