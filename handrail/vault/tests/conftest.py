"""Keys of their own for tests of the vault: sealed to two officers and a paper, and held by threads."""

from __future__ import annotations

import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.test import override_settings

from handrail.kernel import clock, crypto, keyholder, keyring, officers, scope
from handrail.kernel.keyring import CODES, VAULT
from handrail.vault import keystore, risk
from handrail.vault.tests.opening import OTHERS, WORDS
from tests import plugin


@pytest.fixture
def own_keys(world: SimpleNamespace, tmp_path: Path) -> Iterator[SimpleNamespace]:
    """The small world with keys and a keystore of its own."""
    name = f"keys_{uuid.uuid4().hex[:10]}"
    plugin.SERVER.create_database(name)
    with override_settings(CONFIG=replace(settings.CONFIG, var=tmp_path, keystore_database=name)), scope.enter([world.harbour.key]):
        keystore.migrate(plugin.SERVER.login("owner").as_django())
        yield world
        keystore.close()
    plugin.SERVER.drop_database(name)


@pytest.fixture
def cheap_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """scrypt takes seconds on purpose; these tests are not about its price."""
    monkeypatch.setattr(crypto, "lock_with_words", lambda words, content: crypto.lock_bytes(crypto.digest(words.encode()), "words", content))
    monkeypatch.setattr(crypto, "unlock_with_words", lambda words, locked: crypto.unlock_bytes(crypto.digest(words.encode()), "words", locked))
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)


@pytest.fixture
def three(own_keys: SimpleNamespace, cheap_words: None) -> SimpleNamespace:
    """Two officers with words and a key on paper; the paper's secret in `paper`."""
    today = clock.now().date()
    risk.add(officers.with_words("Ada", WORDS, today))
    risk.add(officers.with_words("Ben", OTHERS, today))
    paper, own_keys.paper = officers.on_paper(today)
    risk.add(paper)
    return own_keys


@pytest.fixture
def holders(three: SimpleNamespace) -> Iterator[Callable[..., None]]:
    """A function that starts both holders of the sealed rings, as threads."""
    started: list[threading.Thread] = []

    def start(idle_seconds: int = 0) -> None:
        for ring in (CODES, VAULT):
            path = keyholder.socket_of(settings.CONFIG.keys, ring)
            holder = keyholder.Holder(settings.CONFIG.keys, ring, idle_seconds=idle_seconds, nightly="", time_zone="UTC")
            thread = threading.Thread(target=keyholder.serve, args=(holder, path), daemon=True)
            thread.start()
            started.append(thread)
            deadline = time.monotonic() + 5
            while not keyholder.status(settings.CONFIG.keys, ring).is_running:
                assert time.monotonic() < deadline

    yield start
    keyring.lock_now()
    for thread in started:
        thread.join(5)
        assert not thread.is_alive()
    shutil.rmtree(keyholder.socket_of(settings.CONFIG.keys, CODES).parent, ignore_errors=True)
