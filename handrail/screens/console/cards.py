"""A new card: a random code, written down once, and what the person wants to say. Every question can be left open.

The code is made when the page opens and shown only there; the server keeps a keyed digest of it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts.codes import Gender, Injects
from handrail.facts.models import Site
from handrail.facts.participants import enrol
from handrail.facts.queries import find_site
from handrail.facts.record import Refusal
from handrail.kernel import crypto, ids
from handrail.kernel.access import ActorRequest, may


@dataclass(frozen=True)
class CardPage:
    """The form, with what was typed."""

    site: Site
    code: str
    participant: str
    birth_year: str
    choices: list[tuple[str, str, str, list[tuple[str, Any]]]]
    error: str


@may("person.find", methods=("GET", "POST"))
def new_card(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """Show a fresh code; when the card is given, remember its digest and what was answered."""
    place = find_site(site)
    if place is None or not request.actor.may("person.find", place.key):
        raise Http404
    post = request.POST
    error = ""
    if request.method == "POST":
        try:
            enrol(
                actor=request.actor, site=place.id, code=post.get("code", ""), participant=uuid.UUID(post.get("participant", "")),
                birth_year=post.get("birth_year", "").strip(), gender=post.get("gender"), injects=post.get("injects"),
            )
            return redirect(reverse("visit-new", args=[place.id]) + "?card=given")
        except Refusal as refusal:
            error = _("Year of birth: %s") % refusal.problems[0][1]
        except ValueError:
            error = _("This page is damaged. Reload it.")
    questions = (("gender", _("Gender, as they say"), Gender), ("injects", _("Last injected, as they say"), Injects))
    page = CardPage(
        place, post.get("code") or crypto.new_code(), post.get("participant") or str(ids.random()), post.get("birth_year", ""),
        [(name, label, post.get(name, ""), [(c.value, c.label) for c in codes]) for name, label, codes in questions], error,
    )
    return render(request, "console/new_card.html", {"page": page}, status=422 if error else 200)
