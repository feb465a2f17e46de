"""What is locked away about a person: writing it down, opening one record for a purpose, forgetting it.

A person's page says only that something is there and until when. The form seals what was typed in the browser where it
can (`seal.js`); the server seals it otherwise. Opening shows one record once, after proving again who one is.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from handrail.facts.record import Refusal
from handrail.kernel.access import Actor, ActorRequest, Refused, may
from handrail.kernel.web import posted_id
from handrail.screens.console.about_person import (
    Form,
    at_hand,
    chosen_place,
    form_of,
    named_place,
    places_of,
    show,
)
from handrail.screens.console.at_hand import hold
from handrail.vault import inbox, keystore, records
from handrail.vault.models import Erasure
from handrail.vault.records import Held, held
from handrail.vault.spec import STORES, SealedStore


@dataclass(frozen=True)
class Line:
    """One store on a person's page: whether something is in it, until when, and what this worker may do."""

    key: str
    title: str
    goes_on: date | None
    waits: bool
    may_write: bool
    may_open: bool


@dataclass(frozen=True)
class Section:
    """The part of a person's page about what is locked away."""

    word: str
    at: str
    lines: list[Line]


@dataclass(frozen=True)
class FieldLine:
    """A field of the form, ready to be shown."""

    name: str
    title: str
    help_text: str
    longest: int
    lines: int
    is_required: bool
    value: str
    problem: str


def section(request: ActorRequest, participant: uuid.UUID, site: int) -> Section | None:
    """Every store this worker may write or open here; None when there is none."""
    actor, there = request.actor, {line.store.key: line for line in held(request.actor, participant)}
    waiting = set(inbox.of_person(participant).values_list("about__store", flat=True))
    lines = [_line(actor, store, there.get(store.key), site, store.key in waiting) for store in STORES if store.is_used and store.subject is None]
    shown = [line for line in lines if line.may_write or line.may_open]
    return Section(hold(request, participant), named_place(request), shown) if shown else None


def _of_people(key: str) -> SealedStore:
    """A store of this key that is about people; any other has pages of its own."""
    found = records.store_of(key)
    if found.subject is not None:
        raise Http404
    return found


def _line(actor: Actor, store: SealedStore, found: Held | None, site: int, waits: bool) -> Line:
    may_open = found is not None and found.may_open
    return Line(store.key, str(store.title), found.goes_on if found else None, waits, store.may_write(actor, site), may_open)


# -- writing -------------------------------------------------------------------------------------------------------------


@may("vault.use", methods=("GET", "POST"))
def write(request: ActorRequest, word: str, store: str) -> HttpResponse:
    """Write it down, or write it anew. What is there already is never shown in the form."""
    participant, kind = at_hand(request, word, "vault.use"), _of_people(store)
    form = form_of(request, word, participant, "vault.use")
    if request.method != "POST":
        if not any(kind.may_write(request.actor, site.key) for site in places_of(request.actor, "vault.use", participant)):
            raise Http404
        return _page(request, form, kind)
    try:
        outcome = _taken(request, participant, kind)
    except Refused as refused:
        if "sealed" in request.POST:
            return JsonResponse({"problems": [{"field": name, "sentence": said} for name, said in refused.problems]}, status=422)
        _mark(form, refused)
        return _page(request, form, kind)
    said = "waits" if outcome.waits else "sealed"
    if "sealed" in request.POST:
        return JsonResponse({"next": _person(request, word, said)})
    return redirect(_person(request, word, said))


def _person(request: ActorRequest, word: str, said: str) -> str:
    return f"{reverse('person', args=[word])}?{urlencode({'at': named_place(request), said: 1})}"


def _taken(request: ActorRequest, participant: uuid.UUID, kind: SealedStore) -> inbox.Outcome:
    site, id = chosen_place(request, "vault.use", participant), posted_id(request)
    if "sealed" not in request.POST:
        return inbox.write_or_keep(actor=request.actor, store=kind, participant=participant, site=site, typed=request.POST.dict(), id=id)
    try:
        sealed, key = base64.b64decode(request.POST["sealed"], validate=True), uuid.UUID(request.POST.get("ingest_key", ""))
    except (binascii.Error, ValueError):
        raise Refusal([("", _("What your browser sealed did not arrive whole. Send it again."))]) from None
    return inbox.take_sealed(actor=request.actor, store=kind, participant=participant, site=site, id=id, key=key, sealed=sealed)


def _page(request: ActorRequest, form: Form, kind: SealedStore) -> HttpResponse:
    fields = [
        FieldLine(name, str(f.title), str(f.help_text), f.longest, f.lines, f.is_required, form.values.get(name, ""), form.errors.get(name, ""))
        for name, f in kind.fields.items()
    ]
    return show(
        request, "sealed_write", form, store=kind, fields=fields, names=",".join(kind.fields), key=_ingest_key(request.actor),
        organisation=request.actor.organisation_id, days=kind.keep_days.read().value,
    )


def _ingest_key(actor: Actor) -> dict[str, str] | None:
    """The public key that the browser seals to; None where there is none yet, and the server says so when the form comes."""
    try:
        found = inbox.current_key(actor.organisation_id)
    except (inbox.NoIngestKey, keystore.NoKeystore):
        return None
    return {"id": str(found.id), "public": base64.b64encode(found.public).decode()}


# -- opening, and forgetting ---------------------------------------------------------------------------------------------


@may("vault.use", methods=("GET", "POST"), step_up=True)
def open_one(request: ActorRequest, word: str, store: str) -> HttpResponse:
    """Ask what it is needed for; then show one record, once."""
    participant, kind = at_hand(request, word, "vault.use"), _of_people(store)
    found = next((line for line in held(request.actor, participant) if line.store.key == kind.key and line.may_open), None)
    if found is None:
        raise Http404
    form = form_of(request, word, participant, "vault.use")
    context: dict[str, Any] = {"store": kind, "purposes": [(code, str(words)) for code, words in kind.purposes.items()]}
    if request.method == "POST":
        try:
            said = records.open_record(actor=request.actor, record=found.record.id, purpose=request.POST.get("purpose", ""))
            context["said"] = [(str(field.title), said[name]) for name, field in kind.fields.items() if name in said]
        except Refused as refused:
            _mark(form, refused)
    return show(request, "sealed_open", form, **context)


def _mark(form: Form, refused: Refused) -> None:
    form.errors = {name: sentence for name, sentence in refused.problems if name}
    form.error = next((sentence for _name, sentence in refused.problems), str(refused))


@may("vault.use", methods=("POST",))
def forget(request: ActorRequest, word: str, store: str) -> HttpResponse:
    """The person wants it gone: its key is destroyed now, and what waits to be taken in with it."""
    participant, kind = at_hand(request, word, "vault.use"), _of_people(store)
    site = chosen_place(request, "vault.use", participant)
    why = Erasure.Why.MISTAKE if request.POST.get("why") == "mistake" else Erasure.Why.PERSON
    inbox.forget(actor=request.actor, store=kind, participant=participant, site=site.key, why=why)
    return redirect(_person(request, word, "forgotten"))
