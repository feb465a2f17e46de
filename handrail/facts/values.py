"""Values with a status: what a programme may set, where our own start value comes from, and whether anybody approved it.

A room declares its values in `values.py` as module-level `Value` objects; the settings page lists them all. Reading a
clinical or legal value that nobody of the programme approved gives the declared safe value and says so
(`domain/people.md` 9). Every use can keep the reading's `version`, so that a later change rewrites nothing.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from django.db.models import Q

from handrail.facts.models import SafetyClass, Setting, Site, SourceStatus
from handrail.facts.spec import Text
from handrail.kernel import clock
from handrail.kernel.rooms import rooms

T = TypeVar("T")
START = "start"
"""Version of a reading that comes from the declaration."""
NEEDS_APPROVAL = frozenset({SafetyClass.CLINICAL, SafetyClass.LEGAL})


@dataclass(frozen=True)
class Reading(Generic[T]):
    """A value as it holds on a day. `version` is `start` or the id of the row that set it."""

    value: T
    version: str
    is_approved: bool
    source: str
    source_status: str


@dataclass(frozen=True)
class Value(Generic[T]):
    """A declared value. `start` is what holds until a programme sets its own; it must be the safe choice."""

    key: str
    title: Text
    start: T
    unit: Text
    source: str
    source_status: SourceStatus
    safety: SafetyClass
    check: Callable[[Any], T]
    """Turns what was typed or stored into the value; raises ValueError with a sentence."""
    explain: Text = ""
    per_site: bool = False

    def read(self, *, site: Site | None = None, on: date | None = None) -> Reading[T]:
        """What holds on a day (today unless said otherwise), the site's own row before the organisation's."""
        day = on or clock.now().date()
        where = Q(site=None) | Q(site=site) if site is not None and self.per_site else Q(site=None)
        rows = Setting.objects.filter(where, Q(valid_to=None) | Q(valid_to__gt=day), name=self.key, valid_from__lte=day)
        for row in sorted(rows, key=lambda r: (r.site_id is not None, r.valid_from, r.key), reverse=True):
            approved = row.approved_at is not None
            if approved or self.safety not in NEEDS_APPROVAL:
                return Reading(self.check(row.value), str(row.id), approved, row.source, row.source_status)
        return Reading(self.start, START, self.source_status == SourceStatus.VERIFIED, self.source, self.source_status.value)


def declared() -> dict[str, Value[Any]]:
    """Every declared value of every room, by key."""
    found: dict[str, Value[Any]] = {}
    for room in rooms():
        name = f"{room.package}.values"
        if importlib.util.find_spec(name) is not None:
            for value in vars(importlib.import_module(name)).values():
                if isinstance(value, Value):
                    if found.get(value.key, value) is not value:
                        raise RuntimeError(f"Two values are called “{value.key}”.")
                    found[value.key] = value
    return dict(sorted(found.items()))


def whole(least: int, most: int) -> Callable[[Any], int]:
    """A check: a whole number between two limits, both allowed."""

    def check(raw: Any) -> int:
        number = int(raw)
        if not least <= number <= most:
            raise ValueError(f"{least} – {most}")
        return number

    return check


def yes_no(raw: Any) -> bool:
    """A check: yes or no."""
    if raw in (True, "true", "yes", "1", 1):
        return True
    if raw in (False, "false", "no", "0", "", 0):
        return False
    raise ValueError("yes / no")


def one_of(*allowed: str) -> Callable[[Any], str]:
    """A check: one of these codes."""

    def check(raw: Any) -> str:
        if raw not in allowed:
            raise ValueError(" / ".join(allowed))
        return str(raw)

    return check
