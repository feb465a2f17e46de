"""Used equipment that came back. May exceed anything ever given; that is normal (`domain/exchange.md` 5)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.spec import Codes, Compose, Kind, Payload, Privacy, Stepper, info
from handrail.services.exchange.codes import Container
from handrail.services.exchange.rules import estimated_count


class Method(Codes):
    """How it was counted."""

    COUNT = "count", _("Counted")
    ESTIMATE = "estimate", _("Estimated")
    WEIGHT = "weight", _("Weighed")
    SEALED_CONTAINER = "sealed_container", _("Sealed container, not opened")


class Unit(Codes):
    """What the scale shows."""

    LB = "lb", _("pounds")
    KG = "kg", _("kilograms")


_HEAVIEST = 100_000


class Collected(Payload):
    """How many used needles and syringes, and how anybody knows. A weight keeps all it was computed from."""

    quantity: int = info(_("Used equipment back"), privacy=Privacy.OPERATIONAL, ge=1, le=1_000_000)
    method: Method = info(_("How"), privacy=Privacy.OPERATIONAL, default=Method.COUNT)
    container: Container | None = info(_("Container"), privacy=Privacy.OPERATIONAL, default=None)
    gross: Decimal | None = info(_("Weight of the full container"), privacy=Privacy.OPERATIONAL, default=None, gt=0, le=100_000, decimal_places=4)
    tare: Decimal | None = info(_("Weight of the empty container"), privacy=Privacy.OPERATIONAL, default=None, ge=0, le=100_000, decimal_places=4)
    unit: Unit | None = info(_("Unit"), privacy=Privacy.OPERATIONAL, default=None)
    net: Decimal | None = info(_("Net weight"), privacy=Privacy.OPERATIONAL, default=None, gt=0, le=100_000)
    factor: Decimal | None = info(_("Syringes per pound"), privacy=Privacy.OPERATIONAL, default=None, gt=0, le=100_000)
    factor_version: str | None = info(_("Version of the factor"), privacy=Privacy.OPERATIONAL, default=None, max_length=40)

    @model_validator(mode="before")
    @classmethod
    def _work_out(cls, data: Any) -> Any:
        """Net weight and count follow from what the scale showed; what was sent besides has to agree (`_agrees`)."""
        if not isinstance(data, dict) or data.get("method") != Method.WEIGHT:
            return data
        try:
            gross, tare, factor = (Decimal(str(data[name])) for name in ("gross", "tare", "factor"))
            unit = str(data["unit"])
        except (KeyError, ArithmeticError):
            return {"quantity": 1} | data  # something is missing or no number: said field by field, or in `_agrees`
        if not all(number.is_finite() and -_HEAVIEST <= number <= _HEAVIEST for number in (gross, tare, factor)):
            return {"quantity": 1} | data  # not a weight; “1e999999999” would be counted until the memory is full
        if not gross > tare:
            raise ValueError(_t("The full container has to weigh more than the empty one."))
        count = estimated_count(gross=gross, tare=tare, unit=unit, factor=factor)
        return {"net": gross - tare, "quantity": count} | {k: v for k, v in data.items() if v is not None}

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        weighed = (self.gross, self.tare, self.unit, self.net, self.factor, self.factor_version)
        if self.method != Method.WEIGHT:
            if any(value is not None for value in weighed):
                raise ValueError(_t("A weight belongs to “weighed” only."))
            return self
        if self.gross is None or self.tare is None or self.unit is None or self.factor is None or not self.factor_version:
            raise ValueError(_t("A weight needs the full and the empty container, the unit, and the factor with its version."))
        if self.net != self.gross - self.tare:
            raise ValueError(_t("The net weight is the full container less the empty one."))
        if self.quantity != estimated_count(gross=self.gross, tare=self.tare, unit=self.unit, factor=self.factor):
            raise ValueError(_t("The number does not follow from the weight."))
        return self


class Returned(Collected):
    """What came back."""


KIND = Kind(
    title=_("Used equipment back"),
    explain=_("Used needles and syringes that came back for safe disposal."),
    payload=Returned,
    may="exchange.record",
    sample=Returned(quantity=22),
    version=2,
    upcasters={1: lambda old: old},
    compose=Compose(order=20, title=_("Used equipment back"), part=Stepper(field="quantity", hint=_("count or estimate"))),
    needs_encounter=False,
)
