"""The one place that asks what time it is, so that tests can move it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The current moment, in UTC."""
    return datetime.now(UTC)


def local_date(moment: datetime, time_zone: str) -> date:
    """The calendar day of a moment where it happened."""
    return moment.astimezone(ZoneInfo(time_zone)).date()


def midnight(day: date, time_zone: str) -> datetime:
    """The moment a calendar day begins somewhere."""
    return datetime.combine(day, time(), ZoneInfo(time_zone)).astimezone(UTC)


def noon(day: date, time_zone: str) -> datetime:
    """The middle of a calendar day somewhere: when something happened of which only the day is known."""
    return datetime.combine(day, time(12), ZoneInfo(time_zone)).astimezone(UTC)


def local(moment: datetime, time_zone: str) -> datetime:
    """Wall-clock time of a moment where it happened, without a zone: for showing, never for computing."""
    return moment.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None)
