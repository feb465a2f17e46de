"""Screens of the exchange room: what is open at a place, tests to finish, and what happens outside a visit."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import ValidationError

from handrail.facts import consents
from handrail.facts.labels import label
from handrail.facts.models import Fact, Site
from handrail.facts.participants import survivors
from handrail.facts.queries import find_site
from handrail.facts.record import AlreadySaved, Draft, Refusal, record
from handrail.facts.spec import Text
from handrail.kernel import clock, ids
from handrail.kernel.access import Actor, ActorRequest, may
from handrail.kernel.web import posted_id
from handrail.services.exchange import commands, forms, queries
from handrail.services.exchange.kinds.clean_up import CleanUp
from handrail.services.exchange.kinds.needlestick import ExposureEvent
from handrail.services.exchange.kinds.prison_year import PrisonYear
from handrail.services.exchange.kinds.returned import Method, Returned
from handrail.services.exchange.kinds.test import Disease, Result, SelfReport, State
from handrail.services.exchange.models import OpenTest
from handrail.services.exchange.values import PEP_LIMIT_HOURS, SYRINGES_PER_POUND


def site_or_404(actor: Actor, site: uuid.UUID, permission: str) -> Site:
    """An active site where the actor holds a permission."""
    found = find_site(site)
    if found is None or not actor.may(permission, found.key):
        raise Http404
    return found


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
        ]
        if site.kind in commands.BOX_KINDS:
            pages = [(_("Look and fill"), reverse("exchange:box", args=[site.id]))]
        if site.closed_setting and actor.may("referral.make", site.key):
            pages.append((_("Release"), reverse("exchange:release", args=[site.id])))
        if site.closed_setting and actor.may("exchange.report", site.key):
            pages.append((_("Counts of a year"), reverse("exchange:prison-year", args=[site.id])))
        places.append(Place(site, pages))
    return render(request, "exchange/more.html", {"places": places, "saved": request.GET.get("saved", "")})


# -- forms of one record ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FormPage:
    """A form that becomes one record, with what was typed."""

    site: Site
    title: Text
    explain: Text
    id: str
    inputs: list[forms.Input]
    error: str
    button: Text
    factors: dict[str, str]
    weights: list[forms.Input]
    after: list[forms.Input]
    asks_who: bool = False
    from_somebody: bool = False


WEIGHT = ("container", "gross", "tare", "unit")
CLEAN_UP = (
    "area", "place_kind", "crew_size", "method", "quantity", *WEIGHT, "safety_box", "injuries", "hazards",
)
NEEDLESTICK = ("whom", "exposure", "first_aid", "source_known", "pep", "hours_to_pep", "follow_up")
PRISON_YEAR = tuple(PrisonYear.model_fields)


def _form(
    request: ActorRequest, site: Site, model: Any, names: tuple[str, ...], title: Text, *, errors: Mapping[str, str] | None = None,
    explain: Text = "", weighs: bool = False, asks_who: bool = False,
) -> HttpResponse:
    errors = errors or {}
    said = [sentence for name, sentence in errors.items() if name not in names and sentence]
    error = " ".join(said) or (_("Nothing is saved yet. Look at the marked lines.") if errors else "")
    factors = SYRINGES_PER_POUND.read(site=site).value if weighs else {}
    first = names.index(WEIGHT[0]) if weighs else len(names)
    last = first + len(WEIGHT)
    inputs = forms.inputs(model, names, request.POST, errors)
    page = FormPage(
        site=site, title=title, explain=explain, id=request.POST.get("id") or str(ids.new()),
        inputs=inputs[:first], weights=inputs[first:last], after=inputs[last:], error=error, button=gettext_lazy("Save"),
        factors={container: str(number) for container, number in factors.items()}, asks_who=asks_who,
        from_somebody=request.POST.get("from_somebody") == "yes",
    )
    return render(request, "exchange/form.html", {"page": page}, status=422 if error else 200)


def _saving(save: Callable[[], object]) -> dict[str, str]:
    """Run a command; what it refuses comes back as sentences by field. Sent twice with other content, the first one stands."""
    try:
        save()
    except AlreadySaved as refusal:
        return {"": refusal.problems[0][1]}
    except Refusal as refusal:
        return {name.split(".")[0]: sentence for name, sentence in refusal.problems}
    except ValidationError as error:
        return forms.problems(error)
    return {}


def _saved(what: str) -> HttpResponse:
    return redirect(reverse("exchange:more") + f"?saved={what}")


@may("exchange.record", methods=("GET", "POST"))
def weigh(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """Weigh a container: the number of syringes follows from the factor of this place."""
    place = site_or_404(request.actor, site, "exchange.record")
    errors: dict[str, str] = {}
    if request.method == "POST":
        raw = forms.read(Returned, WEIGHT, request.POST)
        errors = {name: _("This is needed.") for name in ("gross", "tare", "unit") if name not in raw}
        weight = {"container": raw.pop("container", "other"), **raw}
        if not errors:
            errors = _saving(lambda: commands.weigh(
                actor=request.actor, site=place, weight=weight, from_somebody=request.POST.get("from_somebody") == "yes", id=posted_id(request),
            ))
        if not errors:
            return _saved("weight")
    return _form(request, place, Returned, WEIGHT, _("Weigh what came back"), errors=errors, weighs=True, asks_who=True)


@may("exchange.record", methods=("GET", "POST"))
def clean_up(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """A round of a crew outside: how much was collected, in which area."""
    place = site_or_404(request.actor, site, "exchange.record")
    errors: dict[str, str] = {}
    if request.method == "POST":
        raw = forms.read(CleanUp, CLEAN_UP, request.POST)
        if raw.get("method") == Method.WEIGHT:
            missing = [name for name in ("gross", "tare", "unit") if name not in raw]
            errors = {name: _("This is needed.") for name in missing}
            weight = {"container": raw.pop("container", "other"), **{name: raw.pop(name, "0") for name in ("gross", "tare", "unit")}}
            raw |= {} if missing else commands.weighed(site=place, on=clock.local_date(clock.now(), place.time_zone), **weight)
            raw.pop("quantity", None)
        else:
            raw = {name: value for name, value in raw.items() if name not in WEIGHT}  # folded away on the page
        if not errors:
            draft = Draft(kind="exchange.clean_up", payload=raw, site=place.id, id=posted_id(request))
            errors = _saving(lambda: record(draft, actor=request.actor))
        if not errors:
            return _saved("clean-up")
    explain = _("The area is a code of your own list, never a point on a map.")
    return _form(request, place, CleanUp, CLEAN_UP, _("Clean-up"), errors=errors, explain=explain, weighs=True)


@may("exchange.record", methods=("GET", "POST"))
def needlestick(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """An exposure to blood: what was done at once."""
    place = site_or_404(request.actor, site, "exchange.record")
    limit = PEP_LIMIT_HOURS.read(site=place)
    errors: dict[str, str] = {}
    if request.method == "POST":
        said = forms.read(ExposureEvent, NEEDLESTICK, request.POST)
        errors = _saving(lambda: commands.needlestick(
            actor=request.actor, site=place, said=said, id=posted_id(request), occurred_at=clock.now()
        ))
        if not errors:
            return _saved("needlestick")
    explain = _("Wash with water and soap, do not squeeze, and call the clinic now. PEP is started as soon as possible, within %(hours)d hours.") % {"hours": limit.value}
    if not limit.is_approved:
        explain += " " + _("Nobody of your programme has confirmed this number yet: ask the clinic.")
    return _form(request, place, ExposureEvent, NEEDLESTICK, _("Needlestick"), errors=errors, explain=explain)


# -- closed settings ------------------------------------------------------------------------------------------------------


@may("exchange.report", methods=("GET", "POST"))
def prison_year(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """The yearly counts of one closed setting."""
    place = site_or_404(request.actor, site, "exchange.report")
    if not place.closed_setting:
        raise Http404
    errors: dict[str, str] = {}
    if request.method == "POST":
        draft = Draft(kind="exchange.prison_year", payload=forms.read(PrisonYear, PRISON_YEAR, request.POST), site=place.id, id=posted_id(request))
        errors = _saving(lambda: record(draft, actor=request.actor))
        if not errors:
            return _saved("counts")
    explain = _("Leave empty what nobody counted. Empty is not 0.")
    return _form(request, place, PrisonYear, PRISON_YEAR, _("Counts of a year"), errors=errors, explain=explain)
