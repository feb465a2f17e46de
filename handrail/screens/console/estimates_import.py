"""Estimates and counted deaths from a file: choose it, see what it would do and which rows are wrong, then do it."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts.spec import Text
from handrail.gates import outside, vsrr
from handrail.gates.spreadsheet import badlist
from handrail.gates.spreadsheet.plan import Bad
from handrail.gates.spreadsheet.reading import NotReadable
from handrail.insight.explain import number
from handrail.insight.models import DeathCount, Population, SizeEstimate
from handrail.insight.outside import Wrong, areas_served, may_enter
from handrail.insight.periods import Window
from handrail.kernel.access import ActorRequest, may
from handrail.screens.console import carried
from handrail.screens.console.deaths_counted import text_of
from handrail.screens.console.outside import tabs
from handrail.screens.console.stock_common import Tab, text

_PURPOSE = "estimates-import"
MOST_SHOWN = 100


@dataclass(frozen=True)
class Chosen:
    """A file and what was said about it."""

    data: bytes
    sort: outside.Sort
    thousands: str
    said: dict[str, str]
    """What a file of CDC needs beside it: the cause, reported or predicted, which state is which area."""


@dataclass(frozen=True)
class ImportPage:
    """The form as chosen, and what the file would do."""

    tabs: list[Tab]
    sort: str
    thousands: str
    sorts: list[tuple[str, Text]]
    ways: list[tuple[str, Text]]
    columns: list[tuple[Text, str]]
    said: dict[str, str]
    causes: list[tuple[str, Text]]
    counts: list[tuple[str, Text]]
    areas: list[str]
    example: str
    problem: str = ""
    plan: outside.Plan | None = None
    packed: str = ""
    bad: list[Bad] = field(default_factory=list)
    changes: list[tuple[str, str, str]] = field(default_factory=list)
    """What a correction speaks of, what stands there, what would."""
    done: str = ""


@may("numbers.read", methods=("GET", "POST"))
def page(request: ActorRequest) -> HttpResponse:
    """The form; the dry run; the download of the rows to correct; the real run."""
    if not may_enter(request.actor):
        raise Http404
    if request.method != "POST":
        return _page(request)
    try:
        chosen = _unpacked(request) if "packed" in request.POST else _uploaded(request)
        action = text(request, "action")
        if action in {"import", "import-good"}:
            with transaction.atomic():  # all of it or nothing
                done = outside.run(
                    actor=request.actor, sort=chosen.sort, data=chosen.data, thousands=chosen.thousands, said=chosen.said, only_good=action == "import-good"
                )
            return redirect(f"{reverse('estimates-import')}?done={len(done.planned)}")
        plan = outside.prepare(actor=request.actor, sort=chosen.sort, data=chosen.data, thousands=chosen.thousands, said=chosen.said)
    except (NotReadable, Wrong, carried.TooOld) as problem:
        return _page(request, problem=str(problem))
    if action == "download":
        answer = HttpResponse("\ufeff" + badlist.as_csv(plan.bad), content_type="text/csv; charset=utf-8")
        answer.headers["Content-Disposition"] = 'attachment; filename="rows-to-correct.csv"'
        return answer
    return _page(request, plan=plan, chosen=chosen)


def _uploaded(request: ActorRequest) -> Chosen:
    file, sort = request.FILES.get("file"), outside.SORTS.get(text(request, "sort"))
    if sort is None:
        raise NotReadable(_("Choose what the file holds."))
    if not isinstance(file, UploadedFile) or not file.size:
        raise NotReadable(_("Choose a CSV file of at most 4 MB."))
    return Chosen(file.read(), sort, request.POST.get("thousands", ""), _said(request))


def _unpacked(request: ActorRequest) -> Chosen:
    data, said = carried.unpack(request, _PURPOSE, request.POST["packed"])
    return Chosen(data, outside.SORTS[said.pop("sort")], said.pop("thousands"), said)


def _said(request: ActorRequest) -> dict[str, str]:
    return {name: request.POST.get(name, "") for name in vsrr.SAID}


def _change(one: outside.Planned) -> tuple[str, str, str]:
    """A correction in words."""
    before, after = one.replaces, one.what
    if isinstance(before, DeathCount) and isinstance(after, DeathCount):
        return f"{after.area}, {Window(after.starts_on, after.ends_before).label}", text_of(before), text_of(after)
    if isinstance(before, SizeEstimate) and isinstance(after, SizeEstimate):
        return f"{Population(after.population).label}, {after.area}, {after.year}", number(before.value), number(after.value)
    raise TypeError(f"Nobody knows how to say {after!r}.")


def _page(request: ActorRequest, *, problem: str = "", plan: outside.Plan | None = None, chosen: Chosen | None = None) -> HttpResponse:
    packed = carried.pack(request, _PURPOSE, chosen.data, sort=chosen.sort.key, thousands=chosen.thousands, **chosen.said) if chosen else ""
    if len(packed) > carried.MOST_PACKED:
        problem, plan = _("This file is too large to be imported from this page. Split it."), None
    done = request.GET.get("done", "")
    shown = ImportPage(
        tabs("estimates-import"), chosen.sort.key if chosen else text(request, "sort"), chosen.thousands if chosen else request.POST.get("thousands", ""),
        [(one.key, one.title) for one in outside.SORTS.values()], list(outside.THOUSANDS.items()),
        [(one.title, ", ".join(one.columns)) for one in outside.SORTS.values()], chosen.said if chosen else _said(request),
        list(vsrr.CAUSES.items()), list(vsrr.COUNTS.items()), areas_served(), f"KY = {vsrr.example()}", problem, plan, packed, plan.bad[:MOST_SHOWN] if plan else [],
        [_change(one) for one in plan.corrections[:MOST_SHOWN]] if plan else [], done if done.isdecimal() else "",
    )
    return render(request, "console/estimates_import.html", {"page": shown}, status=422 if problem or (plan and plan.bad) else 200)
