"""Loaded before Django: a real PostgreSQL for the tests, with a template database that every test process clones.

The test server runs without fsync (tests of durability start their own). The template holds the migrated tables and a
small world (`tests.world`), so that a test starts in milliseconds.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from functools import cache
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[1]
VAR = Path(tempfile.gettempdir()) / f"handrail-tests-{os.getuid()}-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]}"
(VAR / "static").mkdir(parents=True, exist_ok=True)
os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
os.environ["HANDRAIL_VAR"] = str(VAR)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handrail.settings")
for name in [n for n in os.environ if n.startswith("HANDRAIL_") and n != "HANDRAIL_VAR"]:
    del os.environ[name]

from handrail.kernel.embedded_postgres import EmbeddedPostgres  # noqa: E402

SERVER = EmbeddedPostgres(VAR / "postgres", durable=False)
SERVER.start()
DATABASE = f"test_{os.getpid()}"


def urls(database: str) -> dict[str, str]:
    """Environment that points a process at a database of the test server."""
    found = {}
    for role, variable in (("app", "HANDRAIL_DATABASE_URL"), ("owner", "HANDRAIL_OWNER_DATABASE_URL"), ("purge", "HANDRAIL_PURGE_DATABASE_URL")):
        login = SERVER.login(role, database)
        found[variable] = f"postgresql://{login.user}:{quote(login.password)}@/{database}?host={quote(str(login.socket))}"
    return found


@cache
def template_name() -> str:
    """Changes with everything the template is made from."""
    running = hashlib.sha256()
    for path in sorted([*ROOT.glob("handrail/**/migrations/*.py"), *ROOT.glob("handrail/**/models.py"), *ROOT.glob("handrail/facts/*.py"),
                        *ROOT.glob("handrail/ledgers/**/*.py"), ROOT / "tests" / "world.py", ROOT / "conftest.py", *ROOT.glob("handrail/**/retention/*.py"), ROOT / "handrail/kernel/row_security.py", ROOT / "handrail/kernel/retention.py"]):
        running.update(path.read_bytes())
    return f"template_{running.hexdigest()[:12]}"


os.environ.update(urls(DATABASE))
KEYSTORE = os.environ["HANDRAIL_KEYSTORE_DATABASE"] = f"{DATABASE}_keystore"
"""One keystore for all databases of a test process: its rows have random ids, and what is left in it harms no other test."""


def pytest_unconfigure() -> None:
    """The last test process out stops the server."""
    SERVER.release()
