"""One sealed file that holds everything needed to begin again on another machine, and the way back.

The file is one age stream for recipients whose secret keys lie elsewhere; this server cannot open it. Inside, in this
order: a line that names the format, then frames (a tag of four letters, a length of eight bytes, the bytes):

    MANI  what is inside, as JSON: versions, rows and digest of every table, what the caller adds
    KEYS  the key files, sealed once more to the same recipients: who is handed the database is not handed the keys
    DUMP  pg_dump's custom format, in as many frames as it takes
    ENDS  length and SHA-256 of the dump

Nothing is ever on disk in clear, and memory stays flat: pg_dump writes into the sealing and the opening into pg_restore.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
import socket
import stat
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, cast

import psycopg

from handrail import __version__
from handrail.kernel import clock, crypto, private_files
from handrail.kernel.whole_database import NOT_KEPT, BackupError, contents, migrations, reading, start, why

FORMAT = b"HANDRAIL-BACKUP 1\n"
_PIECE = 1 << 18
_LARGEST = 1 << 26
"""No frame is longer: a larger length is damage, not data."""
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Written:
    """A finished backup."""

    path: Path
    manifest: Mapping[str, Any]
    bytes: int
    removed: tuple[str, ...]
    later: tuple[str, ...] = ()
    """Backups whose names say that they were made after this one: the clock was wrong then, or is wrong now."""


# -- writing -----------------------------------------------------------------------------------------------------------


class _Pieces(io.RawIOBase):
    """A reader over a generator of bytes."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, memoryview(b"")

    def read(self, size: int = -1, /) -> bytes:
        while not self._rest:
            following = next(self._pieces, None)
            if following is None:
                return b""
            self._rest = memoryview(following)
        found, self._rest = self._rest[:size], self._rest[size:]
        return bytes(found)


def _frame(tag: bytes, content: bytes) -> bytes:
    return tag + len(content).to_bytes(8, "big") + content


def _key_files(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.iterdir() if p.is_file() and ".replaced-" not in p.name and not p.name.startswith(".")) if folder.exists() else []
    return {path.name: base64.b64encode(path.read_bytes()).decode() for path in files}


def _dumped(login: Mapping[str, Any], snapshot: str, running: list[subprocess.Popen[bytes]]) -> Iterator[bytes]:
    """Frames of the dump and the one that ends it."""
    skipped = [f"--exclude-table-data=public.{table}" for table in NOT_KEPT]
    # Level 1: on a laptop level 6 takes five times as long for a tenth less.
    process = start("pg_dump", login, "-Fc", "-Z1", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", *skipped, stdout=subprocess.PIPE)
    running.append(process)
    length, digest = 0, hashlib.sha256()
    stream = cast(IO[bytes], process.stdout)
    while piece := stream.read(_PIECE):
        length += len(piece)
        digest.update(piece)
        yield _frame(b"DUMP", piece)
    if process.wait() != 0:
        raise BackupError(f"pg_dump failed: {why(process)}")
    yield _frame(b"ENDS", crypto.canonical({"bytes": length, "sha256": digest.hexdigest()}))


def write(
    folder: Path, name: str, *, login: Mapping[str, Any], keys: Path, recipients: Sequence[str], keep: int | None = None,
    about: Callable[[psycopg.Connection[Any]], Mapping[str, Any]],
) -> Written:
    """Write one backup into a folder. It has its name only when it is whole and on the disk; older ones beyond `keep` go."""
    if keep is not None and keep < 1:
        raise BackupError("Keep at least one backup.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    prefix = f"handrail-{_plain(name)}-"
    target = _free(folder, prefix, clock.now())
    beside = folder / f".{target.name}.part"
    for left in folder.glob(f".{prefix}*.part"):  # of a backup that was killed; the caller lets only one run at a time
        left.unlink()
    running: list[subprocess.Popen[bytes]] = []
    try:
        with reading(login) as connection, os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
            manifest = _manifest(connection, recipients, about)
            snapshot = str((connection.execute("SELECT pg_export_snapshot()").fetchone() or [""])[0])

            def pieces() -> Iterator[bytes]:
                yield FORMAT + _frame(b"MANI", crypto.canonical(manifest))
                yield _frame(b"KEYS", _sealed(crypto.canonical(_key_files(keys)), recipients))
                yield from _dumped(login, snapshot, running)

            crypto.seal_stream(cast(IO[bytes], _Pieces(pieces())), handle, recipients)
            handle.flush()
            os.fsync(handle.fileno())
        beside.rename(target)
        private_files.sync(folder)
    except (psycopg.Error, crypto.SealError, OSError) as error:
        raise BackupError(f"No backup was written: {str(error).strip()}") from error
    finally:
        beside.unlink(missing_ok=True)
        for process in running:
            process.kill()
            process.wait()
            for pipe in (process.stdout, process.stderr):
                if pipe:
                    pipe.close()
    later = tuple(path.name for path in _in_order(folder, prefix) if _stamp_of(path) > _stamp_of(target))
    return Written(target, manifest, target.stat().st_size, tuple(_prune(folder, prefix, keep, target)), later)


def _manifest(
    connection: psycopg.Connection[Any], recipients: Sequence[str], about: Callable[[psycopg.Connection[Any]], Mapping[str, Any]]
) -> dict[str, Any]:
    return {
        "made_at": clock.now().isoformat(), "version": __version__, "postgresql": connection.info.server_version, "host": socket.gethostname(),
        "recipients": list(recipients), "tables": contents(connection), "migrations": migrations(connection), **about(connection),
    }


def _sealed(content: bytes, recipients: Sequence[str]) -> bytes:
    sealed = io.BytesIO()
    crypto.seal_stream(io.BytesIO(content), sealed, recipients)
    return sealed.getvalue()


def _plain(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "programme"
    return f"programme-{plain}" if plain == "keystore" or plain.startswith("keystore-") else plain  # `handrail-keystore-…` are other files


def _free(folder: Path, prefix: str, at: datetime) -> Path:
    for number in range(1, 100):
        path = folder / f"{prefix}{at.strftime(_STAMP)}{'' if number == 1 else f'-{number}'}.age"
        if not path.exists():
            return path
    raise BackupError(f"There are a hundred backups of this second in {folder}.")


def _in_order(folder: Path, prefix: str) -> list[Path]:
    """This programme's backups, the one with the oldest stamp first."""
    pattern = re.compile(re.escape(prefix) + r"\d{8}T\d{6}Z(-\d+)?\.age")
    return sorted((p for p in folder.iterdir() if pattern.fullmatch(p.name)), key=lambda p: (_stamp_of(p), p.stat().st_mtime_ns))


def _stamp_of(path: Path) -> str:
    return path.name.removesuffix(".age").split("Z")[0]


def _prune(folder: Path, prefix: str, keep: int | None, written: Path) -> Iterator[str]:
    """Remove the oldest beyond `keep`, never the one just written: a clock that was set back makes it look the oldest."""
    if keep is None:
        return
    others = [path for path in _in_order(folder, prefix) if path != written]
    for path in others[: max(0, len(others) - keep + 1)]:
        path.unlink()
        yield path.name


# -- reading -----------------------------------------------------------------------------------------------------------


class _Frames(io.RawIOBase):
    """Takes opened bytes in and hands each whole frame to `use`."""

    def __init__(self, use: Callable[[bytes, bytes], None]) -> None:
        self._use, self._rest, self._started = use, bytearray(), False

    def write(self, piece: Any, /) -> int:
        self._rest += piece
        if not self._started and len(self._rest) >= len(FORMAT):
            if not self._rest.startswith(FORMAT):
                raise BackupError("This is a sealed file, but not a backup of Handrail that this version can read.")
            del self._rest[: len(FORMAT)]
            self._started = True
        while self._started and len(self._rest) >= 12:
            length = int.from_bytes(self._rest[4:12], "big")
            if length > _LARGEST:
                raise BackupError("The backup is damaged: a part of it says it is longer than any can be.")
            if len(self._rest) < 12 + length:
                break
            tag, content = bytes(self._rest[:4]), bytes(self._rest[12 : 12 + length])
            del self._rest[: 12 + length]
            self._use(tag, content)
        return len(piece)


@dataclass
class Opened:
    """A backup that was read to its last byte: what is inside is whole and was sealed as it is."""

    manifest: dict[str, Any]
    keys: dict[str, bytes]


def _read(path: Path, identities: Sequence[str], use: Callable[[bytes, bytes], None]) -> None:
    try:
        with path.open("rb") as handle:
            crypto.open_stream(handle, cast(IO[bytes], _Frames(use)), identities)
    except FileNotFoundError:
        raise BackupError(f"There is no file {path}.") from None
    except crypto.SealError as error:
        raise BackupError(f"{path.name}: {error}") from error


def check(path: Path, identities: Sequence[str]) -> Opened:
    """Read a backup from the first byte to the last without writing anything; raises `BackupError` at any fault."""
    found: dict[bytes, bytes] = {}
    length, digest = 0, hashlib.sha256()

    def use(tag: bytes, content: bytes) -> None:
        nonlocal length
        if tag == b"DUMP":
            length += len(content)
            digest.update(content)
        else:
            found[tag] = content

    _read(path, identities, use)
    if not {b"MANI", b"KEYS", b"ENDS"} <= set(found) or json.loads(found[b"ENDS"]) != {"bytes": length, "sha256": digest.hexdigest()}:
        raise BackupError(f"{path.name}: parts of the backup are missing; use another one.")
    clear = io.BytesIO()
    crypto.open_stream(io.BytesIO(found[b"KEYS"]), clear, identities)
    keys = {name: base64.b64decode(text) for name, text in json.loads(clear.getvalue()).items()}
    if any(name != Path(name).name or name.startswith(".") for name in keys):
        raise BackupError(f"{path.name}: the names of its key files are not names.")
    return Opened(json.loads(found[b"MANI"]), keys)


def require_known(manifest: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise `BackupError` if a backup was made by a newer version than this one, or went through migrations that this one lacks."""
    foreign = sorted(set(manifest.get("migrations", ())) - set(known))
    if _version(manifest["version"]) > _version(__version__) or foreign:
        raise BackupError(
            f"This backup was made by version {manifest['version']}; this is {__version__}, which is older. Nothing was changed."
            f" Install that version or a newer one, and restore with it.{f' This one does not know {foreign[0]}.' if foreign else ''}"
        )


def _version(written: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", written.split("+")[0])[:3])


def restore_tables(path: Path, identities: Sequence[str], owner: Mapping[str, Any]) -> None:
    """Play a checked backup's dump into an empty database, as the owner, in one transaction: all of it or nothing."""
    process = start("pg_restore", owner, "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    stream = cast(IO[bytes], process.stdin)

    def use(tag: bytes, content: bytes) -> None:
        if tag == b"DUMP":
            stream.write(content)

    try:
        try:
            _read(path, identities, use)
            stream.close()
        except BrokenPipeError:
            pass
        except BaseException:  # without its end, pg_restore must not commit what it has
            process.kill()
            raise
        if process.wait() != 0:
            raise BackupError(f"The database refused the backup; nothing was changed. {why(process)}")
    finally:
        with suppress(BrokenPipeError):
            stream.close()
        process.wait()
        if process.stderr:
            process.stderr.close()


def restore_keys(keys: Mapping[str, bytes], folder: Path) -> list[str]:
    """Put the key files in place, private; one of the same name with other content is put aside. Returns what was put aside."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = []
    for name, content in keys.items():
        path = folder / name
        if path.exists() and path.read_bytes() != content:
            kept = path.with_name(f"{name}.replaced-{clock.now().strftime(_STAMP)}")
            path.rename(kept)
            aside.append(kept.name)
        if not path.exists():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
                handle.write(content)
                handle.flush()
                os.fsync(handle.fileno())
        path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    private_files.sync(folder)
    crypto.key.cache_clear()
    return aside
