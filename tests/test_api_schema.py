"""The API against its own description: schemathesis makes requests of all kinds, right and wrong, and runs all its checks."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.db import connections
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.engine.events import ScenarioFinished

from handrail.facts import devices
from handrail.facts.spec import KINDS
from handrail.kernel import scope
from handrail.kernel.rooms import permissions_of
from handrail.screens import api_schema
from handrail.vault import keystore
from tests import world as small_world

EXAMPLES = 4
"""Random requests for each operation and way, besides those that schemathesis derives from the description."""


def configured(token: str) -> SchemathesisConfig:
    """All checks, a fixed seed, no state between requests: nothing that is posted can be read back."""
    return SchemathesisConfig.from_dict(
        {
            "seed": 20261123, "headers": {"Authorization": f"Bearer {token}"},
            "generation": {"max-examples": EXAMPLES, "deterministic": True, "database": "none", "mode": "all"},
            "phases": {"stateful": {"enabled": False}},
            # A fact of the right shape may still name a place or an item that is not here.
            "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "401", "403", "404", "409", "422"]}},
        }
    )


class Quiet(WSGIRequestHandler):
    """Says nothing about each request."""

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


class OneThread(WSGIServer):
    """Answers in one thread, with one connection to each database, closed at the end."""

    def serve(self) -> None:
        """Until it is shut down."""
        self.serve_forever(poll_interval=0.05)
        connections.close_all()
        keystore.close()


@contextmanager
def served() -> Iterator[str]:
    """The whole application behind a real socket; yields its address."""
    server = make_server("localhost", 0, get_wsgi_application(), server_class=OneThread, handler_class=Quiet)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run(token: str, document: dict, address: str) -> tuple[Counter[int], list[str]]:
    """Status codes of all answers, and what a check or the engine found wrong."""
    schema = schemathesis.openapi.from_dict(document, config=configured(token))
    schema.config.update(base_url=address)
    answers: Counter[int] = Counter()
    wrong: list[str] = []
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError):
            wrong.append(f"{event.label}: {event.value!r}")
        if isinstance(event, ScenarioFinished):
            for interaction in event.recorder.interactions.values():
                if interaction.response is not None:
                    answers[interaction.response.status_code] += 1
            for _case, checks in event.recorder.checks.items():
                wrong += [f"{event.label}: {c.name}: {c.failure_info.failure} {c.failure_info.code_sample}" for c in checks if c.failure_info]
    return answers, wrong


@pytest.fixture
def tokens(own_database):
    """A device of each role at Van 1: every kind that a device may record is open to one of them."""
    world = small_world.find()
    with scope.enter([world.harbour.key]):
        tokens = {role: devices.enrol(actor=world.system, label=role, role=role, site=world.van)[1] for role in devices.roles_for_devices()}
    yield tokens
    connections.close_all()


def test_the_description_is_valid():
    schema = schemathesis.openapi.from_dict(plain())
    schema.validate()
    assert schema.raw_schema["openapi"] == "3.1.0"
    assert {op.ok().path for op in schema.get_all_operations()} >= {f"/api/facts/{kind.key}/" for kind in KINDS}


@pytest.mark.slow
def test_schemathesis_finds_nothing(tokens):
    whole, answers, wrong = plain(), Counter(), []
    left = set(whole["paths"])
    with served() as address:
        for role, token in sorted(tokens.items()):
            mine = {path for path in left if (kind := KINDS.get(kind_in(path))) is None or kind.may in permissions_of(role)}
            left -= mine
            found, said = run(token, whole | {"paths": {path: whole["paths"][path] for path in sorted(mine)}}, address)
            answers, wrong = answers + found, wrong + said
    assert wrong == [], "\n".join(wrong[:5])
    assert {200, 401, 405, 415, 422} <= set(answers)
    assert not {status for status in answers if status >= 500}
    assert {kind_in(path) for path in left} == {kind.key for kind in KINDS if not any(kind.may in permissions_of(role) for role in tokens)}


def kind_in(path: str) -> str:
    """The kind of an address; something that is no kind for the others."""
    return path.removeprefix("/api/facts/").strip("/")


def plain() -> dict:
    """The description as it is served."""
    described: dict = json.loads(json.dumps(api_schema.document(), default=str))
    return described
