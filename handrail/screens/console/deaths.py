"""Somebody has died: saying it once, gently, and taking it back when it was wrong (`domain/people.md` 10)."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _

from handrail.facts import wishes
from handrail.facts.kinds.died import Cause, Notify, PlaceKind, Precision, ReportedBy, last_day_of
from handrail.facts.record import Refusal
from handrail.kernel import audit
from handrail.kernel.access import ActorRequest, may
from handrail.kernel.web import posted_id
from handrail.screens.console.about_person import Form, at_hand, back, chosen_place, form_of, labels, mark, show

MISTAKES = ("did_not_happen", "entered_twice")


@may("person.status", methods=("GET", "POST"))
def died(request: ActorRequest, word: str) -> HttpResponse:
    """Report a death. When visits are dated after the day, ask once whether the day is right."""
    participant = at_hand(request, word, "person.status")
    form = form_of(request, word, participant, "person.status", many=("notify",))
    later = 0
    if request.method == "POST":
        later = _visits_after(form, participant)
        if later and form.values.get("confirm") != "later":
            form.error = _("There are visits after that day. Is it the right person, and the right day?")
        else:
            try:
                wishes.report_death(
                    actor=request.actor, site=chosen_place(request, "person.status", participant), participant=participant, id=posted_id(request),
                    said=_said(form),
                )
                return back(request, word, "died")
            except Refusal as refusal:
                mark(form, refusal)
    audit.look("person.died", actor=request.actor, object_id=participant)
    return show(
        request, "died", form, later=later, sources=labels(ReportedBy), precisions=labels(Precision), places=labels(PlaceKind),
        causes=labels(Cause), tell=labels(Notify),
    )


def _said(form: Form) -> dict[str, Any]:
    values = form.values
    found: dict[str, Any] = {
        name: values[name] for name in ("reported_by", "precision", "place_kind", "cause") if values.get(name)
    }
    found["died_on"] = _day(form) or values.get("died_on") or None
    found["notify"] = form.ticked["notify"]
    found["is_confirmed"] = {"yes": True, "no": False}.get(values.get("is_confirmed", ""))
    return found


def _day(form: Form) -> date | None:
    """The first day of what is known: of a month or a year its first day."""
    try:
        day = date.fromisoformat(form.values.get("died_on", ""))
    except ValueError:
        return None
    precision = form.values.get("precision")
    if precision == Precision.YEAR:
        return day.replace(month=1, day=1)
    return day.replace(day=1) if precision == Precision.MONTH else day


def _visits_after(form: Form, participant: uuid.UUID) -> int:
    day = _day(form)
    return 0 if day is None else wishes.visits_after(participant, last_day_of(day, form.values.get("precision", "")))


@may("person.status", methods=("POST",))
def not_died(request: ActorRequest, word: str) -> HttpResponse:
    """The report was wrong: everything is as it was before."""
    participant = at_hand(request, word, "person.status")
    if request.POST.get("why") not in MISTAKES:
        raise Http404
    wishes.reverse_death(
        actor=request.actor, site=chosen_place(request, "person.status", participant), participant=participant, id=posted_id(request),
        why=request.POST["why"],
    )
    return back(request, word, "alive")
