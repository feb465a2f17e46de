"""`handrail backup`, `restore` and `move`: the commands that take the whole installation from one place to another."""

from __future__ import annotations

import argparse
import fcntl
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handrail.kernel import backup as files
from handrail.kernel import crypto, private_files, whole_database
from handrail.kernel.config import from_environment
from handrail.kernel.database import parse_url
from handrail.kernel.embedded_postgres import EmbeddedPostgres
from handrail.kernel.whole_database import BackupError


@dataclass(frozen=True)
class House:
    """How `handrail.cli` opens the house and migrates it."""

    open: Callable[[], AbstractContextManager[Any]]
    migrate: Callable[[], None]


def add_commands(commands: Any, house: House) -> None:
    """Add the three commands to the program's."""

    def command(name: str, run: Callable[[argparse.Namespace, House], int], help_text: str) -> Any:
        made = commands.add_parser(name, help=help_text, description=help_text)
        made.set_defaults(run=lambda parsed: _explained(lambda: run(parsed, house)))
        made.add_argument("--format", choices=["text", "json"], default="text")
        return made

    backup = command("backup", _backup, "Write one sealed file with everything, or make the keys that open it.")
    backup.add_argument("folder", nargs="?", help="where to; or the word “keys” to make a key (a folder of that name is ./keys)")
    backup.add_argument("--keep", type=int, help="afterwards keep only so many of the newest in that folder")
    backup.add_argument("--one-recipient-i-know", action="store_true", help="go on with a single key, although losing it loses all backups")
    backup.add_argument("--out", action="append", type=Path, metavar="FILE", help="with keys: write a secret key here, such as on a USB stick")
    backup.add_argument("--add", action="append", metavar="age1…", help="with keys: seal to this public key of somebody too")
    restore = command("restore", _restore, "Begin again on a new machine from a backup.")
    restore.add_argument("file", type=Path)
    restore.add_argument("--identity", type=Path, required=True, metavar="KEYFILE", help="a secret key that backups were sealed to")
    restore.add_argument("--keystore", type=Path, metavar="FILE", help="the newest handrail-keystore-….age, without which sealed records cannot be opened")
    move = command("move", _move, "Copy everything into another database: a PostgreSQL server, or back into the embedded one.")
    move.add_argument(
        "--to", default=os.environ.get("HANDRAIL_MOVE_TO", ""),
        help="address for the application's role (postgresql://…), or the word “embedded”; better in HANDRAIL_MOVE_TO, where no list of processes shows it",
    )
    move.add_argument(
        "--owner", default=os.environ.get("HANDRAIL_MOVE_OWNER", ""), help="address for the role that owns the tables; better in HANDRAIL_MOVE_OWNER"
    )
    move.add_argument(
        "--backup", default=os.environ.get("HANDRAIL_MOVE_BACKUP", ""), help="address for the role that reads everything, for backups; better in HANDRAIL_MOVE_BACKUP"
    )


def _explained(work: Callable[[], int]) -> int:
    try:
        return work()
    except (BackupError, crypto.SealError) as problem:
        raise ValueError(str(problem)) from None


def _django(module: str) -> Any:
    """A module that can only be imported once Django is set up."""
    return importlib.import_module(module)


def _say(parsed: argparse.Namespace, value: Any, lines: list[str]) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str) if parsed.format == "json" else "\n".join(lines)
    sys.stdout.write(f"{text}\n")


def _rows(contents: Mapping[str, Any]) -> int:
    return sum(found[0] for found in contents.values())


# -- backup --------------------------------------------------------------------------------------------------------------


def _backup(parsed: argparse.Namespace, house: House) -> int:
    if parsed.folder == "keys":
        return _keys(parsed, house)
    with house.open() as config:
        folder = parsed.folder or config.backup_folder
        if not folder:
            raise BackupError("Say where to, as in `handrail backup /media/backups`, or set HANDRAIL_BACKUP_FOLDER.")
        started = time.monotonic()
        both = _django("handrail.vault.backups").make(Path(folder).expanduser(), keep=parsed.keep, one_recipient=parsed.one_recipient_i_know)
        seconds, written = time.monotonic() - started, both.main
    facts = sum(o["facts"] for o in written.manifest["organisations"])
    rows, size = _rows(written.manifest["tables"]), written.bytes / 1e6
    value = {
        "file": str(written.path), "keystore": str(both.keystore), "bytes": written.bytes, "facts": facts, "rows": rows, "seconds": round(seconds, 2), "removed": list(written.removed), "later": list(written.later),
        "organisations": written.manifest["organisations"], "recipients": written.manifest["recipients"],
    }
    lines = [f"{written.path}: {facts} facts, {rows} rows, {size:.1f} MB in {seconds:.1f} s.", "Only these keys open it:"]
    lines += [f"  {recipient}" for recipient in written.manifest["recipients"]]
    lines.append(f"{both.keystore.name} beside it holds the keys of sealed records. It is removed after a month, so that what was erased stays erased.")
    lines += [f"Removed {name}." for name in written.removed]
    lines += [f"Is the clock right? {name} says that it was made after this one." for name in written.later[-1:]]
    _say(parsed, value, lines)
    return 0


def _keys(parsed: argparse.Namespace, house: House) -> int:
    with house.open():
        backups = _django("handrail.facts.backups")
        if parsed.add:
            backups.set_recipients([*backups.recipients(), *(crypto.read_recipient(text) for text in parsed.add)])
        for target in parsed.out or []:
            public, text = backups.new_key()
            _write_key(target, text)
            backups.set_recipients([*backups.recipients(), public])
        shown = [] if parsed.out or parsed.add else [backups.new_key()]
        made = [text for _public, text in shown]
        found = [*backups.recipients(), *(public for public, _text in shown)]
        _say_keys(parsed, made, found, backups.LEAST_RECIPIENTS)
        backups.set_recipients(found)
    return 0


def _write_key(target: Path, text: str) -> None:
    """A secret key on the disk or the stick, before anything is sealed to it."""
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    private_files.sync(target.parent)


def _say_keys(parsed: argparse.Namespace, made: list[str], found: list[str], least: int) -> None:
    lines = [*made, "It is shown only now and kept nowhere here. Write it on paper or put it on a USB stick, away from this machine.", ""] if made else []
    lines += [f"Secret key written to {path}. Keep it away from this machine." for path in parsed.out or []]
    lines += ["Backups are sealed to:", *(f"  {recipient}" for recipient in found)]
    if len(found) < least:
        lines.append("One more is needed, kept in another place: run `handrail backup keys` again.")
    _say(parsed, {"recipients": found, "written": [str(path) for path in parsed.out or []], "keys": made}, lines)
    sys.stdout.flush()


# -- restore -------------------------------------------------------------------------------------------------------------


def _restore(parsed: argparse.Namespace, house: House) -> int:
    started = time.monotonic()
    try:
        identities = crypto.read_identities(parsed.identity.read_text())
    except FileNotFoundError:
        raise BackupError(f"There is no key file {parsed.identity}.") from None
    _nobody_is_at_it()
    opened = files.check(parsed.file, identities)
    with house.open() as config:
        settings, backups = _django("handrail.settings"), _django("handrail.facts.backups")
        owner = settings.OWNER_LOGIN()
        if whole_database.others(owner):
            raise BackupError("The server is running. Stop it first.")
        if not whole_database.is_empty(owner) and not backups.may_go_on():
            raise BackupError(
                "This installation holds records; a restore never writes over any. Begin with an empty one: set HANDRAIL_VAR to a new folder"
                " (or give an empty database), and restore there."
            )
        files.require_known(opened.manifest, _migrations_here())
        with backups.unfinished():
            aside = files.restore_keys(opened.keys, config.keys)
            whole_database.drop_tables(owner)
            files.restore_tables(parsed.file, identities, owner)
            _compare(owner, opened.manifest)
            house.migrate()
            backups.begin_again(parsed.file.name, opened.manifest)
            sealed = _keys_of_records(parsed, identities, owner)
            problems = backups.verify()
            if problems:
                raise BackupError(f"It was restored, but does not hold together; do not work with it. {' '.join(problems[:5])}")
        backups.set_recipients([*opened.manifest["recipients"], *backups.recipients()])
    seconds, manifest = time.monotonic() - started, opened.manifest
    facts, rows = sum(o["facts"] for o in manifest["organisations"]), _rows(manifest["tables"])
    lines = [
        f"Restored {parsed.file.name}, made {manifest['made_at']} by version {manifest['version']}, in {seconds:.1f} s.",
        f"{facts} facts, {rows} rows in {len(manifest['tables'])} tables: every row equals the original.",
        "The chains of facts and of the audit hold; every state was folded again and is the same.",
        "Accounts and devices that were ended after that moment are as they were then: end them again.",
        "Recovery codes that were used after that moment are good again: everybody makes new ones under My account.",
        "Everybody has to sign in again. Numbers are computed within the hour, or now by `handrail warehouse build`.",
        sealed,
        *(f"The key that was here is kept as {name}." for name in aside),
    ]
    _say(parsed, {"file": str(parsed.file), "facts": facts, "rows": rows, "seconds": round(seconds, 2), "organisations": manifest["organisations"], "put_aside": aside}, lines)
    return 0


def _keys_of_records(parsed: argparse.Namespace, identities: list[str], owner: Mapping[str, Any]) -> str:
    """Put the keystore back, if its backup is given, and destroy again what was erased; a sentence that says what was done."""
    if parsed.keystore is None:
        return "Sealed records cannot be opened until the keystore is back: `handrail keys bring-back FILE --identity KEYFILE`."
    found = _django("handrail.vault.keystore_backup").restore(parsed.keystore, identities, owner=owner)
    again = _django("handrail.vault.setting_up").reapply()
    return f"{found} keys of sealed records are back; {again} of them had been erased and were destroyed again."


def _migrations_here() -> list[str]:
    loader = _django("django.db.migrations.loader").MigrationLoader(None, ignore_no_migrations=True)
    return [f"{app}.{name}" for app, name in loader.disk_migrations]


def _compare(owner: Mapping[str, Any], manifest: Mapping[str, Any]) -> None:
    with whole_database.reading(owner) as connection:
        found = whole_database.differences(manifest["tables"], whole_database.contents(connection))
    if found:
        whole_database.drop_tables(owner)
        raise BackupError(f"What came out of the backup is not what went in; nothing was kept. Use another backup. {' '.join(found[:5])}")


def _nobody_is_at_it() -> None:
    """Whoever uses the embedded server holds a shared lock on this file; raises `BackupError` when somebody does."""
    config = from_environment()
    path = EmbeddedPostgres(config.var / "postgres").folder / "users.lock"
    if config.database_url or not path.exists():
        return
    with path.open("r+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError("The server is running. Stop it first.") from None


_ADDRESSES = ("HANDRAIL_DATABASE_URL", "HANDRAIL_OWNER_DATABASE_URL", "HANDRAIL_BACKUP_DATABASE_URL")


# -- move ----------------------------------------------------------------------------------------------------------------


def _move(parsed: argparse.Namespace, house: House) -> int:
    started = time.monotonic()
    _nobody_is_at_it()
    with house.open() as config:
        house.migrate()
        source = _django("handrail.settings").OWNER_LOGIN()
        backups = _django("handrail.facts.backups")
        if backups.was_interrupted():
            raise BackupError("A restore did not finish here; restore first.")
        environment, target, server = _target(parsed, config)
        try:
            if {k: source.get(k) for k in ("HOST", "PORT", "NAME")} == {k: target.get(k) for k in ("HOST", "PORT", "NAME")}:
                raise BackupError("That is the database it lives in now.")
            if whole_database.others(source):
                raise BackupError("The server is running. Stop it first.")
            if not whole_database.is_empty(target):
                raise BackupError("That database holds an organisation's records already; give an empty one.")
            _migrate_there(environment)
            contents = whole_database.copy(source, target)
            _migrate_there(environment)
            _django("handrail.vault.keystore_backup").copy(source, target)
            with whole_database.reading(source) as now:
                heads = backups.heads(now)
            with whole_database.reading(target) as there:
                if backups.heads(there) != heads:
                    raise BackupError("Something was recorded while it was copied. Stop the server and move again into an empty database.")
            if server is None:
                with whole_database.reading(parse_url(parsed.backup)) as as_backups_read:
                    if backups.heads(as_backups_read) != heads:
                        raise BackupError("The address for backups leads to another database than the other two.")
        finally:
            if server is not None:
                server.release()
    seconds, facts = time.monotonic() - started, sum(o["facts"] for o in heads)
    lines = [
        f"Copied {facts} facts, {_rows(contents)} rows in {len(contents)} tables in {seconds:.1f} s; every row there equals the one here.",
        "Now set" if server is None else f"Now remove {', '.join(environment)} from the environment.",
        *(f"  {name}='{value}'" for name, value in environment.items() if value),
        "Keep HANDRAIL_VAR as it is: the keys lie there. What was here is untouched; remove it when you are sure.",
    ]
    _say(parsed, {"facts": facts, "rows": _rows(contents), "seconds": round(seconds, 2), "environment": environment, "organisations": heads}, lines)
    return 0


def _target(parsed: argparse.Namespace, config: Any) -> tuple[dict[str, str], dict[str, Any], EmbeddedPostgres | None]:
    """Environment that points at the target, its owner's login, and its server when it is the embedded one."""
    if parsed.to == "embedded":
        if not config.database_url:
            raise BackupError("It lives in the embedded database now.")
        server = EmbeddedPostgres(config.var / "postgres")
        server.start()
        return dict.fromkeys(_ADDRESSES, ""), server.login("owner").as_django(), server
    if not parsed.to:
        raise BackupError("Say where to: set HANDRAIL_MOVE_TO, or use --to.")
    if not parsed.owner:
        raise BackupError("Say how to connect as the role that owns the tables: set HANDRAIL_MOVE_OWNER, or use --owner.")
    if not parsed.backup:
        raise BackupError("Say how to connect as the role that reads everything for backups: set HANDRAIL_MOVE_BACKUP, or use --backup.")
    parse_url(parsed.to)
    whole_database.require_reads_all(parse_url(parsed.backup))
    return dict(zip(_ADDRESSES, (parsed.to, parsed.owner, parsed.backup), strict=True)), parse_url(parsed.owner), None




def _migrate_there(environment: Mapping[str, str]) -> None:
    """Tables, row security and privileges of the target, by this program in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "handrail.cli", "migrate"], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BackupError(f"That database could not be prepared: {(done.stderr.strip().splitlines() or ['no answer'])[-1]}")
