"""A stop of the calendar was cancelled, late or moved, and why: so that a fall in contacts can be explained (`domain/exchange.md` 10)."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.spec import Codes, Kind, Payload, Privacy, info


class Change(Codes):
    """What changed."""

    CANCELLED = "cancelled", _("Cancelled")
    LATE = "late", _("Late")
    MOVED = "moved", _("Moved")
    AS_PLANNED = "as_planned", _("Takes place after all")


class Reason(Codes):
    """Why."""

    WEATHER = "weather", _("Weather")
    POLICE = "police", _("Police")
    STAFF = "staff", _("No staff")
    CURFEW = "curfew", _("Curfew")
    ROADBLOCK = "roadblock", _("Roadblock")
    VEHICLE = "vehicle", _("Vehicle broken")
    OTHER = "other", _("Another reason")


class StopChanged(Payload):
    """Which stop, on which start date, what and why."""

    stop: uuid.UUID = info(_("Stop"), privacy=Privacy.OPERATIONAL)
    on: date = info(_("Start date"), privacy=Privacy.OPERATIONAL)
    change: Change = info(_("Change"), privacy=Privacy.OPERATIONAL)
    reason: Reason = info(_("Why"), privacy=Privacy.OPERATIONAL, default=Reason.OTHER)
    minutes_late: int | None = info(_("Minutes late"), privacy=Privacy.OPERATIONAL, default=None, ge=1, le=1440)
    area: str | None = info(_("Moved to area"), privacy=Privacy.OPERATIONAL, default=None, max_length=24, pattern=r"^[a-z]+(-[a-z]+)*(-[0-9]{1,2})?$")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.minutes_late is not None and self.change != Change.LATE:
            raise ValueError(_t("Minutes belong to a stop that is late."))
        if self.area is not None and self.change != Change.MOVED:
            raise ValueError(_t("A new area belongs to a stop that is moved."))
        return self


KIND = Kind(
    title=_("Stop changed"),
    explain=_("A stop of the calendar was cancelled, late or moved, and why."),
    payload=StopChanged,
    may="exchange.record",
    sample=StopChanged(stop=uuid.UUID(int=5), on=date(2026, 11, 20), change=Change.CANCELLED, reason=Reason.ROADBLOCK),
    needs_encounter=False,
    about="stop",
)
