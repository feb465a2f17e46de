"""Facts to Arrow: the quick way gives what reading them one by one gives, and days are the places' own."""

from __future__ import annotations

import dataclasses
import json
import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from handrail.facts.spec import KINDS, Payload, Privacy, info
from handrail.insight import arrows
from handrail.insight.arrows import READ, local_dates, table_of
from handrail.insight.columns import Origin, Type, columns_of

AT = 1_790_000_000_000_000
ZONES = {"": ZoneInfo("UTC"), "s": ZoneInfo("Africa/Nairobi")}


def facts(kind, payloads, version=None):
    rows = [
        {"kind": kind.key, "id": f"f{n}", "root": f"f{n}", "site": "s", "encounter": None, "participant": "p", "staff": None, "occurred_at": AT + n,
         "counter": n, "kind_version": version or kind.version, "payload": json.dumps(payload, ensure_ascii=False)}
        for n, payload in enumerate(payloads)
    ]
    return pa.Table.from_pylist(rows, schema=READ)


def both_ways(kind, payloads, version=None):
    read = facts(kind, payloads, version)
    quick, slow = table_of(kind, read, ZONES), table_of(kind, read, ZONES, quick=False)
    assert quick.equals(slow), kind.key
    return slow.to_pylist()


@pytest.mark.parametrize("key", list(KINDS.all()))
def test_the_quick_way_reads_every_kind_as_one_by_one_does(key):
    """The sample, the sample without what may be left out, each field as null, and things only JSON would hold."""
    kind, chance = KINDS[key], random.Random(1)
    sample = json.loads(kind.sample.model_dump_json())
    payloads = [sample, sample, {}, {**sample, "unheard_of": {"a": [1]}}]
    payloads += [{name: value for name, value in sample.items() if chance.random() < 0.6} for _ in range(10)]
    for payload in payloads:
        both_ways(kind, [payload])
    both_ways(kind, payloads)
    for name in sample:
        both_ways(kind, [sample, {**sample, name: None}])
    for name in [column.field for column in columns_of(kind) if column.origin is Origin.PAYLOAD and column.type is Type.TEXT]:
        both_ways(kind, [sample, {**sample, name: "ünïcode “quoted” \\ \" \t"}])


class Odd(Payload):
    """Everything a default can be confused with."""

    number: int = info("", privacy=Privacy.OPERATIONAL, default=7)
    text: str | None = info("", privacy=Privacy.OPERATIONAL, default="x")
    texts: tuple[str, ...] = info("", privacy=Privacy.OPERATIONAL, default=())


def test_what_is_not_named_has_the_default_and_what_is_null_stays_null():
    kind = dataclasses.replace(KINDS["exchange.returned"], payload=Odd, sample=Odd())
    rows = both_ways(kind, [{}, {"text": None}, {"text": "text"}, {"number": 3, "texts": ["a", "b"]}, {"text": 'a "text": b'}])
    assert [(row["number"], row["text"]) for row in rows] == [(7, "x"), (7, None), (7, "text"), (3, "x"), (7, 'a "text": b')]


def test_a_number_where_text_is_expected_is_read_one_by_one(monkeypatch):
    asked = []
    real = arrows._one_by_one
    monkeypatch.setattr(arrows, "_one_by_one", lambda *given: asked.append(1) or real(*given))
    kind = KINDS["facts.encounter"]
    assert table_of(kind, facts(kind, [{"channel": "van"}]), ZONES).column("channel").to_pylist() == ["van"]
    assert asked == []
    table_of(kind, facts(kind, [{"channel": {"odd": 1}}]), ZONES)
    assert asked == [1]


def test_lines_are_numbered_from_one_and_keep_their_fact():
    kind = KINDS["exchange.given"]
    rows = both_ways(kind, [{"lines": [{"item": "a", "quantity": 1}, {"item": "b", "quantity": 2}]}, {"lines": []}, {"lines": [{"item": "c", "quantity": 3}]}])
    assert [(row["id"], row["line"], row["item"], row["quantity"]) for row in rows] == [("f0", 1, "a", 1), ("f0", 2, "b", 2), ("f2", 1, "c", 3)]


def test_an_old_version_is_brought_up_to_date():
    kind = KINDS["exchange.given"]
    assert [row["quantity"] for row in both_ways(kind, [{"lines": [{"item": "a", "quantity": 4}]}], version=1)] == [4]


def test_the_day_is_that_of_the_place_also_when_clocks_change():
    chance = random.Random(2)
    zones = {name: ZoneInfo(name) for name in ("Europe/Kyiv", "Africa/Nairobi", "America/Bogota", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "UTC")}
    begins = datetime(2020, 1, 1, tzinfo=UTC)
    rows = [(begins + timedelta(seconds=chance.randrange(7 * 365 * 86400)), chance.choice(list(zones))) for _ in range(20_000)]
    rows += [(datetime(2026, 3, 29, tzinfo=UTC) + timedelta(minutes=n), "Europe/Kyiv") for n in range(-200, 1440)]
    rows += [(datetime(2026, 10, 25, tzinfo=UTC) + timedelta(minutes=n), "Europe/Kyiv") for n in range(-200, 1440)]
    rows += [(datetime(1965, 5, 5, 23, 59, tzinfo=UTC), "Africa/Nairobi")]
    moments = pa.array([round(at.timestamp() * 1_000_000) for at, _site in rows], pa.int64())
    found = local_dates(moments, pa.array([site for _at, site in rows]), zones).to_pylist()
    assert found == [at.astimezone(zones[site]).date() for at, site in rows]
