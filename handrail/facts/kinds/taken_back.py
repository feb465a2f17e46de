"""A record that should not exist: it did not happen, or was entered twice. The record stays; it no longer counts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Codes, Kind, Payload, Privacy, info


class Why(Codes):
    """Why a record is taken back."""

    DID_NOT_HAPPEN = "did_not_happen", _("It did not happen")
    ENTERED_TWICE = "entered_twice", _("It was entered twice")
    WRONG_VISIT = "wrong_visit", _("It belongs to another visit")


class TakenBack(Payload):
    """The fact itself names what it supersedes."""

    why: Why = info(_("Why"), privacy=Privacy.OPERATIONAL)


KIND = Kind(
    title=_("Taken back"),
    explain=_("Takes a record back. Both stay readable; totals no longer count it."),
    payload=TakenBack,
    may="visit.correct",
    sample=TakenBack(why=Why.ENTERED_TWICE),
    needs_encounter=False,
)
