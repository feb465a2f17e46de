"""Who may open the keys: named officers, each alone, and a key on paper. Any one of them is enough (security.md 2.6).

The list lies beside the keys, `officers.json`: what colleagues call each officer, the public half of an age key, and, for
one who unlocks with words, the secret half locked with them. A ring is one age file sealed to all of them.
"""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from handrail.kernel import crypto, private_files

PAPER = "paper"
LEAST_OFFICERS = 2
LEAST_WORDS = 5
"""A passphrase of five random words stands guessing behind scrypt; fewer do not."""


class OfficerError(ValueError):
    """What was asked of the officers' list cannot be done; the message says why and what to do."""


@dataclass(frozen=True)
class Officer:
    """Somebody who can open the keys alone. `locked` is their secret key under their words, empty when they keep it in a file or on paper."""

    name: str
    recipient: str
    locked: str
    added: str

    @property
    def is_paper(self) -> bool:
        """Whether this is the key on paper."""
        return self.name == PAPER

    @property
    def has_words(self) -> bool:
        """Whether this officer unlocks with words."""
        return bool(self.locked)


def _file(folder: Path) -> Path:
    return folder / "officers.json"


def all_of(folder: Path) -> list[Officer]:
    """Everybody on the list, in the order they were added."""
    if not _file(folder).exists():
        return []
    return [Officer(**row) for row in json.loads(_file(folder).read_text())]


def keep(folder: Path, found: Sequence[Officer]) -> None:
    """Store the list."""
    private_files.write(_file(folder), json.dumps([asdict(officer) for officer in found], indent=1).encode())


def with_words(name: str, words: str, today: date) -> Officer:
    """A new officer who unlocks with words; they are known to nobody else and stored nowhere."""
    secret, public = crypto.new_identity()
    locked = crypto.lock_with_words(checked_words(words), secret.encode())
    return Officer(checked_name(name), public, base64.b64encode(locked).decode(), today.isoformat())


def with_key(name: str, recipient: str, today: date) -> Officer:
    """A new officer whose secret key lies in a file elsewhere, such as on a USB stick."""
    return Officer(checked_name(name), crypto.read_recipient(recipient), "", today.isoformat())


def on_paper(today: date) -> tuple[Officer, str]:
    """The key for the envelope: its entry, and the secret to be printed, which is kept nowhere."""
    secret, public = crypto.new_identity()
    return Officer(PAPER, public, "", today.isoformat()), secret


def checked_name(name: str) -> str:
    """What colleagues call an officer: short, and not a legal name."""
    if not re.fullmatch(r"[\w][\w .-]{0,39}", name.strip()) or name.strip().lower() == PAPER:
        raise OfficerError("An officer needs a short name of letters and figures; not a legal name, and not “paper”.")
    return name.strip()


def checked_words(words: str) -> str:
    """A passphrase as it is used: five words at least, single spaces, case as typed."""
    found = words.split()
    if len(found) < LEAST_WORDS or len("".join(found)) < 15:
        raise OfficerError(f"Use at least {LEAST_WORDS} words that nobody would guess, such as five thrown with dice from a list.")
    return " ".join(found)


def identity_of(folder: Path, name: str, words: str) -> str:
    """An officer's secret key, opened with their words; raises `crypto.SealError` with a sentence."""
    officer = next((o for o in all_of(folder) if o.name == name and o.has_words), None)
    if officer is None:
        raise crypto.SealError("There is no officer of this name who unlocks with words.")
    return crypto.unlock_with_words(" ".join(words.split()), base64.b64decode(officer.locked)).decode()


# -- the rings as they lie on the disk ---------------------------------------------------------------------------------------


def seal_ring(folder: Path, ring: str, keys: Mapping[str, bytes]) -> None:
    """Write a ring sealed to everybody on the list."""
    recipients = [officer.recipient for officer in all_of(folder)]
    if not recipients:
        raise OfficerError("There is nobody to seal the keys to. Add two officers and a key on paper first.")
    clear = io.BytesIO(json.dumps({name: base64.b64encode(value).decode() for name, value in keys.items()}).encode())
    sealed = io.BytesIO()
    crypto.seal_stream(clear, sealed, recipients)
    private_files.write(folder / f"{ring}.age", sealed.getvalue())


def open_ring(folder: Path, ring: str, identity: str) -> dict[str, bytes]:
    """The keys of a sealed ring; raises `crypto.SealError` with a sentence."""
    path, clear = folder / f"{ring}.age", io.BytesIO()
    if not path.exists():
        raise crypto.SealError(f"There are no sealed keys at {path}.")
    with path.open("rb") as sealed:
        crypto.open_stream(sealed, clear, crypto.read_identities(identity))
    return {name: base64.b64decode(text) for name, text in json.loads(clear.getvalue()).items()}


def are_enough(found: Sequence[Officer]) -> bool:
    """Two people and the paper: whichever is lost, somebody can still open."""
    return sum(not officer.is_paper for officer in found) >= LEAST_OFFICERS and any(officer.is_paper for officer in found)
