"""Rooms: the folders of the house that hold kinds, screens and permissions. Listed in `settings.ROOMS`, in order."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class NavGroup(StrEnum):
    """Where an entry stands in the menu."""

    PEOPLE = "people"
    STOCK = "stock"
    RUNNING = "running"

    @property
    def heading(self) -> str | Promise:
        """What stands above its entries."""
        return _GROUP_TITLES[self]


_GROUP_TITLES = {NavGroup.PEOPLE: _("People and visits"), NavGroup.STOCK: _("Stock and numbers"), NavGroup.RUNNING: _("Running it")}


@dataclass(frozen=True)
class NavItem:
    """One entry of the menu, shown to whoever holds its permission. What is used every day stands in the bar before the rest."""

    title: str | Promise
    url_name: str
    permission: str
    group: NavGroup = NavGroup.PEOPLE
    every_day: bool = False


@dataclass(frozen=True)
class Menu:
    """What one person can reach: everything in groups, and the few entries that fit into the bar."""

    groups: list[tuple[str | Promise, list[NavItem]]]
    bar: list[NavItem]
    has_more: bool


MOST_IN_BAR = 5


def menu_of(items: list[NavItem]) -> Menu:
    """The menu of somebody who may use these entries."""
    groups = [(group.heading, [item for item in items if item.group is group]) for group in NavGroup]
    first = set(sorted(items, key=lambda item: not item.every_day)[:MOST_IN_BAR])
    return Menu([(title, held) for title, held in groups if held], [item for item in items if item in first], len(items) > MOST_IN_BAR)


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
