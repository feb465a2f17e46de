"""The access log is sealed while people look: nothing is left out for good, and nobody is accused of a change."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.db import connection

from handrail.kernel import audit, clock, scope
from handrail.kernel.models import AccessEntry, AuditEntry
from handrail.kernel.whole_database import conninfo
from tests import world as small_world


@pytest.fixture
def committed(own_database: str) -> SimpleNamespace:
    """The small world in a database where things are committed."""
    return small_world.find()


@pytest.fixture
def somebody_else(committed: SimpleNamespace) -> Iterator[psycopg.Connection[Any]]:
    """A second connection to the same database: another person's request, as the application's role, not yet committed."""
    with psycopg.connect(conninfo({**connection.settings_dict, "OPTIONS": {}})) as other:
        other.execute("SELECT set_config('app.organisations', %s, true)", [f"{{{committed.harbour.key}}}"])
        yield other


def slow_look(world: SimpleNamespace, other: psycopg.Connection[Any]) -> int:
    """A look that has its key, in a transaction that is still open; its key."""
    row = other.execute(
        "INSERT INTO kernel_accessentry (organisation_id, at, what, object_id, refused) VALUES (%s, %s, 'slow', '', false) RETURNING key",
        [world.harbour.key, clock.now()],
    ).fetchone()
    assert row is not None
    return int(row[0])


def quick_look(world: SimpleNamespace) -> int:
    """A look that is committed at once; its key."""
    with scope.enter([world.harbour.key]):
        audit.look("quick", actor=world.actors["naima"])
        return int(AccessEntry.objects.order_by("-key")[0].key)


def test_a_look_with_a_lower_key_that_is_committed_after_the_seal_is_no_tampering(committed, somebody_else):
    first, second = slow_look(committed, somebody_else), quick_look(committed)
    assert first < second
    with scope.enter([committed.harbour.key]):
        assert audit.seal_access_log(actor=committed.system) == 1
    somebody_else.commit()
    with scope.enter([committed.harbour.key]):
        assert audit.verify().problems == ()
        assert audit.seal_access_log(actor=committed.system) == 1, "the late one is covered by the next seal"
        assert audit.seal_access_log(actor=committed.system) == 0
        assert audit.verify().problems == ()
        seals = AuditEntry.objects.filter(action="access-log.sealed").order_by("number")
        assert [seal.detail["keys"] for seal in seals] == [[[second, second]], [[first, first]]]


def test_a_look_that_is_never_committed_leaves_a_gap_that_accuses_nobody(committed, somebody_else):
    slow_look(committed, somebody_else)
    quick_look(committed)
    with scope.enter([committed.harbour.key]):
        audit.seal_access_log(actor=committed.system)
    somebody_else.rollback()
    quick_look(committed)
    with scope.enter([committed.harbour.key]):
        assert audit.seal_access_log(actor=committed.system) == 1
        assert audit.verify().problems == ()


def test_looks_of_two_organisations_are_sealed_each_in_its_own_chain(world):
    for organisation, name in ((world.harbour, "naima"), (world.hillside, "stranger"), (world.harbour, "naima")):
        with scope.enter([organisation.key]):
            audit.look("visit", actor=world.actors[name])
    for organisation, looks in ((world.harbour, 2), (world.hillside, 1)):
        with scope.enter([organisation.key]):
            assert audit.seal_access_log(actor=world.system) == looks
            assert audit.verify().problems == ()
            assert AccessEntry.objects.count() == looks
