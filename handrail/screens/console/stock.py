"""The storekeeper's pages: what is on which shelf, a delivery, a transfer, a count."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from pydantic import ValidationError

from handrail.facts.models import Site
from handrail.facts.record import Refusal
from handrail.kernel import clock, ids
from handrail.kernel.access import ActorRequest, may
from handrail.ledgers.stock import commands, queries
from handrail.ledgers.stock.models import Item

DELIVERY_LINES = 6


@dataclass(frozen=True)
class Shelf:
    """One site's lots."""

    site: Site
    lots: list[queries.ShelfLot]
    may_count: bool


@dataclass(frozen=True)
class DeliveryLine:
    """A line of the delivery form as typed."""

    number: int
    item: str = ""
    lot: str = ""
    quantity: str = ""
    expiry: str = ""
    error: str = ""


@dataclass(frozen=True)
class StockForm:
    """A stock form with what was typed."""

    id: str
    sites: list[Site]
    items: list[Item] = field(default_factory=list)
    site: str = ""
    to_site: str = ""
    lines: list[DeliveryLine] = field(default_factory=list)
    quantities: list[tuple[Item, str]] = field(default_factory=list)
    error: str = ""


@may("stock.read")
def shelves(request: ActorRequest) -> HttpResponse:
    """Every shelf the actor may see, by site, in the order lots should be used."""
    actor = request.actor
    lots = queries.lots(actor.sites("stock.read"))
    found = [
        Shelf(site, [lot for lot in lots if lot.site == site.key], actor.may("stock.count", site.key))
        for site in Site.objects.filter(actor.filter("stock.read", "key"), is_active=True)
    ]
    return render(
        request, "console/stock.html",
        {
            "shelves": [s for s in found if s.lots], "today": clock.now().date(), "saved": request.GET.get("saved", ""),
            "may_receive": actor.may("stock.receive"), "may_transfer": actor.may("stock.transfer"),
        },
    )


def _sites(request: ActorRequest, permission: str) -> list[Site]:
    sites = Site.objects.filter(request.actor.filter(permission, "key"), is_active=True)
    return sorted(sites, key=lambda site: (site.kind != "store", site.name))


def _pick(sites: list[Site], typed: str) -> Site:
    found = next((site for site in sites if str(site.id) == typed), None)
    if found is None:
        raise Refusal([("", _("Choose a place."))])
    return found


@may("stock.receive", methods=("GET", "POST"))
def receive(request: ActorRequest) -> HttpResponse:
    """A delivery note: item, lot, quantity, expiry."""
    sites, items = _sites(request, "stock.receive"), list(Item.objects.filter(is_active=True))
    if request.method != "POST":
        lines = [DeliveryLine(n) for n in range(DELIVERY_LINES)]
        form = StockForm(str(ids.new()), sites, items, site=str(sites[0].id) if sites else "", lines=lines)
        return render(request, "console/receive.html", {"form": form})
    post = request.POST
    lines = [
        DeliveryLine(n, *(post.get(f"{name}-{n}", "").strip() for name in ("item", "lot", "quantity", "expiry")))
        for n in range(DELIVERY_LINES)
    ]
    checked = [_delivery(line) for line in lines]
    error = ""
    if not any(isinstance(d, commands.Delivery) for d in checked):
        error = _("Write at least one line of the delivery.")
    if any(isinstance(d, str) and d for d in checked):
        error = _("Nothing is saved yet. Look at the marked lines.")
    if not error:
        try:
            commands.receive(
                actor=request.actor, site=_pick(sites, post.get("site", "")), id=_form_id(post.get("id", "")),
                lines=[d for d in checked if isinstance(d, commands.Delivery)],
            )
            return redirect(reverse("stock") + "?saved=received")
        except Refusal as refusal:
            error = refusal.problems[0][1]
    marked = [
        DeliveryLine(n.number, n.item, n.lot, n.quantity, n.expiry, d if isinstance(d, str) else "")
        for n, d in zip(lines, checked, strict=True)
    ]
    form = StockForm(post.get("id", ""), sites, items, site=post.get("site", ""), lines=marked, error=error)
    return render(request, "console/receive.html", {"form": form}, status=422)


def _delivery(line: DeliveryLine) -> commands.Delivery | str:
    """The line as a delivery, or what is wrong with it; an empty line is an empty string."""
    if not (line.item or line.lot or line.quantity or line.expiry):
        return ""
    if not line.item:
        return _("Choose the item.")
    if not line.quantity.isdigit() or int(line.quantity) == 0:
        return _("Write how many, as a whole number.")
    if not line.lot:
        return _("Write the lot number that is printed on the box.")
    try:
        expiry = date.fromisoformat(line.expiry) if line.expiry else None
    except ValueError:
        return _("Write the date as year-month-day, such as 2028-06-30.")
    return commands.Delivery(line.item, line.lot, int(line.quantity), expiry)


def _form_id(typed: str) -> uuid.UUID:
    try:
        return uuid.UUID(typed)
    except ValueError:
        raise Refusal([("", _("This page is damaged. Reload it."))]) from None


@may("stock.transfer", methods=("GET", "POST"))
def transfer(request: ActorRequest) -> HttpResponse:
    """From one shelf to another: loading the van."""
    sites, items = _sites(request, "stock.transfer"), list(Item.objects.filter(is_active=True))
    typed = {item.code: request.POST.get(f"q-{item.code}", "").strip() for item in items}
    form = StockForm(
        request.POST.get("id") or str(ids.new()), sites, items, site=request.POST.get("site", str(sites[0].id) if sites else ""),
        to_site=request.POST.get("to_site", ""), quantities=[(item, typed[item.code]) for item in items],
    )
    if request.method != "POST":
        return render(request, "console/transfer.html", {"form": form})
    error = ""
    if any(value and not value.isdigit() for value in typed.values()):
        error = _("Write how many, as whole numbers.")
    else:
        try:
            commands.transfer(
                actor=request.actor, source=_pick(sites, form.site), target=_pick(sites, form.to_site), id=_form_id(form.id),
                quantities={code: int(value) for code, value in typed.items() if value},
            )
            return redirect(reverse("stock") + "?saved=moved")
        except Refusal as refusal:
            error = refusal.problems[0][1]
    form = StockForm(form.id, sites, items, form.site, form.to_site, quantities=form.quantities, error=error)
    return render(request, "console/transfer.html", {"form": form}, status=422)


@may("stock.count", methods=("GET", "POST"))
def count(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """Count a shelf: what is there, lot by lot."""
    place = Site.objects.filter(request.actor.filter("stock.count", "key"), id=site).first()
    if place is None:
        raise Http404
    lots = queries.lots([place.key])
    typed = {lot.lot_id: request.POST.get(f"lot-{lot.lot_id}", "").strip() for lot in lots}
    error = ""
    if request.method == "POST":
        try:
            found = {lot_id: int(value) for lot_id, value in typed.items() if value}
            commands.count(actor=request.actor, site=place, found=found, id=_form_id(request.POST.get("id", "")))
            return redirect(reverse("stock") + "?saved=counted")
        except (ValueError, ValidationError) as problem:
            error = problem.problems[0][1] if isinstance(problem, Refusal) else _("Write how many, as whole numbers.")
    page = {
        "site": place, "lots": [(lot, typed[lot.lot_id]) for lot in lots], "error": error,
        "id": request.POST.get("id") or str(ids.new()),
    }
    return render(request, "console/count.html", page, status=422 if error else 200)
