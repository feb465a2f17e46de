"""Areas in which few people live are not told apart for everybody."""

from __future__ import annotations

import pytest

from handrail.facts import setting_changes
from handrail.facts.models import Site
from handrail.facts.queries import today
from handrail.facts.record import Mode, record_many
from handrail.insight import disclose
from handrail.insight.areas import kept_back
from handrail.insight.compute import stand_of
from handrail.insight.disclose import share
from handrail.insight.examples import SYRINGE, drafts, gets
from handrail.insight.models import Level, SizeEstimate
from handrail.insight.results import read
from handrail.insight.tests.test_releases import Q3
from handrail.insight.values import MIN_AREA_POPULATION
from handrail.ledgers.stock.commands import add_item

CELLS = [f"area={area}" for area in ("bay", "city", "hill", "unknown")]


def live(world, **areas):
    for area, people in areas.items():
        SizeEstimate.objects.create(
            organisation=world.harbour, population="everybody", level=Level.TARGETED_AREA, area=area, value=people, method="census", year=2025, source="Statistics office",
        )


def choose(world, least):
    setting_changes.set_value(actor=world.system, value=MIN_AREA_POPULATION, typed=str(least), site=None, valid_from=today(), source="decided by the board")


def test_a_small_area_is_kept_back_with_the_next_one_until_they_are_together_not_small(in_harbour):
    live(in_harbour, bay=4000, city=90_000, hill=12_000)
    assert kept_back(CELLS) == {"bay", "hill"}
    choose(in_harbour, 4000)
    assert kept_back(CELLS) == frozenset()
    choose(in_harbour, 13_000)
    assert kept_back(CELLS) == {"bay", "hill"}, "16,000 people together"
    choose(in_harbour, 20_000)
    assert kept_back(CELLS) == {"bay", "hill", "city"}, "16,000 are too few"


def test_an_area_of_which_nobody_knows_how_many_live_there_is_small_and_nought_switches_it_off(in_harbour):
    live(in_harbour, city=90_000)
    assert kept_back(CELLS) == {"bay", "hill", "city"}
    assert kept_back(["", "gender=female", "area=unknown"]) == frozenset()
    choose(in_harbour, 0)
    assert kept_back(CELLS) == frozenset()


@pytest.fixture
def three_areas(warehouse):
    """Places in three areas, forty contacts in each; in one of them 4,000 people live."""
    add_item(actor=warehouse.system, code=SYRINGE, name="Syringe", item_class="syringe_with_needle")
    for name, area in (("Van 1", "bay"), ("Drop-in", "hill"), ("Clinic", "city")):
        Site.objects.filter(key=warehouse.sites[name].key).update(area=area)
        record_many(list(drafts([gets(f"{area}{n}", "2026-08-01", 10) for n in range(40)], warehouse.sites[name])), actor=warehouse.system, mode=Mode.CONFIRMED)
    Site.objects.exclude(area__in=("bay", "hill", "city")).update(area="")
    live(warehouse, bay=4000, hill=12_000, city=90_000)
    warehouse.numbers(str(Q3))
    return warehouse


def shown(key="contacts", **how):
    return {one.cell.removeprefix("area=") for one in share(read(Q3), **how) if one.key == key and one.cell.startswith("area=") and not one.is_hidden and one.row.value}


def test_everybody_sees_the_large_area_and_partners_see_all(three_areas):
    assert shown() == {"city"}
    assert shown(partner=True) == {"bay", "hill", "city"}
    assert {row.cell for row in read(Q3).cells("contacts") if row.cell.startswith("area=") and row.is_hidden} == {"area=bay", "area=hill"}


def test_another_choice_makes_the_hourly_job_decide_again(three_areas):
    before = stand_of(str(three_areas.harbour.id), [str(Q3)])
    choose(three_areas, 0)
    assert stand_of(str(three_areas.harbour.id), [str(Q3)]) != before
    assert shown() == {"bay", "hill", "city"}


def test_forgetting_small_areas_would_be_noticed(three_areas, monkeypatch):
    monkeypatch.setattr(disclose, "kept_back", lambda _cells: frozenset())
    assert shown() == {"bay", "hill", "city"}, "the planted fault"
