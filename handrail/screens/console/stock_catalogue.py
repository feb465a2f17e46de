"""The catalogue: what is handed out, what a kit is made of; and putting kits together."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts.models import Site
from handrail.facts.record import Refusal
from handrail.kernel import ids
from handrail.kernel.access import ActorRequest, may
from handrail.ledgers.stock import catalogue, kits, queries
from handrail.ledgers.stock.commands import Traits
from handrail.ledgers.stock.models import Item, ItemClass, KitComponent, Lot
from handrail.screens.console.stock_common import form_id, fund_codes, pick, sites_of, tabs, text, whole


@may("stock.catalogue")
def listed(request: ActorRequest) -> HttpResponse:
    """Every item by class; retired ones at the end."""
    made_of: dict[int, list[str]] = {}
    for part in KitComponent.objects.select_related("component").order_by("key"):
        made_of.setdefault(part.kit_id, []).append(f"{part.quantity} × {part.component.label}")
    items = [(item, made_of.get(item.key, [])) for item in Item.objects.all()]
    page = {
        "tabs": tabs(request.actor, "stock-catalogue"), "saved": request.GET.get("saved", ""),
        "classes": [(label, [pair for pair in items if pair[0].item_class == value and pair[0].is_active]) for value, label in ItemClass.choices],
        "retired": [item for item, _made in items if not item.is_active],
    }
    return render(request, "console/stock_catalogue.html", page)


@may("stock.catalogue", methods=("GET", "POST"))
def new(request: ActorRequest) -> HttpResponse:
    """A new item or kit."""
    return _form(request, None)


@may("stock.catalogue", methods=("GET", "POST"))
def change(request: ActorRequest, item: str) -> HttpResponse:
    """Rename, retire, bring back; parts and class while nothing of it moved."""
    found = Item.objects.filter(code=item).first()
    if found is None:
        raise Http404
    return _form(request, found)


def _form(request: ActorRequest, item: Item | None) -> HttpResponse:
    problems: tuple[tuple[str, str], ...] = ()
    if request.method == "POST":
        try:
            _save(request, item)
            return redirect(reverse("stock-catalogue") + "?saved=1")
        except Refusal as refusal:
            problems = refusal.problems
    now = {part.component.code: str(part.quantity) for part in KitComponent.objects.filter(kit=item).select_related("component")} if item else {}
    posted = request.method == "POST"
    errors = dict(problems)
    typed = {name: text(request, name) for name in ("code", "name", "item_class", "pack_size", "unit_cost", "currency")} if posted else _now(item)
    others = Item.objects.filter(Q(is_active=True, components__isnull=True) | Q(code__in=now)).exclude(key=item.key if item else 0).distinct()
    page = {
        "item": item, "typed": typed, "classes": ItemClass.choices, "errors": errors, "error": problems[0][1] if problems else "",
        "is_active": "is_active" in request.POST if posted else item is None or item.is_active,
        "names": [
            (code, words, text(request, f"name-{code}") if posted else item.names.get(code, "") if item else "", errors.get(f"name-{code}", ""))
            for code, words in _other_languages(item)
        ],
        "sterile": "sterile" in request.POST if posted else item is not None and item.sterile,
        "expiry_tracked": "expiry_tracked" in request.POST if posted else item is not None and item.expiry_tracked,
        "has_moved": item is not None and catalogue.has_moved(item), "is_kit": bool(now),
        "parts": [(other, text(request, f"part-{other.code}") if posted else now.get(other.code, "")) for other in others],
        "parts_open": bool(now) or any(text(request, f"part-{other.code}") for other in others),
    }
    return render(request, "console/stock_item.html", page, status=422 if problems else 200)


def _now(item: Item | None) -> dict[str, str]:
    """The texts of the form for an item as it is, or for a new one."""
    if item is None:
        return {"code": "", "name": "", "item_class": "", "pack_size": "1", "unit_cost": "", "currency": ""}
    return {
        "code": item.code, "name": item.name, "item_class": item.item_class, "pack_size": str(item.pack_size),
        "unit_cost": "" if item.unit_cost is None else f"{item.unit_cost.normalize():f}", "currency": item.currency,
    }


def _other_languages(item: Item | None) -> list[tuple[str, str]]:
    """Languages offered here besides the one the base name is in, which is the first; and that one too if it has a name of its own."""
    return [(code, words) for code, words in settings.LANGUAGES if code != settings.LANGUAGE_CODE or (item is not None and code in item.names)]


@transaction.atomic
def _save(request: ActorRequest, item: Item | None) -> None:
    name, item_class = text(request, "name"), text(request, "item_class")
    parts = {field.removeprefix("part-"): whole(text(request, field)) for field in request.POST if field.startswith("part-")}
    names = {code: text(request, f"name-{code}") for code, _words in _other_languages(item) if f"name-{code}" in request.POST}
    try:
        pack = whole(text(request, "pack_size"))
    except Refusal:
        pack = 0
    traits = Traits(
        "sterile" in request.POST, "expiry_tracked" in request.POST, catalogue.cost(text(request, "unit_cost")), text(request, "currency").upper()
    )
    if item is None:
        catalogue.create(
            actor=request.actor, code=text(request, "code"), name=name, item_class=item_class, pack_size=pack, parts=parts, names=names, traits=traits,
        )
        return
    if parts:
        catalogue.set_parts(actor=request.actor, kit=item, parts=parts)
    catalogue.update(
        actor=request.actor, item=item, name=name, item_class=item_class, pack_size=pack, is_active="is_active" in request.POST,
        names=names, traits=traits,
    )


@may("stock.assemble", methods=("GET", "POST"))
def kits_page(request: ActorRequest) -> HttpResponse:
    """Put kits together from a shelf, or take them apart."""
    sites = sites_of(request.actor, "stock.assemble")
    error = ""
    if request.method == "POST":
        try:
            _make(request, sites)
            return redirect(reverse("stock-kits") + "?saved=1")
        except Refusal as refusal:
            error = refusal.problems[0][1]
    recipes: dict[int, list[str]] = {}
    for part in KitComponent.objects.select_related("component").order_by("key"):
        recipes.setdefault(part.kit_id, []).append(f"{part.quantity} × {part.component.label}")
    known = Item.objects.filter(is_active=True, components__isnull=False).distinct()
    codes = {item.code for item in known}
    shelves = {site.key: site for site in sites}
    here = [(lot, shelves[lot.site]) for lot in queries.lots([s.key for s in sites]) if lot.item in codes and lot.quantity > 0 and not lot.is_unknown]
    page = {
        "tabs": tabs(request.actor, "stock-kits"), "kits": [(item, recipes.get(item.key, [])) for item in known], "sites": sites, "error": error,
        "lots": [(lot, site, kits.inside(lot.lot_id), str(ids.new())) for lot, site in here], "funds": fund_codes(),
        "typed": {name: text(request, name) for name in ("kit", "kits", "site", "fund", "what", "lot")}, "id": text(request, "id") or str(ids.new()),
        "saved": request.GET.get("saved", ""),
    }
    return render(request, "console/stock_kits.html", page, status=422 if error else 200)


def _make(request: ActorRequest, sites: list[Site]) -> None:
    site, number, fact = pick(sites, text(request, "site")), whole(text(request, "kits")), form_id(text(request, "id"))
    if text(request, "what") == "apart":
        lot = Lot.objects.filter(id=_uuid(text(request, "lot"))).select_related("item").first()
        if lot is None:
            raise Http404
        kits.disassemble(actor=request.actor, site=site, lot=lot, kits=number, id=fact)
        return
    kit = Item.objects.filter(code=text(request, "kit"), is_active=True).first()
    if kit is None:
        raise Refusal([("kit", _("Choose the kit."))])
    kits.assemble(actor=request.actor, site=site, kit=kit, kits=number, fund=text(request, "fund"), id=fact)


def _uuid(typed: str) -> uuid.UUID:
    try:
        return uuid.UUID(typed)
    except ValueError:
        raise Http404 from None
