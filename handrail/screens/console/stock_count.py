"""Counting a shelf: the lots the book has there, those it thinks are used up, and any other that is found."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts.models import Site
from handrail.facts.record import Refusal
from handrail.kernel import clock, ids
from handrail.kernel.access import ActorRequest, may
from handrail.kernel.commands import too_long
from handrail.ledgers.stock import counts, queries
from handrail.ledgers.stock.kinds.counted import Difference
from handrail.ledgers.stock.models import Item, Lot
from handrail.screens.console.stock_common import beside, form_id, last_day, lots_typed, site_or_404, text, whole

RECENTLY = timedelta(days=90)
"""A lot that was used up within these days may still lie somewhere."""
OTHERS = 3
"""Lines for lots that are not listed."""


@dataclass(frozen=True)
class OtherLine:
    """A lot that the list does not show, as typed."""

    number: int
    item: str
    lot: str
    quantity: str
    expiry: str
    error: str = ""

    @property
    def is_filled(self) -> bool:
        """Whether anything stands in it."""
        return bool(self.item or self.lot or self.quantity or self.expiry)


@may("stock.count", methods=("GET", "POST"))
def count(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """Count a shelf: what is there, lot by lot, and why it differs if somebody knows."""
    place = site_or_404(request.actor, site, "stock.count")
    others = [OtherLine(n, *(text(request, f"other-{field}-{n}") for field in ("item", "lot", "quantity", "expiry"))) for n in range(OTHERS)]
    error, errors = "", {}
    if request.method == "POST":
        read = [_other(line) for line in others]
        said = [(line.number, made) for line, made in zip(others, read, strict=True) if isinstance(made, counts.Other)]
        errors = {line.number: made for line, made in zip(others, read, strict=True) if isinstance(made, str) and made}
        error = _("Nothing is saved yet. Look at the marked lines.") if errors else ""
        try:
            if not error:
                _save(request, place, [made for _n, made in said])
                return redirect(reverse("stock") + f"?saved=counted&place={place.id}")
        except Refusal as refusal:
            error, errors = beside(refusal, "other-", [number for number, _made in said])
    typed = {name.removeprefix("lot-"): text(request, name) for name in request.POST if name.startswith("lot-")}
    lots = queries.lots([place.key])
    used_up = queries.used_up(place.key, clock.now() - RECENTLY, also=[lot for lot, value in typed.items() if value])
    page = {
        "site": place, "lots": [(lot, typed.get(str(lot.lot_id), "")) for lot in lots], "error": error,
        "used_up": [(lot, typed.get(str(lot.lot_id), "")) for lot in used_up], "used_up_open": any(typed.get(str(lot.lot_id)) for lot in used_up),
        "others": [replace(line, error=errors.get(line.number, "")) for line in others], "others_open": any(line.is_filled for line in others),
        "items": Item.objects.filter(is_active=True), "id": text(request, "id") or str(ids.new()),
        "reason": text(request, "reason", Difference.NOT_KNOWN.value), "reasons": Difference.choices,
    }
    return render(request, "console/count.html", page, status=422 if error else 200)


def _save(request: ActorRequest, place: Site, others: list[counts.Other]) -> None:
    found = {lot: whole(typed) for lot, typed in lots_typed(request).items()}
    if not (found or others):
        raise Refusal([("", _("Write how many there are, for at least one lot."))])
    reason = text(request, "reason", Difference.NOT_KNOWN.value)
    counts.count(actor=request.actor, site=place, found=found, others=others, id=form_id(text(request, "id")), reason=reason)


def _other(line: OtherLine) -> counts.Other | str:
    """The line as it is counted, or what is wrong with it; an empty line is an empty string."""
    if not line.is_filled:
        return ""
    if not line.item:
        return _("Choose the item.")
    try:
        quantity = whole(line.quantity or "-")
        expiry = last_day(line.expiry, "expiry")
    except Refusal as refusal:
        return refusal.problems[0][1]
    return next((sentence for _name, sentence in too_long(Lot(code=line.lot))), counts.Other(line.item, line.lot, quantity, expiry))
