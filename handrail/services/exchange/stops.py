"""Screens of the calendar: the stops of a week with their changes and contacts, and planning them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, time, timedelta

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts import forms
from handrail.facts.models import Site
from handrail.facts.record import Refusal
from handrail.facts.spec import Text
from handrail.kernel import clock, ids
from handrail.kernel.access import Actor, ActorRequest, Refused, may
from handrail.kernel.web import posted_id
from handrail.services.exchange import commands, queries
from handrail.services.exchange.kinds.stop_changed import Change, Reason, StopChanged
from handrail.services.exchange.models import Stop, Weekday
from handrail.services.exchange.refills import BOX_KINDS


@dataclass(frozen=True)
class StopDay:
    """A stop on one date."""

    planned: queries.Planned
    has_come: bool
    change: Text
    reason: Text
    id: uuid.UUID


@may("exchange.record", methods=("GET", "POST"))
def stops(request: ActorRequest) -> HttpResponse:
    """A week's stops with the people met there and what was cancelled and why; two taps cancel one."""
    if request.method == "POST":
        return _change_stop(request)
    asked = request.GET.get("week", "")
    try:
        today = date.fromisoformat(asked) if asked else _today(request.actor)
    except ValueError:
        raise Http404 from None
    monday = today - timedelta(days=today.weekday())
    days = [
        StopDay(p, p.on <= p.stop.site.today, Change(p.change.change).label if p.change else "", Reason(p.change.reason).label if p.change else "", ids.new())
        for p in queries.week_of_stops(request.actor, monday)
    ]
    page = {
        "days": days, "reasons": [(r.value, r.label) for r in Reason], "monday": monday, "before": monday - timedelta(days=7),
        "after": monday + timedelta(days=7), "may_plan": request.actor.may("site.manage"), "saved": "saved" in request.GET,
    }
    return render(request, "exchange/stops.html", page)


def _today(actor: Actor) -> date:
    """The day it is where the actor's stops are; the earliest, if they lie in several time zones."""
    sites = Site.objects.filter(actor.filter("exchange.record", "key"), is_active=True)
    return min((site.today for site in sites), default=clock.local_date(clock.now(), "UTC"))


def _change_stop(request: ActorRequest) -> HttpResponse:
    post = request.POST
    try:
        stop = Stop.objects.filter(request.actor.filter("exchange.record"), id=uuid.UUID(post.get("stop", ""))).select_related("site").first()
    except ValueError:
        stop = None
    if stop is None:
        raise Http404
    raw = {name: post[name] for name in ("stop", "on", "change", "reason", "minutes_late", "area") if post.get(name)}
    change, errors = forms.parse(StopChanged, raw)
    if errors:
        raise Refusal(list(errors.items()))
    commands.change_stop(actor=request.actor, stop=stop, change=change, id=posted_id(request))
    return redirect(reverse("exchange:stops") + f"?week={change.on.isoformat()}&saved=1")


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed) if typed.strip() else None
    except ValueError:
        raise Refusal([("valid_from", _("Write the day as year-month-day, such as 2026-03-31."))]) from None


@may("site.manage", methods=("GET", "POST"))
def plan(request: ActorRequest) -> HttpResponse:
    """The weekly calendar: add a stop, end one."""
    found = Site.objects.filter(request.actor.filter("site.manage", "key"), is_active=True).exclude(kind__in=("store", *BOX_KINDS))
    sites = sorted(found, key=lambda site: (site.kind not in {"vehicle", "route_stop", "event"}, site.name))
    error, post = "", request.POST
    if request.method == "POST":
        try:
            if post.get("end"):
                ending = Stop.objects.filter(request.actor.filter("site.manage"), id=uuid.UUID(post["end"])).select_related("site").first()
                if ending is None:
                    raise Http404
                commands.end_stop(actor=request.actor, stop=ending)
            else:
                site = next((s for s in sites if str(s.id) == post.get("site")), None)
                if site is None:
                    raise Refusal([("site", _("Choose a place."))])
                commands.plan_stop(
                    actor=request.actor, site=site, weekday=Weekday(int(post.get("weekday", ""))).value,
                    starts=time.fromisoformat(post.get("starts", "")), ends=time.fromisoformat(post.get("ends", "")), place=post.get("place", ""),
                    valid_from=_day(post.get("valid_from", "")),
                )
            return redirect("exchange:stops-plan")
        except Refused as refusal:
            error = refusal.problems[0][1]
        except ValueError:
            error = _("Write the times as hours and minutes, such as 22:30.")
    page = {
        "sites": sites, "weekdays": [(str(w.value), w.label) for w in Weekday], "typed": post, "error": error,
        "stops": [
            stop for stop in Stop.objects.filter(request.actor.filter("site.manage")).select_related("site")
            if stop.valid_to is None or stop.valid_to > stop.site.today
        ],
    }
    return render(request, "exchange/stops_plan.html", page, status=422 if error else 200)
