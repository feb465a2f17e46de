"""The process that holds a ring's keys in high-risk mode, and how others ask it.

It opens the sealed ring when an officer unlocks it, works with the keys for whoever may enter its private socket, and never
hands one out. It locks by ending: a process cannot wipe its memory, the system does. Whoever started it (`handrail run`)
sees the exit code and ends the server's processes too, because they have held what was opened.

One message each way: four bytes of length, then JSON; bytes travel as base64.
"""

from __future__ import annotations

import base64
import ctypes
import hashlib
import json
import os
import resource
import signal
import socket
import stat
import struct
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from handrail.kernel import crypto, officers

LOCKED = 75
"""Exit code of a holder that locked: everything that may hold something opened must end as well."""
BEFORE = "vault-before"
"""The vault's key that is being exchanged for a new one: both open until every record is locked with the new one."""
_LARGEST = 1 << 26
_PATIENCE = 10.0
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _MCL_CURRENT_AND_FUTURE = 1, 4, 3


class NobodyHolds(RuntimeError):
    """The ring is locked: no process holds its keys."""


class NotUnlocked(RuntimeError):
    """An attempt to unlock failed; the message says why in a sentence."""


@dataclass(frozen=True)
class Status:
    """How a ring stands. `seconds_left` until it locks by itself, None when it does not."""

    is_running: bool
    is_open: bool
    seconds_left: int | None = None


# -- asking ------------------------------------------------------------------------------------------------------------


def socket_of(folder: Path, ring: str) -> Path:
    """Where the holder of a ring listens: a short path in a folder that this user alone may enter."""
    digest = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:10]
    return Path(tempfile.gettempdir()) / f"hr-{os.geteuid()}-{digest}-keys" / f"{ring}.sock"


def _call(folder: Path, ring: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """Send one message; raises `NobodyHolds` when no holder runs."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(60)
        try:
            line.connect(str(socket_of(folder, ring)))
            _send(line, message)
            answer = _receive(line)
        except (FileNotFoundError, ConnectionError):
            raise NobodyHolds(ring) from None
    if answer is None:
        raise NobodyHolds(ring)
    return answer


def ask(folder: Path, ring: str, verb: str, name: str, data: bytes, *, context: str = "") -> bytes:
    """Have something done with a key: `mac` or `lock`. Raises `NobodyHolds` or `crypto.SealError`."""
    answer = _call(folder, ring, {"verb": verb, "name": name, "context": context, "data": base64.b64encode(data).decode()})
    if answer.get("locked"):
        raise NobodyHolds(ring)
    if "refused" in answer:
        raise crypto.SealError(answer["refused"])
    return base64.b64decode(answer["data"])


def ask_many(folder: Path, ring: str, name: str, locked: Sequence[tuple[str, bytes]]) -> list[bytes]:
    """Have many things opened at once, each with its context. Raises as `ask` does."""
    items = [[context, base64.b64encode(data).decode()] for context, data in locked]
    answer = _call(folder, ring, {"verb": "unlock", "name": name, "items": items})
    if answer.get("locked"):
        raise NobodyHolds(ring)
    if "refused" in answer:
        raise crypto.SealError(answer["refused"])
    return [base64.b64decode(text) for text in answer["items"]]


def status(folder: Path, ring: str) -> Status:
    """How a ring stands now; asking does not keep it open."""
    try:
        answer = _call(folder, ring, {"verb": "status"})
    except NobodyHolds:
        return Status(is_running=False, is_open=False)
    return Status(is_running=True, is_open=answer["open"], seconds_left=answer["seconds_left"])


def unlock(folder: Path, ring: str, *, officer: str = "", words: str = "", identity: str = "") -> None:
    """Unlock with an officer's words or with a secret key (a file's, or the one on paper). Raises `NotUnlocked` with the sentence."""
    try:
        answer = _call(folder, ring, {"verb": "open", "officer": officer, "words": words, "identity": identity})
    except NobodyHolds:
        raise NotUnlocked("No process waits for the keys. Start the server with `handrail run` first.") from None
    if "refused" in answer:
        raise NotUnlocked(answer["refused"])


def end(folder: Path, ring: str) -> bool:
    """Lock: end the holder. Whether it was open."""
    try:
        return bool(_call(folder, ring, {"verb": "end"})["open"])
    except NobodyHolds:
        return False


def _send(line: socket.socket, message: Mapping[str, Any]) -> None:
    content = json.dumps(message).encode()
    line.sendall(struct.pack("!I", len(content)) + content)


def _receive(line: socket.socket) -> dict[str, Any] | None:
    head = _exactly(line, 4)
    if head is None or struct.unpack("!I", head)[0] > _LARGEST:
        return None
    content = _exactly(line, struct.unpack("!I", head)[0])
    return None if content is None else dict(json.loads(content))


def _exactly(line: socket.socket, length: int) -> bytes | None:
    found = bytearray()
    while len(found) < length:
        piece = line.recv(min(1 << 16, length - len(found)))
        if not piece:
            return None
        found += piece
    return bytes(found)


# -- holding -----------------------------------------------------------------------------------------------------------


def _now() -> float:
    """Seconds that also pass while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Holder:
    """One ring's keys in memory, and what may be done with them."""

    def __init__(self, folder: Path, ring: str, *, idle_seconds: int, nightly: str, time_zone: str) -> None:
        self._folder, self._ring, self._idle = folder, ring, idle_seconds
        self._nightly, self._zone = nightly, ZoneInfo(time_zone)
        self._keys: dict[str, bytes] = {}
        self._used = self._opened = _now()
        self._night = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the keys are here."""
        return bool(self._keys)

    def seconds_left(self) -> float | None:
        """Until it locks by itself; None when it is locked, or never does."""
        ends = [self._used + self._idle] if self._idle else []
        ends += [self._night] if self._night else []
        return min(ends) - _now() if self.is_open and ends else None

    def answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Do what one message asks."""
        verb = message.get("verb")
        if verb in {"status", "end"}:
            left = self.seconds_left()
            return {"open": self.is_open, "seconds_left": None if left is None else max(0, int(left))}
        if verb == "open":
            return self._open(message)
        if not self.is_open:
            return {"locked": True}
        self._used = _now()
        try:
            return self._done(str(verb), message)
        except crypto.SealError as error:
            return {"refused": str(error)}
        except (KeyError, ValueError):
            return {"refused": f"The ring {self._ring} cannot do that. Is the server of the same version everywhere?"}

    def _done(self, verb: str, message: Mapping[str, Any]) -> dict[str, Any]:
        key = self._keys[message["name"]]
        if verb == "unlock":
            keys = [key, *([self._keys[BEFORE]] if message["name"] == "vault" and BEFORE in self._keys else [])]
            opened = [open_with(keys, context, base64.b64decode(data)) for context, data in message["items"]]
            return {"items": [base64.b64encode(one).decode() for one in opened]}
        data = base64.b64decode(message["data"])
        done = crypto.mac(key, data) if verb == "mac" else crypto.lock_bytes(key, message["context"], data)
        return {"data": base64.b64encode(done).decode()}

    def _open(self, message: Mapping[str, Any]) -> dict[str, Any]:
        try:
            identity = officers.identity_of(self._folder, message["officer"], message["words"]) if message["officer"] else message["identity"]
            self._keys = officers.open_ring(self._folder, self._ring, identity)
        except crypto.SealError as error:
            time.sleep(1)
            return {"refused": str(error)}
        self._used = self._opened = _now()
        self._night = self._next_night()
        return {"open": True}

    def _next_night(self) -> float:
        """When it locks for the night, however busy it is; 0 for never."""
        if not self._nightly:
            return 0.0
        here = datetime.now(self._zone)
        at = here.replace(hour=int(self._nightly[:2]), minute=int(self._nightly[3:]), second=0, microsecond=0)
        return _now() + ((at if at > here else at + timedelta(days=1)) - here).total_seconds()


def open_with(keys: list[bytes], context: str, locked: bytes) -> bytes:
    """Open with whichever of these keys fits; raises `crypto.SealError`."""
    for key in keys[:-1]:
        try:
            return crypto.unlock_bytes(key, context, locked)
        except crypto.SealError:
            continue
    return crypto.unlock_bytes(keys[-1], context, locked)


def keep_to_itself() -> bool:
    """No core dump, no other process of this user may look in, its end with its parent's, nothing swapped out; whether the last was granted."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    return bool(library.mlockall(_MCL_CURRENT_AND_FUTURE) == 0)


def serve(holder: Holder, path: Path) -> int:
    """Listen until it locks; the exit code. One message after the other: each takes far less than a millisecond."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    found = path.parent.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise crypto.KeyFileError(f"{path.parent} is not private to this user. Remove it and start again.")
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        path.chmod(0o600)
        door.listen(64)
        while True:
            left = holder.seconds_left()
            if left is not None and left <= 0:
                return LOCKED
            door.settimeout(30 if left is None else max(0.01, min(30, left)))
            try:
                line, _address = door.accept()
            except TimeoutError:
                continue
            if _served(holder, line):
                return LOCKED


def _served(holder: Holder, line: socket.socket) -> bool:
    """Answer whoever came; whether it was asked to end."""
    with line:
        line.settimeout(_PATIENCE)
        try:
            message = _receive(line)
            if message is None:
                return False
            _send(line, holder.answer(message))
        except (OSError, ValueError, KeyError):  # somebody who hung up or speaks otherwise: the next is served
            return False
    return message.get("verb") == "end"
