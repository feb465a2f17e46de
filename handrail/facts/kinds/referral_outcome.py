"""What became of a referral: the person arrived, was refused, withdrew (states: `domain/exchange.md` 7)."""

from __future__ import annotations

import uuid
from typing import Any, Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

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


class RefusalReason(Codes):
    """Why a service turned somebody away, as it said or as it looked."""

    NO_CAPACITY = "no_capacity", _("No place free")
    NO_DOCUMENTS = "no_documents", _("No papers or insurance")
    COST = "cost", _("It costs money")
    ACTIVE_USE = "active_use", _("Because the person uses drugs")
    NOT_CLEAN = "not_clean", _("Because of how the person looks or smells")
    GENDER = "gender", _("Because of gender")
    PREGNANCY = "pregnancy", _("Because of pregnancy or children")
    AGE = "age", _("Because of age")
    RESIDENCE = "residence", _("Because of where the person lives")
    BEHAVIOUR = "behaviour", _("Because of an earlier conflict")
    NOT_ELIGIBLE = "not_eligible", _("The wrong service for this")
    OTHER = "other", _("Another reason")
    NOT_SAID = "not_said", _("No reason was given")


class ReferralOutcome(Payload):
    """Which referral, how far, and who said so."""

    referral: uuid.UUID = info(_("Referral"), privacy=Privacy.OPERATIONAL)
    status: Outcome = info(_("Outcome"), privacy=Privacy.OPERATIONAL)
    source: Source = info(_("Who said so"), privacy=Privacy.OPERATIONAL)
    reason: RefusalReason | None = info(_("Why it was refused"), privacy=Privacy.PERSONAL, default=None)

    @model_validator(mode="before")
    @classmethod
    def _a_refusal_has_a_reason(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("status") == Outcome.REFUSED_BY_SERVICE and not data.get("reason"):
            return data | {"reason": RefusalReason.NOT_SAID}
        return data

    @model_validator(mode="after")
    def _reason_of_a_refusal(self) -> Self:
        if self.reason is not None and self.status != Outcome.REFUSED_BY_SERVICE:
            raise ValueError(_t("A reason belongs to a refusal by the service."))
        return self


def _as_it_was(old: dict[str, Any]) -> dict[str, Any]:
    """Version 1 did not ask why a service refused: reading it says that no reason was given."""
    return old


def _who_made_it(said: ReferralOutcome) -> str:
    """Where a referral was made it is closed by the person's own word, or by who went along (`domain/exchange.md` 7)."""
    return "" if said.source == Source.RECEIVING_SERVICE else "referral.follow"


KIND = Kind(
    title=_("Outcome of a referral"),
    explain=_("Whether the person arrived, and who said so."),
    payload=ReferralOutcome,
    may="referral.close",
    may_also=_who_made_it,
    may_instead="referral.follow",
    sample=ReferralOutcome(referral=uuid.UUID(int=2), status=Outcome.ATTENDED, source=Source.RECEIVING_SERVICE),
    version=2,
    upcasters={1: _as_it_was},
    needs_encounter=False,
    about="referral",
)
