"""Backups of this installation: who may open them, the daily one, what a backup says of the facts, and beginning again.

The folder `backup` under `HANDRAIL_VAR` holds only what may be seen: the public keys that backups are sealed to, and
when the last one was made with the counters it reaches. A phone may forget what lies at or below that counter.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection, transaction

from handrail.facts.models import Head, Organisation
from handrail.facts.organisations import system_actor
from handrail.facts.replay import rebuild, verify_chain
from handrail.kernel import audit, backup, clock, crypto, ids, scope
from handrail.kernel.database import as_owner
from handrail.kernel.models import SetUpCode
from handrail.kernel.whole_database import BackupError, is_empty

LEAST_RECIPIENTS = 2
"""A key on paper gets lost: whoever has the other one can still restore (security.md 2.1)."""


def _home() -> Path:
    home: Path = settings.CONFIG.var / "backup"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return home


def _replace(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.part")
    with beside.open("w") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    beside.replace(path)


# -- who may open them ---------------------------------------------------------------------------------------------------


def recipients() -> list[str]:
    """The public keys that backups are sealed to."""
    path = _home() / "recipients"
    return [crypto.read_recipient(line) for line in path.read_text().splitlines() if line.strip()] if path.exists() else []


def set_recipients(found: list[str]) -> None:
    """Keep these public keys, each once."""
    _replace(_home() / "recipients", "".join(f"{crypto.read_recipient(text)}\n" for text in dict.fromkeys(found)))


def new_key() -> tuple[str, str]:
    """A new key: its public half, and the text of the key file with the secret one. Neither is kept here.

    Register the public half with `set_recipients` only once the secret is safe: backups would be sealed to a key that
    nobody has.
    """
    secret, public = crypto.new_identity()
    return public, f"# Handrail backup key, made {clock.now():%Y-%m-%d} (UTC)\n# public key: {public}\n{secret}\n"


# -- making one ----------------------------------------------------------------------------------------------------------


def make(folder: Path, *, keep: int | None = None, one_recipient: bool = False) -> backup.Written:
    """Write a backup now, and note how far it reaches. Only one runs at a time; raises `BackupError`."""
    found = recipients()
    if not found or (len(found) < LEAST_RECIPIENTS and not one_recipient):
        raise BackupError(
            f"There {'is only one key' if found else 'is no key'} to seal backups to; two are needed, kept in two places away from this machine."
            " Run `handrail backup keys` for each."
        )
    with (_home() / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError("Another backup is being made now.") from None
        names = list(Organisation.objects.values_list("name", flat=True)[:2])
        written = backup.write(
            folder, names[0] if len(names) == 1 else socket.gethostname(), login=settings.BACKUP_LOGIN(), keys=settings.CONFIG.keys,
            recipients=found, keep=keep, about=lambda open_connection: {"organisations": heads(open_connection)},
        )
        through = {o["organisation"]: {"epoch": o["epoch"], "counter": o["facts"]} for o in written.manifest["organisations"]}
        said = {"at": written.manifest["made_at"], "file": written.path.name, "bytes": written.bytes, "through": through}
        _replace(_home() / "last.json", json.dumps(said, indent=1))
    return written


def heads(open_connection: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    """How far the facts and the audit of every organisation reach, at the moment this connection sees."""
    rows = open_connection.execute(
        "SELECT o.id::text, h.epoch::text, h.counter, encode(h.digest, 'hex'), coalesce(a.number, 0), coalesce(encode(a.digest, 'hex'), ''),"
        " (SELECT count(*) FROM facts_fact f WHERE f.organisation_id = o.key)"
        " FROM facts_organisation o JOIN facts_head h ON h.organisation_id = o.key"
        " LEFT JOIN kernel_audithead a ON a.organisation_id = o.key ORDER BY o.key"
    ).fetchall()
    names = ("organisation", "epoch", "facts", "facts_head", "audit_lines", "audit_head", "fact_rows")
    return [dict(zip(names, row, strict=True)) for row in rows]


def last() -> dict[str, Any] | None:
    """When the last backup was made, its file and, for each organisation, epoch and counter it reaches; None before the first."""
    try:
        found: dict[str, Any] = json.loads((_home() / "last.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return found


def backed_up_through(organisation: Organisation) -> int:
    """Counter up to which the facts of this organisation's present epoch are in a backup; 0 when none. Needs its scope."""
    reached = (last() or {"through": {}})["through"].get(str(organisation.id))
    if reached is None or reached["epoch"] != str(Head.objects.get(organisation=organisation).epoch):
        return 0
    return int(reached["counter"])


# -- beginning again -----------------------------------------------------------------------------------------------------


@contextmanager
def unfinished() -> Iterator[None]:
    """While inside, and afterwards if it ends with half a restore in the database, the start is refused."""
    marker = _home() / "restoring"
    _replace(marker, _this_database())
    try:
        yield
    except BackupError:
        if is_empty(settings.OWNER_LOGIN()):
            marker.unlink()
        raise
    marker.unlink()


def was_interrupted() -> bool:
    """Whether a restore began here and did not end."""
    return (_home() / "restoring").exists()


def may_go_on() -> bool:
    """Whether what is in this very database is half a restore, which the next one may remove. Another database is somebody's records."""
    return was_interrupted() and (_home() / "restoring").read_text() == _this_database()


def _this_database() -> str:
    """Which database the settings name; the embedded one's socket moves, but there is only one in this folder."""
    login = settings.OWNER_LOGIN()
    return f"{login['HOST']}:{login.get('PORT') or ''}/{login['NAME']}" if settings.CONFIG.database_url else "embedded"


def begin_again(file: str, manifest: Mapping[str, Any]) -> None:
    """After a restore: a new epoch, so that devices send again what they hold; a line in the audit; no sign-in and no set-up code survives."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM kernel_session")
        SetUpCode.objects.all().delete()  # one that was used after the backup would be good again
        for organisation in Organisation.objects.all():
            with scope.enter([organisation.key]):
                head = Head.objects.select_for_update().get(organisation=organisation)
                before, head.epoch = head.epoch, ids.random()
                head.save(update_fields=["epoch"])
                audit.write(
                    "restored", actor=system_actor(organisation), object_kind="organisation", object_id=organisation.id,
                    detail={"from": file, "made_at": manifest["made_at"], "facts": head.counter, "epoch_before": str(before), "epoch": str(head.epoch)},
                )


def verify() -> list[str]:
    """Check chains, audit and that every state can be folded again, for every organisation; what is wrong, as sentences."""
    problems: list[str] = []
    with as_owner():
        for organisation in Organisation.objects.all():
            with transaction.atomic(), scope.enter([organisation.key]):
                found = [*verify_chain()[2], *audit.verify().problems]
                found += [f"Replayed state differs in {d.table}: {d.only_live} only live, {d.only_replayed} only replayed." for d in rebuild()]
                transaction.set_rollback(True)
            problems += [f"{organisation.name}: {problem}" for problem in found]
    return problems
