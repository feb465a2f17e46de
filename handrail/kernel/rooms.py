"""Rooms: the folders of the house that hold kinds, screens and permissions. Listed in `settings.ROOMS`, in order."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from django.conf import settings
from django.utils.functional import Promise


@dataclass(frozen=True)
class NavItem:
    """One entry of the menu, shown to whoever holds its permission."""

    title: str | Promise
    url_name: str
    permission: str


@dataclass(frozen=True)
class Room:
    """A room of the house: what it is called, which roles may do what in it, and its menu entries."""

    key: str
    title: str | Promise
    package: str
    roles: Mapping[str, set[str]] = field(default_factory=dict)
    nav: tuple[NavItem, ...] = ()
    shielded: frozenset[str] = frozenset()
    """Permissions that a role held everywhere does not give at closed settings: they need a role given for that place."""

    @property
    def has_kinds(self) -> bool:
        """Whether the room has a folder of fact kinds."""
        return importlib.util.find_spec(f"{self.package}.kinds") is not None


@cache
def rooms() -> tuple[Room, ...]:
    """All rooms in the order of `settings.ROOMS`; each package carries a `ROOM`."""
    return tuple(importlib.import_module(package).ROOM for package in settings.ROOMS)


@cache
def permissions_of(role: str) -> frozenset[str]:
    """Everything a role may do, gathered from all rooms."""
    return frozenset(permission for room in rooms() for permission in room.roles.get(role, set()))


@cache
def shielded() -> frozenset[str]:
    """Permissions that closed settings shield, gathered from all rooms."""
    return frozenset(permission for room in rooms() for permission in room.shielded)


@cache
def roles() -> frozenset[str]:
    """Keys of all roles any room knows."""
    return frozenset(role for room in rooms() for role in room.roles)
