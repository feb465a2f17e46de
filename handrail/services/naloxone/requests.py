"""Requests for a kit that came without a sign-in, for whoever packs them: make it ready, hand it over, cancel."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from handrail.kernel.access import ActorRequest, may
from handrail.services.naloxone import public_reports
from handrail.services.naloxone.models import KitRequest

_STEPS = {"ready": KitRequest.State.READY, "handed_over": KitRequest.State.HANDED_OVER, "cancelled": KitRequest.State.CANCELLED}


@may("naloxone.give")
def requests(request: ActorRequest) -> HttpResponse:
    """What waits at my places."""
    page = {"requests": public_reports.open_requests(request.actor), "saved": request.GET.get("saved", "")}
    return render(request, "naloxone/requests.html", page)


@may("naloxone.give", methods=("POST",))
def move_on(request: ActorRequest, wanted: uuid.UUID) -> HttpResponse:
    """One step further."""
    state = _STEPS.get(request.POST.get("state", ""))
    if state is None:
        return redirect("naloxone:requests")
    public_reports.move_on(actor=request.actor, request=wanted, state=state)
    return redirect(f"{reverse('naloxone:requests')}?saved=1")
