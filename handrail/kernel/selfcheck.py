"""The start-up self-check: refuses to run in a state that would lose records or reveal people."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db import connection

from handrail.kernel import clock, row_security

_BACKUP_SECONDS = 2 * 86_400


@dataclass(frozen=True)
class Finding:
    """One thing that was checked. `problem` empty means it is as it should be; a warning does not stop the start."""

    name: str
    problem: str = ""
    warning: bool = False


def run() -> list[Finding]:
    """All checks, in order."""
    return [*_settings(), *_keys(), *_backups(), *_database()]


def _settings() -> list[Finding]:
    config = settings.CONFIG
    local = config.host in {"127.0.0.1", "::1", "localhost"}
    return [
        Finding("debug off", "DEBUG is on; error pages would show what people typed." if settings.DEBUG else ""),
        Finding("secret", "The secret key is too short." if len(settings.SECRET_KEY) < 50 else ""),
        Finding(
            "https",
            "" if config.https or local else "Others can reach this address, but without HTTPS. Set HANDRAIL_HTTPS=yes behind TLS, or HANDRAIL_HOST=127.0.0.1.",
        ),
        Finding("host names", "HANDRAIL_HOSTNAMES must name the server; “*” is not allowed." if "*" in config.hostnames else ""),
    ]


def _keys() -> list[Finding]:
    found = []
    for path in sorted(settings.CONFIG.keys.glob("*.key")):
        mode = stat.S_IMODE(path.stat().st_mode)
        found.append(Finding(f"key {path.name}", f"Others on this machine can read it. Run: chmod 600 {path}" if mode & 0o077 else ""))
    return found


def _backups() -> list[Finding]:
    """The last backup's age; nothing is said in the first days of an installation. A restore that did not end stops the start."""
    folder, now = settings.CONFIG.var / "backup", clock.now().timestamp()
    found = [Finding("restore", "A restore began here and did not end; run `handrail restore` again." if (folder / "restoring").exists() else "")]
    born = min((path.stat().st_mtime for path in settings.CONFIG.keys.glob("*.key")), default=now)
    last = folder / "last.json"
    if last.exists():
        late = now - last.stat().st_mtime > _BACKUP_SECONDS
        problem = f"The last backup was made {datetime.fromtimestamp(last.stat().st_mtime, UTC):%Y-%m-%d}. See docs/how-to/back-up.md." if late else ""
    else:
        problem = "No backup was ever made. See docs/how-to/back-up.md." if now - born > _BACKUP_SECONDS else ""
    config = settings.CONFIG
    lacks = config.database_url and not config.backup_database_url
    said = "HANDRAIL_BACKUP_DATABASE_URL is not set, so no backup can be made. See docs/how-to/back-up.md." if lacks else ""
    unasked = config.database_url and not config.purge_database_url
    kept = "HANDRAIL_PURGE_DATABASE_URL is not set, so nothing is ever forgotten. See docs/how-to/keep-and-forget.md." if unasked else ""
    found.append(Finding("address for the purge", kept, warning=True))
    return [*found, Finding("address for backups", said, warning=True), Finding("backup", problem, warning=True)]


def _database() -> list[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        )
        superuser, bypass, create_role, create_db = cursor.fetchone()
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')")
        durable = dict(cursor.fetchall())
        cursor.execute("SHOW server_version_num")
        version = int(cursor.fetchone()[0]) // 10000
    found = [
        Finding(f"{name} on", "" if durable.get(name) != "off" else f"PostgreSQL runs with {name}=off: a power cut would lose records.")
        for name in ("fsync", "full_page_writes", "synchronous_commit")
    ]
    found.append(
        Finding("database role", "The application's role has too many rights; it must own nothing and bypass nothing." if superuser or bypass or create_role or create_db else "")
    )
    found.append(Finding("PostgreSQL version", "" if 15 <= version <= 18 else f"PostgreSQL {version} was not tested; use 15 to 18.", warning=True))
    problems = row_security.problems()
    found.append(Finding("row security", " ".join(problems)))
    return found


def failures(findings: list[Finding]) -> list[Finding]:
    """Those that must stop the start."""
    return [finding for finding in findings if finding.problem and not finding.warning]
