"""The one door to cryptography. No other module imports a crypto library (checked by import-linter).

Keys live in files under the keys folder, outside the database, so that a seized database alone finds nobody.
So far it holds what the first rooms need: keyed look-up tokens for codes, random card codes with a check symbol
(`domain/people.md` 3.2), and digests for the hash chains.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from functools import cache
from pathlib import Path
from typing import Any

ALPHABET = "123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""31 symbols, no 0, I, L, O, U. 31 is prime, so the check symbol catches every wrong symbol and every swap."""
_WEIGHTS = range(10, 1, -1)


class KeyFileError(RuntimeError):
    """A key file is missing its privacy or its length; the message names it."""


@cache
def key(folder: Path, name: str) -> bytes:
    """The 32-byte key of this name; made at first use, readable by this user alone."""
    path = folder / f"{name}.key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        try:
            with path.open("xb") as handle:
                path.chmod(0o600)
                handle.write(secrets.token_bytes(32))
        except FileExistsError:
            pass
    if path.stat().st_mode & 0o077:
        raise KeyFileError(f"Others on this machine can read {path}. Run: chmod 600 {path}")
    value = path.read_bytes()
    if len(value) != 32:
        raise KeyFileError(f"{path} does not hold 32 bytes. Restore it from its backup.")
    return value


def token(key_bytes: bytes, purpose: str, text: str) -> bytes:
    """Keyed digest of a text for look-up: HMAC-SHA-256, 32 bytes. The purpose keeps uses apart."""
    return hmac.new(key_bytes, f"hr/{purpose}/v1|{text}".encode(), hashlib.sha256).digest()


def check_symbol(nine: str) -> str:
    """The tenth symbol: weights 10 to 2 on the nine and 1 on itself give a sum divisible by 31."""
    total = sum(weight * ALPHABET.index(symbol) for weight, symbol in zip(_WEIGHTS, nine, strict=True))
    return ALPHABET[-total % 31]


def new_code() -> str:
    """A random card code, printed as AAA-AAA-AAA-C."""
    nine = "".join(secrets.choice(ALPHABET) for _ in range(9))
    return print_code(nine + check_symbol(nine))


def print_code(ten: str) -> str:
    """Ten symbols as they are printed."""
    return f"{ten[:3]}-{ten[3:6]}-{ten[6:9]}-{ten[9]}"


def read_code(typed: str) -> str | None:
    """The ten symbols of a typed code (case, spaces and hyphens do not matter), or None when it cannot be right."""
    ten = "".join(character for character in typed.upper() if character not in " -\u2010\u2011\u2013")
    if len(ten) != 10 or any(symbol not in ALPHABET for symbol in ten):
        return None
    return ten if check_symbol(ten[:9]) == ten[9] else None


def canonical(value: Any) -> bytes:
    """The one way a value is written before it is hashed: JSON, sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str).encode()


def digest(*parts: bytes) -> bytes:
    """SHA-256 over the parts, each led by its length so that borders cannot be moved."""
    running = hashlib.sha256()
    for part in parts:
        running.update(len(part).to_bytes(8, "big"))
        running.update(part)
    return running.digest()
