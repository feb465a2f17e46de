"""The drill itself: a server in high-risk mode, five hundred people through its screens, backups, and then the power goes."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench._server import ROOT, Browser, free_port
from handrail.kernel import crypto, keyholder, officers
from handrail.kernel.embedded_postgres import EmbeddedPostgres
from tests.seizure.canaries import HOW_MANY, PEOPLE, Canary
from tests.seizure.memory import held, processes_of
from tests.words import PASSWORD

_SET_UP = """
import json, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "handrail.settings"
from handrail.cli import _open_house, _migrate_now
with _open_house() as config:
    _migrate_now()
    from tests import world
    world.build()
    world.busy()
    from handrail.facts import backups, organisations, setting_changes
    from handrail.facts.models import RoleAssignment
    from handrail.kernel import clock, officers, scope
    from handrail.vault import risk
    from handrail.vault.values import KEEP_NAMES, OPENINGS_A_DAY
    found = world.find()
    with scope.enter([found.harbour.key]):
        for who in ("naima", "nurse"):
            for role in ("outreach", "nurse", "mail_team"):
                RoleAssignment.objects.get_or_create(staff=found.staff[who], role=role, site=found.van)
        for value, typed in ((KEEP_NAMES, "true"), (OPENINGS_A_DAY, "200")):
            setting_changes.set_value(actor=found.system, value=value, typed=typed, site=None, valid_from=world.today(), source="the drill")
    today = clock.local_date(clock.now(), "UTC")
    paper, secret = officers.on_paper(today)
    for officer in (officers.with_key("Ada", json.loads(sys.argv[1])[0], today), officers.with_key("Ben", json.loads(sys.argv[1])[1], today), paper):
        risk.add(officer)
    risk.go_high()
    backups.set_recipients(json.loads(sys.argv[1]))
    print(secret)
"""
_WAREHOUSE = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "handrail.settings"
from handrail.cli import _open_house
with _open_house():
    from handrail.facts.models import Organisation
    from handrail.insight import warehouse
    for organisation in Organisation.objects.all():
        warehouse.build(organisation.key)
"""
_EVERYTHING_SEALED = """
import json, os
os.environ["DJANGO_SETTINGS_MODULE"] = "handrail.settings"
from handrail.cli import _open_house
with _open_house() as config:
    from handrail.facts.models import Organisation
    from handrail.kernel import scope
    from handrail.vault import inbox, records
    from handrail.vault.models import SealedRecord
    from handrail.facts.models import Handle
    from handrail.facts import handle_words
    from handrail.kernel import crypto
    said = []
    for organisation in Organisation.objects.all():
        inbox.process(organisation)
        with scope.enter([organisation.key]):
            for record in SealedRecord.objects.all():
                key = records._data_key(record, organisation.id)
                context = records.record_context(organisation.id, record.id, record.store, record.version)
                said.append([record.store, json.loads(records.unpad(crypto.unlock_bytes(key, context, bytes(record.sealed))))])
            said += [["handle", {"word": word}] for _row, word in handle_words.opened(list(Handle.objects.all()))]
    print(json.dumps(said))
"""
Stores = Sequence[tuple[str, Mapping[str, int]]]
"""Each sealed store, with its fields and how long each may be."""
LATE = 20
"""How many come while the vault is locked."""


@dataclass
class Seized:
    """What the police carry away, and, kept elsewhere, the keys."""

    folder: Path
    environment: dict[str, str]
    paper: str
    identities: tuple[str, ...]
    recipients: tuple[str, ...]
    profile: Path
    answers: dict[str, int] = field(default_factory=dict)
    while_open: dict[str, tuple[set[str], set[int]]] = field(default_factory=dict)
    after_locking: dict[str, tuple[set[str], set[int]]] = field(default_factory=dict)
    """What the memory of each process held, by its command: keys by name, and people."""

    @property
    def var(self) -> Path:
        """The installation's folder."""
        return self.folder / "var"

    @property
    def postgres(self) -> EmbeddedPostgres:
        """The embedded server, as a means to start it again."""
        return EmbeddedPostgres(self.var / "postgres")

    def places(self) -> dict[str, Path]:
        """Every folder that is searched, by what it is."""
        data = self.postgres.data
        return {
            "database": data / "base", "write-ahead log": data / "pg_wal", "rest of the database": self.postgres.folder, "installation": self.var,
            "backups": self.folder / "backups", "logs": self.folder / "logs", "temporary files": self.folder / "t", "browser profile": self.profile,
        }

    def run(self, script: str, *arguments: str) -> str:
        """Run a script inside the house; what it printed."""
        done = subprocess.run([sys.executable, "-c", script, *arguments], env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def everything_sealed(self) -> list[tuple[str, dict[str, str]]]:
        """With the key on paper: what lies in the vault and in the sealed stores, and handles."""
        with holders(self):
            return [(store, said) for store, said in json.loads(self.run(_EVERYTHING_SEALED))]

    def rows(self) -> dict[str, str]:
        """Every table as text, as somebody reads it who has the whole disk and no key."""
        found = {}
        with self.postgres as server:
            for database in ("handrail", "handrail_keystore"):
                tables = server.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", database).split()
                for table in tables:
                    found[f"{database}.{table}"] = server.sql(f'COPY "{table}" TO STDOUT', database)
        return found


@contextmanager
def holders(seized: Seized) -> Iterator[None]:
    """Both holders of the keys, unlocked with the paper."""
    processes = [subprocess.Popen([sys.executable, "-m", "handrail.cli", "keyholder", ring], env=seized.environment, cwd=ROOT) for ring in ("codes", "vault")]
    try:
        unlock(seized)
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def unlock(seized: Seized) -> None:
    """Unlock both rings with the paper, as soon as somebody holds them."""
    tempfile.tempdir, before = seized.environment["TMPDIR"], tempfile.tempdir
    try:
        for ring in ("codes", "vault"):
            deadline = time.monotonic() + 60
            while not keyholder.status(seized.var / "keys", ring).is_running:
                assert time.monotonic() < deadline
                time.sleep(0.1)
            keyholder.unlock(seized.var / "keys", ring, identity=seized.paper)
    finally:
        tempfile.tempdir = before


def lock(seized: Seized) -> None:
    """Lock, as `handrail keys lock` does."""
    subprocess.run([sys.executable, "-m", "handrail.cli", "keys", "lock"], env=seized.environment, cwd=ROOT, check=True, capture_output=True)


# -- people come -----------------------------------------------------------------------------------------------------------


class Worker:
    """Somebody at a counter, with the least of a browser."""

    def __init__(self, port: int, username: str) -> None:
        self.browser, self._name, self._port = Browser(port), username, port
        self.statuses: dict[str, int] = {}
        self.sign_in()
        self.site = self.browser.site("Van 1")

    def sign_in(self) -> None:
        """Sign in, as often as it takes while the server starts again."""
        deadline = time.monotonic() + 60
        while True:
            try:
                self.browser.sign_in(self._name, PASSWORD)
                return
            except (OSError, http.client.HTTPException, RuntimeError):
                self.browser.close()
                assert time.monotonic() < deadline
                time.sleep(0.3)

    def post(self, path: str, fields: dict[str, str]) -> tuple[int, str]:
        """Send a form; what it was answered is counted."""
        deadline = time.monotonic() + 60
        while True:
            try:
                status, text = self.browser.post(path, fields)
                break
            except (OSError, http.client.HTTPException):  # an idle connection was given up, or the server starts again
                self.browser.close()
                assert time.monotonic() < deadline
                time.sleep(0.3)
        route = re.sub(r"[0-9a-f-]{36}|(?<=people/)[\w-]{8}(?=/)", "…", path)
        self.statuses[f"{route} {status}"] = self.statuses.get(f"{route} {status}", 0) + 1
        return status, text

    def serve(self, who: Canary, stores: Stores) -> None:
        """One person, from the door to whatever they want written down."""
        word = self._by_code(who) if who.number % 5 == 0 else self._by_card(who)
        self.post(f"/people/{word}/handle/", {"at": self.site, "handle": who.said("handle")})
        for store, fields in stores:
            typed = {name: who.answer(name)[:longest] for name, longest in fields.items()}
            self.post(f"/people/{word}/sealed/{store}/", {"at": self.site, "id": str(uuid.uuid4()), **typed})
        if who.number % 10 == 3:
            self._by_mail(who)
        if who.number % 20 == 1:
            self._what_goes_wrong(who, word)
        if who.number % 25 == 2:
            for purpose in ("asked_to", "pack", "letter"):
                for store, _fields in stores:
                    self.post(f"/people/{word}/sealed/{store}/open/", {"at": self.site, "purpose": purpose})

    def _by_mail(self, who: Canary) -> None:
        """Somebody orders by mail; first their name stands where a word of theirs belongs."""
        form = {
            "item": "naloxone-nasal-4mg", "quantity": "1", "to-name": who.said("name"), "to-address": who.address, "to-note": who.said("words"),
            "to-contact": who.phone, "to-quiet": who.answer("how")[:120],
        }
        for handle in (who.said("name"), f"order-{who.number % 1000}"):
            self.post(f"/parcels/new/{self.site}/", {"id": str(uuid.uuid4()), "handle": handle, **form})

    def _by_code(self, who: Canary) -> str:
        answers = {"mother": who.said("mother"), "father": who.said("father"), "own": who.said("own"), "day": str(1 + who.number % 28), "month": str(1 + who.number // 28 % 12), "year": str(1960 + who.number % 40)}
        status, text = self.post(f"/people/find/{self.site}/", {"how": "code", "participant": str(uuid.uuid4()), **answers})
        found = re.search(r"/people/([\w-]{8})/", text)
        assert found, (status, text[:300])
        return found[1]

    def _by_card(self, who: Canary) -> str:
        status, where = self.post(f"/cards/new/{self.site}/", {"participant": str(uuid.uuid4()), "code": who.card, "handle": who.said("handle")})
        found = re.search(r"/people/([\w-]{8})/", where)
        assert found, (status, where[:300])
        return found[1]

    def _what_goes_wrong(self, who: Canary, word: str) -> None:
        """Names where none belong: in addresses, in a search, in a field that refuses them, at the sign-in."""
        self.browser.get(f"/people/{who.said('name')}/")
        self.browser.get(f"/{who.said('words')}/?q={who.said('name')}&phone={who.phone}")
        self.browser.get(f"/visits/at/{self.site}/?person={who.said('name')}")
        self.post(f"/people/find/{self.site}/", {"how": "handle", "handle": who.said("name")})
        self.post(f"/people/find/{self.site}/", {"how": "card", "card": who.said("name")})
        self.post(f"/people/find/{self.site}/", {"how": "code", "participant": "broken", "mother": who.said("mother"), "day": who.said("words"), "year": who.phone})
        self.post(f"/people/{word}/handle/", {"at": self.site, "handle": who.phone})
        self.post(f"/people/{word}/sealed/vault.mail_address/", {"at": self.site, "id": str(uuid.uuid4()), "name": who.said("name") * 40, "address": who.address})
        self.post("/confirm/", {"password": who.said("words"), "next": f"/{who.said('name')}/"})
        stranger = Browser(self.browser._connection.port)
        stranger.get(f"/sign-in/?next=/people/{who.said('name')}/")
        stranger.post("/sign-in/", {"username": who.said("name"), "password": who.said("words")})
        stranger.close()


def upload_pictures(worker: Worker) -> None:
    """A picture, and a list with names, where a spreadsheet belongs."""
    for who in PEOPLE[3::50]:
        table = f"Day,Place,Name,Phone,Note\n2025-03-01,Van 1,{who.said('name')},{who.phone},{who.answer('note')}\n".encode()
        mapping = b'name = "m"\n[columns]\ndate = "Day"\nsite = "Place"\n'
        for name, content in (("photo.png", who.picture), (f"{who.said('name')}.csv", table)):
            _send_files(worker, "/import/", {"file": (name, content), "mapping": ("m.toml", mapping)})


def _send_files(worker: Worker, path: str, files: dict[str, tuple[str, bytes]]) -> None:
    border = uuid.uuid4().hex
    parts = [f'--{border}\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{worker.browser._cookies["handrail-csrf"]}\r\n'.encode()]
    for name, (filename, content) in files.items():
        head = f'--{border}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    connection = worker.browser._connection
    cookies = "; ".join(f"{k}={v}" for k, v in worker.browser._cookies.items())
    headers = {"Cookie": cookies, "Origin": f"http://localhost:{connection.port}", "Content-Type": f"multipart/form-data; boundary={border}"}
    answer = None
    while answer is None:
        try:
            connection.request("POST", path, b"".join(parts) + f"--{border}--\r\n".encode(), headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):  # a server that refuses a file may hang up before it has it all
            connection.close()
            worker.statuses["refused"] = worker.statuses.get("refused", 0) + 1
            assert worker.statuses["refused"] < 50
    worker.statuses[f"{path} {answer.status}"] = worker.statuses.get(f"{path} {answer.status}", 0) + 1


# -- the whole drill ---------------------------------------------------------------------------------------------------------


@contextmanager
def seizing(stores: Stores, browse: object = None) -> Iterator[Seized]:
    """Everything up to the moment the machine stands in the evidence room. `browse(seized, port)` works in a real browser meanwhile."""
    folder = Path(tempfile.mkdtemp(prefix="hrs"))
    folder.chmod(0o755)
    for name in ("t", "backups", "logs", "profile"):
        (folder / name).mkdir()
    (folder / "t").chmod(0o777)
    port, pairs = free_port(), [crypto.new_identity() for _officer in range(2)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HANDRAIL_")} | {
        "HANDRAIL_VAR": str(folder / "var"), "HANDRAIL_PORT": str(port), "HANDRAIL_SESSION_IDLE_MINUTES": "600", "TMPDIR": str(folder / "t"),
        "PYTHONPATH": str(ROOT),
    }
    recipients = tuple(public for _secret, public in pairs)
    seized = Seized(folder, environment, "", tuple(secret for secret, _public in pairs), recipients, folder / "profile")
    before, tempfile.tempdir = tempfile.tempdir, str(folder / "t")
    try:
        seized.paper = seized.run(_SET_UP, json.dumps(recipients)).split()[-1]
        with (folder / "logs" / "server.log").open("wb") as log:
            process = subprocess.Popen([sys.executable, "-m", "handrail.cli", "run"], env=environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        try:
            _through_the_screens(seized, port, process.pid, stores, browse)
        finally:
            _power_cut(seized, process.pid)
            process.wait()
        yield seized
    finally:
        tempfile.tempdir = before
        shutil.rmtree(folder, ignore_errors=True)


def _remembered(seized: Seized, leader: int) -> dict[str, tuple[set[str], set[int]]]:
    secrets = {name: key for ring in ("codes", "vault") for name, key in officers.open_ring(seized.var / "keys", ring, seized.paper).items()}
    return {f"{pid} {command}": held(pid, secrets) for pid, command in processes_of(leader).items()}


def _through_the_screens(seized: Seized, port: int, leader: int, stores: Stores, browse: object) -> None:
    unlock(seized)
    workers = [Worker(port, name) for name in ("naima", "nurse", "naima")]
    shares = [[who for who in PEOPLE[: HOW_MANY - LATE] if who.number % len(workers) == at] for at in range(len(workers))]
    with ThreadPoolExecutor(len(workers)) as pool:
        list(pool.map(lambda pair: [pair[0].serve(who, stores) for who in pair[1]], zip(workers, shares, strict=True)))
    coordinator = Worker.__new__(Worker)
    coordinator.browser, coordinator._name, coordinator._port, coordinator.statuses, coordinator.site = Browser(port), "coordinator", port, {}, ""
    coordinator.sign_in()
    upload_pictures(coordinator)
    if callable(browse):
        browse(seized, port)
    seized.run(_WAREHOUSE)
    lock_and_go_on(seized, leader, workers[0], stores)
    for worker in [*workers, coordinator]:
        worker.browser.close()
        for route, count in worker.statuses.items():
            seized.answers[route] = seized.answers.get(route, 0) + count
    subprocess.run([sys.executable, "-m", "handrail.cli", "backup", str(seized.folder / "backups")], env=seized.environment, cwd=ROOT, check=True, capture_output=True)


def lock_and_go_on(seized: Seized, leader: int, worker: Worker, stores: Stores) -> None:
    """The last few come with cards that were given before; the vault is locked while their words are written down."""
    words = [worker._by_card(who) for who in PEOPLE[HOW_MANY - LATE :]]
    seized.while_open = _remembered(seized, leader)
    lock(seized)
    worker.browser.close()
    time.sleep(15)  # longer than anything gets to end
    seized.after_locking = _remembered(seized, leader)
    for who, word in zip(PEOPLE[HOW_MANY - LATE :], words, strict=True):
        for store, fields in stores:
            typed = {name: who.answer(name)[:longest] for name, longest in fields.items()}
            worker.post(f"/people/{word}/sealed/{store}/", {"at": worker.site, "id": str(uuid.uuid4()), **typed})


def _power_cut(seized: Seized, leader: int) -> None:
    """Every process of the server ends at once, the database's first; on to the search when the last of it is gone."""
    lock = next(seized.folder.rglob("postmaster.pid"))
    gone = Path("/proc") / lock.read_text().split()[0]
    seized.postgres.kill()
    os.killpg(leader, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while gone.exists() and time.monotonic() < deadline:  # while its number is taken, no other database starts in its folder
        time.sleep(0.1)
    time.sleep(0.3)
