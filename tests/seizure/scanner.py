"""Searches whatever is left for people: as it is, in UTF-16, in base64, in hexadecimal, and inside compressed streams."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path

from tests.seizure.canaries import FOUND, RECIPE, number_of

_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{11,}")
_HEX = re.compile(rb"[0-9a-fA-F]{12,}")
_PACKED = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")
_EMPTY = re.compile(rb"\0{64,}")
"""Pages without anything in them, of which a database has many."""
_PIECE, _OVERLAP = 1 << 22, 1 << 12
_MOST = 1 << 24
RECIPE_OF_A_CODE = -1
"""Stands for somebody whose elements of a self-made code were found."""


def people_in(data: bytes, depth: int = 2) -> set[int]:
    """Whose words are in these bytes, in any of the five ways."""
    found = {number_of(match) for match in FOUND.finditer(data)}
    if RECIPE.search(data):
        found.add(RECIPE_OF_A_CODE)
    if depth == 0:
        return found
    if b"\0" in data:
        found |= {number_of(match) for match in FOUND.finditer(data.replace(b"\0", b""))}
    for way in (_from_base64, _from_hex, _unpacked):
        for inside in way(data):
            found |= people_in(inside, depth - 1)
    return found


def _from_base64(data: bytes) -> Iterator[bytes]:
    """Every run that could be base64, from each of its four beginnings."""
    pieces: list[bytes] = []
    for match in _BASE64.finditer(data):
        run = match[0].translate(bytes.maketrans(b"-_", b"+/"))
        for start in range(4):
            whole = run[start:] if (len(run) - start) % 4 != 1 else run[start:-1]
            if len(whole) >= 8:
                pieces.append(base64.b64decode(whole + b"=" * (-len(whole) % 4)))
    yield b"\n".join(pieces)


def _from_hex(data: bytes) -> Iterator[bytes]:
    pieces: list[bytes] = []
    for match in _HEX.finditer(data):
        for start in (0, 1):
            run = match[0][start:].decode()
            pieces.append(bytes.fromhex(run[: len(run) // 2 * 2]))
    yield b"\n".join(pieces)


def _unpacked(data: bytes) -> Iterator[bytes]:
    """Every stream of zlib or gzip that begins here; what only looks like one opens to nothing."""
    for match in _PACKED.finditer(data):
        opener = zlib.decompressobj(wbits=47)
        try:
            opened = opener.decompress(data[match.start() :], _MOST)
        except zlib.error:
            continue
        if len(opened) >= 8:
            yield opened


def people_in_file(path: Path) -> set[int]:
    """Whose words are in a file, read in pieces that overlap."""
    found: set[int] = set()
    with path.open("rb") as handle:
        rest = b""
        while piece := handle.read(_PIECE):
            found |= people_in(_EMPTY.sub(b"\0" * 8, rest + piece))
            rest = piece[-_OVERLAP:]
    return found


def people_in_folder(folder: Path, without: Collection[Path] = ()) -> dict[str, set[int]]:
    """Each file below a folder in which somebody was found, also in its name; folders that are searched elsewhere left out."""
    found: dict[str, set[int]] = {}
    for path in sorted(folder.rglob("*")):
        if any(path.is_relative_to(other) for other in without):
            continue
        here = people_in(str(path.relative_to(folder)).encode())
        if path.is_file() and not path.is_symlink():
            here |= people_in_file(path)
        if here:
            found[str(path.relative_to(folder))] = here
    return found
