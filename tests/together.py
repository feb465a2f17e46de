"""Which tests go to one process when several run them."""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

TOGETHER = {
    "tests/test_naughty_forms.py::test_every_form_is_found": "scene",
    "tests/test_naughty_forms.py::test_garbage_in_the_name_of_a_field": "scene",
    "tests/test_naughty_forms.py::test_a_name_that_a_spreadsheet_would_run": "scene",
    "tests/test_naughty_forms.py::test_every_template_with_a_form": "scene",
    "handrail/conformance/test_messages.py::test_the_complete_languages": "sentences",
    "handrail/conformance/test_messages.py::test_a_missing_and_a_damaged": "sentences",
    "handrail/insight/tests/test_engines.py::": "engines",
}
"""Tests that share something slow go to one process, which makes it once. xdist's own groups do nothing
under pytest 9.2, and say nothing of it."""


class Scheduling(LoadScopeScheduling):
    """One test after another to whichever process is free; what belongs together stays together."""

    def _split_scope(self, nodeid: str) -> str:
        return next((group for start, group in TOGETHER.items() if nodeid.startswith(start)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """Ours, unless another way was asked for."""
    return Scheduling(config, log) if config.getvalue("dist") == "load" else None
