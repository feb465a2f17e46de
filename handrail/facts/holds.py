"""Legal holds: a person in charge stops the purge, dated, with a reason, audited (`domain/people.md` 12)."""

from __future__ import annotations

import uuid
from datetime import date

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from handrail.facts.models import CardToken, Fact, LegalHold
from handrail.facts.participants import group
from handrail.facts.queries import today
from handrail.facts.record import Refusal, lock_organisation
from handrail.kernel import audit, clock, ids
from handrail.kernel.access import Actor, Denied
from handrail.kernel.retention import Holds, months_before

LONGEST_MONTHS = 24
"""A hold that nobody looks at again would keep records for ever: it ends, and may be set anew."""


def standing() -> list[LegalHold]:
    """The holds of the organisation in scope that hold today, newest first."""
    return list(LegalHold.objects.filter(Q(ended_at=None), ends_on__gt=today()).order_by("-key"))


def held() -> Holds:
    """What the purge must leave alone today; every record of a held person, joined ones too."""
    found = standing()
    people = frozenset(one for hold in found if hold.participant for one in group(hold.participant))
    return Holds(everything=any(hold.participant is None for hold in found), people=people)


def _require(actor: Actor) -> None:
    """Nights are the organisation's: whoever is in charge of some places only stops nothing."""
    actor.require("retention.hold")
    if actor.sites("retention.hold") is not None:
        raise Denied("retention.hold")


def is_known(participant: uuid.UUID) -> bool:
    """Whether there is anything of this person: a record, or a card given before the first."""
    return Fact.objects.filter(participant=participant).exists() or CardToken.objects.filter(participant=participant).exists()


@transaction.atomic
def set_hold(*, actor: Actor, participant: uuid.UUID | None, reason: str, ends_on: date | None, id: uuid.UUID | None = None) -> LegalHold:
    """Stop the purge for one person, or for everything, until a day. Waits for a purge that is under way. Sent twice it is one."""
    _require(actor)
    problems = problems_of(reason, ends_on)
    if participant is not None and not is_known(participant):
        problems.append(("participant", _("That person is not known here.")))
    if problems or ends_on is None:
        raise Refusal(problems)
    lock_organisation()
    said = {"participant": participant, "reason": reason, "ends_on": ends_on, "set_at": clock.now(), "set_by": actor.staff_id}
    hold: LegalHold
    hold, is_new = LegalHold.objects.get_or_create(organisation_id=actor.organisation, id=id or ids.random(), defaults=said)
    if not is_new:
        return hold
    audit.write(
        "hold.set", actor=actor, object_kind="hold", object_id=hold.id,
        detail={"participant": str(participant or "everything"), "reason": reason, "ends_on": ends_on.isoformat()},
    )
    return hold


def problems_of(reason: str, ends_on: date | None) -> list[tuple[str, str]]:
    """What is wrong with the reason or the day of a hold, as sentences."""
    problems: list[tuple[str, str]] = []
    if reason not in LegalHold.Reason.values:
        problems.append(("reason", _("Choose why it must stay.")))
    if ends_on is None or ends_on <= today() or months_before(ends_on, LONGEST_MONTHS) > today():
        problems.append(("ends_on", _("Write a day after today and within %s months, like 2027-03-31. It can be set again then.") % LONGEST_MONTHS))
    return problems


@transaction.atomic
def end_hold(*, actor: Actor, hold: LegalHold) -> None:
    """The purge goes on from tonight. Ending one that ended changes nothing."""
    _require(actor)
    lock_organisation()
    if LegalHold.objects.filter(key=hold.key, ended_at=None).update(ended_at=clock.now(), ended_by=actor.staff_id):
        audit.write("hold.ended", actor=actor, object_kind="hold", object_id=hold.id)
