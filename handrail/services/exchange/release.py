"""Leaving a closed setting: what the person wants outside, asked one by one and recorded as they say it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts import consents
from handrail.facts.codes import Service
from handrail.facts.labels import label
from handrail.facts.models import Site
from handrail.facts.queries import site_or_404
from handrail.facts.record import Refusal
from handrail.facts.referrals import places_offered
from handrail.kernel import audit, clock
from handrail.kernel.access import ActorRequest, may
from handrail.services.exchange import commands, queries
from handrail.services.exchange.commands import ON_RELEASE


@dataclass(frozen=True)
class Question:
    """One way on, the answer that was tapped, and where it can lead."""

    name: str
    label: str
    answer: str
    places: list[tuple[str, str, bool]]
    """Places that offer it, as (id, name, chosen)."""


@dataclass(frozen=True)
class LeavingCard:
    """A visit, told apart by its time and two words; no name, no cell."""

    visit: uuid.UUID
    words: str
    on: datetime
    questions: list[Question]
    leave_alone: bool
    error: str


@may("referral.make", methods=("GET", "POST"))
def release(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """Somebody is about to leave: do they want treatment to go on, naloxone at the gate, needles near home?"""
    place = site_or_404(request.actor, site, "referral.make")
    if not place.closed_setting:
        raise Http404
    lately, typed, error = queries.lately_inside(place), request.POST, ""
    if request.method == "POST":
        leaving = next((one for one in lately if str(one.visit) == typed.get("visit", "")), None)
        if leaving is None:
            raise Http404
        error = _plan(request, leaving.visit, typed)
        if not error:
            return redirect(reverse("visit", args=[leaving.visit]) + "?saved=1")
    audit.look("release list", actor=request.actor, object_id=place.id)
    standing = consents.standing({one.who for one in lately if one.who})
    outside = places_offered()
    cards = []
    for one in lately:
        said: Mapping[str, Any] = typed if str(one.visit) == typed.get("visit", "") else {}
        cards.append(LeavingCard(
            one.visit, label(one.who or one.visit), clock.local(one.on, place.time_zone),
            [_question(service, said, outside) for service in ON_RELEASE if service.value not in one.offered],
            one.who is not None and standing[one.who] == "do_not_contact", error if said else "",
        ))
    return render(request, "exchange/release.html", {"site": place, "people": cards}, status=422 if error else 200)


def _question(service: Service, said: Mapping[str, Any], outside: list[Site]) -> Question:
    places = [(str(s.id), s.name, str(s.id) == said.get(f"to-{service.value}")) for s in outside if service.value in s.offers]
    return Question(service.value, str(service.label), str(said.get(service.value, "")), places)


def _plan(request: ActorRequest, visit: uuid.UUID, typed: Mapping[str, Any]) -> str:
    """Record what was answered; a sentence when nothing was, or when it cannot be recorded."""
    answers = {service: typed[service.value] == "accepted" for service in ON_RELEASE if typed.get(service.value) in {"accepted", "declined"}}
    if not answers:
        return _("Ask the person, and tap what they say. Nothing is saved yet.")
    offering = {(str(site.id), code): site.id for site in places_offered() for code in site.offers}
    chosen = {service: (typed.get(f"to-{service.value}", ""), service.value) for service in answers}
    if any(named and (named, code) not in offering for named, code in chosen.values()):
        return _("That place does not offer this now. Choose another.")
    try:
        commands.plan_release(
            actor=request.actor, visit=visit, id=visit, answers=answers,
            to={service: offering[key] for service, key in chosen.items() if key[0]},
        )
    except Refusal as refusal:
        return str(refusal.problems[0][1])
    return ""
