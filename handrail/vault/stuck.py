"""What came sealed and could not be taken in: a person looks, has it tried again, or says that it is not needed.

Nothing here goes by itself. Whoever removes an item says why, the audit keeps that, and its id stays, so that a device that
sends it once more does not begin anew.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import models, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from handrail.facts.models import Site, Staff
from handrail.kernel import audit, keyring
from handrail.kernel.access import Actor, Denied
from handrail.vault import inbox, sealed_facts
from handrail.vault.models import InboxItem
from handrail.vault.spec import STORES


class NotNeeded(models.TextChoices):
    """Why somebody removes what could not be taken in."""

    WRITTEN_AGAIN = "written_again", _("It was written down again")
    NOT_A_RECORD = "not_a_record", _("There was nothing to keep in it")
    CANNOT_BE_READ = "cannot_be_read", _("Nobody can read it any more")


@dataclass(frozen=True)
class Stuck:
    """One item as a person sees it: never what is inside."""

    id: uuid.UUID
    received_on: date
    what: str | Promise
    site: str
    brought_by: str
    by_device: bool
    problem: str


def listed() -> list[Stuck]:
    """What waits for a person, the oldest first, of the organisation in scope."""
    items = list(InboxItem.objects.exclude(problem="").order_by("key"))
    sites = {str(row.id): row.name for row in Site.objects.filter(id__in=_sites(items))}
    names = dict(Staff.objects.filter(id__in=[item.staff for item in items if item.staff]).values_list("id", "name"))
    return [
        Stuck(
            item.id, item.received_on, _what(item), sites.get(str(item.about.get("site", "")), ""), names.get(item.staff, ""), item.device is not None,
            item.problem,
        )
        for item in items
    ]


def _sites(items: Sequence[InboxItem]) -> list[str]:
    return [item.about["site"] for item in items if item.about.get("site")]


def _what(item: InboxItem) -> str | Promise:
    store = STORES.get(item.about.get("store", ""))
    return store.title if store is not None else InboxItem.Sort(item.sort).label


@transaction.atomic
def try_again(*, actor: Actor, id: uuid.UUID) -> bool:
    """Take the item in now, if what stood in its way is gone; whether it went. Raises `keyring.Locked` while the vault is locked."""
    if not keyring.is_open(keyring.VAULT):
        raise keyring.Locked(keyring.VAULT)
    item = _item(id)
    item.problem = ""
    is_taken = inbox.take(item, actor=actor)
    audit.write("inbox.tried", actor=actor, object_kind="inbox_item", object_id=id, detail={"taken": is_taken})
    return is_taken


@transaction.atomic
def remove(*, actor: Actor, id: uuid.UUID, why: NotNeeded) -> None:
    """It is not needed: the item goes for good, and its id stays. Raises `Denied` when there is none."""
    item = _item(id)
    sealed_facts.done(item)
    audit.write("inbox.removed", actor=actor, object_kind="inbox_item", object_id=id, detail={"why": why.value, "sort": item.sort})


def _item(id: uuid.UUID) -> InboxItem:
    found: InboxItem | None = InboxItem.objects.select_for_update().filter(id=id).exclude(problem="").first()
    if found is None:
        raise Denied("inbox item")
    return found
