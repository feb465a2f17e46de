"""`handrail keys`: who may open them, how much is risked, unlocking, locking, and every way back. And the process that holds a ring."""

from __future__ import annotations

import argparse
import fcntl
import getpass
import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handrail.kernel import clock, crypto, keyholder, officers
from handrail.kernel.config import Config, from_environment
from handrail.kernel.keyholder import NotUnlocked
from handrail.kernel.whole_database import BackupError


@dataclass(frozen=True)
class House:
    """How `handrail.cli` opens the house."""

    open: Callable[[], AbstractContextManager[Any]]


def add_commands(commands: Any, house: House) -> None:
    """Add `keys` and `keyholder` to the program's commands."""
    holder = commands.add_parser("keyholder", help="Hold the keys of one ring; started by `run` in high-risk mode.")
    holder.add_argument("ring", choices=["codes", "vault"])
    holder.set_defaults(run=_hold)
    keys = commands.add_parser("keys", help="Who may open the keys, and how much is risked.")
    actions = keys.add_subparsers(dest="action", required=True)

    def action(name: str, run: Callable[[argparse.Namespace, House], int], help_text: str, *, opens: bool = False) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = actions.add_parser(name, help=help_text, description=help_text)
        made.set_defaults(run=lambda parsed: _explained(lambda: run(parsed, house)))
        if opens:
            made.add_argument("--officer", default="", help="who unlocks; asks for their words")
            made.add_argument("--key-file", type=Path, help="a file with a secret key, such as on a USB stick")
            made.add_argument("--paper", action="store_true", help="asks for the key on paper")
        return made

    action("status", _status, "Say how the keys stand.")
    add = action("add", _add, "Add an officer who can open the keys alone.", opens=True)
    add.add_argument("name", help="what colleagues call them; not a legal name")
    add.add_argument("--public-key", default="", metavar="age1…", help="of a key they keep elsewhere; without it they unlock with words")
    action("paper", _paper, "Make the key on paper, for a sealed envelope in another place.", opens=True)
    remove = action("remove", _remove, "Take an officer off the list.", opens=True)
    remove.add_argument("name")
    action("high", _high, "High-risk mode: the disk holds the keys only sealed to the officers.")
    action("low", _low, "Low-risk mode: the keys lie in private files, and the server starts unattended.", opens=True)
    action("exchange", _exchange, "A new key for the vault.", opens=True)
    action("unlock", _unlock, "Unlock a running server.", opens=True)
    action("lock", _lock, "Lock now.")
    back = action("bring-back", _bring_back, "Put the keystore's backup back.")
    back.add_argument("file", type=Path)
    back.add_argument("--identity", type=Path, required=True, metavar="KEYFILE", help="a secret key that backups were sealed to")
    lost = action("begin-again", _begin_again, "All officers and the paper are lost: make new keys.")
    lost.add_argument("--everything-sealed-is-lost", action="store_true", help="say that you know what this means")


def _explained(work: Callable[[], int]) -> int:
    try:
        return work()
    except (crypto.SealError, officers.OfficerError, NotUnlocked, BackupError) as problem:
        raise ValueError(str(problem)) from None


def _risk() -> Any:
    return importlib.import_module("handrail.vault.risk")


@contextmanager
def nobody_runs(config: Config) -> Iterator[None]:
    """Changing the keys needs the server to stand still: `run` holds this lock."""
    config.var.mkdir(parents=True, exist_ok=True)
    with (config.var / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise officers.OfficerError("The server is running. Stop it first.") from None
        yield


def _identity(parsed: argparse.Namespace, config: Config) -> str:
    """The secret key of whoever opens, from words, a file or paper; empty when the keys are not sealed."""
    if not (config.keys / "vault.age").exists():
        return ""
    if parsed.officer:
        return officers.identity_of(config.keys, parsed.officer, _secret(f"Words of {parsed.officer}: "))
    if parsed.key_file:
        if not parsed.key_file.exists():
            raise officers.OfficerError(f"There is no key file {parsed.key_file}.")
        return str(parsed.key_file.read_text())
    if parsed.paper:
        return _secret("The key on paper (AGE-SECRET-KEY-1…): ")
    raise officers.OfficerError("Say who opens the keys: --officer NAME, --key-file FILE or --paper.")


def _secret(prompt: str) -> str:
    """Something typed that is not shown; from a pipe one line, for scripts."""
    return getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline().strip()


# -- commands ------------------------------------------------------------------------------------------------------------


def _hold(parsed: argparse.Namespace) -> int:
    config = from_environment()
    if not keyholder.keep_to_itself():
        sys.stderr.write("Memory may be swapped out: the system did not allow to keep it in place. Encrypt the swap, or allow it (ulimit -l).\n")
    is_vault = parsed.ring == "vault"
    holder = keyholder.Holder(
        config.keys, parsed.ring, idle_seconds=config.lock_idle_minutes * 60 if is_vault else 0,
        nightly=config.lock_nightly if is_vault else "", time_zone=config.time_zone,
    )
    return keyholder.serve(holder, keyholder.socket_of(config.keys, parsed.ring))


def _status(_parsed: argparse.Namespace, _house: House) -> int:
    config = from_environment()
    sealed = (config.keys / "vault.age").exists()
    lines = ["High-risk mode: the keys lie sealed to the officers." if sealed else "Low-risk mode: the keys lie in private files on this disk."]
    for ring in ("codes", "vault") if sealed else ():
        status = keyholder.status(config.keys, ring)
        said = "open" if status.is_open else "locked" if status.is_running else "no process holds it; the server is not running"
        lines.append(f"  {ring}: {said}" + (f", locks itself in {status.seconds_left // 60} min" if status.seconds_left else ""))
    listed = officers.all_of(config.keys)
    lines += [f"  {'key on paper' if o.is_paper else f'officer {o.name}'}: {'words' if o.has_words else 'a key kept elsewhere'}, since {o.added}" for o in listed]
    if not officers.are_enough(listed):
        lines.append("Two officers and a key on paper are needed for high-risk mode; see docs/how-to/set-up-the-keys.md.")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _add(parsed: argparse.Namespace, house: House) -> int:
    with house.open() as config, nobody_runs(config):
        identity, today = _identity(parsed, config), clock.local_date(clock.now(), "UTC")
        if parsed.public_key:
            officer = officers.with_key(parsed.name, parsed.public_key, today)
        else:
            words = _secret(f"New words of {parsed.name}, five or more: ")
            if " ".join(_secret("The same words again: ").split()) != " ".join(words.split()):
                raise officers.OfficerError("The two were not the same. Nothing was changed.")
            officer = officers.with_words(parsed.name, words, today)
        _risk().add(officer, identity=identity)
    sys.stdout.write(f"{officer.name} can open the keys now. Try it on the next start.\n")
    return 0


def _paper(parsed: argparse.Namespace, house: House) -> int:
    with house.open() as config, nobody_runs(config):
        officer, secret = officers.on_paper(clock.local_date(clock.now(), "UTC"))
        _risk().add(officer, identity=_identity(parsed, config))
    sys.stdout.write(
        f"\n  {secret}\n\nPrint or copy it exactly, put it into a sealed envelope, and keep it in another place: with a lawyer, a partner abroad."
        "\nIt is shown only now. Whoever has it and this disk can open everything.\n"
    )
    return 0


def _remove(parsed: argparse.Namespace, house: House) -> int:
    with house.open() as config, nobody_runs(config):
        _risk().remove(parsed.name, identity=_identity(parsed, config))
    sys.stdout.write(f"{parsed.name} is off the list. From an older copy of this disk they can still open: run `handrail keys exchange`.\n")
    return 0


def _high(_parsed: argparse.Namespace, house: House) -> int:
    with house.open() as config, nobody_runs(config):
        _risk().go_high()
    sys.stdout.write("The keys are sealed. After each start somebody unlocks: `handrail keys unlock --officer NAME`, or the page Keys.\n")
    return 0


def _low(parsed: argparse.Namespace, house: House) -> int:
    with house.open() as config, nobody_runs(config):
        _risk().go_low(identity=_identity(parsed, config))
    sys.stdout.write("The keys lie in private files now. Whoever has this disk has the keys: encrypt it.\n")
    return 0


def _exchange(parsed: argparse.Namespace, house: House) -> int:
    with house.open() as config, nobody_runs(config):
        done = _risk().exchange(identity=_identity(parsed, config))
    sys.stdout.write(f"The vault has a new key; {done} keys are locked with it.\n")
    return 0


def _unlock(parsed: argparse.Namespace, _house: House) -> int:
    config = from_environment()
    if not (config.keys / "vault.age").exists():
        sys.stdout.write("The keys are not sealed; nothing is locked.\n")
        return 0
    words = _secret(f"Words of {parsed.officer}: ") if parsed.officer else ""
    identity = "" if parsed.officer else _identity(parsed, config)
    for ring in ("codes", "vault"):
        keyholder.unlock(config.keys, ring, officer=parsed.officer, words=words, identity=identity)
    sys.stdout.write("Unlocked.\n")
    return 0


def _lock(_parsed: argparse.Namespace, _house: House) -> int:
    config = from_environment()
    was_open = [ring for ring in ("vault", "codes") if keyholder.end(config.keys, ring)]
    if not (config.keys / "vault.age").exists():
        sys.stdout.write("Low-risk mode: the keys lie on the disk, so there is nothing to lock. Switch the machine off.\n")
        return 1
    sys.stdout.write("Locked. Every process that may hold something opened is ending.\n" if was_open else "It was locked already.\n")
    return 0


def _bring_back(parsed: argparse.Namespace, house: House) -> int:
    with house.open():
        settings = importlib.import_module("handrail.settings")
        identities = crypto.read_identities(parsed.identity.read_text())
        found = importlib.import_module("handrail.vault.keystore_backup").restore(parsed.file, identities, owner=settings.OWNER_LOGIN())
        again = importlib.import_module("handrail.vault.setting_up").reapply()
    sys.stdout.write(f"{found} keys are back; {again} of records that were erased since were destroyed again.\n")
    return 0


def _begin_again(parsed: argparse.Namespace, house: House) -> int:
    if not parsed.everything_sealed_is_lost:
        raise officers.OfficerError(
            "Nothing sealed can ever be read again after this, and every card and self-made code has to be given anew. Visits, stock and numbers"
            " stay as they are. If no officer and no paper is left, say so: --everything-sealed-is-lost"
        )
    with house.open() as config, nobody_runs(config):
        lost = _risk().begin_again()
    sys.stdout.write(
        f"There are new keys. {lost.sealed_records} sealed records and {lost.waiting} waiting items stay unreadable; everything else is as it was."
        "\nThe old sealed keys are kept beside: if an officer's words come back to them, ask for help before you remove anything."
        "\nGive people new cards or make their code again; add officers and a paper key now.\n"
    )
    return 0
