"""Roles of the database: the application's role owns nothing; only `as_owner` may migrate and rebuild."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from django.conf import settings
from django.db import OperationalError, connection, transaction

T = TypeVar("T")


class Race(RuntimeError):
    """Another transaction was first in a way that makes this one start again; see `retrying`."""


def parse_url(url: str) -> dict[str, Any]:
    """A `postgresql://user:password@host:port/name?option=value` address as Django's settings."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/"):
        raise ValueError("A database address looks like postgresql://user:password@host:5432/name.")
    options = dict(parse_qsl(parts.query))
    return {
        "HOST": options.pop("host", unquote(parts.hostname or "")), "PORT": parts.port or "", "NAME": parts.path.strip("/"),
        "USER": unquote(parts.username or ""), "PASSWORD": unquote(parts.password or ""),
        "OPTIONS": options,
    }


@contextmanager
def as_owner() -> Iterator[None]:
    """Inside, the connection is the role that owns the tables. Row security still holds for it (FORCE)."""
    with _as(settings.OWNER_LOGIN):
        yield


@contextmanager
def as_purge() -> Iterator[None]:
    """Inside, the connection is the role of the nightly purge: it forgets what retention classes declare, and nothing else."""
    with _as(settings.PURGE_LOGIN):
        yield


@contextmanager
def _as(login_of: Callable[[], dict[str, Any]]) -> Iterator[None]:
    if connection.in_atomic_block:
        raise RuntimeError("The role cannot change inside a transaction.")
    before, login = connection.settings_dict, login_of()
    connection.close()
    # A dictionary of this thread's own: Django shares one among all, and another thread must not connect as somebody else.
    connection.settings_dict = before | {name: login[name] for name in ("HOST", "PORT", "USER", "PASSWORD") if name in login}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = before


def retrying(work: Callable[[], T], *, attempts: int = 5) -> T:
    """Run a whole transaction, again if it lost a race (`Race`, deadlock, serialisation).

    Inside another transaction (as in a test) it is a savepoint and is not tried again.
    """
    if connection.in_atomic_block:
        with transaction.atomic():
            return work()
    for attempt in range(1, attempts + 1):
        try:
            with transaction.atomic():
                return work()
        except Race:
            if attempt == attempts:
                raise
        except OperationalError as error:
            if attempt == attempts or getattr(error.__cause__, "sqlstate", None) not in {"40001", "40P01"}:
                raise
        time.sleep(0.005 * attempt * (1 + os.getpid() % 7 / 7))
    raise AssertionError("unreachable")
