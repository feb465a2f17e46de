"""What is kept, and how long; what last night let go of; and holds that stop it. No person is named here."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from handrail.facts import holds, participants
from handrail.facts.labels import label
from handrail.facts.models import LegalHold, Site, SourceStatus, Staff
from handrail.facts.purge import DONE
from handrail.facts.queries import today
from handrail.facts.record import Refusal
from handrail.kernel import audit, ids
from handrail.kernel.access import ActorRequest, may
from handrail.kernel.models import AuditEntry
from handrail.kernel.retention import CLASSES, RetentionClass, Unit
from handrail.kernel.web import posted_id
from handrail.screens.console.about_person import labels


@dataclass(frozen=True)
class ClassLine:
    """One class in words."""

    title: str
    what_goes: str
    period: str
    setting: str
    status: str
    since: date
    night: datetime | None
    count: int
    held: int


@dataclass(frozen=True)
class HoldLine:
    """One hold in words."""

    id: uuid.UUID
    whom: str
    reason: str
    ends_on: date
    set_at: datetime
    set_by: str


@may("settings.read")
def retention_page(request: ActorRequest) -> HttpResponse:
    """Every class, how long, and what became of it last night; what is held, and for whoever is in charge a form."""
    return _page(request, {}, {})


@may("retention.hold", methods=("POST",), step_up=True)
def hold_set(request: ActorRequest) -> HttpResponse:
    """Stop the purge until a day."""
    if request.actor.sites("retention.hold") is not None:
        raise Http404
    post = request.POST
    problems: dict[str, str] = {}
    person = _person(request, problems) if post.get("whom") == "person" else None
    if post.get("whom") not in {"person", "everything"}:
        problems["whom"] = _("Say whose records must stay.")
    try:
        ends_on = date.fromisoformat(post.get("ends_on", ""))
    except ValueError:
        ends_on = None
    problems |= dict(holds.problems_of(post.get("reason", ""), ends_on))
    if problems:
        return _page(request, post, problems)
    try:
        holds.set_hold(actor=request.actor, participant=person, reason=post.get("reason", ""), ends_on=ends_on, id=posted_id(request))
    except Refusal as refusal:
        return _page(request, post, {"card": refusal.problems[0][1]})
    return redirect(reverse("retention") + "?saved=1")


@may("retention.hold", methods=("POST",), step_up=True)
def hold_end(request: ActorRequest) -> HttpResponse:
    """End a hold before its day."""
    hold = LegalHold.objects.filter(id=posted_id(request, "hold")).first()
    if hold is None:
        raise Http404
    holds.end_hold(actor=request.actor, hold=hold)
    return redirect(reverse("retention") + "?saved=1")


def _person(request: ActorRequest, problems: dict[str, str]) -> uuid.UUID | None:
    """Whose card it is, here or in a closed place where the actor is in charge."""
    closed = Site.objects.exclude(closed_setting="").filter(request.actor.filter("retention.hold", "key"))
    looked = [participants.find(request.POST.get("card", ""), site) for site in (None, *closed)]
    found = next((one.participant for one in looked if one.participant is not None), None)
    audit.look("person to hold by card", actor=request.actor, object_id=found or "not found", refused=found is None)
    if found is None:
        problems["card"] = looked[0].sentence
    return found


def _page(request: ActorRequest, typed: Mapping[str, str], problems: dict[str, str]) -> HttpResponse:
    actor = request.actor
    names = {staff.id: staff.name for staff in Staff.objects.filter(organisation_id=actor.organisation)}
    standing = [
        HoldLine(
            hold.id, label(hold.participant) if hold.participant else _("Everything"), str(LegalHold.Reason(hold.reason).label), hold.ends_on, hold.set_at,
            names.get(hold.set_by or uuid.UUID(int=0), "Handrail"),
        )
        for hold in holds.standing()
    ]
    page = {
        "classes": [_line(one) for one in CLASSES], "holds": standing, "may_hold": actor.may("retention.hold") and actor.sites("retention.hold") is None,
        "typed": typed, "problems": problems, "reasons": labels(LegalHold.Reason), "id": typed.get("id") or str(ids.random()), "months": holds.LONGEST_MONTHS,
        "whom": [("person", _("One person")), ("everything", _("Everybody and everything"))], "saved": request.GET.get("saved", ""),
    }
    return render(request, "console/retention.html", {"page": page}, status=422 if problems else 200)


def _line(one: RetentionClass) -> ClassLine:
    night = AuditEntry.objects.filter(action=DONE, object_id=one.key).order_by("-number").first()
    said = night.detail if night else {}
    return ClassLine(
        str(one.title), str(one.what_goes), period_in_words(one), one.period.key, str(SourceStatus(one.period.read().source_status).label), one.before(today()),
        night.at if night else None, int(said.get("count", 0)), int(said.get("held", 0)),
    )


def period_in_words(one: RetentionClass) -> str:
    """How long, as it is read on the page."""
    length = one.length()
    if one.unit is Unit.DAYS:
        return ngettext("%(n)s day", "%(n)s days", length) % {"n": length}
    return ngettext("%(n)s month", "%(n)s months", length) % {"n": length}
