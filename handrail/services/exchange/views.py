"""Screens of the exchange room: what is open at a place, tests to finish, and what happens outside a visit."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts import consents
from handrail.facts.labels import label
from handrail.facts.models import Fact, Site
from handrail.facts.participants import survivors
from handrail.facts.spec import Text
from handrail.kernel import clock, ids
from handrail.kernel.access import ActorRequest, may
from handrail.kernel.web import posted_id
from handrail.services.exchange import commands, queries
from handrail.services.exchange.kinds.test import Disease, Result, SelfReport, State
from handrail.services.exchange.models import OpenTest
from handrail.services.exchange.refills import BOX_KINDS


@dataclass(frozen=True)
class OpenTestLine:
    """A test that still owes an answer, and the answers it can have."""

    test: OpenTest
    words: str
    disease: str
    state: str
    id: uuid.UUID
    on: datetime
    answers: list[tuple[str, Text]]
    is_self_test: bool
    is_repeat: bool
    leave_alone: bool


def _answers(state: str) -> dict[str, Result | SelfReport | None]:
    """What can become of an open test, by code; None: it did not work, again or at last."""
    if state == State.SELF_TEST_GIVEN:
        return {answer.value: answer for answer in SelfReport}
    return {**{answer.value: answer for answer in Result}, State.INVALID.value: None}


@may("exchange.test.follow")
def open_tests(request: ActorRequest) -> HttpResponse:
    """Samples on their way, tests that did not work, and self-tests nobody spoke of yet, oldest first."""
    waiting, into = list(queries.open_tests(request.actor)), survivors()
    standing = consents.standing({test.participant for test in waiting if test.participant})
    lines = []
    for t in waiting:
        who = standing.get(t.participant, "active") if t.participant else "active"
        if who == "deceased":
            continue
        words = label(into.get(t.participant, t.participant)) if t.participant else ""
        answers: list[tuple[str, Text]] = [(code, answer.label if answer else State.INVALID.label) for code, answer in _answers(t.state).items()]
        lines.append(OpenTestLine(
            t, words, str(Disease(t.disease).label), str(State(t.state).label), ids.new(), clock.local(t.occurred_at, t.site.time_zone), answers,
            t.state == State.SELF_TEST_GIVEN, t.state == State.INVALID, who == "do_not_contact",
        ))
    return render(request, "exchange/open_tests.html", {"lines": lines})


@may("exchange.test.follow", methods=("POST",))
def finish(request: ActorRequest, fact: uuid.UUID) -> HttpResponse:
    """The result is known, or it did not work, or somebody says what their self-test said."""
    result, answer = request.POST.get("result", ""), posted_id(request)
    if Fact.objects.filter(request.actor.filter("exchange.test.follow"), id=answer).exists():
        return redirect("exchange:open-tests")  # a second tap on the same button
    found = queries.open_tests(request.actor).filter(fact=fact).first()
    answers = _answers(found.state) if found else {}
    if found is None or result not in answers:
        raise Http404
    commands.finish_test(
        actor=request.actor, test=found, result=answers[result], told=request.POST.get("told") == "yes", id=answer
    )
    return redirect("exchange:open-tests")


# -- what is open at a place -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """A place and the pages that can be opened there."""

    site: Site
    pages: list[tuple[Text, str]]


@may("exchange.record")
def more(request: ActorRequest) -> HttpResponse:
    """Everything besides a single visit: whole stops, weighing, clean-ups, boxes."""
    actor, places = request.actor, []
    for site in Site.objects.filter(actor.filter("exchange.record", "key"), is_active=True).exclude(kind="store"):
        pages: list[tuple[Text, str]] = [
            (_("A whole stop or event"), reverse("exchange:whole-stop", args=[site.id])),
            (_("Weigh what came back"), reverse("exchange:weigh", args=[site.id])),
            (_("Clean-up"), reverse("exchange:clean-up", args=[site.id])),
            (_("Needlestick"), reverse("exchange:needlestick", args=[site.id])),
            (_("Latest records"), reverse("exchange:records", args=[site.id])),
        ]
        if site.kind in BOX_KINDS:
            pages = [(_("Look and fill"), reverse("exchange:box", args=[site.id]))]
        if site.closed_setting and actor.may("referral.make", site.key):
            pages.append((_("Release"), reverse("exchange:release", args=[site.id])))
        if site.closed_setting and actor.may("exchange.report", site.key):
            pages.append((_("Counts of a year"), reverse("exchange:prison-year", args=[site.id])))
        places.append(Place(site, pages))
    return render(request, "exchange/more.html", {"places": places, "saved": request.GET.get("saved", "")})


