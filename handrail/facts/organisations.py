"""Making organisations, sites, staff and devices: ordinary rows, each audited."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.utils.translation import gettext as _

from handrail.facts.models import Device, Head, Organisation, RoleAssignment, Site, Staff
from handrail.kernel import audit, commands, scope
from handrail.kernel.access import Actor, Grant
from handrail.kernel.rooms import permissions_of, roles, shielded


def system_actor(organisation: Organisation) -> Actor:
    """The server acting by itself in an organisation: jobs, demo, set-up."""
    return Actor(
        staff=None, staff_id=None, name=_("Handrail"), organisation=organisation.key, organisation_id=organisation.id,
        is_system=True,
    )


def create(*, name: str, country: str, community_led: bool = False, id: uuid.UUID | None = None) -> Organisation:
    """A new organisation with its head and its server device."""
    organisation = Organisation(name=name, country=country, community_led=community_led)
    if id is not None:
        organisation.id = id
    organisation.save(force_insert=True)
    with scope.enter([organisation.key]):
        device = Device.objects.create(organisation=organisation, label="server", is_server=True)
        Head.objects.create(organisation=organisation, server_device=device.id)
        audit.write("organisation.created", actor=system_actor(organisation), object_kind="organisation", object_id=organisation.id)
    return organisation


def create_site(*, actor: Actor, name: str, kind: str, **attributes: object) -> Site:
    """A new site of the actor's organisation. A closed setting is listed at the organisation, for sign-in to know."""
    site = commands.add(Site(organisation_id=actor.organisation, name=name, kind=kind, **attributes), actor=actor)
    if site.closed_setting:
        organisation = Organisation.objects.select_for_update().get(key=actor.organisation)
        organisation.closed_settings = sorted({*organisation.closed_settings, site.key})
        organisation.save(update_fields=["closed_settings"])
    return site


def create_staff(
    *, actor: Actor, username: str, name: str, password: str | None, grants: Sequence[tuple[str, Site | None]], language: str = ""
) -> Staff:
    """A new account with its roles; an unknown role raises ValueError."""
    unknown = {role for role, _site in grants} - roles()
    if unknown:
        raise ValueError(f"Unknown roles: {', '.join(sorted(unknown))}.")
    staff = Staff(organisation_id=actor.organisation, username=username, name=name, language=language)
    if password is None:
        staff.set_unusable_password()
    else:
        staff.set_password(password)
    staff.save(force_insert=True)
    audit.write("staff.created", actor=actor, object_kind="staff", object_id=staff.id)
    for role, site in grants:
        RoleAssignment.objects.create(staff=staff, role=role, site=site)
        audit.write(
            "role.given", actor=actor, object_kind="staff", object_id=staff.id,
            detail={"role": role, "site": str(site.id) if site else "all"},
        )
    return staff


def actor_for(staff: Staff) -> Actor:
    """The actor of an account, with its roles of this moment. Needs the organisation's scope."""
    grants = tuple(
        Grant(role, permissions_of(role), site)
        for role, site in RoleAssignment.objects.filter(staff=staff).values_list("role", "site_id")
    )
    organisation = Organisation.objects.get(key=staff.organisation_id)
    return Actor(
        staff=staff.key, staff_id=staff.id, name=staff.name, organisation=organisation.key,
        organisation_id=organisation.id, language=staff.language, grants=grants,
        closed=frozenset(organisation.closed_settings), shielded=shielded(),
    )
