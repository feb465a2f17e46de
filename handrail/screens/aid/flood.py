"""Slows down a flood of reports without writing anything down: counts live in this process and die with it.

What is counted is a digest of the address under a key that is made at start and never leaves memory. Addresses are shared
by whole neighbourhoods on mobile networks, so the limit is generous.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict

WINDOW = 600.0
"""Seconds."""
FROM_ONE, FROM_ALL = 20, 300
"""Reports within the window from one network, and from everybody."""
_MOST = 10_000
_key = secrets.token_bytes(32)
_counts: OrderedDict[bytes, list[float]] = OrderedDict()
_EVERYBODY = b"everybody"


def _of(address: str) -> bytes:
    return hashlib.blake2b(address.encode(), key=_key, digest_size=16).digest()


def _lately(who: bytes) -> list[float]:
    since = time.monotonic() - WINDOW
    return [at for at in _counts.get(who, ()) if at > since]


def is_too_much(address: str) -> bool:
    """Whether so much came lately that the next has to wait."""
    return len(_lately(_of(address))) >= FROM_ONE or len(_lately(_EVERYBODY)) >= FROM_ALL


def count(address: str) -> None:
    """One more came from there."""
    now = time.monotonic()
    for who in (_of(address), _EVERYBODY):
        _counts[who] = [*_lately(who), now]
        _counts.move_to_end(who)
    while len(_counts) > _MOST:
        _counts.popitem(last=False)


def forget() -> None:
    """Begin anew, as after a start."""
    _counts.clear()
