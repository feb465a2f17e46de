"""Somebody younger than an age limit of the law of the place: served under a policy, or brought to who may (`domain/exchange.md` 8).

No age and no year of birth: only what was done, and by which rule of the programme. Age limits are legal facts of each
place; they are not kept here.
"""

from __future__ import annotations

from typing import Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.spec import Codes, Compose, Fields, Kind, Payload, Privacy, info


class Done(Codes):
    """What was done."""

    SERVED = "served", _("Served under our policy")
    REFERRED = "referred", _("Brought or referred to a service for young people")


class UnderLimit(Payload):
    """What was done, and the number of the policy that says so."""

    done: Done = info(_("Younger than the age limit"), privacy=Privacy.PERSONAL)
    policy: str | None = info(
        _("Number of the policy"), privacy=Privacy.OPERATIONAL, default=None, max_length=24, pattern=r"^[A-Za-z0-9][A-Za-z0-9./-]*$",
        help_text=_("As your programme numbers it, such as YP-3. No names."),
    )

    @model_validator(mode="after")
    def _served_under_something(self) -> Self:
        if self.done == Done.SERVED and self.policy is None:
            raise ValueError(_t("Say under which policy: its number protects whoever served a young person."))
        return self


KIND = Kind(
    title=_("Younger than an age limit"),
    explain=_("Somebody younger than an age limit of the law was served under a policy of the programme, or referred. No age is kept."),
    payload=UnderLimit,
    may="exchange.record",
    sample=UnderLimit(done=Done.SERVED, policy="YP-3"),
    compose=Compose(order=76, title=_("Younger than an age limit"), part=Fields(), folded=True),
)
