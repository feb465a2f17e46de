"""What was recorded at a place outside visits: to correct, to take back, and what followed a needlestick."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts import forms
from handrail.facts.fold import Recorded
from handrail.facts.kinds.taken_back import Why
from handrail.facts.models import Fact
from handrail.facts.queries import site_or_404
from handrail.facts.record import Draft, record
from handrail.facts.spec import KINDS, Text
from handrail.kernel import clock, ids
from handrail.kernel.access import Actor, ActorRequest, may
from handrail.kernel.web import posted_id
from handrail.services.exchange import commands, queries, records
from handrail.services.exchange.kinds.clean_up import PlaceKind
from handrail.services.exchange.kinds.needlestick import Whom
from handrail.services.exchange.kinds.needlestick_followed import Became, FollowUpTest, NeedlestickFollowed
from handrail.services.exchange.kinds.returned import Method

PAGES = {
    "exchange.returned": "exchange:weigh", "exchange.clean_up": "exchange:clean-up", "exchange.needlestick": "exchange:needlestick",
    "exchange.prison_year": "exchange:prison-year",
}
"""Kinds that have a page of their own, on which a record is corrected."""
KINDS_HERE = (*PAGES, "exchange.needlestick_followed")
MOST = 40
FOLLOW_UP = ("test", "became")


@dataclass(frozen=True)
class Entry:
    """One record of the list."""

    fact: uuid.UUID
    title: Text
    words: str
    at: datetime
    correct: str
    follow: str
    is_open: bool
    id: uuid.UUID


@may("exchange.record", methods=("GET", "POST"))
def latest(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """The latest weights, clean-ups, needlesticks and yearly counts of a place; what should not be there is taken back."""
    place = site_or_404(request.actor, site, "exchange.record")
    may_take_back = request.actor.may("visit.correct", place.key)
    if request.method == "POST":
        kind = next((k for k in KINDS_HERE if request.POST.get("kind") == k and request.actor.may(KINDS[k].may, place.key)), "")
        why = request.POST.get("why", "")
        if not may_take_back or not kind or why not in Why.values:
            raise Http404
        found = records.find(request.actor, place, kind, request.POST.get("fact", ""))
        if found is not None:
            commands.take_back(actor=request.actor, fact=found, why=why, id=posted_id(request))
        elif not Fact.objects.filter(id=posted_id(request)).exists():  # else a second tap on the same button
            raise Http404
        return redirect(reverse("exchange:records", args=[place.id]) + "?saved=1")
    kinds = [kind for kind in KINDS_HERE if request.actor.may(KINDS[kind].may, place.key)]
    entries = [(fact.kind, _entry(request.actor, fact, place.id)) for fact in queries.outside_visits(place.key, kinds, most=MOST)]
    page = {
        "site": place, "entries": entries, "saved": "saved" in request.GET, "may_take_back": may_take_back,
        "why": [(w.value, w.label) for w in (Why.DID_NOT_HAPPEN, Why.ENTERED_TWICE)],
    }
    return render(request, "exchange/records.html", page)


def _entry(actor: Actor, fact: Recorded, site: uuid.UUID) -> Entry:
    is_open, address = records.may_open(actor, fact), PAGES.get(fact.kind)
    correct = f"{reverse(address, args=[site])}?correct={fact.id}" if address and is_open and _has_form(fact) else ""
    follow = reverse("exchange:follow-up", args=[site, fact.id]) if fact.kind == "exchange.needlestick" and is_open else ""
    return Entry(fact.id, KINDS[fact.kind].title, _words(fact, is_open), clock.local(fact.occurred_at, fact.zone), correct, follow, is_open, ids.new())


def _has_form(fact: Recorded) -> bool:
    """Whether the record's page can show it: what came back is asked there by weight only."""
    return fact.kind != "exchange.returned" or fact.parsed.method == Method.WEIGHT


def _words(fact: Recorded, is_open: bool) -> str:
    """What a record is told apart by. Of a needlestick no more than that it was, to whoever may not open it."""
    said = fact.parsed
    if fact.kind == "exchange.returned":
        return f"{said.quantity} · {Method(said.method).label}"
    if fact.kind == "exchange.clean_up":
        return f"{said.quantity} · {Method(said.method).label} · {said.area}, {PlaceKind(said.place_kind).label}"
    if fact.kind == "exchange.prison_year":
        return str(said.year)
    if not is_open:
        return ""
    if fact.kind == "exchange.needlestick":
        return str(Whom(said.whom).label)
    return f"{FollowUpTest(said.test).label}: {Became(said.became).label}"


@may("exchange.record", methods=("GET", "POST"))
def follow_up(request: ActorRequest, site: uuid.UUID, fact: uuid.UUID) -> HttpResponse:
    """A follow-up test after a needlestick was done or declined. Its result is not asked."""
    place = site_or_404(request.actor, site, "exchange.record")
    exposure = records.find(request.actor, place, "exchange.needlestick", str(fact))
    if exposure is None:
        raise Http404
    form = records.opened(request, place, "exchange.needlestick_followed", NeedlestickFollowed, FOLLOW_UP)
    errors: dict[str, str] = {}
    if form.is_posted:
        at = form.moment(errors)
        said = forms.read(NeedlestickFollowed, FOLLOW_UP, request.POST) | {"exposure": str(exposure.root or exposure.id)}
        draft = Draft(
            kind="exchange.needlestick_followed", payload=said, site=place.id, id=posted_id(request), occurred_at=at, supersedes=form.supersedes
        )
        errors = records.save(form, errors, lambda: record(draft, actor=request.actor))
        if not errors:
            return redirect(reverse("exchange:records", args=[place.id]) + "?saved=1")
    return form.show(_("After a needlestick"), errors, explain=_("Only whether the test was done. What it said stays between the person and the clinic."))
