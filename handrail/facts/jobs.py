"""Recurring jobs of the facts layer."""

from __future__ import annotations

from django_tasks import task

from handrail.facts import alarms, hints, replay
from handrail.facts.models import Alarm, Organisation
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


@task()
def verify_chains() -> int:
    """Recompute both chains of every organisation; what does not hold is an alarm on the pages of those in charge."""
    broken = 0
    for organisation in Organisation.objects.all():
        with scope.enter([organisation.key]):
            count, head, problems = replay.verify_chain()
            found = [*problems, *audit.verify().problems]
            if found:
                broken += 1
                alarms.raise_alarm(
                    actor=system_actor(organisation), reason=Alarm.Reason.CHAIN_BROKEN, subject="chains",
                    detail={"facts": count, "facts_head": head, "problems": len(found), "first": found[0][:200]},
                )
    return broken
