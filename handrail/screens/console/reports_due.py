"""Reports due: each report and period that is asked for, how many days are left, who is silent, what has no data and why."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render

from handrail.insight.due import Due, due
from handrail.insight.frozen import name_of
from handrail.kernel.access import ActorRequest, may


@dataclass(frozen=True)
class DueLine:
    """One report of one period, with the name of its newest release."""

    due: Due
    released_as: str


@dataclass(frozen=True)
class DuePage:
    """What waits, what is running, and what was released."""

    waiting: list[DueLine]
    running: list[DueLine]
    released: list[DueLine]


@may("numbers.read")
def page(request: ActorRequest) -> HttpResponse:
    """The list, the most urgent first."""
    lines = [DueLine(one, name_of(one.newest) if one.newest else "") for one in due()]
    context = DuePage(
        waiting=[line for line in lines if line.due.is_open],
        running=[line for line in lines if line.due.is_running and line.due.newest is None],
        released=[line for line in reversed(lines) if line.due.newest is not None],
    )
    return render(request, "console/reports.html", {"page": context})


def waiting() -> list[Due]:
    """What is due and was not released, for the start page: the most urgent first."""
    return [one for one in due() if one.is_open]
