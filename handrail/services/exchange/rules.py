"""Rules of the exchange room: pure functions, each with its citation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from handrail.services.exchange.values import CONFIRM_OVER

POUNDS_PER_KILOGRAM = Decimal("2.20462262185")
"""`domain/exchange.md` 5; the pound is 0.45359237 kg by definition since 1959."""


ASKS_FROM = 100
"""A programme may ask for a second tap from here on; below it nothing is read, so that most visits pay nothing."""


def needs_second_tap(quantity: int, *, over: int = CONFIRM_OVER.start) -> bool:
    """Whether a line is so large that a slip of the finger is likelier than a wish (`domain/exchange.md` 11, rule 4)."""
    return quantity > over


def pounds(weight: Decimal, unit: str) -> Decimal:
    """A weight in pounds; `unit` is lb or kg."""
    return weight * POUNDS_PER_KILOGRAM if unit == "kg" else weight


def estimated_count(*, gross: Decimal, tare: Decimal, unit: str, factor: Decimal) -> int:
    """Syringes in a container by weight: floor(net pounds × factor) (`domain/exchange.md` 5).

    Raises ValueError when the net weight is not above zero, or so small that it is not even one syringe.
    """
    net = gross - tare
    if net <= 0:
        raise ValueError("net")
    return int((pounds(net, unit) * factor).to_integral_value(rounding=ROUND_FLOOR))


def stop_day(moment: datetime, *, weekday: int, starts: time, ends: time) -> date | None:
    """The start date of the stop that a local moment falls into, or None.

    A stop that ends after midnight belongs to the day it began (`domain/exchange.md` 11, rule 9); the contact itself
    keeps its own time. `weekday` counts from Monday as 0; from and to are local times.
    """
    for day in (moment.date(), moment.date() - timedelta(days=1)):
        begin = datetime.combine(day, starts)
        end = datetime.combine(day + timedelta(days=1 if ends <= starts else 0), ends)
        if day.weekday() == weekday and begin <= moment.replace(tzinfo=None) < end:
            return day
    return None


# -- need (`domain/exchange.md` 4) ---------------------------------------------------------------------------------------

MONTH_DAYS = 30
"""Days of the month in Kenya's peer calendar (`domain/exchange.md` 4)."""
MONTH_WEEKS = 4
"""Weeks of the month in Kenya's peer calendar: condoms and lubricant are a week's acts times four."""
MOST_A_DAY = 100
"""More injections a day than anybody reports; above it a slip of the finger is likelier."""


def need(people: Iterable[tuple[Decimal, int]], reserve: Decimal, on_hand: int, pack: int) -> int:
    """Needles and syringes needed: ceil(Σ(a day × days) × (1 + reserve)) − on hand, at least 0, rounded up to packs.

    Exact decimals and one ceil, at the end. `people` are (injections a day, days until next time) of the person and of
    everybody they collect for. A suggestion on the screen, never a limit.
    """
    used = sum((a_day * days for a_day, days in people), Decimal(0)) * (1 + reserve)
    rest = max(0, int(used.to_integral_value(rounding=ROUND_CEILING)) - on_hand)
    return -(-rest // pack) * pack


def month_of(acts_a_week: int) -> int:
    """Condoms (sex acts) or lubricant (anal acts) for a month."""
    return acts_a_week * MONTH_WEEKS


def unmet(needed: int, given: int) -> int:
    """How many fewer than needed were given; more than needed is nobody's unmet need."""
    return max(0, needed - given)
