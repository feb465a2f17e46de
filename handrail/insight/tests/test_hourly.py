"""The hourly job: what has not changed is not computed again, and whatever a number is made of counts as a change."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest

from handrail.facts.models import Setting, Site
from handrail.facts.record import Mode, record_many
from handrail.insight import compute, jobs, results
from handrail.insight.examples import SYRINGE, drafts, gets
from handrail.insight.models import Level, Result, SizeEstimate
from handrail.insight.periods import Period
from handrail.insight.spec import INDICATORS
from handrail.insight.values import KP_PACKAGE
from handrail.ledgers.stock.commands import add_item

ASKED = ["2026Q2", "2026Q3"]


@pytest.fixture
def hourly(warehouse, monkeypatch):
    """One hour after another over two quarters and two numbers; gives how many results were stored."""
    monkeypatch.setattr(jobs, "periods_to_compute", lambda: ASKED)
    monkeypatch.setattr(jobs, "keep_previews", lambda _organisation: 0)
    monkeypatch.setattr(compute, "INDICATORS", [INDICATORS["needles_given"], INDICATORS["prv_10b"]])
    add_item(actor=warehouse.system, code=SYRINGE, name="Syringe", item_class="syringe_with_needle")
    warehouse.hour = lambda: jobs.refresh(warehouse.harbour)["results"]
    assert warehouse.hour() > 0
    return warehouse


def test_an_hour_in_which_nothing_happened_computes_nothing_and_keeps_what_there_is(hourly):
    before = Result.objects.count()
    assert hourly.hour() == 0
    assert Result.objects.count() == before > 0


def test_a_new_record_is_in_the_next_hour(hourly):
    record_many(list(drafts([gets("A", "2026-08-01", 30)], hourly.van)), actor=hourly.system, mode=Mode.CONFIRMED)
    assert hourly.hour() > 0
    assert results.read(Period.parse("2026Q3")).get("needles_given").value == 30
    assert hourly.hour() == 0


def test_an_estimate_a_package_a_closed_place_a_threshold_and_another_period_are_changes(hourly, settings, monkeypatch):
    common = {"population": "pwid", "level": Level.TARGETED_AREA, "value": 900, "year": 2025, "method": "m", "source": "s", "area": hourly.van.area}
    SizeEstimate.objects.create(organisation_id=hourly.harbour.key, **common)
    assert hourly.hour() > 0
    Setting.objects.create(organisation=hourly.harbour, name=KP_PACKAGE.key, value=["condoms"], valid_from=date(2026, 7, 1))
    assert hourly.hour() > 0
    Site.objects.filter(key=hourly.sites["Clinic"].key).update(is_active=False)
    assert hourly.hour() > 0
    settings.CONFIG = dataclasses.replace(settings.CONFIG, public_threshold=20)
    assert hourly.hour() > 0
    monkeypatch.setattr(jobs, "periods_to_compute", lambda: [*ASKED, "2026Q1"])
    assert hourly.hour() > 0
    assert hourly.hour() == 0


def test_what_somebody_asked_for_is_computed_whether_or_not_it_changed(hourly):
    assert jobs.refresh(hourly.harbour, ["2026Q3"])["results"] > 0
