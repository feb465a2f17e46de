"""Recurring jobs of the facts layer."""

from __future__ import annotations

from django_tasks import task

from handrail.facts import hints
from handrail.facts.models import Organisation
from handrail.facts.organisations import system_actor
from handrail.kernel import audit, scope
from handrail.kernel.jobs import attempt
from handrail.kernel.sessions import SessionStore


@task()
def seal_access_logs() -> int:
    """Chain the looks since the last seal, for every organisation; returns how many."""
    sealed = 0
    for organisation in Organisation.objects.all():
        with scope.enter([organisation.key]):
            sealed += audit.seal_access_log(actor=system_actor(organisation))
    return sealed


@task()
def forget_hints() -> int:
    """Where tolerant review ended by a dated setting its tokens go, whoever comes or does not; returns for how many programmes."""
    gone = 0
    for organisation in Organisation.objects.all():
        with scope.enter([organisation.key]):
            gone += hints.forget_unwanted(actor=system_actor(organisation))
    return gone


@task()
def clear_sessions() -> None:
    """Remove sign-ins past their limits."""
    attempt(SessionStore.clear_expired, what="clear sessions")
