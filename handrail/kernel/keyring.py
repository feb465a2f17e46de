"""The keys that lead to people: where they are, and what is done with them.

There are two rings. `codes` holds what turns a card or a self-made code into somebody's record, `vault` what opens sealed
records. In low-risk mode the keys of a ring lie in files that this user alone can read, so that the server starts
unattended. In high-risk mode they lie on the disk only sealed to the officers (`officers`), and open in the memory of one
process for each ring (`keyholder`), which does with them what it is asked, tells them to nobody, and ends when it locks.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from handrail.kernel import crypto, keyholder
from handrail.kernel.access import Refused

CODES, VAULT = "codes", "vault"
NOTE = "note"
"""The key of the few free words that are no sealed record, such as what a reviewer wrote: they may name somebody."""
RINGS: dict[str, tuple[str, ...]] = {CODES: ("lookup", "link", "handle", NOTE), VAULT: ("vault",)}
"""Which keys each ring holds."""


class Mode(StrEnum):
    """How much an installation risks: whether a powered-off disk holds its keys."""

    LOW = "low"
    HIGH = "high"


class Locked(Refused):
    """A key is needed that nobody has unlocked since the server started or was locked."""

    def __init__(self, ring: str) -> None:
        said = {
            CODES: _("The keys for codes are locked: no card or self-made code can be looked up. Go on without a code, or ask an officer to unlock."),
            VAULT: _("The vault is locked: nothing in it can be read until an officer unlocks it. What you write down is kept, sealed."),
        }[ring]
        super().__init__(said)
        self.ring, self.problems = ring, (("", said),)


def _folder() -> Path:
    keys: Path = settings.CONFIG.keys
    return keys


def mode(folder: Path | None = None) -> Mode:
    """High-risk as soon as the rings are sealed and no key of theirs lies open."""
    return Mode.HIGH if sealed_file(VAULT, folder).exists() else Mode.LOW


def sealed_file(ring: str, folder: Path | None = None) -> Path:
    """Where a ring lies sealed to the officers."""
    return (folder or _folder()) / f"{ring}.age"


def is_open(ring: str) -> bool:
    """Whether what needs this ring can be done now."""
    return mode() is Mode.LOW or keyholder.status(_folder(), ring).is_open


def _ring_of(name: str) -> str:
    return next(ring for ring, names in RINGS.items() if name in names)


def mac(name: str) -> crypto.Mac:
    """What makes keyed digests with the key of this name; in high-risk mode it asks the process that holds it, and may raise `Locked`."""
    if mode() is Mode.LOW:
        return crypto.key(_folder(), name)
    return partial(_ask, _ring_of(name), "mac", name)


def lock(context: str, plain: bytes, *, name: str = VAULT) -> bytes:
    """Lock a few bytes, such as the key of one record, with a key of a ring. Raises `Locked`."""
    if mode() is Mode.LOW:
        return crypto.lock_bytes(crypto.key(_folder(), name), context, plain)
    return _ask(_ring_of(name), "lock", name, plain, context=context)


def unlock(context: str, locked: bytes, *, name: str = VAULT) -> bytes:
    """The reverse; raises `Locked`, or `crypto.SealError` if another key or context locked it."""
    return unlock_many([(context, locked)], name=name)[0]


def unlock_many(locked: Sequence[tuple[str, bytes]], *, name: str = VAULT) -> list[bytes]:
    """The same for many at once, each with its context."""
    if not locked:
        return []
    if mode() is Mode.HIGH:
        ring = _ring_of(name)
        try:
            return keyholder.ask_many(_folder(), ring, name, locked)
        except keyholder.NobodyHolds:
            raise Locked(ring) from None
    keys = [crypto.key(_folder(), name)]
    if name == VAULT and (_folder() / f"{keyholder.BEFORE}.key").exists():
        keys.append(crypto.key(_folder(), keyholder.BEFORE))
    return [keyholder.open_with(keys, context, bytes_) for context, bytes_ in locked]


def _ask(ring: str, verb: str, name: str, data: bytes, *, context: str = "") -> bytes:
    try:
        return keyholder.ask(_folder(), ring, verb, name, data, context=context)
    except keyholder.NobodyHolds:
        raise Locked(ring) from None


def lock_now(rings: tuple[str, ...] = (VAULT, CODES)) -> list[str]:
    """End the processes that hold the keys; whoever runs the server then ends every process that may hold what they opened. Which were open."""
    return [ring for ring in rings if keyholder.end(_folder(), ring)]


