"""Legal demands: logged by whoever was asked, refused until two people decide otherwise. No person is named here."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts import wishes
from handrail.facts.kinds.consent import RecordClass
from handrail.facts.kinds.legal_decision import Decision, Told
from handrail.facts.kinds.legal_demand import Authority, DemandForm, Wanted
from handrail.facts.models import Site
from handrail.facts.record import Refusal
from handrail.kernel import clock, ids
from handrail.kernel.access import ActorRequest, may
from handrail.kernel.tables import Column, table
from handrail.kernel.web import posted_id
from handrail.screens.console.about_person import chosen_place, labels, places_of, said


@dataclass(frozen=True)
class DemandLine:
    """One demand in words."""

    fact: uuid.UUID
    at: datetime
    place: str
    from_whom: str
    form: str
    asked: list[str]
    lawyer_asked: bool
    answer: str
    released: list[str]
    is_own: bool
    answer_id: str


@may("demand.read")
def listed(request: ActorRequest) -> HttpResponse:
    """Every demand, the answer that stands, and how many there were each year."""
    return _list(request)


def _list(request: ActorRequest, error: str = "", wrong: uuid.UUID | None = None, status: int = 200) -> HttpResponse:
    sites = {site.key: site for site in Site.objects.filter(request.actor.filter("demand.read", "key"))}
    lines, years = [], Counter[tuple[int, str]]()
    for found in wishes.demands():
        site = sites.get(found.demand.site or 0)
        if site is None:
            continue
        asked, answer = found.demand.parsed, found.answer.parsed if found.answer else None
        at = clock.local(found.demand.occurred_at, site.time_zone)
        decision = answer.decision if answer else Decision.REFUSED.value
        years[at.year, decision] += 1
        fact = found.demand.root or found.demand.id
        lines.append(
            DemandLine(
                fact, at, site.name, str(Authority(asked.from_whom).label), str(DemandForm(asked.form).label), said(Wanted, asked.asked),
                asked.lawyer_asked or bool(answer and answer.lawyer_asked), str(Decision(decision).label),
                said(RecordClass, answer.released) if answer else [], found.demand.staff == request.actor.staff_id,
                request.POST.get("id", str(ids.new())) if fact == wrong else str(ids.new()),
            )
        )
    columns = [Column(_("Year"))] + [Column(decision.label, is_number=True) for decision in Decision]
    rows = [[str(year), *(years[year, decision.value] for decision in Decision)] for year in sorted({y for y, _d in years}, reverse=True)]
    return render(
        request, "console/demands.html",
        {
            "lines": lines, "years": table(_("Demands by year and answer"), columns, rows) if rows else "", "error": error, "wrong": wrong,
            "decisions": labels(Decision), "classes": labels(RecordClass), "tolds": labels(Told), "saved": request.GET.get("saved", ""),
            "may_decide": request.actor.may("demand.decide"), "typed": request.POST, "ticked": request.POST.getlist("released"),
        },
        status=status,
    )


@may("demand.log", methods=("GET", "POST"))
def log(request: ActorRequest) -> HttpResponse:
    """Write down who wants what. Nothing is handed over by this."""
    post, problems = request.POST, {}
    if request.method == "POST":
        try:
            wishes.log_demand(
                actor=request.actor, site=chosen_place(request, "demand.log"), id=posted_id(request),
                said={
                    "from_whom": post.get("from_whom"), "form": post.get("form"), "asked": post.getlist("asked"),
                    "lawyer_asked": "lawyer_asked" in post,
                },
            )
            return redirect(reverse("legal-demands") + "?saved=1" if request.actor.may("demand.read") else reverse("start"))
        except Refusal as refusal:
            problems = {name.split(".")[0]: sentence for name, sentence in refusal.problems}
    return render(
        request, "console/demand.html",
        {
            "id": post.get("id") or str(ids.new()), "problems": problems, "typed": post, "asked": post.getlist("asked"),
            "places": [(str(site.id), site.name) for site in places_of(request.actor, "demand.log")], "authorities": labels(Authority),
            "forms": labels(DemandForm), "wanted": labels(Wanted),
        },
        status=422 if problems else 200,
    )


@may("demand.decide", methods=("POST",))
def decide(request: ActorRequest) -> HttpResponse:
    """The answer. Anything but refused needs another person than the one who logged it."""
    demand, post = posted_id(request, "demand"), request.POST
    found = next((d for d in wishes.demands() if (d.demand.root or d.demand.id) == demand), None)
    if found is None or not request.actor.may("demand.decide", found.demand.site):
        raise Http404
    try:
        wishes.answer_demand(
            actor=request.actor, demand=demand, id=posted_id(request),
            said={
                "decision": post.get("decision", ""), "lawyer_asked": "lawyer_asked" in post, "released": post.getlist("released"),
                "person_told": post.get("person_told") or None,
            },
        )
    except Refusal as refusal:
        return _list(request, error=refusal.problems[0][1], wrong=demand, status=422)
    return redirect(reverse("legal-demands") + "?saved=1")
