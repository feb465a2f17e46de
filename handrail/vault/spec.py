"""What a sealed store is. One file in a room's `stores` folder declares one; it then appears on the pages, in the purge and in the drills."""

from __future__ import annotations

import importlib.util
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from handrail.facts.spec import Text
from handrail.facts.values import Value
from handrail.kernel.access import Actor
from handrail.kernel.registry import Registry
from handrail.kernel.rooms import rooms


@dataclass(frozen=True)
class SealedField:
    """One thing to write down: its label, how long it may be, and how many lines the form gives it."""

    title: Text
    help_text: Text = ""
    longest: int = 200
    lines: int = 1
    is_required: bool = False


@dataclass(frozen=True)
class Subject:
    """What the records of a store are about, where that is no person: such as an order."""

    is_known: Callable[[uuid.UUID], bool]
    """Whether there is such a thing to write about."""
    ended_on: Callable[[uuid.UUID], date | None]
    """The day from which the record’s days count; None while it is still needed."""


@dataclass(frozen=True)
class SealedStore:
    """What is kept, who writes it, who may open it and why, and for how long it stays."""

    title: Text
    explain: Text
    """What it is for and what happens to it, said to the worker who asks the person."""
    fields: Mapping[str, SealedField]
    writers: frozenset[str]
    """Roles that may write it down. Whoever writes it cannot read it back for that alone."""
    readers: frozenset[str]
    """Roles that may open it, one at a time, with a purpose."""
    purposes: Mapping[str, Text]
    keep_days: Value[int]
    """Days it stays after it was written or, with `use_extends`, last opened."""
    use_extends: bool = False
    most_days: int = 3660
    """It goes so long after it was written however often it is opened."""
    is_optional: Value[bool] | None = None
    """The programme's switch for a store that most do without; None means there is none."""
    subject: Subject | None = None
    """What it is about; None means a person, on whose page it then stands."""
    key: str = field(default="", init=False)

    def bind_key(self, key: str) -> None:
        """Called by the registry with the name of the file."""
        object.__setattr__(self, "key", key)

    @property
    def is_used(self) -> bool:
        """Whether this programme keeps such things at all."""
        return self.is_optional is None or self.is_optional.read().value

    def may_write(self, actor: Actor, site: int | None) -> bool:
        """Whether this actor may write into it for a record of this place."""
        return holds(actor, self.writers, site)

    def may_open(self, actor: Actor, site: int | None) -> bool:
        """Whether this actor may open a record of this place."""
        return holds(actor, self.readers, site)


def holds(actor: Actor, roles: frozenset[str], site: int | None) -> bool:
    """Whether somebody has one of these roles at a place. Of a closed setting only a role given there counts, and no program has any."""
    if actor.staff is None:
        return False
    return any(
        grant.role in roles and (grant.site == site or (grant.site is None and site not in actor.closed)) for grant in actor.grants
    )


def _packages() -> list[tuple[str, str]]:
    return [(room.key, f"{room.package}.stores") for room in rooms() if importlib.util.find_spec(f"{room.package}.stores") is not None]


STORES: Registry[SealedStore] = Registry("STORE", SealedStore, _packages)
"""Every sealed store of every room, by `room.file`."""
