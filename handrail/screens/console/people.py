"""The person at hand: what they are called, what they chose to say, their cards, their last visits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from pydantic import ValidationError

from handrail.facts import handles, participants, receipts
from handrail.facts.codes import Gender, Injects
from handrail.facts.codes_of_people import AgeBand, Flag, Language, Need, Pronouns, Question, Said, YesNo
from handrail.facts.drafts import sentence_of
from handrail.facts.kinds.profile import Profile
from handrail.facts.models import Aside, Fact, Participant, Site
from handrail.facts.people_rules import last_survivor
from handrail.facts.record import Draft, Refusal, record_many
from handrail.facts.spec import KINDS, Codes, Text, field_info
from handrail.facts.values import FLAG_MONTHS
from handrail.kernel import audit, clock, ids
from handrail.kernel.access import Actor, ActorRequest, may
from handrail.kernel.web import posted_id
from handrail.screens.console import referrals, sealed, wishes
from handrail.screens.console.about_person import at_hand, chosen_place, today_of, two_words

VISITS_SHOWN = 10
SINGLE: dict[str, type[Codes]] = {"age_band": AgeBand, "trans": YesNo, "pronouns": Pronouns, **dict.fromkeys(Flag.values, YesNo)}
SEVERAL: dict[str, type[Codes]] = {"gender": Gender, "languages": Language, "needs": Need}


@dataclass(frozen=True)
class CardLine:
    """A card or self-made code of a person: which one, since when, and whether it still opens anything."""

    title: Text
    given_at: datetime
    is_open: bool


@dataclass(frozen=True)
class PastVisit:
    """A visit, as far as this worker may know of it."""

    at: datetime
    site: str
    kinds: list[Text]


@dataclass
class PersonPage:
    """Everything about a person that the worker before it may see."""

    word: str
    at: str
    name: str
    words: str
    handle: str
    chips: list[tuple[str, str]]
    answers: list[tuple[Text, str]]
    ask_again: list[Text]
    cards: list[CardLine]
    visits: list[PastVisit]
    places: list[Site]
    may_read: bool
    may_record: bool
    has_code: bool
    errors: dict[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A question of the form about a person."""

    name: str
    title: str
    choices: list[tuple[str, str]]
    chosen: list[str]
    is_many: bool
    problem: str


# -- who, and where -----------------------------------------------------------------------------------------------------------


def at_hand_or_404(request: ActorRequest, word: str) -> uuid.UUID:
    """The record of a word. Somebody known only inside a closed place needs a role there."""
    return at_hand(request, word, "person.find")


def site_of(request: ActorRequest, participant: uuid.UUID, permission: str) -> Site:
    """Where the worker is: the site the address or form names; never one the person is not known at.

    What is saved names its place, or there is only one; a page may open with the first.
    """
    if request.method == "POST":
        return chosen_place(request, permission, participant)
    found = today_of(request, permission, participant)
    if found is None:
        raise Http404
    return found


def back(word: str, site: Site, said: str = "") -> HttpResponse:
    """To the page of the person, with a word about what was done."""
    return redirect(f"{reverse('person', args=[word])}?at={site.id}" + (f"&{said}=1" if said else ""))


# -- the page ---------------------------------------------------------------------------------------------------------------------


@may("person.find")
def person(request: ActorRequest, word: str) -> HttpResponse:
    """The person, for whoever found them; what they told is shown to whoever may read it."""
    return _page(request, word)


def _page(request: ActorRequest, word: str, *, errors: dict[str, str] | None = None, typed: Mapping[str, str] | None = None) -> HttpResponse:
    who = at_hand_or_404(request, word)
    site = site_of(request, who, "person.find")
    actor, handle = request.actor, handles.handle_of(who)
    may_read = actor.may("person.read", site.key)
    row = Participant.objects.filter(id=last_survivor(who)).first() or Participant(id=who)
    answers, ask_again = answers_of(row, site.today) if may_read else ([], [])
    cards = participants.cards(who)
    page = PersonPage(
        word=word, at=str(site.id), name=handle or two_words(who), words=two_words(who), handle=handle, chips=wishes.chips(who), answers=answers,
        ask_again=ask_again, cards=[CardLine(_sort(card.sort), clock.local(card.issued_at, site.time_zone), card.revoked_at is None) for card in cards],
        visits=past_visits(actor, participants.group(who)), places=[site] if actor.may("visit.record", site.key) else [],
        may_read=may_read, may_record=actor.may("visit.record", site.key), has_code=any(c.sort == "derived" and c.revoked_at is None for c in cards),
        errors=errors or {}, typed=typed or {},
    )
    audit.look("person", actor=actor, object_id=who)
    context = {"page": page, "site": site, "wishes": wishes.section(request, who) if may_read else None}
    context["sealed"] = sealed.section(request, who, site.key) if actor.may("vault.use", site.key) else None
    context |= {"ways": referrals.of_person(actor, participants.group(who)), "reasons": referrals.reasons()}
    return render(request, "console/person.html", context, status=422 if errors else 200)


def _sort(sort: str) -> str:
    return _("Self-made code") if sort == "derived" else _("Card")


def past_visits(actor: Actor, people: Sequence[uuid.UUID]) -> list[PastVisit]:
    """The last visits at places the actor may read: when, where, and of what is in them only kinds they could record."""
    counting = ~Exists(Aside.objects.filter(fact=OuterRef("id")))
    came = list(
        Fact.objects.filter(counting, actor.filter("visit.read"), participant__in=people, kind="facts.encounter")
        .select_related("site").order_by("-occurred_at")[:VISITS_SHOWN]
    )
    inside: dict[uuid.UUID, set[str]] = {}
    for visit, kind in Fact.objects.filter(counting, encounter__in=[fact.root for fact in came]).values_list("encounter", "kind"):
        inside.setdefault(visit, set()).add(kind)
    found = []
    for fact in came:
        assert fact.site is not None  # noqa: S101  the filter names sites
        kinds = [kind for key in sorted(inside.get(fact.root, ())) if key != "facts.taken_back" and (kind := KINDS.get(key)) is not None]
        found.append(
            PastVisit(
                clock.local(fact.occurred_at, fact.site.time_zone), fact.site.name,
                [kind.title for kind in kinds if actor.may(kind.may, fact.site.key)],
            )
        )
    return found


def answers_of(row: Participant, today: date) -> tuple[list[tuple[Text, str]], list[Text]]:
    """What a person said, in words; and what was asked so long ago that it counts as not known."""
    found: list[tuple[Text, str]] = []
    old: list[Text] = []

    def add(question: str, said: str) -> None:
        if said:
            found.append((Question(question).label, said))

    add("birth_year", str(row.birth_year or ""))
    if row.age_band:
        add("age_band", f"{AgeBand(row.age_band).label} ({row.age_band_asked_on:%Y})")
    add("gender", _words(Gender, row.gender.split(",") if row.gender else []))
    add("trans", _words(YesNo, [row.trans] if row.trans else []))
    add("pronouns", _words(Pronouns, [row.pronouns] if row.pronouns else []))
    add("languages", _words(Language, row.languages))
    add("needs", _words(Need, row.needs))
    timed: list[tuple[Text, Text, date]] = [(Question(flag).label, YesNo(said["answer"]).label, date.fromisoformat(said["asked_on"])) for flag, said in sorted(row.flags.items())]
    if row.injects and row.injects_asked_on:
        timed.insert(0, (_("Last injected, as they say"), Injects(row.injects).label, row.injects_asked_on))
    months = FLAG_MONTHS.read().value
    for question, answer, asked_on in timed:
        if is_current(asked_on, today, months):
            found.append((question, str(answer)))
        else:
            old.append(question)
    return found, old


def is_current(asked_on: date, today: date, months: int) -> bool:
    """Whether an answer still counts: asked on the same day of the month so many months ago is still current."""
    passed = (today.year - asked_on.year) * 12 + today.month - asked_on.month - (1 if today.day < asked_on.day else 0)
    return passed < months or (passed == months and today.day == asked_on.day)


def _words(codes: type[Codes], chosen: Sequence[str]) -> str:
    return ", ".join(str(codes(code).label) for code in chosen if code in codes.values)


# -- what they are called, a receipt ------------------------------------------------------------------------------------------------


@may("person.find", methods=("POST",))
def handle(request: ActorRequest, word: str) -> HttpResponse:
    """Set, change or forget what a person likes to be called."""
    who = at_hand_or_404(request, word)
    site = site_of(request, who, "person.find")
    try:
        handles.set_handle(actor=request.actor, participant=who, word=request.POST.get("handle", ""))
    except Refusal as refusal:
        return _page(request, word, errors=dict(refusal.problems), typed=request.POST.dict())
    return back(word, site, "saved")


@may("person.find", methods=("POST",))
def receipt(request: ActorRequest, word: str) -> HttpResponse:
    """“That was me”: a visit without a code becomes this person's."""
    who = at_hand_or_404(request, word)
    site = site_of(request, who, "visit.record")
    try:
        receipts.claim(actor=request.actor, code=request.POST.get("receipt", ""), participant=who)
    except Refusal as refusal:
        return _page(request, word, errors={"receipt": refusal.problems[0][1]}, typed=request.POST.dict())
    return back(word, site, "claimed")


# -- what they say about themselves -----------------------------------------------------------------------------------------------------


@may("person.find", methods=("GET", "POST"))
def profile(request: ActorRequest, word: str) -> HttpResponse:
    """The questions; each can be left open, answered again, or taken back. What was said before is not shown as typed."""
    who = at_hand_or_404(request, word)
    site = site_of(request, who, "person.find")
    errors: dict[str, str] = {}
    if request.method == "POST":
        errors = _save_profile(request, who, site)
        if not errors:
            return back(word, site, "saved")
    audit.look("person.profile", actor=request.actor, object_id=who)
    context = {
        "word": word, "site": site, "name": handles.name_of(who), "id": request.POST.get("id") or ids.new(),
        "birth_year": request.POST.get("birth_year", ""), "errors": errors, "questions": questions(request.POST, errors),
        "withdrawable": [(q.value, q.label) for q in Question], "withdrawn": request.POST.getlist("withdrawn"),
        "sources": [(s.value, s.label) for s in Said], "source": request.POST.get("source", Said.PERSON.value),
    }
    return render(request, "console/profile.html", context, status=422 if errors else 200)


def questions(post: QueryDict, errors: Mapping[str, str]) -> list[Asked]:
    """The questions of a profile in the order of its payload, with what was ticked; injecting last, a record of its own."""
    found = []
    for name in Profile.model_fields:
        codes = SINGLE.get(name) or SEVERAL.get(name)
        if codes is not None:
            found.append(
                Asked(
                    name, field_info(Profile, name)["label"], [(c.value, str(c.label)) for c in codes], post.getlist(name), name in SEVERAL,
                    errors.get(name, ""),
                )
            )
    injects = [(c.value, str(c.label)) for c in Injects]
    return [*found, Asked("injects", _("Last injected, as they say"), injects, post.getlist("injects"), False, errors.get("injects", ""))]


def read_profile(post: QueryDict) -> tuple[Profile | None, dict[str, str]]:
    """What was answered, None when nothing was; and what is wrong, by question."""
    said: dict[str, Any] = {name: post[name] for name in SINGLE if post.get(name)}
    said |= {name: [value for value in post.getlist(name) if value] for name in SEVERAL if any(post.getlist(name))}
    if year := str(post.get("birth_year", "")).strip():
        said["birth_year"] = year
    if post.getlist("withdrawn"):
        said["withdrawn"] = post.getlist("withdrawn")
    if not said:
        return None, {}
    try:
        return Profile.model_validate(said | {"source": post.get("source") or Said.PERSON}), {}
    except ValidationError as error:
        return None, {str(e["loc"][0]) if e["loc"] else "birth_year": sentence_of(dict(e)) for e in error.errors()}


def _save_profile(request: ActorRequest, who: uuid.UUID, site: Site) -> dict[str, str]:
    form = posted_id(request)
    said, errors = read_profile(request.POST)
    if errors:
        return errors
    drafts = [] if said is None else [Draft(kind="facts.profile", id=form, site=site.id, participant=who, payload=said)]
    if request.POST.get("injects"):
        payload = {"injects": request.POST["injects"], "source": request.POST.get("source") or Said.PERSON}
        drafts.append(Draft(kind="facts.asked", id=ids.derived(form, "asked"), site=site.id, participant=who, payload=payload))
    try:
        record_many(drafts, actor=request.actor)
    except Refusal as refusal:
        return {name or "birth_year": sentence for name, sentence in refusal.problems}
    return {}
