"""Reports of overdoses: the form for staff and peers, and what was reported lately. Nothing asks who it was."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts import forms, moments
from handrail.facts.fold import Recorded
from handrail.facts.models import Fact, Site
from handrail.facts.queries import site_or_404
from handrail.facts.record import AlreadySaved, Refusal
from handrail.facts.spec import Text
from handrail.kernel import clock, ids
from handrail.kernel.access import ActorRequest, may
from handrail.kernel.web import posted_id
from handrail.services.naloxone import commands, public_reports, queries
from handrail.services.naloxone.bags import codes_typed
from handrail.services.naloxone.codes import BAGS
from handrail.services.naloxone.kinds.reversal import Dose, Reversal
from handrail.services.naloxone.report_codes import DoseRoute, GivenBy, Outcome, ReportChannel
from handrail.services.naloxone.values import ASK_AFTER_YEARS, ASK_OVER_DOSES

FIRST = ("precision", "outcome", "doses_total")
NEXT = ("naloxone_available", "emergency_called", "replacement_wanted", "debrief_wanted")
REST = (
    "why_not_called", "reporter_kind", "reported_by", "witnessed_onset", "place_kind", "area", "age_band", "gender_perceived", "previous_overdose", "substances",
    "risk_factors", "state_found", "actions", "ambulance_attended", "police_attended", "police_action", "stayed_until", "afterwards", "reactions",
    "kit_performance",
)
DOSE = ("route", "given_by")
"""Said once, of every dose: one by one is for other systems."""
MOST_LISTED = 60
"""So many doses can be told one by one; more are a number."""
FIELDS = (*FIRST, *NEXT, *REST)
NOTHING_SAID: dict[str, str] = {"route": DoseRoute.UNKNOWN.value}
SHOWN = 60


@dataclass(frozen=True)
class ReportPage:
    """The form: what has to be said, what helps, and the rest behind one tap."""

    site: Site
    when: str
    when_error: str
    first: list[forms.Input]
    next: list[forms.Input]
    rest: list[forms.Input]
    rest_open: bool
    codes: str
    codes_error: str
    error: str
    ask: list[str]
    id: str
    corrects: str
    visit: str


@may("naloxone.report", methods=("GET", "POST"))
def report(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """Tell of an overdose: when, how it ended, how many doses; all else may stay open. Also revises one."""
    place = site_or_404(request.actor, site, "naloxone.report")
    before, visit = _before(request, place), _visit(request, place)
    if request.method != "POST":
        typed = forms.typed_before(before.parsed, FIELDS) if before else QueryDict(mutable=True)
        if before is None:
            typed["reported_by"] = ReportChannel.PEER_FORM.value if place.kind in BAGS else ReportChannel.STAFF_FORM.value
        else:
            typed["when"] = moments.written(before.occurred_at, place)
            typed["codes"] = " ".join(_codes_of(before))
            typed.update(_each_of(before))
        return _page(request, place, typed, {}, corrects=str(before.id) if before else "")
    errors: dict[str, str] = {}
    at, wrong = moments.read(request.POST.get("when", ""), place)
    errors |= {"when": wrong} if wrong else {}
    moment = at or clock.now()
    said, problems = _said(request.POST, place, before)
    errors |= problems
    if not errors and said is not None and (asked := _asks(said, moment, request.POST.getlist("confirm"))):
        return _page(request, place, request.POST, {"": asked[1]}, ask=asked[0], corrects=request.POST.get("corrects", ""))
    if not errors and said is not None:
        try:
            commands.report(
                actor=request.actor, site=place, said=said, id=posted_id(request), occurred_at=moment, supersedes=(before.id,) if before else (),
                participant=before.participant if before else visit.participant if visit else None,
            )
            return redirect(_after(before, posted_id(request)))
        except AlreadySaved:
            return redirect(_after(before, posted_id(request)))
        except Refusal as refusal:
            errors = dict(refusal.problems)
    return _page(request, place, request.POST, errors, corrects=request.POST.get("corrects", ""))


def _before(request: ActorRequest, place: Site) -> Recorded | None:
    """The report that is revised; one of another place, or that somebody revised meanwhile, is not here."""
    named = request.POST.get("corrects") or request.GET.get("corrects") or ""
    if not named:
        return None
    try:
        found = queries.fact(uuid.UUID(named), "naloxone.reversal")
    except ValueError:
        raise Http404 from None
    if found is None and request.method == "POST" and Fact.objects.filter(id=posted_id(request)).exists():
        return None  # a second tap on the same button
    if found is None or found.site != place.key:
        raise Http404
    return found


def _visit(request: ActorRequest, place: Site) -> Fact | None:
    """The visit in which it was told, if it was in one: the report is then of the same person, and nobody is asked who that is."""
    named = request.POST.get("visit") or request.GET.get("visit") or ""
    if not named:
        return None
    try:
        found: Fact | None = Fact.objects.filter(request.actor.filter("visit.read"), id=uuid.UUID(named), kind="facts.encounter", site=place).first()
    except ValueError:
        raise Http404 from None
    if found is None:
        raise Http404
    return found


def _after(before: Recorded | None, made: uuid.UUID) -> str:
    root = (before.root or before.id) if before else made
    return reverse("naloxone:reports") + f"?saved={root}"


def _said(post: QueryDict, place: Site, before: Recorded | None) -> tuple[Reversal | None, dict[str, str]]:
    raw = forms.read(Reversal, FIELDS, post)
    codes = codes_typed(post.get("codes", ""))
    total, wrong = forms.count(post, "doses_total")
    if wrong:
        return None, {"doses_total": wrong}
    each = NOTHING_SAID | {name: str(value) for name, value in forms.read(Dose, DOSE, post).items() if value}
    if before is not None and not set(DOSE) & set(post):
        each = _each_of(before)
    if before is not None and before.parsed.doses and (codes, total, each) == (_codes_of(before), before.parsed.doses_total, _each_of(before)):
        raw |= {"doses": before.parsed.model_dump()["doses"], "doses_total": total}  # what another system said of each dose stays
    elif codes:
        doses = [each | {"kit_code": code} for code in codes]
        if total is not None and total < len(codes):
            return None, {"doses_total": _("A kit that was used gave at least one dose.")}
        doses += [each | {"kit_code": codes[-1]}] * ((total or len(codes)) - len(codes))
        raw |= {"doses": doses, "doses_total": len(doses)}
    elif total and total <= MOST_LISTED and each != NOTHING_SAID:
        raw |= {"doses": [each] * total, "doses_total": total}
    raw["received_on"] = (before.parsed.received_on if before else None) or place.today
    for name, codes_of in (("route", DoseRoute), ("given_by", GivenBy)):
        if each.get(name) and each[name] not in codes_of.values:
            return None, {name: _("Choose one of the answers.")}
    said, errors = forms.parse(Reversal, raw)
    doses_wrong = errors.pop("doses", "")
    return said, errors | ({"codes": _("A code has letters, digits and hyphens, as printed on the kit.")} if doses_wrong else {})


def _codes_of(report: Recorded) -> list[str]:
    return list(dict.fromkeys(dose.kit_code for dose in report.parsed.doses if dose.kit_code))


def _each_of(report: Recorded) -> dict[str, str]:
    """What was said of every dose alike; of doses that differ, nothing."""
    said = [{"route": str(dose.route), **({"given_by": str(dose.given_by)} if dose.given_by else {})} for dose in report.parsed.doses]
    return said[0] if said and all(one == said[0] for one in said) else NOTHING_SAID


def _asks(said: Reversal, moment: datetime, confirmed: list[str]) -> tuple[str, str] | None:
    """What a second tap has to confirm, and the sentence that asks."""
    years, doses = ASK_AFTER_YEARS.read().value, ASK_OVER_DOSES.read().value
    if "old" not in confirmed and moment < clock.now() - timedelta(days=366 * years):
        return "old", _("That is more than %(n)d years ago. If it is right, save again.") % {"n": years}
    if "doses" not in confirmed and (said.doses_total or 0) > doses:
        return "doses", _("More than %(n)d doses. If that is right, save again.") % {"n": doses}
    return None


def _page(
    request: ActorRequest, place: Site, typed: QueryDict, errors: dict[str, str], *, ask: str = "", corrects: str = "",
) -> HttpResponse:
    named = {*FIELDS, *DOSE, "when", "codes"}
    rest = [sentence for name, sentence in errors.items() if name not in named]
    page = ReportPage(
        site=place, when=typed.get("when", moments.written(clock.now(), place)), when_error=errors.get("when", ""),
        first=forms.inputs(Reversal, FIRST, typed, errors), next=forms.inputs(Reversal, NEXT, typed, errors),
        rest=[*forms.inputs(Dose, DOSE, typed, errors), *forms.inputs(Reversal, REST, typed, errors)],
        rest_open=any(name in errors for name in (*DOSE, *REST)) or bool(corrects),
        codes=typed.get("codes", ""), codes_error=errors.get("codes", ""),
        error=" ".join(rest) or (_("Nothing is saved yet. Look at the marked lines.") if errors else ""),
        ask=[*typed.getlist("confirm"), ask] if ask else [], id=typed.get("id") or str(ids.new()), corrects=corrects,
        visit=request.POST.get("visit") or request.GET.get("visit") or "",
    )
    return render(request, "naloxone/report.html", {"page": page}, status=422 if errors else 200)


@dataclass(frozen=True)
class Told:
    """A report as the list shows it."""

    at: datetime
    site: Site | None
    outcome: Text
    tone: str
    doses: int | None
    wants_kit: bool
    has_kit: bool
    may_give: bool
    wants_to_talk: bool
    fact: uuid.UUID
    root: uuid.UUID
    is_double: bool


@may("naloxone.report")
def reports(request: ActorRequest) -> HttpResponse:
    """What was reported lately at my places, the latest first."""
    tones = {Outcome.DIED.value: "stop", Outcome.RECOVERED.value: "go", Outcome.ALIVE_HANDED_OVER.value: "go"}
    told, rows = queries.doubles(), list(queries.reports(request.actor)[:SHOWN])
    has_kit = queries.replaced([row.root for row in rows])
    talk = set(Fact.objects.filter(id__in=[row.fact for row in rows], payload__debrief_wanted=True).values_list("id", flat=True))
    found = [
        Told(
            clock.local(row.occurred_at, row.site.time_zone if row.site else "UTC"), row.site, Outcome(row.outcome).label, tones.get(row.outcome, ""),
            row.doses, row.replacement_wanted, row.root in has_kit, row.site is not None and request.actor.may("naloxone.give", row.site.key), row.fact in talk,
            row.fact, row.root, row.root in told,
        )
        for row in rows
    ]
    saved = request.GET.get("saved", "")
    waiting = public_reports.waiting() if request.actor.may("naloxone.overview") else 0
    page = {
        "reports": found, "waiting": waiting, "may_review": request.actor.may("naloxone.review"), "saved": saved,
        "just_told": next((one for one in found if str(one.root) == saved and one.wants_kit and one.may_give and not one.has_kit), None),
    }
    return render(request, "naloxone/reports.html", page)
