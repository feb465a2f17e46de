"""Recording, reading and correcting visits."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from pydantic import ValidationError

from handrail.facts import receipts, visits
from handrail.facts.fold import Recorded
from handrail.facts.handles import name_of
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.kinds.taken_back import Why
from handrail.facts.labels import label
from handrail.facts.models import Fact, Site, Standing
from handrail.facts.people_rules import closed_site_of, last_survivor
from handrail.facts.queries import find_site, newest_first
from handrail.facts.record import AlreadySaved, Mode, Refusal, sentence_of
from handrail.facts.spec import KINDS
from handrail.facts.visits import Part
from handrail.kernel import audit, clock, ids
from handrail.kernel.access import Actor, ActorRequest, may
from handrail.kernel.tables import Cell, Column, table
from handrail.kernel.web import posted_id
from handrail.ledgers.stock.queries import item_names
from handrail.ledgers.stock.reactor import Short
from handrail.screens.console import composer, composer_read, composing, need_form, person, visit_lists
from handrail.screens.console.at_hand import hold
from handrail.screens.console.composing import Sheet
from handrail.screens.console.describe import named_places, sentences
from handrail.services.exchange import needs
from handrail.services.exchange.kinds.company import Company, With
from handrail.services.exchange.kinds.need import Need
from handrail.services.exchange.queries import channel_of, legal_limit
from handrail.services.exchange.rules import ASKS_FROM, needs_second_tap
from handrail.services.exchange.values import CONFIRM_OVER

LISTED = 60
_CONFIRMS = {"empty": 1, "large": 1, "short": 2}
"""What a worker confirmed, in the order it is asked: whoever answers the last question has answered those before."""


@dataclass(frozen=True)
class VisitLine:
    """One fact of a visit in words."""

    title: str
    words: list[str]
    at: datetime
    counts: bool
    referral_words: str


@dataclass(frozen=True)
class Whose:
    """Whose visit it is: what to call the person, and the address of their page."""

    name: str
    address: str


@dataclass(frozen=True)
class VisitPage:
    """A saved visit. `whose` is None where there is nobody in particular, or where the reader may not find people."""

    visit: uuid.UUID
    whose: Whose | None
    is_nobody: bool
    is_alone: bool
    site: Site
    occurred_at: datetime
    now: list[VisitLine]
    history: list[VisitLine]
    just_saved: bool
    is_taken_back: bool
    may_correct: bool
    may_receipt: bool
    may_report: bool
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
    if request.method == "POST":
        return _posted(request, Sheet(place, composing.posted(request.POST)))
    sheet = Sheet(place, {})
    chosen = request.GET.get("usual", "")
    if chosen.isdecimal() and len(chosen) < 10:
        sheet.action = f"fill:place-{int(chosen)}"
    if "person" in request.GET:
        sheet.who, sheet.values["who"] = person.at_hand(request, place, request.GET["person"]), "card"
    return composing.show(request, sheet)


def _posted(request: ActorRequest, sheet: Sheet) -> HttpResponse:
    """A tap on something that saves nothing shows the same form again; everything else saves."""
    sheet.action = sheet.values.pop("do", "")
    if sheet.action:
        if sheet.correcting is None:
            sheet.who = person.found(request.actor, sheet.place, sheet.values, sheet.errors)
            if sheet.action == "find" and sheet.who is None and not sheet.errors and sheet.values.get("who") == "card":
                sheet.errors["card"] = _("Type the code on the card, or scan it.")
        return composing.show(request, sheet)
    return _save(request, sheet)


def _save(request: ActorRequest, sheet: Sheet) -> HttpResponse:
    """Validate everything at once, then record; on any problem show the form with all that was typed."""
    place, values, errors, correcting = sheet.place, sheet.values, sheet.errors, sheet.correcting
    current = sheet.current
    before = [part for _fact, part in visits.parts_of(current)]
    parsed = composer_read.parse(request.actor, place, values, before=before, taken=sheet.taken)
    errors.update(parsed.errors)
    encounter = _encounter(place, values, errors, correcting)
    if correcting is None:
        sheet.who = person.found(request.actor, place, values, errors)
    inputs = need_form.inputs_of(values, errors)
    visit, at = _identity(values, errors)
    if errors or encounter is None:
        sheet.error = _("Nothing is saved yet. Look at the marked lines.")
        return composing.show(request, sheet)
    if inputs is not None or need_form.REASON in values:
        need = needs.assess(inputs, site=place, on=sheet.day, before=sheet.old_need) if inputs is not None else None
        parts, need = _with_need(parsed.parts, need, need_form.reason_of(values), place, sheet.day)
        sheet.need = need
    else:
        parts, need = parsed.parts, None
    sheet.ask, sheet.error = _question(sheet, parts, need, encounter)
    if sheet.ask:
        return composing.show(request, sheet)
    return _record(request, sheet, parts, encounter, visit, at)


def _with_need(parts: Sequence[Part], need: Need | None, reason: str | None, place: Site, day: date) -> tuple[list[Part], Need | None]:
    """The parts with the reason on what was given, and the need beside it."""
    found = list(parts)
    given = next((place for place, part in enumerate(found) if part.kind == need_form.GIVEN), None)
    lines = getattr(found[given].payload, "lines", ()) if given is not None else ()
    if need is not None:
        law = legal_limit(place, day) if need.needed else None
        need = needs.compared(need, given=needs.needles_in(lines), short_reason=reason, limit=(law.limit, law.source) if law else None)
        if need.needed is not None and not need.unmet:
            reason = None
        found.append(Part(need_form.KIND, need))
    if given is not None:
        found[given] = Part(need_form.GIVEN, found[given].payload.model_copy(update={"short_reason": reason}))
    return found, need


def _question(sheet: Sheet, parts: Sequence[Part], need: Need | None, encounter: Encounter) -> tuple[str, str]:
    """What is asked once before saving, and the sentence that asks; two empty strings to go on."""
    confirmed = _CONFIRMS.get(sheet.values.get("confirm", ""), 0)
    most = max((line.quantity for part in parts if part.kind == need_form.GIVEN for line in getattr(part.payload, "lines", ())), default=0)
    if most > ASKS_FROM and confirmed < _CONFIRMS["large"] and needs_second_tap(most, over=CONFIRM_OVER.read(site=sheet.place).value):
        return "large", _("%(number)s in one line. If that is right, save again.") % {"number": number_format(most)}
    is_empty = not parts and sheet.correcting is None and encounter.people_count == 1
    if is_empty and confirmed < _CONFIRMS["empty"]:
        return "empty", _("Nothing is filled in. Save it as a contact without supplies?")
    is_short = need is not None and bool(need.unmet) and need.short_reason is None
    if is_short and confirmed < _CONFIRMS["short"] and need_form.SEEN not in sheet.values:
        return "less", _("This is fewer than needed. That is fine: save again, and say why if you like.")
    return "", ""


def _record(
    request: ActorRequest, sheet: Sheet, parts: Sequence[Part], encounter: Encounter, visit: uuid.UUID, at: datetime
) -> HttpResponse:
    mode = Mode.CONFIRMED if sheet.values.get("confirm") == "short" else Mode.TYPED
    original = sheet.correcting.root or sheet.correcting.id if sheet.correcting is not None else None
    if original is not None and (unseen := _unseen(original, visit, at)):
        new = composer.values_of([part for fact, part in visits.parts_of(sheet.current) if fact.id in unseen and part.slot not in sheet.taken])
        sheet.values.update({name: value for name, value in new.items() if sheet.values.get(name, "").strip() in {"", "0"}})
        sheet.values["at"] = _seen(original)
        sheet.error = _("Somebody else changed this visit meanwhile. What they wrote is filled in where you left a row empty. Look at it, then save again.")
        return composing.show(request, sheet)
    try:
        if sheet.correcting is not None and original is not None:
            shows_need = need_form.HERE in sheet.values and request.actor.may(KINDS[need_form.KIND].may, sheet.place.key)
            current = [part for fact, part in visits.parts_of(sheet.current) if not (shows_need and fact.kind == need_form.KIND)]
            kept = composer.unshown(request.actor, sheet.place, current, parts, sheet.taken)
            visits.correct(
                actor=request.actor, visit=original, correction=visit, encounter=encounter, parts=[*parts, *kept],
                participant=sheet.correcting.participant, mode=mode,
            )
            return redirect(reverse("visit", args=[original]) + "?saved=1")
        visits.save(
            actor=request.actor, visit=visit, site=sheet.place.id, occurred_at=at, encounter=encounter, parts=parts,
            participant=sheet.who, mode=mode,
        )
        return redirect(reverse("visit", args=[visit]) + "?saved=1")
    except AlreadySaved as refusal:
        if sheet.correcting is None:
            return redirect(reverse("visit", args=[visit]) + "?already=1")
        sheet.error = str(refusal.problems[0][1])
    except Short as refusal:
        composer.place_refusal(refusal, sheet.errors)
        sheet.ask, sheet.error = "short", _("The book has less than you wrote.")
    except Refusal as refusal:
        sheet.error = composer.place_refusal(refusal, sheet.errors)
    return composing.show(request, sheet)


def _unseen(visit: uuid.UUID, correction: uuid.UUID, seen: datetime) -> set[uuid.UUID]:
    """What others recorded about a visit since this form was opened; what the form itself saved is none of it."""
    every = visits.history(visit)
    own = {ids.derived(correction, slot) for slot in visits.slots(every)}
    return {fact.id for fact in every if fact.recorded_at is not None and fact.recorded_at > seen and fact.id not in own}


def _seen(visit: uuid.UUID) -> str:
    """The moment up to which a form that opens now knows the visit."""
    return max(fact.recorded_at or fact.occurred_at for fact in visits.history(visit)).isoformat()


def _encounter(place: Site, values: dict[str, str], errors: dict[str, str], correcting: Recorded | None) -> Encounter | None:
    """Who was met. A correction keeps what this form does not ask (channel, bands) as long as it still adds up."""
    typed = {
        "people_count": values.get("people_count", "").strip() or 1, "on_behalf_of": values.get("on_behalf_of", "").strip() or 0,
    }
    channel = channel_of(place)
    was = correcting.parsed.model_dump() if correcting is not None else {}
    found: list[ValidationError] = []
    for kept in (was, {"channel": was.get("channel", channel)}):
        try:
            return Encounter.model_validate({"channel": channel} | kept | typed)
        except ValidationError as error:
            found.append(error)
    errors.update({str(e["loc"][0]): sentence_of(dict(e)) for e in found[-1].errors()})
    return None


def _identity(values: dict[str, str], errors: dict[str, str]) -> tuple[uuid.UUID, datetime]:
    """The form's own id and the moment the visit began, both made when the page was opened."""
    try:
        visit, at = uuid.UUID(values.get("visit", "")), datetime.fromisoformat(values.get("at", ""))
    except ValueError:
        errors[""] = _("This page is damaged. Reload it.")
        return ids.new(), clock.now()
    return visit, at if timezone.is_aware(at) else clock.now()


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
    names = item_names() | named_places(request.actor)
    may_correct = request.actor.may("visit.correct", site.key)
    closed = visits.closed_to(request.actor, every)
    person_of = (now or every)[0].participant
    page = VisitPage(
        visit=visit, whose=_whose(request, person_of, site) if person_of else None, is_nobody=person_of is None,
        is_alone=any(isinstance(f.parsed, Company) and f.parsed.with_when_using == With.ALONE for f in now), site=site, occurred_at=clock.local((now[0] if now else every[0]).occurred_at, site.time_zone),
        now=[_line(f, names, counting, closed) for f in now], history=[_line(f, names, counting, closed) for f in every],
        just_saved="saved" in request.GET, is_taken_back=not now, may_correct=may_correct and bool(now),
        may_receipt=receipts.may_have_one(now) and request.actor.may("visit.record", site.key),
        why=[(str(w.value), str(w.label)) for w in Why], correction=ids.new(),
        may_report=bool(now) and request.actor.may("naloxone.report", site.key),
    )
    audit.look("visit", actor=request.actor, object_id=visit)
    roots = {f.root for f in every}
    disputed = any(len(s.heads) > 1 for s in Standing.objects.filter(root__in=roots))
    return render(request, "console/visit.html", {"page": page, "already": "already" in request.GET, "disputed": disputed})


def _whose(request: ActorRequest, participant: uuid.UUID, site: Site) -> Whose | None:
    """The person of a visit, for whoever looks up people at its place; who is known only inside a closed place stays there."""
    person = last_survivor(participant)
    if not request.actor.may("person.find", site.key) or closed_site_of(person) != (site.key if site.closed_setting else None):
        return None
    audit.look("person of a visit", actor=request.actor, object_id=person)
    return Whose(name_of(person), f"{reverse('person', args=[hold(request, person)])}?at={site.id}")


def _line(fact: Recorded, names: dict[str, str], counting: set[uuid.UUID], closed: Collection[uuid.UUID]) -> VisitLine:
    """A fact in words; one of `closed` is named and no more (`visits.closed_to`)."""
    spec = KINDS.get(fact.kind)
    words = ""
    if spec is not None and fact.id in closed:
        return VisitLine(str(spec.title), [], fact.occurred_at, fact.id in counting, "")
    if fact.kind == "facts.referral" and fact.parsed and fact.parsed.status == "accepted":
        words = label(fact.root or fact.id)
    said = need_form.sentence(fact.parsed) if isinstance(fact.parsed, Need) else ""
    told = [said[:1].upper() + said[1:], *sentences(fact, names, without=need_form.SAID)] if said else sentences(fact, names)
    return VisitLine(
        str(spec.title) if spec else fact.kind, told, fact.occurred_at, fact.id in counting, words
    )


@may("visit.correct", methods=("GET", "POST"))
def correct(request: ActorRequest, visit: uuid.UUID) -> HttpResponse:
    """The same form, filled with what counts now; saving it records a correction."""
    _fact, site = _visit_or_404(request.actor, visit, "visit.correct")
    now = visits.read(visit)
    if not now:
        raise Http404
    if request.method == "POST":
        return _posted(request, composing.correction(request.actor, site, composing.posted(request.POST), now))
    sheet = composing.correction(request.actor, site, values := {}, now)
    values.update(composer.values_of([part for _fact, part in visits.parts_of(now) if part.slot not in sheet.taken]))
    values.update({"on_behalf_of": str(now[0].parsed.on_behalf_of or ""), "people_count": str(now[0].parsed.people_count), "at": _seen(visit)})
    given = next((f.parsed for f in now if f.kind == need_form.GIVEN), None)
    if sheet.old_need is not None:
        values.update(need_form.values_of(sheet.old_need))
    if given is not None and given.short_reason:
        values[need_form.REASON] = given.short_reason
    return composing.show(request, sheet)


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
    if visit_lists.is_asked(request.GET):
        return visit_lists.behind(request)
    sites = Site.objects.filter(request.actor.filter("visit.read", "key")).values_list("key", flat=True)
    facts = newest_first("facts.encounter", list(sites), LISTED)
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
