"""Used equipment that came back. May exceed anything ever given; that is normal (`domain/exchange.md` 5)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Codes, Compose, Kind, Payload, Privacy, Stepper, info


class Method(Codes):
    """How it was counted."""

    COUNT = "count", _("Counted")
    ESTIMATE = "estimate", _("Estimated")


class Returned(Payload):
    """How many used needles and syringes."""

    quantity: int = info(_("Used equipment back"), privacy=Privacy.OPERATIONAL, ge=1, le=1_000_000)
    method: Method = info(_("How"), privacy=Privacy.OPERATIONAL, default=Method.COUNT)


KIND = Kind(
    title=_("Used equipment back"),
    explain=_("Used needles and syringes that came back for safe disposal."),
    payload=Returned,
    may="exchange.record",
    sample=Returned(quantity=22),
    compose=Compose(order=20, title=_("Used equipment back"), part=Stepper(field="quantity", hint=_("count or estimate"))),
)
