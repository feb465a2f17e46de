"""Cards: a new one for somebody new or for the person at hand, in place of a lost one, or to part two who share a code.

The code is made when the page opens and shown only there, as text and as a square for a scanner; the server keeps a keyed
digest of it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts import handles, participants, receipts
from handrail.facts.models import Fact, Site
from handrail.facts.queries import site_or_404
from handrail.facts.record import Refusal
from handrail.kernel import audit, clock, crypto, ids
from handrail.kernel.access import ActorRequest, may
from handrail.screens.console import qr
from handrail.screens.console.at_hand import hold
from handrail.screens.console.finding import to_person
from handrail.screens.console.people import Asked, at_hand_or_404, back, questions, read_profile, site_of


@dataclass(frozen=True)
class CardPage:
    """The form, with what was typed."""

    site: Site
    code: qr.Code
    participant: str
    birth_year: str
    handle: str
    questions: list[Asked]
    errors: dict[str, str] = field(default_factory=dict)


def _fresh(request: ActorRequest) -> qr.Code:
    """The code this page shows: a new one, or the one it showed before something typed was refused."""
    shown = crypto.read_code(request.POST.get("code", ""))
    return qr.code(crypto.print_code(shown) if shown else crypto.new_code())


@may("person.find", methods=("GET", "POST"))
def new_card(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """Show a fresh code; when the card is given, remember its digest and what was answered."""
    place = site_or_404(request.actor, site, "person.find")
    post, errors = request.POST, {}
    if request.method == "POST":
        errors = _enrol(request, place)
        if not errors:
            return to_person(request, uuid.UUID(post["participant"]), place)
    page = CardPage(
        place, _fresh(request), post.get("participant") or str(ids.random()), post.get("birth_year", ""), post.get("handle", ""),
        questions(post, errors), errors,
    )
    return render(request, "console/new_card.html", {"page": page}, status=422 if errors else 200)


def _enrol(request: ActorRequest, place: Site) -> dict[str, str]:
    post = request.POST
    said, errors = read_profile(post)
    if errors:
        return errors
    try:
        participant = uuid.UUID(post.get("participant", ""))
        with transaction.atomic():  # a handle that is refused leaves no half of a person behind
            participants.enrol(
                actor=request.actor, site=place.id, code=post.get("code", ""), participant=participant, injects=post.get("injects"),
                profile=said,
            )
            if post.get("handle", "").strip():
                handles.set_handle(actor=request.actor, participant=participant, word=post["handle"])
    except Refusal as refusal:
        return {name or "": sentence for name, sentence in refusal.problems}
    except ValueError:
        return {"": _("This page is damaged. Reload it.")}
    return {}


@may("person.find", methods=("GET", "POST"))
def card(request: ActorRequest, word: str) -> HttpResponse:
    """Another card for the person at hand; those they lost open nothing any more."""
    who = at_hand_or_404(request, word)
    site = site_of(request, who, "visit.record")
    if request.method == "POST":
        lost = [int(place) for place in request.POST.getlist("lost") if place.isdecimal() and len(place) < 5]
        try:
            participants.replace_cards(actor=request.actor, participant=who, code=request.POST.get("code", ""), site=site, lost=lost)
            return back(word, site, "card")
        except ValueError:
            pass  # damaged, or given out before: a fresh code is shown below
    audit.look("person.card", actor=request.actor, object_id=who)
    shown = qr.code(crypto.new_code()) if request.method == "POST" else _fresh(request)
    every = [
        (place, clock.local(found.issued_at, site.time_zone)) for place, found in enumerate(participants.cards(who)) if found.revoked_at is None and found.sort == "issued"
    ]
    context = {"word": word, "site": site, "name": handles.name_of(who), "code": shown, "cards": every, "lost": "lost" in request.GET}
    return render(request, "console/card.html", context, status=422 if request.method == "POST" else 200)


@may("person.find", methods=("GET", "POST"))
def split(request: ActorRequest, word: str) -> HttpResponse:
    """Somebody else has the same self-made code: the person at the counter gets a record and a card of their own."""
    who = at_hand_or_404(request, word)
    site = site_of(request, who, "visit.record")
    if request.method == "POST":
        try:
            new = uuid.UUID(request.POST.get("participant", ""))
            participants.split(
                actor=request.actor, site=site, participant=who, new_participant=new, code=request.POST.get("code", ""),
                give_up=request.POST.get("give_up") == "yes",
            )
            return redirect(f"{reverse('person', args=[hold(request, new)])}?at={site.id}&card=1")
        except ValueError:
            pass
    audit.look("person.split", actor=request.actor, object_id=who)
    context = {"word": word, "site": site, "code": qr.code(crypto.new_code()), "participant": ids.random(), "name": handles.name_of(who)}
    return render(request, "console/split.html", context, status=422 if request.method == "POST" else 200)


@may("visit.record", methods=("POST",))
def receipt(request: ActorRequest, visit: uuid.UUID) -> HttpResponse:
    """A slip for a visit without a person, shown once: with it they can say within 30 days that it was them."""
    fact = Fact.objects.filter(request.actor.filter("visit.record"), id=visit, kind="facts.encounter").select_related("site").first()
    site = site_or_404(request.actor, fact.site.id if fact is not None and fact.site is not None else ids.random(), "visit.record")
    code = receipts.issue(actor=request.actor, visit=visit)
    return render(request, "console/receipt.html", {"site": site, "visit": visit, "code": qr.code(code), "days": receipts.DAYS})
