"""With whom somebody mostly uses: asked only if they agree, to offer what makes it safer (`domain/exchange.md` 3)."""

from __future__ import annotations

from typing import Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.spec import Codes, Compose, Fields, Kind, Payload, Privacy, info


class With(Codes):
    """Who is there."""

    ALONE = "alone", _("Alone")
    FRIENDS = "friends", _("With friends")
    PARTNER = "partner", _("With a partner")
    STRANGERS = "strangers", _("With strangers")


class Company(Payload):
    """The answer, and that the person agreed to be asked. Without the agreement there is no answer."""

    agreed: bool = info(_("The person agreed to be asked"), privacy=Privacy.PERSONAL)
    with_when_using: With = info(
        _("Mostly uses"), privacy=Privacy.CLINICAL, help_text=_("Alone? Offer naloxone, a number to call, or a room where somebody is there.")
    )

    @model_validator(mode="after")
    def _only_with_consent(self) -> Self:
        if not self.agreed:
            raise ValueError(_t("Ask this only if the person agrees."))
        return self


KIND = Kind(
    title=_("With whom"),
    explain=_("With whom the person mostly uses, asked only if they agree. It leads to an offer, never to a condition."),
    payload=Company,
    may="exchange.record",
    sample=Company(agreed=True, with_when_using=With.ALONE),
    compose=Compose(order=72, title=_("With whom"), part=Fields(), folded=True),
)
