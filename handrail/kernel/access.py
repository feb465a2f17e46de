"""Who may do what. Permission is a set of sites first; the yes or no for one object derives from it.

A permission is a word like `exchange.record`. Rooms say which roles hold which permissions (`Room.roles`); a person
holds roles at one site or at all sites of the organisation. Every URL declares its permission with `may`; a view
without one cannot be reached.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar

from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase

View = TypeVar("View", bound=Callable[..., HttpResponseBase])
ANYONE = "anyone"
SIGNED_IN = "signed-in"


class Denied(PermissionError):
    """The actor may not do this. Outside it looks like a page that does not exist, and the audit keeps a line."""


class Refused(ValueError):
    """Nothing was recorded. `problems` are (field, sentence) pairs; a view that does not show them lets the gate do it."""

    problems: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Grant:
    """One role of a person: its permissions, at one site or (site None) at all sites."""

    role: str
    permissions: frozenset[str]
    site: int | None


@dataclass(frozen=True)
class Actor:
    """Who acts: a person signed in, or a process of the system."""

    staff: int | None
    staff_id: uuid.UUID | None
    name: str
    organisation: int
    organisation_id: uuid.UUID
    language: str = ""
    grants: tuple[Grant, ...] = field(default=())
    is_system: bool = False
    device: uuid.UUID | None = None
    """The device that acts, where a program does and no person."""
    closed: frozenset[int] = frozenset()
    """Sites where people are held: a role held everywhere gives nothing of `shielded` there (`domain/exchange.md` 8)."""
    shielded: frozenset[str] = frozenset()
    proved_at: datetime | None = None
    """When this person last proved who they are; what is sensitive asks for it again after some minutes."""
    second_factor: bool = False
    """Whether this sign-in was proved with a passkey or a code, and not with a password alone."""

    def may(self, permission: str, site: int | None = None) -> bool:
        """Whether the actor holds a permission, at a site or, with no site, anywhere."""
        if self.is_system or permission in {ANYONE, SIGNED_IN}:
            return True
        behind_walls = site is not None and site in self.closed and permission in self.shielded
        return any(
            permission in grant.permissions
            and (site is None or grant.site == site or (grant.site is None and not behind_walls))
            for grant in self.grants
        )

    def sites(self, permission: str) -> frozenset[int] | None:
        """Keys of the sites where the actor holds a permission; None means every site of the organisation.

        Not for what closed settings shield: `filter` leaves them out, a list of keys cannot say “all others”.
        """
        if self.is_system:
            return None
        if self.closed and permission in self.shielded:
            raise RuntimeError(f"“{permission}” is shielded at closed settings; use filter().")
        return self._named(permission)

    def _named(self, permission: str) -> frozenset[int] | None:
        held = [grant for grant in self.grants if permission in grant.permissions]
        if any(grant.site is None for grant in held):
            return None
        return frozenset(grant.site for grant in held if grant.site is not None)

    def filter(self, permission: str, column: str = "site") -> Q:
        """The rows at sites where the actor holds a permission, as a filter on the column that names the site."""
        if self.is_system:
            return Q()
        sites = self._named(permission)
        if sites is not None:
            return Q(**{f"{column}__in": sites})
        if not self.closed or permission not in self.shielded:
            return Q()
        own = {grant.site for grant in self.grants if permission in grant.permissions and grant.site is not None}
        return ~Q(**{f"{column}__in": self.closed - own})

    def require(self, permission: str, site: int | None = None) -> None:
        """Raise `Denied` unless `may`."""
        if not self.may(permission, site):
            raise Denied(permission)

    @property
    def roles(self) -> frozenset[str]:
        """Keys of the roles held anywhere."""
        return frozenset(grant.role for grant in self.grants)


def may(
    permission: str, *, instead: str = "", methods: Iterable[str] = ("GET",), step_up: bool = False, before_enrolment: bool = False
) -> Callable[[View], View]:
    """Declare who may call a view and with which methods. The gate (kernel.web) refuses views without it.

    `instead`: another permission that opens it as well; the view decides what each may do.
    `step_up`: sensitive, so whoever calls it must have proved who they are a few minutes ago; what was typed is kept.
    `before_enrolment`: reachable for somebody who still has to set up the second factor that the programme asks for.
    """

    def declare(view: View) -> View:
        @wraps(view)
        def wrapped(*args: Any, **kwargs: Any) -> HttpResponseBase:
            return view(*args, **kwargs)

        wrapped.permission = permission  # type: ignore[attr-defined]
        wrapped.instead = instead  # type: ignore[attr-defined]
        wrapped.methods = frozenset(methods)  # type: ignore[attr-defined]
        wrapped.step_up = step_up  # type: ignore[attr-defined]
        wrapped.before_enrolment = before_enrolment  # type: ignore[attr-defined]
        return wrapped  # type: ignore[return-value]

    return declare


class ActorRequest(HttpRequest):
    """A request that the gate let through: it has an actor."""

    actor: Actor
