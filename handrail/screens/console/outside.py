"""What the pages of estimates, deaths and targets share: links between them, history in words, correcting and taking back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from handrail.facts.models import Staff
from handrail.insight.models import FromOutside
from handrail.insight.outside import Wrong, history_of, may_enter, withdraw
from handrail.kernel.access import ActorRequest
from handrail.screens.console.boxes import Box, beside_none, filled, typed_in
from handrail.screens.console.stock_common import Tab

_TABS = (("estimates", _l("Estimates")), ("deaths-counted", _l("Deaths")), ("targets", _l("Targets")), ("estimates-import", _l("Import")))
NOTE = Box("note", _l("Why it is corrected"), _l("Such as: a slip of the finger, a new edition"), most=300)


def tabs(here: str) -> list[Tab]:
    """The pages of what comes from outside."""
    return [Tab(name, title, name == here) for name, title in _TABS]


@dataclass(frozen=True)
class Line:
    """One row of a history, in words."""

    text: str
    under: str
    who: str
    at: datetime
    note: str
    is_withdrawn: bool
    is_now: bool


@dataclass(frozen=True)
class OnePage:
    """A row with its history, and forms to correct it and to take it back for whoever may and as long as it holds."""

    title: str
    facts: list[tuple[str, str]]
    source: str
    source_link: str
    used_by: list[str]
    lines: list[Line]
    holds: bool
    may_enter: bool
    boxes: list[Box]
    problems: list[str]
    tabs: list[Tab]
    back: str
    correcting: bool
    newest: str = ""


Words = Callable[[FromOutside], tuple[str, str]]
"""How a row is said: the number, and what stands under it."""


def lines_of(row: FromOutside, words: Words) -> list[Line]:
    """The history of a row, newest first."""
    names = {staff.id: staff.name for staff in Staff.objects.filter(organisation_id=row.organisation_id)}
    rows = history_of(row)
    return [
        Line(*words(one), names.get(one.entered_by, "Handrail") if one.entered_by else "Handrail", one.entered_at, one.note, one.is_withdrawn, one.key == rows[0].key) for one in rows
    ]


@dataclass(frozen=True)
class About:
    """What a page about one row needs to know of its model."""

    title: str
    facts: list[tuple[str, str]]
    words: Words
    boxes: Iterable[Box]
    typed: Mapping[str, str]
    correct: Callable[[dict[str, str]], FromOutside]
    here: str
    used_by: list[str]


def one_page(request: ActorRequest, row: FromOutside, about: About, template_url: str) -> HttpResponse:
    """A row's page; correcting it or taking it back leads to the page of the newer row."""
    boxes = [*about.boxes, NOTE]
    typed = dict(about.typed)
    problems: tuple[tuple[str, str], ...] = ()
    if request.method == "POST":
        typed = typed_in(request, [box.name for box in boxes])
        try:
            taken_back = request.POST.get("do") == "withdraw"
            newer = withdraw(row, actor=request.actor, note=typed["note"]) if taken_back else about.correct(typed)
            return redirect(template_url, newer.id)
        except Wrong as wrong:
            problems = wrong.problems
            typed = dict(about.typed) | {"note": typed["note"]} if taken_back else typed
    lines = lines_of(row, about.words)
    newest = history_of(row)[0]
    page = OnePage(
        about.title, about.facts, row.source, row.source_link, about.used_by, lines, newest.key == row.key and not row.is_withdrawn,
        may_enter(request.actor), filled(boxes, typed, problems), beside_none(boxes, problems), tabs(about.here), about.here,
        bool(problems), str(newest.id) if newest.key != row.key else "",
    )
    return render(request, "console/outside_one.html", {"page": page, "url": template_url}, status=422 if problems else 200)


def range_text(low: int | None, high: int | None, shown: Callable[[int], str]) -> str:
    """“ (30–50)”, or nothing."""
    return _(" (%(low)s–%(high)s)") % {"low": shown(low), "high": shown(high)} if low is not None and high is not None else ""
