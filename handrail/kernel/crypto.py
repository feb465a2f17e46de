"""The one door to cryptography. No other module imports a crypto library (checked by import-linter).

Keys live in files under the keys folder, outside the database, so that a seized database alone finds nobody.
It holds keyed look-up tokens for codes, random and self-made codes with a check symbol (`domain/people.md` 3.2), and
digests for the hash chains.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

import pyrage
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ALPHABET = "123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""31 symbols, no 0, I, L, O, U. 31 is prime, so the check symbol catches every wrong symbol and every swap."""
_WEIGHTS = range(10, 1, -1)


class KeyFileError(RuntimeError):
    """A key file is missing its privacy or its length; the message names it."""


def _make(path: Path) -> None:
    """A new key under its name at one stroke, on the disk before anything is locked with it: no other process sees half of it."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
            handle.write(secrets.token_bytes(32))
            handle.flush()
            os.fsync(handle.fileno())
        with suppress(FileExistsError):  # somebody else was first: theirs is the key
            os.link(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@cache
def key(folder: Path, name: str) -> bytes:
    """The 32-byte key of this name; made at first use, readable by this user alone."""
    path = folder / f"{name}.key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        _make(path)
    if path.stat().st_mode & 0o077:
        raise KeyFileError(f"Others on this machine can read {path}. Run: chmod 600 {path}")
    value = path.read_bytes()
    if len(value) != 32:
        raise KeyFileError(f"{path} does not hold 32 bytes. Restore it from its backup.")
    return value


def token(key_bytes: bytes, purpose: str, text: str) -> bytes:
    """Keyed digest of a text for look-up: HMAC-SHA-256, 32 bytes. The purpose keeps uses apart."""
    return hmac.new(key_bytes, f"hr/{purpose}/v1|{text}".encode(), hashlib.sha256).digest()


@dataclass(frozen=True)
class Cost:
    """What one slow digest costs whoever makes it: rounds of Argon2id over so much memory."""

    rounds: int
    kibibytes: int


FULL_PRICE = Cost(rounds=3, kibibytes=64 * 1024)
SLOW = FULL_PRICE
"""What is paid. It belongs to the recipe: with another cost everybody's self-made code changes. Only tests pay less."""


def slow_token(key_bytes: bytes, salt: bytes, text: str) -> bytes:
    """Slow keyed digest of something guessable: HMAC-SHA-256 over Argon2id (64 MiB, t = 3, p = 1, 32 bytes).

    With database and key in an attacker's hands a plain HMAC falls to guessing in seconds; this costs core-days
    (`domain/people.md` 3.2, security.md 2.2). The salt has 16 bytes.
    """
    slow = hash_secret_raw(
        text.encode(), salt, time_cost=SLOW.rounds, memory_cost=SLOW.kibibytes, parallelism=1, hash_len=32, type=Type.ID
    )
    return hmac.new(key_bytes, slow, hashlib.sha256).digest()


def code_of(digest_bytes: bytes) -> str:
    """The printed code that a digest stands for: its first 8 bytes as nine symbols, and the check symbol."""
    number, symbols = int.from_bytes(digest_bytes[:8], "big") % 31**9, ""
    for _place in range(9):
        number, rest = divmod(number, 31)
        symbols = ALPHABET[rest] + symbols
    return print_code(symbols + check_symbol(symbols))


def same(one: bytes, other: bytes) -> bool:
    """Whether two digests are the same, in a time that tells nothing about where they differ."""
    return hmac.compare_digest(one, other)


def code_token(key_bytes: bytes, ten: str, namespace: str = "") -> bytes:
    """Look-up token of a code, issued or self-made: HMAC-SHA-256(key, code without hyphens) (`domain/people.md` 3.2).

    Ten symbols of the alphabet cannot be mistaken for what `token` hashes, which begins with “hr/”. A namespace keeps
    the codes of a closed setting apart.
    """
    return hmac.new(key_bytes, f"{ten}{namespace}".encode(), hashlib.sha256).digest()


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


# -- locked with a key: AES-256-GCM, random 96-bit nonce, the purpose as associated data -----------------------------------


def lock(key_bytes: bytes, purpose: str, text: str) -> str:
    """A short text locked with a key: version, nonce, ciphertext and tag in hex. The purpose keeps uses apart."""
    nonce = secrets.token_bytes(12)
    return "1:" + (nonce + AESGCM(key_bytes).encrypt(nonce, text.encode(), f"hr/{purpose}/v1".encode())).hex()


def unlock(key_bytes: bytes, purpose: str, locked: str) -> str:
    """The reverse; another key, another purpose or a changed text raises `SealError`."""
    version, _colon, body = locked.partition(":")
    try:
        raw = bytes.fromhex(body)
        if version != "1" or len(raw) < 28:
            raise ValueError
        return AESGCM(key_bytes).decrypt(raw[:12], raw[12:], f"hr/{purpose}/v1".encode()).decode()
    except (ValueError, InvalidTag):
        raise SealError("What was locked cannot be opened: another key locked it, or it was changed.") from None


# -- backups: age, to people who keep the other half of the key away from this server ------------------------------------


class SealError(RuntimeError):
    """Something sealed cannot be opened, or sealed; the message says why in a sentence."""


def new_identity() -> tuple[str, str]:
    """A new age key pair: the secret half, to be kept elsewhere, and the public half that seals."""
    made = pyrage.x25519.Identity.generate()
    return str(made), str(made.to_public())


def read_recipient(text: str) -> str:
    """A public age key as written (“age1…”), checked; raises `SealError`."""
    try:
        return str(pyrage.x25519.Recipient.from_str(text.strip()))
    except pyrage.RecipientError:
        raise SealError(f"“{text.strip()[:20]}” is not a public age key; one begins with “age1”.") from None


def read_identities(text: str) -> list[str]:
    """The secret age keys of a key file, one a line, lines with # left out; raises `SealError` when there is none."""
    found = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not found:
        raise SealError("There is no key in the key file; its line begins with “AGE-SECRET-KEY-1”.")
    for line in found:
        try:
            pyrage.x25519.Identity.from_str(line)
        except pyrage.IdentityError:
            raise SealError("The key file holds a line that is no secret age key; one begins with “AGE-SECRET-KEY-1”.") from None
    return found


def seal_stream(reader: IO[bytes], writer: IO[bytes], recipients: Sequence[str]) -> None:
    """Read to the end and write it sealed to each of these public keys, in 64 KiB pieces: memory stays flat."""
    try:
        pyrage.encrypt_io(reader, writer, [pyrage.x25519.Recipient.from_str(text) for text in recipients])
    except (pyrage.EncryptError, pyrage.RecipientError, OSError) as error:
        raise SealError(f"Sealing failed: {error}") from error


def open_stream(reader: IO[bytes], writer: IO[bytes], identities: Sequence[str]) -> None:
    """The reverse, with any one of the secret keys. Every piece is checked before it is written, the end at the end.

    A changed or cut stream raises `SealError`, after what came before the fault was written: check all, then use.
    """
    try:
        pyrage.decrypt_io(reader, writer, [pyrage.x25519.Identity.from_str(text) for text in identities])
    except pyrage.DecryptError as error:
        if "No matching keys" in str(error):
            raise SealError("This key does not open it: it was sealed to other keys.") from error
        raise SealError("It is not a sealed file, or its beginning is damaged.") from error
    except OSError as error:
        raise SealError("The file is damaged or cut short; nothing in it can be trusted.") from error
