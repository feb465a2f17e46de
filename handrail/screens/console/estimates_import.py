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
from handrail.gates import outside
from handrail.gates.spreadsheet import badlist
from handrail.gates.spreadsheet.plan import Bad
from handrail.gates.spreadsheet.reading import NotReadable
from handrail.insight.outside import Wrong, may_enter
from handrail.kernel.access import ActorRequest, may
from handrail.screens.console import carried
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


@dataclass(frozen=True)
class ImportPage:
    """The form as chosen, and what the file would do."""

    tabs: list[Tab]
    sort: str
    thousands: str
    sorts: list[tuple[str, Text]]
    ways: list[tuple[str, Text]]
    columns: list[tuple[Text, str]]
    problem: str = ""
    plan: outside.Plan | None = None
    packed: str = ""
    bad: list[Bad] = field(default_factory=list)
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
                    actor=request.actor, sort=chosen.sort, data=chosen.data, thousands=chosen.thousands, only_good=action == "import-good"
                )
            return redirect(f"{reverse('estimates-import')}?done={len(done.planned)}")
        plan = outside.prepare(actor=request.actor, sort=chosen.sort, data=chosen.data, thousands=chosen.thousands)
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
    return Chosen(file.read(), sort, request.POST.get("thousands", ""))


def _unpacked(request: ActorRequest) -> Chosen:
    data, said = carried.unpack(request, _PURPOSE, request.POST["packed"])
    return Chosen(data, outside.SORTS[said["sort"]], said["thousands"])


def _page(request: ActorRequest, *, problem: str = "", plan: outside.Plan | None = None, chosen: Chosen | None = None) -> HttpResponse:
    packed = carried.pack(request, _PURPOSE, chosen.data, sort=chosen.sort.key, thousands=chosen.thousands) if chosen else ""
    if len(packed) > carried.MOST_PACKED:
        problem, plan = _("This file is too large to be imported from this page. Split it."), None
    done = request.GET.get("done", "")
    shown = ImportPage(
        tabs("estimates-import"), chosen.sort.key if chosen else text(request, "sort"), chosen.thousands if chosen else request.POST.get("thousands", ""),
        [(one.key, one.title) for one in outside.SORTS.values()], list(outside.THOUSANDS.items()),
        [(one.title, ", ".join(one.columns)) for one in outside.SORTS.values()], problem, plan, packed,
        plan.bad[:MOST_SHOWN] if plan else [], done if done.isdecimal() else "",
    )
    return render(request, "console/estimates_import.html", {"page": shown}, status=422 if problem or (plan and plan.bad) else 200)
