"""The visits behind a number: of some days, at a place, with something recorded in them. As far as the reader may see visits."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from handrail.facts.models import Aside, Fact, Site, Standing
from handrail.facts.spec import KINDS
from handrail.insight.periods import Window
from handrail.kernel import clock
from handrail.kernel.access import ActorRequest
from handrail.kernel.tables import Cell, Column, table

A_PAGE = 60


@dataclass(frozen=True)
class Asked:
    """Which visits: from a day up to, without, another; at one place or everywhere; with these kinds of record."""

    window: Window
    site: Site | None
    kinds: tuple[str, ...]
    page: int


def is_asked(query: QueryDict) -> bool:
    """Whether the address asks for some visits and not for the latest."""
    return "from" in query


def behind(request: ActorRequest) -> HttpResponse:
    """The list, with what it was asked by. No person is shown."""
    asked = _asked(request.GET)
    found = visits_of(request, asked)
    count = found.count()
    facts = list(found.select_related("site").order_by("-occurred_at")[asked.page * A_PAGE : (asked.page + 1) * A_PAGE])
    rows = [
        (Cell(date_format(clock.local(f.occurred_at, f.site.time_zone), "j M Y H:i"), reverse("visit", args=[f.id])), f.site.name, f.payload.get("people_count", 1))
        for f in facts if f.site is not None
    ]
    columns = [Column(_("When")), Column(_("Where")), Column(_("People"), is_number=True)]
    words = ", ".join(str(KINDS[kind].title) for kind in asked.kinds if kind != "facts.encounter")
    page = {
        "window": asked.window.label, "site": asked.site.name if asked.site else "", "words": words, "count": count,
        "visits": table(_("Visits"), columns, rows) if rows else "",
        "newer": _page(request, asked.page - 1) if asked.page else "", "older": _page(request, asked.page + 1) if count > (asked.page + 1) * A_PAGE else "",
    }
    return render(request, "console/visits_behind.html", {"page": page})


def visits_of(request: ActorRequest, asked: Asked) -> QuerySet[Fact]:
    """The visits that count, each by its own place's days."""
    where = Q()
    zones = [asked.site.time_zone] if asked.site else list(Site.objects.order_by().values_list("time_zone", flat=True).distinct())
    for zone in zones:
        starts, ends = clock.midnight(asked.window.starts_on, zone), clock.midnight(asked.window.ends_before, zone)
        where |= Q(site__time_zone=zone, occurred_at__gte=starts, occurred_at__lt=ends)
    found = Fact.objects.filter(request.actor.filter("visit.read"), where, kind="facts.encounter", supersedes=[])
    if asked.site is not None:
        found = found.filter(site=asked.site)
    found = found.filter(~Exists(Standing.objects.filter(root=OuterRef("id"), effective=None)))
    if asked.kinds != ("facts.encounter",):
        counts = ~Exists(Aside.objects.filter(fact=OuterRef("id")))
        found = found.filter(Exists(Fact.objects.filter(counts, encounter=OuterRef("id"), kind__in=asked.kinds)))
    return found


def _asked(query: QueryDict) -> Asked:
    """What the address says; one that says something else leads nowhere."""
    try:
        window = Window(date.fromisoformat(query.get("from", "")), date.fromisoformat(query.get("before", "")))
        site = Site.objects.filter(id=uuid.UUID(query.get("site", ""))).first() if query.get("site") else None
        page = int(query.get("page", "0"))
    except ValueError:
        raise Http404 from None
    kinds = tuple(query.get("with", "facts.encounter").split(","))
    if (query.get("site") and site is None) or not 0 <= page < 10_000 or any(KINDS.get(kind) is None for kind in kinds) or window.starts_on.year < 1900:
        raise Http404
    return Asked(window, site, kinds, page)


def _page(request: ActorRequest, number: int) -> str:
    query = request.GET.copy()
    query["page"] = str(number)
    return f"?{query.urlencode()}"
