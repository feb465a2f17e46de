"""Fixtures of insight's tests: a warehouse of their own, and a short way to build, compute and read."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest

from handrail.insight import compute, results
from handrail.insight.periods import Period
from handrail.insight.warehouse import build

QUICK = ("[kp_4]", "[prv_10a]", "[hep_4a]", "[prv_9a]")
"""Worked examples that the core suite plays as well; the others take a minute together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever builds a warehouse takes a second: of those only a few worked examples belong to the core suite."""
    for item in items:
        if "warehouse" in getattr(item, "fixturenames", ()) and not item.name.endswith(QUICK):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def warehouse(in_harbour, settings, tmp_path):
    """The small world with an empty warehouse. `numbers("2026Q3")` builds, computes and reads a quarter."""
    settings.CONFIG = dataclasses.replace(settings.CONFIG, var=tmp_path)
    world = SimpleNamespace(**in_harbour.__dict__)
    world.folder = tmp_path / "warehouse" / str(world.harbour.id)
    world.build = lambda: build(world.harbour.key)

    def numbers(quarter: str) -> results.Pack:
        compute.refresh(world.harbour.key, [quarter])
        return results.read(Period.parse(quarter))

    world.numbers = numbers
    return world
