"""Screens of boxes: wall boxes and machines that are filled, and safety boxes for used equipment."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from pydantic import ValidationError

from handrail.facts import forms
from handrail.facts.fold import Recorded
from handrail.facts.models import Site
from handrail.facts.queries import find_site
from handrail.facts.record import Mode, Refusal
from handrail.facts.spec import Text
from handrail.kernel import clock, ids
from handrail.kernel.access import Actor, ActorRequest, may
from handrail.kernel.web import posted_id
from handrail.ledgers.stock.models import Item
from handrail.ledgers.stock.queries import ShelfLot, lots
from handrail.ledgers.stock.reactor import Short
from handrail.services.exchange import commands, queries, refills
from handrail.services.exchange.kinds.safety_box import BoxState, SafetyBoxState

# -- wall boxes ------------------------------------------------------------------------------------------------------


@may("exchange.record")
def boxes(request: ActorRequest) -> HttpResponse:
    """Boxes and machines: when somebody last looked, what is in, what is low."""
    found = queries.boxes(request.actor, refills.BOX_KINDS)
    return render(request, "exchange/boxes.html", {"boxes": found, "saved": request.GET.get("saved", "")})


@dataclass(frozen=True)
class BoxRow:
    """One item of the refill form as typed. `lots` says in short what the book has of it and when it expires."""

    code: str
    name: str
    in_book: int
    found: str
    added: str
    removed: str
    lots: list[tuple[str, str]]
    error: str


@dataclass(frozen=True)
class BoxPage:
    """The refill form. `is_stale`: it corrects a refill that somebody else followed or corrected, so it cannot be saved."""

    site: Site
    shelves: list[Site]
    shelf: str
    rows: list[BoxRow]
    more: list[BoxRow]
    id: str
    corrects: str
    is_stale: bool
    error: str
    ask: str


@may("exchange.record", methods=("GET", "POST"))
def box(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """Look into a box and fill it: what is there, what goes in, from which shelf. Also corrects the last time."""
    place = find_site(site)
    if place is None or not request.actor.may("exchange.record", place.key) or place.kind not in refills.BOX_KINDS:
        raise Http404
    last, shelves = queries.last_refill(place.key), _shelves(request.actor, place)
    if request.method != "POST":
        correcting = last if "correct" in request.GET else None
        typed = _typed_before(correcting) if correcting else {}
        return _box(request, place, shelves, {}, typed, corrects=str(correcting.id) if correcting else "", correcting=correcting)
    typed = {name: value for name, value in request.POST.items() if isinstance(value, str)}
    corrects = typed.get("corrects", "")  # only what the page itself said when it was opened, never the address
    correcting = last if last is not None and corrects == str(last.id) else None
    errors, lines = _refill_lines(request.POST)
    van = next((s for s in shelves if str(s.id) == typed.get("from_site")), None)
    if van is None:
        errors["from_site"] = _("Choose the van or shelf it is filled from.")
    ask, is_stale = "", False
    if not errors and van is not None:
        mode = Mode.CONFIRMED if typed.get("confirm") == "short" else Mode.TYPED
        try:
            _save(corrects, actor=request.actor, box=place, van=van, lines=lines, id=posted_id(request), mode=mode)
            return redirect(reverse("exchange:boxes") + "?saved=1")
        except Short as refusal:
            ask = "short"
            errors |= {name.removeprefix("lines."): sentence for name, sentence in refusal.problems}
        except Refusal as refusal:
            is_stale = isinstance(refusal, refills.OutOfDate)
            errors |= {name.removeprefix("lines."): sentence for name, sentence in refusal.problems}
        except ValidationError as error:
            errors |= forms.problems(error)
    return _box(request, place, shelves, errors, typed, corrects=corrects, correcting=correcting, ask=ask, is_stale=is_stale)


def _save(corrects: str, **common: Any) -> None:
    if not corrects:
        refills.refill_box(**common)
        return
    try:
        refill = uuid.UUID(corrects)
    except ValueError:
        raise refills.OutOfDate from None
    refills.correct_refill(refill=refill, **common)


def _shelves(actor: Actor, box: Site) -> list[Site]:
    sites = Site.objects.filter(actor.filter("exchange.record", "key"), is_active=True).exclude(key=box.key)
    return sorted((s for s in sites if s.kind not in refills.BOX_KINDS), key=lambda s: (s.kind not in {"vehicle", "peer_bag"}, s.name))


def _typed_before(refill: Recorded) -> dict[str, str]:
    typed = {"from_site": str(refill.parsed.from_site)}
    removed: dict[str, int] = {}
    for line in refill.parsed.removed:
        removed[line.item] = removed.get(line.item, 0) + line.quantity
    for line in refill.parsed.lines:
        typed |= {
            f"found-{line.item}": "" if line.found is None else str(line.found), f"added-{line.item}": str(line.added or ""),
            f"removed-{line.item}": str(removed.get(line.item, "")),
        }
    return typed


def _refill_lines(post: QueryDict) -> tuple[dict[str, str], list[refills.Refill]]:
    errors: dict[str, str] = {}
    lines: list[refills.Refill] = []
    for code in Item.objects.filter(is_active=True).values_list("code", flat=True):
        (found, wrong), (added, wrong_too), (removed, also) = (forms.count(post, f"{what}-{code}") for what in ("found", "added", "removed"))
        if problem := wrong or wrong_too or also:
            errors[code] = problem
        elif found is not None or added or removed:
            lines.append(refills.Refill(code, found, added or 0, removed or 0))
    return errors, lines


def _box(
    request: ActorRequest, place: Site, shelves: list[Site], errors: dict[str, str], values: Mapping[str, str], *, corrects: str,
    correcting: Recorded | None, ask: str = "", is_stale: bool = False,
) -> HttpResponse:
    inside: dict[str, list[ShelfLot]] = {}
    for lot in lots([place.key]):
        inside.setdefault(lot.item, []).append(lot)
    book = dict.fromkeys(queries.stocked_items([place.key]).get(place.key, ()), 0)
    book |= {code: sum(lot.quantity for lot in there) for code, there in inside.items()}
    if correcting is not None:
        book |= {line.item: line.in_book for line in correcting.parsed.lines}
    rows: list[BoxRow] = []
    more: list[BoxRow] = []
    for item in Item.objects.filter(is_active=True):
        found, added, removed = (values.get(f"{what}-{item.code}", "") for what in ("found", "added", "removed"))
        row = BoxRow(
            item.code, item.label, book.get(item.code, 0), found, added, removed, _lots(inside.get(item.code, []), place), errors.get(item.code, "")
        )
        (rows if item.code in book or found or added or removed else more).append(row)
    rest = [sentence for name, sentence in errors.items() if name not in {row.code for row in (*rows, *more)}]
    error = " ".join(rest) or (_("Nothing is saved yet. Look at the marked lines.") if errors else "")
    page = BoxPage(
        place, shelves, values.get("from_site", str(shelves[0].id) if shelves else ""), rows, more, values.get("id") or str(ids.new()),
        corrects, is_stale, error, ask,
    )
    return render(request, "exchange/box.html", {"page": page}, status=422 if error else 200)


def _lots(there: list[ShelfLot], place: Site) -> list[tuple[str, str]]:
    """What a crew has to know of the lots in a box, as (words, tone): what to take out, and what expires first."""
    today, found = place.today, []
    for lot in there:
        if lot.quantity > 0 and lot.is_held:
            found.append((_("%(n)d recalled, lot %(lot)s: take out") % {"n": lot.quantity, "lot": lot.lot}, "stop"))
        elif lot.quantity > 0 and lot.expiry is not None and lot.is_expired(today):
            on = date_format(lot.expiry, "j M Y")
            found.append((_("%(n)d expired %(on)s: take out") % {"n": lot.quantity, "on": on}, "soon"))
    good = [lot.expiry for lot in there if lot.quantity > 0 and lot.expiry is not None and not lot.is_held and not lot.is_expired(today)]
    if good:
        found.append((_("expires from %(on)s") % {"on": date_format(min(good), "j M Y")}, ""))
    return found


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
