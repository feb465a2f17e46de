"""Rules of the naloxone room as pure functions: what a place is, what is still out, shares that say what they leave out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from handrail.services.naloxone.codes import HandedOut, SourceClass

_DAY = timedelta(days=1)
_MINUTE, _MINUTES_OF_A_DAY = timedelta(minutes=1), 24 * 60
DAYS_OF_A_MONTH = 30
"""What a month of stock is (`domain/naloxone.md` 8)."""

# -- what a place is, unless somebody says otherwise -------------------------------------------------------------------

_CHANNELS: Mapping[str, HandedOut] = {
    "vehicle": HandedOut.OUTREACH, "route_stop": HandedOut.OUTREACH, "peer_bag": HandedOut.PEER, "wall_box": HandedOut.WALL_BOX,
    "vending_machine": HandedOut.WALL_BOX, "mail_centre": HandedOut.MAIL, "prison_unit": HandedOut.PRISON_RELEASE, "hospital": HandedOut.HOSPITAL_DISCHARGE,
    "pharmacy": HandedOut.PHARMACY, "housing_project": HandedOut.HOUSING_UNIT, "event": HandedOut.EVENT,
}
_SOURCES: Mapping[HandedOut, SourceClass] = {
    HandedOut.PRISON_RELEASE: SourceClass.PRISON_AT_RELEASE, HandedOut.AMBULANCE: SourceClass.AMBULANCE, HandedOut.HOSPITAL_DISCHARGE: SourceClass.OTHER,
}


def channel_of(site_kind: str, *, is_closed: bool = False) -> HandedOut:
    """How kits leave a place of this kind."""
    return HandedOut.PRISON_RELEASE if is_closed else _CHANNELS.get(site_kind, HandedOut.IN_PERSON)


def source_of(channel: HandedOut) -> SourceClass:
    """The sort of outlet that goes with a channel. A prescription is always said: nothing lets one guess it."""
    return _SOURCES.get(channel, SourceClass.COMMUNITY_OUTLET)


# -- what is still out -------------------------------------------------------------------------------------------------

GROUPS = ("reachable", "by_mail", "anonymous", "passed_on", "taken_from_box", "in_bag", "in_box", "in_vehicle", "unknown")
"""How what is still out can be reached (`domain/naloxone.md` 7). By mail: as long as the address of the parcel is locked away, by the mail team."""


@dataclass(frozen=True)
class StillOut:
    """Of a recalled lot: what was sent out of the store, what is accounted for, and what is still out, by how it can be reached.

    `unknown` is never above 0: kits that came back or were used, and of which nobody knows whose they were.
    """

    sent: int
    accounted: int
    groups: Mapping[str, int]

    @property
    def total(self) -> int:
        """Kits still out: each of them counts, also those that nobody can reach."""
        return sum(self.groups.values())

    def of(self, sent: int) -> StillOut:
        """The same kits as part of what is known to have left the store; whatever is not still out is accounted for."""
        return StillOut(sent, max(sent - self.total, 0), self.groups)


def still_out(sent: Mapping[str, int], ended: Mapping[str, int], held: Mapping[str, int]) -> StillOut:
    """Sent out of the store less what was used, came back or was destroyed; by group. `held` is what bags, boxes and vans have now.

    No group has less than nobody: where more came back than one had, it was another’s, and nobody knows whose.
    """
    groups = {group: sent.get(group, 0) + held.get(group, 0) - ended.get(group, 0) for group in GROUPS}
    for group in GROUPS[:-1]:
        groups["unknown"] += min(0, groups[group])
        groups[group] = max(0, groups[group])
    return StillOut(sum(sent.values()) + sum(held.values()), sum(ended.values()), groups)


# -- orders by mail ----------------------------------------------------------------------------------------------------

MAIL_NEXT: Mapping[str, tuple[str, ...]] = {
    "received": ("approved", "cancelled"), "approved": ("packed", "cancelled"), "packed": ("shipped", "cancelled"),
    "shipped": ("delivered", "returned"), "delivered": (), "returned": (), "cancelled": (),
}
"""Which steps follow which state, the usual one first (`domain/naloxone.md` 9). What is in the post cannot be cancelled, only come back."""
MAIL_ENDS = frozenset(state for state, follows in MAIL_NEXT.items() if not follows)


def mail_path(steps: Iterable[str]) -> list[int]:
    """Which of these steps, in the order they were recorded, an order took. One out of turn changes nothing."""
    state, taken = "received", []
    for place, step in enumerate(steps):
        if step in MAIL_NEXT[state]:
            state = step
            taken.append(place)
    return taken


# -- boxes -------------------------------------------------------------------------------------------------------------

LOOK_AFTER = timedelta(days=30)
"""A box that nobody opened for so long is looked at, whatever the book says of it."""


def left_in_box(in_book: int, taken: int, over: timedelta, since: timedelta) -> Fraction:
    """What is probably left: the book says what was there when somebody looked last, and people went on taking as they did before."""
    per_day = _per_day(taken, over)
    return max(Fraction(0), Fraction(max(in_book, 0)) - per_day * Fraction(max(since, timedelta(0)) // _MINUTE, _MINUTES_OF_A_DAY))


def wants_filling(left: Fraction, taken: int, over: timedelta, since: timedelta, lead_days: int) -> bool:
    """Whether less is left than people take in the days that an order needs, or nobody looked for long."""
    return since > LOOK_AFTER or left < _per_day(taken, over) * lead_days


def _per_day(taken: int, over: timedelta) -> Fraction:
    """How many people take in a day; nothing is known of a box that was filled today."""
    return Fraction(max(taken, 0)) / max(Fraction(over // _MINUTE, _MINUTES_OF_A_DAY), Fraction(1))


# -- days without --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DayOfBook:
    """A day on which something moved: the lowest of the book after a move, the book as the day ended, how many went to people."""

    on: date
    lowest: int
    end: int
    used: int


def out_of_stock(days: Sequence[DayOfBook], until: date) -> list[tuple[date, date]]:
    """Spans of days on which there was nothing at some moment: first day, first day after. `days` are in order; nothing is known from `until` on.

    A part of a day counts as one; the first day begins with what came first. A day on which more went out than the book had
    does not count: it was there, and the book was wrong (as `stock.rules.stock_out_days`).
    """
    found: list[tuple[date, date]] = []

    def add(first: date, after: date) -> None:
        if first < min(after, until):
            begins = found.pop()[0] if found and found[-1][1] == first else first
            found.append((begins, min(after, until)))

    before: DayOfBook | None = None
    for day in days:
        if before is not None and before.end <= 0:
            add(before.on + _DAY, day.on)
        lowest = day.lowest if before is None else min(before.end, day.lowest)
        if lowest <= 0 and not (day.used > 0 and lowest < 0):
            add(day.on, day.on + _DAY)
        before = day
    if before is not None and before.end <= 0:
        add(before.on + _DAY, until)
    return found


# -- shares and times --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Share:
    """So many of so many with a known answer, and beside it how many are not known."""

    of: int
    known: int
    unknown: int

    @property
    def percent(self) -> Fraction | None:
        """Exact; None where nobody knows, which is neither 0 nor 100."""
        return Fraction(100 * self.of, self.known) if self.known else None


def share(answers: Iterable[str], yes: Iterable[str], no: Iterable[str]) -> Share:
    """The share of answers in `yes` among those in `yes` and `no`; all others are not known."""
    found, good, bad = list(answers), set(yes), set(no)
    of, against = sum(answer in good for answer in found), sum(answer in bad for answer in found)
    return Share(of, of + against, len(found) - of - against)


def more_needed(found: Share, target: int) -> int:
    """How many more, of as many, would reach the target in percent; 0 where it is reached."""
    return max(0, math.ceil(Fraction(target * found.known, 100)) - found.of)


def quantile(values: Sequence[int], of: Fraction) -> Fraction | None:
    """The value below which this part lies, half way between two where it falls between them; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    place = of * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def months_of_stock(usable: int, use_per_day: Fraction | None) -> Fraction | None:
    """How long it lasts, in months of 30 days; None where use is not known, which is not for ever."""
    return None if not use_per_day else Fraction(usable) / (use_per_day * DAYS_OF_A_MONTH)
