"""Rules of the ledger as pure functions: kits, money, supply."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from statistics import median

from handrail.ledgers.stock.models import Effect

# -- kits and money -----------------------------------------------------------------------------------------------------


def earliest(expiries: Iterable[date | None]) -> date | None:
    """A kit expires with its first part; None when no part expires."""
    return min((expiry for expiry in expiries if expiry is not None), default=None)


def needles_in(parts: Iterable[tuple[int, int]]) -> int:
    """Needle-syringes in a kit: the sum over its parts of (what one counts, how many are in)."""
    return sum(counts * quantity for counts, quantity in parts)


@dataclass(frozen=True)
class Stuff:
    """What a fund may forbid: an item by class or code."""

    code: str
    item_class: str


@dataclass(frozen=True)
class Rule:
    """A fund's restriction as it stands: a class or a code, what it does, from when, and the clause."""

    item_class: str
    item_code: str
    effect: str
    since: date
    clause: str
    until: date | None = None

    def holds(self, on: date) -> bool:
        """Whether it was in force on a day; `until` is the first day it was not."""
        return self.since <= on and (self.until is None or on < self.until)

    def meets(self, stuff: Stuff) -> bool:
        """Whether it speaks of this item."""
        return bool(self.item_class and self.item_class == stuff.item_class) or bool(self.item_code and self.item_code == stuff.code)


def forbidding(
    rules: Iterable[Rule], stuff: Sequence[Stuff], on: date, *, effects: Iterable[str], approved: bool = False
) -> tuple[Rule, Stuff] | None:
    """The first rule that speaks against an item or anything inside it, and what it met."""
    wanted = set(effects) - ({Effect.REQUIRES_APPROVAL.value} if approved else set())
    for rule in rules:
        if rule.effect in wanted and rule.holds(on):
            for one in stuff:
                if rule.meets(one):
                    return rule, one
    return None


def chargeable(
    rules: Sequence[Rule], parts: Sequence[tuple[Stuff, Decimal]], on: date, *, priced_apart: bool = True
) -> tuple[Decimal, Decimal]:
    """What of a bill a fund may carry, and what it may not: (allowed, refused), both exact.

    A kit is priced by its parts; bought as one priced item it is refused whole if one part is forbidden
    (`domain/funding.md` 4, example 2).
    """
    effects = [Effect.FORBID_PURCHASE.value, Effect.FORBID_STOCK_TAG.value]
    refused = sum((price for stuff, price in parts if forbidding(rules, [stuff], on, effects=effects)), Decimal(0))
    total = sum((price for _stuff, price in parts), Decimal(0))
    return (total - refused, refused) if priced_apart or not refused else (Decimal(0), total)


# -- supply ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Batch:
    """So many of a lot, usable until its date (None: for ever)."""

    quantity: int
    expiry: date | None


@dataclass(frozen=True)
class Supply:
    """All inputs of the question when an item runs out, as the page shows them."""

    today: date
    used: int
    days: int
    stock_out_days: int
    weeks: tuple[int, ...]
    lots: tuple[Batch, ...]
    on_order: int
    lead_time_days: int
    review_days: int
    safety_days: int
    pack: int = 1
    owed: int = 0
    """What the book is below zero: it was handed out before it was booked in."""

    @property
    def over_days(self) -> int:
        """Days on which there was something to use."""
        return max(0, self.days - self.stock_out_days)


@dataclass(frozen=True)
class Outlook:
    """What follows. `use_per_day` None: not known, which is not the same as nothing."""

    use_per_day: Fraction | None
    median_week: Fraction | None
    on_hand: int
    will_expire: int
    days_left: int | None
    runs_out_on: date | None
    suggested: int | None

    @property
    def counted_on_hand(self) -> int:
        """On hand without what will expire before it is used."""
        return self.on_hand - self.will_expire


def outlook(supply: Supply) -> Outlook:
    """When it runs out, what will expire first, and how many to order (`domain/naloxone.md` 9, example 6).

    order = ⌈(lead + review + safety) × use − on hand − on order⌉, not below 0, up to whole packs; exact until the one ceil.
    """
    usable = [lot for lot in supply.lots if lot.quantity > 0 and (lot.expiry is None or lot.expiry >= supply.today)]
    on_hand = sum(lot.quantity for lot in usable) - supply.owed
    weekly = Fraction(median(supply.weeks)) if supply.weeks and any(supply.weeks) else None
    if supply.used <= 0 or supply.over_days < 1:
        return Outlook(None, weekly, on_hand, 0, None, None, None)
    use = Fraction(supply.used, supply.over_days)
    lost = sum(will_expire(usable, use, supply.today))
    left = max(0, math.floor((on_hand - lost) / use))
    horizon = supply.lead_time_days + supply.review_days + supply.safety_days
    needed = max(0, math.ceil(horizon * use - (on_hand - lost) - supply.on_order))
    return Outlook(use, weekly, on_hand, lost, left, supply.today + timedelta(days=left), math.ceil(Fraction(needed, supply.pack)) * supply.pack)


def will_expire(lots: Sequence[Batch], use: Fraction, today: date) -> list[int]:
    """How many of each lot will be left over at its date, first expired first out, in the order given.

    Lots are taken one after another; by its date a lot can have lost what the days until then need, less what
    earlier lots gave (`domain/naloxone.md`, example 6: 100 for 20 days at 3 a day leaves 40).
    """
    order = sorted(range(len(lots)), key=lambda n: lots[n].expiry or date.max)
    left, given = [0] * len(lots), 0
    for number in order:
        expiry, quantity = lots[number].expiry, lots[number].quantity
        if expiry is None:
            continue
        taken = min(quantity, max(0, math.floor(use * (expiry - today).days) - given))
        left[number], given = quantity - taken, given + taken
    return left


def stock_out_days(end: int, changes: Sequence[tuple[int, int]]) -> int:
    """Days without anything on the shelf. `changes` are (net change, used) a day, oldest first; `end` is the book now.

    A day counts if the book was at zero as it began or ended (a part of a day counts as one). Not where more was used
    than the book had: then the supplies were there and the book was wrong. The first day begins with the delivery.
    """
    found = 0
    for place in range(len(changes) - 1, -1, -1):
        change, used = changes[place]
        begin = end - change
        lowest = end if place == 0 else min(begin, end)
        found += lowest <= 0 and not (used > 0 and lowest < 0)
        end = begin
    return found


def by_week(daily: Mapping[date, int], today: date, weeks: int) -> tuple[int, ...]:
    """Use in each of the last whole weeks before today, oldest first."""
    return tuple(
        sum(daily.get(today - timedelta(days=7 * back + day), 0) for day in range(1, 8)) for back in range(weeks - 1, -1, -1)
    )
