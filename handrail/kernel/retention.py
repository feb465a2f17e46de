"""What is kept, and how long: one file for each class of records, found by scanning the rooms.

A room says in `retention/<class>.py` what goes, after which period, which tables and columns that needs, and how it is
done. The nightly purge (`facts.purge`) asks every class of every room; the role it runs as gets exactly what the
classes declare (`grant`), and a page shows them all.
"""

from __future__ import annotations

import importlib
import importlib.util
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Protocol

from django.apps import apps
from django.db import connection, models
from django.utils.functional import Promise

from handrail.kernel.registry import Registry, RegistryError
from handrail.kernel.rooms import rooms

PURGE_ROLE = "handrail_purge"


class Unit(StrEnum):
    """What a period is counted in."""

    DAYS = "days"
    MONTHS = "months"
    WHOLE_MONTHS = "whole_months"
    """Months, and only when the calendar month is over: a whole month goes at once, so that no day of it stands out."""


class Period(Protocol):
    """How long, as a value with a status that a programme may set (`facts.values.Value`)."""

    @property
    def key(self) -> str:
        """Its name on the page of settings."""
        ...

    def read(self) -> Any:
        """What holds today."""
        ...


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier; the last one of its month where there is none."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


@dataclass(frozen=True)
class Touch:
    """What a class does with one table: columns it changes, rows it deletes or adds. The purge's role may do this and no more."""

    model: type[models.Model]
    update: tuple[str, ...] = ()
    delete: bool = False
    insert: bool = False


@dataclass(frozen=True)
class Holds:
    """Whose records a person in charge said must stay."""

    everything: bool = False
    people: frozenset[uuid.UUID] = frozenset()


@dataclass(frozen=True)
class Purged:
    """What a class did: how many, how many were due but are held, and what each line of the audit must say of facts."""

    count: int = 0
    held: int = 0
    facts: Sequence[Mapping[str, object]] = ()


class Purge(Protocol):
    """Does one class for the organisation in scope, in the running transaction, as the purge's role."""

    def __call__(self, *, before: date, holds: Holds) -> Purged:
        """Let go of what was last used before that day, except what is held."""
        ...


@dataclass(frozen=True)
class RetentionClass:
    """One class of records. The key is the name of its file, after the room's."""

    title: str | Promise
    what_goes: str | Promise
    period: Period
    unit: Unit
    touches: tuple[Touch, ...]
    purge: Purge
    starts: Callable[[], int] | None = None
    """What holds until the programme sets its own, where that depends on something, such as the risk."""
    folds: bool = False
    """Facts change, so every state is folded again: the role may write the tables of state."""
    key: str = field(default="", compare=False)

    def bind_key(self, key: str) -> None:
        """Called by the registry."""
        object.__setattr__(self, "key", key)

    def length(self) -> int:
        """Days or months, as they hold today."""
        now = self.period.read()
        return int(self.starts() if self.starts is not None and now.version == "start" else now.value)

    def before(self, today: date) -> date:
        """The first day whose records stay."""
        length = self.length()
        if self.unit is Unit.DAYS:
            return today - timedelta(days=length)
        return months_before(today.replace(day=1) if self.unit is Unit.WHOLE_MONTHS else today, length)


def _packages() -> list[tuple[str, str]]:
    found = [(room.key, f"{room.package}.retention") for room in rooms()]
    return [(key, name) for key, name in found if importlib.util.find_spec(name) is not None]


class _Classes(Registry[RetentionClass]):
    """One file a class; a room whose classes follow from something else it declares gives them by `more()` in its `retention/__init__.py`."""

    def _load(self) -> dict[str, RetentionClass]:
        found = super()._load()
        for _room, name in _packages():
            more = getattr(importlib.import_module(name), "more", None)
            for key, made in (more() if more is not None else {}).items():
                if key in found:
                    raise RegistryError(f"Two retention classes are called “{key}”; {name} gives the second.")
                made.bind_key(key)
                found[key] = made
        return dict(sorted(found.items()))


CLASSES: Registry[RetentionClass] = _Classes("RETENTION", RetentionClass, _packages)
"""Every class of every room."""

_WRITES_LINES = (("kernel", "AuditEntry", "INSERT"), ("kernel", "AuditHead", "INSERT, UPDATE"))
_NEVER_READS = frozenset({"mfa_authenticator"})


def privileges() -> dict[str, set[str]]:
    """What the purge's role may do besides reading, by table: `DELETE`, `UPDATE (column)`, and what writing the audit needs."""
    found: dict[str, set[str]] = {}
    for app, name, what in _WRITES_LINES:
        found[apps.get_model(app, name)._meta.db_table] = set(what.split(", "))
    for one in CLASSES:
        for touch in one.touches:
            held = found.setdefault(touch.model._meta.db_table, set())
            held.update({"DELETE"} if touch.delete else set())
            held.update({"INSERT"} if touch.insert else set())
            columns = {field.name: field.column for field in touch.model._meta.concrete_fields}
            held.update(f'UPDATE ("{columns[name]}")' for name in touch.update)
    if any(one.folds for one in CLASSES):
        for model in apps.get_models():
            if getattr(model, "is_state", False):
                found.setdefault(model._meta.db_table, set()).update({"INSERT", "UPDATE", "DELETE"})
    return found


def role_exists() -> bool:
    """Whether the server has the purge's role; a PostgreSQL server of one's own may not have it yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [PURGE_ROLE])
        return cursor.fetchone() is not None


def grant() -> None:
    """Give the purge's role exactly what the classes declare. Run as the owner; safe to run again."""
    if not role_exists():
        return
    allowed = privileges()
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        cursor.execute(f'GRANT CONNECT ON DATABASE "{cursor.fetchone()[0]}" TO {PURGE_ROLE}')
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {PURGE_ROLE}")
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {PURGE_ROLE}")
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            cursor.execute(f'REVOKE ALL ON "{table}" FROM {PURGE_ROLE}')
            if table not in _NEVER_READS:
                cursor.execute(f'GRANT SELECT ON "{table}" TO {PURGE_ROLE}')
            for what in sorted(allowed.get(table, ())):
                cursor.execute(f'GRANT {what} ON "{table}" TO {PURGE_ROLE}')
