"""Connecting as somebody the application never is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from tests import plugin


@contextmanager
def as_superuser() -> Iterator[None]:
    """Inside, the connection passes by everything. Only outside a transaction."""
    before, login = dict(connection.settings_dict), plugin.SERVER.login("postgres")
    connection.close()
    connection.settings_dict.update({"USER": login.user, "PASSWORD": login.password})
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update({"USER": before["USER"], "PASSWORD": before["PASSWORD"]})
