"""Screens of the exchange room."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from handrail.facts.models import Fact
from handrail.kernel import clock, ids
from handrail.kernel.access import ActorRequest, may
from handrail.kernel.web import posted_id
from handrail.services.exchange import commands, queries
from handrail.services.exchange.kinds.test import Disease, Result, State
from handrail.services.exchange.models import OpenTest


@dataclass(frozen=True)
class OpenTestLine:
    """A test that still owes an answer."""

    test: OpenTest
    disease: str
    state: str
    id: uuid.UUID
    on: datetime


@may("exchange.test.follow")
def open_tests(request: ActorRequest) -> HttpResponse:
    """Samples on their way and tests that did not work, oldest first."""
    lines = [
        OpenTestLine(t, str(Disease(t.disease).label), str(State(t.state).label), ids.new(), clock.local(t.occurred_at, t.site.time_zone)) for t in queries.open_tests(request.actor)[:200]
    ]
    results = [(r.value, r.label) for r in Result]
    return render(request, "exchange/open_tests.html", {"lines": lines, "results": results})


@may("exchange.test.follow", methods=("POST",))
def finish(request: ActorRequest, fact: uuid.UUID) -> HttpResponse:
    """The result is known."""
    result, answer = request.POST.get("result", ""), posted_id(request)
    if Fact.objects.filter(request.actor.filter("exchange.test.follow"), id=answer).exists():
        return redirect("exchange:open-tests")  # a second tap on the same button
    found = queries.open_tests(request.actor).filter(fact=fact).first()
    if found is None or result not in Result.values:
        raise Http404
    commands.finish_test(
        actor=request.actor, test=found, result=Result(result), told=request.POST.get("told") == "yes", id=answer
    )
    return redirect("exchange:open-tests")
