"""The storekeeper's pages: what is on which shelf, a transfer, a count, and the differences counts found."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import ngettext

from handrail.facts.models import Site
from handrail.facts.record import Refusal
from handrail.kernel import ids
from handrail.kernel.access import ActorRequest, may
from handrail.ledgers.stock import commands, forecast, queries, recalls
from handrail.ledgers.stock.funds import flags
from handrail.ledgers.stock.kinds.counted import Difference
from handrail.ledgers.stock.models import Item
from handrail.screens.console.stock_common import form_id, lots_typed, pick, sites_of, tabs, text, whole

SOON = timedelta(days=90)
"""A lot that expires within these days is marked."""


@dataclass(frozen=True)
class Shelf:
    """One site's lots, and what somebody should do about them in a few words (text, tone)."""

    site: Site
    today: date
    soon: date
    summary: list[tuple[str, str]]
    is_open: bool
    lots: list[tuple[queries.ShelfLot, date | None]]
    may_count: bool
    may_write_off: bool
    expired: int


@dataclass(frozen=True)
class TransferForm:
    """The transfer form with what was typed."""

    id: str
    sites: list[Site]
    site: str
    to_site: str
    quantities: list[tuple[Item, str, int]]
    rest: list[tuple[Item, str, int]]
    lots: list[tuple[queries.ShelfLot, str]] = field(default_factory=list)
    lots_of: str = ""
    error: str = ""


@may("stock.read")
def shelves(request: ActorRequest) -> HttpResponse:
    """Every shelf the actor may see, by site, in the order lots should be used."""
    actor = request.actor
    sites = sites_of(actor, "stock.read")
    lots = queries.lots([site.key for site in sites])
    low, flagged = forecast.low(lots, sites), flags(lots, {site.key: site.today for site in sites})
    by_site: dict[int, list[queries.ShelfLot]] = {}
    for lot in lots:
        by_site.setdefault(lot.site, []).append(lot)
    shown = [site for site in sites if by_site.get(site.key) or low.get(site.key)]
    asked = next((site for site in shown if str(site.id) == request.GET.get("place")), shown[0] if shown else None)
    found = []
    for site in shown:
        here, today = by_site.get(site.key, []), site.today
        expired = sum(lot.quantity for lot in here if lot.is_expired(today) and lot.quantity > 0)
        found.append(
            Shelf(
                site, today, today + SOON, _summary(here, len(low.get(site.key, ())), today), site == asked,
                [(lot, flagged.get((site.key, lot.lot_id))) for lot in here], actor.may("stock.count", site.key), actor.may("stock.write_off", site.key),
                expired,
            )
        )
    return render(
        request, "console/stock.html",
        {
            "tabs": tabs(actor, "stock"), "shelves": found,
            "saved": request.GET.get("saved", ""), "recalls": recalls.open_ones(), "may_receive": actor.may("stock.receive"),
            "may_transfer": actor.may("stock.transfer"), "may_assemble": actor.may("stock.assemble"),
        },
    )


def _summary(lots: list[queries.ShelfLot], low: int, today: date) -> list[tuple[str, str]]:
    """What a glance should tell, the most pressing first: words and the tone of their chip."""
    there = [lot for lot in lots if lot.quantity > 0]
    held, negative = sum(lot.is_held for lot in there), sum(lot.quantity < 0 for lot in lots)
    expired = sum(lot.is_expired(today) for lot in there)
    first = sum(lot.expiry is not None and today <= lot.expiry < today + SOON for lot in there)
    items = len({lot.item for lot in there})
    said = (
        (held, ngettext("%(n)d lot recalled", "%(n)d lots recalled", held), "stop"),
        (negative, ngettext("%(n)d lot to count", "%(n)d lots to count", negative), "soon"),
        (expired, ngettext("%(n)d lot expired", "%(n)d lots expired", expired), "soon"),
        (low, ngettext("%(n)d item runs low", "%(n)d items run low", low), "soon"),
        (first, ngettext("%(n)d lot to use first", "%(n)d lots to use first", first), "note"),
        (items, ngettext("%(n)d item", "%(n)d items", items), ""),
    )
    return [(words % {"n": number}, tone) for number, words, tone in said if number]


@may("stock.transfer", methods=("GET", "POST"))
def transfer(request: ActorRequest) -> HttpResponse:
    """From one shelf to another: loading the van. Lots go by their date, or as chosen."""
    sites = sites_of(request.actor, "stock.transfer")
    site = text(request, "site") or request.GET.get("site", "") or (str(sites[0].id) if sites else "")
    if request.method != "POST":
        return render(request, "console/transfer.html", {"form": _transfer_form(request, sites, site)})
    if "show" in request.POST:
        return render(request, "console/transfer.html", {"form": _transfer_form(request, sites, site)})
    try:
        quantities = {name.removeprefix("q-"): whole(text(request, name)) for name in request.POST if name.startswith("q-")}
        chosen = {lot: whole(typed) for lot, typed in lots_typed(request).items()}
        commands.transfer(
            actor=request.actor, source=pick(sites, site), target=pick(sites, text(request, "to_site")), id=form_id(text(request, "id")),
            quantities={code: quantity for code, quantity in quantities.items() if quantity}, lots=chosen,
        )
        return redirect(reverse("stock") + f"?saved=moved&place={site}")
    except Refusal as refusal:
        form = _transfer_form(request, sites, site, error=refusal.problems[0][1])
    return render(request, "console/transfer.html", {"form": form}, status=422)


def _transfer_form(request: ActorRequest, sites: list[Site], site: str, error: str = "") -> TransferForm:
    source = next((s for s in sites if str(s.id) == site), None)
    lots = [lot for lot in queries.lots([source.key] if source else []) if lot.quantity > 0]
    there: dict[str, int] = {}
    for lot in lots:
        there[lot.item] = there.get(lot.item, 0) + lot.quantity
    rows = [(item, text(request, f"q-{item.code}"), there.get(item.code, 0)) for item in Item.objects.filter(is_active=True)]
    return TransferForm(
        text(request, "id") or str(ids.new()), sites, site, text(request, "to_site"),
        [row for row in rows if row[1] or row[2]], [row for row in rows if not (row[1] or row[2])],
        [(lot, text(request, f"lot-{lot.lot_id}")) for lot in lots], source.name if source else "", error,
    )


@may("stock.count")
def differences(request: ActorRequest) -> HttpResponse:
    """What counts found: more or less than the book, and why."""
    words = dict(Difference.choices)
    found = [(line, words.get(line.reason, line.reason)) for line in queries.differences(request.actor.sites("stock.count"))]
    return render(request, "console/stock_differences.html", {"tabs": tabs(request.actor, "stock-differences"), "differences": found})
