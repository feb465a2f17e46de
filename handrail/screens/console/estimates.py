"""Size estimates: what is known of each area, what is missing, who divides by it; entering and correcting them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from handrail.facts.queries import today
from handrail.insight import estimates
from handrail.insight.explain import number
from handrail.insight.models import FromOutside, Level, Population, SizeEstimate
from handrail.insight.outside import Wrong, areas_of, areas_served, in_force, may_enter, values_of
from handrail.insight.spec import Indicator
from handrail.kernel.access import ActorRequest, may
from handrail.screens.console.boxes import Box, beside_none, filled, typed_in
from handrail.screens.console.outside import About, one_page, range_text, tabs
from handrail.screens.console.quarter import code_of


@dataclass(frozen=True)
class AreaLine:
    """An area with its estimates, the one used now first; none means that one is missing."""

    area: str
    rows: list[SizeEstimate]

    @property
    def now(self) -> SizeEstimate | None:
        """The one that numbers of today use."""
        return self.rows[0] if self.rows else None


@dataclass(frozen=True)
class Group:
    """The estimates of one population at one level."""

    population: str
    level: str
    title: str
    level_title: str
    used_by: list[str]
    areas: list[AreaLine]


@may("numbers.read")
def listed(request: ActorRequest) -> HttpResponse:
    """All estimates that hold, by people and area, and those that a number waits for."""
    rows = list(in_force(SizeEstimate).order_by("area", "-year", "-key"))
    wanted = {(row.population, row.level) for row in rows}
    wanted |= {(p, level) for p in Population.values for level in estimates.LEVELS if estimates.used_by(p, level)}
    order = {one: place for place, one in enumerate(Population.values)}
    groups = [_group(p, level, rows) for p, level in sorted(wanted, key=lambda one: (order[one[0]], one[1] == Level.COUNTRY))]
    shown = {"groups": groups, "may_enter": may_enter(request.actor), "tabs": tabs("estimates"), "saved": request.GET.get("saved", "")}
    return render(request, "console/estimates.html", shown)


def _group(population: str, level: str, rows: Iterable[SizeEstimate]) -> Group:
    mine = [row for row in rows if (row.population, row.level) == (population, level)]
    users = estimates.used_by(population, level)
    areas = sorted({row.area for row in mine} | (set(areas_of(level)) if users else set()))
    lines = [AreaLine(area, [row for row in mine if row.area == area]) for area in areas]
    return Group(population, level, str(Population(population).label), str(Level(level).label), names_of(users), lines)


def names_of(indicators: Iterable[Indicator]) -> list[str]:
    """Indicators as a page names them."""
    return [f"{code_of(one)} {one.name}" for one in indicators]


def boxes() -> list[Box]:
    """The fields of an estimate."""
    return [
        Box("population", _l("Of whom"), widget="select", choices=Population.choices),
        Box("level", _l("Level"), _l("Of an area you serve, or of the whole country"), "select", [(level.value, level.label) for level in estimates.LEVELS]),
        Box("area", _l("Area"), _l("As it stands on the page of the place. Empty for the country."), suggested=areas_served(), most=40),
        Box("value", _l("How many people"), _l("Digits only: 12500"), "digits", most=15),
        Box("low", _l("At least"), _l("The lower end of the range, if the source gives one"), "digits", most=15),
        Box("high", _l("At most"), widget="digits", most=15),
        Box("method", _l("How it was estimated"), _l("Such as capture-recapture, multiplier, census"), most=80),
        Box("year", _l("Year it speaks of"), widget="digits", most=4),
        Box("source", _l("Where it stands"), _l("Who published it, its title, its page")),
        Box("source_link", _l("Link, if there is one"), most=300),
    ]


@may("numbers.read", methods=("GET", "POST"))
def new(request: ActorRequest) -> HttpResponse:
    """Enter an estimate; a page that misses one leads here with people, level and area filled in."""
    problems: tuple[tuple[str, str], ...] = ()
    typed = {name: request.GET.get(name, "") for name in ("population", "level", "area")}
    if request.method == "POST":
        typed = typed_in(request, estimates.FIELDS)
        try:
            return redirect("estimate", estimates.enter(actor=request.actor, typed=typed).id)
        except Wrong as wrong:
            problems = wrong.problems
    elif not may_enter(request.actor):
        raise Http404
    fields = boxes()
    shown = {"boxes": filled(fields, typed, problems), "problems": beside_none(fields, problems), "tabs": tabs("estimates")}
    return render(request, "console/estimate_new.html", shown, status=422 if problems else 200)


@may("numbers.read", methods=("GET", "POST"))
def one(request: ActorRequest, estimate: uuid.UUID) -> HttpResponse:
    """One estimate with its history; correcting it or taking it back."""
    row = SizeEstimate.objects.filter(id=estimate).first()
    if row is None:
        raise Http404
    newer = next((r for r in in_force(SizeEstimate).filter(population=row.population, level=row.level, area=row.area).order_by("-year") if r.year > row.year), None)
    facts = [
        (_("How many people"), f"{number(row.value)}{range_text(row.low, row.high, number)}"), (_("Area"), row.area), (_("Level"), str(Level(row.level).label)),
        (_("Year"), str(row.year)), (_("How it was estimated"), row.method),
        (_("Take care"), _("There is a newer one, for %(year)d: numbers of that year and later use that.") % {"year": newer.year} if newer else ""),
        (_("Age"), _("More than five years old. Look for a newer one.") if today().year - row.year > MOST_YEARS else ""),
    ]
    about = About(
        str(Population(row.population).label), facts, _words, boxes(), values_of(row),
        lambda typed: estimates.correct(actor=request.actor, estimate=row, typed=typed, note=typed["note"]),
        "estimates", names_of(estimates.used_by(row.population, row.level)),
    )
    return one_page(request, row, about, "estimate")


MOST_YEARS = 5
"""GAM asks for an estimate at least every five years (`domain/indicators.md` 4, GAM 1.2C)."""


def _words(row: FromOutside) -> tuple[str, str]:
    found = cast(SizeEstimate, row)
    return f"{number(found.value)}{range_text(found.low, found.high, number)}, {found.area}, {found.year}", f"{found.method} · {found.source}"
