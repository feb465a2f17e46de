"""What devices may still hold that is sealed to older keys of the inbox: such a key is not destroyed under them.

A device counts from the moment it is given a key, or sends something sealed. From then on it says with each push which
keys it needs; one that was ended needs none (security.md 2.1).
"""

from __future__ import annotations

from datetime import date

from handrail.facts.models import Device
from handrail.facts.queries import today
from handrail.kernel.access import Actor
from handrail.vault.models import Outbox


def gave_key(actor: Actor, made_on: date) -> None:
    """A device holds this key now. What it said before stands: it may hold an older one as well."""
    if actor.device is not None:
        Outbox.objects.get_or_create(
            device=actor.device, defaults={"organisation_id": actor.organisation, "needs_keys_since": made_on, "said_on": None}
        )


def confirm(actor: Actor, since: date, newest: date) -> None:
    """A device says that nothing it holds is sealed to a key made before this day. It cannot speak of keys that are not made yet."""
    Outbox.objects.update_or_create(
        device=actor.device, defaults={"needs_keys_since": min(since, newest), "said_on": today()},
        create_defaults={"organisation_id": actor.organisation, "device": actor.device, "needs_keys_since": min(since, newest), "said_on": today()},
    )


def oldest_needed() -> date | None:
    """Keys made on this day or later may be needed by a device that is in use; None when no device holds any key."""
    in_use = Device.objects.filter(revoked_at=None).values("id")
    return Outbox.objects.filter(device__in=in_use).order_by("needs_keys_since").values_list("needs_keys_since", flat=True).first()
