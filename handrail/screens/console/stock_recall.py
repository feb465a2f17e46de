"""Writing off what can no longer be handed out, and recalls: stop a lot, find every piece, close."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from handrail.facts.models import Site
from handrail.facts.record import Refusal
from handrail.kernel import ids
from handrail.kernel.access import ActorRequest, may
from handrail.ledgers.stock import commands, queries, recalls
from handrail.ledgers.stock.kinds.recall_closed import RecallEnd
from handrail.ledgers.stock.kinds.recalled import Severity
from handrail.ledgers.stock.kinds.written_off import Reason
from handrail.ledgers.stock.models import Item
from handrail.screens.console.holders import came_back, holders
from handrail.screens.console.stock_common import form_id, lots_typed, site_or_404, tabs, text, whole
from handrail.services.naloxone import reach
from handrail.services.naloxone.overview import out_lines
from handrail.services.naloxone.values import SHORT_DATED_DAYS


@may("stock.write_off", methods=("GET", "POST"))
def write_off(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """Lots of a shelf that leave for good. `?expired` or `?recalled` proposes all of those."""
    place = site_or_404(request.actor, site, "stock.write_off")
    today = place.today
    lots = [lot for lot in queries.lots([place.key]) if lot.quantity > 0]
    proposed = Reason.EXPIRED if "expired" in request.GET else Reason.RECALLED if "recalled" in request.GET else None
    error = ""
    if request.method == "POST":
        try:
            commands.write_off(
                actor=request.actor, site=place, reason=text(request, "reason"), id=form_id(text(request, "id")),
                quantities={lot: whole(typed) for lot, typed in lots_typed(request).items()},
            )
            return redirect(reverse("stock") + f"?saved=written-off&place={place.id}")
        except Refusal as refusal:
            error = refusal.problems[0][1]

    def value(lot: queries.ShelfLot) -> str:
        if request.method == "POST":
            return text(request, f"lot-{lot.lot_id}")
        chosen = (proposed is Reason.EXPIRED and lot.is_expired(today)) or (proposed is Reason.RECALLED and lot.is_held)
        return str(lot.quantity) if chosen else ""

    page = {
        "site": place, "lots": sorted(((lot, value(lot)) for lot in lots), key=lambda pair: not pair[1]), "today": today, "error": error,
        "reasons": Reason.choices, "reason": text(request, "reason") or (proposed.value if proposed else ""),
        "id": text(request, "id") or str(ids.new()), "proposed": proposed,
    }
    return render(request, "console/stock_write_off.html", page, status=422 if error else 200)


@may("stock.read", methods=("GET", "POST"))
def listed(request: ActorRequest) -> HttpResponse:
    """Every recall, open ones first; and people who have kits that expire, as far as they can be reached."""
    expiring, error = reach.expiring(SHORT_DATED_DAYS.read().value), ""
    if request.method == "POST":
        error = came_back(request, expiring)
        if not error:
            return redirect("stock-recalls")
    words = dict(Severity.choices)
    found = [(recall, words.get(recall.severity, recall.severity)) for recall in recalls.listed()]
    page = {"tabs": tabs(request.actor, "stock-recalls"), "recalls": found, "may_recall": request.actor.may("stock.recall"), "error": error, "to_reach": holders(request, expiring)}
    return render(request, "console/stock_recalls.html", page, status=422 if error else 200)


@may("stock.recall", methods=("GET", "POST"))
def new(request: ActorRequest) -> HttpResponse:
    """Stop a lot by the number on the notice."""
    problems: tuple[tuple[str, str], ...] = ()
    if request.method == "POST":
        try:
            outcome = recalls.recall(
                actor=request.actor, item=text(request, "item"), lot=text(request, "lot"), source_reference=text(request, "source_reference"),
                severity=text(request, "severity"), id=form_id(text(request, "id")),
            )
            return redirect("stock-recall", outcome.id)
        except Refusal as refusal:
            problems = refusal.problems
    page = {
        "items": Item.objects.all(), "severities": Severity.choices, "errors": dict(problems), "error": problems[0][1] if problems else "",
        "typed": {name: text(request, name) or request.GET.get(name, "") for name in ("item", "lot", "source_reference", "severity")},
        "id": text(request, "id") or str(ids.new()),
    }
    return render(request, "console/stock_recall_new.html", page, status=422 if problems else 200)


@dataclass(frozen=True)
class Place:
    """What is left at one place, and whether this person can take it off the shelf."""

    name: str
    id: uuid.UUID | None
    rows: list[recalls.Remaining]
    may_write_off: bool


@may("stock.read", methods=("GET", "POST"))
def recall(request: ActorRequest, recall: uuid.UUID) -> HttpResponse:
    """Where every piece of a recalled lot is; closing it when nothing is left."""
    found = recalls.find(recall)
    if found is None:
        raise Http404
    error = ""
    if request.method == "POST" and "back" in request.POST:
        error = came_back(request, reach.lots_of_recall(found))
        if not error:
            return redirect("stock-recall", recall)
    elif request.method == "POST":
        if not request.actor.may("stock.recall"):
            raise Http404
        try:
            recalls.close(actor=request.actor, recall=recall, outcome=text(request, "outcome"), id=form_id(text(request, "id")))
            return redirect("stock-recall", recall)
        except Refusal as refusal:
            error = refusal.problems[0][1]
    visible = {site.key: site for site in Site.objects.filter(request.actor.filter("stock.read", "key"))}
    places: dict[int, Place] = {}
    elsewhere = 0
    for row in found.on_shelves:
        if row.site not in visible:
            elsewhere += row.quantity
            continue
        site = visible[row.site]
        place = places.setdefault(site.key, Place(site.name, site.id, [], request.actor.may("stock.write_off", site.key)))
        place.rows.append(row)
    own = {lot.id for lot in found.lots}
    out = reach.of_recall(found)
    page = {
        "out": out, "out_lines": out_lines(out) if out else [], "to_reach": holders(request, reach.lots_of_recall(found)) if out and found.is_open else [],
        "recall": found, "severity": dict(Severity.choices).get(found.severity, found.severity), "places": list(places.values()),
        "elsewhere": elsewhere, "people": sum(r.quantity for r in found.remaining if r.kind == "people" and r.lot in own),
        "kits_out": sum(r.quantity for r in found.remaining if r.kind == "people" and r.lot not in own),
        "waste": found.total("waste"), "ends": RecallEnd.choices, "closed": dict(RecallEnd.choices).get(found.closed, ""), "error": error,
        "may_close": request.actor.may("stock.recall") and found.is_open, "id": str(ids.new()), "outcome": text(request, "outcome"),
        "tabs": tabs(request.actor, "stock-recalls"), "moves": found.moves if request.actor.sites("stock.read") is None else [],
    }
    return render(request, "console/stock_recall.html", page, status=422 if error else 200)
