"""Numbers of the quarter on the coordinator's page of naloxone: what was computed, in words, and nothing for whoever may not read numbers."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from handrail.facts.queries import today
from handrail.insight.models import Result
from handrail.insight.periods import Period
from handrail.kernel import clock, scope


@pytest.fixture
def last(world):
    """Reach of the last quarter that is over, and that of another quarter; nobody entered deaths."""
    with scope.enter([world.harbour.key]):
        quarter = Period.of("quarter", today()).previous()
        for period, key, window, status, value in (
            (quarter, "hr_nal_02", "ever", "ok", "375"), (quarter, "hr_nal_02_percent", "ever", "ok", "37.5"), (quarter, "hr_nal_04", "rolling_12_months", "no_data", None),
            (quarter, "hr_nal_05", "rolling_12_months", "ok", "33"), (quarter.previous(), "hr_nal_02", "ever", "ok", "999"),
        ):
            days = period.window(window)
            Result.objects.create(
                organisation=world.harbour, indicator=key, version=1, period=str(period), starts_on=days.starts_on, ends_before=days.ends_before, status=status,
                value=value and Decimal(value), data_through=1, computed_at=clock.now(),
            )
    return quarter


def page(world, who: str) -> str:
    client = Client()
    client.force_login(world.staff[who])
    return client.get(reverse("naloxone:overview")).content.decode()


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_the_coordinator_reads_reach_and_what_there_is_for_each_death(world, last):
    shown = page(world, "coordinator")
    section = words(re.search(r"<section[^>]*><h2>Reach and ratios.*?</section>", shown, re.DOTALL)[0])
    assert re.search(r"People at risk who ever had a kit .*?375 per 1,000 .*?in percent .*?37\.5 % .*?for each death .*?No data .*?33\.0 doses per death", section), section
    assert "999" not in section
    client = Client()
    client.force_login(world.staff["coordinator"])
    for key in ("hr_nal_02", "hr_nal_04"):
        address = reverse("number", args=[last, key])
        assert f'href="{address}"' in shown
        assert client.get(address).status_code == 200


def test_nothing_is_said_where_nothing_was_computed_or_somebody_may_not_read_numbers(world, request):
    assert "Reach and ratios" not in page(world, "coordinator")
    request.getfixturevalue("last")
    assert "Reach and ratios" in page(world, "coordinator")
    assert "How long it lasts" in page(world, "store")
    assert "Reach and ratios" not in page(world, "store")
