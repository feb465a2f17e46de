"""Pages of a programme with sixteen thousand facts read a few hundred rows, as row security lets PostgreSQL plan it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import psycopg
import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from bench._crowd import add_visits
from handrail.facts.models import Site
from handrail.kernel import scope
from tests import plugin, world
from tests.signing_in import browser, sign_in

pytestmark = pytest.mark.slow
VISITS, MOST_ROWS = 8_000, 2_000
READ = """
SELECT coalesce(sum(pg_stat_get_xact_tuples_returned(c.oid)), 0) FROM pg_class c
WHERE c.oid = %s::regclass OR c.oid IN (SELECT i.indexrelid FROM pg_index i WHERE i.indrelid = %s::regclass)
"""
"""Rows and index entries that the running transaction has read so far."""


@pytest.fixture
def grown(own_database: str) -> str:
    """Harbour with a year and a half of visits at Van 1; the van's id."""
    world.busy()
    login = plugin.SERVER.login("postgres", own_database)
    with psycopg.connect(host=str(login.socket), user=login.user, password=login.password, dbname=login.database, autocommit=True) as superuser:
        add_visits(superuser, VISITS, 0)
    found = world.find()
    with scope.enter([found.harbour.key]):
        return str(Site.objects.get(name="Van 1").id)


@contextmanager
def _alone() -> Iterator[None]:
    """One transaction without parallel workers, whose reading is counted elsewhere."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        yield


def _read(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(READ, [table, table])
        return int(cursor.fetchone()[0])


def rows_read(ask: Callable[[], HttpResponse], table: str) -> int:
    """Rows of a table that a page reads, once its statements are prepared and planned for any parameters."""
    for _time in range(6):
        assert ask().status_code == 200
    with _alone():
        before = _read(table)
        ask()
        return _read(table) - before


def signed_in(username: str) -> Client:
    """A browser of somebody."""
    client = browser()
    sign_in(client, username)
    return client


def test_a_page_reads_few_rows_however_many_there_are(grown: str) -> None:
    asked = [
        ("naima", reverse("visit-new", args=[grown]), "facts_fact"), ("naima", reverse("visits"), "facts_fact"),
        ("coordinator", reverse("visits"), "facts_fact"),
        ("coordinator", reverse("legal-demands"), "facts_fact"), ("naima", reverse("stock"), "stock_leg"), ("store", reverse("stock"), "stock_leg"),
    ]
    browsers = {name: signed_in(name) for name in ("naima", "coordinator", "store")}
    read = {(name, address): rows_read(partial(browsers[name].get, address), table) for name, address, table in asked}
    assert {page: rows for page, rows in read.items() if rows > MOST_ROWS} == {}
    # The check itself: reading everything is seen.
    with _alone(), scope.enter([world.find().harbour.key]), connection.cursor() as cursor:
        before = _read("facts_fact")
        cursor.execute("SELECT count(payload) FROM facts_fact")
        assert _read("facts_fact") - before > 2 * VISITS
