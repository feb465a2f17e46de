"""Emergency access: what other places recorded of one person, for half an hour, with a reason, and looked at afterwards.

For the summary of one person's care only (`domain/people.md` 8): no results of tests, no sealed store, and never through
the walls of a place where people are held, in either direction (docs/decisions/0023). Two people in charge are told at
once. Somebody else than the worker has to look at it within 72 hours; else the account is suspended until an
administrator lifts that with a reason (security.md 4.5).
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_tasks import task

from handrail.facts import accounts, alarms
from handrail.facts.models import Alarm, GlassBreak, Notice, Organisation, Site, Staff
from handrail.facts.organisations import system_actor
from handrail.facts.people_rules import closed_site_of
from handrail.facts.record import Refusal, lock_organisation
from handrail.facts.spec import Codes
from handrail.facts.values import GLASS_A_DAY, GLASS_MINUTES, GLASS_REVIEW_HOURS
from handrail.kernel import audit, clock, crypto, keyring, scope, sessions
from handrail.kernel.access import Actor
from handrail.kernel.models import SetUpCode

TOLD = 2
LONGEST = 300


class Why(Codes):
    """Why it cannot wait. A code and no free text: words about somebody's emergency would name them."""

    UNCONSCIOUS = "unconscious", gettext_lazy("Unconscious, or cannot say what they need")
    OVERDOSE = "overdose", gettext_lazy("Overdose or poisoning, and what they use matters")
    BEFORE_TREATMENT = "before_treatment", gettext_lazy("Care that could harm without knowing what was given before")
    TRANSFER = "transfer", gettext_lazy("Brought in by an ambulance or another service that asks now")
    DANGER = "danger", gettext_lazy("Somebody is in danger tonight")


class Lift(Codes):
    """Why an account may work again before, or after, its emergency access was looked at."""

    REVIEWED_NOW = "reviewed_now", gettext_lazy("It has been looked at meanwhile")
    NOBODY_WAS_THERE = "nobody_was_there", gettext_lazy("Nobody who could look at it was there; that is not the worker’s fault")
    NEEDED = "needed", gettext_lazy("The worker is needed; it will be looked at today")


# -- breaking it -----------------------------------------------------------------------------------------------------------


def break_glass(*, actor: Actor, site: Site, participant: uuid.UUID, why: str, id: uuid.UUID) -> GlassBreak:
    """Open the summary of one person to this worker; sending it again is harmless. Raises `Refusal` with what to do."""
    actor.require("glass.break", site.key)
    lock_organisation()
    known: GlassBreak | None = GlassBreak.objects.filter(id=id, staff=actor.staff_id).first()
    if known is not None:
        return known
    now, told = clock.now(), alarms.holders("glass.review", site, without=actor.staff_id)
    _check(actor, site, participant, why, told)
    made: GlassBreak = GlassBreak.objects.create(
        id=id, organisation_id=actor.organisation, staff=actor.staff_id, participant=participant, site=site, reason=why, broken_at=now,
        ends_at=now + timedelta(minutes=GLASS_MINUTES.read().value), due_at=now + timedelta(hours=GLASS_REVIEW_HOURS.read().value),
    )
    alarms.tell(told[:TOLD], Notice.Kind.GLASS_BROKEN, made.id)
    audit.write(
        "glass.broken", actor=actor, object_kind="glass", object_id=made.id,
        detail={"why": why, "site": str(site.id), "until": str(made.ends_at), "told": [str(staff.id) for staff in told[:TOLD]]},
    )
    audit.look("emergency access", actor=actor, object_id=participant)
    return made


def _check(actor: Actor, site: Site, participant: uuid.UUID, why: str, told: list[Staff]) -> None:
    """What refuses it, as a sentence that says what to do instead."""
    now = clock.now()
    own = GlassBreak.objects.filter(staff=actor.staff_id)
    problems = []
    if closed_site_of(participant) != (site.key if site.closed_setting else None):
        problems.append(("card", _("Emergency access does not go through the walls of a place where people are held.")))
    if why not in Why.values:
        problems.append(("why", _("Say why it cannot wait.")))
    if not told:
        problems.append(("", _("Nobody else is in charge here who could look at it afterwards, so it cannot be used. Telephone the other place.")))
    elif own.filter(ended_at=None, ends_at__gt=now).exists():
        problems.append(("", _("You have one open already. Close it first.")))
    elif own.filter(broken_at__gt=now - timedelta(days=1)).count() >= GLASS_A_DAY.read().value:
        problems.append(("", _("You used it as often as a worker may in a day. Telephone the other place, or ask a colleague.")))
    if problems:
        raise Refusal(problems)


def open_now(*, actor: Actor, glass: uuid.UUID) -> GlassBreak | None:
    """This worker's own access; None when there is no such one. Raises `Refusal` when its time is over."""
    found: GlassBreak | None = GlassBreak.objects.select_related("site").filter(id=glass, staff=actor.staff_id).first()
    if found is None or not actor.may("glass.break", found.site_id):
        return None
    if found.ended_at is not None or clock.now() >= found.ends_at:
        raise Refusal([("", _("This emergency access is over. If you still need it, open it again and say why."))])
    audit.look("emergency summary", actor=actor, object_id=found.participant)
    return found


def own_open(actor: Actor) -> GlassBreak | None:
    """The access that this worker has open now."""
    found: GlassBreak | None = GlassBreak.objects.filter(staff=actor.staff_id, ended_at=None, ends_at__gt=clock.now()).first()
    return found


def end(*, actor: Actor, glass: uuid.UUID) -> bool:
    """The worker closes it before its time; False when there is no such one of theirs."""
    lock_organisation()
    found = GlassBreak.objects.filter(id=glass, staff=actor.staff_id).first()
    if found is not None and found.ended_at is None and clock.now() < found.ends_at:
        found.ended_at = clock.now()
        found.save(update_fields=["ended_at"])
        audit.write("glass.ended", actor=actor, object_kind="glass", object_id=found.id)
    return found is not None


# -- looking at it -------------------------------------------------------------------------------------------------------------


def to_review(actor: Actor) -> list[GlassBreak]:
    """Those that wait for this account, the one that is due first before the others. Nobody looks at their own."""
    waiting = GlassBreak.objects.filter(actor.filter("glass.review"), reviewed_at=None).exclude(staff=actor.staff_id)
    return list(waiting.select_related("site").order_by("due_at", "key"))


def reviewed_lately(actor: Actor, most: int = 20) -> list[GlassBreak]:
    """Those that were looked at, the latest first."""
    found = GlassBreak.objects.filter(actor.filter("glass.review"), reviewed_at__isnull=False)
    return list(found.select_related("site").order_by("-reviewed_at")[:most])


def review(*, actor: Actor, glass: GlassBreak, verdict: str, said: str) -> None:
    """A second person says whether it was right, with a sentence. The sentence is locked; the audit keeps the verdict."""
    actor.require("glass.review", glass.site_id)
    said = " ".join(said.split())
    problems = []
    if verdict not in GlassBreak.Verdict.values:
        problems.append(("verdict", _("Say whether it was right.")))
    if not said:
        problems.append(("said", _("Write a sentence: what you asked, and what you found.")))
    elif len(said) > LONGEST:
        problems.append(("said", _("At most %d characters.") % LONGEST))
    if glass.staff == actor.staff_id:
        problems.append(("", _("Nobody looks at their own emergency access. Somebody else in charge does it.")))
    if problems:
        raise Refusal(problems)
    lock_organisation()
    glass.refresh_from_db()
    if glass.reviewed_at is not None:
        raise Refusal([("", _("A colleague looked at it meanwhile."))])
    glass.reviewed_at, glass.reviewed_by, glass.verdict = clock.now(), actor.staff_id, verdict
    glass.said = keyring.lock(_context(glass), said.encode(), name=keyring.NOTE).hex()
    glass.save(update_fields=["reviewed_at", "reviewed_by", "verdict", "said"])
    kind = Notice.Kind.GLASS_RIGHT if verdict == GlassBreak.Verdict.RIGHT else Notice.Kind.GLASS_NOT_RIGHT
    alarms.tell(Staff.objects.filter(id=glass.staff), kind, glass.id)
    audit.write("glass.reviewed", actor=actor, object_kind="glass", object_id=glass.id, detail={"verdict": verdict})


def said_of(glass: GlassBreak) -> str:
    """The sentence of a review; while the keys are locked, that it is."""
    if not glass.said:
        return ""
    try:
        return keyring.unlock(_context(glass), bytes.fromhex(glass.said), name=keyring.NOTE).decode()
    except (keyring.Locked, crypto.SealError):  # the latter after all keys were lost
        return _("(locked)")


def _context(glass: GlassBreak) -> str:
    return f"hr/glass-review/v1|{glass.organisation_id}|{glass.id}"


# -- nobody looked ---------------------------------------------------------------------------------------------------------------


def suspend_unreviewed(*, actor: Actor) -> int:
    """Suspend the accounts whose emergency access nobody looked at in time; how many."""
    lock_organisation()
    late = GlassBreak.objects.filter(reviewed_at=None, suspended_at=None, due_at__lte=clock.now()).order_by("due_at", "key")
    return sum(_suspend(actor, glass) for glass in late)


def _suspend(actor: Actor, glass: GlassBreak) -> bool:
    """Suspend one; the last administrator stays, and an alarm says so, because nobody could lift it."""
    staff = Staff.objects.get(id=glass.staff, organisation_id=scope.organisation())
    if accounts.is_last_administrator(staff):
        alarms.raise_alarm(actor=actor, reason=Alarm.Reason.REVIEW_OVERDUE, subject=str(glass.id), detail={})
        return False
    glass.suspended_at = clock.now()
    glass.save(update_fields=["suspended_at"])
    was_active, staff.is_active = staff.is_active, False
    staff.save(update_fields=["is_active"])
    SetUpCode.objects.filter(account=staff).delete()
    sessions.end_all(staff.pk)
    audit.write("staff.suspended", actor=actor, object_kind="staff", object_id=staff.id, detail={"glass": str(glass.id), "was_active": was_active})
    return was_active


def suspended(staff: Staff) -> list[GlassBreak]:
    """The emergency accesses for which this account is suspended and nobody lifted it yet."""
    return list(GlassBreak.objects.filter(staff=staff.id, suspended_at__isnull=False, lifted_at=None))


def lift(*, actor: Actor, staff: Staff, why: str) -> None:
    """An administrator lets a suspended account work again, with a reason. It still has to be looked at."""
    actor.require("staff.manage")
    if staff.pk == actor.staff or not accounts.may_look_after(actor, staff):
        raise accounts.AccountProblem("", _("You cannot lift this suspension. Ask an administrator of all places."))
    if why not in Lift.values:
        raise accounts.AccountProblem("why", _("Say why the account may work again."))
    lock_organisation()
    held = suspended(staff)
    if not held:
        return
    for glass in held:
        glass.lifted_at, glass.lifted_by, glass.lift_reason = clock.now(), actor.staff_id, why
        glass.save(update_fields=["lifted_at", "lifted_by", "lift_reason"])
    staff.is_active = True
    staff.save(update_fields=["is_active"])
    audit.write("staff.suspension_lifted", actor=actor, object_kind="staff", object_id=staff.id, detail={"why": why, "glass": [str(g.id) for g in held]})


@task()
def suspend_all_unreviewed() -> int:
    """Suspend what nobody looked at in time, for every organisation; how many accounts."""
    suspended_now = 0
    for organisation in Organisation.objects.all():
        with scope.enter([organisation.key]):
            suspended_now += suspend_unreviewed(actor=system_actor(organisation))
    return suspended_now
