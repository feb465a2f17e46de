"""DuckDB, PostgreSQL and Spark give the same answers: of every worked example, and of an invented year with merges and corrections."""

from __future__ import annotations

import dataclasses
import random
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as django_settings

from handrail.facts.record import Draft, Mode, record_many
from handrail.insight import engines
from handrail.insight.arithmetic import display
from handrail.insight.compile import Reader
from handrail.insight.compute import computed_from
from handrail.insight.examples import SYRINGE, play
from handrail.insight.periods import Period
from handrail.insight.spec import INDICATORS, People
from handrail.insight.tests.test_oracle import Year
from handrail.ledgers.stock.commands import add_item
from tests.people import join

pytestmark = pytest.mark.slow

ENGINES = ("duckdb", "postgres", "spark")


@pytest.fixture(scope="module")
def spark():
    """One Spark for all tests of this file. Without Java or pyspark they fail and say what is missing; nothing is skipped."""
    from handrail.insight.engines import spark as module  # noqa: PLC0415  takes seconds, and pyspark

    yield module.start()
    module.stop()


@pytest.mark.parametrize("key", list(INDICATORS.all()))
def test_an_indicator_gives_the_answer_of_its_worked_example_on_every_engine(warehouse, spark, key):
    indicator, expected = INDICATORS[key], INDICATORS[key].example
    play(expected, actor=warehouse.system, site=warehouse.van)
    warehouse.build()
    window = Period.parse(expected.period).window(indicator.window)
    for engine in ENGINES:
        with Reader(str(warehouse.harbour.id), engine) as reader:
            reader.measure_all([(part, window) for part in indicator.inputs])
            parts = [reader.measure(part, window) for part in indicator.inputs]
        found = computed_from(indicator, [part.at(None) for part in parts], window)
        value = found.status.value if found.value is None else display(found.value, indicator.decimals)
        assert (engine, value, found.numerator.value) == (engine, expected.value, expected.numerator)
        assert (found.denominator and found.denominator.value) == expected.denominator, engine
        assert expected.people_behind in {None, found.numerator.people}, engine


def lived(world, seed):
    """A year of visits, answers and corrections, in which people also say who they are, are tested, referred and merged."""
    add_item(actor=world.system, code=SYRINGE, name="Syringe", item_class="syringe_with_needle")
    year, chance = Year(world, seed), random.Random(seed)
    people = sorted({visit["person"] for visit in year.visits if visit["person"]})
    for person in people:
        at = {"site": year.sites[0], "participant": person, "occurred_at": datetime(2025, 8, 1, tzinfo=UTC) + timedelta(days=chance.randrange(400))}
        said = {"gender": chance.choice((["female"], ["male"], ["female", "trans"]))} | chance.choice(({}, {"birth_year": chance.randrange(1950, 2012)}, {"age_band": "20_24"}))
        year.drafts.append(Draft(kind="facts.profile", payload=said, **at))
        if chance.random() < 0.1:
            year.drafts.append(Draft(kind="facts.profile", payload={"withdrawn": ["gender"]}, **at | {"occurred_at": datetime(2026, 9, 2, tzinfo=UTC)}))
    for visit in chance.sample([visit for visit in year.visits if visit["person"]], 80):
        day = {"site": visit["site"], "participant": visit["person"], "occurred_at": datetime.combine(visit["day"], datetime.min.time(), UTC) + timedelta(hours=12)}
        result = chance.choice(("positive", "negative", "indeterminate"))
        test = {"disease": chance.choice(("HIV", "HCV_Ab", "HCV_RNA")), "state": "resulted", "result": result}
        year.drafts.append(Draft(kind="exchange.test", payload=test, encounter=visit["visit"], **day))
        year.drafts.append(Draft(kind="exchange.returned", payload={"quantity": chance.randrange(1, 90)}, encounter=visit["visit"], **day))
    record_many(year.drafts, actor=world.system, mode=Mode.CONFIRMED)
    for survivor, other in zip(people[:4], people[4:8], strict=True):
        join(world, survivor, other, at=datetime(2026, 11, 1, tzinfo=UTC))


def test_every_cell_of_a_year_with_merges_and_corrections_is_the_same_on_every_engine(warehouse, spark):
    lived(warehouse, 3)
    warehouse.build()
    asked, period = {}, Period.parse("2026Q3")
    for indicator in INDICATORS:
        window = period.window(indicator.window)
        for part in (*indicator.inputs, *indicator.beside):
            asked.setdefault((part, window), set()).update(indicator.breakdowns)
    found = {}
    for engine in ENGINES:
        with Reader(str(warehouse.harbour.id), engine) as reader:
            reader.measure_all(asked, asked)
            found[engine] = {pair: reader.measure(*pair) for pair in asked} | {"joined": reader.joined(window), "places": reader.places()}
    assert found["duckdb"]["joined"] > 0
    cells = [cell for measured in found["duckdb"].values() if hasattr(measured, "by_cell") for cell in (*measured.by_cell.values(), *measured.by_site.values())]
    assert len(cells) > 150
    for engine in ENGINES[1:]:
        for pair, measured in found["duckdb"].items():
            assert found[engine][pair] == measured, (engine, pair)


def test_the_setting_chooses_the_engine_and_the_stored_results_are_the_same(warehouse, spark, settings):
    lived(warehouse, 4)
    stored = {}
    for engine in ENGINES:
        settings.CONFIG = dataclasses.replace(settings.CONFIG, engine=engine)
        pack = warehouse.numbers("2026Q3")
        stored[engine] = {row.place: (row.plain, row.numerator, row.denominator, row.people_behind, row.is_hidden) for row in pack}
    assert len(stored["duckdb"]) > 100
    assert stored["postgres"] == stored["duckdb"]
    assert stored["spark"] == stored["duckdb"]


def test_rows_come_back_alike_from_every_engine(warehouse, spark):
    """Moments in UTC, lists, decimals, nulls: exports read them."""
    lived(warehouse, 5)
    warehouse.build()
    for kind in ("facts.encounter", "facts.profile", "exchange.given", "exchange.test"):
        found = []
        for engine in ENGINES:
            with Reader(str(warehouse.harbour.id), engine) as reader:
                found.append(reader.rows(kind))
        assert found[0]
        assert found[1] == found[0]
        assert found[2] == found[0]


def test_an_organisation_without_facts_has_zeros_on_every_engine(warehouse, spark):
    warehouse.build()
    for engine in ENGINES:
        with Reader(str(warehouse.harbour.id), engine) as reader:
            assert reader.measure(People(""), Period.parse("2026Q3").window("period")).everywhere.value == 0


def test_without_java_spark_says_what_to_install(spark, monkeypatch):
    from handrail.insight.engines import spark as module  # noqa: PLC0415

    monkeypatch.setattr(module.SparkSession, "getActiveSession", lambda: None)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(engines.EngineMissing, match="apt install default-jre-headless"):
        module.start()


def test_spark_keeps_to_this_machine_and_to_universal_time(spark):
    conf = spark.conf
    assert (conf.get("spark.sql.session.timeZone"), conf.get("spark.driver.bindAddress"), conf.get("spark.authenticate")) == ("UTC", "127.0.0.1", "true")
    assert conf.get("spark.driver.memory") == f"{django_settings.CONFIG.engine_memory_mb}m"
    assert conf.get("spark.ui.enabled") == "false"
