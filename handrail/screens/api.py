"""The API: one address per kind of fact, made from the kinds' own payloads.

The schema is at `/api/openapi.json`. What is posted takes the same path as a form: the one door. An id makes a retry
harmless; the answer says what became of each fact.
"""

from __future__ import annotations

import itertools
import uuid
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from ninja import NinjaAPI, Schema, Status
from pydantic import AwareDatetime, BaseModel, Field, create_model

from handrail import __version__
from handrail.facts.record import Draft, Mode, Refusal, record
from handrail.facts.spec import KINDS, Kind
from handrail.kernel import clock
from handrail.kernel.access import SIGNED_IN, Actor, ActorRequest, may

_numbers = itertools.count(1)


class Answer(Schema):
    """What became of a fact."""

    id: uuid.UUID
    status: str
    reason: str = ""


class Problem(Schema):
    """One thing that is wrong, and where."""

    field: str
    sentence: str


class Problems(Schema):
    """Nothing was recorded."""

    problems: list[Problem]


class Envelope(BaseModel):
    """What every fact says besides its payload."""

    id: uuid.UUID = Field(description="Made by the sender; sending it again is harmless")
    site: uuid.UUID | None = None
    occurred_at: AwareDatetime | None = None
    encounter: uuid.UUID | None = None
    participant: uuid.UUID | None = None
    supersedes: list[uuid.UUID] = []


def build() -> NinjaAPI:
    """The API of all kinds known at this moment."""
    api = NinjaAPI(
        title="Handrail", version=__version__, docs_url=None, openapi_url=None, urls_namespace=f"api-{next(_numbers)}",
        description="Records facts. There is no address that lists people.",
    )
    for kind in KINDS:
        _add(api, kind)
    return api


def _add(api: NinjaAPI, kind: Kind[Any]) -> None:
    body = create_model(f"Fact_{kind.key.replace('.', '_')}", __base__=Envelope, payload=(kind.payload, ...))

    def post(request: HttpRequest, fact: Any) -> Status[Any]:
        return _record(request, kind, fact)

    post.__annotations__["fact"] = body
    post.__doc__ = str(kind.explain)
    api.post(
        f"/facts/{kind.key}/", response={200: Answer, 422: Problems}, summary=str(kind.title), operation_id=f"record_{kind.key}"
    )(post)


def _record(request: HttpRequest, kind: Kind[Any], fact: Any) -> Status[Any]:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    occurred_at: datetime = fact.occurred_at or clock.now()
    try:
        outcome = record(
            Draft(
                kind=kind.key, payload=fact.payload, site=fact.site, id=fact.id, occurred_at=occurred_at, encounter=fact.encounter,
                participant=fact.participant, supersedes=tuple(fact.supersedes),
            ),
            actor=actor, mode=Mode.TYPED,
        )
    except Refusal as refusal:
        return Status(422, {"problems": [{"field": name, "sentence": sentence} for name, sentence in refusal.problems]})
    return Status(200, {"id": outcome.id, "status": outcome.status.value, "reason": outcome.reason})


@may(SIGNED_IN)
def openapi(request: ActorRequest) -> HttpResponse:
    """The schema of everything that can be posted."""
    return JsonResponse(build().get_openapi_schema(path_prefix="/api/"))


def urls() -> list[URLPattern]:
    """The API's addresses, each declared to the gate with its kind's own permission."""
    patterns: list[URLPattern] = [path("openapi.json", openapi, name="api-schema")]
    for pattern in build().urls[0]:
        route = str(pattern.pattern)
        if isinstance(pattern, URLPattern) and route.startswith("facts/"):
            kind = KINDS[route.removeprefix("facts/").strip("/")]
            pattern.callback.permission = kind.may  # type: ignore[attr-defined]
            pattern.callback.methods = frozenset({"POST"})  # type: ignore[attr-defined]
            pattern.name = f"api-{kind.key}"
            patterns.append(pattern)
    return patterns
