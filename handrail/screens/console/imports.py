"""Last year's spreadsheet: choose the file and how to read it, see what would be recorded, then record it.

The file is held in memory while it is judged and never stored. Between the two steps it travels in the page itself,
packed and signed; so a file that is too large for a page is imported on the command line.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts.models import Site
from handrail.gates.spreadsheet import badlist, load
from handrail.gates.spreadsheet.mapping import LARGEST, Mapping, NotAMapping, parse, shipped
from handrail.gates.spreadsheet.plan import Bad, Plan
from handrail.gates.spreadsheet.reading import DELIMITERS, NotReadable
from handrail.kernel.access import ActorRequest, may
from handrail.ledgers.stock.queries import item_names
from handrail.screens.console import carried

MOST_SHOWN = 200
MOST_ROWS = 5_000
"""Rows that may be recorded from the page: nobody else can record while they are."""


@dataclass(frozen=True)
class DryRun:
    """What a file would do."""

    plan: Plan
    shown: list[Bad]
    totals: list[tuple[str, int]]
    delimiter: str
    packed: str
    too_large: bool


@dataclass(frozen=True)
class ImportPage:
    """The form as chosen, problems beside it, and what the file would do."""

    shipped: list[tuple[str, str]]
    sites: list[Site]
    chosen: str = ""
    site: str = ""
    errors: dict[str, list[str]] = field(default_factory=dict)
    run: DryRun | None = None
    done: str = ""


class _Wrong(ValueError):
    """Something was not right with what was sent; beside which field, and the sentences."""

    def __init__(self, name: str, sentences: list[str]) -> None:
        super().__init__(name)
        self.errors = {name: sentences}


@dataclass(frozen=True)
class _Chosen:
    data: bytes
    mapping: str
    site: str


@may("import.run", methods=("GET", "POST"), step_up=True)
def upload(request: ActorRequest) -> HttpResponse:
    """The form; the dry run; the download of the bad rows; the real run."""
    if request.method != "POST":
        return _page(request, done=request.GET.get("done", ""))
    try:
        chosen = _unpacked(request) if "packed" in request.POST else _uploaded(request)
        mapping = _mapping(chosen)
        plan = load.prepare(actor=request.actor, mapping=mapping, data=chosen.data)
    except _Wrong as wrong:
        return _page(request, errors=wrong.errors)
    except NotReadable as problem:
        return _page(request, errors={"file": [str(problem)]})
    action = request.POST.get("action", "")
    if action == "download":
        answer = HttpResponse("\ufeff" + badlist.as_csv(plan.bad), content_type="text/csv; charset=utf-8")
        answer.headers["Content-Disposition"] = 'attachment; filename="rows-to-correct.csv"'
        return answer
    if action in {"import", "import-good"} and len(plan.sheet.rows) <= MOST_ROWS:
        try:
            with transaction.atomic():  # all of it or nothing: what the door refuses in the middle leaves no half behind
                done = load.run(actor=request.actor, plan=plan, data=chosen.data, only_good=action == "import-good")
        except ValueError as problem:
            return _page(request, errors={"file": [str(problem)]}, run=_dry_run(request, plan, chosen))
        return redirect(f"{reverse('import')}?done={done.visits}")
    status = 422 if plan.problems or plan.bad else 200
    return _page(request, run=_dry_run(request, plan, chosen), status=status)


# -- what was sent -----------------------------------------------------------------------------------------------------


def _uploaded(request: ActorRequest) -> _Chosen:
    """File and mapping as they were chosen. A file beyond the limit was dropped while it arrived."""
    file, own, name = request.FILES.get("file"), request.FILES.get("mapping"), request.POST.get("shipped", "")
    if not isinstance(file, UploadedFile) or not file.size:
        raise _Wrong("file", [_("Choose a CSV file of at most 4 MB. Larger ones are imported on the command line.")])
    mapping = shipped().get(name, "")
    if isinstance(own, UploadedFile):
        if (own.size or 0) > LARGEST:
            raise _Wrong("mapping", [_("This mapping file is too large.")])
        try:
            mapping = own.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise _Wrong("mapping", [_("The mapping must be a text file in UTF-8.")]) from None
    if not mapping:
        raise _Wrong("mapping", [_("Choose a mapping: one that comes with Handrail, or your own file.")])
    return _Chosen(file.read(), mapping, request.POST.get("site", ""))


def _packed(request: ActorRequest, chosen: _Chosen) -> str:
    return carried.pack(request, "import", chosen.data, mapping=chosen.mapping, site=chosen.site)


def _unpacked(request: ActorRequest) -> _Chosen:
    try:
        data, said = carried.unpack(request, "import", request.POST["packed"])
    except carried.TooOld as problem:
        raise _Wrong("file", [str(problem)]) from None
    return _Chosen(data, said["mapping"], said["site"])


def _mapping(chosen: _Chosen) -> Mapping:
    try:
        return parse(chosen.mapping, site=chosen.site)
    except NotAMapping as wrong:
        raise _Wrong("mapping", wrong.problems) from None


# -- what is shown --------------------------------------------------------------------------------------------------------


def _dry_run(request: ActorRequest, plan: Plan, chosen: _Chosen) -> DryRun:
    packed = _packed(request, chosen)
    names = item_names()
    words = {
        "visits": _("Visits"), "people": _("People with an id of their own"), "contacts_without_code": _("Contacts without an id"),
        "returned": _("Used equipment back"),
    }
    totals = [
        (words.get(name) or names.get(name.removeprefix("item:")) or name.removeprefix("kind:"), count)
        for name, count in plan.totals().items()
    ]
    fits = len(packed) <= carried.MOST_PACKED and len(plan.sheet.rows) <= MOST_ROWS
    return DryRun(
        plan, plan.bad[:MOST_SHOWN], totals, DELIMITERS.get(plan.sheet.delimiter, plan.sheet.delimiter), packed if fits else "", not fits
    )


def _page(
    request: ActorRequest, *, errors: dict[str, list[str]] | None = None, run: DryRun | None = None, done: str = "", status: int = 200
) -> HttpResponse:
    page = ImportPage(
        [(name, parse(text).title or name) for name, text in shipped().items()],
        list(Site.objects.filter(request.actor.filter("import.run", "key"), is_active=True)),
        request.POST.get("shipped", ""), request.POST.get("site", ""), errors or {}, run, done if done.isdecimal() else "",
    )
    return render(request, "console/import.html", {"page": page}, status=422 if errors else status)
