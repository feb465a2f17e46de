"""Places: added, renamed, retired, and what is done there, without a shell."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from handrail.facts import site_changes
from handrail.facts.models import ClosedSetting, Site, SiteKind
from handrail.facts.site_changes import Place, PlaceProblem
from handrail.facts.spec import KINDS
from handrail.kernel.access import ActorRequest, may
from handrail.ledgers.stock.models import ItemClass


@may("site.manage")
def sites(request: ActorRequest) -> HttpResponse:
    """All places that this person looks after."""
    found = Site.objects.filter(request.actor.filter("site.manage", "key")).order_by("-is_active", "name")
    page = {"places": found, "may_add": request.actor.sites("site.manage") is None}
    return render(request, "console/sites.html", {"page": page})


@may("site.manage", methods=("GET", "POST"), step_up=True)
def site_new(request: ActorRequest) -> HttpResponse:
    """Add a place."""
    if request.actor.sites("site.manage") is not None:
        raise Http404
    return _form(request, None)


@may("site.manage", methods=("GET", "POST"), step_up=True)
def site(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """Change a place."""
    found = Site.objects.filter(request.actor.filter("site.manage", "key"), id=site).first()
    if found is None:
        raise Http404
    return _form(request, found)


def _form(request: ActorRequest, found: Site | None) -> HttpResponse:
    problems: dict[str, str] = {}
    place = _posted(request, found) if request.method == "POST" else _of(found)
    if request.method == "POST":
        try:
            if found is None:
                site_changes.add(actor=request.actor, place=place)
            else:
                site_changes.change(actor=request.actor, site=found, place=place)
            return redirect("sites")
        except PlaceProblem as problem:
            problems = dict(problem.problems)
    page = {
        "site": found, "place": place, "problems": problems, "site_kinds": SiteKind.choices, "closed_settings": ClosedSetting.choices, "item_classes": ItemClass.choices,
        "kinds": [(kind.key, kind.compose.title) for kind in sorted((k for k in KINDS if k.compose), key=lambda k: k.compose.order if k.compose else 0) if kind.compose],
    }
    return render(request, "console/site.html", {"page": page}, status=422 if problems else 200)


def _posted(request: ActorRequest, found: Site | None) -> Place:
    post = request.POST
    texts = {name: post.get(name, "").strip() for name in ("name", "kind", "time_zone", "closed_setting")}
    classes = [code for code in post.getlist("item_classes") if code in ItemClass.values]
    before = {key: place for place, key in enumerate(found.kinds if found else [])}
    kinds = sorted(post.getlist("kinds"), key=lambda key: before.get(key, len(before)))  # the page has no order; the composer follows the one it had
    return Place(**texts, item_classes=classes, kinds=kinds, is_active=found is None or "is_active" in post)


def _of(found: Site | None) -> Place:
    if found is None:
        return Place("", "", Site.objects.order_by("-key").values_list("time_zone", flat=True).first() or "UTC", "", [], [])
    return Place(found.name, found.kind, found.time_zone, found.closed_setting, found.item_classes, found.kinds, found.is_active)
