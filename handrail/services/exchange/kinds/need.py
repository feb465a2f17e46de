"""How many sterile needles and syringes somebody needs, and for whom else: a suggestion, never a cap (`domain/exchange.md` 4).

The numbers a person says are kept beside what was computed from them and by which values, so that a later change of a
value rewrites nothing. What was not asked stays empty.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from handrail.facts.spec import Codes, Kind, Payload, Privacy, info
from handrail.services.exchange.kinds.given import ShortReason
from handrail.services.exchange.rules import MOST_A_DAY

PerDay = Annotated[Decimal, Field(ge=0, le=MOST_A_DAY, decimal_places=2)]


class Horizon(Codes):
    """How far ahead the need looks."""

    NEXT_VISIT = "next_visit", _("Until next time")
    MONTH = "month", _("For a month")


class NeedInputs(Payload):
    """What the person said. Every field may be left out: not asked is not nought."""

    per_day: Decimal | None = info(
        _("Injections a day"), privacy=Privacy.PERSONAL, default=None, ge=0, le=MOST_A_DAY, decimal_places=2
    )
    days: int | None = info(_("Days until next time"), privacy=Privacy.PERSONAL, default=None, ge=1, le=366)
    on_hand: int | None = info(_("Still has"), privacy=Privacy.PERSONAL, default=None, ge=0, le=100_000)
    others: tuple[PerDay, ...] = info(_("The others, a day each"), privacy=Privacy.PERSONAL, default=(), max_length=20)
    sex_acts: int | None = info(_("Sex, times a week"), privacy=Privacy.CLINICAL, default=None, ge=0, le=500)
    anal_acts: int | None = info(_("Anal sex, times a week"), privacy=Privacy.CLINICAL, default=None, ge=0, le=500)
    horizon: Horizon | None = info(_("How far ahead"), privacy=Privacy.OPERATIONAL, default=None)


class Need(NeedInputs):
    """What was said and what follows from it."""

    days_used: int | None = info(_("Days counted"), privacy=Privacy.OPERATIONAL, default=None, ge=1, le=366)
    days_version: str | None = info(_("Version of the days"), privacy=Privacy.OPERATIONAL, default=None, max_length=40)
    reserve: Decimal | None = info(_("Reserve"), privacy=Privacy.OPERATIONAL, default=None, ge=0, le=2)
    reserve_version: str | None = info(_("Version of the reserve"), privacy=Privacy.OPERATIONAL, default=None, max_length=40)
    pack: int | None = info(_("Rounded up to packs of"), privacy=Privacy.OPERATIONAL, default=None, ge=1, le=100_000)
    needed: int | None = info(_("Needles and syringes needed"), privacy=Privacy.OPERATIONAL, default=None, ge=0)
    condoms: int | None = info(_("Condoms needed"), privacy=Privacy.OPERATIONAL, default=None, ge=0)
    lubricant: int | None = info(_("Lubricant needed"), privacy=Privacy.OPERATIONAL, default=None, ge=0)
    given: int | None = info(_("Needles and syringes given"), privacy=Privacy.OPERATIONAL, default=None, ge=0)
    unmet: int | None = info(_("Fewer than needed by"), privacy=Privacy.OPERATIONAL, default=None, ge=0)
    short_reason: ShortReason | None = info(_("Why fewer than needed"), privacy=Privacy.OPERATIONAL, default=None)
    legal_limit: str | None = info(_("Limit of the law in force"), privacy=Privacy.OPERATIONAL, default=None, max_length=40)
    limit_source: str | None = info(_("Where that limit stands"), privacy=Privacy.OPERATIONAL, default=None, max_length=200)


KIND = Kind(
    title=_("Need"),
    explain=_("How many needles and syringes somebody needs for themselves and others. It is a suggestion and never a limit."),
    payload=Need,
    may="exchange.record",
    sample=Need(
        per_day=Decimal(3), days=14, others=(Decimal(2), Decimal(5)), horizon=Horizon.NEXT_VISIT, days_used=14, reserve=Decimal("0.20"),
        reserve_version="start", pack=10, needed=170, given=100, unmet=70, short_reason=ShortReason.STOCK,
    ),
)
