"""The one door to cryptography. No other module imports a crypto library (checked by import-linter).

Three primitives and no protocol of our own: HPKE seals to a public key, AES-256-GCM locks with a key, Argon2id and
HMAC make look-up tokens of codes. Files that leave the machine are age streams. Each use has a context of its own.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, Any, NamedTuple

import pyrage
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from handrail.kernel import private_files

ALPHABET = "123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""31 symbols, no 0, I, L, O, U. 31 is prime, so the check symbol catches every wrong symbol and every swap."""
_WEIGHTS = range(10, 1, -1)

Mac = bytes | Callable[[bytes], bytes]
"""What makes a keyed digest: the key, or somebody who holds it and is asked (`keyring`)."""


class KeyFileError(RuntimeError):
    """A key file is not private or not whole; the message names it."""


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
    private_files.sync(path.parent)


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


def mac(key: Mac, message: bytes) -> bytes:
    """HMAC-SHA-256, 32 bytes."""
    return hmac.new(key, message, hashlib.sha256).digest() if isinstance(key, bytes) else key(message)


def token(key: Mac, purpose: str, text: str) -> bytes:
    """Keyed digest of a text for look-up: HMAC-SHA-256, 32 bytes. The purpose keeps uses apart."""
    return mac(key, f"hr/{purpose}/v1|{text}".encode())


class Cost(NamedTuple):
    """What one slow digest costs whoever makes it: rounds of Argon2id over so much memory."""

    rounds: int
    kibibytes: int


FULL_PRICE = Cost(rounds=3, kibibytes=64 * 1024)
SLOW = FULL_PRICE
"""What is paid. It belongs to the recipe: with another cost everybody's self-made code changes. Only tests pay less."""


def slow_token(key: Mac, salt: bytes, text: str) -> bytes:
    """Slow keyed digest of something guessable: HMAC-SHA-256 over Argon2id (64 MiB, t = 3, p = 1, 32 bytes; the salt has 16).

    With database and key in an attacker's hands a plain HMAC falls to guessing in seconds; this costs core-days.
    """
    slow = hash_secret_raw(
        text.encode(), salt, time_cost=SLOW.rounds, memory_cost=SLOW.kibibytes, parallelism=1, hash_len=32, type=Type.ID
    )
    return mac(key, slow)


def code_of(digest_bytes: bytes) -> str:
    """The printed code that a digest stands for: its first 8 bytes as nine symbols, and the check symbol."""
    number = int.from_bytes(digest_bytes[:8], "big") % 31**9
    symbols = "".join(ALPHABET[number // 31**place % 31] for place in range(8, -1, -1))
    return print_code(symbols + check_symbol(symbols))


def same(one: bytes, other: bytes) -> bool:
    """Whether two digests are the same, in a time that tells nothing about where they differ."""
    return hmac.compare_digest(one, other)


def code_token(key: Mac, ten: str, namespace: str = "") -> bytes:
    """Look-up token of a code's ten symbols (`domain/people.md` 3.2). A namespace keeps the codes of a closed setting apart."""
    return mac(key, f"{ten}{namespace}".encode())


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


# -- locked with a key: AES-256-GCM, random 96-bit nonce, the context as associated data -------------------------------

_VERSION = b"\x01"
_NOT_OPENED = "What was locked cannot be opened: another key locked it, or it was changed."


def new_key() -> bytes:
    """A random key of 32 bytes."""
    return secrets.token_bytes(32)


def lock_bytes(key_bytes: bytes, context: str, plain: bytes) -> bytes:
    """Bytes locked with a key: version, nonce, ciphertext and tag. They open with the same key and context alone."""
    nonce = secrets.token_bytes(12)
    return _VERSION + nonce + AESGCM(key_bytes).encrypt(nonce, plain, context.encode())


def unlock_bytes(key_bytes: bytes, context: str, locked: bytes) -> bytes:
    """The reverse; another key, another context or a changed byte raises `SealError`."""
    if locked[:1] != _VERSION or len(locked) < 29:
        raise SealError(_NOT_OPENED)
    try:
        return AESGCM(key_bytes).decrypt(locked[1:13], locked[13:], context.encode())
    except InvalidTag:
        raise SealError(_NOT_OPENED) from None


def lock(key_bytes: bytes, purpose: str, text: str) -> str:
    """A short text locked with a key, as text. The purpose keeps uses apart."""
    return f"1:{lock_bytes(key_bytes, f'hr/{purpose}/v1', text.encode())[1:].hex()}"


def unlock(key_bytes: bytes, purpose: str, locked: str) -> str:
    """The reverse; another key, another purpose or a changed text raises `SealError`."""
    if not re.fullmatch("1:([0-9a-f]{2})+", locked):
        raise SealError(_NOT_OPENED)
    return unlock_bytes(key_bytes, f"hr/{purpose}/v1", _VERSION + bytes.fromhex(locked[2:])).decode()


# -- sealed to a public key: HPKE base mode (RFC 9180), DHKEM-X25519, HKDF-SHA-256, AES-256-GCM --------------------------

_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


def new_pair() -> tuple[bytes, bytes]:
    """A new key pair of 32 bytes each: the private half that opens, the public half that seals."""
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def seal(public: bytes, context: str, plain: bytes) -> bytes:
    """Bytes sealed to whoever holds the private half: version, encapsulated key, ciphertext and tag; 49 bytes longer."""
    return _VERSION + _SUITE.encrypt(plain, X25519PublicKey.from_public_bytes(public), context.encode())


def unseal(private: bytes, context: str, sealed: bytes) -> bytes:
    """The reverse; another key, another context or a changed byte raises `SealError`."""
    if sealed[:1] != _VERSION:
        raise SealError(_NOT_OPENED)
    try:
        return _SUITE.decrypt(sealed[1:], X25519PrivateKey.from_private_bytes(private), context.encode())
    except (InvalidTag, ValueError):
        raise SealError(_NOT_OPENED) from None


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
    try:
        public = [pyrage.x25519.Identity.from_str(line) for line in found]
    except pyrage.IdentityError:
        public = []
    if not public:
        raise SealError("That is no secret age key, or holds a line that is none; one begins with “AGE-SECRET-KEY-1”.")
    return found


def seal_stream(reader: IO[bytes], writer: IO[bytes], recipients: Sequence[str]) -> None:
    """Read to the end and write it sealed to each of these public keys, in 64 KiB pieces: memory stays flat."""
    try:
        pyrage.encrypt_io(reader, writer, [pyrage.x25519.Recipient.from_str(text) for text in recipients])
    except (pyrage.EncryptError, pyrage.RecipientError, OSError) as error:
        raise SealError(f"Sealing failed: {error}") from error


def lock_with_words(words: str, content: bytes) -> bytes:
    """Bytes locked with a passphrase: an age file, scrypt behind it. For an officer's own key alone."""
    return bytes(pyrage.passphrase.encrypt(content, words))


def unlock_with_words(words: str, locked: bytes) -> bytes:
    """The reverse; other words raise `SealError`."""
    try:
        return bytes(pyrage.passphrase.decrypt(locked, words))
    except pyrage.DecryptError:
        raise SealError("These words do not open it.") from None


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
