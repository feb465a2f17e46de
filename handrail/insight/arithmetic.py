"""From numerator and denominator to a value: exact until it is displayed, rounded half up once."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from handrail.insight.spec import Indicator

DAYS_OF_A_YEAR = 365
"""What an annualised value is stretched to (`domain/exchange.md`, worked example 3)."""
KEPT_DECIMALS = 6
"""Decimals that are stored. Cut, not rounded, so that rounding half up at display is still the only rounding."""


class Status(TextChoices):
    """Whether there is a value. Neither of the other two is ever shown as 0."""

    OK = "ok", _("Computed")
    NOT_COMPUTABLE = "not_computable", _("Not computable")
    NO_DATA = "no_data", _("No data")


@dataclass(frozen=True)
class Cell:
    """A measured number and the distinct people behind it; a contact without a code counts its head count."""

    value: int
    people: int


@dataclass(frozen=True)
class Computed:
    """A value with its parts. `value` is None unless the status is ok."""

    status: Status
    value: Decimal | None
    numerator: Cell | None
    denominator: Cell | None


def value_of(indicator: Indicator, numerator: Cell | None, denominator: Cell | None = None, unknown: Cell | None = None, *, days: int = 0) -> Computed:
    """Put the parts together: no input is “no data”, division by nothing is “not computable”, never 0.

    count n · percent 100 n/d · ratio n/d times `per`, annualised times 365/days · bound n + u · estimate n + u ÷ (d/n), people from
    n people with d contacts and u contacts of nobody knows how many people (`domain/people.md` 3.4).
    """
    if numerator is None or (indicator.denominator is not None and denominator is None) or (indicator.unknown is not None and unknown is None):
        return Computed(Status.NO_DATA, None, numerator, denominator)
    if indicator.kind == "bound" and unknown is not None:
        return Computed(Status.OK, Decimal(numerator.value + unknown.value), numerator, None)
    if denominator is None:
        return Computed(Status.OK, Decimal(numerator.value), numerator, None)
    if denominator.value == 0:
        return Computed(Status.NOT_COMPUTABLE, None, numerator, denominator)
    exact = Fraction(numerator.value, denominator.value) * (100 if indicator.kind == "percent" else 1)
    if indicator.kind == "estimate" and unknown is not None:
        exact = numerator.value + unknown.value * exact
    exact = exact * indicator.per
    if indicator.annualised:
        exact = exact * Fraction(DAYS_OF_A_YEAR, days)
    return Computed(Status.OK, cut(exact), numerator, denominator)


def cut(exact: Fraction) -> Decimal:
    """A fraction with `KEPT_DECIMALS` decimals, the rest cut off."""
    whole = abs(exact.numerator) * 10**KEPT_DECIMALS // exact.denominator
    return Decimal(whole if exact >= 0 else -whole).scaleb(-KEPT_DECIMALS)


def display(value: Decimal | int, decimals: int) -> str:
    """The number as written, half up, with a point and no grouping: 75.1."""
    return str(Decimal(value).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP))
