"""The warehouse: what is new is added, what was written stays, and a kill at any moment leaves it whole."""

from __future__ import annotations

import itertools
import json
import shutil
import sys
import textwrap
from datetime import UTC, date, datetime

import pyarrow.parquet as pq
import pytest
from django.db import transaction

from handrail.facts.models import Head, Site
from handrail.facts.record import Draft, Mode, record, record_many
from handrail.facts.spec import KINDS
from handrail.insight import warehouse as module
from handrail.insight.compile import Reader
from handrail.insight.examples import FIVE_PEOPLE, SYRINGE, TEN_REFERRALS, drafts, gets, says
from handrail.insight.periods import Period
from handrail.insight.spec import INDICATORS
from handrail.insight.warehouse import NotBuilt, read_manifest
from handrail.kernel import ids
from handrail.ledgers.stock.commands import add_item
from handrail.services.exchange import kinds as exchange_kinds


@pytest.fixture
def recorded(warehouse):
    """`recorded(events)` records them at the van."""
    add_item(actor=warehouse.system, code=SYRINGE, name="Syringe", item_class="syringe_with_needle")

    def play(*events, site=None):
        made = list(drafts(events, site or warehouse.van))
        record_many(made, actor=warehouse.system, mode=Mode.CONFIRMED)
        return made

    return play


def everything(world):
    with Reader(str(world.harbour.id)) as reader:
        return {kind: reader.rows(kind) for kind in KINDS.all()}


def stored(world):
    return {str(p.relative_to(world.folder)): p.read_bytes() for p in world.folder.rglob("*.parquet")}


def needles(world, quarter):
    world.build()
    with Reader(str(world.harbour.id)) as reader:
        return reader.measure(INDICATORS["needles_given"].numerator, Period.parse(quarter).window("period")).everywhere.value


def test_a_line_is_a_row_and_the_columns_come_from_the_kind(warehouse, recorded):
    recorded(*FIVE_PEOPLE)
    warehouse.build()
    rows = everything(warehouse)["exchange.given"]
    assert len(rows) == 10
    assert rows[0] | {"id": "", "root": "", "site": "", "encounter": "", "participant": "", "counter": 0, "occurred_at": 0} == {
        "id": "", "root": "", "site": "", "encounter": "", "participant": "", "staff": None, "occurred_at": 0, "counter": 0,
        "local_date": date(2026, 1, 2), "kind_version": 2, "line": 1, "item": SYRINGE, "quantity": 50, "lot": None, "short_reason": None,
    }
    assert rows == sorted(rows, key=lambda row: row["occurred_at"])


def test_a_kind_without_facts_is_an_empty_table(warehouse):
    warehouse.build()
    assert everything(warehouse)["exchange.returned"] == []


def test_building_again_changes_nothing(warehouse, recorded):
    recorded(*FIVE_PEOPLE)
    warehouse.build()
    before, manifest = stored(warehouse), (warehouse.folder / "manifest.json").read_bytes()
    report = warehouse.build()
    assert (report.facts_read, report.files_written, report.rebuilt) == (0, 0, ())
    assert (stored(warehouse), (warehouse.folder / "manifest.json").read_bytes()) == (before, manifest)


def test_what_is_new_comes_in_files_of_its_own(warehouse, recorded):
    recorded(*FIVE_PEOPLE)
    warehouse.build()
    before = stored(warehouse)
    new = recorded(gets("A", "2026-03-11", 7))
    report = warehouse.build()
    assert report.facts_read == len(new) == 2
    after = stored(warehouse)
    assert before.items() <= after.items()
    assert len([path for path in set(after) - set(before) if path.startswith("facts/")]) == 2


def test_bit_by_bit_gives_the_same_as_all_at_once(warehouse, recorded):
    for event in (*FIVE_PEOPLE, gets("A", "2025-03-11", 7)):
        recorded(event)
        warehouse.build()
    bit_by_bit = everything(warehouse)
    shutil.rmtree(warehouse.folder)
    warehouse.build()
    assert everything(warehouse) == bit_by_bit


def test_many_small_files_become_one(warehouse, recorded, monkeypatch):
    monkeypatch.setattr(module, "MANY_FILES", 3)
    for day in range(1, 6):
        recorded(gets("A", f"2026-03-{11 - day:02}", day))
        warehouse.build()
    rows = everything(warehouse)["exchange.given"]
    assert [row["quantity"] for row in rows] == [5, 4, 3, 2, 1]
    assert len(read_manifest(str(warehouse.harbour.id)).files("exchange.given")) <= 3


def test_large_exports_are_written_in_pieces(warehouse, recorded, monkeypatch):
    recorded(*FIVE_PEOPLE)
    warehouse.build()
    whole = everything(warehouse)
    shutil.rmtree(warehouse.folder)
    monkeypatch.setattr(module, "CHUNK", 5)
    assert warehouse.build().files_written > 5
    assert everything(warehouse) == whole


def test_a_correction_and_what_is_taken_back_count_after_the_next_build(warehouse, recorded):
    made = recorded(gets("A", "2026-08-01", 300), gets("B", "2026-08-01", 5))
    assert needles(warehouse, "2026Q3") == 305
    first, second = (d for d in made if d.kind == "exchange.given")
    record(
        Draft(kind="exchange.given", payload={"lines": [{"item": SYRINGE, "quantity": 30}]}, site=warehouse.van.id, encounter=first.encounter,
              participant=first.participant, occurred_at=first.occurred_at, supersedes=(first.id,)),
        actor=warehouse.system, mode=Mode.CONFIRMED,
    )
    assert needles(warehouse, "2026Q3") == 35
    record(
        Draft(kind="facts.taken_back", payload={"why": "did_not_happen"}, site=warehouse.van.id, supersedes=(second.id,)),
        actor=warehouse.system,
    )
    assert needles(warehouse, "2026Q3") == 30


def test_what_cannot_be_read_is_left_out_and_what_is_kept_aside_does_not_count(warehouse, recorded):
    recorded(gets("A", "2026-08-01", 5))
    common = {"site": warehouse.van.id, "occurred_at": datetime(2026, 8, 2, tzinfo=UTC)}
    record_many(
        [
            Draft(kind="exchange.given", payload={"lines": "?"}, encounter=ids.new(), **common),
            Draft(kind="nobody.knows", payload={"x": 1}, **common),
            Draft(kind="exchange.given", payload={"lines": [{"item": SYRINGE, "quantity": 9}]}, **common),
        ],
        actor=warehouse.system, mode=Mode.ARRIVED,
    )
    assert needles(warehouse, "2026Q3") == 5
    manifest = read_manifest(str(warehouse.harbour.id))
    assert sum(pq.read_table(path).num_rows for path in manifest.files("exchange.given")) == 2


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("survives", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2, 3))])
def test_a_kill_before_the_manifest_leaves_the_old_warehouse(warehouse, recorded, monkeypatch, survives):
    recorded(*FIVE_PEOPLE)
    warehouse.build()
    before = everything(warehouse)
    recorded(gets("A", "2026-03-11", 7))
    left = itertools.count(-survives)
    write = module._replace

    def killed(path, content):
        if next(left) >= 0 or path.name == "manifest.json":
            path.with_name(f"{path.name}.77.part").write_bytes(bytes(content)[:10])
            raise Killed
        write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(module, "_replace", killed)
        with pytest.raises(Killed):
            warehouse.build()
    transaction.set_rollback(False)
    assert everything(warehouse) == before
    warehouse.build()
    assert sum(row["quantity"] for row in everything(warehouse)["exchange.given"]) == 347
    assert not list(warehouse.folder.rglob("*.part"))
    warehouse.build()
    assert set(stored(warehouse)) == read_manifest(str(warehouse.harbour.id)).named()


def test_a_restored_backup_is_exported_from_the_start(warehouse, recorded):
    recorded(*FIVE_PEOPLE)
    warehouse.build()
    before = everything(warehouse)
    Head.objects.update(epoch=ids.random())
    report = warehouse.build()
    assert report.facts_read > 10
    assert "exchange.given" in report.rebuilt
    assert everything(warehouse) == before


def test_a_site_that_gets_another_time_zone_gets_other_days(warehouse, recorded):
    made = recorded(gets("A", "2026-09-30", 5))
    moment = datetime(2026, 9, 30, 20, 30, tzinfo=UTC)
    record(
        Draft(kind="exchange.given", payload=made[-1].payload, site=warehouse.van.id, encounter=made[0].id, occurred_at=moment),
        actor=warehouse.system, mode=Mode.CONFIRMED,
    )
    assert (needles(warehouse, "2026Q3"), needles(warehouse, "2026Q4")) == (10, 0)
    Site.objects.filter(key=warehouse.van.key).update(time_zone="Pacific/Auckland")
    assert (needles(warehouse, "2026Q3"), needles(warehouse, "2026Q4")) == (5, 5)


def test_the_last_half_hour_of_a_quarter_belongs_to_it_where_it_happened(warehouse, recorded):
    made = recorded(gets("A", "2026-09-30", 1))
    for moment in ("2026-09-30T23:30:00+03:00", "2026-10-01T00:00:00+03:00", "2026-06-30T23:59:59+03:00"):
        record(
            Draft(kind="exchange.given", payload={"lines": [{"item": SYRINGE, "quantity": 10}]}, site=warehouse.van.id,
                  encounter=made[0].id, occurred_at=datetime.fromisoformat(moment)),
            actor=warehouse.system, mode=Mode.CONFIRMED,
        )
    assert [needles(warehouse, quarter) for quarter in ("2026Q2", "2026Q3", "2026Q4")] == [10, 11, 10]


def test_another_organisation_is_in_another_warehouse(warehouse, recorded):
    recorded(*FIVE_PEOPLE)
    warehouse.build()
    module.build(warehouse.hillside.key)
    with Reader(str(warehouse.hillside.id)) as reader:
        assert reader.rows("exchange.given") == []


def test_a_warehouse_that_was_never_built_says_so(warehouse):
    with pytest.raises(NotBuilt):
        read_manifest(str(warehouse.harbour.id))
    warehouse.build()
    (warehouse.folder / "manifest.json").write_text(json.dumps({"format": 0}))
    with pytest.raises(NotBuilt):
        read_manifest(str(warehouse.harbour.id))
    warehouse.build()
    assert read_manifest(str(warehouse.harbour.id)).watermark


def test_answers_about_injecting_count_until_they_are_a_year_old_and_the_last_one_decides(warehouse, recorded):
    recorded(
        says("A", "2025-10-01"), says("B", "2025-09-30"), says("C", "2026-08-01"), says("C", "2026-09-01", "never"),
        says("D", "2026-10-01"), *(gets(who, "2026-09-02", 1) for who in "ABCD"),
    )
    row = warehouse.numbers("2026Q3").get("prv_8a")
    assert (row.numerator, row.denominator) == (1, 1)
    assert [step.value for step in row.steps if step.role == "beside"] == ["0", "2"]


def test_an_answer_about_injecting_that_was_taken_back_is_not_known_any_more(warehouse, recorded):
    made = recorded(says("A", "2026-07-01"), gets("A", "2026-07-02", 1), says("B", "2026-07-01"), gets("B", "2026-07-02", 1))
    assert warehouse.numbers("2026Q3").get("prv_8a").numerator == 2
    person = next(draft.participant for draft in made if draft.kind == "facts.asked")
    at = datetime(2026, 8, 1, 9, tzinfo=UTC)
    record(Draft(kind="facts.profile", payload={"withdrawn": ["injects"]}, site=warehouse.van.id, participant=person, occurred_at=at), actor=warehouse.system)
    row = warehouse.numbers("2026Q3").get("prv_8a")
    assert (row.numerator, row.denominator) == (1, 1)
    assert [step.value for step in row.steps if step.role == "beside"] == ["0", "1"]


def test_referrals_follow_their_corrections(warehouse, recorded):
    made = recorded(*TEN_REFERRALS)
    referral = next(d for d in made if d.kind == "facts.referral" and d.payload["status"] == "accepted")
    record(
        Draft(kind="facts.referral", payload={"service": "HIV_test", "status": "accepted"}, site=warehouse.van.id, encounter=referral.encounter,
              participant=referral.participant, occurred_at=referral.occurred_at, supersedes=(referral.id,)),
        actor=warehouse.system,
    )
    assert warehouse.numbers("2026Q3").get("referral_bridge").plain == "62.5"


NEW_KIND = '''
from handrail.facts.spec import Codes, Kind, Line, Payload, Privacy, info

class Size(Codes):
    SMALL = "small", "Small"

class Bag(Line):
    size: Size = info("Size", privacy=Privacy.OPERATIONAL)
    litres: float = info("Litres", privacy=Privacy.OPERATIONAL)

class Cleaned(Payload):
    bags: tuple[Bag, ...] = info("Bags", privacy=Privacy.OPERATIONAL)
    tools: tuple[str, ...] = info("Tools", privacy=Privacy.OPERATIONAL, default=())
    site: str = info("Corner", privacy=Privacy.OPERATIONAL, default="none")

KIND = Kind(title="Clean-up", explain="A walk.", payload=Cleaned, may="exchange.record",
            sample=Cleaned(bags=(Bag(size="small", litres=1.5),)))
'''
NEW_INDICATOR = '''
from handrail.insight.spec import Event, Example, Indicator, Sum

INDICATOR = Indicator(
    code="X", name="Litres", question="How many?", unit="litres", kind="count", numerator=Sum("exchange.zz_cleaned", "litres", "Litres"),
    source="test", source_status="handrail", trap="none",
    example=Example("test", "2026Q3", (Event("A", "2026-08-01", "exchange.zz_cleaned", {"bags": []}),), "0", 0),
)
'''


@pytest.fixture
def added(tmp_path):
    """A kind and an indicator whose files appear while the programme runs."""
    indicators = sys.modules["handrail.insight.indicators"]
    folders = {exchange_kinds: tmp_path / "kinds", indicators: tmp_path / "indicators"}
    for package, folder in folders.items():
        folder.mkdir()
        package.__path__.append(str(folder))
    (tmp_path / "kinds" / "zz_cleaned.py").write_text(textwrap.dedent(NEW_KIND))
    (tmp_path / "indicators" / "zz_litres.py").write_text(textwrap.dedent(NEW_INDICATOR))
    KINDS.reload()
    INDICATORS.reload()
    yield
    for package, folder in folders.items():
        package.__path__.remove(str(folder))
        for path in folder.glob("*.py"):
            sys.modules.pop(f"{package.__name__}.{path.stem}", None)
            if hasattr(package, path.stem):
                delattr(package, path.stem)
    KINDS.reload()
    INDICATORS.reload()


def test_a_kind_and_an_indicator_that_appear_are_in_the_warehouse_and_the_results(warehouse, recorded, added):
    made = recorded(gets("A", "2026-08-01", 5))
    warehouse.build()
    assert everything(warehouse)["exchange.zz_cleaned"] == []
    payload = {"bags": [{"size": "small", "litres": 2.0}, {"size": "small", "litres": 5.0}], "tools": ["tongs", "gloves"]}
    record(
        Draft(kind="exchange.zz_cleaned", payload=payload, site=warehouse.van.id, encounter=made[0].id, occurred_at=made[0].occurred_at),
        actor=warehouse.system, mode=Mode.CONFIRMED,
    )
    assert warehouse.numbers("2026Q3").get("zz_litres").plain == "7.0"
    rows = everything(warehouse)["exchange.zz_cleaned"]
    assert [(r["line"], r["litres"], r["size"], r["tools"], r["payload_site"], r["site"]) for r in rows] == [
        (1, 2.0, "small", ["tongs", "gloves"], "none", str(warehouse.van.id)),
        (2, 5.0, "small", ["tongs", "gloves"], "none", str(warehouse.van.id)),
    ]


def test_a_kind_whose_columns_change_is_written_from_the_start_and_the_others_are_not(warehouse, recorded, added, tmp_path):
    made = recorded(gets("A", "2026-08-01", 5))
    record(
        Draft(kind="exchange.zz_cleaned", payload={"bags": [{"size": "small", "litres": 2.0}]}, site=warehouse.van.id, encounter=made[0].id,
              occurred_at=made[0].occurred_at),
        actor=warehouse.system, mode=Mode.CONFIRMED,
    )
    warehouse.build()
    kind = KINDS["exchange.zz_cleaned"]
    kind.version, kind.upcasters = 2, {1: lambda old: old | {"tools": ["hands"]}}
    report = warehouse.build()
    assert (report.rebuilt, report.facts_read) == (("exchange.zz_cleaned",), 1)
    assert everything(warehouse)["exchange.zz_cleaned"][0]["tools"] == ["hands"]
