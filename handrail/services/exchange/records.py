"""Forms that become one record outside a visit: a weight, a clean-up, a needlestick, the counts of a prison's year.

Each asks when it was, and each can correct an earlier record: the page carries the record's id, and saving supersedes it.
"""

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

from handrail.facts import forms, moments
from handrail.facts.fold import Recorded
from handrail.facts.models import Fact, Site
from handrail.facts.queries import site_or_404
from handrail.facts.record import AlreadySaved, Draft, Refusal, record
from handrail.facts.spec import Text
from handrail.kernel import audit, clock, ids
from handrail.kernel.access import Actor, ActorRequest, may
from handrail.kernel.web import posted_id
from handrail.services.exchange import commands, queries
from handrail.services.exchange.kinds.clean_up import CleanUp
from handrail.services.exchange.kinds.needlestick import ExposureEvent
from handrail.services.exchange.kinds.prison_year import PrisonYear
from handrail.services.exchange.kinds.returned import Method, Returned
from handrail.services.exchange.values import PEP_LIMIT_HOURS, SYRINGES_PER_POUND

WEIGHT = ("container", "gross", "tare", "unit")
CLEAN_UP = (
    "area", "place_kind", "crew_size", "method", "quantity", *WEIGHT, "safety_box", "injuries", "hazards",
)
NEEDLESTICK = ("whom", "exposure", "first_aid", "source_known", "pep", "hours_to_pep", "follow_up")
PRISON_YEAR = tuple(PrisonYear.model_fields)


@dataclass(frozen=True)
class FormPage:
    """A form that becomes one record, with what was typed. `when` is None where no moment is asked."""

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
    corrects: str
    when: str | None
    when_error: str
    asks_who: bool = False
    from_somebody: bool = False


@dataclass(frozen=True)
class Form:
    """One showing of a form: which record it corrects, if any, and what is typed in it."""

    request: ActorRequest
    place: Site
    kind: str
    model: Any
    names: tuple[str, ...]
    old: Recorded | None
    is_posted: bool

    @property
    def corrects(self) -> str:
        """The id of the record that this page said it corrects, whether it is still there or not."""
        return self.request.POST.get("corrects", "") if self.is_posted else str(self.old.id) if self.old else ""

    @property
    def supersedes(self) -> tuple[uuid.UUID, ...]:
        """What the draft has to name."""
        return (self.old.id,) if self.old else ()

    def moment(self, errors: dict[str, str]) -> datetime:
        """When it was; what nobody typed is the moment of the record that is corrected, or now."""
        typed = self.request.POST.get("when", "")
        if self.old is not None and typed == moments.written(self.old.occurred_at, self.place):
            return self.old.occurred_at
        found, wrong = moments.read(typed, self.place)
        if wrong:
            errors["when"] = wrong
        return found or (self.old.occurred_at if self.old else clock.now())

    def show(
        self, title: Text, errors: Mapping[str, str], *, explain: Text = "", weighs: bool = False, asks_who: bool = False, asks_when: bool = True
    ) -> HttpResponse:
        """The form with what was typed, or what the record said that is corrected; status 422 when something is wrong."""
        post = self.request.POST
        typed = post if self.is_posted or self.old is None else forms.typed_before(self.old.parsed, self.names)
        said = [sentence for name, sentence in errors.items() if name not in {*self.names, "when"} and sentence]
        error = " ".join(said) or (_("Nothing is saved yet. Look at the marked lines.") if errors else "")
        factors = SYRINGES_PER_POUND.read(site=self.place, on=self.old.day if self.old else self.place.today).value if weighs else {}
        first = self.names.index(WEIGHT[0]) if weighs else len(self.names)
        last = first + len(WEIGHT)
        inputs = forms.inputs(self.model, self.names, typed, errors)
        now = moments.written(self.old.occurred_at if self.old else clock.now(), self.place)
        page = FormPage(
            site=self.place, title=title, explain=explain, id=post.get("id") or str(ids.new()), inputs=inputs[:first],
            weights=inputs[first:last], after=inputs[last:], error=error, corrects=self.corrects,
            button=gettext_lazy("Save correction") if self.corrects else gettext_lazy("Save"),
            factors={container: str(number) for container, number in factors.items()}, asks_who=asks_who and not self.corrects,
            from_somebody=post.get("from_somebody") == "yes", when=post.get("when", now) if asks_when else None, when_error=errors.get("when", ""),
        )
        return render(self.request, "exchange/form.html", {"page": page}, status=422 if error else 200)


def opened(request: ActorRequest, place: Site, kind: str, model: Any, names: tuple[str, ...]) -> Form:
    """The form as it is asked for. What a posted form corrects stands in the form alone, never in its address."""
    is_posted = request.method == "POST"
    wanted = request.POST.get("corrects", "") if is_posted else request.GET.get("correct", "")
    old = find(request.actor, place, kind, wanted) if wanted else None
    if wanted and old is None and not is_posted:
        raise Http404
    if old is not None and kind == "exchange.needlestick":
        audit.look("needlestick", actor=request.actor, object_id=old.id)
    return Form(request, place, kind, model, names, old, is_posted)


def find(actor: Actor, place: Site, kind: str, wanted: str) -> Recorded | None:
    """A record of a place that counts and belongs to no visit, if the actor may open it."""
    try:
        fact = uuid.UUID(wanted)
    except ValueError:
        return None
    found = next(iter(queries.outside_visits(place.key, [kind], fact=fact)), None)
    return found if found is not None and may_open(actor, found) else None


def may_open(actor: Actor, fact: Recorded) -> bool:
    """Whether somebody may look into a record: a needlestick tells of a colleague, so only who wrote it or follows tests here."""
    if not fact.kind.startswith("exchange.needlestick"):
        return True
    return (fact.staff is not None and fact.staff == actor.staff_id) or actor.may("exchange.test.follow", fact.site)


def save(form: Form, errors: dict[str, str], command: Callable[[], object]) -> dict[str, str]:
    """Run a command; what it refuses comes back as sentences by field. Sent twice with other content, the first one stands."""
    if errors:
        return errors
    if form.corrects and form.old is None and not Fact.objects.filter(id=posted_id(form.request)).exists():
        return {"": _("Somebody corrected this record or took it back since you opened the page. Open it again under “Latest records”.")}
    if form.corrects and form.old is None:
        return {}  # a second tap on the same button
    try:
        command()
    except AlreadySaved as refusal:
        return {"": refusal.problems[0][1]}
    except Refusal as refusal:
        return {name.split(".")[0]: sentence for name, sentence in refusal.problems}
    except ValidationError as error:
        return forms.problems(error)
    return {}


def _saved(form: Form, what: str) -> HttpResponse:
    if form.corrects and form.request.actor.may("exchange.record", form.place.key):
        return redirect(reverse("exchange:records", args=[form.place.id]) + "?saved=1")
    if not form.request.actor.may("exchange.record"):
        return redirect("start")  # whoever only reports has no page of the exchange room
    return redirect(reverse("exchange:more") + f"?saved={what}")


@may("exchange.record", methods=("GET", "POST"))
def weigh(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """Weigh a container: the number of syringes follows from the factor of this place."""
    place = site_or_404(request.actor, site, "exchange.record")
    form = opened(request, place, "exchange.returned", Returned, WEIGHT)
    errors: dict[str, str] = {}
    if form.is_posted:
        raw = forms.read(Returned, WEIGHT, request.POST)
        errors = {name: _("This is needed.") for name in ("gross", "tare", "unit") if name not in raw}
        at = form.moment(errors)
        weight = {"container": raw.pop("container", "other"), **raw}
        errors = save(form, errors, lambda: commands.weigh(
            actor=request.actor, site=place, weight=weight, from_somebody=request.POST.get("from_somebody") == "yes", id=posted_id(request),
            at=at, supersedes=form.supersedes,
        ))
        if not errors:
            return _saved(form, "weight")
    return form.show(_("Weigh what came back"), errors, weighs=True, asks_who=True)


@may("exchange.record", methods=("GET", "POST"))
def clean_up(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """A round of a crew outside: how much was collected, in which area."""
    place = site_or_404(request.actor, site, "exchange.record")
    form = opened(request, place, "exchange.clean_up", CleanUp, CLEAN_UP)
    errors: dict[str, str] = {}
    if form.is_posted:
        raw = forms.read(CleanUp, CLEAN_UP, request.POST)
        at = form.moment(errors)
        if raw.get("method") == Method.WEIGHT:
            missing = [name for name in ("gross", "tare", "unit") if name not in raw]
            errors |= {name: _("This is needed.") for name in missing}
            weight = {"container": raw.pop("container", "other"), **{name: raw.pop(name, "0") for name in ("gross", "tare", "unit")}}
            raw |= {} if missing else commands.weighed(site=place, on=clock.local_date(at, place.time_zone), **weight)
            raw.pop("quantity", None)
        else:
            raw = {name: value for name, value in raw.items() if name not in WEIGHT}  # folded away on the page
        draft = Draft(kind="exchange.clean_up", payload=raw, site=place.id, id=posted_id(request), occurred_at=at, supersedes=form.supersedes)
        errors = save(form, errors, lambda: record(draft, actor=request.actor))
        if not errors:
            return _saved(form, "clean-up")
    explain = _("The area is a code of your own list, never a point on a map.")
    return form.show(_("Clean-up"), errors, explain=explain, weighs=True)


@may("exchange.record", methods=("GET", "POST"))
def needlestick(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """An exposure to blood: what was done at once."""
    place = site_or_404(request.actor, site, "exchange.record")
    form = opened(request, place, "exchange.needlestick", ExposureEvent, NEEDLESTICK)
    limit = PEP_LIMIT_HOURS.read(site=place, on=place.today)
    errors: dict[str, str] = {}
    if form.is_posted:
        said = forms.read(ExposureEvent, NEEDLESTICK, request.POST)
        at = form.moment(errors)
        errors = save(form, errors, lambda: commands.needlestick(
            actor=request.actor, site=place, said=said, id=posted_id(request), occurred_at=at, supersedes=form.supersedes,
        ))
        if not errors:
            return _saved(form, "needlestick")
    explain = _("Wash with water and soap, do not squeeze, and call the clinic now. PEP is started as soon as possible, within %(hours)d hours.") % {"hours": limit.value}
    if not limit.is_approved:
        explain += " " + _("Nobody of your programme has confirmed this number yet: ask the clinic.")
    return form.show(_("Needlestick"), errors, explain=explain)


@may("exchange.report", methods=("GET", "POST"))
def prison_year(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """The yearly counts of one closed setting; a year is there once."""
    place = site_or_404(request.actor, site, "exchange.report")
    if not place.closed_setting:
        raise Http404
    form = opened(request, place, "exchange.prison_year", PrisonYear, PRISON_YEAR)
    errors: dict[str, str] = {}
    if form.is_posted:
        said = forms.read(PrisonYear, PRISON_YEAR, request.POST)
        errors = save(form, errors, lambda: commands.prison_year(
            actor=request.actor, site=place, said=said, id=posted_id(request), supersedes=form.supersedes,
        ))
        if not errors:
            return _saved(form, "counts")
    explain = _("Leave empty what nobody counted. Empty is not 0.")
    return form.show(_("Counts of a year"), errors, explain=explain, asks_when=False)
