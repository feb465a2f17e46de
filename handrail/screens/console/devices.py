"""Devices: what records by itself with a token. Enrol one, see when it was last heard of, end it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from handrail.facts import devices
from handrail.facts.models import Device, Site
from handrail.facts.record import Refusal
from handrail.facts.role_names import role_name
from handrail.kernel import ids
from handrail.kernel.access import ActorRequest, may
from handrail.kernel.web import posted_id


@dataclass(frozen=True)
class DevicesPage:
    """The list, the form as typed, and the token of a device that was enrolled just now."""

    devices: list[tuple[Device, str, datetime | None, datetime | None]]
    """Each with the name of its role, when it lately met what it may send in a day, and since when it is silent if that is long ago."""
    sites: list[Site]
    roles: list[tuple[str, str]]
    id: str
    label: str = ""
    role: str = ""
    site: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    token: str = ""


@may("device.manage", methods=("GET", "POST"), step_up=True)
def listed(request: ActorRequest) -> HttpResponse:
    """All devices; with POST a new one. Its token is in this one answer and nowhere else, so there is no redirect."""
    if request.method != "POST":
        return _page(request, str(ids.random()))
    device, post = posted_id(request), request.POST
    typed = {name: post.get(name, "").strip() for name in ("label", "role", "site")}
    if Device.objects.filter(id=device).exists():
        return redirect("devices")  # a second tap: its token was in the first answer
    site = next((s for s in _sites(request) if str(s.id) == typed["site"]), None)
    try:
        if site is None:
            raise Refusal([("site", _("Choose a place."))])
        _made, token = devices.enrol(actor=request.actor, label=typed["label"], role=typed["role"], site=site, id=device)
    except Refusal as refusal:
        return _page(request, str(device), typed, dict(refusal.problems))
    return _page(request, str(ids.random()), token=token)


@may("device.manage", methods=("POST",))
def end(request: ActorRequest, device: uuid.UUID) -> HttpResponse:
    """End a device: lost, stolen, replaced."""
    found = next((d for d in devices.listed(request.actor) if d.id == device), None)
    if found is None:
        raise Http404
    devices.end(actor=request.actor, device=found)
    return redirect("devices")


def _sites(request: ActorRequest) -> list[Site]:
    return list(Site.objects.filter(request.actor.filter("device.manage", "key"), is_active=True))


def _page(
    request: ActorRequest, form: str, typed: dict[str, str] | None = None, errors: dict[str, str] | None = None, token: str = ""
) -> HttpResponse:
    shown = devices.listed(request.actor)
    met = devices.met_lately(shown)
    page = DevicesPage(
        [(device, role_name(device.role), met.get(device.id), devices.silent_since(device)) for device in shown], _sites(request), [(role, role_name(role)) for role in devices.roles_for_devices()], form, **(typed or {}), errors=errors or {}, token=token
    )
    return render(request, "console/devices.html", {"page": page}, status=422 if errors else 200)
