"""Shared by the pages about a person at hand: who it is, at which place it is recorded, and the forms.

A person stands in these addresses only as a word that means somebody inside this sign-in (`at_hand`). The word holds the
record whose card, code or handle was found, and that record is named by whatever is saved; what is shown is everything
of the person it stands for.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts.labels import label
from handrail.facts.models import Site
from handrail.facts.people_rules import closed_site_of, last_survivor
from handrail.facts.record import Refusal
from handrail.facts.spec import Codes
from handrail.kernel import ids
from handrail.kernel.access import Actor, ActorRequest
from handrail.screens.console.at_hand import held
from handrail.screens.console.places import NOT_VISITED

Choices = list[tuple[str, str]]


@dataclass
class Form:
    """A form about a person, with what was typed and what is wrong with it."""

    word: str
    who: str
    id: str
    at: str
    site: str
    places: Choices
    values: dict[str, str]
    ticked: dict[str, list[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    error: str = ""


def labels(codes: type[Codes], *, without: Sequence[str] = ()) -> Choices:
    """A code list as choices, in the language of the moment."""
    return [(str(code.value), str(code.label)) for code in codes if code.value not in without]


def said(codes: type[Codes], chosen: Sequence[str]) -> list[str]:
    """Codes in words."""
    return [str(codes(code).label) for code in chosen]


def two_words(participant: uuid.UUID) -> str:
    """The two words of a person: those of who stands for the record."""
    return label(last_survivor(participant))


# -- who -----------------------------------------------------------------------------------------------------------------


def at_hand(request: ActorRequest, word: str, permission: str) -> uuid.UUID:
    """The record of a word. Somebody known only behind walls needs a role there."""
    person = held(request, word)
    inside = closed_site_of(person)
    if inside is not None and not request.actor.may(permission, inside):
        raise Http404
    return person


# -- where ---------------------------------------------------------------------------------------------------------------


def places_of(actor: Actor, permission: str, participant: uuid.UUID | None = None) -> list[Site]:
    """Active places where the actor holds a permission and the person is known: behind the same walls, or outside of any."""
    places = list(Site.objects.filter(actor.filter(permission, "key"), is_active=True).exclude(kind__in=NOT_VISITED).order_by("name"))
    if participant is None:
        return places
    inside = closed_site_of(participant)
    return [site for site in places if (site.key if site.closed_setting else None) == inside]


def chosen_place(request: ActorRequest, permission: str, participant: uuid.UUID | None = None) -> Site:
    """Where it is recorded: the place a form names, else the one the page came from, else the only one there is.

    Never a guess among several. None at all looks like a page that is not here.
    """
    places = {str(site.id): site for site in places_of(request.actor, permission, participant)}
    typed = request.POST.get("site", "")
    found = places.get(typed or named_place(request))
    if found is None and not typed and len(places) == 1:
        found = next(iter(places.values()))
    if found is None and not typed and places:
        raise Refusal([("site", _("Say at which place this was."))])
    if found is None:
        raise Http404
    return found


def named_place(request: ActorRequest) -> str:
    """The place that the page before named, as it stands in the address or the form."""
    return request.POST.get("at") or request.GET.get("at", "")


def today_of(request: ActorRequest, permission: str, participant: uuid.UUID) -> Site | None:
    """The place whose calendar a form that opens now follows."""
    places = places_of(request.actor, permission, participant)
    return next((site for site in places if str(site.id) == named_place(request)), places[0] if places else None)


# -- forms ---------------------------------------------------------------------------------------------------------------


def form_of(request: ActorRequest, word: str, participant: uuid.UUID, permission: str, many: Sequence[str] = ()) -> Form:
    """The form of a page, with what was posted to it."""
    post, at = request.POST, named_place(request)
    sites = places_of(request.actor, permission, participant)
    known = {str(site.id) for site in sites}
    return Form(
        word=word, who=two_words(participant), id=post.get("id") or str(ids.new()), at=at if at in known else "",
        site=post.get("site", at if at in known else ""), places=[(str(site.id), site.name) for site in sites],
        values={name: value.strip() for name, value in post.items() if isinstance(value, str)},
        ticked={name: post.getlist(name) for name in many},
    )


def mark(form: Form, refusal: Refusal) -> None:
    """Each sentence beside its field; what has none stands on top."""
    form.errors = {name.split(".")[0]: sentence for name, sentence in refusal.problems if name}
    form.error = form.errors.get("") or next((s for name, s in refusal.problems if not name), _("Nothing is saved yet. Look at the marked lines."))


def show(request: ActorRequest, template: str, form: Form, **more: object) -> HttpResponse:
    """The page of a form; status 422 when something is wrong with it."""
    return render(request, f"console/{template}.html", {"form": form, **more}, status=422 if form.error else 200)


def back(request: ActorRequest, word: str, saved: str) -> HttpResponse:
    """To the wishes of the person, with a word about what was done."""
    at = named_place(request)
    return redirect(f"{reverse('wishes', args=[word])}?saved={saved}" + (f"&at={uuid.UUID(at)}" if _is_id(at) else ""))


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
