"""The drill's order: leaks are planted last, because what was planted stays. The suite shuffles its tests; this comes after that."""

from __future__ import annotations

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Planting goes to the end; everything else stays where it is."""
    items.sort(key=lambda item: item.name == "test_a_leak_planted_in_any_place_is_found_whole")
