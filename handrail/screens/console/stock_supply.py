"""What runs out when, and orders: a suggestion with every input shown, never an order by itself."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from handrail.facts.models import Site
from handrail.facts.queries import today
from handrail.facts.record import Refusal
from handrail.kernel import ids
from handrail.kernel.access import ActorRequest, may
from handrail.ledgers.stock import forecast, orders, values
from handrail.ledgers.stock.kinds.order_closed import OrderEnd
from handrail.screens.console.stock_common import form_id, fund_codes, pick, sites_of, tabs, text, whole


@dataclass(frozen=True)
class Line:
    """One item of the page, with numbers as they are read."""

    found: forecast.Forecast
    per_day: str
    per_week: str
    typed: str = ""


def _shown(number: Fraction | None) -> str:
    return "" if number is None else str(number_format(round(float(number), 1), decimal_pos=1))


def _where(request: ActorRequest, permission: str, chosen: str) -> tuple[list[Site], Site | None, list[int] | None]:
    """Places to choose from, the chosen one, and the keys to look at (None: the whole organisation)."""
    sites = sites_of(request.actor, permission)
    site = next((s for s in sites if str(s.id) == chosen), None)
    held = request.actor.sites(permission)
    return sites, site, [site.key] if site else None if held is None else sorted(held)


def _lines(keys: list[int] | None, request: ActorRequest, site: Site | None) -> list[Line]:
    found = [
        Line(f, _shown(f.outlook.use_per_day), _shown(f.outlook.median_week), text(request, f"q-{f.item.code}"))
        for f in forecast.forecasts(keys, site.today if site else today())
    ]
    return sorted(found, key=lambda line: (line.found.outlook.days_left is None, line.found.outlook.days_left or 0, line.found.item.position))


@may("stock.read")
def runs_out(request: ActorRequest) -> HttpResponse:
    """For each item: how many a day, how many days it lasts, what will expire before it is used."""
    sites, site, keys = _where(request, "stock.read", request.GET.get("site", ""))
    lines = _lines(keys, request, site)
    page = {
        "tabs": tabs(request.actor, "stock-runs-out"), "sites": sites, "site": site, "window": values.USE_WINDOW_DAYS.read(),
        "known": [line for line in lines if line.found.outlook.use_per_day is not None],
        "unknown": [line for line in lines if line.found.outlook.use_per_day is None and (line.found.outlook.on_hand or line.found.supply.owed)],
        "may_order": request.actor.may("stock.order"), "everywhere": request.actor.sites("stock.read") is None,
    }
    return render(request, "console/stock_runs_out.html", page)


@may("stock.order", methods=("GET", "POST"))
def listed(request: ActorRequest) -> HttpResponse:
    """Orders and what is still missing of each; closing one that will not come."""
    found = orders.listed(request.actor.sites("stock.order"))
    error = ""
    if request.method == "POST":
        try:
            order = next((o for o in found if str(o.id) == text(request, "order")), None)
            if order is None:
                raise Refusal([("", _("This order is not here."))])
            site = Site.objects.get(key=order.site)
            orders.close(actor=request.actor, order=order, site=site, why=text(request, "why"), id=form_id(text(request, "id")))
            return redirect(reverse("stock-orders") + "?saved=closed")
        except Refusal as refusal:
            error = refusal.problems[0][1]
    page = {
        "tabs": tabs(request.actor, "stock-orders"), "open": [(o, str(ids.new())) for o in found if o.is_open],
        "done": [o for o in found if not o.is_open], "why": OrderEnd.choices, "error": error, "saved": request.GET.get("saved", ""),
        "ends": dict(OrderEnd.choices), "may_receive": request.actor.may("stock.receive"),
    }
    return render(request, "console/stock_orders.html", page, status=422 if error else 200)


@may("stock.order", methods=("GET", "POST"))
def new(request: ActorRequest) -> HttpResponse:
    """An order: the suggestion for each item with its inputs; what is written is ordered."""
    sites, _site, keys = _where(request, "stock.order", "")
    problems: tuple[tuple[str, str], ...] = ()
    if request.method == "POST":
        try:
            quantities = {name.removeprefix("q-"): whole(text(request, name)) for name in request.POST if name.startswith("q-")}
            forecast.order(
                actor=request.actor, site=pick(sites, text(request, "site")), supplier=text(request, "supplier"), quantities=quantities,
                fund=text(request, "fund"), sites=keys, id=form_id(text(request, "id")),
            )
            return redirect(reverse("stock-orders") + "?saved=ordered")
        except Refusal as refusal:
            problems = refusal.problems
    lines = _lines(keys, request, None)
    wanted = [line for line in lines if line.found.outlook.suggested or line.typed]
    page = {
        "sites": sites, "site": text(request, "site") or (str(sites[0].id) if sites else ""), "wanted": wanted,
        "rest": [line for line in lines if line not in wanted], "is_new": request.method != "POST", "funds": fund_codes(),
        "fund": text(request, "fund"), "supplier": text(request, "supplier"), "id": text(request, "id") or str(ids.new()),
        "errors": [sentence for _name, sentence in problems], "lead": values.LEAD_TIME_DAYS.read(), "review": values.REVIEW_DAYS.read(),
        "safety": values.SAFETY_DAYS.read(),
    }
    return render(request, "console/stock_order_new.html", page, status=422 if problems else 200)
