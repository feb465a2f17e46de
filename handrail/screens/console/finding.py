"""Finding a person at a site: by card, by self-made code, by handle, or not at all. What is typed stands in no address."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts import handles, participants
from handrail.facts.derived_codes import BadElement, Elements
from handrail.facts.models import Site
from handrail.facts.participants import TooLittleKnown
from handrail.facts.queries import site_or_404
from handrail.facts.record import Refusal
from handrail.facts.transliteration import ScriptNotCovered, latin_letters
from handrail.kernel import audit, ids
from handrail.kernel.access import ActorRequest, may
from handrail.kernel.web import posted_id
from handrail.screens.console import qr
from handrail.screens.console.at_hand import hold

NAMES, NUMBERS = ("mother", "father", "own"), ("day", "month", "year")


@dataclass
class FindPage:
    """Three ways to look for somebody, with what was typed."""

    site: Site
    participant: str
    may_break: bool = False
    values: Mapping[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    open: str = "card"
    found: list[tuple[str, str, str]] | None = None
    """People by handle: word for the address, handle, two words."""


def to_person(request: ActorRequest, participant: uuid.UUID, site: Site) -> HttpResponse:
    """On to the page of a person that was found at a site."""
    return redirect(f"{reverse('person', args=[hold(request, participant)])}?at={site.id}")


@may("person.find", methods=("GET", "POST"))
def find(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """The form, and what each of its three ways leads to. Nobody has to be found for a service to be given."""
    place = site_or_404(request.actor, site, "person.find")
    page = FindPage(place, request.POST.get("participant") or str(ids.random()), request.actor.may("glass.break", place.key))
    if request.method != "POST":
        return render(request, "console/find.html", {"page": page})
    page.values = {name: value for name, value in request.POST.items() if isinstance(value, str)}
    page.open = page.values.get("how", "card")
    ways = {"card": _by_card, "code": _by_code, "handle": _by_handle}
    if page.open not in ways:
        raise Http404
    return ways[page.open](request, page)


def _again(request: ActorRequest, page: FindPage, **errors: str) -> HttpResponse:
    page.errors |= errors
    return render(request, "console/find.html", {"page": page}, status=422)


def _by_card(request: ActorRequest, page: FindPage) -> HttpResponse:
    found = participants.find(page.values.get("card", ""), page.site)
    if found.participant is None:
        return _again(request, page, card=found.sentence)
    return to_person(request, found.participant, page.site)


def _by_handle(request: ActorRequest, page: FindPage) -> HttpResponse:
    try:
        people = handles.search(actor=request.actor, typed=page.values.get("handle", ""), site=page.site)
    except Refusal as refusal:
        return _again(request, page, handle=refusal.problems[0][1])
    page.found = [(hold(request, found.participant), found.handle, found.words) for found in people]
    return render(request, "console/find.html", {"page": page})


def _by_code(request: ActorRequest, page: FindPage) -> HttpResponse:
    request.actor.require("visit.record", page.site.key)
    elements, errors = read_elements(page.values)
    if elements is None:
        return _again(request, page, **errors)
    try:
        found = participants.find_or_propose(
            actor=request.actor, site=page.site, elements=elements, participant=posted_id(request, "participant")
        )
    except TooLittleKnown:
        return _again(request, page, code=_("With two answers unknown the code would fit too many people. Give a card instead."))
    except BadElement as bad:
        return _again(request, page, **{bad.name: str(bad.sentence)})
    except Refusal as refusal:
        return _again(request, page, code=refusal.problems[0][1])
    audit.look("person by self-made code", actor=request.actor, object_id=found.participant)
    if not found.is_new:
        return to_person(request, found.participant, page.site)
    shown = {"site": page.site, "code": qr.code(found.code), "word": hold(request, found.participant)}
    return render(request, "console/new_code.html", {"page": shown})


def read_elements(values: Mapping[str, str]) -> tuple[Elements | None, dict[str, str]]:
    """The six answers as typed, or what is wrong with each. A field that is left empty is unknown."""
    errors: dict[str, str] = {}
    numbers: dict[str, int | None] = {}
    for name in NUMBERS:
        typed = values.get(name, "").strip()
        if typed and not (typed.isascii() and typed.isdigit() and len(typed) < 10):
            errors[name] = _("Write a whole number.")
        elif typed and name == "year" and len(typed) != 4:
            errors[name] = _("Write the year with four digits.")
        numbers[name] = int(typed) if typed and name not in errors else None
    for name in NAMES:
        try:
            latin_letters(values.get(name, ""))
        except ScriptNotCovered:
            errors[name] = _("Handrail cannot read these letters yet. Give a card instead, or write the name in other letters.")
    if errors:
        return None, errors
    mother, father, own = (values.get(name, "") for name in NAMES)
    return Elements(mother, father, own, numbers["day"], numbers["month"], numbers["year"]), {}
