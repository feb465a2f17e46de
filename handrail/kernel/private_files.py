"""Files that this user alone may read, put in their place at one stroke and on the disk before anything depends on them."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def sync(folder: Path) -> None:
    """Put the names of a folder's files on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write(path: Path, content: bytes) -> None:
    """Write or replace a file; nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    beside.replace(path)
    sync(path.parent)
