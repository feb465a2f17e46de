"""Old contacts without a code lose worker, device, time of day, and the ids that tell the moment they were made.

So do records outside visits that tell what somebody did or went through (`Kind.fades`), such as a report of an overdose.

A visit is one knot: its encounter, what is in it, corrections, and what others said about those, such as whether a
referral was met. A knot goes as a whole or not at all, because facts name one another and a fact outside may not be
changed. What stays is chained by a line of the audit, see `replay.verify_chain`.

Ids go too. An id made in a browser holds its millisecond (RFC 9562), access log and audit name visits by it, and with
it the old chain digest would confirm a guess of worker and minute.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any, get_args

from django.conf import settings
from django.db import connection

from handrail.facts.recorded import FORGOTTEN_DEVICE, as_json, read_facts, remains
from handrail.facts.spec import KINDS
from handrail.kernel import clock, crypto, ids, scope

A_LINE = 2000
"""Facts that one line of the audit covers: a change is then told apart from the others so far."""
FACT_COLUMNS = (
    "id", "encounter", "about", "root", "supersedes", "staff", "device", "device_sequence", "occurred_at", "recorded_at", "payload",
    "settlement", "door",
)
_GONE_FROM_DOOR = frozenset({"claimed_id", "claimed_sequence", "claimed_site", "clock_ahead_seconds"})


@dataclass
class _Knot:
    """One fact while it is decided: what it names, and whether it must stay as it is."""

    id: uuid.UUID
    counter: int
    names: set[uuid.UUID]
    is_purged: bool
    stays: bool
    row: dict[str, Any] = field(default_factory=dict)


_READ = """
SELECT f.id, f.counter, f.kind, f.encounter, f.about, f.root, f.supersedes, f.payload, f.settlement, f.door, f.participant, f.device,
  f.occurred_at, f.recorded_at, coalesce(s.time_zone, %s::text)
FROM facts_fact f LEFT JOIN facts_site s ON s.key = f.site_id WHERE f.organisation_id = %s::bigint AND """
_DUE = """f.device <> %s::uuid AND f.participant IS NULL AND (f.kind = 'facts.encounter' OR f.encounter IS NOT NULL OR f.kind = ANY(%s::text[]))
  AND (f.occurred_at AT TIME ZONE coalesce(s.time_zone, %s::text))::date < %s::date"""
_AROUND = """(f.id = ANY(%s::uuid[]) OR f.encounter = ANY(%s::uuid[]) OR f.root = ANY(%s::uuid[]) OR f.about = ANY(%s::uuid[])
  OR (f.kind = ANY(%s::text[]) AND EXISTS (SELECT 1 FROM jsonb_each_text(f.payload) AS p WHERE p.value = ANY(%s::text[]))))"""


def forget(*, before: date) -> list[dict[str, object]]:
    """Do it for the organisation in scope; what each line of the audit must say: counters, how many, digest of what remains."""
    going = [one for knot in _knots(before) if not any(fact.stays for fact in knot) for one in knot if not one.is_purged]
    if not going:
        return []
    new = {one.id: ids.random() for one in going}
    _rewrite(going, new)
    counters = sorted(one.counter for one in going)
    return [_line(counters[start : start + A_LINE]) for start in range(0, len(counters), A_LINE)]


def due(*, before: date) -> int:
    """How many would go; nothing is changed."""
    return sum(not one.is_purged for knot in _knots(before) if not any(fact.stays for fact in knot) for one in knot)


# -- which -------------------------------------------------------------------------------------------------------------


def _knots(before: date) -> list[list[_Knot]]:
    """Everything that is due, tied together with all that names it or that it names."""
    found = {one.id: one for one in _read(_DUE, [FORGOTTEN_DEVICE, _fading(), settings.CONFIG.time_zone, before], before)}
    asked: set[uuid.UUID] = set()
    while ask := {name for one in found.values() for name in {one.id, *one.names}} - asked:
        asked |= ask
        wanted = list(ask)
        parameters = [wanted, wanted, wanted, wanted, list(_naming()), [str(one) for one in wanted]]
        for one in _read(_AROUND, parameters, before):
            found.setdefault(one.id, one)
    return _tied(found)


def _tied(found: dict[uuid.UUID, _Knot]) -> list[list[_Knot]]:
    leader = {one: one for one in found}

    def first(one: uuid.UUID) -> uuid.UUID:
        while leader[one] != one:
            leader[one] = leader[leader[one]]
            one = leader[one]
        return one

    for one in found.values():
        for name in one.names & found.keys():
            leader[first(one.id)] = first(name)
    knots: dict[uuid.UUID, list[_Knot]] = {}
    for one in found.values():
        knots.setdefault(first(one.id), []).append(one)
        # One that went earlier cannot be told the new id of what it waited for.
        one.stays = one.stays or (one.is_purged and any(not found[name].is_purged for name in one.names & found.keys()))
    return list(knots.values())


def _read(condition: str, parameters: Sequence[Any], before: date) -> Iterator[_Knot]:
    with connection.cursor() as cursor:
        cursor.execute(_READ + condition, [settings.CONFIG.time_zone, scope.organisation(), *parameters])
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    for row in rows:
        row["zone"] = row.pop("coalesce")
        for name in ("supersedes", "payload", "settlement", "door"):
            row[name] = as_json(row[name])
        purged = row["device"] == FORGOTTEN_DEVICE
        stays = row["participant"] is not None or clock.local_date(row["occurred_at"], row["zone"]) >= before
        yield _Knot(row["id"], row["counter"], _named(row), purged, stays and not purged, row)


def _named(row: dict[str, Any]) -> set[uuid.UUID]:
    found = {row[name] for name in ("encounter", "about", "root") if row[name]}
    texts = [*row["supersedes"], *_texts(row["payload"]), *_texts(row["settlement"]), *_texts(row["door"])]
    return (found | {uuid.UUID(text) for text in texts if _is_id(text)}) - {row["id"]}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def _is_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _fading() -> list[str]:
    """Kinds that go by themselves, without a visit."""
    return [kind.key for kind in KINDS if kind.fades]


@cache
def _naming() -> frozenset[str]:
    """Kinds whose payload names a record by its id; those are looked through for what names ours."""
    return frozenset(kind.key for kind in KINDS if any(uuid.UUID in _types(f.annotation) for f in kind.payload.model_fields.values()))


@cache
def _moments(kind: str) -> frozenset[str]:
    """Fields of a kind that hold a moment, which becomes a day."""
    spec = KINDS.get(kind)
    return frozenset(name for name, f in spec.payload.model_fields.items() if datetime in _types(f.annotation)) if spec else frozenset()


def _types(annotation: Any) -> set[Any]:
    return {annotation, *get_args(annotation)}


# -- how ---------------------------------------------------------------------------------------------------------------

_FORGET = f"""
UPDATE facts_fact f SET id = r.id, encounter = r.encounter, about = r.about, root = r.root, supersedes = r.supersedes, staff = NULL,
  device = '{FORGOTTEN_DEVICE}', device_sequence = NULL, occurred_at = r.occurred_at, recorded_at = r.recorded_at,
  payload = r.payload, settlement = nullif(r.settlement, 'null'::jsonb), door = nullif(r.door, 'null'::jsonb)
FROM jsonb_to_recordset(%s::jsonb) AS r(counter bigint, id uuid, encounter uuid, about uuid, root uuid, supersedes jsonb,
  occurred_at timestamptz, recorded_at timestamptz, payload jsonb, settlement jsonb, door jsonb)
WHERE f.organisation_id = %s::bigint AND f.counter = r.counter
"""  # noqa: S608  our own constant


def _rewrite(going: Sequence[_Knot], new: dict[uuid.UUID, uuid.UUID]) -> None:
    for start in range(0, len(going), A_LINE):
        rows = [_without(one, new) for one in going[start : start + A_LINE]]
        with connection.cursor() as cursor:
            cursor.execute(_FORGET, [json.dumps(rows, default=str), scope.organisation()])


def _without(one: _Knot, new: dict[uuid.UUID, uuid.UUID]) -> dict[str, Any]:
    """The fact as it stays: with its day, under other ids."""
    row, texts = one.row, {str(old): str(fresh) for old, fresh in new.items() if old in one.names}
    noted = {name: value for name, value in (row["door"] or {}).items() if name not in _GONE_FROM_DOOR}
    said = {name: _day_of(value, row["zone"]) if name in _moments(row["kind"]) else value for name, value in row["payload"].items()}
    return {
        "counter": one.counter, "id": new[one.id], "occurred_at": _noon(row["occurred_at"], row["zone"]),
        "recorded_at": _noon(row["recorded_at"], row["zone"]), "payload": _renamed(said, texts), "settlement": _renamed(row["settlement"], texts),
        "door": _renamed(noted or None, texts), "supersedes": _renamed(row["supersedes"], texts),
        **{name: new.get(row[name], row[name]) for name in ("encounter", "about", "root")},
    }


def _noon(moment: datetime, zone: str) -> str:
    return clock.noon(clock.local_date(moment, zone), zone).isoformat()


def _day_of(value: Any, zone: str) -> Any:
    return _noon(datetime.fromisoformat(value), zone) if isinstance(value, str) else value


def _renamed(value: Any, texts: dict[str, str]) -> Any:
    if isinstance(value, str):
        return texts.get(value, value)
    if isinstance(value, dict):
        return {name: _renamed(one, texts) for name, one in value.items()}
    return [_renamed(one, texts) for one in value] if isinstance(value, list) else value


# -- what the audit keeps of it ----------------------------------------------------------------------------------------


def _line(counters: Sequence[int]) -> dict[str, object]:
    with connection.cursor() as cursor:
        facts = read_facts(cursor, scope.organisation(), "f.counter = ANY(%s::bigint[])", [list(counters)], "ORDER BY f.counter")
        digest = b""
        for fact in facts:
            digest = crypto.digest(digest, remains(fact))
    return {"counters": runs(counters), "count": len(counters), "sha256": digest.hex()}


def runs(counters: Iterable[int]) -> list[list[int]]:
    """Ascending numbers as runs of neighbours, each by its first and its last."""
    found: list[list[int]] = []
    for counter in counters:
        if found and counter == found[-1][1] + 1:
            found[-1][1] = counter
        else:
            found.append([counter, counter])
    return found
