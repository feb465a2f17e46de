"""“Same person?”: two records that may be of one person, side by side, and a steward's decision; every one can be undone."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from handrail.facts import meanwhile, participants, proposals
from handrail.facts.codes_of_people import Agreed
from handrail.facts.corroboration import Fit, corroboration
from handrail.facts.fold import Recorded
from handrail.facts.labels import label
from handrail.facts.models import Proposal, Site, Staff
from handrail.facts.record import Refusal
from handrail.kernel import audit, clock, ids
from handrail.kernel.access import Actor, ActorRequest, may
from handrail.kernel.web import posted_id


@dataclass(frozen=True)
class Line:
    """A proposal in the list."""

    id: uuid.UUID
    proposed_at: datetime
    words: tuple[str, str]
    state: str
    is_open: bool


@dataclass(frozen=True)
class MergeLine:
    """Two records that were joined."""

    id: uuid.UUID
    words: tuple[str, str]
    at: datetime
    by: str


@dataclass(frozen=True)
class MeanwhileLine:
    """Something recorded while two records were joined."""

    key: str
    title: str
    at: datetime | None
    place: str
    words: str
    other: str
    to: str
    is_wish: bool


@dataclass
class ReviewPage:
    """The list, and the form that opens a merge by two codes."""

    lines: list[Line]
    merges: list[MergeLine]
    undone: list[MergeLine]
    may_decide: bool
    typed: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ProposalPage:
    """One pair, with what can speak for it."""

    id: uuid.UUID
    words: tuple[str, str]
    fits: list[Fit]
    agreed: list[tuple[str, str]]
    decision: str
    may_decide: bool
    state: str
    ticked: list[str]
    chosen_agreed: str
    errors: dict[str, str]


def _zone(actor: Actor) -> str:
    """Whose clock dates are shown by: the reader's place, else the first of the programme."""
    own = next((site for grant in actor.grants if (site := grant.site) is not None), None)
    sites = Site.objects.order_by("key").values_list("key", "time_zone")
    return next((zone for key, zone in sites if own in (None, key)), "UTC")


def _own_words(one: uuid.UUID, other: uuid.UUID) -> tuple[str, str]:
    """Two words for each record itself, also after they were joined."""
    return label(one), label(other)


@may("person.review")
def listed(request: ActorRequest) -> HttpResponse:
    """What is to be looked at, and what was joined."""
    return _list(request)


def _list(request: ActorRequest, typed: dict[str, str] | None = None, errors: dict[str, str] | None = None) -> HttpResponse:
    actor = request.actor
    names = dict(Staff.objects.filter(organisation_id=actor.organisation).values_list("id", "name"))
    zone = _zone(actor)

    def line(f: Recorded) -> MergeLine:
        words = _own_words(f.parsed.survivor, f.parsed.other)
        return MergeLine(f.id, words, clock.local(f.occurred_at, zone), names.get(f.staff, "") if f.staff else "")

    page = ReviewPage(
        [
            Line(p.id, clock.local(p.proposed_at, zone), _own_words(p.newer, p.older), str(p.get_state_display()), p.state == "open")
            for p in proposals.open_ones(actor)
        ],
        [line(f) for f in proposals.merges() if proposals.is_visible(f.parsed.survivor, actor)],
        [line(j.fact) for j in meanwhile.undone() if _is_visible(j, actor)] if actor.may("person.merge") else [],
        actor.may("person.merge"), typed or {}, errors or {},
    )
    audit.look("records that may be of one person", actor=actor, object_id=f"{len(page.lines) + len(page.merges)} shown")
    return render(request, "console/same_person.html", {"page": page}, status=422 if errors else 200)


@may("person.merge", methods=("POST",))
def open_pair(request: ActorRequest) -> HttpResponse:
    """Two codes in hand that are of one person: a proposal like any other, to be decided on its own page."""
    typed = {name: request.POST.get(name, "") for name in ("first", "second")}
    found = {name: participants.find(code) for name, code in typed.items()}
    errors = {name: look.sentence for name, look in found.items() if look.participant is None}
    newer, older = found["second"].participant, found["first"].participant
    if errors or newer is None or older is None:
        return _list(request, typed, errors)
    try:
        proposal = proposals.propose(newer=newer, older=older, actor=request.actor)
    except Refusal as refusal:
        return _list(request, typed, {"second": refusal.problems[0][1]})
    return redirect("same-person-one", proposal.id)


@may("person.review", methods=("GET", "POST"), step_up=True)
def one(request: ActorRequest, proposal: uuid.UUID) -> HttpResponse:
    """Both sides, only as far as it helps to decide; the decision itself needs the right to join records."""
    row = Proposal.objects.filter(id=proposal).first()
    if row is None or not (proposals.is_visible(row.newer, request.actor) and proposals.is_visible(row.older, request.actor)):
        raise Http404
    errors: dict[str, str] = {}
    post = request.POST
    if request.method == "POST":
        request.actor.require("person.merge")
        try:
            proposals.decide(
                actor=request.actor, proposal=row, outcome=post.get("outcome", ""), corroborating=post.getlist("corroborating"),
                agreed=post.get("agreed", ""), decision=posted_id(request, "decision"),
            )
            return redirect("same-person")
        except Refusal as refusal:
            errors = {name or "outcome": sentence for name, sentence in refusal.problems}
    for who in (row.newer, row.older):
        audit.look("two records side by side", actor=request.actor, object_id=who)
    page = ProposalPage(
        row.id, _own_words(row.newer, row.older), corroboration(row.newer, row.older),
        [(a.value, str(a.label)) for a in Agreed], post.get("decision") or str(ids.new()), request.actor.may("person.merge"),
        str(row.get_state_display()), post.getlist("corroborating"), post.get("agreed", ""), errors,
    )
    return render(request, "console/same_person_one.html", {"page": page}, status=422 if errors else 200)


@may("person.merge", methods=("POST",), step_up=True)
def undo(request: ActorRequest, merge: uuid.UUID) -> HttpResponse:
    """The two are two again. What was recorded in between is shown, so that somebody can say whose it is."""
    joined = meanwhile.find(merge)
    if joined is not None and not _is_visible(joined, request.actor):
        raise Http404
    proposals.undo(actor=request.actor, merge=merge)
    joined = meanwhile.find(merge)
    return redirect("same-person-meanwhile", merge) if joined is not None and meanwhile.recorded(joined) else redirect("same-person")


@may("person.merge", methods=("GET", "POST"), step_up=True)
def between(request: ActorRequest, merge: uuid.UUID) -> HttpResponse:
    """What was recorded while two records were joined; one tap says that something belongs to the other of them."""
    joined = meanwhile.find(merge)
    if joined is None or joined.undone is None or not _is_visible(joined, request.actor):
        raise Http404
    if request.method == "POST":
        # The two stand in the form as first and second: no id of a person leaves the server.
        to = (joined.fact.parsed.survivor, joined.fact.parsed.other)[request.POST.get("to") == "second"]
        meanwhile.assign(actor=request.actor, joined=joined, key=request.POST.get("line", ""), to=to)
        return redirect("same-person-meanwhile", merge)
    pair = (joined.fact.parsed.survivor, joined.fact.parsed.other)
    for who in pair:
        audit.look("what was recorded while joined", actor=request.actor, object_id=who)
    names = {str(site): name for site, name in Site.objects.values_list("id", "name")}
    lines = [
        MeanwhileLine(found.key, str(found.title), found.at, names.get(found.place, ""), label(found.with_whom), label(found.other), "second" if found.other == pair[1] else "first", found.is_wish)
        for found in meanwhile.recorded(joined)
    ]
    context = {"merge": merge, "words": _own_words(*pair), "lines": lines}
    return render(request, "console/same_person_meanwhile.html", context)


def _is_visible(joined: meanwhile.Joined, actor: Actor) -> bool:
    return all(proposals.is_visible(who, actor) for who in (joined.fact.parsed.survivor, joined.fact.parsed.other))
