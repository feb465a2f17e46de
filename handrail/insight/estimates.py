"""Size estimates: how many people there are, dated, sourced, corrected by newer rows, and which numbers divide by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from handrail.facts.queries import today
from handrail.facts.record import lock_organisation
from handrail.insight.models import Level, Population, SizeEstimate
from handrail.insight.outside import (
    Problems,
    Wrong,
    add,
    area_typed,
    areas_of,
    chosen,
    in_force,
    needed,
    require_enter,
    whole,
)
from handrail.insight.periods import Window
from handrail.insight.spec import INDICATORS, Estimate, Indicator
from handrail.kernel.access import Actor

LEVELS = (Level.TARGETED_AREA, Level.COUNTRY)
"""Levels of which there are estimates: the others count the programme's own people."""
FIELDS = ("population", "level", "area", "value", "low", "high", "method", "year", "source", "source_link")
EARLIEST_YEAR = 1980


@dataclass(frozen=True)
class Missing:
    """An estimate that a number needs and nobody entered."""

    population: str
    level: str
    area: str
    year: int

    @property
    def sentence(self) -> str:
        """What is missing, for a page."""
        return _("No estimate for %(area)s, %(year)d or before: %(population)s.") % {
            "area": self.area or _("an area: no place has one yet"), "year": self.year, "population": Population(self.population).label,
        }


def read_typed(typed: Mapping[str, str]) -> tuple[SizeEstimate, Problems]:
    """An estimate from what was typed or stands in a file, and what is wrong with it. Saves nothing."""
    problems: Problems = []
    level = chosen(typed.get("level", ""), [level.value for level in LEVELS], "level", problems)
    said: dict[str, Any] = {
        "population": chosen(typed.get("population", ""), Population.values, "population", problems), "level": level,
        "area": area_typed(typed.get("area", ""), level, problems), "value": whole(typed.get("value", ""), "value", problems, least=1),
        "low": whole(typed.get("low", ""), "low", problems, needed=False), "high": whole(typed.get("high", ""), "high", problems, needed=False),
        "method": needed(typed.get("method", ""), "method", _("Say how it was estimated, such as capture-recapture or multiplier."), problems),
        "year": whole(typed.get("year", ""), "year", problems, least=EARLIEST_YEAR, most=today().year),
        "source": needed(typed.get("source", ""), "source", _("Say where it stands: who published it, its title, its page."), problems),
        "source_link": typed.get("source_link", "").strip(),
    }
    row = SizeEstimate(**said)
    value, low, high = said["value"], said["low"], said["high"]
    if value is not None and not (value if low is None else low) <= value <= (value if high is None else high):
        problems.append(("low", _("The estimate lies between the lowest and the highest.")))
    if (low is None) != (high is None) and not {"low", "high"} & {name for name, _sentence in problems}:
        problems.append(("low", _("Write both the lowest and the highest, or neither.")))
    return row, problems


def same_question(row: SizeEstimate) -> SizeEstimate | None:
    """The estimate that holds now for the same people, area and year, of a row that has no problem."""
    asked = {name: getattr(row, name) for name in ("population", "level", "area", "year")}
    return in_force(SizeEstimate).filter(**asked).order_by("-key").first()


def enter(*, actor: Actor, typed: Mapping[str, str]) -> SizeEstimate:
    """Enter an estimate. Of the same people, area and year there is one: another is a correction of it."""
    require_enter(actor)
    lock_organisation()
    row, problems = read_typed(typed)
    if not problems and same_question(row) is not None:
        problems.append(("year", _("There is an estimate for this year already. Open it and correct it: numbers use one.")))
    return add(row, actor=actor, problems=problems)


def correct(*, actor: Actor, estimate: SizeEstimate, typed: Mapping[str, str], note: str) -> SizeEstimate:
    """Enter the right one in the place of a wrong one, which stays to be read."""
    require_enter(actor)
    lock_organisation()
    row, problems = read_typed(typed)
    other = same_question(row) if not problems else None
    if other is not None and other.key != estimate.key:
        problems.append(("year", _("There is an estimate for this year already. Open it and correct it: numbers use one.")))
    return add(row, actor=actor, problems=problems, replaces=estimate, note=note)


def used_by(population: str, level: str) -> list[Indicator]:
    """The indicators that divide by estimates of these people at this level."""
    return [one for one in INDICATORS if any((part.population, part.level) == (population, level) for part in _estimates(one))]


def newest(population: str, level: str, year: int) -> dict[str, SizeEstimate]:
    """The estimate that numbers of a year use, by area: the newest that is not later."""
    rows = in_force(SizeEstimate).filter(population=population, level=level, year__lte=year).order_by("year", "key")
    return {row.area: row for row in rows}


def missing_estimates(indicator: Indicator, window: Window) -> list[Missing]:
    """The estimates that a number of these days needs and that nobody entered, by area. None: it can be computed."""
    found: list[Missing] = []
    for part in _estimates(indicator):
        areas = areas_of(part.level)
        there = newest(part.population, part.level, window.last_year)
        found += [Missing(part.population, part.level, area, window.last_year) for area in sorted(areas or {""}) if area not in there]
    return found


def missing_inputs(indicator: Indicator, window: Window) -> list[str]:
    """What a number of these days still needs, as sentences; empty when nothing is missing."""
    return [one.sentence for one in missing_estimates(indicator, window)]


def _estimates(indicator: Indicator) -> list[Estimate]:
    return [part for part in indicator.inputs if isinstance(part, Estimate)]


__all__ = [
    "FIELDS", "LEVELS", "Missing", "Wrong", "correct", "enter", "missing_estimates", "missing_inputs", "newest", "read_typed", "same_question",
    "used_by",
]
