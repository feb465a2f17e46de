"""Funds and what they may not pay for: to see and to add. Nothing here is ever rewritten."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from handrail.facts.models import Site, SourceStatus
from handrail.kernel.access import ActorRequest, Refused, may
from handrail.ledgers.stock import funds, queries
from handrail.ledgers.stock.models import Effect, Fund, FundRestriction, Item, ItemClass
from handrail.screens.console.stock_common import day, tabs, text

_FIELDS = (
    "code", "name", "valid_from", "valid_to", "fund", "effect", "item_class", "item_code", "source_document", "clause", "status", "what",
)


@dataclass(frozen=True)
class FundCard:
    """A fund, its restrictions, and lots that stand on it although a later rule forbids them."""

    fund: Fund
    restrictions: list[FundRestriction]
    flagged: list[tuple[queries.ShelfLot, object]]


@may("stock.funds", methods=("GET", "POST"))
def page(request: ActorRequest) -> HttpResponse:
    """All funds; adding a fund or a restriction."""
    problems: tuple[tuple[str, str], ...] = ()
    if request.method == "POST":
        try:
            _add(request)
            return redirect(reverse("stock-funds") + "?saved=1")
        except Refused as refusal:
            problems = refusal.problems
    days = {site.key: site.today for site in Site.objects.filter(request.actor.filter("stock.funds", "key"))}
    here = queries.lots(list(days))
    flags = funds.flags(here, days)
    lots = [(lot, flags[lot.site, lot.lot_id]) for lot in here if (lot.site, lot.lot_id) in flags]
    cards = [
        FundCard(fund, list(fund.restrictions.order_by("valid_from", "key")), [pair for pair in lots if pair[0].fund == fund.code])
        for fund in Fund.objects.all()
    ]
    shown = {
        "tabs": tabs(request.actor, "stock-funds"), "cards": cards, "effects": Effect.choices, "classes": ItemClass.choices,
        "items": Item.objects.filter(is_active=True), "statuses": SourceStatus.choices, "typed": {name: text(request, name) for name in _FIELDS},
        "errors": dict(problems), "error": problems[0][1] if problems else "", "saved": request.GET.get("saved", ""),
    }
    return render(request, "console/stock_funds.html", shown, status=422 if problems else 200)


def _add(request: ActorRequest) -> None:
    since, until = day(text(request, "valid_from"), "valid_from", needed=True), day(text(request, "valid_to"), "valid_to")
    assert since is not None  # noqa: S101  needed
    if text(request, "what") != "restriction":
        funds.add_fund(actor=request.actor, code=text(request, "code"), name=text(request, "name"), valid_from=since, valid_to=until)
        return
    fund = Fund.objects.filter(code=text(request, "fund")).first()
    if fund is None:
        raise Http404
    status = text(request, "status")
    funds.restrict(
        actor=request.actor, fund=fund, effect=text(request, "effect"), valid_from=since, valid_to=until, item_class=text(request, "item_class"),
        item_code=text(request, "item_code"), source_document=text(request, "source_document"), clause=text(request, "clause"),
        status=status if status in SourceStatus.values else SourceStatus.UNVERIFIED.value,
    )
