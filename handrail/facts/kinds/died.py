"""A person who came here has died (`domain/people.md` 10). Codes only; no name and no story stands here."""

from __future__ import annotations

import calendar
from datetime import date

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Codes, Kind, Payload, Privacy, info


class ReportedBy(Codes):
    """Who told us."""

    WORKER = "worker", _("A worker")
    FAMILY = "family", _("Family or friends")
    PEER = "peer", _("A peer")
    AUTHORITY = "authority", _("An authority")


class Precision(Codes):
    """How exactly the day is known."""

    DAY = "day", _("The day is known")
    MONTH = "month", _("Only the month is known")
    YEAR = "year", _("Only the year is known")


class PlaceKind(Codes):
    """Sort of place, never the place."""

    HOME = "home", _("At home")
    SHELTER = "shelter", _("In a shelter or hostel")
    STREET = "street", _("Outside")
    SERVICE = "service", _("At a service")
    HOSPITAL = "hospital", _("In hospital")
    CUSTODY = "custody", _("In custody")
    OTHER = "other", _("Somewhere else")
    UNKNOWN = "unknown", _("Not known")


class Cause(Codes):
    """What is known of the cause."""

    OVERDOSE_CONFIRMED = "overdose_confirmed", _("Overdose, confirmed")
    OVERDOSE_SUSPECTED = "overdose_suspected", _("Overdose, suspected")
    ILLNESS = "illness", _("Illness")
    ACCIDENT = "accident", _("Accident")
    VIOLENCE = "violence", _("Violence")
    SUICIDE = "suicide", _("Suicide")
    UNKNOWN = "unknown", _("Not known")
    OTHER = "other", _("Something else")


class Notify(Codes):
    """Who should hear it from us, gently and before others."""

    PEERS = "peers", _("Peers who knew them, privately and first")
    TEAM = "team", _("The team")
    PRESCRIBER = "prescriber", _("Who prescribes for them")
    HOUSING = "housing", _("Their housing worker")
    CASE_WORKER = "case_worker", _("Their case worker")


def last_day_of(day: date, precision: str) -> date:
    """The last day of a day, month or year."""
    if precision == Precision.YEAR:
        return date(day.year, 12, 31)
    if precision == Precision.MONTH:
        return day.replace(day=calendar.monthrange(day.year, day.month)[1])
    return day


class Died(Payload):
    """The moment of the report is the fact's own time."""

    reported_by: ReportedBy = info(_("Who told us"), privacy=Privacy.OPERATIONAL)
    died_on: date = info(_("Day of death"), privacy=Privacy.PERSONAL, help_text=_("The first day, where only month or year is known"))
    precision: Precision = info(_("How exactly"), privacy=Privacy.OPERATIONAL, default=Precision.DAY)
    place_kind: PlaceKind = info(_("Where"), privacy=Privacy.PERSONAL, default=PlaceKind.UNKNOWN)
    cause: Cause = info(_("Cause, as far as known"), privacy=Privacy.CLINICAL, default=Cause.UNKNOWN)
    is_confirmed: bool | None = info(_("Confirmed"), privacy=Privacy.OPERATIONAL, default=None)
    notify: tuple[Notify, ...] = info(_("Who should hear it from us"), privacy=Privacy.OPERATIONAL, default=())

    @property
    def last_day(self) -> date:
        """The last day the person may have lived, as far as it is known."""
        return last_day_of(self.died_on, self.precision)


KIND = Kind(
    title=_("A person has died"),
    explain=_("Reaching out stops, and nothing dated later is recorded for this person. What they were part of stays counted. A wrong report can be taken back."),
    payload=Died,
    may="person.status",
    sample=Died(reported_by=ReportedBy.PEER, died_on=date(2026, 2, 1), precision=Precision.MONTH, notify=(Notify.PEERS,)),
    needs_encounter=False,
)
