"""What became of a referral: the person arrived, was refused, withdrew (states: `domain/exchange.md` 7)."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Codes, Kind, Payload, Privacy, info


class Outcome(Codes):
    """How far it got."""

    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    BOOKED = "booked", _("Booked")
    ATTENDED = "attended", _("Arrived")
    RESULT_KNOWN = "result_known", _("Result known")
    NOT_ATTENDED = "not_attended", _("Did not come")
    REFUSED_BY_SERVICE = "refused_by_service", _("Refused by the service")
    WITHDRAWN = "withdrawn", _("Withdrawn by the person")


class Source(Codes):
    """Who said so."""

    PARTICIPANT = "participant", _("The person")
    RECEIVING_SERVICE = "receiving_service", _("The receiving service")
    ACCOMPANYING_WORKER = "accompanying_worker", _("Who went along")


class ReferralOutcome(Payload):
    """Which referral, how far, and who said so."""

    referral: uuid.UUID = info(_("Referral"), privacy=Privacy.OPERATIONAL)
    status: Outcome = info(_("Outcome"), privacy=Privacy.OPERATIONAL)
    source: Source = info(_("Who said so"), privacy=Privacy.OPERATIONAL)


KIND = Kind(
    title=_("Outcome of a referral"),
    explain=_("Whether the person arrived, and who said so."),
    payload=ReferralOutcome,
    may="referral.close",
    sample=ReferralOutcome(referral=uuid.UUID(int=2), status=Outcome.ATTENDED, source=Source.RECEIVING_SERVICE),
    needs_encounter=False,
    about="referral",
)
