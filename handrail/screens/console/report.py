"""One report of one period: its numbers before they leave, and the way to release them.

Freezing takes linear programs, so the worker does it: this page says that it is being made, and shows it when it is there.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from handrail.facts.models import Head, Staff
from handrail.insight import due, errands
from handrail.insight.desk import Draft, draft, threshold_of
from handrail.insight.due import Due
from handrail.insight.frozen import Frozen, name_of, open_release
from handrail.insight.models import Errand, Profile
from handrail.insight.periods import Period
from handrail.insight.report_spec import REPORTS, Report
from handrail.insight.sheet import Change, changes, where_of
from handrail.kernel import scope
from handrail.kernel.access import ActorRequest, may
from handrail.screens.console.report_shape import Part, parts_of

MOST_CHANGES = 40
"""How many changed numbers the page that asks for a yes lists; the rest is counted."""


@dataclass(frozen=True)
class ReportPage:
    """A report with its numbers."""

    draft: Draft
    asked: Due
    parts: list[Part]
    periods: list[Period]
    hidden: int
    behind: int
    errand: Errand | None
    asked_by: str
    released_as: str
    may_share: bool
    may_revise: bool


@dataclass(frozen=True)
class ReleasePage:
    """What would be frozen, what stays hidden, and why it cannot be done, if it cannot."""

    draft: Draft
    asked: Due
    shown: int
    hidden: list[str]
    behind: int
    cannot: str
    released_as: str
    changes: list[Change]
    more_changes: int
    threshold: int
    is_public: bool
    note: str
    problem: str


@may("numbers.read")
def report(request: ActorRequest, report: str, period: str) -> HttpResponse:
    """The report at a glance."""
    found = _draft_or_404(report, period)
    errand = errands.last_for(found.report, found.period)
    if errand is not None and errand.state == Errand.State.DONE and errand.what == Errand.What.RELEASE and found.newest and errand.release_number != found.newest.number:
        errand = None
    context = ReportPage(
        draft=found, asked=_asked(found), parts=parts_of(found), periods=[one for one in due.periods_of(found.report) if one != found.period],
        hidden=len(found.hidden or ()), behind=_behind(found), errand=errand, asked_by=_name(errand), released_as=name_of(found.newest) if found.newest else "",
        may_share=request.actor.may("numbers.share"), may_revise=found.newest is not None,
    )
    return render(request, "console/report.html", {"page": context})


@may("numbers.share", methods=("GET", "POST"), step_up=True)
def release(request: ActorRequest, report: str, period: str) -> HttpResponse:
    """What will be frozen; a yes hands it to the worker."""
    found = _draft_or_404(report, period)
    if request.method != "POST":
        return _confirm(request, found, "", "")
    note, cannot = request.POST.get("note", "").strip(), _cannot(found)
    if cannot:
        return _confirm(request, found, note, cannot)
    if request.POST.get("confirmed", "") != found.digest:
        return _confirm(request, found, note, _("The numbers changed while you looked at them. Here they are as they stand now; look again."))
    if found.newest is not None and not note:
        return _confirm(request, found, note, _("Say why the numbers changed: those who have the first version will ask."))
    if len(note) > 300:
        return _confirm(request, found, note, _("Make the reason shorter: at most 300 letters."))
    errands.ask(actor=request.actor, what=Errand.What.RELEASE, report=found.report, period=found.period, note=note, confirmed=found.digest)
    return redirect("report", found.report.key, found.period)


@may("numbers.read", methods=("POST",))
def refresh(request: ActorRequest, report: str, period: str) -> HttpResponse:
    """Ask the worker to bring the numbers up to date now; it does so every hour by itself."""
    found, when = _report_and_period(report, period)
    errands.ask(actor=request.actor, what=Errand.What.REFRESH, report=found, period=when)
    return redirect("report", found.key, when)


def _report_and_period(key: str, written: str) -> tuple[Report, Period]:
    found = REPORTS.get(key)
    try:
        period = Period.parse(written)
    except ValueError:
        raise Http404 from None
    if found is None or due.due_on(found, period) is None:
        raise Http404
    return found, period


def _draft_or_404(key: str, written: str) -> Draft:
    return draft(*_report_and_period(key, written))


def _asked(found: Draft) -> Due:
    return due.of(found.report, found.period)


def _behind(found: Draft) -> int:
    """How many records are newer than the numbers."""
    counted = Head.objects.filter(organisation=scope.organisation()).values_list("counter", flat=True).first() or 0
    return counted - (found.pack.data_through or 0) if found else 0


def _name(errand: Errand | None) -> str:
    return "" if errand is None else Staff.objects.filter(id=errand.asked_by, organisation_id=scope.organisation()).values_list("name", flat=True).first() or "Handrail"


def _cannot(found: Draft) -> str:
    """Why it cannot be released now; empty if it can."""
    if not found:
        return _("Nothing is computed for this period yet. The numbers are brought up to date every hour.")
    if errands.waiting_for(found.report, found.period) is not None:
        return _("It is being worked on at this moment. Go back and look again in a few seconds.")
    if found.hidden is None:
        return _("What has to stay hidden is not worked out for these numbers yet. Go back and ask to bring them up to date.")
    if found.is_unchanged and found.newest is not None:
        return _("Nothing has changed since release %(number)d.") % {"number": found.newest.number}
    return ""


def _confirm(request: ActorRequest, found: Draft, note: str, problem: str) -> HttpResponse:
    changed = changes(_open(found), found.values) if found.newest is not None and found.hidden is not None else []
    hidden = [f"{value.indicator.name}{' · ' if where_of(value) else ''}{where_of(value)}" for value in found.values if value.is_hidden]
    context = ReleasePage(
        draft=found, asked=_asked(found), shown=len(found.values) - len(hidden), hidden=sorted(hidden), behind=_behind(found), cannot=_cannot(found),
        released_as=name_of(found.newest) if found.newest else "", changes=changed[:MOST_CHANGES], more_changes=max(len(changed) - MOST_CHANGES, 0),
        threshold=threshold_of(found.report.profile) - 1, is_public=found.report.profile == Profile.PUBLIC, note=note, problem=problem,
    )
    return render(request, "console/report_release.html", {"page": context}, status=422 if problem else 200)


def _open(found: Draft) -> Frozen:
    assert found.newest is not None  # noqa: S101  asked only where there is one
    return open_release(found.newest)
