"""Requests for a kit that came without a sign-in, for whoever packs them: make it ready, hand it over, cancel."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts.record import Refusal
from handrail.kernel.access import ActorRequest, may
from handrail.services.naloxone import public_reports
from handrail.services.naloxone.models import KitRequest

_STEPS = (KitRequest.State.READY, KitRequest.State.HANDED_OVER, KitRequest.State.CANCELLED)


@may("naloxone.give")
def requests(request: ActorRequest) -> HttpResponse:
    """What waits at my places."""
    return _listed(request)


@may("naloxone.give", methods=("POST",))
def move_on(request: ActorRequest, wanted: uuid.UUID) -> HttpResponse:
    """One step further."""
    state = next((step for step in _STEPS if step == request.POST.get("state")), None)
    try:
        if state is None:
            raise Refusal([("", _("Choose what happened."))])
        public_reports.move_on(actor=request.actor, request=wanted, state=state)
    except Refusal as refusal:
        return _listed(request, " ".join(sentence for _name, sentence in refusal.problems))
    return redirect(f"{reverse('naloxone:requests')}?saved=1")


def _listed(request: ActorRequest, error: str = "") -> HttpResponse:
    page = {"requests": public_reports.open_requests(request.actor), "saved": request.GET.get("saved", ""), "error": error}
    return render(request, "naloxone/requests.html", page, status=422 if error else 200)
