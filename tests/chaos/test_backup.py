"""Backup, restore and moving, drilled with real processes: what comes out is what went in, or nothing comes out at all."""

from __future__ import annotations

import io
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest

from handrail.kernel import crypto
from handrail.kernel.embedded_postgres import EmbeddedPostgres
from tests.chaos.machines import KEYSTORE, Machine, main_files, rows_of
from tests.plugin import ROOT
from tests.words import CARD, PASSWORD

pytestmark = pytest.mark.chaos
CHANGED_BY_A_RESTORE = {"facts_head", "facts_notice", "kernel_auditentry", "kernel_audithead", "kernel_session", "kernel_throttle", "django_tasks_database_dbtaskresult"}
CANARY = "Heron-canary-4711"

WORLD = f"""
_migrate_now()
from django.test import Client
from handrail.facts.models import Site
from handrail.facts.record import Draft, Mode, record_many
from handrail.facts.spec import KINDS
from handrail.kernel import clock, ids, scope
from tests import world
world.build(); world.busy()
found = world.find()
with scope.enter([found.harbour.key]):
    Site.objects.filter(key=found.van.key).update(name="{CANARY}")
    for kind in KINDS:
        visit = ids.new()
        common = {{"site": found.van.id, "participant": ids.random(), "occurred_at": clock.now()}}
        drafts = [Draft(kind="facts.encounter", payload={{}}, id=visit, **common)] if kind.key != "facts.encounter" else []
        drafts.append(Draft(kind=kind.key, payload=kind.sample, encounter=visit if kind.needs_encounter else None, **common))
        record_many(drafts, actor=found.system, mode=Mode.ARRIVED)
"""
RECORD_ONE_MORE = """
from handrail.facts.record import Draft, record
from handrail.kernel import scope
from tests import world
with scope.enter([(harbour := world.Organisation.objects.get(name="Harbour")).key]):
    site = world.Site.objects.filter(kind="drop_in").first()
    record(Draft(kind="facts.encounter", payload={}, site=site.id), actor=world.organisations.system_actor(harbour))
"""
SIGN_IN_AND_FIND = f"""
from django.test import Client
from handrail.facts import backups, participants
from handrail.facts.models import Head, Organisation
from handrail.kernel import scope
from handrail.kernel.models import AuditEntry
browser = Client(HTTP_ORIGIN="http://localhost", HTTP_HOST="localhost")
status = browser.post("/sign-in/", {{"username": "naima", "password": "{PASSWORD}", "next": "/"}}).status_code
harbour = Organisation.objects.get(name="Harbour")
with scope.enter([harbour.key]):
    line = AuditEntry.objects.filter(action="restored").last()
    print(json.dumps({{
        "signed_in": status == 302 and "_auth_user_id" in browser.session, "card": str(participants.find_by_card("{CARD}")),
        "epoch": str(Head.objects.get().epoch), "line": line and line.detail, "through": backups.backed_up_through(harbour),
        "counter": Head.objects.get().counter,
    }}))
"""


def differing(before: dict[str, list[str]], after: dict[str, list[str]]) -> set[str]:
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}


def signed_in(machine: Machine) -> dict[str, Any]:
    return json.loads(machine.inside(SIGN_IN_AND_FIND).splitlines()[-1])


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="hr-backup-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def original(place: Path) -> SimpleNamespace:
    """A machine with facts of every kind, the two keys of its backups, and one backup."""
    machine = Machine(place / "original")
    machine.inside(WORLD)
    machine.run("backup", "keys", "--out", place / "usb-1", "--out", place / "usb-2")
    said = json.loads(machine.run("backup", place / "backups", "--format", "json"))
    return SimpleNamespace(machine=machine, keys=[place / "usb-1", place / "usb-2"], file=Path(said["file"]), said=said, rows=machine.everything())


def test_a_restored_machine_equals_the_original_and_goes_on(original, place):
    new = Machine(place / "new")
    said = json.loads(new.run("restore", original.file, "--identity", original.keys[1], "--format", "json"))
    rows = new.everything()
    assert len(original.rows["facts_fact"]) == said["facts"] == original.said["facts"] > 20
    assert rows["facts_fact"] == original.rows["facts_fact"]
    assert differing(original.rows, rows) <= CHANGED_BY_A_RESTORE
    assert len(rows["kernel_auditentry"]) == len(original.rows["kernel_auditentry"]) + 2
    assert rows["kernel_session"] == []
    told = {json.loads(row)["kind"] for row in set(rows["facts_notice"]) - set(original.rows["facts_notice"])}
    assert told == {"restored"}
    was, now = signed_in(original.machine), signed_in(new)
    assert (now["signed_in"], now["card"]) == (True, was["card"])
    assert now["card"] != "None"
    assert now["epoch"] != was["epoch"]
    assert now["line"]["from"] == original.file.name
    assert (now["line"]["epoch_before"], now["line"]["epoch"]) == (was["epoch"], now["epoch"])
    assert (was["through"], now["through"]) == (was["counter"], 0)
    new.run("rebuild", "--verify")
    new.run("audit", "verify")
    new.run("selfcheck")
    new.inside(RECORD_ONE_MORE)
    again = json.loads(new.run("backup", place / "backups-of-new", "--format", "json"))
    assert again["recipients"] == original.said["recipients"]
    assert again["facts"] == said["facts"] + 1
    assert signed_in(new)["through"] == now["counter"] + 1


def test_a_backup_from_before_an_earlier_restore_begins_a_third_epoch(original, place):
    second, third = Machine(place / "second"), Machine(place / "third")
    for machine in (second, third):
        machine.run("restore", original.file, "--identity", original.keys[0])
    epochs = {signed_in(machine)["epoch"] for machine in (original.machine, second, third)}
    assert len(epochs) == 3


def test_the_server_cannot_open_its_own_backups(original, place):
    content = original.file.read_bytes()
    assert content.startswith(b"age-encryption.org/v1")
    assert CANARY.encode() not in content
    secrets = [path.read_text().split("\n")[2] for path in original.keys]
    held = [path for path in original.machine.var.rglob("*") if path.is_file() and "postgres" not in path.parts]
    for path in held:
        assert not any(secret.encode() in path.read_bytes() for secret in secrets)
    other = Machine(place / "other")
    (place / "not-text").write_bytes(b"x")
    for path in (original.machine.var / "backup" / "recipients", place / "not-text"):
        assert "AGE-SECRET-KEY-1" in other.run("restore", original.file, "--identity", path, fails=True)
    assert original.file.stat().st_mode & 0o077 == 0


MADE_LATER = """
import sys; from pathlib import Path
from handrail import cli_backup
from handrail.kernel import backup
real = backup.check
def check(*arguments):
    opened = real(*arguments)
    opened.manifest[sys.argv[1]] = eval(sys.argv[2])
    return opened
backup.check = check
from handrail.cli import main; main(sys.argv[3:])
"""


@pytest.mark.parametrize(("name", "value"), [("version", "'99.0.0'"), ("migrations", "['facts.9999_from_next_year']")])
def test_a_backup_of_a_newer_version_is_refused_before_anything_is_written(original, place, name, value):
    machine = Machine(place / f"older-{name}")
    command = [sys.executable, "-c", MADE_LATER, name, value, "restore", str(original.file), "--identity", str(original.keys[0])]
    done = subprocess.run(command, env=machine.environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "which is older. Nothing was changed" in done.stderr
    assert machine.everything() == {}
    assert not (machine.var / "keys" / "lookup.key").exists()
    assert not (machine.var / "backup" / "restoring").exists()


def test_a_key_that_could_not_be_written_is_not_sealed_to(original, place):
    machine = Machine(place / "full-stick")
    machine.run("migrate")
    stick = Path("/dev/full")
    done = subprocess.run(
        [sys.executable, "-c", "import os, sys; real = os.open; os.open = lambda p, f, *m: real(p, os.O_WRONLY if str(p) == '/dev/full' else f, *m)\n"
         "from handrail.cli import main; main(sys.argv[1:])", "backup", "keys", "--out", str(stick)],
        env=machine.environment, cwd=ROOT, capture_output=True, text=True, check=False,
    )
    assert done.returncode != 0
    assert not (machine.var / "backup" / "recipients").exists()


def test_a_wrong_key_opens_nothing(original, place):
    stranger, other = Machine(place / "stranger"), Machine(place / "unopened")
    stranger.run("backup", "keys", "--out", place / "stranger-key")
    assert "sealed to other keys" in other.run("restore", original.file, "--identity", place / "stranger-key", fails=True)
    assert not (other.var / "backup" / "restoring").exists()


def test_a_damaged_or_cut_file_is_refused_and_changes_nothing(original, place):
    machine, chance = Machine(place / "damaged"), random.Random(7)
    content = original.file.read_bytes()
    broken = place / "broken.age"
    places = [len(content) - 1, len(content) // 2, *(chance.randrange(200, len(content)) for _again in range(3))]
    for at in places:
        broken.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        machine.run("restore", broken, "--identity", original.keys[0], fails=True)
    for length in (0, 100, 70_000, len(content) - 1):
        broken.write_bytes(content[:length])
        machine.run("restore", broken, "--identity", original.keys[0], fails=True)
    broken.write_bytes(content + b"x")
    machine.run("restore", broken, "--identity", original.keys[0], fails=True)
    assert not (machine.var / "postgres").exists()
    assert not (machine.var / "keys" / "lookup.key").exists()


def test_records_are_never_written_over(original, place):
    before = original.machine.everything()
    assert "never writes over" in original.machine.run("restore", original.file, "--identity", original.keys[0], fails=True)
    assert original.machine.everything() == before


def test_a_table_that_is_missing_is_noticed_and_nothing_is_kept(original, place):
    script = (
        "import sys; from handrail.kernel import backup; real = backup.start\n"
        "def start(name, login, *rest, **pipes):\n"
        "    return real(name, login, *rest, *(['--exclude-table-data=public.stock_leg'] if name == 'pg_dump' else []), **pipes)\n"
        "backup.start = start\n"
        "from handrail.cli import main; main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", script, "backup", str(place / "lacking")]
    subprocess.run(command, env=original.machine.environment, cwd=ROOT, check=True, capture_output=True)
    machine = Machine(place / "lacking-restored")
    said = machine.run("restore", next(main_files(place / "lacking")), "--identity", original.keys[0], fails=True)
    assert "stock_leg had" in said
    assert machine.everything() == {}
    machine.run("restore", original.file, "--identity", original.keys[0])


def test_a_backup_killed_at_any_moment_leaves_no_half_file(original, place):
    folder, chance = place / "killed", random.Random(11)
    for _kill in range(8):
        process = subprocess.Popen(
            [sys.executable, "-m", "handrail.cli", "backup", str(folder)], env=original.machine.environment, cwd=ROOT, stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 30
        while process.poll() is None and not list(folder.glob(".*.part")) and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(chance.random() * 0.08)
        process.send_signal(signal.SIGKILL)
        process.wait()
    whole = list(folder.glob("*.age"))
    original.machine.run("backup", folder)
    assert list(folder.glob(".*.part")) == []
    everything = [*whole, *folder.glob("*.age")]
    identities = crypto.read_identities(original.keys[0].read_text())
    for path in everything:
        with path.open("rb") as sealed:
            crypto.open_stream(sealed, io.BytesIO(), identities)
    checked = (
        "import sys; from pathlib import Path; from handrail.kernel import backup, crypto\n"
        "for path in sys.argv[2:]: backup.check(Path(path), crypto.read_identities(Path(sys.argv[1]).read_text()))"
    )
    subprocess.run([sys.executable, "-c", checked, str(original.keys[0]), *map(str, (path for path in everything if not path.name.startswith(KEYSTORE)))], env=original.machine.environment, cwd=ROOT, check=True)


def test_an_interrupted_restore_stops_the_start_and_can_be_done_again(original, place):
    command = [sys.executable, "-m", "handrail.cli", "restore", str(original.file), "--identity", str(original.keys[0])]
    machine, longest, met, chance = Machine(place / "interrupted"), 0.8, 0, random.Random(3)
    for kill in range(12):
        marker = machine.var / "backup" / "restoring"
        process = subprocess.Popen(command, env=machine.environment, cwd=ROOT, stdout=subprocess.DEVNULL)
        while process.poll() is None and not marker.exists():
            time.sleep(0.001)
        time.sleep(chance.random() * longest)
        process.kill()
        process.wait()
        if marker.exists():
            met += 1
            assert "did not end" in machine.run("run", fails=True)
        else:  # it was done before the kill: again on an empty machine, sooner
            machine, longest = Machine(place / f"interrupted-{kill}"), longest / 2
        if met == 4:
            break
    assert met >= 2, "hardly a kill met a restore at work"
    machine.run("restore", original.file, "--identity", original.keys[0])
    assert machine.everything()["facts_fact"] == original.rows["facts_fact"]


def test_one_key_is_not_enough_unless_somebody_says_so(place):
    machine = Machine(place / "small")
    machine.run("migrate")
    assert "There is no key" in machine.run("backup", place / "of-small", fails=True)
    said = machine.run("backup", "keys")
    assert "AGE-SECRET-KEY-1" in said
    assert "only one key" in machine.run("backup", place / "of-small", fails=True)
    machine.run("backup", place / "of-small", "--one-recipient-i-know")
    machine.run("backup", "keys")
    (place / "of-small" / "handrail-other-20200101T000000Z.age").write_text("somebody else's")
    for _again in range(3):
        time.sleep(1)
        machine.run("backup", place / "of-small", "--keep", 2)
    kept = sorted(path.name for path in main_files(place / "of-small"))
    assert len(kept) == 3
    assert "handrail-other-20200101T000000Z.age" in kept
    assert len(list((place / "of-small").glob(f"{KEYSTORE}*"))) == 4  # of each, until a month has passed


def test_the_daily_backup_runs_where_a_folder_is_set(original, place):
    script = "from handrail.vault import backups; print(json.dumps(backups.back_up_daily.func()))"
    assert json.loads(original.machine.inside(script)) == ""
    daily = Machine(original.machine.var, HANDRAIL_BACKUP_FOLDER=str(place / "daily"), HANDRAIL_BACKUP_KEEP="1")
    names = [json.loads(daily.inside(script)) for _again in range(2)]
    assert [path.name for path in main_files(place / "daily")] == names[1:]


def addresses(server: EmbeddedPostgres) -> list[str]:
    found = []
    for role in ("app", "owner", "backup"):
        login = server.login(role)
        found.append(f"postgresql://{login.user}:{quote(login.password)}@/{login.database}?host={quote(str(login.socket))}")
    return found


def test_moving_to_a_server_and_back_keeps_every_row(original, place):
    machine = Machine(place / "moving")
    machine.run("restore", original.file, "--identity", original.keys[0])
    facts, before = signed_in(machine), machine.everything()  # signing in changes a row
    with EmbeddedPostgres(place / "a-server") as server:
        server.create_database("handrail_keystore")
        app, owner, backup = addresses(server)
        worker = subprocess.Popen([sys.executable, "-m", "handrail.cli", "worker"], env=machine.environment, cwd=ROOT)
        try:
            users = machine.var / "postgres" / "users.lock"
            while not users.exists() or not subprocess.run(["flock", "-n", str(users), "true"], check=False).returncode:
                time.sleep(0.02)
            assert "server is running" in machine.run("move", "--to", app, "--owner", owner, "--backup", backup, fails=True)
        finally:
            worker.terminate()
            worker.wait()
        assert "HANDRAIL_MOVE_BACKUP" in machine.run("move", "--to", app, "--owner", owner, fails=True)
        assert "BYPASSRLS" in machine.run("move", "--to", app, "--owner", owner, "--backup", owner, fails=True)
        asked = {"HANDRAIL_MOVE_TO": app, "HANDRAIL_MOVE_OWNER": owner, "HANDRAIL_MOVE_BACKUP": backup}
        said = json.loads(Machine(machine.var, **asked).run("move", "--format", "json"))
        ordinary = {"kernel_session", "kernel_throttle", "kernel_schedule", "django_migrations", "django_tasks_database_dbtaskresult"}
        assert differing(before, rows_of(server)) <= ordinary
        assert "already" in machine.run("move", "--to", app, "--owner", owner, "--backup", backup, fails=True)
        moved = Machine(machine.var, **said["environment"])  # what it printed, and nothing else
        assert "BACKUP_DATABASE_URL" not in moved.run("selfcheck")
        forgotten = Machine(machine.var, HANDRAIL_DATABASE_URL=app, HANDRAIL_OWNER_DATABASE_URL=owner)
        assert "HANDRAIL_BACKUP_DATABASE_URL is not set" in forgotten.run("selfcheck")
        daily = Machine(machine.var, **said["environment"], HANDRAIL_BACKUP_FOLDER=str(place / "daily-of-the-server"))
        name = json.loads(daily.inside("from handrail.vault import backups; print(json.dumps(backups.back_up_daily.func()))"))
        assert (place / "daily-of-the-server" / name).exists()
        now = signed_in(moved)
        assert (now["epoch"], now["signed_in"], now["card"]) == (facts["epoch"], True, facts["card"])
        moved.inside(RECORD_ONE_MORE)
        moved.run("backup", place / "of-the-server")
        assert "already" in moved.run("move", "--to", "embedded", fails=True)
        shutil.rmtree(machine.var / "postgres")
        moved.run("move", "--to", "embedded")
        there = rows_of(server)
    back = machine.everything()
    assert len(back["facts_fact"]) == len(before["facts_fact"]) + 1
    assert differing(there, back) <= ordinary
    machine.inside(RECORD_ONE_MORE)
    machine.run("selfcheck")
