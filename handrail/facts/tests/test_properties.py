"""Properties of the heart, tried with random histories on a real PostgreSQL (security.md 3.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handrail.facts import record as record_module
from handrail.facts import replay
from handrail.facts.models import Fact
from handrail.facts.record import Draft
from handrail.facts.replay import rebuild, verify_chain
from handrail.kernel import scope
from handrail.kernel.database import as_owner
from handrail.ledgers.stock import reactor
from tests.chaos.histories import Event, Story, batches, check_books, check_state, events

SIZES = st.lists(st.integers(1, 8), min_size=1, max_size=6)
FEW = settings(max_examples=45, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
MANY = settings(FEW, max_examples=3000, derandomize=False)


@pytest.fixture
def owner(own_database: str) -> Iterator[None]:
    """The owner's connection for the whole test: only it may rebuild, and changing roles costs a connection each time."""
    with as_owner():
        yield


@contextmanager
def replay_batches(size: int) -> Iterator[None]:
    before, replay._BATCH = replay._BATCH, size
    try:
        yield
    finally:
        replay._BATCH = before


# -- replay equals live, whatever was sent --------------------------------------------------------------------------------


def live_then_replay(history: Sequence[Event], sizes: Sequence[int], repeats: Sequence[int], replay_size: int) -> None:
    """Send a history in batches, some facts twice; check the books after each batch; replay and compare."""
    story = Story.begin()
    drafts = list(zip(story.drafts(history), (event.allowed for event in history), strict=True))
    for position in sorted(repeats, reverse=True):
        if position < len(drafts):
            drafts.insert((position * 7) % len(drafts), drafts[position])
    for batch in batches(drafts, sizes):
        for allowed in (True, False):
            sent = [draft for draft, is_allowed in batch if is_allowed is allowed]
            if sent:
                assert len(story.send(sent, allowed=allowed)) == len(sent)
        with scope.enter([story.key]):
            check_books()
            check_state()
    with scope.enter([story.key]):
        stored = set(Fact.objects.values_list("id", flat=True))
        assert {draft.id for draft, _allowed in drafts} <= stored
        _count, _head, problems = verify_chain()
        assert problems == []
        with replay_batches(replay_size):
            assert rebuild() == []
        check_books()


HISTORY = given(events(), SIZES, st.lists(st.integers(0, 21), max_size=4), st.integers(1, 9))


def test_a_replay_of_any_history_makes_the_same_state(owner: None) -> None:
    FEW(HISTORY(live_then_replay))()


@pytest.mark.slow
def test_a_replay_of_very_many_histories_makes_the_same_state(owner: None) -> None:
    MANY(HISTORY(live_then_replay))()
