"""Who is expected here, and what became of them. People are two words on this page, never a name."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from handrail.facts.codes import Service
from handrail.facts.kinds.referral_outcome import Outcome, Source
from handrail.facts.labels import label
from handrail.facts.models import Referral
from handrail.facts.record import Draft, record
from handrail.kernel import clock, ids
from handrail.kernel.access import ActorRequest, may
from handrail.kernel.web import posted_id

OPEN = ("accepted", "booked", "not_attended")
OFFERED_OUTCOMES = (Outcome.ATTENDED, Outcome.NOT_ATTENDED, Outcome.REFUSED_BY_SERVICE, Outcome.WITHDRAWN)


@dataclass(frozen=True)
class Expected:
    """One open referral."""

    id: uuid.UUID
    words: str
    service: str
    from_site: str
    made_at: datetime
    status: str
    outcome_id: uuid.UUID


@may("referral.close")
def expected(request: ActorRequest) -> HttpResponse:
    """Open referrals of the last 90 days to the places where the actor works, newest first."""
    rows = (
        Referral.objects.filter(request.actor.filter("referral.close", "to_site"), to_site__isnull=False, status__in=OPEN)
        .filter(made_at__gt=clock.now() - timedelta(days=90)).select_related("from_site").order_by("-made_at")[:50]
    )
    listed = [
        Expected(r.fact, label(r.fact), str(Service(r.service).label), r.from_site.name, clock.local(r.made_at, r.from_site.time_zone), str(Outcome(r.status).label), ids.new())
        for r in rows
    ]
    outcomes = [(o.value, o.label) for o in OFFERED_OUTCOMES]
    return render(request, "console/referrals.html", {"expected": listed, "outcomes": outcomes, "saved": request.GET.get("saved", "")})


@may("referral.close", methods=("POST",))
def outcome(request: ActorRequest, referral: uuid.UUID) -> HttpResponse:
    """The person arrived, or did not: a fact of its own, said by the receiving service."""
    found = Referral.objects.filter(request.actor.filter("referral.close", "to_site"), fact=referral).select_related("to_site").first()
    status = request.POST.get("status", "")
    if found is None or found.to_site is None or status not in {o.value for o in OFFERED_OUTCOMES}:
        raise Http404
    record(
        Draft(
            kind="facts.referral_outcome", site=found.to_site.id, id=posted_id(request), participant=found.participant,
            payload={"referral": str(referral), "status": status, "source": Source.RECEIVING_SERVICE.value},
        ),
        actor=request.actor,
    )
    return redirect(reverse("referrals") + f"?saved={label(referral)}")
