"""Recurring jobs of the vault: take in what waits, a new key for the inbox each month."""

from __future__ import annotations

from contextlib import suppress

from django.conf import settings
from django_tasks import task

from handrail.facts.models import Organisation
from handrail.kernel import keyring, scope
from handrail.kernel.keyring import Locked
from handrail.vault import inbox


@task()
def open_inbox() -> int:
    """Take in what waits, of every organisation, if the vault is open; how many items were taken."""
    if not keyring.is_open(keyring.VAULT):
        return 0
    taken = 0
    with suppress(Locked):  # locked in between: the next run goes on
        for organisation in Organisation.objects.all():
            taken += inbox.process(organisation)[0]
    return taken


@task(queue_name=settings.ERRANDS)
def open_inbox_now() -> int:
    """The same at once, for whoever has just unlocked."""
    taken: int = open_inbox.call()
    return taken


@task()
def rotate_inbox_keys() -> int:
    """A new pair of keys for each organisation whose newest is a month old; how many were made. A locked vault makes none."""
    made = 0
    with suppress(Locked):
        for organisation in Organisation.objects.all():
            with scope.enter([organisation.key]):
                made += inbox.rotate(organisation.id)
    return made
