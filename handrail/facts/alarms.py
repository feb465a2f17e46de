"""Alarms and notices: what stands on the pages of those in charge until somebody answered or saw it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db.models import Q
from django.utils.translation import gettext as _

from handrail.facts import heads
from handrail.facts.heads import Finding, Heads, Standing
from handrail.facts.models import Alarm, Notice, RoleAssignment, Site, Staff
from handrail.facts.record import Refusal, lock_organisation
from handrail.kernel import audit, clock, scope
from handrail.kernel.access import Actor
from handrail.kernel.rooms import permissions_of, roles

# -- alarms ----------------------------------------------------------------------------------------------------------------


def open_alarms() -> list[Alarm]:
    """Those nobody answered yet, the oldest first."""
    return list(Alarm.objects.filter(answered_at=None).order_by("raised_at", "key"))


def raise_alarm(*, actor: Actor, reason: Alarm.Reason, subject: str = "", detail: dict[str, object]) -> Alarm:
    """A new alarm and its audit line; the same one again is the same alarm, also after it was answered."""
    found: Alarm | None = Alarm.objects.filter(reason=reason, subject=subject).filter(Q(answered_at=None) | Q(detail=detail)).first()
    if found is not None:
        return found
    raised: Alarm = Alarm.objects.create(organisation_id=actor.organisation, reason=reason, subject=subject, detail=detail, raised_at=clock.now())
    audit.write(f"alarm.{reason.value}", actor=actor, object_kind="alarm", object_id=raised.id, detail={"subject": subject, **detail})
    return raised


def answer(*, actor: Actor, alarm: Alarm, said: str) -> None:
    """Somebody in charge says what was found out; the alarm leaves the pages, the audit keeps both."""
    actor.require("alarm.answer")
    if said not in Alarm.Answer.values:
        raise Refusal([("answer", _("Choose what you found out."))])
    lock_organisation()
    alarm.refresh_from_db()
    if alarm.answered_at is not None:
        return
    alarm.answered_at, alarm.answered_by, alarm.answer = clock.now(), actor.staff_id, said
    alarm.save(update_fields=["answered_at", "answered_by", "answer"])
    audit.write("alarm.answered", actor=actor, object_kind="alarm", object_id=alarm.id, detail={"answer": said})


def witness(*, actor: Actor, kept: Heads) -> Finding:
    """Compare our chains with a head that somebody outside kept; a broken one raises the alarm."""
    found = heads.compare(kept)
    if found.standing is Standing.BROKEN:
        raise_alarm(
            actor=actor, reason=Alarm.Reason.HEAD_BROKEN, subject=str(actor.device or actor.staff_id or ""),
            detail={"kept": kept.as_json()},
        )
    return found


# -- notices ---------------------------------------------------------------------------------------------------------------


def holders(permission: str, site: Site | None = None, *, without: uuid.UUID | None = None) -> list[Staff]:
    """Active accounts with a permission, at a site or anywhere: those whose role is for that very place first.

    At a place where people are held only a role for that place counts.
    """
    giving = [role for role in roles() if permission in permissions_of(role)]
    found = RoleAssignment.objects.filter(role__in=giving, staff__is_active=True, staff__organisation_id=scope.organisation())
    if site is not None:
        found = found.filter(Q(site=site) if site.closed_setting else Q(site=site) | Q(site=None))
    rows = sorted(found.select_related("staff"), key=lambda row: (row.site_id is None, row.staff_id))
    return list({row.staff_id: row.staff for row in rows if row.staff.id != without}.values())


def tell(staff: Iterable[Staff], kind: Notice.Kind, about: uuid.UUID | None = None) -> None:
    """Put a line on the pages of these accounts."""
    now = clock.now()
    Notice.objects.bulk_create(
        [Notice(organisation_id=scope.organisation(), staff=one.id, kind=kind, about=about, made_at=now) for one in staff]
    )


def unseen(actor: Actor) -> list[Notice]:
    """The lines that wait for this account, the oldest first."""
    return list(Notice.objects.filter(staff=actor.staff_id, seen_at=None).order_by("made_at", "key"))


def seen(*, actor: Actor, notice: uuid.UUID) -> bool:
    """This account saw its line; False when there is no such line of theirs."""
    found = Notice.objects.filter(id=notice, staff=actor.staff_id).first()
    if found is not None and found.seen_at is None:
        found.seen_at = clock.now()
        found.save(update_fields=["seen_at"])
        audit.write("notice.seen", actor=actor, object_kind="notice", object_id=found.id, detail={"kind": found.kind})
    return found is not None
