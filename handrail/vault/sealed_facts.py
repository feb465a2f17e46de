"""Facts that a device sealed, once they are opened: through the one door, as the device, exactly once.

The facts, the note that the item was taken and the item's going are one transaction: killed in between, all of it is done
again. An entry that is no fact at all is kept with its item until a person has looked; the others of the item count.
"""

from __future__ import annotations

import json
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from handrail.facts.devices import own_site
from handrail.facts.drafts import Draft
from handrail.facts.envelopes import readable
from handrail.facts.models import Site
from handrail.facts.queries import today
from handrail.facts.record import Mode, record_many
from handrail.kernel import bearer, crypto
from handrail.vault.models import InboxItem, Taken


def record(item: InboxItem, plain: bytes) -> None:
    """Record what is inside one item. `item.problem` says afterwards whether some of it could not be read."""
    found: Any = json.loads(plain)
    if not isinstance(found, list):
        raise crypto.SealError("What was sealed is not a list of facts.")
    actor = bearer.device_actor(item.organisation_id, item.device) if item.device else None
    if actor is None:
        raise LookupError("device")
    site = own_site(actor)
    read = [readable(actor, site, entry, arrived=_arrived(item, site)) if isinstance(entry, dict) else [] for entry in found]
    drafts = [draft for draft in read if isinstance(draft, Draft)]
    if drafts:
        record_many(drafts, actor=actor, mode=Mode.ARRIVED)
    if len(drafts) == len(read):
        done(item)
        return
    item.problem = _("%(lost)d of %(all)d entries are no facts; the others were recorded.") % {"lost": len(read) - len(drafts), "all": len(read)}
    item.save(update_fields=["problem"])


def _arrived(item: InboxItem, site: Site | None) -> datetime | None:
    """When an entry without a time happened, if it waited: at noon of the day it came. None is now."""
    if site is None or item.received_on == today():
        return None
    return datetime.combine(item.received_on, time(12), ZoneInfo(site.time_zone))


def done(item: InboxItem) -> None:
    """The item was taken in: its id stays, so that sent again it does nothing, and it goes."""
    Taken.objects.get_or_create(
        organisation_id=item.organisation_id, id=item.id, defaults={"on": today(), "digest": crypto.digest(bytes(item.sealed))}
    )
    item.delete()
