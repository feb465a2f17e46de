"""A delivery came in: lot by lot, with the fund that paid and the order it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts.models import Site
from handrail.facts.queries import today
from handrail.facts.record import Refusal
from handrail.kernel import clock, ids
from handrail.kernel.access import ActorRequest, may
from handrail.kernel.commands import too_long
from handrail.ledgers.stock import commands, orders
from handrail.ledgers.stock.models import Item, Lot
from handrail.screens.console.stock_common import (
    beside,
    day,
    form_id,
    fund_codes,
    last_day,
    pick,
    sites_of,
    text,
    whole,
)

LINES, MOST_LINES = 6, 40
SHOWN_LINES = 2
"""Lines shown at once; empty ones beyond them are one tap away."""
LONGEST_AGO = timedelta(days=366)
"""A delivery is seldom written down later than that; a slip of the year is common."""
_FIELDS = ("item", "lot", "quantity", "expiry", "fund")


@dataclass(frozen=True)
class DeliveryLine:
    """A line of the delivery form as typed."""

    number: int
    item: str = ""
    lot: str = ""
    quantity: str = ""
    expiry: str = ""
    fund: str = ""
    error: str = ""


@dataclass(frozen=True)
class DeliveryForm:
    """The delivery form with what was typed."""

    id: str
    sites: list[Site]
    items: list[Item]
    funds: list[str]
    orders: list[orders.Order]
    site: str
    order: str
    approval: str
    came_on: str
    lines: list[DeliveryLine]
    error: str = ""
    asks_approval: bool = False

    @property
    def shown(self) -> list[DeliveryLine]:
        """The lines with something in them, and at least the first ones."""
        last = max((n for n, line in enumerate(self.lines) if line.item or line.lot or line.quantity or line.expiry or line.error), default=-1)
        return self.lines[: max(SHOWN_LINES, last + 2)]

    @property
    def spare(self) -> list[DeliveryLine]:
        """The empty lines after them."""
        return self.lines[len(self.shown) :]


@may("stock.receive", methods=("GET", "POST"))
def receive(request: ActorRequest) -> HttpResponse:
    """A delivery note: item, lot, quantity, expiry, fund; and which order it answers."""
    form = _form(request)
    if request.method != "POST":
        return render(request, "console/receive.html", {"form": form})
    checked = [_delivery(line) for line in form.lines]
    filled = [(line.number, made) for line, made in zip(form.lines, checked, strict=True) if isinstance(made, commands.Delivery)]
    errors = {line.number: made for line, made in zip(form.lines, checked, strict=True) if isinstance(made, str) and made}
    error = _("Nothing is saved yet. Look at the marked lines.") if errors else "" if filled else _("Write at least one line of the delivery.")
    if not error:
        try:
            order = form_id(form.order) if form.order else None
            if order is not None and all(order != known.id for known in form.orders):
                raise Refusal([("order", _("Choose one of the open orders, or none."))])
            site = pick(form.sites, form.site)
            commands.receive(
                actor=request.actor, site=site, id=form_id(form.id), lines=[made for _n, made in filled], order=order,
                approval=form.approval, occurred_at=_moment(form.came_on, site),
            )
            return redirect(reverse("stock") + f"?saved=received&place={form.site}")
        except Refusal as refusal:
            error, errors = beside(refusal, "line-", [number for number, _made in filled])
    lines = [replace(line, error=errors.get(line.number, "")) for line in form.lines]
    form = replace(form, lines=lines, error=error, asks_approval=form.asks_approval or bool(errors))
    return render(request, "console/receive.html", {"form": form}, status=422)


def _moment(typed: str, site: Site) -> datetime:
    """When it came in: now if that was today at the place, else noon of the day. What a fund forbids is asked of this day."""
    came_on = day(typed, "came_on", needed=True)
    assert came_on is not None  # noqa: S101  needed
    if came_on > site.today:
        raise Refusal([("came_on", _("This day has not come yet."))])
    if came_on < site.today - LONGEST_AGO:
        raise Refusal([("came_on", _("That is more than a year ago. Check the year."))])
    return clock.now() if came_on == site.today else clock.noon(came_on, site.time_zone)


def _form(request: ActorRequest) -> DeliveryForm:
    sites = sites_of(request.actor, "stock.receive")
    expected = [order for order in orders.listed(request.actor.sites("stock.receive")) if order.is_open]
    chosen = text(request, "order") if request.method == "POST" else request.GET.get("order", "")
    if request.method == "POST":
        lines = _typed(request.POST)
    else:
        due = next(([line for line in order.lines if line.outstanding] for order in expected if str(order.id) == chosen), [])
        lines = [DeliveryLine(n, line.item, quantity=str(line.outstanding)) for n, line in enumerate(due[:MOST_LINES])]
        lines += [DeliveryLine(n) for n in range(len(lines), min(MOST_LINES, max(LINES, len(lines) + 1)))]
    ordered_to = next((order.site for order in expected if str(order.id) == chosen), None)
    first = next((site for site in sites if site.key == ordered_to), sites[0] if sites else None)
    return DeliveryForm(
        text(request, "id") or str(ids.new()), sites, list(Item.objects.filter(is_active=True)), fund_codes(), expected,
        text(request, "site") or (str(first.id) if first else ""), chosen, text(request, "approval"),
        text(request, "came_on") if request.method == "POST" else (first.today if first else today()).isoformat(), lines,
        asks_approval=bool(text(request, "approval")),
    )


def _typed(post: Mapping[str, str]) -> list[DeliveryLine]:
    most = max([LINES, *(int(name.removeprefix("item-")) + 1 for name in post if name.startswith("item-") and name[5:].isascii() and name[5:].isdigit())])
    return [DeliveryLine(n, *(post.get(f"{field}-{n}", "").strip() for field in _FIELDS)) for n in range(min(MOST_LINES, most))]


def _delivery(line: DeliveryLine) -> commands.Delivery | str:
    """The line as a delivery, or what is wrong with it; an empty line is an empty string."""
    if not (line.item or line.lot or line.quantity or line.expiry):
        return ""
    if not line.item:
        return _("Choose the item.")
    try:
        quantity = whole(line.quantity)
    except Refusal:
        quantity = 0
    if not quantity:
        return _("Write how many, as a whole number.")
    if not line.lot:
        return _("Write the lot number that is printed on the box.")
    for _name, sentence in too_long(Lot(code=line.lot)):
        return sentence
    try:
        return commands.Delivery(line.item, line.lot, quantity, last_day(line.expiry, "expiry"), line.fund)
    except Refusal as refusal:
        return refusal.problems[0][1]
