"""The moment something happened, as it is typed: a local time of the place, now unless somebody says otherwise."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from handrail.facts.models import Site
from handrail.kernel import clock

MAY_BE_AHEAD = timedelta(minutes=5)
"""As at the door: clocks of devices differ a little."""


def written(moment: datetime, site: Site) -> str:
    """The moment as an input of a page takes it, to the minute, in the time of the place."""
    return clock.local(moment, site.time_zone).isoformat(timespec="minutes")


def read(typed: str, site: Site) -> tuple[datetime | None, str]:
    """The moment that was typed, None when nothing was, and what is wrong with it."""
    if not typed.strip():
        return None, ""
    try:
        local = datetime.fromisoformat(typed.strip())
    except ValueError:
        return None, _("Write day and time, such as 2026-03-31 22:30.")
    if local.tzinfo is not None or local.year < 2000:
        return None, _("Write day and time, such as 2026-03-31 22:30.")
    if typed.strip() == written(clock.now(), site):
        return clock.now(), ""  # this minute is now: it stands after what was recorded a second ago
    moment = local.replace(tzinfo=ZoneInfo(site.time_zone))
    if moment > clock.now() + MAY_BE_AHEAD:
        return None, _("That is still to come.")
    return moment, ""
