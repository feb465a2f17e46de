"""Pages of orders by mail: the list by how far they are, a new order, and one order with its next step."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError

from handrail.facts import forms
from handrail.facts.models import Fact, Site
from handrail.facts.queries import site_or_404
from handrail.facts.record import Mode, Refusal, lock_organisation
from handrail.facts.spec import Text
from handrail.kernel import ids
from handrail.kernel.access import ActorRequest, Refused, may
from handrail.kernel.web import posted_id
from handrail.ledgers.stock.reactor import Short
from handrail.services.naloxone import mail_orders, queries, reach, rules
from handrail.services.naloxone.bags import codes_typed
from handrail.services.naloxone.kinds.kit import Event
from handrail.services.naloxone.kinds.mail_order import MailOrder as Order
from handrail.services.naloxone.mail_codes import MailState, MailStepTo, MailTraining, Shipping
from handrail.services.naloxone.mail_models import MailOrder
from handrail.services.naloxone.mail_orders import MAY
from handrail.services.naloxone.values import MAIL_FIRST_CONTACT_HOURS
from handrail.vault import inbox, records

BACK = {event.value: event for event in (Event.RECALLED_RECOVERED, Event.USED)}
"""What may have become of recalled kits that had arrived."""
FIRST = ("handle",)
MORE = ("came_by", "shipping", "training", "have_naloxone_now", "overdosed_or_witnessed_past_year", "language", "area")
BUTTONS: Mapping[str, Text] = {
    "approved": _("Agreed with them"), "packed": _("It is packed"), "shipped": _("It is in the post"), "delivered": _("It arrived"),
    "returned": _("It came back"), "cancelled": _("Cancel the order"),
}


@dataclass(frozen=True)
class SealedInput:
    """A field of the address, with what was typed and what is wrong with it."""

    name: str
    title: str
    hint: str
    longest: int
    lines: int
    value: str
    problem: str


def sealed_inputs(typed: Mapping[str, str], problems: Mapping[str, str]) -> list[SealedInput]:
    """The fields of the address. What is locked away already is never among them."""
    return [
        SealedInput(name, str(field.title), str(field.help_text), field.longest, field.lines, typed.get(f"to-{name}", ""), problems.get(f"to-{name}", ""))
        for name, field in mail_orders.store().fields.items()
    ]


def typed_address(request: ActorRequest) -> dict[str, str]:
    """What was typed into the fields of the address."""
    return {name: request.POST.get(f"to-{name}", "") for name in mail_orders.store().fields}


def order_or_404(request: ActorRequest, order: uuid.UUID) -> MailOrder:
    """An order of a place where this person works for the mail team; any other looks like a page that is not here."""
    found: MailOrder | None = MailOrder.objects.filter(request.actor.filter(MAY), order=order).select_related("site").first()
    if found is None:
        raise Http404
    return found


@may(MAY)
def orders(request: ActorRequest) -> HttpResponse:
    """Every order under way, by how far it is; those that ended last."""
    names = queries.names()
    groups = [(state.label, [(one, names.get(one.order.item, one.order.item)) for one in found]) for state, found in mail_orders.under_way(request.actor).items() if found]
    page = {
        "groups": groups, "recalled": reach.recalled_parcels(request.actor), "ended": [(one, MailState(one.state).label) for one in mail_orders.ended(request.actor)],
        "places": Site.objects.filter(request.actor.filter(MAY, "key"), is_active=True), "hours": MAIL_FIRST_CONTACT_HOURS.read().value,
    }
    return render(request, "naloxone/mail.html", page)


# -- a new order -------------------------------------------------------------------------------------------------------


@may(MAY, methods=("GET", "POST"))
def new(request: ActorRequest, site: uuid.UUID) -> HttpResponse:
    """An order that came by telephone or letter: what they want, and where it goes."""
    place = site_or_404(request.actor, site, MAY)
    if request.method != "POST":
        return _new(request, place, {})
    id, (said, errors) = posted_id(request), _order_typed(request)
    if Fact.objects.filter(request.actor.filter(MAY), id=id, kind="naloxone.mail_order").exists():
        return redirect("mail:order", id)  # a second tap on the same button
    address = typed_address(request)
    errors |= {f"to-{name}": sentence for name, sentence in mail_orders.problems_of(address).items()}
    if not errors:
        try:
            mail_orders.take(actor=request.actor, site=place, id=id, said=said, address=address)
            return redirect(reverse("mail:order", args=[id]) + "?saved=1")
        except Refused as refused:
            errors = dict(refused.problems) or {"": str(refused)}
    return _new(request, place, errors)


def _order_typed(request: ActorRequest) -> tuple[dict[str, object], dict[str, str]]:
    """What was typed of the order itself, and a sentence for each field that is wrong."""
    said: dict[str, object] = {**forms.read(Order, (*FIRST, *MORE), request.POST), "item": request.POST.get("item", "")}
    errors: dict[str, str] = {}
    quantity, wrong = forms.count(request.POST, "quantity")
    said["quantity"] = 1 if quantity is None else quantity
    try:
        Order.model_validate(said)
    except ValidationError as error:
        errors = forms.problems(error)
    if said["item"] not in queries.names():
        errors["item"] = _t("Choose what they want.")
    return said, errors | ({"quantity": wrong} if wrong else {})


def _new(request: ActorRequest, place: Site, errors: Mapping[str, str]) -> HttpResponse:
    post, fields = request.POST, sealed_inputs(request.POST, errors)
    named = {*FIRST, *MORE, "item", "quantity", *(f"to-{field.name}" for field in fields)}
    rest = " ".join(sentence for name, sentence in errors.items() if name not in named)
    page = {
        "site": place, "first": forms.inputs(Order, FIRST, post, errors), "more": forms.inputs(Order, MORE, post, errors), "sealed": fields,
        "items": queries.items(), "item": post.get("item", ""), "quantity": post.get("quantity", "1"), "errors": errors,
        "id": post.get("id") or str(ids.random()), "explain": mail_orders.store().explain,
        "error": rest or (_t("Nothing is saved yet. Look at the marked lines.") if errors else ""),
    }
    return render(request, "naloxone/mail_new.html", page, status=422 if errors else 200)


# -- one order ---------------------------------------------------------------------------------------------------------


@may(MAY)
def order(request: ActorRequest, order: uuid.UUID) -> HttpResponse:
    """One order: what is asked for, how far it is, its next step as one button. The address is behind another page."""
    return shown(request, order_or_404(request, order))


@may(MAY, methods=("POST",))
def step(request: ActorRequest, order: uuid.UUID) -> HttpResponse:
    """The next step. Packing may take more than the book has, once that was said."""
    row = order_or_404(request, order)
    if request.POST.get("to") in BACK:
        return _came_back(request, row)
    try:
        to = MailStepTo(request.POST.get("to", ""))
    except ValueError:
        return shown(request, row, error=_t("Choose what happened."))
    codes = request.POST.get("codes", "")
    mode = Mode.CONFIRMED if request.POST.get("confirm") == "short" else Mode.TYPED
    try:
        mail_orders.go_on(actor=request.actor, order=row.order, to=to, id=posted_id(request), codes=codes_typed(codes), mode=mode)
    except Short as short:
        return shown(request, row, error=" ".join(sentence for _name, sentence in short.problems), ask="short", codes=codes)
    except Refusal as refusal:
        return shown(request, row, error=" ".join(sentence for _name, sentence in refusal.problems), codes=codes)
    except ValidationError as error:
        return shown(request, row, error=" ".join(forms.problems(error).values()), codes=codes)
    return redirect(reverse("mail:order", args=[row.order]) + f"?saved={to.value}")


def _came_back(request: ActorRequest, row: MailOrder) -> HttpResponse:
    """What became of recalled kits of a parcel that had arrived."""
    if Fact.objects.filter(request.actor.filter(MAY), id=posted_id(request), kind="naloxone.kit").exists():
        return redirect(reverse("mail:order", args=[row.order]) + "?saved=back")
    lock_organisation()  # as at the counter: the second of two who write it down at once finds the kits gone
    found = next((one for one in _recalled(request, row) if str(one.lot) == request.POST.get("lot")), None)
    if found is None or row.state != MailState.DELIVERED:
        return shown(request, row, error=_t("Nothing of this lot is with them any more. Look at the list again."))
    quantity, wrong = forms.count(request.POST, "quantity")
    if wrong or not quantity or quantity > found.quantity:
        return shown(request, row, error=wrong or _t("Write how many, from 1 to %(most)d.") % {"most": found.quantity})
    mail_orders.came_back(
        actor=request.actor, row=row, event=BACK[request.POST["to"]], item=row.item, lot=found.lot, quantity=quantity, id=posted_id(request)
    )
    return redirect(reverse("mail:order", args=[row.order]) + "?saved=back")


def _recalled(request: ActorRequest, row: MailOrder) -> list[reach.InParcel]:
    return [one for one in reach.recalled_parcels(request.actor) if one.order.order == row.order]


def shown(request: ActorRequest, row: MailOrder, *, error: str = "", ask: str = "", codes: str = "") -> HttpResponse:
    """The page of one order."""
    said = Fact.objects.filter(id=row.fact).values_list("payload", flat=True).get()
    held = mail_orders.address_of(row.order)
    follows = [(to, BUTTONS[to], str(ids.random())) for to in rules.MAIL_NEXT[row.state]]
    page = {
        "order": row, "state": MailState(row.state).label, "item": queries.names().get(row.item, row.item), "training": MailTraining(said["training"]).label,
        "shipping": Shipping(said["shipping"]).label, "said": said, "path": [(MailState(one.step).label, one.occurred_at) for one in mail_orders.path(row)],
        "main": follows[0] if follows else None, "others": follows[1:], "error": error, "ask": ask, "codes": codes, "typed": request.POST.get("quantity", ""), "recalled": _recalled(request, row), "saved": request.GET.get("saved", ""),
        "goes_on": records.goes_on(held, mail_orders.store()) if held else None, "is_open": row.ended_on is None,
        "waits": held is None and inbox.of_person(row.order, mail_orders.store().key).exists(), "id": str(ids.random()),
    }
    return render(request, "naloxone/mail_order.html", page, status=422 if error else 200)
