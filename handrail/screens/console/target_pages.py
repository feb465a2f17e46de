"""Targets: shipped sets and a programme's own, and what each asks of which number; entering and correcting one's own."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import cast

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from handrail.facts.queries import today
from handrail.insight import own_targets
from handrail.insight.models import OWN, FromOutside, Level, Op, Reading, Target
from handrail.insight.outside import Wrong, areas_served, country, in_force, may_enter, values_of
from handrail.insight.results import INDICATORS
from handrail.insight.target_sets import shipped, title_of
from handrail.insight.targets import Goal, asked, goals_of
from handrail.kernel.access import ActorRequest, may
from handrail.screens.console.boxes import Box, beside_none, filled, typed_in
from handrail.screens.console.outside import About, one_page, tabs
from handrail.screens.console.quarter import code_of


@dataclass(frozen=True)
class GoalLine:
    """One target in the list."""

    goal: Goal
    code: str
    name: str
    level: str
    days: str
    is_over: bool


@dataclass(frozen=True)
class SetCard:
    """A set with its targets; a shipped one may be empty."""

    title: str
    explain: str
    source: str
    lines: list[GoalLine]


@may("numbers.read")
def listed(request: ActorRequest) -> HttpResponse:
    """Every target that was not taken back, one's own first."""
    lines: dict[str, list[GoalLine]] = {}
    for goal in goals_of(in_force(Target).order_by("target_set", "indicator", "valid_from", "key")):
        lines.setdefault(goal.first.target_set, []).append(_line(goal))
    sets = [SetCard(title_of(OWN), "", "", lines.pop(OWN, []))]
    sets += [SetCard(found.title, found.explain, found.source, lines.pop(key, [])) for key, found in shipped().items()]
    sets += [SetCard(title_of(key), "", "", held) for key, held in sorted(lines.items())]
    shown = {"own": sets[0], "sets": sets[1:], "may_enter": may_enter(request.actor), "tabs": tabs("targets")}
    return render(request, "console/targets.html", shown)


def _line(goal: Goal) -> GoalLine:
    row = goal.first
    indicator = own_targets.indicator_of(row)
    name = str(indicator.name) if indicator else _("not computed here yet")
    return GoalLine(goal, _code(row), name, str(Level(row.level).label), _days(row), row.valid_to is not None and row.valid_to <= today())


def _code(row: Target) -> str:
    return f"{row.indicator} ({row.variant})" if row.variant else row.indicator


def _days(row: Target) -> str:
    since = date_format(row.valid_from, "j M Y")
    if row.valid_to is None:
        return _("from %(day)s") % {"day": since}
    return _("from %(day)s, until before %(end)s") % {"day": since, "end": date_format(row.valid_to, "j M Y")}


def boxes(row: Target | None = None) -> list[Box]:
    """The fields of a target. What a shipped one is for stays as it is."""
    choices = [(one.key, f"{code_of(one)} {one.name} ({Level(one.level).label})") for one in INDICATORS]
    number = [Box("indicator", _l("Number"), _l("It is held against this number alone, at its level"), "select", choices)]
    award = [Box("award", _l("Award"), _l("Which contract or grant asks for it. Empty if nobody does."), most=120)]
    is_own = row is None or row.target_set == OWN
    return [
        *(number if is_own else []), Box("op", _l("Asked is"), widget="select", choices=[(op.value, f"{op.label}" if op == Op.RANGE else f"{op.value} {op.label}") for op in Op]),
        Box("value", _l("Value"), _l("Such as 200 or 62.5; a percentage without its sign"), most=15),
        Box("high", _l("Second value of a range"), _l("It is not in the range itself. Empty otherwise."), most=15),
        Box("area", _l("Only for one area"), _l("Empty: for everywhere you serve"), suggested=[*areas_served(), country()], most=40),
        Box("valid_from", _l("From"), widget="date"), Box("valid_to", _l("Ends before"), _l("Empty: until it is corrected"), "date"), *(award if is_own else []),
        Box("source", _l("Where it stands"), _l("The contract and its page, or the decision and its date")),
        Box("source_link", _l("Link, if there is one"), most=300),
        Box("status", _l("Did you read it?"), widget="select", choices=Reading.choices),
    ]


@may("numbers.read", methods=("GET", "POST"))
def new(request: ActorRequest) -> HttpResponse:
    """Enter a target of one's own."""
    problems: tuple[tuple[str, str], ...] = ()
    typed = {"status": Reading.OURS.value, "indicator": request.GET.get("indicator", ""), "op": Op.AT_LEAST.value}
    if request.method == "POST":
        typed = typed_in(request, own_targets.FIELDS)
        try:
            return redirect("target", own_targets.enter(actor=request.actor, typed=typed).id)
        except Wrong as wrong:
            problems = wrong.problems
    elif not may_enter(request.actor):
        raise Http404
    fields = boxes()
    shown = {"boxes": filled(fields, typed, problems), "problems": beside_none(fields, problems), "tabs": tabs("targets")}
    return render(request, "console/target_new.html", shown, status=422 if problems else 200)


@may("numbers.read", methods=("GET", "POST"))
def one(request: ActorRequest, target: uuid.UUID) -> HttpResponse:
    """One target with its history; correcting it or taking it back."""
    row = Target.objects.filter(id=target).first()
    if row is None:
        raise Http404
    indicator = own_targets.indicator_of(row)
    other_level = indicator is not None and indicator.level != row.level
    facts = [
        (_("Asked is"), asked(row)), (_("Band"), row.get_band_display() if row.band else ""),
        (_("Number"), f"{_code(row)} {indicator.name}" if indicator else f"{_code(row)}, {_('not computed here yet')}"), (_("Level"), str(Level(row.level).label)),
        (_("Take care"), _("Our number is of another level, so it is never held against it.") if other_level else ""), (_("Area"), row.area),
        (_("Set"), title_of(row.target_set)), (_("Award"), row.award), (_("Holds"), _days(row)), (_("Did you read it?"), str(Reading(row.status).label)),
    ]
    typed = values_of(row) | {"indicator": own_targets.key_of(row)}
    about = About(
        f"{_code(row)}: {asked(row)}", facts, _words, boxes(row), typed,
        lambda typed: own_targets.correct(actor=request.actor, target=row, typed=typed, note=typed["note"]), "targets", [],
    )
    return one_page(request, row, about, "target")


def _words(row: FromOutside) -> tuple[str, str]:
    found = cast(Target, row)
    under = " · ".join(part for part in (found.award, found.area, _days(found), found.source) if part)
    return f"{_code(found)}: {asked(found)}", under
