"""Records that were kept aside: why, and a coordinator's decision."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from handrail.facts.fold import read_facts
from handrail.facts.kinds.released import Decision
from handrail.facts.models import Aside, Fact
from handrail.facts.record import Draft, record
from handrail.facts.spec import KINDS, Text
from handrail.kernel import ids, scope
from handrail.kernel.access import Actor, ActorRequest, may
from handrail.kernel.web import posted_id
from handrail.ledgers.stock.queries import item_names
from handrail.screens.console.describe import sentences

REASONS: dict[str, Text] = {
    "not_permitted": _("Whoever recorded it had no right to record it there."),
    "bad_payload": _("Something in it cannot be right."),
    "unknown_kind": _("This version does not know this kind of record."),
    "unknown_site": _("It names a place that does not exist here."),
    "no_encounter": _("It names no visit."),
    "no_site": _("It names no place."),
    "other_visit": _("The visit it belongs to was at another place."),
    "id_taken": _("Another record has the same number but says something else."),
    "sequence_taken": _("The device used the same number twice."),
    "waits_for_another": _("It corrects a record that has not arrived."),
    "unknown_reference": _("It names something that does not exist here, such as an item or a lot."),
    "after_death": _("It is dated after the day on which this person died, as far as we were told."),
    "consent_incomplete": _("It is a consent that lacks something it needs."),
    "no_basis": _("It says that something was told to others, without what allows it."),
    "one_person": _("It answers a legal demand and needs a second person, or a lawyer."),
    "mixes_records": _("It corrects two unrelated records at once."),
    "cannot_be": _("It says something of a person that cannot be, or joins two people who cannot be one."),
    "year_taken": _("The counts of this prison and year are here already: correct those."),
    "changes_kind": _("It turns a record into another kind."),
}


@dataclass(frozen=True)
class Waiting:
    """One record kept aside."""

    id: uuid.UUID
    title: Text
    reason: Text
    words: list[str]
    occurred_at: datetime
    readable: bool
    decision_id: uuid.UUID


def open_asides(actor: Actor) -> QuerySet[Aside]:
    """Records that wait for a decision at the places where the actor decides; those of closed settings stay inside."""
    return Aside.objects.filter(is_open=True, fact__in=Fact.objects.filter(actor.filter("records.review")).values("id"))


@may("records.review")
def waiting(request: ActorRequest) -> HttpResponse:
    """All open ones, oldest first."""
    open_ids = list(open_asides(request.actor).order_by("key").values_list("fact", flat=True)[:100])
    names = item_names()
    with connection.cursor() as cursor:
        facts = read_facts(cursor, scope.organisation(), "f.id = ANY(%s::uuid[])", [open_ids], "ORDER BY f.counter")
    listed = []
    for fact in facts:
        kind = KINDS.get(fact.kind)
        listed.append(
            Waiting(
                fact.id, kind.title if kind else fact.kind, REASONS.get(fact.quarantine, fact.quarantine), sentences(fact, names),
                fact.occurred_at, fact.parsed is not None, ids.new(),
            )
        )
    return render(request, "console/waiting.html", {"waiting": listed})


@may("records.review", methods=("POST",), step_up=True)
def decide(request: ActorRequest, fact: uuid.UUID) -> HttpResponse:
    """It counts, or it does not; either way it stays readable."""
    decision, decision_id = request.POST.get("decision", ""), posted_id(request)
    if Fact.objects.filter(id=decision_id, about=fact).exists():
        return redirect("waiting")  # a second tap on the same button
    if decision not in Decision.values or not open_asides(request.actor).filter(fact=fact).exists():
        raise Http404
    record(
        Draft(kind="facts.released", id=decision_id, payload={"target": str(fact), "decision": decision}),
        actor=request.actor,
    )
    return redirect("waiting")
