"""An account of one overdose, whether or not naloxone was given (`domain/naloxone.md` 6). When and outcome are asked, all else may stay open.

Not known is an answer of its own: doses that nobody knows are not 0. Nothing here says who it was.
"""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any, Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import model_validator

from handrail.facts.spec import Kind, Payload, Privacy, info
from handrail.services.naloxone.codes import KitCode, YesNoUnknown
from handrail.services.naloxone.report_codes import (
    Action,
    Afterwards,
    AgeSeen,
    Available,
    DoseRoute,
    GenderSeen,
    GivenBy,
    KitPerformance,
    Outcome,
    PlaceKind,
    PoliceAction,
    Precision,
    Reaction,
    ReportChannel,
    Reporter,
    RiskFactor,
    StateFound,
    StayedUntil,
    Substance,
    WhyNotCalled,
)


class Dose(Payload):
    """One dose. Not a `Line`: a report stays one row, also without a dose."""

    route: DoseRoute = info(_("How"), privacy=Privacy.CLINICAL, default=DoseRoute.UNKNOWN)
    kit_code: KitCode | None = info(_("Code on the kit"), privacy=Privacy.OPERATIONAL, default=None)
    lot: uuid.UUID | None = info(_("Lot"), privacy=Privacy.OPERATIONAL, default=None)
    minutes_from_start: int | None = info(_("Minutes after the start"), privacy=Privacy.CLINICAL, default=None, ge=0, le=1_440)
    given_by: GivenBy | None = info(_("Given by"), privacy=Privacy.PERSONAL, default=None)

    def __repr__(self) -> str:
        """In words, for the page that lists records."""
        said = [str(DoseRoute(self.route).label), *([self.kit_code] if self.kit_code else []), *([str(GivenBy(self.given_by).label)] if self.given_by else [])]
        return ", ".join(said)

    __str__ = __repr__


_P, _C, _O = Privacy.PERSONAL, Privacy.CLINICAL, Privacy.OPERATIONAL


class Reversal(Payload):
    """One event. Several kits and doses may belong to it."""

    received_on: date | None = info(_("Told on"), privacy=_O, default=None)
    precision: Precision = info(_("How exactly is that known?"), privacy=_O, default=Precision.HOUR)
    reported_by: ReportChannel = info(_("How the report came in"), privacy=_O, default=ReportChannel.STAFF_FORM)
    outcome: Outcome = info(_("How did it end?"), privacy=_C)
    doses: tuple[Dose, ...] = info(_("Doses"), privacy=_C, default=(), max_length=60)
    doses_total: int | None = info(_("Doses of naloxone altogether"), privacy=_C, default=None, ge=0, le=200, help_text=_("Empty: not known, which is not 0"))
    naloxone_available: Available = info(_("Was naloxone there?"), privacy=_P, default=Available.UNKNOWN)
    emergency_called: YesNoUnknown = info(_("Was an ambulance called?"), privacy=_P, default=YesNoUnknown.UNKNOWN)
    why_not_called: tuple[WhyNotCalled, ...] = info(_("Why did nobody call?"), privacy=_P, default=())
    reporter_kind: Reporter = info(_("Who tells of it?"), privacy=_P, default=Reporter.UNKNOWN)
    witnessed_onset: YesNoUnknown = info(_("Did somebody see it begin?"), privacy=_P, default=YesNoUnknown.UNKNOWN)
    place_kind: PlaceKind = info(_("What sort of place?"), privacy=_P, default=PlaceKind.UNKNOWN)
    area: str | None = info(_("Area"), privacy=_P, default=None, max_length=40, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", help_text=_("Its code, never an address"))
    age_band: AgeSeen = info(_("Age"), privacy=_P, default=AgeSeen.UNKNOWN)
    gender_perceived: GenderSeen = info(_("Gender"), privacy=_P, default=GenderSeen.UNKNOWN)
    previous_overdose: YesNoUnknown = info(_("Had they overdosed before?"), privacy=_C, default=YesNoUnknown.UNKNOWN)
    substances: tuple[Substance, ...] = info(_("What had been taken?"), privacy=_C, default=())
    risk_factors: tuple[RiskFactor, ...] = info(_("What made it more dangerous?"), privacy=_C, default=())
    state_found: StateFound = info(_("How were they found?"), privacy=_C, default=StateFound.UNKNOWN)
    actions: tuple[Action, ...] = info(_("What was done?"), privacy=_P, default=())
    ambulance_attended: YesNoUnknown = info(_("Did an ambulance come?"), privacy=_P, default=YesNoUnknown.UNKNOWN)
    police_attended: YesNoUnknown = info(_("Did police come?"), privacy=_P, default=YesNoUnknown.UNKNOWN)
    police_action: tuple[PoliceAction, ...] = info(_("What did the police do?"), privacy=_P, default=())
    stayed_until: StayedUntil = info(_("How long did somebody stay?"), privacy=_P, default=StayedUntil.UNKNOWN)
    afterwards: Afterwards = info(_("Where did they go?"), privacy=_P, default=Afterwards.UNKNOWN)
    reactions: tuple[Reaction, ...] = info(_("What followed the naloxone?"), privacy=_C, default=())
    kit_performance: KitPerformance = info(_("How did the kit do?"), privacy=_O, default=KitPerformance.UNKNOWN)
    replacement_wanted: bool = info(_("They want a new kit"), privacy=_O, default=False)
    debrief_wanted: bool = info(_("Somebody wants to talk about it"), privacy=_P, default=False)

    @model_validator(mode="before")
    @classmethod
    def _doses_are_counted(cls, raw: Any) -> Any:
        """The total follows from the doses where they are told one by one; what was typed beside them is checked below."""
        if isinstance(raw, dict) and raw.get("doses") and raw.get("doses_total") in {None, ""}:
            return {**raw, "doses_total": len(raw["doses"])}
        return raw

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.doses and self.doses_total != len(self.doses):
            raise ValueError(_t("The number of doses is that of the doses listed."))
        for answers in (self.why_not_called, self.substances, self.risk_factors, self.actions, self.police_action, self.reactions):
            if len(set(answers)) != len(answers):
                raise ValueError(_t("An answer is there twice."))
        for answers, alone in ((self.actions, Action.NONE), (self.reactions, Reaction.NONE), (self.police_action, PoliceAction.NONE)):
            if alone in answers and len(answers) > 1:
                raise ValueError(_t("“None” cannot be chosen together with others."))
        if self.why_not_called and self.emergency_called != YesNoUnknown.NO:
            raise ValueError(_t("Why nobody called belongs to “no”."))
        if self.police_action and self.police_attended != YesNoUnknown.YES:
            raise ValueError(_t("What the police did belongs to police who came."))
        return self


ALONE = {"actions": Action.NONE, "reactions": Reaction.NONE, "police_action": PoliceAction.NONE}
"""Answers that exclude all others of their question."""

KIND = Kind(
    title=_("Overdose report"),
    explain=_("An account of one overdose: what was done, how it ended. Nothing says who it was; it is never shared with police."),
    payload=Reversal,
    may="naloxone.report",
    sample=Reversal(
        outcome=Outcome.RECOVERED, doses=(Dose(route=DoseRoute.NASAL, kit_code="NX-0417", given_by=GivenBy.REPORTER), Dose(route=DoseRoute.NASAL)),
        doses_total=2, naloxone_available=Available.USED, emergency_called=YesNoUnknown.NO, why_not_called=(WhyNotCalled.FEAR_POLICE,),
        actions=(Action.RESCUE_BREATHS, Action.NALOXONE, Action.STAYED), received_on=date(2026, 9, 2), replacement_wanted=True,
    ),
    needs_encounter=False,
    fades=True,
)
