"""What was erased stays erased, whichever backups come back: with real files, real restores and real processes."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.chaos.machines import KEYSTORE, Machine, main_files

pytestmark = pytest.mark.chaos
PHONE = "0799 4711 4711"
FIND = """
from handrail.kernel import scope
from handrail.vault import keystore, records
from handrail.vault.models import SealedRecord
from tests import world
found = world.Organisation.objects.get(name="Harbour")
def harbour(): return scope.enter([found.key])
"""
SEAL = f"""
_migrate_now()
from handrail.facts.models import Site
from handrail.kernel import ids
from handrail.vault.spec import STORES
from tests import world
world.build()
{FIND}
with harbour():
    site, system = Site.objects.filter(kind="drop_in").first(), world.organisations.system_actor(found)
    store = STORES["vault.contact"]
    for _person in range(2):
        said = records.checked(store, {{"phone": "{PHONE}"}})
        records.seal(actor=system, store=store, participant=ids.random(), site=site, said=said, organisation=found.id)
"""
ERASE = f"""{FIND}
from django.db import transaction
with harbour(), transaction.atomic():
    first = SealedRecord.objects.order_by("key").first()
    records.destroy(actor=world.organisations.system_actor(found), organisation=found.id, records=[first], why="asked")
"""
LOOK = f"""{FIND}
from handrail.kernel import crypto
with harbour():
    opened = []
    for record in SealedRecord.objects.order_by("key"):
        try:
            key = records._data_key(record, found.id)
        except records.Gone:
            continue
        context = records.record_context(found.id, record.id, record.store, record.version)
        opened.append("{PHONE}" in crypto.unlock_bytes(key, context, bytes(record.sealed)).decode())
    print(json.dumps({{"opened": opened, "rows": SealedRecord.objects.count()}}))
"""
BACK_UP_LATER = """
import time_machine
from datetime import timedelta
from pathlib import Path
from handrail.kernel import clock
from handrail.vault import backups
with time_machine.travel(clock.now() + timedelta(days=31)):
    backups.make(Path("FOLDER"))
"""


def seen(machine: Machine) -> dict[str, Any]:
    return dict(json.loads(machine.inside(LOOK).splitlines()[-1]))


def both(machine: Machine, folder: Path) -> SimpleNamespace:
    """A backup into a folder of its own: the main file, and the keystore's beside it."""
    said = json.loads(machine.run("backup", folder, "--format", "json"))
    return SimpleNamespace(main=said["file"], keystore=said["keystore"], folder=folder)


@pytest.fixture(scope="module")
def life() -> Iterator[SimpleNamespace]:
    """Two people's phone numbers; a backup; one of the two is erased; another backup."""
    place = Path(tempfile.mkdtemp(prefix="hr-erasure-"))
    place.chmod(0o755)
    machine = Machine(place / "original")
    machine.inside(SEAL)
    machine.run("backup", "keys", "--out", place / "usb-1", "--out", place / "usb-2")
    assert seen(machine) == {"opened": [True, True], "rows": 2}
    before = both(machine, place / "before")
    machine.inside(ERASE)
    assert seen(machine) == {"opened": [True], "rows": 1}
    yield SimpleNamespace(machine=machine, place=place, key=place / "usb-1", before=before, after=both(machine, place / "after"))
    shutil.rmtree(place, ignore_errors=True)


def restored(life: SimpleNamespace, name: str, main: str, keystore: str | None) -> Machine:
    machine = Machine(life.place / name)
    machine.run("restore", main, "--identity", life.key, *(["--keystore", keystore] if keystore else []))
    return machine


def test_an_older_backup_with_todays_keystore_brings_nobody_back(life):
    assert seen(restored(life, "older-main", life.before.main, life.after.keystore)) == {"opened": [True], "rows": 1}


def test_an_older_keystore_loses_the_erased_key_again(life):
    machine = restored(life, "older-keystore", life.after.main, life.before.keystore)
    assert seen(machine) == {"opened": [True], "rows": 1}
    assert len(machine.everything_in("handrail_keystore")["data_key"]) == 1


def test_without_the_keystore_nothing_opens_until_it_is_brought_back(life):
    machine = restored(life, "no-keystore", life.after.main, None)
    assert seen(machine) == {"opened": [], "rows": 1}
    assert "are back" in machine.run("keys", "bring-back", life.after.keystore, "--identity", life.key)
    assert seen(machine) == {"opened": [True], "rows": 1}


def test_after_a_month_no_file_that_is_left_opens_what_was_erased(life):
    """Both files from before the erasure open it: the price of having backups, paid for thirty days (`docs/explain/vault.md`)."""
    assert seen(restored(life, "both-older", life.before.main, life.before.keystore)) == {"opened": [True, True], "rows": 2}
    folder = shutil.copytree(life.before.folder, life.place / "kept")
    killed = folder / f".{KEYSTORE}20260101T000000Z.age.0123456789abcdef"
    killed.write_bytes(b"half a file of a backup that was killed")
    life.machine.inside(BACK_UP_LATER.replace("FOLDER", str(folder)))
    assert len(list(main_files(folder))) == 2
    assert not (folder / Path(life.before.keystore).name).exists()
    assert not killed.exists()
    newest, = folder.glob(f"{KEYSTORE}*.age")
    assert seen(restored(life, "a-month-later", life.before.main, str(newest)))["opened"] == [True]
