"""The border between organisations: asked for by the code, and kept by PostgreSQL when the code forgets."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from django.db import ProgrammingError, connection, models, transaction

from handrail.facts.models import Fact, Site
from handrail.kernel import row_security, scope
from handrail.kernel.database import as_owner
from handrail.kernel.row_security import scoped_models
from handrail.kernel.scope import ScopedManager, ScopeError
from tests import world as small_world
from tests.chaos.roles import as_superuser

TABLES = [model._meta.db_table for model in scoped_models()]


def rows(table: str) -> int:
    """Rows of a table that the database lets this connection see, with no filter of ours."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{table}"')
        return int(cursor.fetchone()[0])


def owners(table: str) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT DISTINCT organisation_id FROM "{table}"')
        return {row[0] for row in cursor.fetchall()}


# -- asked for by the code -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", scoped_models(), ids=lambda model: model._meta.label_lower)
def test_a_query_without_a_scope_raises(world: SimpleNamespace, model: type[scope.ScopedModel]) -> None:
    with pytest.raises(ScopeError):
        model.objects.count()


def test_what_needs_one_organisation_refuses_none_and_several(world: SimpleNamespace) -> None:
    with pytest.raises(ScopeError):
        scope.organisation()
    with scope.enter([]), pytest.raises(ScopeError):
        scope.organisation()
    with scope.enter([world.harbour.key, world.hillside.key]):
        assert Site.objects.filter(name__in=["Van 1", "Hill van"]).count() == 2
        with pytest.raises(ScopeError):
            scope.organisation()


def test_an_inner_scope_ends_and_the_outer_one_holds_again(world: SimpleNamespace) -> None:
    with scope.enter([world.harbour.key]):
        with scope.enter([world.hillside.key]):
            assert owners("facts_site") == {world.hillside.key}
        assert owners("facts_site") == {world.harbour.key}
        assert scope.organisation() == world.harbour.key


def test_an_error_in_an_inner_scope_is_the_error_that_is_told(own_database: str) -> None:
    world = small_world.find()
    with pytest.raises(ProgrammingError, match="no_such_table"), scope.enter([world.harbour.key]), scope.enter([world.hillside.key]):
        rows("no_such_table")
    with pytest.raises(ScopeError):
        scope.organisations()


# -- kept by PostgreSQL ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES)
def test_without_a_scope_the_database_shows_no_row(world: SimpleNamespace, table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.organisations', '', true)")
    assert rows(table) == 0


@pytest.mark.parametrize("table", TABLES)
def test_the_database_shows_rows_of_the_scope_alone_and_takes_none_of_another(world: SimpleNamespace, table: str) -> None:
    with scope.enter([world.harbour.key]):
        assert owners(table) <= {world.harbour.key}
    with scope.enter([world.hillside.key]):
        assert owners(table) <= {world.hillside.key}
        with (
            pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic(), connection.cursor() as cursor,
        ):
            cursor.execute(f'INSERT INTO "{table}" (organisation_id) VALUES (%s)', [world.harbour.key])


def test_a_filter_that_was_forgotten_shows_nothing_of_others(world: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ScopedManager, "get_queryset", models.Manager.get_queryset)
    with scope.enter([world.hillside.key]):
        assert {site.organisation_id for site in Site.objects.all()} == {world.hillside.key}
        assert not Fact.objects.filter(organisation=world.harbour.key).exists()
        assert Site.objects.filter(organisation=world.harbour.key).update(name="mine") == 0
        assert Site.objects.filter(id=world.van.id).delete()[0] == 0


def test_a_row_cannot_be_moved_to_another_organisation(world: SimpleNamespace) -> None:
    with scope.enter([world.hillside.key]), pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        Site.objects.update(organisation=world.harbour.key)


def test_the_owner_of_the_tables_is_held_by_row_security_too(own_database: str) -> None:
    world = small_world.find()
    with as_owner():
        assert rows("facts_fact") == 0
        with scope.enter([world.hillside.key]):
            assert owners("facts_fact") == {world.hillside.key}


def test_the_applications_role_has_no_power_of_its_own(world: SimpleNamespace) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == ("handrail_app", False, False, False, False, False)
        cursor.execute(
            "SELECT (SELECT count(*) FROM pg_class WHERE relowner = r.oid) + (SELECT count(*) FROM pg_proc WHERE proowner = r.oid)"
            " + (SELECT count(*) FROM pg_namespace WHERE nspowner = r.oid) + (SELECT count(*) FROM pg_database WHERE datdba = r.oid)"
            " + (SELECT count(*) FROM pg_auth_members WHERE member = r.oid) FROM pg_roles r WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT has_schema_privilege('public', 'CREATE'), has_database_privilege(current_database(), 'CREATE, TEMP')")
        assert cursor.fetchone() == (False, False)


# -- no scope is left behind -------------------------------------------------------------------------------------------------


def test_a_connection_keeps_no_scope_after_its_transaction(own_database: str) -> None:
    world = small_world.find()
    with scope.enter([world.harbour.key]):
        assert rows("facts_site") == 4
    assert rows("facts_site") == 0
    with pytest.raises(ZeroDivisionError), scope.enter([world.harbour.key]):
        1 / 0  # noqa: B018
    assert rows("facts_site") == 0
    with scope.enter([world.harbour.key]):
        transaction.set_rollback(True)
    assert rows("facts_site") == 0


def test_another_thread_starts_without_a_scope(own_database: str) -> None:
    world, found = small_world.find(), []

    def look() -> None:
        try:
            found.append(rows("facts_site"))
            Site.objects.count()
        except ScopeError as error:
            found.append(type(error))
        finally:
            connection.close()

    with scope.enter([world.harbour.key]):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert found == [0, ScopeError]


# -- the check that runs at every start -----------------------------------------------------------------------------------------


def test_every_table_is_covered(world: SimpleNamespace) -> None:
    assert row_security.problems() == []
    assert len(TABLES) >= 15


PLANTED = {
    "DROP POLICY by_organisation ON facts_site": "facts_site holds",
    "ALTER TABLE facts_site DISABLE ROW LEVEL SECURITY": "facts_site holds",
    "ALTER TABLE facts_site NO FORCE ROW LEVEL SECURITY": "facts_site holds",
    "CREATE POLICY second ON facts_site USING (true)": "facts_site holds",
    "ALTER POLICY by_organisation ON facts_site USING (true)": "facts_site holds",
    "ALTER POLICY by_organisation ON facts_site WITH CHECK (true)": "facts_site holds",
    "CREATE TABLE stray (organisation_id bigint)": "stray belongs to no organisation",
    "CREATE VIEW peek AS SELECT * FROM facts_site": "peek is a view",
    "CREATE MATERIALIZED VIEW peek AS SELECT * FROM facts_site": "peek is a view",
    "GRANT DELETE ON facts_fact TO handrail_app": "can change or delete rows of facts_fact",
    "GRANT TRUNCATE ON facts_fact TO handrail_app": "can change or delete rows of facts_fact",
    "GRANT UPDATE (payload) ON facts_fact TO handrail_app": "can change or delete rows of facts_fact",
    "ALTER TABLE facts_fact OWNER TO handrail_app": "owns facts_fact",
    "DROP TABLE exchange_opentest": "exchange_opentest is missing",
}


def test_a_hole_in_row_security_is_told(own_database: str) -> None:
    """Each hole is planted, seen by the application's role, and closed again with the transaction that made it."""
    with as_superuser():
        for statement, sentence in PLANTED.items():
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
                cursor.execute("SET LOCAL ROLE handrail_app")
                told = row_security.problems()
                transaction.set_rollback(True)
            assert any(sentence in problem for problem in told), f"nothing was said about: {statement}"


def test_a_role_that_passes_by_row_security_is_told(own_database: str) -> None:
    with as_superuser():
        assert any("passes by row security" in problem for problem in row_security.problems())
