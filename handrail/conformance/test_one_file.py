"""A new kind and a new indicator are one file each: added while the tests run, found everywhere, no other edit."""

from __future__ import annotations

import dataclasses
import importlib
import sys
from pathlib import Path

import pytest

import handrail.insight.indicators
import handrail.services.exchange.kinds
from handrail.facts import visits
from handrail.facts.kinds.encounter import Encounter
from handrail.facts.spec import KINDS
from handrail.insight import compute
from handrail.insight.periods import Period
from handrail.insight.results import INDICATORS, as_json
from handrail.kernel import clock, ids
from handrail.screens import api_schema
from handrail.screens.console import composer, composer_read, reference

KIND = '''
"""Hot drinks served."""
from handrail.facts.spec import Compose, Kind, Payload, Privacy, info

class Drinks(Payload):
    cups: int = info("Cups of tea", privacy=Privacy.OPERATIONAL, ge=1, le=50)

KIND = Kind(title="Hot drinks", explain="Tea and coffee served.", payload=Drinks, may="exchange.record", sample=Drinks(cups=2), compose=Compose(order=90, title="Hot drinks"))
'''


def indicator_text() -> str:
    """An indicator over the new kind, in the shape of the ones that are there."""
    return '''
"""Cups of tea."""
from handrail.insight.spec import Event, Example, Indicator, Sum

INDICATOR = Indicator(
    code="TEA", name="Cups of tea", question="How many cups were served?", unit="cups", kind="count", decimals=0,
    numerator=Sum("exchange.drinks_test", "cups", "Cups served"), source="Our own", source_status="handrail", trap="None.",
    example=Example(source="invented", period="2026Q1", events=(Event("", "2026-01-05", "exchange.drinks_test", {"cups": 3}),), value="3", numerator=3),
)
'''


@pytest.fixture
def new_files(tmp_path: Path):
    (tmp_path / "kinds").mkdir()
    (tmp_path / "indicators").mkdir()
    (tmp_path / "kinds" / "drinks_test.py").write_text(KIND)
    (tmp_path / "indicators" / "tea_test.py").write_text(indicator_text())
    folders = ((handrail.services.exchange.kinds, "kinds"), (handrail.insight.indicators, "indicators"))
    for package, name in folders:
        package.__path__.append(str(tmp_path / name))
    importlib.invalidate_caches()
    KINDS.reload()
    INDICATORS.reload()
    yield
    for package, name in folders:
        package.__path__.remove(str(tmp_path / name))
    sys.modules.pop("handrail.services.exchange.kinds.drinks_test", None)
    sys.modules.pop("handrail.insight.indicators.tea_test", None)
    KINDS.reload()
    INDICATORS.reload()


def test_a_kind_and_an_indicator_added_now_are_everywhere(new_files, in_harbour, settings, tmp_path, monkeypatch):
    settings.CONFIG = dataclasses.replace(settings.CONFIG, var=tmp_path)
    key, actor, van = "exchange.drinks_test", in_harbour.actors["naima"], in_harbour.van

    form = {section.key: section for section in composer.build(actor, van, [], {}, {})}
    assert [row.label for row in form[key].rows] == ["Cups of tea"]
    wrong = composer_read.parse(actor, van, {f"{key}:cups": "99"})
    assert wrong.errors == {f"{key}:cups": "Cannot be more than 50."}
    parsed = composer_read.parse(actor, van, {f"{key}:cups": "3"})
    visits.save(actor=actor, visit=ids.new(), site=van.id, occurred_at=clock.now(), encounter=Encounter(), parts=parsed.parts)

    schema = api_schema.document()
    assert f"/api/facts/{key}/" in schema["paths"]
    assert key in {entry.key for entry in reference.kind_entries()}

    monkeypatch.setattr(compute, "INDICATORS", [INDICATORS["tea_test"]])  # the others have tests of their own
    quarter = Period.of("quarter", van.today)
    compute.refresh(in_harbour.harbour.key, [str(quarter)])
    tea = {(row["site"] or {}).get("name"): row["value"] for row in as_json(quarter) if row["key"] == "tea_test"}
    assert tea[None] == "3"
    assert tea["Van 1"] == "3"


def test_without_the_file_it_is_gone_again():
    assert "exchange.drinks_test" not in KINDS.all()
    assert "tea_test" not in INDICATORS.all()
