"""The description of the API (OpenAPI 3.1), made from the kinds' own payloads."""

from __future__ import annotations

import re
import uuid
from datetime import date
from functools import cache, lru_cache
from typing import Annotated, Any, Literal

from django.utils.translation import get_language
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, create_model
from pydantic.json_schema import models_json_schema

from handrail import __version__
from handrail.facts.envelopes import BatchFact, Envelope
from handrail.facts.spec import KINDS, Kind

MOST_FACTS = 50
"""Facts in one batch (security.md 3.2)."""
MOST_BYTES = 1_000_000
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


_HEAD = {"description": "The newest head you know, as an answer gave it (ChainHeads). Anything is taken here: a damaged head refuses no record"}
KeptHead = Annotated[Any, WithJsonSchema(_HEAD)]


class SealedItem(BaseModel):
    """A list of facts as a batch takes them, padded and sealed by the device: docs/how-to/connect-another-system.md says how."""

    model_config = ConfigDict(extra="forbid")

    id: uuid.UUID = Field(description="Made by the device; it is part of what was sealed, and sending it again is harmless")
    sort: Literal["facts"]
    key: uuid.UUID = Field(description="The id of the key it is sealed to")
    sealed: str = Field(min_length=68, pattern="^[A-Za-z0-9+/]+=?=?$", description="Base64 of: version 1, encapsulated key, ciphertext")


class ApiIngestKey(BaseModel):
    """A public key to seal to: HPKE base mode, DHKEM-X25519, HKDF-SHA-256, AES-256-GCM."""

    id: uuid.UUID
    public: str = Field(description="32 bytes in base64")
    organisation: uuid.UUID
    made_on: date


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


class InboxAnswer(Witnessed):
    """One outcome for each item, in the order they were sent: accepted, duplicate or refused (unreadable, too_large, unknown_key, id_taken)."""

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
    sent: list[type[BaseModel]] = [*bodies, BatchFact, SealedItem]
    answers: list[type[BaseModel]] = [Answer, Problems, BatchAnswer, Witnessed, ChainHeads, Sites, Items, ApiIngestKey, InboxAnswer]
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
    schemas["Inbox"] = {
        "type": "object", "title": "Inbox", "additionalProperties": False,
        "description": "What a device sealed. It is kept whether or not the vault is open; each item gets its own answer.",
        "properties": {
            "items": {"type": "array", "maxItems": MOST_FACTS, "items": {"anyOf": [reference(SealedItem), {"type": "object"}]}},
            "needs_keys_since": {"type": "string", "format": "date", "description": "Nothing the device still holds is sealed to a key made before this day"},
            "head": _HEAD,
        },
    }
    schemas["Kept"] = {"type": "object", "title": "Kept", "required": ["head"], "additionalProperties": False, "properties": {"head": _HEAD}}
    paths: dict[str, Any] = {
        "/api/openapi.json": {"get": _reading("schema", "This description", {"type": "object"})},
        "/api/sites/": {"get": _reading("list_sites", "Places where this token may record", reference(Sites))},
        "/api/items/": {"get": _reading("list_items", "What is handed out there", reference(Items))},
        "/api/ingest-key/": {"get": _reading("get_ingest_key", "The key to seal to", reference(ApiIngestKey), ("422",))},
        "/api/inbox/": {"post": _posting("fill_inbox", "What was sealed", "Kept and acknowledged also while nobody can open it; recorded when the vault is open. For devices only.", {"$ref": "#/components/schemas/Inbox"}, reference(InboxAnswer))},
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


def _reading(name: str, summary: str, schema: dict[str, Any], others: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"operationId": name, "summary": summary, "responses": _ok(schema) | _refusals((*_READING, *others))}


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
