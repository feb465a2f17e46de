"""Who is expected here, and what became of them. People are two words on this page, never a name."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts import consents
from handrail.facts.codes import Service
from handrail.facts.kinds.referral_outcome import Outcome, RefusalReason, Source
from handrail.facts.labels import label
from handrail.facts.models import Referral, Site
from handrail.facts.record import Draft, record
from handrail.facts.referrals import FOLLOWS, OPEN, Unknown, statuses
from handrail.facts.spec import Text
from handrail.kernel import clock, ids
from handrail.kernel.access import Actor, ActorRequest, may
from handrail.kernel.web import posted_id

BY_TAP = (Outcome.ATTENDED, Outcome.BOOKED, Outcome.NOT_ATTENDED, Outcome.WITHDRAWN, Outcome.RESULT_KNOWN)
"""Outcomes with a button of their own, in this order; a refusal by the service asks why."""
OLDER_DAYS = 400


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
    leave_alone: bool
    """The person does not want to be contacted: wait, do not go and look. Whoever comes is served."""
    outcomes: list[tuple[str, Text]]
    may_be_refused: bool


@may("referral.close")
def expected(request: ActorRequest) -> HttpResponse:
    """Open referrals of the last 90 days to the places where the actor works, newest first; older ones on request."""
    older, now = "older" in request.GET, clock.now()
    since = now - timedelta(days=OLDER_DAYS if older else 90)
    found = list(
        Referral.objects.filter(request.actor.filter("referral.close", "to_site"), to_site__isnull=False)
        .filter(made_at__gt=since, status__in=OPEN | {"attended"} if older else OPEN)
        .select_related("from_site").order_by("-made_at")[:50]
    )
    standing, said = consents.standing({r.participant for r in found if r.participant}), statuses(found, now)
    rows = [r for r in found if r.participant is None or standing[r.participant] != "deceased"]
    listed = [
        Expected(
            r.fact, label(r.fact), str(Service(r.service).label), _origin(request.actor, r.from_site), clock.local(r.made_at, r.from_site.time_zone),
            str((Unknown if said[r.fact] in Unknown.values else Outcome)(said[r.fact]).label), ids.new(),
            r.participant is not None and standing[r.participant] == "do_not_contact",
            [(o.value, o.label) for o in BY_TAP if o.value in FOLLOWS[r.status]], Outcome.REFUSED_BY_SERVICE.value in FOLLOWS[r.status],
        )
        for r in rows
    ]
    page = {
        "expected": listed, "reasons": [(r.value, r.label) for r in RefusalReason], "saved": request.GET.get("saved", ""),
        "refused": "refused" in request.GET, "older": older,
    }
    return render(request, "console/referrals.html", page)


def _origin(actor: Actor, site: Site) -> str:
    """Where somebody was referred from; a place where people are held is named only to those who have a role there."""
    return _("another service") if site.closed_setting and not actor.may("visit.read", site.key) else site.name


@may("referral.close", methods=("POST",))
def outcome(request: ActorRequest, referral: uuid.UUID) -> HttpResponse:
    """The person arrived, or did not: a fact of its own, said by the receiving service."""
    found = Referral.objects.filter(request.actor.filter("referral.close", "to_site"), fact=referral).select_related("to_site").first()
    reason = request.POST.get("refused", "")
    status = Outcome.REFUSED_BY_SERVICE.value if reason else request.POST.get("status", "")
    if found is None or found.to_site is None or status not in Outcome.values or (reason and reason not in RefusalReason.values):
        raise Http404
    record(
        Draft(
            kind="facts.referral_outcome", site=found.to_site.id, id=posted_id(request), participant=found.participant,
            payload={"referral": str(referral), "status": status, "source": Source.RECEIVING_SERVICE.value, "reason": reason or None},
        ),
        actor=request.actor,
    )
    return redirect(reverse("referrals") + f"?saved={label(referral)}" + ("&refused=1" if reason else ""))
