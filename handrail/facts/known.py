"""What the organisation already has of what comes to the door, read under the lock that every writer takes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from handrail.facts.drafts import Draft
from handrail.facts.people_rules import last_survivor
from handrail.facts.recorded import as_json
from handrail.kernel import crypto


@dataclass(frozen=True)
class Body:
    """What a fact says, as far as a retry must repeat it."""

    kind: str
    payload_digest: bytes
    site: int | None
    encounter: uuid.UUID | None
    participant: uuid.UUID | None
    occurred_at: datetime
    supersedes: tuple[uuid.UUID, ...]
    is_earlier: bool = False

    def repeats(self, stored: Body, *, timed: bool) -> bool:
        """Whether this is the stored one sent again, rather than another fact under its id.

        The person may have been joined with another in between: then it is still the same person.
        """
        return (
            (self.kind, self.payload_digest, self.site, self.encounter, set(self.supersedes))
            == (stored.kind, stored.payload_digest, stored.site, stored.encounter, set(stored.supersedes))
            and (self.occurred_at == stored.occurred_at or not timed)
            and (self.participant == stored.participant or _is_one(self.participant, stored.participant))
        )

    @property
    def digest(self) -> str:
        """Of all of it: makes the id of a second fact that came under a taken one."""
        named = [str(self.site or ""), str(self.encounter or ""), str(self.participant or ""), self.occurred_at.isoformat(), *map(str, self.supersedes)]
        return crypto.digest(self.payload_digest, crypto.canonical([self.kind, *named])).hex()


def _is_one(first: uuid.UUID | None, second: uuid.UUID | None) -> bool:
    return first is not None and second is not None and last_survivor(first) == last_survivor(second)


@dataclass
class Known:
    """What the database already has of a batch."""

    key: int
    counter: int
    digest: bytes
    server_device: uuid.UUID
    server_sequence: int
    sites: dict[uuid.UUID, tuple[int, str]]
    stored: dict[uuid.UUID, Body]
    waiting: list[uuid.UUID]
    taken: set[tuple[uuid.UUID, int]]


_LOCK = """
SELECT h.key, h.counter, h.digest, h.server_device, h.server_sequence,
  (SELECT array_agg(s.id::text || ' ' || s.key || ' ' || s.time_zone) FROM facts_site s WHERE s.organisation_id = h.organisation_id AND s.id = ANY(%s::uuid[])),
  (SELECT jsonb_agg(jsonb_build_array(f.id, f.kind, encode(f.payload_digest, 'hex'), f.site_id, f.encounter, f.participant, f.occurred_at,
       f.supersedes, coalesce((f.door ->> 'earlier')::boolean, false)))
     FROM facts_fact f WHERE f.organisation_id = h.organisation_id AND f.id = ANY(%s::uuid[])),
  (SELECT array_agg(a.fact) FROM facts_aside a
     WHERE a.organisation_id = h.organisation_id AND a.is_open AND a.waiting_for = ANY(%s::uuid[]))
FROM facts_head h WHERE h.organisation_id = %s::bigint FOR UPDATE OF h
"""


def lock_and_read(drafts: Sequence[Draft], organisation: int) -> Known:
    """Take the lock on the organisation's head, and read what it already has of these drafts."""
    fact_ids = list({draft.id for draft in drafts})
    references = [reference for draft in drafts for reference in draft.supersedes] + [d.encounter for d in drafts if d.encounter]
    with connection.cursor() as cursor:
        cursor.execute(
            _LOCK, [list({d.site for d in drafts if d.site}), fact_ids + references, fact_ids, organisation]
        )
        row = cursor.fetchone()
        if row is None:
            raise RuntimeError("This organisation has no head; create it with facts.organisations.create().")
        known = Known(
            key=row[0], counter=row[1], digest=bytes(row[2]), server_device=row[3], server_sequence=row[4],
            sites={uuid.UUID(a): (int(b), zone) for a, b, zone in (text.split(" ") for text in row[5] or [])},
            stored=dict(_stored_body(entry) for entry in as_json(row[6]) or []),
            waiting=list(row[7] or []), taken=set(),
        )
        numbered = [
            (d.device, d.device_sequence)
            for d in drafts
            if d.device and d.device_sequence is not None and 0 <= d.device_sequence < 2**63
        ]
        if numbered:
            cursor.execute(
                "SELECT device, device_sequence FROM facts_fact f JOIN unnest(%s::uuid[], %s::bigint[]) AS w(d, s)"
                " ON f.device = w.d AND f.device_sequence = w.s WHERE f.organisation_id = %s::bigint",
                [[d for d, _s in numbered], [s for _d, s in numbered], organisation],
            )
            known.taken = set(cursor.fetchall())
    return known


def _stored_body(entry: list[Any]) -> tuple[uuid.UUID, Body]:
    name, kind, digest, site, encounter, participant, occurred_at, supersedes, is_earlier = entry
    return uuid.UUID(name), Body(
        kind, bytes.fromhex(digest), site, uuid.UUID(encounter) if encounter else None, uuid.UUID(participant) if participant else None,
        datetime.fromisoformat(occurred_at), tuple(uuid.UUID(one) for one in supersedes), is_earlier,
    )
