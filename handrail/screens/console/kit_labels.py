"""Labels for kits: codes of our own on kits of a lot, each with a square that leads to the page where anybody can tell what happened."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts import forms
from handrail.facts.models import Site
from handrail.facts.record import AlreadySaved, Refusal
from handrail.kernel import crypto, ids
from handrail.kernel.access import ActorRequest, may
from handrail.kernel.web import posted_id
from handrail.ledgers.stock.models import Lot
from handrail.ledgers.stock.queries import ShelfLot
from handrail.screens.console import qr
from handrail.services.naloxone import commands, queries

MOST = 60
"""Labels on one print: more make a page that a phone cannot draw."""


@dataclass(frozen=True)
class Label:
    """What stands on one kit."""

    code: str
    square: qr.Code
    item: str
    lot: str
    expiry: date | None


@may("naloxone.give", methods=("GET", "POST"))
def kit_labels(request: ActorRequest) -> HttpResponse:
    """Choose a lot and how many; the labels to print come back, and the codes are written down once."""
    shelves = queries.shelves(request.actor)
    errors: dict[str, str] = {}
    if request.method == "POST":
        labels, errors = _made(request, shelves)
        if labels:
            return render(request, "console/kit_labels.html", {"labels": labels})
    page = {
        "shelves": [(f"{site.id} {lot.lot_id}", f"{lot.item_name} · {lot.lot} · {site.name}", lot.quantity) for site, lot in shelves],
        "chosen": request.POST.get("shelf", ""), "quantity": request.POST.get("quantity", ""), "id": request.POST.get("id") or str(ids.new()), "errors": errors,
    }
    return render(request, "console/kit_labels_new.html", page, status=422 if errors else 200)


def _made(request: ActorRequest, shelves: list[tuple[Site, ShelfLot]]) -> tuple[list[Label], dict[str, str]]:
    found = next(((site, lot) for site, lot in shelves if f"{site.id} {lot.lot_id}" == request.POST.get("shelf")), None)
    if found is None:
        return [], {"shelf": _("Choose which kits.")}
    quantity, wrong = forms.count(request.POST, "quantity")
    if wrong or not quantity or quantity > MOST:
        return [], {"quantity": wrong or _("Write how many, from 1 to %d.") % MOST}
    (site, shelf), id = found, posted_id(request)
    lot = Lot.objects.select_related("item").get(id=shelf.lot_id)
    codes = [_new_code() for _label in range(quantity)]
    try:
        commands.label(actor=request.actor, site=site, lot=lot, codes=codes, id=id)
    except AlreadySaved:  # the second tap on the same button: the codes of the first
        codes = _codes_of(id)
    except Refusal as refusal:
        return [], {name or "shelf": sentence for name, sentence in refusal.problems}
    address = request.build_absolute_uri(reverse("aid:tell-of", args=[request.actor.organisation_id]))
    return [Label(code, qr.code(f"{address}?kit={code}"), lot.item.label, lot.code, lot.expiry) for code in codes], {}


def _new_code() -> str:
    """A random code with a digit in it: a code on a kit is no word."""
    while True:
        code = crypto.new_code()
        if any(symbol.isdigit() for symbol in code):
            return code


def _codes_of(id: uuid.UUID) -> list[str]:
    before = queries.fact(id, "naloxone.labelled")
    return list(before.parsed.kit_codes) if before is not None else []
