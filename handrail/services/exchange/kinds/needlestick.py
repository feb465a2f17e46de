"""Somebody of the team or a member of the public was pricked: what was done at once (`domain/exchange.md` 5). Nobody is named."""

from __future__ import annotations

from typing import Any, Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.codes_of_people import YesNo
from handrail.facts.spec import Codes, Kind, Payload, Privacy, info


class Whom(Codes):
    """Whose exposure, as a role."""

    WORKER = "worker", _("Somebody of the team")
    PEER = "peer", _("A peer")
    CLEANER = "cleaner", _("Cleaning or waste staff")
    PERSON_SERVED = "person_served", _("Somebody we serve")
    PUBLIC = "public", _("A member of the public")


class Exposure(Codes):
    """What happened."""

    NEEDLESTICK = "needlestick", _("Pricked by a needle")
    CUT = "cut", _("Cut")
    SPLASH = "splash", _("Splash on eye, mouth or a wound")


class FirstAid(Codes):
    """What was done at once."""

    WASHED = "washed", _("Washed with water and soap")
    RINSED = "rinsed", _("Rinsed")
    NONE = "none", _("Nothing yet")
    UNKNOWN = "unknown", _("Not known")


class Pep(Codes):
    """How far PEP went."""

    STARTED = "started", _("Started")
    ON_THE_WAY = "on_the_way", _("On the way to it")
    DECLINED = "declined", _("Offered, declined")
    NOT_NEEDED = "not_needed", _("The clinic says it is not needed")
    NOT_AVAILABLE = "not_available", _("Not available here")


class FollowUp(Codes):
    """Tests planned."""

    PLANNED = "planned", _("Planned")
    DECLINED = "declined", _("Declined")
    NOT_YET = "not_yet", _("Not yet")


class ExposureEvent(Payload):
    """What happened and what was done; the moment is the record's own. The limit in force is frozen beside the answer."""

    whom: Whom = info(_("Who"), privacy=Privacy.OPERATIONAL)
    exposure: Exposure = info(_("What happened"), privacy=Privacy.CLINICAL, default=Exposure.NEEDLESTICK)
    source_known: YesNo | None = info(_("Is it known whose blood it was?"), privacy=Privacy.CLINICAL, default=None)
    first_aid: FirstAid = info(_("First aid"), privacy=Privacy.CLINICAL)
    pep: Pep = info(_("PEP"), privacy=Privacy.CLINICAL)
    hours_to_pep: int | None = info(
        _("Hours until PEP was started"), privacy=Privacy.CLINICAL, default=None, ge=0, le=10_000, help_text=_("Leave empty if it is not started")
    )
    follow_up: FollowUp | None = info(_("Follow-up tests"), privacy=Privacy.CLINICAL, default=None)
    limit_hours: int | None = info(_("PEP was to start within hours"), privacy=Privacy.OPERATIONAL, default=None, ge=1, le=168)
    limit_version: str | None = info(_("Version of that limit"), privacy=Privacy.OPERATIONAL, default=None, max_length=40)


    @model_validator(mode="after")
    def _hours_of_what_started(self) -> Self:
        if self.hours_to_pep is not None and self.pep != Pep.STARTED:
            raise ValueError(_t("Hours until PEP belong to PEP that was started."))
        return self


def _hours_only_when_started(old: dict[str, Any]) -> dict[str, Any]:
    """Version 1 took hours beside any answer; without a start they say nothing."""
    return old if old.get("pep") == Pep.STARTED else old | {"hours_to_pep": None}


KIND = Kind(
    title=_("Needlestick"),
    explain=_("An exposure to blood: first aid, PEP and follow-up. Nobody is named."),
    payload=ExposureEvent,
    may="exchange.record",
    sample=ExposureEvent(whom=Whom.WORKER, first_aid=FirstAid.WASHED, pep=Pep.STARTED, hours_to_pep=3, limit_hours=72, limit_version="start"),
    version=2,
    upcasters={1: _hours_only_when_started},
    needs_encounter=False,
)
