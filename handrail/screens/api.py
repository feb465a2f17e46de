"""The API: one address per kind of fact, one for several facts at once, and two lists of what they can name.

The description is at `/api/openapi.json`. What is posted takes the same path as a form: the one door. An id makes a
retry harmless; the answer says what became of each fact. A device sends its token; a person's session works as well.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from pydantic import BaseModel, ValidationError

from handrail.facts import alarms, devices, heads
from handrail.facts.devices import own_site
from handrail.facts.envelopes import Found, draft_of, found_in, readable, strictly
from handrail.facts.models import Fact, Site
from handrail.facts.queries import needs_proof
from handrail.facts.record import AlreadySaved, Draft, Mode, Outcome, Refusal, Status, record, record_many
from handrail.facts.spec import KINDS
from handrail.facts.unreadable import is_storable
from handrail.kernel.access import SIGNED_IN, Actor, ActorRequest, may
from handrail.kernel.bearer import for_programs, problem, problems
from handrail.ledgers.stock.models import Item
from handrail.screens.api_schema import MOST_BYTES, MOST_FACTS, body_of, document
from handrail.screens.console import step_up


class Answered(Exception):
    """What was sent cannot be read; `answer` says why."""

    def __init__(self, answer: HttpResponse) -> None:
        self.answer = answer


def sent_body(request: HttpRequest) -> bytes:
    """The body of a request, which must be JSON in UTF-8 and not too large."""
    if request.content_type != "application/json" or (request.content_params or {}).get("charset", "utf-8").lower().strip('"') != "utf-8":
        raise Answered(problem(415, _("Send JSON in UTF-8, with the content type application/json.")))
    try:
        body = request.body
    except RequestDataTooBig:
        body = b" " * (MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise Answered(problem(413, _("This is too large. Send it in several parts.")))
    return body


def not_json() -> HttpResponse:
    """What was sent is no JSON at all."""
    return problem(400, _("This is not JSON."))


def _answer(outcome: Outcome) -> dict[str, str]:
    return {"id": str(outcome.id), "status": outcome.status.value, "reason": outcome.reason}


# -- one fact -------------------------------------------------------------------------------------------------------


def _one(kind: str) -> Callable[[ActorRequest], HttpResponse]:
    @for_programs
    @may(KINDS[kind].may, instead=KINDS[kind].may_instead, methods=("POST",))
    def post(request: ActorRequest) -> HttpResponse:
        try:
            fact = strictly(body_of(kind), sent_body(request))
        except Answered as refused:
            return refused.answer
        except ValidationError as error:
            return not_json() if error.errors()[0]["type"] == "json_invalid" else problems(422, found_in(error))
        return _record(request.actor, kind, fact)

    return post


def _record(actor: Actor, kind: str, fact: Any) -> HttpResponse:
    payload: BaseModel = fact.payload
    if not is_storable(kind, 0, payload.model_dump(mode="json")):
        return problems(422, [("payload", _("It holds a character or a number that cannot be stored."))])
    site = own_site(actor)
    quota = _quota(actor, site)
    if quota is not None and quota.is_met:
        return wait(quota)
    draft = draft_of(actor, site, kind, payload, fact)
    if _lacks_proof(actor, draft):
        return problem(401, _prove())
    if draft.device_sequence is not None and _is_numbered(draft):
        return problems(409, [("device_sequence", _("This device used the number for another record."))])
    try:
        outcome = record(draft, actor=actor, mode=Mode.TYPED)
        _count(actor, quota, [outcome])
        return JsonResponse(_answer(outcome) | witnessed(actor, fact.head))
    except AlreadySaved as refusal:
        return problems(409, refusal.problems)
    except Refusal as refusal:
        return problems(422, refusal.problems)


def _quota(actor: Actor, site: Site | None) -> devices.Quota | None:
    return devices.quota(actor.device, site) if actor.device is not None and site is not None else None


def wait(quota: devices.Quota) -> HttpResponse:
    """Too much for one day: nothing is recorded and nothing lost, the device keeps it."""
    answer = problem(429, _("This device sent all that it may in a day. Keep the rest and send it later."))
    answer.headers["Retry-After"] = str(quota.seconds_left)
    return answer


def _count(actor: Actor, quota: devices.Quota | None, outcomes: Sequence[Outcome]) -> None:
    """What was here already costs nothing: sending again stays harmless."""
    if quota is not None:
        devices.count(actor, quota, sum(outcome.status is not Status.DUPLICATE for outcome in outcomes))


def _lacks_proof(actor: Actor, draft: Draft) -> bool:
    """Whether a person must prove again who they are first, as on the pages. A device has nothing to prove, and no such right."""
    return actor.device is None and needs_proof(draft.kind, draft.supersedes) and not step_up.is_fresh(actor)


def _prove() -> str:
    return _("Prove again who you are, in the browser.")


def _is_numbered(draft: Draft) -> bool:
    return Fact.objects.filter(device=draft.device, device_sequence=draft.device_sequence).exclude(id=draft.id).exists()


# -- several facts ----------------------------------------------------------------------------------------------------


@for_programs
@may(SIGNED_IN, methods=("POST",))
def batch(request: ActorRequest) -> HttpResponse:
    """Facts of any kinds. What breaks a rule is kept aside; only what cannot be read as a fact at all is refused."""
    try:
        listed, kept = _listed(sent_body(request))
    except Answered as refused:
        return refused.answer
    actor, site = request.actor, own_site(request.actor)
    quota = _quota(actor, site)
    if quota is not None and quota.is_met:
        return wait(quota)
    read = [readable(actor, site, entry) for entry in listed]
    unproved = {draft.id for draft in read if isinstance(draft, Draft) and _lacks_proof(actor, draft)}
    drafts = [draft for draft in read if isinstance(draft, Draft) and draft.id not in unproved]
    taken = record_many(drafts, actor=actor, mode=Mode.ARRIVED) if drafts else []
    _count(actor, quota, taken)
    recorded = iter(taken)
    outcomes: list[dict[str, Any]] = []
    for entry, draft in zip(listed, read, strict=True):
        if not isinstance(draft, Draft):
            outcomes.append(_refused(entry, "unreadable", draft))
        elif draft.id in unproved:
            outcomes.append(_refused(entry, "not_proved", [("", _prove())]))
        else:
            outcomes.append(_answer(next(recorded)) | {"problems": []})
    return JsonResponse({"outcomes": outcomes, **witnessed(actor, kept)})


def _refused(entry: dict[str, Any], reason: str, found: Found) -> dict[str, Any]:
    return {"id": id_of(entry), "status": "refused", "reason": reason, "problems": [{"field": name, "sentence": said} for name, said in found]}


def _listed(body: bytes) -> tuple[list[dict[str, Any]], Any]:
    """The facts of a batch, each still as it came, and the head beside them. What Python reads more generously than JSON is kept aside later."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        raise Answered(not_json()) from None
    facts = sent.get("facts") if isinstance(sent, dict) else None
    if not isinstance(facts, list) or not 1 <= len(facts) <= MOST_FACTS or not all(isinstance(entry, dict) for entry in facts):
        raise Answered(problems(422, [("facts", _("Send a list of 1 to %d facts.") % MOST_FACTS)]))
    unknown = [(str(name), _("This field does not exist.")) for name in sent if name not in {"facts", "head"}]
    if unknown:
        raise Answered(problems(422, unknown))
    return facts, sent.get("head")


def id_of(entry: dict[str, Any]) -> str | None:
    """The id that an entry carries, if it is one."""
    try:
        return str(uuid.UUID(entry["id"]))
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


# -- heads: whoever pushes is a witness -----------------------------------------------------------------------------------


def witnessed(actor: Actor, kept: Any) -> dict[str, Any]:
    """What our chains' heads are now, and what we say of the one that was sent along. Nothing sent here refuses a fact."""
    standing = ""
    if kept is not None:
        try:
            standing = alarms.witness(actor=actor, kept=heads.read_json(kept)).standing.value
        except heads.NotAHead:
            standing = "unreadable"
    return {"heads": heads.current().as_json(), "head": standing}


@for_programs
@may(SIGNED_IN, methods=("GET", "POST"))
def chain_heads(request: ActorRequest) -> HttpResponse:
    """The heads to keep; what is posted is compared as with a push."""
    if request.method != "POST":
        return JsonResponse(witnessed(request.actor, None))
    try:
        sent = json.loads(sent_body(request))
    except Answered as refused:
        return refused.answer
    except (ValueError, RecursionError):
        return not_json()
    if not isinstance(sent, dict) or set(sent) != {"head"}:
        return problems(422, [("head", _("This is needed."))])
    return JsonResponse(witnessed(request.actor, sent["head"]))


# -- what facts can name ----------------------------------------------------------------------------------------------


def _recording(actor: Actor) -> list[Site]:
    """The places where the actor may record anything."""
    needed = {kind.may for kind in KINDS}
    return [site for site in Site.objects.filter(is_active=True) if any(actor.may(permission, site.key) for permission in needed)]


@for_programs
@may(SIGNED_IN)
def sites(request: ActorRequest) -> HttpResponse:
    """Places, by id and name."""
    return JsonResponse({"sites": [{"id": str(site.id), "name": site.name} for site in _recording(request.actor)]})


@for_programs
@may(SIGNED_IN)
def items(request: ActorRequest) -> HttpResponse:
    """The catalogue of those places, by code and name."""
    found = _recording(request.actor)
    classes = {name for site in found for name in site.item_classes}
    listed = Item.objects.filter(is_active=True) if found else Item.objects.none()
    if classes and all(site.item_classes for site in found):
        listed = listed.filter(item_class__in=classes)
    return JsonResponse({"items": [{"code": item.code, "name": item.name} for item in listed]})


@for_programs
@may(SIGNED_IN)
def openapi(request: ActorRequest) -> HttpResponse:
    """The description of everything above."""
    return JsonResponse(document())


def urls() -> list[URLPattern]:
    """The API's addresses, each declared to the gate; those of kinds with the kind's own permission."""
    return [
        path("openapi.json", openapi, name="api-schema"),
        path("sites/", sites, name="api-sites"),
        path("items/", items, name="api-items"),
        path("heads/", chain_heads, name="api-heads"),
        path("facts/", batch, name="api-facts"),
        *(path(f"facts/{kind.key}/", _one(kind.key), name=f"api-{kind.key}") for kind in KINDS),
    ]
