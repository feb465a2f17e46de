"""Screens for work outside: wall boxes, safety boxes, and the calendar of stops."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from pydantic import ValidationError

from handrail.facts.fold import Recorded
from handrail.facts.models import Fact, Site
from handrail.facts.queries import find_site, today
from handrail.facts.record import Mode, Refusal
from handrail.facts.spec import Text
from handrail.kernel import clock, ids
from handrail.kernel.access import Actor, ActorRequest, Refused, may
from handrail.kernel.web import posted_id
from handrail.ledgers.stock.models import Item
from handrail.ledgers.stock.queries import lots
from handrail.ledgers.stock.reactor import Short
from handrail.services.exchange import commands, forms, queries
from handrail.services.exchange.kinds.safety_box import BoxState, SafetyBoxState
from handrail.services.exchange.kinds.stop_changed import Change, Reason, StopChanged
from handrail.services.exchange.models import Stop, Weekday


def _site_or_404(actor: Actor, site: uuid.UUID) -> Site:
    found = find_site(site)
    if found is None or not actor.may("exchange.record", found.key):
        raise Http404
    return found


# -- wall boxes ------------------------------------------------------------------------------------------------------


@may("exchange.record")
def boxes(request: ActorRequest) -> HttpResponse:
    """Boxes and machines: when somebody last looked, what is in, what is low."""
    found = queries.boxes(request.actor, commands.BOX_KINDS)
    return render(request, "exchange/boxes.html", {"boxes": found, "saved": request.GET.get("saved", "")})


@dataclass(frozen=True)
class BoxRow:
    """One item of the refill form as typed."""

    code: str
    name: str
    in_book: int
    found: str
    added: str
    error: str


@dataclass(frozen=True)
class BoxPage:
    """The refill form."""

    site: Site
    shelves: list[Site]
    shelf: str
    rows: list[BoxRow]
    more: list[BoxRow]
    id: str
    corrects: str
    error: str
    ask: str


@may("exchange.record", methods=("GET", "POST"))
def box(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """Look into a box and fill it: what is there, what goes in, from which shelf. Also corrects the last time."""
    place = _site_or_404(request.actor, site)
    if place.kind not in commands.BOX_KINDS:
        raise Http404
    last = queries.last_refill(place.key)
    correcting = last if last is not None and (request.POST.get("corrects") == str(last.id) or "correct" in request.GET) else None
    shelves = _shelves(request.actor, place)
    if request.method != "POST":
        typed = _typed_before(correcting) if correcting else {}
        return _box(request, place, shelves, correcting, {}, typed=typed)
    errors, lines = _refill_lines(request.POST)
    van = next((s for s in shelves if str(s.id) == request.POST.get("from_site")), None)
    if van is None:
        errors["from_site"] = _("Choose the van or shelf it is filled from.")
    if request.POST.get("corrects") and correcting is None and not Fact.objects.filter(id=posted_id(request)).exists():
        errors[""] = _("Somebody filled or corrected this box since you opened the page. Look at the numbers; saving now records a new refill.")
    ask = ""
    if not errors and van is not None:
        mode = Mode.CONFIRMED if request.POST.get("confirm") == "short" else Mode.TYPED
        common: dict[str, Any] = {"actor": request.actor, "box": place, "van": van, "lines": lines, "id": posted_id(request), "mode": mode}
        try:
            if correcting is not None:
                commands.correct_refill(refill=correcting.id, **common)
            else:
                commands.refill_box(**common)
            return redirect(reverse("exchange:boxes") + "?saved=1")
        except Short as refusal:
            ask = "short"
            errors |= {name.removeprefix("lines."): sentence for name, sentence in refusal.problems}
        except Refusal as refusal:
            errors |= {name.removeprefix("lines."): sentence for name, sentence in refusal.problems}
        except ValidationError as error:
            errors |= forms.problems(error)
    return _box(request, place, shelves, correcting, errors, ask=ask)


def _shelves(actor: Actor, box: Site) -> list[Site]:
    sites = Site.objects.filter(actor.filter("exchange.record", "key"), is_active=True).exclude(key=box.key)
    return sorted((s for s in sites if s.kind not in commands.BOX_KINDS), key=lambda s: (s.kind not in {"vehicle", "peer_bag"}, s.name))


def _typed_before(refill: Recorded) -> dict[str, str]:
    typed = {"from_site": str(refill.parsed.from_site)}
    for line in refill.parsed.lines:
        typed |= {f"found-{line.item}": "" if line.found is None else str(line.found), f"added-{line.item}": str(line.added or "")}
    return typed


def _refill_lines(post: QueryDict) -> tuple[dict[str, str], list[commands.Refill]]:
    errors: dict[str, str] = {}
    lines: list[commands.Refill] = []
    for code in Item.objects.filter(is_active=True).values_list("code", flat=True):
        found, wrong = forms.count(post, f"found-{code}")
        added, wrong_too = forms.count(post, f"added-{code}")
        if wrong or wrong_too:
            errors[code] = wrong or wrong_too
        elif found is not None or added:
            lines.append(commands.Refill(code, found, added or 0))
    return errors, lines


def _box(
    request: ActorRequest, place: Site, shelves: list[Site], correcting: Recorded | None, errors: dict[str, str], *,
    typed: dict[str, str] | None = None, ask: str = "",
) -> HttpResponse:
    values = typed if typed is not None and request.method != "POST" else {n: v for n, v in request.POST.items() if isinstance(v, str)}
    book: dict[str, int] = {}
    if correcting is not None:
        book = {line.item: line.in_book for line in correcting.parsed.lines}
    else:
        for lot in lots([place.key]):
            book[lot.item] = book.get(lot.item, 0) + lot.quantity
    rows: list[BoxRow] = []
    more: list[BoxRow] = []
    for item in Item.objects.filter(is_active=True):
        row = BoxRow(
            item.code, item.label, book.get(item.code, 0), values.get(f"found-{item.code}", ""), values.get(f"added-{item.code}", ""),
            errors.get(item.code, ""),
        )
        (rows if item.code in book else more).append(row)
    rest = [sentence for name, sentence in errors.items() if name not in {row.code for row in (*rows, *more)}]
    error = " ".join(rest) or (_("Nothing is saved yet. Look at the marked lines.") if errors else "")
    page = BoxPage(
        place, shelves, values.get("from_site", str(shelves[0].id) if shelves else ""), rows, more, request.POST.get("id") or str(ids.new()),
        str(correcting.id) if correcting else "", error, ask,
    )
    return render(request, "exchange/box.html", {"page": page}, status=422 if error else 200)


# -- safety boxes --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SafetyBoxRow:
    """A safety box as it stands."""

    asset: str
    site: Site
    state: str
    label: Text
    since: datetime
    count: int | None


@may("exchange.record", methods=("GET", "POST"))
def safety_boxes(request: ActorRequest) -> HttpResponse:
    """Safety boxes for used equipment: which are to be emptied; and what changed."""
    names = ("asset", "state", "estimated_count")
    sites = list(Site.objects.filter(request.actor.filter("exchange.record", "key"), is_active=True))
    errors: dict[str, str] = {}
    if request.method == "POST":
        state, errors = forms.parse(SafetyBoxState, forms.read(SafetyBoxState, names, request.POST))
        site = next((s for s in sites if str(s.id) == request.POST.get("site")), None)
        if site is None:
            errors["site"] = _("Choose a place.")
        if not errors and site is not None:
            try:
                commands.change_safety_box(actor=request.actor, site=site, state=state, id=posted_id(request))
                return redirect(reverse("exchange:safety-boxes") + "?saved=1")
            except Refusal as refusal:
                errors = dict(refusal.problems)
    rows = [
        SafetyBoxRow(b.asset, b.site, b.state, BoxState(b.state).label, clock.local(b.occurred_at, b.site.time_zone), b.estimated_count)
        for b in queries.safety_boxes(request.actor)
    ]
    page = {
        "rows": rows, "sites": sites, "site": request.POST.get("site", ""), "id": request.POST.get("id") or str(ids.new()),
        "inputs": forms.inputs(SafetyBoxState, names, request.POST, errors), "site_error": errors.get("site", ""),
        "error": errors.get("", "") or (_("Nothing is saved yet. Look at the marked lines.") if errors else ""), "saved": "saved" in request.GET,
    }
    return render(request, "exchange/safety_boxes.html", page, status=422 if errors else 200)


# -- the calendar of stops -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StopDay:
    """A stop on one date."""

    planned: queries.Planned
    change: Text
    reason: Text
    id: uuid.UUID


@may("exchange.record", methods=("GET", "POST"))
def stops(request: ActorRequest) -> HttpResponse:
    """This week's stops; two taps cancel one."""
    if request.method == "POST":
        return _change_stop(request)
    asked = request.GET.get("week", "")
    try:
        on = date.fromisoformat(asked) if asked else today()
    except ValueError:
        raise Http404 from None
    monday = on - timedelta(days=on.weekday())
    days = [
        StopDay(p, Change(p.change.change).label if p.change else "", Reason(p.change.reason).label if p.change else "", ids.new())
        for p in queries.week_of_stops(request.actor, monday)
    ]
    page = {
        "days": days, "reasons": [(r.value, r.label) for r in Reason], "monday": monday, "before": monday - timedelta(days=7),
        "after": monday + timedelta(days=7), "may_plan": request.actor.may("site.manage"), "saved": "saved" in request.GET,
    }
    return render(request, "exchange/stops.html", page)


def _change_stop(request: ActorRequest) -> HttpResponse:
    post = request.POST
    try:
        stop = Stop.objects.filter(request.actor.filter("exchange.record"), id=uuid.UUID(post.get("stop", "")), is_active=True).select_related("site").first()
    except ValueError:
        stop = None
    if stop is None:
        raise Http404
    raw = {name: post[name] for name in ("stop", "on", "change", "reason", "minutes_late", "area") if post.get(name)}
    change, errors = forms.parse(StopChanged, raw)
    if errors:
        raise Refusal(list(errors.items()))
    commands.change_stop(actor=request.actor, stop=stop, change=change, id=posted_id(request))
    return redirect(reverse("exchange:stops") + f"?week={change.on.isoformat()}&saved=1")


@may("site.manage", methods=("GET", "POST"))
def plan(request: ActorRequest) -> HttpResponse:
    """The weekly calendar: add a stop, end one."""
    found = Site.objects.filter(request.actor.filter("site.manage", "key"), is_active=True).exclude(kind__in=("store", *commands.BOX_KINDS))
    sites = sorted(found, key=lambda site: (site.kind not in {"vehicle", "route_stop", "event"}, site.name))
    error, post = "", request.POST
    if request.method == "POST":
        try:
            if post.get("end"):
                ending = Stop.objects.filter(request.actor.filter("site.manage"), id=uuid.UUID(post["end"])).first()
                if ending is None:
                    raise Http404
                commands.end_stop(actor=request.actor, stop=ending)
            else:
                site = next((s for s in sites if str(s.id) == post.get("site")), None)
                if site is None:
                    raise Refusal([("site", _("Choose a place."))])
                commands.plan_stop(
                    actor=request.actor, site=site, weekday=Weekday(int(post.get("weekday", ""))).value,
                    starts=time.fromisoformat(post.get("starts", "")), ends=time.fromisoformat(post.get("ends", "")), place=post.get("place", ""),
                )
            return redirect("exchange:stops-plan")
        except Refused as refusal:
            error = refusal.problems[0][1]
        except ValueError:
            error = _("Write the times as hours and minutes, such as 22:30.")
    page = {
        "sites": sites, "weekdays": [(str(w.value), w.label) for w in Weekday], "typed": post, "error": error,
        "stops": Stop.objects.filter(request.actor.filter("site.manage"), is_active=True).select_related("site"),
    }
    return render(request, "exchange/stops_plan.html", page, status=422 if error else 200)
