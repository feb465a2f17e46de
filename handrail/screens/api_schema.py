"""The description of the API (OpenAPI 3.1), made from the kinds' own payloads."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Annotated, Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, create_model
from pydantic.json_schema import models_json_schema

from handrail import __version__
from handrail.facts.spec import KINDS, Kind

MOST_FACTS = 50
"""Facts in one batch (security.md 3.2)."""
MOST_BYTES = 1_000_000
_WRITTEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})")
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def _moment(text: str) -> datetime:
    """RFC 3339 with a time zone. A year that no clock can mean would be stored, and could not be read again."""
    if not _WRITTEN.fullmatch(text):
        raise ValueError(_("Write it as 2026-09-03T14:30:00+03:00."))
    moment = datetime.fromisoformat(text.upper())
    if not _EARLIEST <= moment <= _LATEST:
        raise ValueError(_("Between 1970 and 2100."))
    return moment


Moment = Annotated[str, AfterValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]


_HEAD = {"description": "The newest head you know, as an answer gave it (ChainHeads). Anything is taken here: a damaged head refuses no record"}
KeptHead = Annotated[Any, WithJsonSchema(_HEAD)]


class Envelope(BaseModel):
    """What every fact says besides its payload."""

    model_config = ConfigDict(extra="forbid")

    id: uuid.UUID = Field(description="Made by the sender; sending it again is harmless")
    site: uuid.UUID | None = Field(None, description="Where; a device may leave it out and means its own place")
    occurred_at: Moment | None = Field(None, description="When it happened, with time zone; left out it is now")
    encounter: uuid.UUID | None = Field(None, description="The visit it belongs to: the id of its facts.encounter")
    participant: uuid.UUID | None = Field(None, description="The person's random id; left out for nobody in particular")
    supersedes: list[uuid.UUID] = Field([], max_length=20, description="Facts that this one corrects")
    device_sequence: int | None = Field(None, ge=0, lt=2**63, description="A device's own count of its facts, without gaps")


class BatchFact(Envelope):
    """A fact of any kind in a batch."""

    kind: str = Field(min_length=1, max_length=200, description="Such as exchange.given")
    kind_version: int | None = Field(None, ge=1, le=32_767, description="Version of the kind the payload was made for; left out it is today's")
    payload: dict[str, Any] = Field(description="As the kind's own address describes it")


class Link(BaseModel):
    """How far a chain reaches: a number, and the digest that stands there; empty at 0."""

    number: int = Field(ge=0)
    digest: str = Field(pattern="^([0-9a-f]{64})?$")


class ChainHeads(BaseModel):
    """How far the facts and the audit reach. Keep the newest, and send it with the next push: so you are a witness that nothing was rewritten."""

    epoch: uuid.UUID = Field(description="Another one after a backup was put in place: send again whatever you still hold")
    facts: Link
    audit: Link


class Witnessed(BaseModel):
    """The heads now, and what we say of the one you sent."""

    heads: ChainHeads
    head: str = Field("", description="Of the head you sent: ok, restored (a backup was put in place since), broken (our history is another one: tell people), unreadable; empty when you sent none")


class Answer(Witnessed):
    """What became of a fact: accepted, duplicate (it is here already), or quarantined (kept until somebody has looked)."""

    id: uuid.UUID
    status: str
    reason: str = ""


class Problem(BaseModel):
    """One thing that is wrong, and where."""

    field: str
    sentence: str


class Problems(BaseModel):
    """Nothing was recorded."""

    problems: list[Problem]


class BatchOutcome(BaseModel):
    """What became of one fact of a batch. A refused one is not kept: it does not say what happened, or has no id."""

    id: uuid.UUID | None
    status: str
    reason: str = ""
    problems: list[Problem] = []


class BatchAnswer(Witnessed):
    """One outcome for each fact, in the order they were sent."""

    outcomes: list[BatchOutcome]


class ApiSite(BaseModel):
    """A place."""

    id: uuid.UUID
    name: str


class ApiItem(BaseModel):
    """Something that is handed out; facts name it by its code."""

    code: str
    name: str


class Sites(BaseModel):
    """Places."""

    sites: list[ApiSite]


class Items(BaseModel):
    """The catalogue."""

    items: list[ApiItem]


_PROBLEMS = {
    "400": ("BadRequest", "What was sent is not JSON."),
    "401": ("Unauthorized", "No token, a wrong one, the device was ended, or a person must prove again who they are."),
    "403": ("Forbidden", "A person's session without its form token."),
    "404": ("NotFound", "This does not exist, or may not be done with this token."),
    "405": ("NotThisWay", "The address exists, but not for this method."),
    "409": ("Conflict", "The id, or the number of the device, stands for another record already."),
    "413": ("TooLarge", "More than a million bytes."),
    "415": ("NotJson", "The content type is not application/json in UTF-8."),
    "422": ("Unprocessable", "Something in it cannot be right; nothing was recorded."),
    "429": ("TooMany", "Too many wrong tokens from this address, or the device sent all that it may in a day: keep it, and send it after the seconds of Retry-After."),
}
_READING = ("401", "403", "404", "405", "429")


@cache
def body_of(kind: str) -> type[Envelope]:
    """What is posted to the address of a kind."""
    found: Kind[Any] = KINDS[kind]
    return create_model(f"Fact_{kind.replace('.', '_')}", __base__=Envelope, payload=(found.payload, ...), head=(KeptHead, None))


@lru_cache(maxsize=4)
def _shapes(bodies: tuple[type[BaseModel], ...], language: str) -> tuple[dict[Any, Any], dict[str, Any]]:
    """Where each model's shape stands, and the shapes: a second's work, and the same until a kind or the language changes."""
    sent: list[type[BaseModel]] = [*bodies, BatchFact]
    answers: list[type[BaseModel]] = [Answer, Problems, BatchAnswer, Witnessed, ChainHeads, Sites, Items]
    wanted: list[tuple[type[BaseModel], Any]] = [(model, "validation") for model in sent]
    wanted += [(model, "serialization") for model in answers]
    names, definitions = models_json_schema(wanted, ref_template="#/components/schemas/{model}")
    return names, definitions["$defs"]


def document() -> dict[str, Any]:
    """The whole description. Names the payload of every kind known at this moment."""
    bodies = {kind.key: body_of(kind.key) for kind in KINDS}
    names, shapes = _shapes(tuple(bodies.values()), get_language() or "")
    schemas = dict(shapes)

    def reference(model: type[BaseModel]) -> dict[str, str]:
        found: dict[str, str] = dict(next(names[key] for key in names if key[0] is model))
        return found

    schemas["Batch"] = {
        "type": "object", "title": "Batch", "required": ["facts"], "additionalProperties": False,
        "description": "Facts of any kinds. Each gets its own answer, so that a damaged one holds up none of the others.",
        "properties": {"facts": {"type": "array", "minItems": 1, "maxItems": MOST_FACTS, "items": {"anyOf": [reference(BatchFact), {"type": "object"}]}}, "head": _HEAD},
    }
    schemas["Kept"] = {"type": "object", "title": "Kept", "required": ["head"], "additionalProperties": False, "properties": {"head": _HEAD}}
    paths: dict[str, Any] = {
        "/api/openapi.json": {"get": _reading("schema", "This description", {"type": "object"})},
        "/api/sites/": {"get": _reading("list_sites", "Places where this token may record", reference(Sites))},
        "/api/items/": {"get": _reading("list_items", "What is handed out there", reference(Items))},
        "/api/heads/": {
            "get": _reading("list_heads", "The heads of the chains, to keep", reference(Witnessed)),
            "post": _posting("compare_head", "Compare a head that was kept", "Nothing is recorded. One that is broken stands before everybody in charge.", {"$ref": "#/components/schemas/Kept"}, reference(Witnessed)),
        },
        "/api/facts/": {"post": _posting("record_batch", "Several facts", "Facts of any kinds, in order, under one lock. Nothing that happened is lost: what breaks a rule is kept aside.", {"$ref": "#/components/schemas/Batch"}, reference(BatchAnswer))},
    }
    for kind in KINDS:
        paths[f"/api/facts/{kind.key}/"] = {
            "post": _posting(f"record_{kind.key}", str(kind.title), str(kind.explain), reference(bodies[kind.key]), reference(Answer))
        }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Handrail", "version": __version__, "description": "Records facts. There is no address that lists people."},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {name: {"description": said, "content": {"application/json": {"schema": reference(Problems)}}} for name, said in _PROBLEMS.values()},
            "securitySchemes": {"device": {"type": "http", "scheme": "bearer", "description": "The token of an enrolled device"}},
        },
        "security": [{"device": []}],
    }


def _reading(name: str, summary: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"operationId": name, "summary": summary, "responses": _ok(schema) | _refusals(_READING)}


def _posting(name: str, summary: str, explain: str, body: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": name, "summary": summary, "description": explain,
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": _ok(answer) | _refusals(tuple(_PROBLEMS)),
    }


def _ok(schema: dict[str, Any]) -> dict[str, Any]:
    return {"200": {"description": "Done", "content": {"application/json": {"schema": schema}}}}


def _refusals(statuses: tuple[str, ...]) -> dict[str, Any]:
    return {status: {"$ref": f"#/components/responses/{_PROBLEMS[status][0]}"} for status in statuses}
