"""Deaths by opioid overdose as others counted them: a list of counts that are never added up; entering and correcting one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import cast

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from handrail.insight import deaths
from handrail.insight.estimates import LEVELS
from handrail.insight.explain import number
from handrail.insight.models import DeathCount, FromOutside, Level
from handrail.insight.outside import Wrong, areas_served, in_force, may_enter
from handrail.insight.periods import Window
from handrail.kernel.access import ActorRequest, may
from handrail.screens.console.boxes import Box, beside_none, filled, typed_in
from handrail.screens.console.outside import About, one_page, tabs


@dataclass(frozen=True)
class Count:
    """One count, in words."""

    id: uuid.UUID
    days: str
    text: str
    source: str


def text_of(row: DeathCount) -> str:
    """The count, or that its source hides it or does not show it."""
    if row.value is None and row.high is None:
        return _("not shown by its source")
    return number(row.value) if row.value is not None else _("hidden by its source: at most %(high)s") % {"high": number(row.high or 0)}


@may("numbers.read", methods=("GET", "POST"))
def page(request: ActorRequest) -> HttpResponse:
    """All counts by area, the newest first; entering one."""
    problems: tuple[tuple[str, str], ...] = ()
    typed: dict[str, str] = {"months": "12"}
    if request.method == "POST":
        typed = typed_in(request, deaths.FIELDS)
        try:
            return redirect("death-count", deaths.enter(actor=request.actor, typed=typed).id)
        except Wrong as wrong:
            problems = wrong.problems
    rows = in_force(DeathCount).order_by("level", "area", "-ends_before", "-starts_on")
    areas: dict[str, list[Count]] = {}
    for row in rows:
        count = Count(row.id, Window(row.starts_on, row.ends_before).label, text_of(row), row.source)
        areas.setdefault(f"{Level(row.level).label}: {row.area}", []).append(count)
    fields = boxes()
    shown = {
        "areas": areas, "boxes": filled(fields, typed, problems), "problems": beside_none(fields, problems), "open": bool(problems),
        "may_enter": may_enter(request.actor), "tabs": tabs("deaths-counted"),
    }
    return render(request, "console/deaths_counted.html", shown, status=422 if problems else 200)


def boxes() -> list[Box]:
    """The fields of a count."""
    return [
        Box("level", _l("Level"), _l("Of an area you serve, or of the whole country"), "select", [(level.value, level.label) for level in LEVELS]),
        Box("area", _l("Area"), _l("As it stands on the page of the place. Empty for the country."), suggested=areas_served(), most=40),
        Box("months", _l("Months it counts"), _l("12 for a year"), "digits", most=3),
        Box("ends", _l("Last month"), _l("Such as 2025-12"), most=7),
        Box("deaths", _l("Deaths"), _l("Digits only. If the source hides a small number, write it as the source does: <10. If it shows none, write ?"), most=15),
        Box("method", _l("How they were counted"), _l("Such as death certificates, provisional"), most=80),
        Box("source", _l("Where it stands"), _l("Who published it, its title, its page")),
        Box("source_link", _l("Link, if there is one"), most=300),
    ]


@may("numbers.read", methods=("GET", "POST"))
def one(request: ActorRequest, count: uuid.UUID) -> HttpResponse:
    """One count with its history; correcting it or taking it back."""
    row = DeathCount.objects.filter(id=count).first()
    if row is None:
        raise Http404
    facts = [
        (_("Deaths"), text_of(row)), (_("Area"), row.area), (_("Level"), str(Level(row.level).label)),
        (_("Days"), Window(row.starts_on, row.ends_before).label), (_("How they were counted"), row.method),
    ]
    about = About(
        _("Deaths by opioid overdose"), facts, _words, boxes(), deaths.as_typed(row),
        lambda typed: deaths.correct(actor=request.actor, count=row, typed=typed, note=typed["note"]), "deaths-counted", [],
    )
    return one_page(request, row, about, "death-count")


def _words(row: FromOutside) -> tuple[str, str]:
    found = cast(DeathCount, row)
    return f"{text_of(found)}, {found.area}, {Window(found.starts_on, found.ends_before).label}", found.source
