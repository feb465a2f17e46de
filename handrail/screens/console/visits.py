"""Recording, reading and correcting visits."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from pydantic import ValidationError

from handrail.facts import visits
from handrail.facts.codes import Channel
from handrail.facts.fold import Recorded
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.kinds.taken_back import Why
from handrail.facts.labels import label
from handrail.facts.models import Fact, Site, Standing
from handrail.facts.participants import find_by_card
from handrail.facts.queries import find_site
from handrail.facts.record import AlreadySaved, Mode, Refusal, sentence_of
from handrail.facts.spec import KINDS
from handrail.kernel import audit, clock, ids
from handrail.kernel.access import Actor, ActorRequest, may
from handrail.kernel.tables import Cell, Column, table
from handrail.kernel.web import posted_id
from handrail.ledgers.stock.models import Item
from handrail.ledgers.stock.queries import shelf
from handrail.ledgers.stock.reactor import Short
from handrail.screens.console import composer
from handrail.screens.console.describe import sentences
from handrail.services.exchange.queries import usual_baskets
from handrail.services.exchange.rules import needs_second_tap

CHANNEL_OF_SITE = {"vehicle": Channel.VEHICLE, "route_stop": Channel.OUTREACH, "prison_unit": Channel.PRISON, "event": Channel.EVENT}


@dataclass(frozen=True)
class ComposerPage:
    """The form of a visit, new or to correct."""

    site: Site
    now: datetime
    visit: str
    at: str
    who: str
    card: str
    on_behalf_of: str
    people_count: str
    sections: list[composer.Section]
    baskets: list[composer.Basket]
    errors: dict[str, str]
    error: str
    ask_to_confirm: str
    correcting: str


@dataclass(frozen=True)
class VisitLine:
    """One fact of a visit in words."""

    title: str
    words: list[str]
    at: datetime
    counts: bool
    referral_words: str


@dataclass(frozen=True)
class VisitPage:
    """A saved visit."""

    visit: uuid.UUID
    site: Site
    occurred_at: datetime
    now: list[VisitLine]
    history: list[VisitLine]
    just_saved: bool
    is_taken_back: bool
    may_correct: bool
    why: list[tuple[str, str]]
    correction: uuid.UUID


def _site_or_404(actor: Actor, site: uuid.UUID, permission: str) -> Site:
    found = find_site(site)
    if found is None or not actor.may(permission, found.key):
        raise Http404
    return found


# -- a new visit --------------------------------------------------------------------------------------------------------


@may("visit.record", methods=("GET", "POST"))
def new(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """The composer: what was given, what came back, tests, referrals, in one form."""
    place = _site_or_404(request.actor, site, "visit.record")
    if request.method != "POST":
        values: dict[str, str] = {}
        usual = usual_baskets(place.key)
        chosen = request.GET.get("usual", "")
        if chosen.isdigit() and int(chosen) < len(usual):
            values = json.loads(composer.baskets([usual[int(chosen)]], {})[0].fill)
        return _composer(request, place, values, usual=usual)
    values = {name: value for name, value in request.POST.items() if isinstance(value, str)}
    return _save(request, place, values, correcting=None)


def _save(request: ActorRequest, place: Site, values: dict[str, str], correcting: Recorded | None) -> HttpResponse:
    """Validate everything at once, then record; on any problem show the form with all that was typed."""
    parsed = composer.parse(request.actor, place.key, values)
    errors = parsed.errors
    encounter, participant = _encounter(place, values, errors), _participant(values, errors)
    visit, at = _identity(values, errors)
    large = [p for p in parsed.parts if p.kind == "exchange.given" and any(needs_second_tap(line.quantity) for line in p.payload.lines)]  # type: ignore[attr-defined]
    if errors or encounter is None:
        return _composer(request, place, values, errors=errors, error=_("Nothing is saved yet. Look at the marked lines."), correcting=correcting)
    if large and values.get("confirm") != "large":
        return _composer(request, place, values, ask="large", error=_("More than a thousand in one line. If that is right, save again."), correcting=correcting)
    if not parsed.parts and correcting is None and encounter.people_count == 1 and values.get("confirm") != "empty":
        return _composer(request, place, values, ask="empty", error=_("Nothing is filled in. Save it as a contact without supplies?"))
    mode = Mode.CONFIRMED if values.get("confirm") == "short" else Mode.TYPED
    try:
        if correcting is not None:
            unshown = composer.unshown(request.actor, place.key, visits.read(correcting.root or correcting.id), parsed.parts)
            visits.correct(
                actor=request.actor, visit=correcting.root or correcting.id, correction=visit, encounter=encounter,
                parts=[*parsed.parts, *unshown], participant=participant or correcting.participant, mode=mode,
            )
            return redirect(reverse("visit", args=[correcting.root or correcting.id]) + "?saved=1")
        visits.save(
            actor=request.actor, visit=visit, site=place.id, occurred_at=at, encounter=encounter, parts=parsed.parts,
            participant=participant, mode=mode,
        )
    except AlreadySaved as refusal:
        return redirect(reverse("visit", args=[visit]) + "?already=1") if correcting is None else _composer(request, place, values, error=str(refusal.problems[0][1]), correcting=correcting)
    except Short as refusal:
        composer.place_refusal(refusal, errors)
        return _composer(request, place, values, errors=errors, ask="short", error=_("The book has less than you wrote."), correcting=correcting)
    except Refusal as refusal:
        return _composer(request, place, values, errors=errors, error=composer.place_refusal(refusal, errors), correcting=correcting)
    return redirect(reverse("visit", args=[visit]) + "?saved=1")


def _encounter(place: Site, values: dict[str, str], errors: dict[str, str]) -> Encounter | None:
    try:
        return Encounter.model_validate(
            {
                "channel": CHANNEL_OF_SITE.get(place.kind, Channel.FIXED),
                "people_count": values.get("people_count", "").strip() or 1,
                "on_behalf_of": values.get("on_behalf_of", "").strip() or 0,
            }
        )
    except ValidationError as error:
        errors.update({str(e["loc"][0]): sentence_of(dict(e)) for e in error.errors()})
        return None


def _participant(values: dict[str, str], errors: dict[str, str]) -> uuid.UUID | None:
    if values.get("who") != "card" or not values.get("card", "").strip():
        return None
    try:
        found = find_by_card(values["card"])
    except ValueError:
        errors["card"] = _("Check the code: one of its symbols is wrong.")
        return None
    if found is None:
        errors["card"] = _("This card is not known here. Check it, or go on with “No code”.")
    return found


def _identity(values: dict[str, str], errors: dict[str, str]) -> tuple[uuid.UUID, datetime]:
    """The form's own id and the moment the visit began, both made when the page was opened."""
    try:
        visit, at = uuid.UUID(values.get("visit", "")), datetime.fromisoformat(values.get("at", ""))
    except ValueError:
        errors[""] = _("This page is damaged. Reload it.")
        return ids.new(), clock.now()
    return visit, at if timezone.is_aware(at) else clock.now()


def _composer(
    request: ActorRequest, place: Site, values: dict[str, str], *, errors: dict[str, str] | None = None, error: str = "",
    ask: str = "", correcting: Recorded | None = None, usual: list[tuple[dict[str, int], int]] | None = None,
) -> HttpResponse:
    errors = errors or {}
    local = clock.local(clock.now(), place.time_zone)
    items = shelf(place.key, local.date())
    names = {item.code: item.name for item in items}
    page = ComposerPage(
        site=place, now=local, visit=values.get("visit") or str(ids.new()), at=values.get("at") or clock.now().isoformat(),
        who=values.get("who", "none"), card=values.get("card", ""), on_behalf_of=values.get("on_behalf_of", ""),
        people_count=values.get("people_count", ""), sections=composer.build(request.actor, place.key, items, values, errors),
        baskets=composer.baskets(usual if usual is not None else usual_baskets(place.key), names) if correcting is None else [],
        errors=errors, error=error or errors.get("", ""), ask_to_confirm=ask,
        correcting=str(correcting.root or correcting.id) if correcting else "",
    )
    return render(request, "console/composer.html", {"page": page}, status=422 if page.error else 200)


# -- a saved visit --------------------------------------------------------------------------------------------------------


def _visit_or_404(actor: Actor, visit: uuid.UUID, permission: str) -> tuple[Fact, Site]:
    fact = Fact.objects.filter(actor.filter(permission), id=visit, kind="facts.encounter").select_related("site").first()
    if fact is None or fact.site is None:
        raise Http404
    return fact, fact.site


@may("visit.read")
def visit(request: ActorRequest, visit: uuid.UUID) -> HttpResponse:
    """What was recorded, what counts now, and everything that was ever written about it."""
    _fact, site = _visit_or_404(request.actor, visit, "visit.read")
    now, every = visits.read(visit), visits.history(visit)
    counting = {f.id for f in now}
    names = dict(Item.objects.values_list("code", "name"))
    may_correct = request.actor.may("visit.correct", site.key)
    page = VisitPage(
        visit=visit, site=site, occurred_at=clock.local((now[0] if now else every[0]).occurred_at, site.time_zone),
        now=[_line(f, names, counting) for f in now], history=[_line(f, names, counting) for f in every],
        just_saved="saved" in request.GET, is_taken_back=not now, may_correct=may_correct and bool(now),
        why=[(str(w.value), str(w.label)) for w in Why], correction=ids.new(),
    )
    audit.look("visit", actor=request.actor, object_id=visit)
    roots = {f.root for f in every}
    disputed = any(len(s.heads) > 1 for s in Standing.objects.filter(root__in=roots))
    return render(request, "console/visit.html", {"page": page, "already": "already" in request.GET, "disputed": disputed})


def _line(fact: Recorded, names: dict[str, str], counting: set[uuid.UUID]) -> VisitLine:
    spec = KINDS.get(fact.kind)
    words = ""
    if fact.kind == "facts.referral" and fact.parsed and fact.parsed.status == "accepted":
        words = label(fact.root or fact.id)
    return VisitLine(
        str(spec.title) if spec else fact.kind, sentences(fact, names), fact.occurred_at, fact.id in counting, words
    )


@may("visit.correct", methods=("GET", "POST"))
def correct(request: ActorRequest, visit: uuid.UUID) -> HttpResponse:
    """The same form, filled with what counts now; saving it records a correction."""
    _fact, site = _visit_or_404(request.actor, visit, "visit.correct")
    now = visits.read(visit)
    if not now:
        raise Http404
    if request.method == "POST":
        values = {name: value for name, value in request.POST.items() if isinstance(value, str)}
        return _save(request, site, values, correcting=now[0])
    values = composer.values_of([(f.kind, f.parsed) for f in now])
    values |= {"on_behalf_of": str(now[0].parsed.on_behalf_of or ""), "people_count": str(now[0].parsed.people_count)}
    return _composer(request, site, values, correcting=now[0])


@may("visit.correct", methods=("POST",))
def take_back(request: ActorRequest, visit: uuid.UUID) -> HttpResponse:
    """The whole visit does not count; it stays readable."""
    _visit_or_404(request.actor, visit, "visit.correct")
    why = request.POST.get("why", "")
    if why in Why.values:
        visits.take_back(actor=request.actor, visit=visit, correction=posted_id(request, "correction"), why=why)
    return redirect("visit", visit)


# -- lists ------------------------------------------------------------------------------------------------------------------


@may("visit.read")
def recent(request: ActorRequest) -> HttpResponse:
    """The latest visits at the places where the actor works: when, where, how many. No person is shown."""
    facts = (
        Fact.objects.filter(request.actor.filter("visit.read"), kind="facts.encounter", supersedes=[])
        .select_related("site").order_by("-occurred_at")[:60]
    )
    rows = [
        (
            Cell(date_format(clock.local(f.occurred_at, f.site.time_zone), "j M H:i"), reverse("visit", args=[f.id])), f.site.name,
            f.payload.get("people_count", 1), f.payload.get("on_behalf_of", 0),
        )
        for f in facts
        if f.site is not None
    ]
    columns = [Column(_("When")), Column(_("Where")), Column(_("People"), is_number=True), Column(_("Also for"), is_number=True)]
    return render(request, "console/visits.html", {"visits": table(_("Latest visits"), columns, rows) if rows else ""})
