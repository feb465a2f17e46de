"""A fact in memory: how it is read back from its table, and how it is chained to the one before it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from handrail.facts.spec import KINDS, Kind
from handrail.kernel import clock, crypto


@dataclass
class Recorded:
    """A fact in memory, on its way in or read back."""

    organisation: int
    id: uuid.UUID
    kind: str
    version: int
    raw: dict[str, Any]
    parsed: Any
    site: int | None
    site_id: uuid.UUID | None
    encounter: uuid.UUID | None
    participant: uuid.UUID | None
    staff: uuid.UUID | None
    occurred_at: datetime
    counter: int
    supersedes: tuple[uuid.UUID, ...]
    quarantine: str
    claimed: dict[str, Any]
    device: uuid.UUID
    device_sequence: int | None
    body_digest: bytes
    waiting_for: uuid.UUID | None = None
    root: uuid.UUID | None = None
    settlement: dict[str, Any] | None = None
    digest: bytes = b""
    recorded_at: datetime | None = None
    stored_about: uuid.UUID | None = None
    zone: str = "UTC"
    """Time zone of the site; UTC where there is none."""
    refused_as: str = ""
    """The rule a reactor says it breaks, while it is decided whether it is kept aside; not stored."""

    @property
    def door(self) -> dict[str, Any] | None:
        """What the door noted: why it was kept aside, and what the sender claimed."""
        noted = dict(self.claimed)
        if self.quarantine:
            noted["quarantine"] = self.quarantine
        if self.waiting_for:
            noted["waiting_for"] = str(self.waiting_for)
        return noted or None

    @property
    def day(self) -> date:
        """The calendar day where it happened."""
        return clock.local_date(self.occurred_at, self.zone)

    @property
    def is_earlier(self) -> bool:
        """Whether it was recorded as from before the book of stock began, as by an import."""
        return bool(self.claimed.get(EARLIER))

    @property
    def is_purged(self) -> bool:
        """Whether its period was over, so that its own digest can no longer be computed."""
        return self.device == FORGOTTEN_DEVICE

    @property
    def about(self) -> uuid.UUID | None:
        """The record this one speaks of."""
        named = self.spec.about if self.spec else ""
        value: uuid.UUID | None = getattr(self.parsed, named) if named and self.parsed is not None else None
        return value

    @property
    def spec(self) -> Kind[Any] | None:
        """The kind, if this version knows it."""
        return KINDS.get(self.kind)


_COLUMNS = (
    "f.id, f.kind, f.kind_version, f.payload, f.site_id, s.id, f.encounter, f.participant, f.staff, f.occurred_at, f.counter,"
    " f.supersedes, f.door, f.device, f.device_sequence, f.payload_digest, f.root, f.settlement, f.digest, f.recorded_at, f.about,"
    " coalesce(s.time_zone, 'UTC')"
)
FORGOTTEN_DEVICE = uuid.UUID(int=0)
"""Stands where the device was, on a fact that lost worker, device and time of day (`facts.anonymous`)."""
EARLIER = "earlier"
"""What the door notes on a fact from before the book of stock began."""


COUNTS = "NOT EXISTS (SELECT 1 FROM facts_aside a WHERE a.organisation_id = f.organisation_id AND a.fact = f.id)"
"""Condition on facts `f`: those that count, neither superseded nor taken back nor kept aside."""
OUTSIDE_VISITS = "f.encounter IS NULL AND f.kind <> 'facts.encounter'"
"""Condition on facts `f`: those of no visit, as the index `fact_outside_visits` holds them."""


def read_facts(cursor: Any, organisation: int, condition: str, parameters: Sequence[Any], tail: str = "") -> Iterable[Recorded]:
    """Facts of an organisation as `Recorded`, payloads in today's shape where this version can read them."""
    cursor.execute(
        f"SELECT {_COLUMNS} FROM facts_fact f LEFT JOIN facts_site s ON s.key = f.site_id"  # noqa: S608  our own constants
        f" WHERE f.organisation_id = %s::bigint AND {condition} {tail}",
        [organisation, *parameters],
    )
    return [_read(row, organisation) for row in cursor.fetchall()]


def _read(row: Sequence[Any], organisation: int) -> Recorded:
    door = dict(as_json(row[12]) or {})
    quarantine = str(door.pop("quarantine", ""))
    waiting_for = door.pop("waiting_for", None)
    kind = KINDS.get(row[1])
    raw = as_json(row[3])
    readable = kind is not None and quarantine not in {"bad_payload", "unknown_kind"}
    return Recorded(
        organisation=organisation, id=row[0], kind=row[1], version=row[2], raw=raw, parsed=kind.parse(raw, row[2]) if kind and readable else None,
        site=row[4], site_id=row[5], encounter=row[6], participant=row[7], staff=row[8], occurred_at=row[9],
        counter=row[10], supersedes=tuple(uuid.UUID(s) for s in as_json(row[11])), quarantine=quarantine, claimed=door,
        device=row[13], device_sequence=row[14], body_digest=bytes(row[15]), root=row[16], settlement=as_json(row[17]),
        digest=bytes(row[18]), waiting_for=uuid.UUID(waiting_for) if waiting_for else None, recorded_at=row[19], stored_about=row[20], zone=row[21],
    )


def as_json(value: Any) -> Any:
    """A jsonb column, which Django's connections hand over as text."""
    return json.loads(value) if isinstance(value, str) else value


def chain(previous: bytes, fact: Recorded) -> bytes:
    """Digest of a fact in its organisation's chain: covers all of it; the payload by digest, so that a purge can drop it."""
    return crypto.digest(
        previous,
        crypto.canonical(
            [
                fact.counter, str(fact.id), fact.kind, fact.version, fact.site, str(fact.encounter or ""),
                str(fact.participant or ""), str(fact.staff or ""), fact.occurred_at.timestamp(), str(fact.device),
                fact.device_sequence, [str(s) for s in fact.supersedes], fact.settlement, fact.door,
                fact.body_digest.hex(), str(fact.root), fact.recorded_at.timestamp() if fact.recorded_at else 0,
            ]
        ),
    )


def remains(fact: Recorded) -> bytes:
    """All of a fact as it stands after a purge; a line of the audit holds the digest of many."""
    return crypto.canonical(
        [
            fact.counter, str(fact.id), fact.kind, fact.version, fact.site, str(fact.encounter or ""), str(fact.participant or ""),
            str(fact.stored_about or ""), str(fact.staff or ""), fact.occurred_at.timestamp(), str(fact.device), fact.device_sequence,
            [str(s) for s in fact.supersedes], fact.raw, fact.settlement, fact.door, fact.body_digest.hex(), str(fact.root),
            fact.recorded_at.timestamp() if fact.recorded_at else 0, fact.digest.hex(),
        ]
    )
