"""The first page of the room: the places where somebody hands out, and what can be done there."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts.models import Site
from handrail.facts.spec import Text
from handrail.kernel.access import ActorRequest, may
from handrail.services.naloxone import public_reports, queries
from handrail.services.naloxone.codes import BAGS, BOXES, CARRIED
from handrail.services.naloxone.values import SHORT_DATED_DAYS


@dataclass(frozen=True)
class Place:
    """A place, how many kits may be handed out there, and the pages that can be opened."""

    site: Site
    there: int
    soon: bool
    pages: list[tuple[Text, str]]


@may("naloxone.report")
def more(request: ActorRequest) -> HttpResponse:
    """My bag and every other place where I hand out; reports of overdoses."""
    actor, days = request.actor, SHORT_DATED_DAYS.read().value
    here = queries.places(actor)
    found = [_place(site, days, has_others=len(here) > 1) for site in here]
    reporting = list(Site.objects.filter(actor.filter("naloxone.report", "key"), is_active=True).exclude(kind__in=BOXES))
    page = {
        "places": found, "saved": request.GET.get("saved", ""), "report_at": reporting,
        "may_overview": actor.may("naloxone.overview"), "may_give": actor.may("naloxone.give"), "asked_for": len(public_reports.open_requests(actor)),
    }
    return render(request, "naloxone/more.html", page)


def _place(site: Site, days: int, *, has_others: bool) -> Place:
    here = queries.inside(site, days)
    pages: list[tuple[Text, str]] = [
        (_("Give from my bag") if site.kind in BAGS else _("Give"), reverse("naloxone:bag", args=[site.id])),
        (_("Used, back, lost …"), reverse("naloxone:tell", args=[site.id])),
    ]
    if site.kind in CARRIED and has_others:
        pages.append((_("Fill it"), reverse("naloxone:fill", args=[site.id])))
    pages.append((_("Report an overdose"), reverse("naloxone:report", args=[site.id])))
    return Place(site, sum(one.available for one in here), any(one.is_short or one.expired or one.held for one in here), pages)
