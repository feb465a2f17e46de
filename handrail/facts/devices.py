"""Devices: what records facts by itself, with a token of its own and one role at one site."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from handrail.facts.models import Device, Site
from handrail.facts.record import Refusal, lock_organisation
from handrail.facts.spec import KINDS
from handrail.facts.unreadable import is_storable
from handrail.facts.values import DEVICE_RECORDS_A_DAY
from handrail.kernel import audit, bearer, clock, commands, crypto, throttle
from handrail.kernel.access import Actor
from handrail.kernel.models import AuditEntry
from handrail.kernel.rooms import permissions_of, roles

LONGEST_LABEL = 60
_FOR_PEOPLE = frozenset({"records.review", "person.merge", "staff.manage", "staff.assign"})
"""Whoever decides about other people's records is a person: no role with one of these is given to a device, nor one that
may record what asks for a proof of who it is."""


@cache
def roles_for_devices() -> tuple[str, ...]:
    """Roles that record something and decide nothing about what others recorded, in alphabetical order."""
    needed = {kind.may for kind in KINDS}
    for_people = _FOR_PEOPLE | {kind.may for kind in KINDS if kind.step_up}
    return tuple(sorted(role for role in roles() if permissions_of(role) & needed and not permissions_of(role) & for_people))


def enrol(*, actor: Actor, label: str, role: str, site: Site, id: uuid.UUID | None = None) -> tuple[Device, str]:
    """A new device and its token, which is not kept: show it now. Raises `Refusal`."""
    actor.require("device.manage", site.key)
    label = " ".join(label.split())
    problems: list[tuple[str, str]] = []
    lock_organisation()
    if not label or not label.isprintable() or not is_storable(label, 0, {}):
        problems.append(("label", _("Write what it is, such as “till at the drop-in”. Letters, digits and signs only.")))
    elif len(label) > LONGEST_LABEL:
        problems.append(("label", _("At most %d characters.") % LONGEST_LABEL))
    elif Device.objects.filter(label=label, revoked_at=None).exists():
        problems.append(("label", _("A device of this name is here already.")))
    if role not in roles_for_devices():
        problems.append(("role", _("Choose one of the roles that a device can have.")))
    if not site.is_active:
        problems.append(("site", _("This place is closed.")))
    if problems:
        raise Refusal(problems)
    token = bearer.new_token(actor.organisation)
    device = Device(
        organisation_id=actor.organisation, label=label, role=role, site=site, token=bearer.digest_of(token),
        enrolled_by=actor.staff_id, enrolled_at=clock.now(),
    )
    if id is not None:
        device.id = id
    return commands.add(device, actor=actor), token


def end(*, actor: Actor, device: Device) -> None:
    """Its next request is refused. What it recorded stays."""
    actor.require("device.manage", device.site_id)
    if device.revoked_at is None:
        commands.change(device, actor=actor, revoked_at=clock.now())


def listed(actor: Actor) -> list[Device]:
    """Devices with a token at the sites the actor looks after: those in use first, then by name."""
    found = Device.objects.filter(actor.filter("device.manage"), token__isnull=False).select_related("site")
    return sorted(found, key=lambda device: (device.revoked_at is not None, device.label))


SILENT_DAYS = 60


def silent_since(device: Device) -> datetime | None:
    """When a device in use was last heard of, if that is long ago; what it may still hold keeps old keys alive (security.md 2.1)."""
    heard = device.last_seen_at or device.enrolled_at
    is_silent = device.revoked_at is None and heard is not None and clock.now() - heard > timedelta(days=SILENT_DAYS)
    return heard if is_silent else None


# -- how much one may send in a day ---------------------------------------------------------------------------------------

MET = "device.quota_met"


@dataclass(frozen=True)
class Quota:
    """What a device sent today, by the day of its place, and what it may."""

    sent: int
    allowed: int
    ends: datetime
    counter: bytes

    @property
    def is_met(self) -> bool:
        """Whether it has to wait."""
        return self.sent >= self.allowed

    @property
    def seconds_left(self) -> int:
        """Until the day is over at its place."""
        return max(1, int((self.ends - clock.now()).total_seconds()) + 1)


def quota(device: uuid.UUID, site: Site) -> Quota:
    """What a device may still send today. A stolen token cannot fill the book; what it is refused stays in the device."""
    day = site.today
    ends = datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(site.time_zone))
    counter = crypto.token(crypto.key(settings.CONFIG.keys, "throttle"), "throttle", f"device-day|{device}|{day}")
    return Quota(throttle.used(counter), DEVICE_RECORDS_A_DAY.read().value, ends, counter)


def count(actor: Actor, found: Quota, recorded: int) -> None:
    """Count what was recorded. The audit says once a day that a quota was met, and the page of devices says it too."""
    if recorded and throttle.use(found.counter, recorded, until=found.ends) >= found.allowed > found.sent:
        audit.write(MET, actor=actor, object_kind="device", object_id=actor.device, detail={"allowed": found.allowed})


def met_lately(found: Iterable[Device]) -> dict[uuid.UUID, datetime]:
    """Which devices met their quota within the last week, and when last."""
    lines = AuditEntry.objects.filter(action=MET, at__gt=clock.now() - timedelta(days=7), object_id__in=[str(device.id) for device in found])
    return {uuid.UUID(line.object_id): line.at for line in lines.order_by("number")}


def own_site(actor: Actor) -> Site | None:
    """The site of the device that acts."""
    if actor.device is None:
        return None
    site: Site | None = Device.objects.select_related("site").get(id=actor.device).site
    return site


def import_device(actor: Actor, name: str) -> Device:
    """The device that stands for an import mapping in every record that came through it; made at its first run."""
    label = f"import {name}"
    found = Device.objects.filter(label=label, is_server=False, token=None).first()
    return found or commands.add(Device(organisation_id=actor.organisation, label=label, enrolled_at=clock.now(), enrolled_by=actor.staff_id), actor=actor)
