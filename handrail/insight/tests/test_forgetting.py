"""The purge drill: what was taken down before is nowhere afterwards, and every number that was told stays as it was."""

from __future__ import annotations

import base64
import dataclasses
import json
import struct
import uuid
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
import time_machine
from django.db import connection, transaction

from handrail.facts import handles, participants, purge, receipts, visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.models import Fact
from handrail.facts.replay import rebuild, verify_chain
from handrail.facts.visits import Part
from handrail.insight import compute, forgetting, releases, warehouse
from handrail.insight.models import Release, ReleasedValue, Result
from handrail.insight.periods import Period
from handrail.insight.report_spec import REPORTS
from handrail.kernel import audit, clock, crypto, ids, scope
from handrail.kernel.database import as_owner
from handrail.services.exchange.kinds.given import Given, GivenLine
from tests import plugin
from tests import world as small_world

pytestmark = pytest.mark.slow
LATER = timedelta(days=30 * 27)
CODES = ("4X7K2M9PQ", "H3T8WZ6RD", "Y5N1CVGB2")


@pytest.fixture
def programme(own_database: str, settings, tmp_path: Path) -> SimpleNamespace:
    """Thirty contacts without a code and three people with cards and handles, told in a release, with a warehouse."""
    settings.CONFIG = dataclasses.replace(settings.CONFIG, var=tmp_path)
    world = small_world.find()
    world.database = own_database
    world.folder = tmp_path / "warehouse" / str(world.harbour.id)
    for log in ("kernel_auditentry", "kernel_accessentry"):  # they stay, and so does what the planner knows of them
        plugin.SERVER.sql(f"ALTER TABLE {log} SET (autovacuum_enabled = off)", own_database)
    naima, now = world.actors["naima"], clock.now()
    with scope.enter([world.harbour.key]):
        for number in range(30):
            given = Part("exchange.given", Given(lines=(GivenLine(item="filter", quantity=1 + number % 4),)))
            at = now - timedelta(minutes=37 * number, microseconds=1001 * number)
            visit = ids.new()
            visits.save(actor=naima, visit=visit, site=world.van.id, occurred_at=at, encounter=Encounter(), parts=[given])
            if number < 3:
                receipts.issue(actor=naima, visit=visit)
                body = CODES[number]
                who = ids.random()
                participants.issue_card(actor=world.system, participant=who, code=_coded(body))
                handles.set_handle(actor=world.system, participant=who, word=f"Zanzibar{number}otter")
                visits.save(actor=naima, visit=ids.new(), site=world.van.id, occurred_at=at - timedelta(seconds=7), encounter=Encounter(), parts=[given], participant=who)
        world.period = str(Period.parse(f"{clock.local_date(now, 'Africa/Nairobi').year}"))
        world.quarter = str(Period.of("quarter", clock.local_date(now, "Africa/Nairobi")))
    compute.refresh(world.harbour.key, [world.quarter])
    with scope.enter([world.harbour.key]):
        releases.freeze(actor=world.system, report=REPORTS["everybody"], period=Period.parse(world.quarter))
    return world


def _coded(body: str) -> str:
    return next(code for symbol in "123456789ABCDEFGHJKMNPQRSTVWXYZ" if (code := crypto.read_code(body + symbol)) is not None)


def forms(marker: str) -> dict[str, bytes]:
    """A marker as it could lie in a file."""
    raw = marker.encode()
    found = {"text": raw, "utf-16": marker.encode("utf-16-le"), "base64": base64.b64encode(raw).rstrip(b"=")[:-1], "hex": raw.hex().encode()}
    if marker[:2] == "20" and ":" in marker:  # PostgreSQL counts microseconds since 2000
        return {"column": struct.pack("<q", int((datetime.fromisoformat(marker).replace(tzinfo=UTC) - datetime(2000, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)))}
    if len(marker) == 36:
        return found | {"column": uuid.UUID(marker).bytes}
    return found | {"column": bytes.fromhex(marker), "zlib": zlib.compress(raw)}


def rows_of(table: str) -> str:
    return plugin.SERVER.sql(f"SELECT t::text FROM {table} t", connection.settings_dict["NAME"])


def markers(world: SimpleNamespace) -> dict[str, list[str]]:
    """What must be gone: ids and exact times of contacts without a code, tokens of cards and receipts, handles."""
    with scope.enter([world.harbour.key]):
        gone = list(Fact.objects.filter(participant=None, kind__in=["facts.encounter", "exchange.given"]))
        assert len(gone) == 60
    handles_locked = plugin.SERVER.sql("SELECT encode(locked, 'hex') FROM facts_handle", world.database).split()
    tokens = plugin.SERVER.sql("SELECT encode(token, 'hex') FROM facts_cardtoken UNION SELECT encode(token, 'hex') FROM facts_receipt", world.database).split()
    assert len(tokens) == 6
    assert len(handles_locked) == 3
    return {
        "id": [str(fact.id) for fact in gone],
        "time": [fact.occurred_at.astimezone(UTC).isoformat(sep=" ")[:26] for fact in gone],
        "token": tokens,
        "handle": handles_locked,
    }


def night(world: SimpleNamespace, after: timedelta) -> purge.Night:
    with time_machine.travel(clock.now() + after, tick=False):
        return forgetting.forget(world.harbour)


def told(world: SimpleNamespace) -> str:
    """All that was computed and all that was released, byte for byte."""
    with scope.enter([world.harbour.key]):
        return json.dumps([list(model.objects.order_by("key").values_list()) for model in (Result, Release, ReleasedValue)], default=str)


def state_and_facts() -> str:
    tables = {model._meta.db_table for model in purge.state_models()} | {"facts_fact", "facts_receipt", "facts_cardtoken", "facts_handle", "facts_codehint"}
    return "\n".join(rows_of(table) for table in sorted(tables))


def files_of_tables(world: SimpleNamespace) -> bytes:
    """Every file of this database as it lies on the disk, after a checkpoint."""
    plugin.SERVER.sql("CHECKPOINT")
    oid = plugin.SERVER.sql(f"SELECT oid FROM pg_database WHERE datname = '{world.database}'").strip()
    logs = {plugin.SERVER.sql(f"SELECT pg_relation_filenode('{name}'::regclass)", world.database).strip() for name in ("kernel_auditentry", "kernel_accessentry")}
    return b"".join(path.read_bytes() for path in sorted((plugin.SERVER.data / "base" / oid).iterdir()) if path.is_file() and path.name.split(".")[0] not in logs)


def test_the_drill_nothing_that_should_have_gone_is_found(programme: SimpleNamespace) -> None:
    wanted = markers(programme)
    plugin.SERVER.sql("ANALYZE facts_fact, stock_leg, facts_handle, facts_cardtoken, facts_receipt", programme.database)  # the planner's statistics hold samples of values; sooner or later it runs by itself
    lying = files_of_tables(programme)
    assert [kind for kind, found in wanted.items() if not any(form in lying for form in forms(found[0]).values())] == []
    micros = {int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp() * 1e6) for moment in wanted["time"]}
    assert {row["occurred_at"].timestamp() * 1e6 // 1 for row in parquet(programme)} & micros
    night(programme, LATER)
    night(programme, timedelta(days=366 * 6))
    text = state_and_facts()
    assert [m for found in wanted.values() for m in found if m in text] == []
    lying = files_of_tables(programme)
    left = [(kind, marker, how) for kind, found in wanted.items() for marker in found for how, form in forms(marker).items() if form in lying]
    assert left == [], {(kind, how) for kind, _marker, how in left}
    files = sorted(path for path in programme.folder.rglob("*") if path.is_file())
    content = [path.read_bytes() for path in files]
    assert [m for m in wanted["id"] for one in content if m.encode() in one] == []
    rows = parquet(programme)
    anonymous = [row for row in rows if row["participant"] is None]
    assert len(anonymous) == 60
    assert {row["staff"] for row in anonymous} == {None}
    assert not {int(row["occurred_at"].timestamp() * 1e6) for row in rows if row["participant"] is None} & micros
    assert {row["id"] for row in rows}.isdisjoint(wanted["id"])


def parquet(world: SimpleNamespace) -> list[dict]:
    """Every row of every Parquet file in the folder, whether a manifest names it or not."""
    kinds = ("facts.encounter", "exchange.given")
    return [row for kind in kinds for path in sorted((world.folder / "facts" / kind).glob("*")) for row in pq.read_table(path).to_pylist()]


def test_numbers_that_were_told_are_the_same_byte_for_byte_and_computed_again_they_are_equal(programme: SimpleNamespace) -> None:
    before = told(programme)
    assert before.count('"everybody"') == 1
    assert night(programme, LATER).done["facts.anonymous_contacts"].count == 60
    assert told(programme) == before
    with scope.enter([programme.harbour.key]):
        columns = ("indicator", "site", "cell", "status", "value", "numerator", "denominator", "people_behind")
        numbers = sorted(map(str, Result.objects.filter(period=programme.quarter).values_list(*columns)))
    with time_machine.travel(clock.now() + LATER):
        compute.refresh(programme.harbour.key, [programme.quarter])
    with scope.enter([programme.harbour.key]):
        assert sorted(map(str, Result.objects.filter(period=programme.quarter).values_list(*columns))) == numbers != []


def test_after_the_drill_both_chains_hold_and_state_is_folded_to_the_same(programme: SimpleNamespace) -> None:
    night(programme, LATER)
    with scope.enter([programme.harbour.key]):
        assert [*verify_chain()[2], *audit.verify().problems] == []
    with as_owner(), transaction.atomic(), scope.enter([programme.harbour.key]):
        assert rebuild() == []
        transaction.set_rollback(True)


def test_a_purge_that_was_killed_before_the_warehouse_is_made_good_the_next_night(programme: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(warehouse, "build", lambda _key: (_ for _ in ()).throw(OSError("the disk is full")))
        with pytest.raises(OSError, match="full"):
            night(programme, LATER)
    assert any(row["staff"] for row in parquet(programme) if row["participant"] is None)
    assert night(programme, LATER).done["facts.anonymous_contacts"].count == 0
    assert not any(row["staff"] for row in parquet(programme) if row["participant"] is None)


def test_without_an_address_for_the_purge_nothing_is_forgotten_and_the_log_says_so(programme: SimpleNamespace, settings, caplog: pytest.LogCaptureFixture) -> None:
    settings.CONFIG = dataclasses.replace(settings.CONFIG, database_url="postgresql://x@y/z", purge_database_url="")
    forgetting.purge_what_is_due.func()
    assert "HANDRAIL_PURGE_DATABASE_URL" in caplog.text
