"""Row-level security and privileges, derived from the models and applied after every migration.

A new model needs no line here: being a `ScopedModel` gives it forced row security, and its class attribute
`append_only` decides what the application's role may do with it. `problems` compares the database with the models;
the start-up self-check and a test call it.
"""

from __future__ import annotations

from django.apps import apps
from django.db import connection, models

from handrail.kernel import retention
from handrail.kernel.scope import SETTING, ScopedModel

APP_ROLE = "handrail_app"
BACKUP_ROLE = "handrail_backup"
_SEES = f"organisation_id = ANY (NULLIF(current_setting('{SETTING}', true), '')::bigint[])"

GLOBAL_TABLES = {
    "facts_organisation": "looked up before any scope is known",
    "facts_staff": "sign-in happens before any scope is known; holds no personal data but the name colleagues use",
    "facts_roleassignment": "read with the account at every request; says who works where, nothing about people served",
    "kernel_session": "read before any scope is known; holds only a digest of the cookie",
    "kernel_throttle": "counts failed sign-ins by keyed digest",
    "kernel_setupcode": "read before sign-in; holds a keyed digest of a code that is used once",
    "mfa_authenticator": "second factors, read during sign-in; the secrets in it are locked with a key outside the database",
    "account_emailaddress": "allauth's own, always empty: no e-mail address of anybody is kept",
    "account_emailconfirmation": "allauth's own, always empty",
    "kernel_schedule": "when each job runs next",
    "django_tasks_database_dbtaskresult": "jobs carry ids only; a job enters its own scope",
    "django_migrations": "which migrations ran",
    "django_content_type": "Django's own",
    "auth_permission": "Django's own, unused",
    "auth_group": "Django's own, unused",
    "auth_group_permissions": "Django's own, unused",
}


def scoped_models() -> list[type[ScopedModel]]:
    """All concrete models with an organisation, in a stable order."""
    return sorted((m for m in apps.get_models() if issubclass(m, ScopedModel)), key=lambda m: m._meta.db_table)


def state_models() -> list[type[ScopedModel]]:
    """All models that are folds over facts."""
    return [m for m in scoped_models() if m.is_state]


def privileges(model: type[models.Model]) -> str:
    """What the application's role may do with a table."""
    return "SELECT, INSERT" if getattr(model, "append_only", False) else "SELECT, INSERT, UPDATE, DELETE"


def apply() -> None:
    """Bring the database to what the models say. Run as the owner; safe to run again."""
    with connection.cursor() as cursor:
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}, {BACKUP_ROLE}")
        cursor.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {BACKUP_ROLE}")
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE}")
        cursor.execute(f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {BACKUP_ROLE}")
        cursor.execute(f"GRANT SELECT ON django_migrations TO {APP_ROLE}")
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            cursor.execute(f'REVOKE ALL ON "{table}" FROM {APP_ROLE}')
            cursor.execute(f'GRANT {privileges(model)} ON "{table}" TO {APP_ROLE}')
        for scoped in scoped_models():
            table = scoped._meta.db_table
            cursor.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY')
            cursor.execute(f'DROP POLICY IF EXISTS by_organisation ON "{table}"')
            cursor.execute(f'CREATE POLICY by_organisation ON "{table}" USING ({_SEES}) WITH CHECK ({_SEES})')
    retention.grant()


def problems() -> list[str]:
    """Differences between the models and the database's catalogue, as sentences. Empty is good."""
    found: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner) = current_user,"
            " has_any_column_privilege(c.oid, 'UPDATE'), has_table_privilege(c.oid, 'DELETE, TRUNCATE'), c.relkind"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
        )
        rows = {row[0]: row[1:] for row in cursor.fetchall()}
        # Permissive policies add up, so a table must have exactly ours, and ours must still say the same.
        cursor.execute(
            "SELECT tablename FROM pg_policies WHERE schemaname = 'public' GROUP BY tablename HAVING count(*) = 1"
            " AND bool_and(policyname = 'by_organisation' AND cmd = 'ALL' AND permissive = 'PERMISSIVE' AND qual = with_check"
            " AND qual LIKE '(organisation_id = ANY (%%current_setting(''app.organisations''%%' AND qual NOT LIKE '%% OR %%')"
        )
        with_policy = {row[0] for row in cursor.fetchall()}
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone()[0]:
            found.append("This role passes by row security; the application must not run as a superuser or with BYPASSRLS.")
    scoped = {m._meta.db_table: m for m in scoped_models()}
    for table, (enabled, forced, owned, may_update, may_delete, kind) in sorted(rows.items()):
        if kind in {"v", "m"}:
            found.append(f"{table} is a view; views run with their owner's rights and leak other organisations' rows.")
        if owned:
            found.append(f"The application's role owns {table}; it must own nothing.")
        if table in scoped:
            if not (enabled and forced and table in with_policy):
                found.append(f"{table} holds an organisation's rows but has no forced row security.")
            if scoped[table].append_only and (may_update or may_delete):
                found.append(f"The application's role can change or delete rows of {table}, which is append-only.")
        elif table not in GLOBAL_TABLES:
            found.append(f"{table} belongs to no organisation and is not in row_security.GLOBAL_TABLES with a reason.")
    found.extend(f"{table} is missing; run `handrail migrate`." for table in scoped if table not in rows)
    return found
