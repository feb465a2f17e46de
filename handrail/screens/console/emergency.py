"""Emergency access: the form before it, the summary behind it, and looking at it afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from handrail.facts import glass, handles, participants
from handrail.facts.codes import Service
from handrail.facts.glass import Why
from handrail.facts.models import Aside, Fact, GlassBreak, Participant, Referral, Site, Staff
from handrail.facts.people_rules import closed_site_of, last_survivor
from handrail.facts.queries import site_or_404
from handrail.facts.record import Refusal
from handrail.facts.referrals import statuses
from handrail.facts.spec import KINDS, Text
from handrail.facts.values import GLASS_MINUTES, GLASS_REVIEW_HOURS
from handrail.kernel import audit, clock, ids
from handrail.kernel.access import Actor, ActorRequest, may
from handrail.kernel.web import posted_id
from handrail.screens.console import people, person, wishes
from handrail.screens.console.about_person import labels
from handrail.screens.console.referrals import STATUSES, leads_to

MONTHS_SHOWN, VISITS_SHOWN = 12, 12
TESTING = frozenset({"exchange.test"})
"""Whoever tests records these kinds; that there was a test stays with whoever may read results."""


@dataclass
class AskPage:
    """The form: for whom, and why it cannot wait."""

    site: Site
    id: str
    word: str
    who: str
    reasons: list[tuple[str, str]]
    minutes: int
    hours: int
    open: GlassBreak | None
    values: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Came:
    """A visit somewhere: when, where, and what sort of things were done."""

    at: datetime
    site: str
    kinds: list[Text]


@dataclass(frozen=True)
class OnTheWay:
    """A referral and how far it got."""

    service: str
    since: datetime
    place: str
    status: str


@dataclass(frozen=True)
class Summary:
    """What is shown, and until when."""

    glass: GlassBreak
    name: str
    until: datetime
    minutes_left: int
    chips: list[tuple[str, str]]
    answers: list[tuple[Text, str]]
    visits: list[Came]
    ways: list[OnTheWay]


@dataclass(frozen=True)
class ReviewLine:
    """One emergency access as whoever looks at it sees it. The person is not named: that it happened is what is judged."""

    glass: GlassBreak
    who: str
    why: str
    is_late: bool
    verdict: str
    said: str
    reviewer: str
    errors: dict[str, str]


# -- before -------------------------------------------------------------------------------------------------------------------


@may("glass.break", methods=("GET", "POST"), step_up=True)
def new(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """Say for whom and why; the summary opens at once, and two people in charge are told."""
    place, post = site_or_404(request.actor, site, "glass.break"), request.POST
    word = post.get("word") or request.GET.get("person", "")
    held = person.at_hand(request, place, word) if word else None
    page = AskPage(
        place, post.get("id") or str(ids.random()), word if held else "", handles.name_of(held) if held else "", labels(Why), GLASS_MINUTES.read().value,
        GLASS_REVIEW_HOURS.read().value, glass.own_open(request.actor), {name: value for name, value in post.items() if isinstance(value, str)},
    )
    if request.method != "POST":
        return _ask(request, page)
    who = held
    if who is None:
        found = participants.find(post.get("card", ""), place)
        if found.participant is None:
            page.errors["card"] = found.sentence if post.get("card", "").strip() else _("Type the code on the card, or find the person first.")
            return _ask(request, page)
        who = found.participant
    try:
        made = glass.break_glass(actor=request.actor, site=place, participant=who, why=post.get("why", ""), id=posted_id(request))
    except Refusal as refusal:
        page.errors |= dict(refusal.problems)
        return _ask(request, page)
    return redirect("glass-summary", made.id)


def _ask(request: ActorRequest, page: AskPage) -> HttpResponse:
    return render(request, "console/emergency_new.html", {"page": page}, status=422 if page.errors else 200)


# -- behind ---------------------------------------------------------------------------------------------------------------------


@may("glass.break")
def summary(request: ActorRequest, access: uuid.UUID) -> HttpResponse:
    """The summary, for the worker who opened it and as long as it lasts."""
    found = glass.open_now(actor=request.actor, glass=access)
    if found is None:
        raise Http404
    who, group = last_survivor(found.participant), participants.group(found.participant)
    inside = closed_site_of(found.participant)
    row = Participant.objects.filter(id=who).first() or Participant(id=who)
    shown = Summary(
        found, handles.name_of(found.participant), clock.local(found.ends_at, found.site.time_zone),
        max(1, int((found.ends_at - clock.now()).total_seconds()) // 60), wishes.chips(found.participant), people.answers_of(row, found.site.today)[0],
        _visits(group, inside), _ways(request.actor, group, inside),
    )
    return render(request, "console/emergency.html", {"page": shown})


def _visits(group: list[uuid.UUID], inside: int | None) -> list[Came]:
    """The last visits at every place on this side of the walls; of what is in them the sort, and no sort of test."""
    since = clock.now() - timedelta(days=31 * MONTHS_SHOWN)
    aside = Aside.objects.values("fact")
    came = Fact.objects.filter(participant__in=group, kind="facts.encounter", occurred_at__gt=since).exclude(id__in=aside).exclude(site=None)
    came = came.filter(site=inside) if inside is not None else came.filter(site__closed_setting="")
    visits = list(came.select_related("site").order_by("-occurred_at")[:VISITS_SHOWN])
    inner: dict[uuid.UUID, set[str]] = {}
    for visit, kind in Fact.objects.filter(encounter__in=[fact.root for fact in visits]).exclude(id__in=aside).values_list("encounter", "kind"):
        inner.setdefault(visit, set()).add(kind)
    found = []
    for fact in visits:
        kinds = [kind for key in sorted(inner.get(fact.root, ())) if key != "facts.taken_back" and (kind := KINDS.get(key)) is not None]
        site = fact.site
        if site is not None:
            titles = [kind.title for kind in kinds if kind.may not in TESTING and kind.key != "facts.encounter"]
            found.append(Came(clock.local(fact.occurred_at, site.time_zone), site.name, titles))
    return found


def _ways(actor: Actor, group: list[uuid.UUID], inside: int | None) -> list[OnTheWay]:
    rows = Referral.objects.filter(participant__in=group).select_related("from_site", "to_site").order_by("-made_at", "-key")
    shown = list((rows.filter(from_site=inside) if inside is not None else rows.filter(from_site__closed_setting=""))[:VISITS_SHOWN])
    said = statuses(shown, clock.now())
    return [
        OnTheWay(str(Service(row.service).label), clock.local(row.made_at, row.from_site.time_zone), leads_to(actor, row), str(STATUSES[said[row.fact]]))
        for row in shown
    ]


@may("glass.break", methods=("POST",))
def end(request: ActorRequest, access: uuid.UUID) -> HttpResponse:
    """Close it before its time."""
    if not glass.end(actor=request.actor, glass=access):
        raise Http404
    return redirect("start")


# -- afterwards --------------------------------------------------------------------------------------------------------------------


@may("glass.review")
def reviews(request: ActorRequest) -> HttpResponse:
    """What waits to be looked at, and what was found before."""
    return _reviews(request)


def _reviews(request: ActorRequest, wrong: uuid.UUID | None = None, errors: dict[str, str] | None = None) -> HttpResponse:
    audit.look("emergency accesses", actor=request.actor)
    names = {staff.id: staff.name for staff in Staff.objects.filter(organisation_id=request.actor.organisation)}
    now = clock.now()

    def line(found: GlassBreak) -> ReviewLine:
        verdict = str(GlassBreak.Verdict(found.verdict).label) if found.verdict else ""
        return ReviewLine(
            found, names.get(found.staff, ""), str(Why(found.reason).label), found.reviewed_at is None and found.due_at <= now, verdict, glass.said_of(found),
            names.get(found.reviewed_by, "") if found.reviewed_by else "", (errors or {}) if found.id == wrong else {},
        )

    page = {
        "waiting": [line(found) for found in glass.to_review(request.actor)], "done": [line(found) for found in glass.reviewed_lately(request.actor)],
        "verdicts": [(value, str(words)) for value, words in GlassBreak.Verdict.choices], "typed": request.POST, "longest": glass.LONGEST,
    }
    return render(request, "console/emergency_reviews.html", {"page": page}, status=422 if errors else 200)


@may("glass.review", methods=("POST",), step_up=True)
def review(request: ActorRequest, access: uuid.UUID) -> HttpResponse:
    """Say whether it was right."""
    found = GlassBreak.objects.filter(request.actor.filter("glass.review"), id=access).first()
    if found is None:
        raise Http404
    try:
        glass.review(actor=request.actor, glass=found, verdict=request.POST.get("verdict", ""), said=request.POST.get("said", ""))
    except Refusal as refusal:
        return _reviews(request, found.id, dict(refusal.problems))
    return redirect("glass-reviews")
