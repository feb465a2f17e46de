"""The embedded PostgreSQL: private, shared by processes, gone with the last of them, and back after a power cut."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from handrail.kernel.embedded_postgres import EmbeddedPostgres, PostgresError

OTHER = """
import sys
from pathlib import Path
from handrail.kernel.embedded_postgres import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
server.start()
print(server.sql("SELECT 41 + 1").strip(), flush=True)
sys.stdin.readline()
server.release()
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder of its own, in a place that the server's user can reach."""
    made = Path(tempfile.mkdtemp(prefix="hr-test-"))
    made.chmod(0o755)
    yield made / "postgres"
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[EmbeddedPostgres]:
    """One durable server for the file; the tests leave it running."""
    found = EmbeddedPostgres(folder)
    found.start()
    yield found
    found.release()
    shutil.rmtree(found.socket, ignore_errors=True)


def connect(server: EmbeddedPostgres, role: str, password: str | None = None) -> psycopg.Connection:
    login = server.login(role)
    return psycopg.connect(
        host=str(login.socket), user=login.user, password=password or login.password, dbname=login.database, autocommit=True
    )


def is_running(server: EmbeddedPostgres) -> bool:
    return server._run("pg_ctl", "-D", str(server.data), "status", check=False).returncode == 0


def other_process(server: EmbeddedPostgres) -> subprocess.Popen[str]:
    """Another process that uses the server until its input ends; returned once it has joined."""
    started = subprocess.Popen(
        [sys.executable, "-c", OTHER, str(server.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).resolve().parents[3],
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "42\n"
    return started


def test_only_this_user_can_enter_its_folders_and_the_socket_path_is_short(server: EmbeddedPostgres) -> None:
    for private in (server.socket, server.data, server.folder):
        found = private.lstat()
        assert stat.S_ISDIR(found.st_mode)
        assert stat.S_IMODE(found.st_mode) == 0o700
    assert len(str(server.socket / ".s.PGSQL.5432")) < 60, "a socket address holds 107 bytes, on macOS 103"
    assert stat.S_IMODE((server.folder / "passwords.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((server.socket / ".s.PGSQL.5432").stat().st_mode) & 0o077 == 0


def test_it_listens_on_no_network(server: EmbeddedPostgres) -> None:
    assert server.sql("SHOW listen_addresses").strip() == ""
    pid = int((server.data / "postmaster.pid").read_text().splitlines()[0])
    if not Path(f"/proc/{pid}/net/tcp").exists():
        pytest.skip("the open sockets of a process are read from /proc")
    held = {os.readlink(handle) for handle in Path(f"/proc/{pid}/fd").iterdir()}
    for table in ("tcp", "tcp6", "udp", "udp6"):
        rows = Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
        assert not [row for row in rows if f"socket:[{row.split()[9]}]" in held]


def test_an_installation_of_before_gets_the_role_that_came_later(server: EmbeddedPostgres) -> None:
    before = json.loads((server.folder / "passwords.json").read_text())
    server.sql("REVOKE CONNECT ON DATABASE handrail FROM handrail_purge; DROP ROLE handrail_purge")
    (server.folder / "passwords.json").write_text(json.dumps({role: word for role, word in before.items() if role != "purge"}))
    (server.folder / "provisioned").write_text("")
    server.start()
    after = json.loads((server.folder / "passwords.json").read_text())
    assert {role: word for role, word in after.items() if role != "purge"} == {role: word for role, word in before.items() if role != "purge"}
    assert stat.S_IMODE((server.folder / "passwords.json").stat().st_mode) == 0o600
    server.sql("GRANT CONNECT ON DATABASE handrail TO handrail_purge")  # as `handrail migrate` does, which every start runs
    for role in ("owner", "app", "backup", "purge"):
        with connect(server, role) as connection:
            assert connection.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user").fetchone() == (role == "backup",)


def test_a_wrong_password_is_refused_even_on_the_socket(server: EmbeddedPostgres) -> None:
    for role in ("postgres", "owner", "app", "backup"):
        with connect(server, role) as connection:
            assert connection.execute("SELECT current_user").fetchone() == (server.login(role).user,)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            connect(server, role, "wrong")


def test_it_keeps_what_it_was_told_to_keep(server: EmbeddedPostgres) -> None:
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        assert server.sql(f"SHOW {setting}").strip() == "on"


def test_statements_do_not_end_up_in_the_log(server: EmbeddedPostgres) -> None:
    with pytest.raises(PostgresError):
        server.sql("SELECT 'a-name-in-a-statement' FROM no_such_table")
    assert "a-name-in-a-statement" not in server.log.read_text()


def test_another_process_joins_and_the_server_stays_when_it_leaves(server: EmbeddedPostgres) -> None:
    pid = (server.data / "postmaster.pid").read_text().splitlines()[0]
    other = other_process(server)
    other.communicate("leave\n", timeout=30)
    assert other.returncode == 0
    assert (server.data / "postmaster.pid").read_text().splitlines()[0] == pid
    assert server.sql("SELECT 1").strip() == "1"


def test_a_process_that_was_killed_does_not_hold_the_server_and_the_last_one_out_stops_it(server: EmbeddedPostgres) -> None:
    killed, other = other_process(server), other_process(server)
    killed.kill()
    killed.communicate(timeout=30)
    server.release()
    assert is_running(server), "somebody else still uses it"
    other.communicate("leave\n", timeout=30)
    assert not is_running(server)
    server.start()
    assert server.sql("SELECT 1").strip() == "1"


def test_what_was_committed_survives_a_power_cut(server: EmbeddedPostgres) -> None:
    with connect(server, "postgres") as connection:
        connection.execute("CREATE TABLE kept (n integer)")
        connection.execute("INSERT INTO kept VALUES (7)")
        server.kill()
    assert not is_running(server)
    server.start()
    with connect(server, "postgres") as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


@pytest.mark.parametrize("prepared", ["a link", "a file", "a folder of somebody else"])
def test_a_socket_folder_that_somebody_prepared_is_refused(tmp_path: Path, prepared: str) -> None:
    made = Path(tempfile.mkdtemp(prefix="hr-test-"))
    made.chmod(0o755)
    server = EmbeddedPostgres(made / "postgres")
    try:
        if prepared == "a link":
            server.socket.symlink_to(tmp_path)
        elif prepared == "a file":
            server.socket.touch()
        elif os.geteuid() == 0:
            server.socket.mkdir()
            os.chown(server.socket, 65534, 65534)
        else:
            pytest.skip("only root can prepare a folder of somebody else")
        with pytest.raises((PostgresError, FileExistsError)):
            server._launch()
        assert not is_running(server)
    finally:
        if server.socket.is_dir() and not server.socket.is_symlink():
            server.socket.rmdir()
        else:
            server.socket.unlink()
        shutil.rmtree(made)


def test_a_data_folder_of_somebody_else_is_refused() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can prepare a folder of somebody else")
    made = Path(tempfile.mkdtemp(prefix="hr-test-"))
    made.chmod(0o755)
    folder = made / "postgres"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    try:
        with pytest.raises(PostgresError, match="belongs to somebody else"):
            EmbeddedPostgres(folder).start()
    finally:
        shutil.rmtree(made)
