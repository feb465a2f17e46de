"""Every record can be said in words: a page that lists what was recorded meets every kind."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection

from handrail.facts.fold import Recorded
from handrail.facts.record import Draft, record
from handrail.facts.recorded import read_facts
from handrail.facts.spec import KINDS
from handrail.screens.console.describe import sentences


@pytest.fixture
def any_fact(in_harbour) -> Recorded:
    """A fact to stand in for one of any kind."""
    made = record(Draft(kind="facts.encounter", payload={}, site=in_harbour.van.id), actor=in_harbour.system)
    with connection.cursor() as cursor:
        return next(iter(read_facts(cursor, in_harbour.harbour.key, "f.id = %s", [made.id])))


def test_the_sample_of_every_kind_can_be_said_in_words(any_fact):
    silent = [kind.key for kind in KINDS if not sentences(replace(any_fact, kind=kind.key, parsed=kind.sample), {})]
    assert "exchange.box_refilled" not in silent
