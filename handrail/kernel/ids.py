"""Identifiers. Made by the client, so that sending the same thing twice is harmless."""

from __future__ import annotations

import hashlib
import os
import time
import uuid


def new() -> uuid.UUID:
    """A UUIDv7 (RFC 9562): sorts by time, 74 random bits. Never for people or public reports: it tells the minute."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return uuid.UUID(int=value)


def random() -> uuid.UUID:
    """A UUIDv4: says nothing about when it was made. For people and for whatever arrives without sign-in."""
    return uuid.uuid4()


def derived(base: uuid.UUID, name: str) -> uuid.UUID:
    """A UUIDv8 that follows from a random one and a name: a form sent twice makes the same ids twice."""
    digest = bytearray(hashlib.sha256(base.bytes + name.encode()).digest()[:16])
    digest[6] = (digest[6] & 0x0F) | 0x80
    digest[8] = (digest[8] & 0x3F) | 0x80
    return uuid.UUID(bytes=bytes(digest))
