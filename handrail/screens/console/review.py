"""“Same person?”: two records that may be of one person, side by side, and a steward's decision; every one can be undone."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from handrail.facts import handles, participants, proposals
from handrail.facts.codes_of_people import Agreed
from handrail.facts.labels import label
from handrail.facts.models import Proposal, Staff
from handrail.facts.proposals import Fit
from handrail.facts.record import Refusal
from handrail.kernel import audit, ids
from handrail.kernel.access import ActorRequest, may
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


@dataclass
class ReviewPage:
    """The list, and the form that opens a merge by two codes."""

    lines: list[Line]
    merges: list[MergeLine]
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


def _pair(one: uuid.UUID, other: uuid.UUID) -> tuple[str, str]:
    return handles.name_of(one), handles.name_of(other)


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
    page = ReviewPage(
        [Line(p.id, p.proposed_at, _pair(p.newer, p.older), str(p.get_state_display()), p.state == "open") for p in proposals.open_ones(actor)],
        [
            MergeLine(f.id, _own_words(f.parsed.survivor, f.parsed.other), f.occurred_at, names.get(f.staff, "") if f.staff else "")
            for f in proposals.merges() if proposals.is_visible(f.parsed.survivor, actor)
        ],
        actor.may("person.merge"), typed or {}, errors or {},
    )
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
    audit.look("two records side by side", actor=request.actor, object_id=row.id)
    page = ProposalPage(
        row.id, _own_words(row.newer, row.older), proposals.corroboration(row.newer, row.older),
        [(a.value, str(a.label)) for a in Agreed], post.get("decision") or str(ids.new()), request.actor.may("person.merge"),
        str(row.get_state_display()), post.getlist("corroborating"), post.get("agreed", ""), errors,
    )
    return render(request, "console/same_person_one.html", {"page": page}, status=422 if errors else 200)


@may("person.merge", methods=("POST",), step_up=True)
def undo(request: ActorRequest, merge: uuid.UUID) -> HttpResponse:
    """The two are two again."""
    fact = next((found for found in proposals.merges() if found.id == merge), None)
    if fact is not None and not proposals.is_visible(fact.parsed.survivor, request.actor):
        raise Http404
    proposals.undo(actor=request.actor, merge=merge)
    return redirect("same-person")
