"""My bag: what is in it, what expires, giving in three taps, what came back or was used, and filling it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from pydantic import ValidationError

from handrail.facts import forms
from handrail.facts.models import Fact, Site
from handrail.facts.queries import site_or_404
from handrail.facts.record import Mode, Refusal
from handrail.kernel import ids
from handrail.kernel.access import Actor, ActorRequest, may
from handrail.kernel.web import posted_id
from handrail.ledgers.stock.queries import ShelfLot, lots
from handrail.ledgers.stock.reactor import Short
from handrail.services.naloxone import commands, queries
from handrail.services.naloxone.codes import CARRIED, Origin
from handrail.services.naloxone.kinds.kit import Event, KitEvent
from handrail.services.naloxone.kinds.supply import Supply
from handrail.services.naloxone.models import Report
from handrail.services.naloxone.values import EXPIRED_WITH_NOTICE, MAX_LINE_QUANTITY, SHORT_DATED_DAYS

QUICK = (1, 2, 3, 4)
FIRST_FIELDS = ("supply_type",)
MORE_FIELDS = ("repeat_reason", "recipient_kind", "risk_person_consent", "trained", "previous_kit_from", "channel", "source_class", "qr_given")


@dataclass(frozen=True)
class Row:
    """One item of the form: how many are there, and what was typed."""

    item: queries.InBag
    typed: str
    error: str
    expired: str = ""
    """How many expired ones were typed, where they may be handed out."""
    quick: tuple[int, ...] = QUICK

    @property
    def is_custom(self) -> bool:
        """Whether another number than the ones to tap was typed."""
        return bool(self.typed) and self.typed not in {str(n) for n in self.quick}


@dataclass(frozen=True)
class BagPage:
    """The page of a bag. `ask` names what a second tap confirms."""

    site: Site
    rows: list[Row]
    first: list[forms.Input]
    more: list[forms.Input]
    more_open: bool
    codes: str
    id: str
    error: str
    ask: str
    confirmed: list[str]
    saved: str
    replaces: Report | None = None
    may_give_expired: bool = False
    fields: dict[str, str] = field(default_factory=dict)


def codes_typed(typed: str) -> list[str]:
    """Codes of kits as they were typed or scanned, with anything between them."""
    return list(dict.fromkeys(word.upper() for word in typed.replace(",", " ").replace(";", " ").split()))


@may("naloxone.give", methods=("GET", "POST"))
def bag(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """What is here, and handing some of it to one person: how many, first or again, give."""
    place = site_or_404(request.actor, site, "naloxone.give")
    if request.method == "POST" and Fact.objects.filter(request.actor.filter("naloxone.give"), id=posted_id(request)).exists():
        return redirect(_after(place, "given"))  # a second tap on the same button
    told, given_meanwhile = _replaced(request, place)
    if request.method != "POST":
        return _bag(request, place, {}, told)
    id = posted_id(request)
    (quantities, errors), (expired, wrong) = _quantities(request.POST), _expired(request.POST, place)
    errors |= wrong
    if given_meanwhile:
        errors[""] = _("Somebody wrote down a new kit for that overdose meanwhile. If you gave another one, save again: nothing you typed is lost.")
    said = forms.read(Supply, (*FIRST_FIELDS, *MORE_FIELDS), request.POST) | ({"replaces_report": told.root} if told else {})
    confirmed, most = request.POST.getlist("confirm"), MAX_LINE_QUANTITY.read().value
    if not errors and "large" not in confirmed and any(quantity > most for quantity in quantities.values()):
        errors[""] = _("More than %(n)d in one line. If that is right, save again.") % {"n": most}
        return _bag(request, place, errors, told, ask="large")
    ask = ""
    if not errors:
        try:
            commands.give(
                actor=request.actor, site=place, quantities=quantities, codes=codes_typed(request.POST.get("codes", "")), said=said, id=id, expired=expired,
                participant=told.participant if told else None, mode=Mode.CONFIRMED if "short" in confirmed else Mode.TYPED,
            )
            return redirect(_after(place, "given"))
        except Short as refusal:
            errors, ask = _by_item(refusal.problems), "short"
        except Refusal as refusal:
            errors = _by_item(refusal.problems)
        except ValidationError as error:
            errors = forms.problems(error)
    return _bag(request, place, errors, told, ask=ask)


def _replaced(request: ActorRequest, place: Site) -> tuple[Report | None, bool]:
    """The report whose kit is replaced here, if one is named; and whether it got one while this form was filled in. The page of one that has it is not here."""
    named = request.POST.get("replaces") or (request.GET.get("replaces") if request.method == "GET" else "") or ""
    if not named:
        return None, False
    try:
        root = uuid.UUID(named)
    except ValueError:
        raise Http404 from None
    found = queries.to_replace(request.actor, place, root)
    given_meanwhile = found is None and request.method == "POST" and queries.reports(request.actor).filter(root=root, site=place).exists()
    if found is None and not given_meanwhile:
        raise Http404
    return found, given_meanwhile


def _after(place: Site, what: str) -> str:
    return reverse("naloxone:bag", args=[place.id]) + f"?saved={what}"


def _by_item(problems: Sequence[tuple[str, str]]) -> dict[str, str]:
    return {name.removeprefix("lines."): sentence for name, sentence in problems}


def _quantities(post: QueryDict, prefix: str = "q-") -> tuple[dict[str, int], dict[str, str]]:
    """How many of which item: what was written stands before what was tapped."""
    quantities: dict[str, int] = {}
    errors: dict[str, str] = {}
    for item in queries.items():
        name = f"n-{item.code}" if post.get(f"n-{item.code}", "").strip() else f"{prefix}{item.code}"
        quantity, wrong = forms.count(post, name)
        errors |= {item.code: wrong} if wrong else {}
        quantities |= {item.code: quantity} if quantity else {}
    return quantities, errors


def _expired(post: QueryDict, place: Site) -> tuple[dict[str, int], dict[str, str]]:
    """How many expired ones, where somebody decided that they may be handed out; elsewhere nothing is read."""
    if not EXPIRED_WITH_NOTICE.read(site=place).value:
        return {}, {}
    quantities: dict[str, int] = {}
    errors: dict[str, str] = {}
    for item in queries.items():
        quantity, wrong = forms.count(post, f"x-{item.code}")
        errors |= {item.code: wrong} if wrong else {}
        quantities |= {item.code: quantity} if quantity else {}
    return quantities, errors


def _bag(request: ActorRequest, place: Site, errors: Mapping[str, str], told: Report | None, *, ask: str = "") -> HttpResponse:
    post = request.POST
    if told is not None and request.method != "POST":
        post = QueryDict("supply_type=repeat&repeat_reason=used_unknown&recipient_kind=person_at_risk&risk_person_consent=not_recorded")
    rows = [
        Row(one, post.get(f"n-{one.item.code}", "").strip() or post.get(f"q-{one.item.code}", ""), errors.get(one.item.code, ""), post.get(f"x-{one.item.code}", ""))
        for one in queries.inside(place, SHORT_DATED_DAYS.read().value)
    ]
    named = {row.item.item.code for row in rows} | {*FIRST_FIELDS, *MORE_FIELDS, "codes"}
    rest = [sentence for name, sentence in errors.items() if name not in named]
    page = BagPage(
        site=place, rows=rows, first=forms.inputs(Supply, FIRST_FIELDS, post, errors), more=forms.inputs(Supply, MORE_FIELDS, post, errors),
        more_open=any(name in errors for name in (*MORE_FIELDS, "codes")) or bool(request.POST.get("repeat_reason")), codes=post.get("codes", ""),
        id=post.get("id") or str(ids.new()), error=" ".join(rest) or (_("Nothing is saved yet. Look at the marked lines.") if errors else ""), ask=ask,
        confirmed=[*post.getlist("confirm"), *([ask] if ask else [])] if ask else [], saved=request.GET.get("saved", ""),
        fields={"codes": errors.get("codes", "")}, replaces=told, may_give_expired=bool(EXPIRED_WITH_NOTICE.read(site=place).value),
    )
    return render(request, "naloxone/bag.html", {"page": page}, status=422 if page.error else 200)


# -- what became of kits -----------------------------------------------------------------------------------------------

TOLD = ("event", "quantity", "ours", "origin")


@may("naloxone.give", methods=("GET", "POST"))
def tell(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """Used, came back, lost, taken away, passed on, swapped: by its code, or by how many of what."""
    place = site_or_404(request.actor, site, "naloxone.give")
    errors: dict[str, str] = {}
    if request.method == "POST":
        errors = _tell(request, place)
        if not errors:
            return redirect(_after(place, "told"))
    here = _known_lots(place)
    named = {*TOLD, "item", "codes", "lot"}
    rest = [sentence for name, sentence in errors.items() if name not in named]
    page = {
        "site": place, "inputs": forms.inputs(KitEvent, TOLD, request.POST, errors), "items": queries.items(), "item": request.POST.get("item", ""),
        "lots": here, "lot": request.POST.get("lot", ""), "codes": request.POST.get("codes", ""), "id": request.POST.get("id") or str(ids.new()),
        "errors": errors, "error": " ".join(rest) or (_("Nothing is saved yet. Look at the marked lines.") if errors else ""),
    }
    return render(request, "naloxone/tell.html", page, status=422 if errors else 200)


def _tell(request: ActorRequest, place: Site) -> dict[str, str]:
    post, said = request.POST, forms.read(KitEvent, TOLD, request.POST)
    codes, lot = codes_typed(post.get("codes", "")), None
    quantity, wrong = forms.count(post, "quantity")
    if wrong:
        return {"quantity": wrong}
    if said.get("event") not in Event.values:
        return {"event": _("Choose one of the answers.")}
    known = {str(one.lot_id): one for one in _known_lots(place)}
    item = post.get("item", "")
    if post.get("lot") in known:
        lot, item = known[post["lot"]].lot_id, known[post["lot"]].item
    if said.get("origin") not in {None, *Origin.values}:
        return {"origin": _("Choose one of the answers.")}
    try:
        commands.tell(
            actor=request.actor, site=place, event=Event(said["event"]), item=item, lot=lot, quantity=1 if quantity is None else quantity, codes=codes,
            ours=bool(said.get("ours")), origin=Origin(said.get("origin") or Origin.UNKNOWN), id=posted_id(request),
        )
    except Refusal as refusal:
        return dict(refusal.problems)
    except ValidationError as error:
        return forms.problems(error)
    return {}


def _known_lots(place: Site) -> list[ShelfLot]:
    """Lots of naloxone that are or were here, the first to expire first: to choose from, where somebody can read the box."""
    codes = {item.code for item in queries.items()}
    found = [lot for lot in lots(None) if lot.item in codes and not lot.is_unknown]
    unique: dict[uuid.UUID, ShelfLot] = {}
    for lot in sorted(found, key=lambda lot: lot.site != place.key):
        unique.setdefault(lot.lot_id, lot)
    return list(unique.values())


# -- filling -----------------------------------------------------------------------------------------------------------


@may("naloxone.give", methods=("GET", "POST"))
def fill(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """Into the bag from a store, or back: a transfer, nobody was given anything."""
    place = site_or_404(request.actor, site, "naloxone.give")
    if place.kind not in CARRIED:
        raise Http404
    shelves = _shelves(request.actor, place)
    errors: dict[str, str] = {}
    ask = ""
    if request.method == "POST":
        quantities, errors = _quantities(request.POST)
        other = next((s for s in shelves if str(s.id) == request.POST.get("other")), None)
        if other is None:
            errors["other"] = _("Choose where it comes from or goes to.")
        elif not errors:
            source, target = (place, other) if request.POST.get("way") == "back" else (other, place)
            mode = Mode.CONFIRMED if request.POST.get("confirm") == "short" else Mode.TYPED
            try:
                commands.fill(actor=request.actor, source=source, target=target, quantities=quantities, id=posted_id(request), mode=mode)
                return redirect(_after(place, "filled"))
            except Refusal as refusal:
                errors, ask = _by_item(refusal.problems), "short" if isinstance(refusal, Short) else ""
            except ValidationError as error:
                errors = forms.problems(error)
    rows = [Row(one, request.POST.get(f"q-{one.item.code}", ""), errors.get(one.item.code, "")) for one in queries.inside(place, SHORT_DATED_DAYS.read().value)]
    known = {row.item.item.code for row in rows} | {"other"}
    page = {
        "site": place, "shelves": shelves, "other": request.POST.get("other") or (str(shelves[0].id) if shelves else ""), "rows": rows, "ask": ask,
        "way": request.POST.get("way", "in"), "id": request.POST.get("id") or str(ids.new()), "errors": errors,
        "error": " ".join(s for name, s in errors.items() if name not in known) or (_("Nothing is saved yet. Look at the marked lines.") if errors else ""),
    }
    return render(request, "naloxone/fill.html", page, status=422 if errors else 200)


def _shelves(actor: Actor, place: Site) -> list[Site]:
    return [site for site in queries.places(actor) if site.key != place.key]


