"""Whose rows may be seen. A query outside a scope raises; PostgreSQL row-level security stands behind it.

A scope names organisations (the tenants). `enter` opens a transaction, tells PostgreSQL the scope for that transaction
only (`SET LOCAL`), and everything inside sees those organisations' rows and no others. The application's role can set
its own scope: row security guards against a forgotten filter, not against injected SQL (docs/explain/security.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, TypeVar

from django.conf import settings
from django.db import connection, models, transaction

SETTING = "app.organisations"
_current: ContextVar[tuple[int, ...] | None] = ContextVar("scope", default=None)

M = TypeVar("M", bound=models.Model)


class ScopeError(RuntimeError):
    """A query on an organisation's rows was made without saying whose."""


def organisations() -> tuple[int, ...]:
    """Keys of the organisations in scope; outside a scope raises `ScopeError`."""
    found = _current.get()
    if found is None:
        raise ScopeError("This query touches an organisation's rows; run it inside `scope.enter(...)`.")
    return found


def organisation() -> int:
    """The one organisation in scope; several or none raise `ScopeError`."""
    found = organisations()
    if len(found) != 1:
        raise ScopeError(f"Exactly one organisation is needed here, {len(found)} are in scope.")
    return found[0]


def is_entered() -> bool:
    """Whether any organisation's rows can be asked for now."""
    return bool(_current.get())


@contextmanager
def enter(keys: Sequence[int]) -> Iterator[None]:
    """A transaction in which the rows of these organisations, and only theirs, can be seen and written."""
    with transaction.atomic(savepoint=False):
        before = _current.get()
        token = _current.set(tuple(keys))
        _tell_database(tuple(keys))
        try:
            yield
        finally:
            _current.reset(token)
        # After an exception the transaction rolls back, and the setting with it; a query would hide the exception.
        if before is not None and before != tuple(keys) and not connection.needs_rollback:
            _tell_database(before)


def _tell_database(keys: tuple[int, ...]) -> None:
    value = "{" + ",".join(str(int(key)) for key in keys) + "}" if keys else ""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.organisations', %s, true)", [value])


class ScopedManager(models.Manager[M]):
    """Only the rows of the organisations in scope."""

    def get_queryset(self) -> models.QuerySet[M]:
        """Filtered rows; raises `ScopeError` outside a scope."""
        return super().get_queryset().filter(organisation__in=organisations())


class ScopedModel(models.Model):
    """A row that belongs to one organisation.

    Every such table gets forced row security and only the privileges its class declares (`row_security.apply`).
    The primary key is a hidden bigint; what leaves the system is the UUID, unique within the organisation, so that
    trying ids of others tells nothing.
    """

    append_only: ClassVar[bool] = False
    """Rows are only ever added: the application's role may neither update nor delete them."""
    is_state: ClassVar[bool] = False
    """What is true now, folded from facts: `handrail rebuild` empties and refills it."""

    key = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(settings.TENANT_MODEL, on_delete=models.PROTECT, related_name="+")

    objects: ClassVar[ScopedManager[Any]] = ScopedManager()

    class Meta:
        abstract = True
