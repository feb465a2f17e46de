"""The first page after sign-in: where are you today? And, for those who do not work with people, what waits for them."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render

from handrail.facts import consents
from handrail.facts.models import Referral, Site
from handrail.facts.referrals import expected_at
from handrail.insight.due import Due
from handrail.kernel import clock
from handrail.kernel.access import SIGNED_IN, Actor, ActorRequest, may
from handrail.ledgers.stock.queries import ShelfLot, to_recount
from handrail.screens.console import looks, reports_due
from handrail.screens.console.waiting import open_asides

NOT_VISITED = ("store", "wall_box", "vending_machine")
"""Kinds of place where nobody is met: nothing to record a visit at."""


@dataclass(frozen=True)
class Place:
    """A place to record at, and what else this worker may do there."""

    site: Site
    may_find: bool
    may_give: bool


@dataclass(frozen=True)
class StartPage:
    """Places to record at, and what asks for attention."""

    places: list[Place]
    boxes: bool
    expected: int
    waiting: int
    recount: list[ShelfLot]
    reports: list[Due]
    unusual: int


@may(SIGNED_IN)
def start(request: ActorRequest) -> HttpResponse:
    """Where to go from here."""
    actor = request.actor
    places = _places(actor) if actor.may("visit.record") else []
    expected = 0
    if actor.may("referral.close"):
        here = Referral.objects.filter(actor.filter("referral.close", "to_site"), expected_at(clock.now()), status__in=["accepted", "booked"])
        people = list(here.values_list("participant", flat=True))
        gone = consents.deceased(people)
        expected = sum(who not in gone for who in people)
    page = StartPage(
        places=places, boxes=actor.may("exchange.record"),
        expected=expected,
        waiting=open_asides(actor).count() if actor.may("records.review") else 0,
        recount=to_recount(actor.sites("stock.count")) if actor.may("stock.count") else [],
        reports=reports_due.waiting() if actor.may("numbers.read") else [],
        unusual=looks.unusual_now() if actor.may("unusual.read") else 0,
    )
    return render(request, "console/start.html", {"page": page})


def _places(actor: Actor) -> list[Place]:
    """Where this worker meets people; places they were given by name come before those they may go to as everybody does."""
    own = {grant.site for grant in actor.grants if grant.site is not None}
    sites = Site.objects.filter(actor.filter("visit.record", "key"), is_active=True).exclude(kind__in=NOT_VISITED)
    return [
        Place(site, actor.may("person.find", site.key), actor.may("exchange.record", site.key))
        for site in sorted(sites, key=lambda site: (site.key not in own, site.name))
    ]
