"""Facts as other programs send them: an envelope that says which, where and when, and a payload that the door judges."""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime
from typing import Annotated, Any

from django.utils.translation import gettext as _
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema

from handrail.facts.drafts import Draft, sentence_of
from handrail.facts.models import Site
from handrail.kernel import clock
from handrail.kernel.access import Actor

Found = list[tuple[str, str]]
DEEPEST = 20
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


def strictly(model: type[Envelope], body: bytes | str) -> Any:
    """The body as a model: types are not guessed, unknown fields are refused."""
    return model.model_validate_json(body, strict=True)


def found_in(error: ValidationError) -> Found:
    """What is wrong, as (field, sentence) pairs."""
    return [(".".join(str(part) for part in e["loc"]), sentence_of(dict(e))) for e in error.errors(include_url=False)]


def draft_of(
    actor: Actor, site: Site | None, kind: str, payload: Any, fact: Envelope, version: int | None = None, *, arrived: datetime | None = None
) -> Draft:
    """An envelope that was read, as a draft for the door; without a moment of its own it happened when it arrived, which is now."""
    return Draft(
        kind=kind, payload=payload, site=fact.site or (site.id if site else None), id=fact.id,
        occurred_at=fact.occurred_at if isinstance(fact.occurred_at, datetime) else arrived or clock.now(), is_timed=fact.occurred_at is not None,
        encounter=fact.encounter, participant=fact.participant, supersedes=tuple(fact.supersedes), kind_version=version,
        device=actor.device, device_sequence=fact.device_sequence if actor.device else None,
    )


def readable(actor: Actor, site: Site | None, entry: dict[str, Any], *, arrived: datetime | None = None) -> Draft | Found:
    """The entry as a draft, or what is wrong with its envelope. The payload is judged by the door, which loses nothing."""
    payload = entry.get("payload")
    if not isinstance(payload, dict):
        return [("payload", _("This is needed."))]
    if _is_deep(payload):
        return [("payload", _("This cannot be read."))]
    try:
        fact: BatchFact = strictly(BatchFact, json.dumps(entry | {"payload": {}}))
    except ValidationError as error:
        return found_in(error)
    return draft_of(actor, site, fact.kind, payload, fact, fact.kind_version, arrived=arrived)


def _is_deep(value: Any, levels: int = DEEPEST) -> bool:
    """Whether lists and objects stand in one another deeper than any kind needs."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return bool(inside) and (levels == 0 or any(_is_deep(part, levels - 1) for part in inside))
