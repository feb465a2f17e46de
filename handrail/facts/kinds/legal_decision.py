"""What was answered to a legal demand. Anything but “refused” needs another person than the one who logged it."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from handrail.facts.kinds.consent import RecordClass
from handrail.facts.spec import Codes, Kind, Payload, Privacy, info


class Decision(Codes):
    """The answer."""

    REFUSED = "refused", _("Refused")
    NARROWED = "narrowed", _("Less than was asked")
    COMPLIED = "complied", _("What was asked")


class Told(Codes):
    """Whether the person heard of it."""

    YES = "yes", _("The person was told")
    NOT_LAWFUL = "not_lawful", _("The law forbids telling them")
    NOT_POSSIBLE = "not_possible", _("Could not be reached")
    NOBODY = "nobody", _("It is about nobody in particular")


class LegalDecision(Payload):
    """The decision on one demand; the latest stands."""

    demand: uuid.UUID = info(_("Legal demand"), privacy=Privacy.OPERATIONAL)
    decision: Decision = info(_("Answer"), privacy=Privacy.OPERATIONAL, default=Decision.REFUSED)
    lawyer_asked: bool = info(_("A lawyer was asked"), privacy=Privacy.OPERATIONAL, default=False)
    released: tuple[RecordClass, ...] = info(_("What was handed over"), privacy=Privacy.OPERATIONAL, default=())
    person_told: Told | None = info(_("Was the person told"), privacy=Privacy.OPERATIONAL, default=None)


KIND = Kind(
    title=_("Answer to a legal demand"),
    explain=_("Refused, narrowed or complied. Another person than the one who logged the demand decides, after a lawyer was asked."),
    payload=LegalDecision,
    may="demand.decide",
    sample=LegalDecision(demand=uuid.UUID(int=4)),
    needs_encounter=False,
    about="demand",
)
