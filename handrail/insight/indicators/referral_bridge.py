"""Bridge rate: of the referrals people wanted, how many ended with the person arriving."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.insight.examples import TEN_REFERRALS
from handrail.insight.models import Level
from handrail.insight.spec import Example, Followed, Indicator

INDICATOR = Indicator(
    code="REFERRAL-BRIDGE",
    name=_("Reached the other service"),
    question=_("Of the referrals made this quarter that people wanted, how many ended with the person arriving?"),
    unit=_("%"),
    kind="percent",
    numerator=Followed(
        "facts.referral", "facts.referral_outcome", "referral", ("attended", "result_known"), _("Referrals where the person arrived"), by="service",
    ),
    denominator=Followed(
        "facts.referral", "facts.referral_outcome", "referral",
        ("accepted", "booked", "attended", "result_known", "not_attended", "refused_by_service", "withdrawn"),
        _("referrals that the person wanted"), by="service",
    ),
    level=Level.SERVICE,
    breakdowns=("service",),
    source="Handrail; domain/exchange.md 7",
    source_status="handrail",
    trap=_("Making a referral is not an outcome. The number of referrals made is never reported as linkage."),
    edge_cases=(
        _("Somebody who arrives after the quarter still counts for the quarter of the referral, so the rate can rise later."),
        _("A referral that was declined is in neither part."),
        _("Refused by the service counts as wanted and not arrived."),
    ),
    example=Example("domain/exchange.md, worked example 6", "2026Q3", TEN_REFERRALS, "62.5", 5, 8, people_behind=5),
)
