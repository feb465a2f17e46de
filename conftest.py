"""Fixtures of all tests. The server and the address of the database come from `tests.plugin`."""

from __future__ import annotations

import fcntl
import gc
import pickle
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from django.utils import translation

from handrail.kernel import crypto, row_security, scope
from handrail.kernel.database import as_owner
from handrail.vault import keystore
from tests import plugin
from tests import world as small_world
from tests.together import pytest_xdist_make_scheduler  # noqa: F401  a hook of xdist

CHEAP = ["django.contrib.auth.hashers.MD5PasswordHasher"]
PLAIN_FILES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
QUICK = crypto.Cost(rounds=1, kibibytes=8)
"""The least that Argon2 does: whoever tests the price of guessing asks for `full_price`."""


def pytest_collection_finish() -> None:
    """What was imported stays: the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    with (plugin.VAR / "template.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _switch(database: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = database


def _ensure_template() -> str:
    name = plugin.template_name()
    with _one_at_a_time():
        if plugin.SERVER.sql(f"SELECT 1 FROM pg_database WHERE datname = '{name}'").strip():
            return name
        old = plugin.SERVER.sql("SELECT datname FROM pg_database WHERE datname LIKE 'template\\_%'").split()
        for database in old:
            plugin.SERVER.drop_database(database)
        building = f"building_{uuid.uuid4().hex[:8]}"
        plugin.SERVER.create_database(building)
        before = connection.settings_dict["NAME"]
        _switch(building)
        with as_owner():
            call_command("migrate", verbosity=0)
            row_security.apply()
        with override_settings(PASSWORD_HASHERS=CHEAP):
            small_world.build()
        _switch(before)
        plugin.SERVER.sql(f"ALTER DATABASE {building} RENAME TO {name}")
    return name


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[None]:
    """This process's own clone of the template."""
    with django_db_blocker.unblock():
        plugin.SERVER.create_database(plugin.DATABASE, _ensure_template())
        connection.settings_dict["NAME"] = plugin.DATABASE
        plugin.SERVER.create_database(plugin.KEYSTORE)
        keystore.migrate(plugin.SERVER.login("owner", plugin.DATABASE).as_django())
    yield
    with django_db_blocker.unblock():
        keystore.close()
        connection.close()
        plugin.SERVER.drop_database(plugin.DATABASE)
        plugin.SERVER.drop_database(plugin.KEYSTORE)


@pytest.fixture(scope="session")
def world_as_built(django_db_setup: None, django_db_blocker: Any) -> SimpleNamespace:
    """Looked up once: the template's rows have the same keys in every test."""
    with django_db_blocker.unblock():
        return small_world.find()


@pytest.fixture(scope="session")
def _world_to_copy(world_as_built: SimpleNamespace) -> bytes:
    """Pickled, because that copies ten times as fast as `copy.deepcopy`."""
    return pickle.dumps(world_as_built)


@pytest.fixture
def world(db: None, _world_to_copy: bytes) -> SimpleNamespace:
    """The small world, inside a transaction that is rolled back; a copy, so that a test may change it."""
    copied: SimpleNamespace = pickle.loads(_world_to_copy)  # noqa: S301  our own bytes
    return copied


@pytest.fixture
def in_harbour(world: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """The small world, with the scope of the first organisation entered."""
    with scope.enter([world.harbour.key]):
        yield world


@pytest.fixture
def own_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A fresh clone for a test that commits; its name. The application's role cannot truncate, so each gets its own."""
    name = f"own_{uuid.uuid4().hex[:10]}"
    with django_db_blocker.unblock():
        plugin.SERVER.create_database(name, plugin.template_name())
        _switch(name)
        try:
            yield name
        finally:
            _switch(plugin.DATABASE)
            plugin.SERVER.drop_database(name)


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """A page that was asked in another language leaves that language behind: each test begins in English."""
    with translation.override("en"):
        yield


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """Argon2 is slow on purpose: the world's passwords and self-made codes are cheap, unless a server of its own makes the world."""
    costs, crypto.SLOW = crypto.SLOW, QUICK
    with override_settings(PASSWORD_HASHERS=CHEAP, STORAGES=settings.STORAGES | PLAIN_FILES):
        yield
    crypto.SLOW = costs


@pytest.fixture
def full_price(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the product pays for a self-made code, for tests of what it then is."""
    monkeypatch.setattr(crypto, "SLOW", crypto.FULL_PRICE)
