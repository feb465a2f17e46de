"""An order by mail went one step on: agreed, packed, shipped, arrived, came back, cancelled (`domain/naloxone.md` 9)."""

from __future__ import annotations

import uuid
from typing import Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.spec import Kind, Payload, Privacy, info
from handrail.services.naloxone.mail_codes import MailStepTo


class MailStep(Payload):
    """Which order, and what happened. Packing is a hand-over as any other; this names the record of it."""

    order: uuid.UUID = info(_("Order"), privacy=Privacy.OPERATIONAL)
    step: MailStepTo = info(_("What happened"), privacy=Privacy.OPERATIONAL)
    supply: uuid.UUID | None = info(_("The record of what was packed"), privacy=Privacy.OPERATIONAL, default=None)

    @model_validator(mode="after")
    def _packing_takes_kits(self) -> Self:
        if (self.step == MailStepTo.PACKED) != (self.supply is not None):
            raise ValueError(_t("Packing names what was taken from the shelf, and no other step does."))
        return self


KIND = Kind(
    title=_("Step of an order by mail"),
    explain=_("An order by mail was agreed, packed, shipped, arrived, came back or was cancelled."),
    payload=MailStep,
    may="naloxone.mail",
    sample=MailStep(order=uuid.UUID(int=5), step=MailStepTo.PACKED, supply=uuid.UUID(int=6)),
    needs_encounter=False,
    fades=True,
    about="order",
    asks_about=True,
)
