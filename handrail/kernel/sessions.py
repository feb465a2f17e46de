"""Sign-ins kept in the database by a digest of the cookie, so that a leaked table opens no door.

Two limits: idle (since the last click) and absolute. Read with one prepared statement on each request. A new row is
made at sign-in and whenever somebody proves again who they are, so `created_at` says how fresh that proof is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.db import connection

from handrail.kernel import clock, crypto

SEEN_EVERY = timedelta(seconds=60)
SECOND_FACTOR = "second-factor"
"""In a session's data: signed in with more than a password."""
BROWSER = "browser"
"""In a session's data: family of browser and system, such as “Firefox, Android”. No address is kept."""
STARTED = "started"
"""In a session's data: when the person signed in; `created_at` moves when they prove again who they are."""


def digest_of(session_key: str) -> bytes:
    """What is stored instead of the cookie's value."""
    return crypto.digest(b"session", session_key.encode())


def left_behind(session_key: str, account: int) -> dict[str, Any]:
    """Data of this account's session that ran out because nobody clicked; empty once it is over in any case.

    Whoever signs in again as the same person, in the same browser, goes on where the page was left.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT data FROM kernel_session WHERE digest = %s AND account_id = %s AND expires_at > %s",
            [digest_of(session_key), account, clock.now()],
        )
        row = cursor.fetchone()
    return SessionStore().decode(row[0]) if row is not None else {}


class SessionStore(SessionBase):
    """Django's session interface over the `kernel_session` table."""

    def load(self) -> dict[str, Any]:
        """Data of a live session; an expired or ended one is empty and gets a new key."""
        if self.session_key is None:
            return {}
        now = clock.now()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT data, seen_at FROM kernel_session WHERE digest = %s AND expires_at > %s AND seen_at > %s",
                [digest_of(self.session_key), now, now - timedelta(minutes=settings.CONFIG.session_idle_minutes)],
            )
            row = cursor.fetchone()
            if row is None:
                self._session_key = None
                return {}
            if now - row[1] > SEEN_EVERY:
                cursor.execute("UPDATE kernel_session SET seen_at = %s WHERE digest = %s", [now, digest_of(self.session_key)])
        return self.decode(row[0])

    def exists(self, session_key: str) -> bool:
        """Whether a session of this key is stored."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM kernel_session WHERE digest = %s", [digest_of(session_key)])
            return cursor.fetchone() is not None

    def create(self) -> None:
        """A new, empty session with a fresh key."""
        while True:
            self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]
            try:
                self.save(must_create=True)
            except CreateError:
                continue
            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:
        """Write the session; `must_create` refuses a key that exists."""
        if self.session_key is None:
            self.create()
            return
        now = clock.now()
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        encoded, account = self.encode(data), data.get("_auth_user_id")
        with connection.cursor() as cursor:
            if must_create:
                cursor.execute(
                    "INSERT INTO kernel_session (digest, data, account_id, created_at, seen_at, expires_at)"
                    " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                    [digest_of(self.session_key), encoded, account, now, now, now + timedelta(hours=settings.CONFIG.session_hours)],
                )
                if cursor.rowcount == 0:
                    raise CreateError
                return
            cursor.execute(
                "UPDATE kernel_session SET data = %s, account_id = %s, seen_at = %s WHERE digest = %s",
                [encoded, account, now, digest_of(self.session_key)],
            )
            if cursor.rowcount == 0:
                raise UpdateError

    def delete(self, session_key: str | None = None) -> None:
        """End a session."""
        ending = session_key or self.session_key
        if ending is not None:
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM kernel_session WHERE digest = %s", [digest_of(ending)])

    @classmethod
    def clear_expired(cls) -> None:
        """Remove sessions past their limits."""
        now = clock.now()
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM kernel_session WHERE expires_at <= %s OR seen_at <= %s",
                [now, now - timedelta(minutes=settings.CONFIG.session_idle_minutes)],
            )


@dataclass(frozen=True)
class SignedIn:
    """One live session of an account, as its owner sees it."""

    name: str
    browser: str
    started: datetime
    seen: datetime
    second_factor: bool


def of_account(account: int) -> list[SignedIn]:
    """The live sessions of an account, the one seen last first. `name` is the stored digest in hex."""
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT digest, data, created_at, seen_at FROM kernel_session"
            " WHERE account_id = %s AND expires_at > %s AND seen_at > %s ORDER BY seen_at DESC",
            [account, now, now - timedelta(minutes=settings.CONFIG.session_idle_minutes)],
        )
        rows = cursor.fetchall()
    found: list[SignedIn] = []
    for digest, encoded, created_at, seen_at in rows:
        data = SessionStore().decode(encoded)
        started = datetime.fromisoformat(data[STARTED]) if STARTED in data else created_at
        found.append(SignedIn(bytes(digest).hex(), data.get(BROWSER, ""), started, seen_at, bool(data.get(SECOND_FACTOR))))
    return found


def end(account: int, name: str) -> bool:
    """End one session of an account; whether there was one. It is dead at its next request."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM kernel_session WHERE account_id = %s AND encode(digest, 'hex') = %s", [account, name])
        return bool(cursor.rowcount)


def end_all(account: int, *, but: str | None = None) -> int:
    """End every session of an account but the one of this key; how many there were."""
    kept = digest_of(but) if but else b""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM kernel_session WHERE account_id = %s AND digest <> %s", [account, kept])
        return int(cursor.rowcount)
