"""Results: stored, read, compared and handed to machines; and the web process stays light."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date

from django.utils import translation

from handrail.facts.spec import KINDS
from handrail.insight import compute, results
from handrail.insight.columns import Type, columns_of
from handrail.insight.examples import gets, play
from handrail.insight.models import Result
from handrail.insight.periods import Period, Window, months_before
from handrail.insight.spec import INDICATORS, Example


def test_a_quarter_knows_its_days():
    quarter = Period.parse("2026Q4")
    assert (quarter.starts_on, quarter.ends_before) == (date(2026, 10, 1), date(2027, 1, 1))
    assert (str(quarter.previous()), str(quarter.next()), str(Period.parse("2026Q1").previous())) == ("2026Q3", "2027Q1", "2025Q4")
    assert Period.of("quarter", date(2026, 12, 31)) == quarter == Period.parse(" 2026-q4 ")
    assert quarter.window("rolling_12_months") == Window(date(2026, 1, 1), date(2027, 1, 1))
    assert months_before(date(2026, 3, 1), 12) == date(2025, 3, 1)
    assert quarter.window("period").inside(quarter.window("rolling_12_months"))


def some(world, quarter, *events):
    play(Example("", quarter, events, "", 0), actor=world.system, site=world.van)


def test_computing_again_replaces_and_an_empty_quarter_reads_as_nothing(warehouse):
    some(warehouse, "2026Q3", gets("A", "2026-08-01", 10))
    warehouse.numbers("2026Q3")
    count = Result.objects.count()
    assert warehouse.numbers("2026Q3").get("needles_given").plain == "10"
    assert Result.objects.count() == count
    assert not results.read(Period.parse("2020Q1"))
    assert results.available_periods() == [Period.parse("2026Q3")]


def test_a_quarter_is_compared_with_the_one_before(warehouse):
    some(warehouse, "2026Q3", gets("A", "2026-05-01", 100), gets("A", "2026-08-01", 112))
    _built, computed = compute.refresh(warehouse.harbour.key, ["2026Q2", "2026Q3"])
    assert computed.periods == ("2026Q2", "2026Q3")
    pack = results.read(Period.parse("2026Q3"))
    assert pack.previous("needles_given").plain == "100"
    assert pack.change("needles_given") == 12
    assert pack.change("hcv_tests") is None
    Result.objects.filter(period="2026Q2").update(version=0)
    assert results.read(Period.parse("2026Q3")).previous("needles_given") is None, "another definition is not compared"


def test_sites_are_listed_with_their_zeros_and_store_rooms_are_not(warehouse):
    some(warehouse, "2026Q3", gets("A", "2026-08-01", 1200))
    pack = warehouse.numbers("2026Q3")
    assert [(row.site_name, row.plain) for row in pack.by_site("needles_given")] == [("Clinic", "0"), ("Drop-in", "0"), ("Van 1", "1200")]
    assert pack.by_site("gam_1_9") == []
    assert pack.get("needles_given").text == "1,200"
    with translation.override("de"):
        assert pack.get("needles_given").text == "1.200"


def test_results_as_json_can_be_written_and_carry_their_source(warehouse):
    some(warehouse, "2026Q3", gets("A", "2026-08-01", 10))
    warehouse.numbers("2026Q3")
    rows = json.loads(json.dumps(results.as_json(Period.parse("2026Q3"))))
    found = next(row for row in rows if row["key"] == "needles_given" and row["site"] is None)
    assert (found["value"], found["number"], found["numerator"], found["denominator"], found["status"]) == ("10", 10.0, 10, None, "ok")
    assert {row["key"] for row in rows} == set(INDICATORS.all())
    assert all(row["source"] and row["version"] for row in rows)


def test_a_result_whose_indicator_is_gone_is_not_read(warehouse):
    warehouse.numbers("2026Q3")
    Result.objects.filter(indicator="contacts").update(indicator="no_longer_here")
    assert results.read(Period.parse("2026Q3")).get("contacts") is None


def test_every_kind_has_columns_and_ids_are_text():
    for kind in KINDS:
        found = {column.name: column.type for column in columns_of(kind)}
        assert found["id"] is Type.TEXT
        assert found["local_date"] is Type.DATE
    given = {column.name: column.type for column in columns_of(KINDS["exchange.given"])}
    assert (given["quantity"], given["lot"], given["line"]) == (Type.WHOLE, Type.TEXT, Type.WHOLE)


def test_the_web_process_reads_results_without_the_heavy_libraries():
    code = (
        "import django; django.setup(); import handrail.insight.results, handrail.insight.examples, handrail.insight.errands, handrail.insight.desk, handrail.urls, sys;"
        "list(handrail.insight.results.INDICATORS);"
        "print([m for m in ('pyarrow', 'ibis', 'duckdb', 'pandas', 'numpy', 'highspy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
