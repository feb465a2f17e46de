"""The address of an order: opened for a purpose to print a plain label, written anew, forgotten. Each opening leaves a line."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.kernel import ids
from handrail.kernel.access import ActorRequest, Refused, may
from handrail.kernel.web import posted_id
from handrail.services.naloxone import mail_orders, queries
from handrail.services.naloxone.mail_models import MailOrder
from handrail.services.naloxone.mail_orders import MAY
from handrail.services.naloxone.mail_pages import order_or_404, sealed_inputs, shown, typed_address
from handrail.services.naloxone.values import MAIL_RETURN_ADDRESS
from handrail.vault import inbox, records
from handrail.vault.models import Erasure

ON_LABEL = ("name", "address", "note")
"""What is printed. How and when to reach somebody stands beside it, on the screen alone."""


@may(MAY, methods=("GET", "POST"), step_up=True)
def label(request: ActorRequest, order: uuid.UUID) -> HttpResponse:
    """Ask what the address is needed for; then show it once, as a label to print."""
    row = order_or_404(request, order)
    held = mail_orders.address_of(row.order)
    if held is None:
        return shown(request, row, error=_("There is no address to open: it waits until an officer unlocks the vault, or it is gone already."))
    purpose, problem = request.POST.get("purpose", ""), ""
    if request.method == "POST":
        try:
            said = records.open_record(actor=request.actor, record=held.id, purpose=purpose)
            return _label(request, row, said)
        except Refused as refused:
            problem = next((sentence for _name, sentence in refused.problems), str(refused))
    page = {
        "order": row, "purposes": [(code, str(words)) for code, words in mail_orders.store().purposes.items()], "purpose": purpose or ("pack" if row.state == "approved" else ""),
        "problem": problem,
    }
    return render(request, "naloxone/mail_open.html", page, status=422 if problem else 200)


def _label(request: ActorRequest, row: MailOrder, said: dict[str, str]) -> HttpResponse:
    fields = mail_orders.store().fields
    page: dict[str, Any] = {
        "order": row, "item": queries.names().get(row.item, row.item), "to": [said[name] for name in ON_LABEL if name in said], "id": str(ids.random()),
        "beside": [(str(fields[name].title), said[name]) for name in fields if name in said and name not in ON_LABEL], "may_pack": row.state == "approved",
        "from": [line.strip() for line in MAIL_RETURN_ADDRESS.read(site=row.site).value.split("/") if line.strip()],
    }
    return render(request, "naloxone/mail_label.html", page)


@may(MAY, methods=("GET", "POST"))
def address(request: ActorRequest, order: uuid.UUID) -> HttpResponse:
    """Write the address anew. What is locked away is not shown: it is another thing to read it."""
    row = order_or_404(request, order)
    errors: dict[str, str] = {}
    if request.method == "POST":
        typed = typed_address(request)
        errors = {f"to-{name}": sentence for name, sentence in mail_orders.problems_of(typed).items()}
        if not errors:
            try:
                mail_orders.write_address(actor=request.actor, site=row.site, order=row.order, address=typed, id=posted_id(request))
                return redirect(reverse("mail:order", args=[row.order]) + "?saved=address")
            except Refused as refused:
                errors = dict(refused.problems) or {"": str(refused)}
    fields = sealed_inputs(request.POST, errors)
    page = {
        "order": row, "sealed": fields, "id": request.POST.get("id") or str(ids.random()), "explain": mail_orders.store().explain,
        "error": " ".join(sentence for name, sentence in errors.items() if not name.startswith("to-")) or (_("Nothing is saved yet. Look at the marked lines.") if errors else ""),
    }
    return render(request, "naloxone/mail_address.html", page, status=422 if errors else 200)


@may(MAY, methods=("POST",))
def forget(request: ActorRequest, order: uuid.UUID) -> HttpResponse:
    """The person wants it gone: the key of the address is destroyed now, and what waits to be locked away with it."""
    row = order_or_404(request, order)
    inbox.forget(actor=request.actor, store=mail_orders.store(), participant=row.order, site=row.site.key, why=Erasure.Why.PERSON)
    return redirect(reverse("mail:order", args=[row.order]) + "?saved=forgotten")
