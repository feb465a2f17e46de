"""What the tests of this room share: places, who works there, and a visit."""

from __future__ import annotations

import uuid
from typing import Any

from django.test import Client

from handrail.facts import organisations, visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Organisation, RoleAssignment, Site
from handrail.facts.spec import KINDS
from handrail.kernel import clock, ids, scope
from handrail.kernel.access import Actor


def signed_in(world: Any, who: str) -> Client:
    """A browser in which this person is signed in."""
    client = Client()
    client.force_login(world.staff[who])
    return client


def place(world: Any, name: str, kind: str, *roles: tuple[str, str], **attributes: object) -> Site:
    """A new place of the first organisation, with people (user name, role) who work there."""
    with scope.enter([world.harbour.key]):
        site = organisations.create_site(actor=world.system, name=name, kind=kind, time_zone="Africa/Nairobi", **attributes)
        for who, role in roles:
            RoleAssignment.objects.create(staff=world.staff[who], role=role, site=site)
        world.harbour = Organisation.objects.get(key=world.harbour.key)
    return site


def actor(world: Any, who: str) -> Actor:
    """Somebody with the roles of this moment. Needs the scope."""
    return organisations.actor_for(world.staff[who])


def visit(world: Any, site: Site, *parts: tuple[str, dict[str, Any]], participant: uuid.UUID | None = None, people: int = 1) -> uuid.UUID:
    """A visit by the system with these parts. Needs the scope."""
    made = ids.new()
    visits.save(
        actor=world.system, visit=made, site=site.id, occurred_at=clock.now(), encounter=Encounter(people_count=people), participant=participant,
        parts=[visits.Part(kind, KINDS[kind].parse(raw)) for kind, raw in parts],
    )
    return made
