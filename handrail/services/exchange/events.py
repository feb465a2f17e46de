"""A whole van stop or event at once: a table of items and a head count, one record."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from pydantic import ValidationError

from handrail.facts import forms, moments
from handrail.facts.codes import Channel, Gender
from handrail.facts.codes_of_people import AgeBand
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Fact, Site
from handrail.facts.queries import find_site
from handrail.facts.record import AlreadySaved, Mode, Refusal
from handrail.facts.spec import Text
from handrail.kernel import clock, ids
from handrail.kernel.access import ActorRequest, may
from handrail.kernel.web import posted_id
from handrail.ledgers.stock.models import ItemClass
from handrail.ledgers.stock.queries import ShelfItem, shelf
from handrail.ledgers.stock.reactor import Short
from handrail.services.exchange import commands, queries
from handrail.services.exchange.rules import needs_second_tap
from handrail.services.exchange.values import CONFIRM_OVER

GENDERS = (Gender.FEMALE, Gender.MALE, Gender.TRANS, Gender.DIVERSE)


@dataclass(frozen=True)
class BandRow:
    """One row of the head count: an age, and what was typed under each gender."""

    label: Text
    cells: list[tuple[str, str, str]]


@dataclass(frozen=True)
class WholeStopPage:
    """The form of a whole stop."""

    site: Site
    id: str
    when: str
    items: list[tuple[ShelfItem, str, str]]
    more: list[tuple[ShelfItem, str, str]]
    people: str
    is_event: bool
    genders: list[Text]
    bands: list[BandRow]
    limit: queries.LegalLimit | None
    errors: dict[str, str]
    error: str
    ask: list[str] = field(default_factory=list)


@may("exchange.record", methods=("GET", "POST"))
def whole_stop(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """A table of items and a head count become one encounter and one record of what was given."""
    place = find_site(site)
    if place is None or not request.actor.may("exchange.record", place.key):
        raise Http404
    items = _offered(request, place)
    if request.method != "POST":
        return _whole_stop(request, place, items, {})
    visit = posted_id(request)
    errors: dict[str, str] = {}
    if Fact.objects.filter(request.actor.filter("exchange.record"), id=visit).exists():
        return redirect("visit", visit)  # a second tap on the same button
    quantities: dict[str, int] = {}
    for item in items:
        quantity, wrong = forms.count(request.POST, f"q-{item.code}")
        errors |= {item.code: wrong} if wrong else {}
        quantities |= {item.code: quantity} if quantity else {}
    encounter = _head_count(request.POST, place, errors)
    at, wrong = moments.read(request.POST.get("when", ""), place)
    errors |= {"when": wrong} if wrong else {}
    confirmed = request.POST.getlist("confirm")
    over = CONFIRM_OVER.read(site=place).value
    if not errors and encounter is not None:
        if any(needs_second_tap(q, over=over) for q in quantities.values()) and "large" not in confirmed:
            return _whole_stop(request, place, items, {"": _("More than %(over)d in one line. If that is right, save again.") % {"over": over}}, ask="large")
        try:
            commands.whole_stop(
                actor=request.actor, site=place, encounter=encounter, quantities=quantities, id=visit, occurred_at=at or clock.now(),
                mode=Mode.CONFIRMED if "short" in confirmed else Mode.TYPED,
            )
            return redirect(reverse("visit", args=[visit]) + "?saved=1")
        except AlreadySaved:
            return redirect("visit", visit)
        except Short as refusal:
            return _whole_stop(request, place, items, {n.removeprefix("lines."): s for n, s in refusal.problems}, ask="short")
        except Refusal as refusal:
            errors = {name.removeprefix("lines."): sentence for name, sentence in refusal.problems}
        except ValidationError as error:
            errors = forms.problems(error)
    return _whole_stop(request, place, items, errors)


def _offered(request: ActorRequest, place: Site) -> list[ShelfItem]:
    """What this place hands out and this person may hand out here."""
    there = shelf(place.key, clock.local_date(clock.now(), place.time_zone))
    gives_naloxone = request.actor.may("naloxone.give", place.key)
    return [i for i in there if (not place.item_classes or i.item_class in place.item_classes) and (gives_naloxone or i.item_class != ItemClass.NALOXONE)]


def _head_count(post: QueryDict, place: Site, errors: dict[str, str]) -> Encounter | None:
    bands = []
    for age in ("", *AgeBand.values):
        for gender in GENDERS:
            people, wrong = forms.count(post, f"band-{gender.value}-{age}")
            if wrong:
                errors["bands"] = wrong
            elif people:
                bands.append({"gender": gender.value, "age_band": age or None, "people": people})
    channel = Channel.EVENT if post.get("is_event") == "yes" else queries.channel_of(place)
    try:
        return Encounter.model_validate({"channel": channel, "people_count": post.get("people_count", "").strip() or "0", "bands": bands})
    except ValidationError as error:
        errors.update(forms.problems(error))
        return None


def _opened_for(request: ActorRequest, place: Site) -> str:
    """The moment the form begins with: that of the stop it was opened from, if that has begun; else now."""
    begun, _wrong = moments.read(request.GET.get("when", ""), place)
    return moments.written(begun or clock.now(), place)


def _whole_stop(request: ActorRequest, place: Site, items: list[ShelfItem], errors: dict[str, str], *, ask: str = "") -> HttpResponse:
    post = request.POST
    known = {item.code for item in items} | {"people_count", "bands", "when"}
    rest = [sentence for name, sentence in errors.items() if name not in known]
    error = " ".join(rest) or (_("Nothing is saved yet. Look at the marked lines.") if errors else "")
    ages: list[tuple[str, Text]] = [("", _("Age not known")), *((a.value, a.label) for a in AgeBand)]
    bands = [
        BandRow(words, [(f"band-{g.value}-{age}", f"{words}, {g.label}", post.get(f"band-{g.value}-{age}", "")) for g in GENDERS])
        for age, words in ages
    ]
    at, _wrong = moments.read(post.get("when", ""), place)
    rows = [(item, post.get(f"q-{item.code}", ""), errors.get(item.code, "")) for item in items]
    page = WholeStopPage(
        site=place, id=post.get("id") or str(ids.new()), when=post.get("when", _opened_for(request, place)),
        items=[row for row in rows if row[0].available > 0 or row[1]], more=[row for row in rows if not (row[0].available > 0 or row[1])], people=post.get("people_count", ""),
        is_event=post.get("is_event") == "yes", genders=[g.label for g in GENDERS], bands=bands, limit=queries.legal_limit(place, clock.local_date(at or clock.now(), place.time_zone)),
        errors=errors, error=error, ask=[*post.getlist("confirm"), *([ask] if ask else [])] if ask else [],
    )
    return render(request, "exchange/whole_stop.html", {"page": page}, status=422 if error else 200)
