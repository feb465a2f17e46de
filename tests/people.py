"""Two records of one person, as a steward joins them."""

from __future__ import annotations

import uuid
from datetime import datetime
from types import SimpleNamespace

from handrail.facts.record import Draft, record
from handrail.kernel import clock
from handrail.kernel.access import Actor

FITS = ("age_band", "language")


def say_alike(world: SimpleNamespace, *people: uuid.UUID, at: datetime | None = None) -> None:
    """Age and language that fit together: what a merge needs at the least."""
    for who in people:
        payload = {"birth_year": 1985, "languages": ["ru"]}
        record(Draft(kind="facts.profile", site=world.van.id, participant=who, payload=payload, occurred_at=at or clock.now()), actor=world.system)


def join(world: SimpleNamespace, survivor: uuid.UUID, other: uuid.UUID, *, actor: Actor | None = None, at: datetime | None = None) -> uuid.UUID:
    """The merge of two records that say enough alike; its id."""
    say_alike(world, survivor, other, at=at)
    payload = {"survivor": str(survivor), "other": str(other), "corroborating": FITS, "person_agreed": "yes"}
    draft = Draft(kind="facts.merged", participant=survivor, payload=payload, occurred_at=at or clock.now())
    record(draft, actor=actor or world.system)
    return draft.id
