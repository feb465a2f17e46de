"""The first page after sign-in: where are you today? And, for those who do not work with people, what waits for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import render

from handrail.facts.models import Aside, Referral, Site
from handrail.kernel import clock
from handrail.kernel.access import SIGNED_IN, ActorRequest, may
from handrail.ledgers.stock.queries import ShelfLot, to_recount


@dataclass(frozen=True)
class StartPage:
    """Places to record at, and what asks for attention."""

    places: list[Site]
    expected: int
    waiting: int
    recount: list[ShelfLot]


@may(SIGNED_IN)
def start(request: ActorRequest) -> HttpResponse:
    """Where to go from here."""
    actor = request.actor
    places = list(Site.objects.filter(actor.filter("visit.record", "key"), is_active=True).exclude(kind="store")) if actor.may("visit.record") else []
    expected = 0
    if actor.may("referral.close"):
        expected = Referral.objects.filter(actor.filter("referral.close", "to_site"), status__in=["accepted", "booked"], made_at__gt=clock.now() - timedelta(days=90)).count()
    page = StartPage(
        places=places,
        expected=expected,
        waiting=Aside.objects.filter(is_open=True).count() if actor.may("records.review") else 0,
        recount=to_recount(actor.sites("stock.count")) if actor.may("stock.count") else [],
    )
    return render(request, "console/start.html", {"page": page})
