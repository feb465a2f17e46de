"""What stands above every page of those in charge: alarms until one is answered, reviews that wait, lines until they are seen."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from handrail.facts import alarms, glass
from handrail.facts.models import Alarm, Notice
from handrail.kernel import keyring
from handrail.kernel.access import SIGNED_IN, Actor, ActorRequest, may
from handrail.kernel.keyring import Mode

_LEADS_TO = {Notice.Kind.GLASS_BROKEN: "glass-reviews", Notice.Kind.RESTORED: "heads"}


@dataclass(frozen=True)
class Line:
    """One line: what it says, where it leads, and its id when it goes away by being seen."""

    text: str
    tone: str
    address: str = ""
    seen: uuid.UUID | None = None
    at: datetime | None = None


def of(actor: Actor) -> list[Line]:
    """The lines of somebody. Nothing is asked for those who are in charge of nothing and never broke a glass."""
    if actor.staff is None:
        return []
    found = _locked(actor)
    if actor.may("alarm.see"):
        found += [Line(str(Alarm.Reason(alarm.reason).label), "stop", reverse("heads"), at=alarm.raised_at) for alarm in alarms.open_alarms()]
    if actor.may("glass.review"):
        found += _reviews(actor)
    if any(actor.may(permission) for permission in ("alarm.see", "glass.review", "glass.break")):
        found += [_line(actor, notice) for notice in alarms.unseen(actor)]
    return found


def _locked(actor: Actor) -> list[Line]:
    """That somebody has to unlock, for whoever would otherwise wonder why no card is found. Asks nobody in low-risk mode."""
    if not actor.may("keys.lock") or keyring.mode() is Mode.LOW:
        return []
    if not keyring.is_open(keyring.CODES):
        return [Line(_("The keys are locked: no card is found and nothing sealed opens until an officer unlocks them."), "soon", reverse("keys"))]
    if not keyring.is_open(keyring.VAULT):
        return [Line(_("The vault is locked. What is written down for it waits, sealed."), "note", reverse("keys"))]
    return []


def _reviews(actor: Actor) -> list[Line]:
    waiting = glass.to_review(actor)
    if not waiting:
        return []
    said = ngettext("%d emergency access waits for you to look at it", "%d emergency accesses wait for you to look at them", len(waiting)) % len(waiting)
    return [Line(said, "soon", reverse("glass-reviews"))]


def _line(actor: Actor, notice: Notice) -> Line:
    kind = Notice.Kind(notice.kind)
    leads = _LEADS_TO.get(kind, "")
    allowed = {"glass-reviews": "glass.review", "heads": "alarm.see"}
    return Line(str(kind.label), "note", reverse(leads) if leads and actor.may(allowed[leads]) else "", notice.id, notice.made_at)


@may(SIGNED_IN, methods=("POST",))
def seen(request: ActorRequest, notice: uuid.UUID) -> HttpResponse:
    """Somebody saw their line; it goes away."""
    if not alarms.seen(actor=request.actor, notice=notice):
        raise Http404
    return redirect("start")


