"""The API for devices that seal what they send: the key to seal to, and the inbox that takes it while the vault is locked."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import date
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from pydantic import ValidationError

from handrail.facts import devices
from handrail.facts.devices import own_site
from handrail.facts.envelopes import Found, found_in
from handrail.kernel.access import SIGNED_IN, ActorRequest, Denied, may
from handrail.kernel.bearer import for_programs, problems
from handrail.screens.api import Answered, id_of, not_json, sent_body, wait, witnessed
from handrail.screens.api_schema import DAY, MOST_FACTS, SealedItem
from handrail.vault import inbox, outboxes
from handrail.vault.inbox import Sent

LEAST = 1 + 32 + 16
"""Version, encapsulated key, and the tag of nothing."""
KIB = 1024


@for_programs
@may(SIGNED_IN)
def ingest_key(request: ActorRequest) -> HttpResponse:
    """The newest key to seal to. Whoever holds it can seal and nothing else; opening takes the vault."""
    actor = request.actor
    found = inbox.current_key(actor.organisation_id)
    outboxes.gave_key(actor, found.made_on)
    return JsonResponse({
        "id": str(found.id), "public": base64.b64encode(found.public).decode(), "organisation": str(actor.organisation_id),
        "made_on": found.made_on.isoformat(),
    })


@for_programs
@may(SIGNED_IN, methods=("POST",))
def take(request: ActorRequest) -> HttpResponse:
    """Keep what a device sealed, whether or not anybody can open it now. A person has the pages, and types."""
    actor = request.actor
    if actor.device is None:
        raise Denied("inbox of devices")
    try:
        listed, since, kept = _listed(sent_body(request))
    except Answered as refused:
        return refused.answer
    site = own_site(actor)
    quota = devices.quota(actor.device, site) if site is not None else None
    if quota is not None and quota.is_met and listed:
        return wait(quota)
    read = [_readable(entry) for entry in listed]
    said = iter(inbox.take_facts(actor=actor, sent=[one for one in read if isinstance(one, Sent)]))
    outcomes, weight = [], 0
    for entry, one in zip(listed, read, strict=True):
        if not isinstance(one, Sent):
            outcomes.append(_outcome(id_of(entry), "refused", "unreadable", one))
            continue
        status = next(said)
        weight += -(-len(one.sealed) // KIB) if status == inbox.ACCEPTED else 0
        outcomes.append(_of(str(one.id), status))
    if quota is not None:
        devices.count(actor, quota, weight)
    if since is not None:
        outboxes.confirm(actor, since, inbox.current_key(actor.organisation_id).made_on)
    return JsonResponse({"outcomes": outcomes, **witnessed(actor, kept)})


def _of(id: str, status: str) -> dict[str, Any]:
    if status in {inbox.ACCEPTED, inbox.DUPLICATE}:
        return _outcome(id, status, "", [])
    sentence = {
        inbox.TOO_LARGE: _("This is too large. Send it in several parts."),
        inbox.UNKNOWN_KEY: _("The key it is sealed to is not known here, or was destroyed."),
        inbox.ID_TAKEN: _("Something else was sent under this id."),
    }[status]
    return _outcome(id, "refused", status, [("", sentence)])


def _outcome(id: str | None, status: str, reason: str, found: Found) -> dict[str, Any]:
    return {"id": id, "status": status, "reason": reason, "problems": [{"field": name, "sentence": said} for name, said in found]}


def _listed(body: bytes) -> tuple[list[dict[str, Any]], date | None, Any]:
    """The items, each still as it came, what the device says of the keys it needs, and the head it kept."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        raise Answered(not_json()) from None
    if not isinstance(sent, dict):
        raise Answered(problems(422, [("items", _("This is needed."))]))
    unknown = [(str(name), _("This field does not exist.")) for name in sent if name not in {"items", "needs_keys_since", "head"}]
    if unknown:
        raise Answered(problems(422, unknown))
    items = sent.get("items", [])
    if not isinstance(items, list) or len(items) > MOST_FACTS or not all(isinstance(entry, dict) for entry in items):
        raise Answered(problems(422, [("items", _("Send a list of at most %d items.") % MOST_FACTS)]))
    return items, _day(sent["needs_keys_since"]) if "needs_keys_since" in sent else None, sent.get("head")


def _day(said: Any) -> date:
    wrong = Answered(problems(422, [("needs_keys_since", _("Write it as 2026-09-03."))]))
    if not isinstance(said, str) or not DAY.fullmatch(said):
        raise wrong
    try:
        return date.fromisoformat(said)
    except ValueError:
        raise wrong from None


def _readable(entry: dict[str, Any]) -> Sent | Found:
    try:
        item = SealedItem.model_validate_json(json.dumps(entry), strict=True)
        sealed = base64.b64decode(item.sealed, validate=True)
    except ValidationError as error:
        return found_in(error)
    except (binascii.Error, ValueError):
        return [("sealed", _("This is not base64."))]
    if len(sealed) < LEAST or sealed[0] != 1:
        return [("sealed", _("This was not sealed as described."))]
    return Sent(item.id, item.key, sealed)


def urls() -> list[URLPattern]:
    """The addresses, each declared to the gate."""
    return [path("ingest-key/", ingest_key, name="api-ingest-key"), path("inbox/", take, name="api-inbox")]
