"""Sixteen writers at one shelf: nothing is handed out twice, no number is left out, no reader misses a fact."""

from __future__ import annotations

import os
import random
import select
from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from handrail.facts import known as known_module
from handrail.facts import record as record_module
from handrail.facts.models import Fact, Head, Site
from handrail.facts.record import Draft, Mode, record
from handrail.facts.replay import rebuild, verify_chain
from handrail.kernel import ids, scope
from handrail.kernel.database import as_owner, retrying
from handrail.ledgers.stock import commands as stock
from handrail.ledgers.stock import queries
from handrail.ledgers.stock.models import Balance
from handrail.ledgers.stock.reactor import Short
from tests import plugin
from tests.chaos.histories import check_books, check_state
from tests.chaos.writer import Child, Post, Say, fork

pytestmark = pytest.mark.chaos
WRITERS, SYRINGES = 16, 1000


@pytest.fixture
def post(own_database: str) -> Post:
    """The van with a thousand syringes in two lots, and no connection open: processes are forked from here."""
    found = Post.of()
    with scope.enter([found.organisation]):
        van = Site.objects.get(key=found.site_key)
        stock.receive(actor=found.system, site=van, lines=[stock.Delivery("syringe-1ml-29g", "S-third", SYRINGES - 600, None)])
    connection.close()
    return found


def give_until_none_is_left(post: Post) -> Callable[[Say], None]:
    """A job: give random quantities; when the book has less, ask for less; stop when it has none."""
    def job(say: Say) -> None:
        given, limit = 0, 9
        while limit:
            quantity = random.randint(1, limit)
            draft = Draft(
                kind="exchange.given", payload={"lines": [{"item": "syringe-1ml-29g", "quantity": quantity}]}, site=post.site,
                encounter=ids.new(),
            )
            try:
                retrying(lambda draft=draft: _record(post, draft))
                given += quantity
            except Short as short:
                limit = min(quantity - 1, short.missing[0][2])
        say({"given": given})

    return job


def _record(post: Post, draft: Draft) -> None:
    with scope.enter([post.organisation]):
        record(draft, actor=post.actor, mode=Mode.TYPED)


def pull_by_counter(post: Post, stop: int) -> Callable[[Say], None]:
    """A job: read facts above the last number seen, as a phone or the warehouse does, until told to stop; then once more."""
    def job(say: Say) -> None:
        seen: list[int] = []
        last_round = False
        while True:
            with scope.enter([post.organisation]):
                seen.extend(
                    Fact.objects.filter(counter__gt=seen[-1] if seen else 0).order_by("counter").values_list("counter", flat=True)
                )
            if last_round:
                say({"seen": seen})
                return
            last_round = bool(select.select([stop], [], [], 0.001)[0])

    return job


@pytest.fixture
def stop() -> Iterator[tuple[int, Callable[[], None]]]:
    """A pipe that becomes readable in every process when the test says so."""
    reading, writing = os.pipe()
    yield reading, lambda: os.write(writing, b"x") and None
    os.close(reading)
    os.close(writing)


def test_sixteen_writers_never_give_what_is_not_there(post: Post, stop: tuple[int, Callable[[], None]]) -> None:
    reading, say_stop = stop
    pullers = [fork(pull_by_counter(post, reading)) for _ in range(2)]
    writers = [fork(give_until_none_is_left(post)) for _ in range(WRITERS)]
    given = [writer.finish()[-1]["given"] for writer in writers]
    say_stop()
    seen = [puller.finish()[-1]["seen"] for puller in pullers]
    with scope.enter([post.organisation]):
        left = sum(lot.quantity for lot in queries.lots([post.site_key]) if lot.item == "syringe-1ml-29g")
        assert sum(given) == SYRINGES - left
        assert left == 0, "every writer stopped only when none was left"
        assert sum(1 for quantity in given if quantity) >= WRITERS // 2, "they did not really run side by side"
        assert not Balance.objects.filter(location__kind="site", quantity__lt=0).exists()
        check_books()
        check_state()
        count, _head, problems = verify_chain()
        assert problems == []
        assert seen == [list(range(1, count + 1))] * len(pullers), "a puller missed a fact or saw one twice"
    with as_owner(), scope.enter([post.organisation]):
        assert rebuild() == []


def test_the_same_visit_sent_by_sixteen_processes_is_recorded_once(post: Post) -> None:
    fact_id, encounter = ids.new(), ids.new()

    def job(say: Say) -> None:
        for _ in range(5):
            outcome = retrying(lambda: _send(post, fact_id, encounter))
            say({"status": outcome})

    said = [line["status"] for child in [fork(job) for _ in range(WRITERS)] for line in child.finish()]
    assert sorted(said) == ["accepted"] + ["duplicate"] * (5 * WRITERS - 1)
    with scope.enter([post.organisation]):
        assert Fact.objects.filter(id=fact_id).count() == 1
        check_books()


def _send(post: Post, fact_id: object, encounter: object) -> str:
    with scope.enter([post.organisation]):
        draft = Draft(kind="exchange.returned", payload={"quantity": 3}, site=post.site, id=fact_id, encounter=encounter)
        return str(record(draft, actor=post.actor, mode=Mode.ARRIVED).status)


# -- a late commit (security.md F6) ---------------------------------------------------------------------------------------


def missed_by_a_puller(post: Post, go_on: tuple[int, Callable[[], None]]) -> list[int]:
    """One writer takes its number and commits late, another writes meanwhile, a puller reads; the numbers it never saw."""
    reading, say_go = go_on

    def late(say: Say) -> None:
        def work() -> None:
            with scope.enter([post.organisation]):
                _returned(post)
                say({"numbered": 1})
                select.select([reading], [], [], 30)

        retrying(work)

    def quick(say: Say) -> None:
        def work() -> None:
            with scope.enter([post.organisation]):
                _returned(post)

        retrying(work)
        say({"committed": 1})

    seen: list[int] = []

    def pull() -> None:
        with scope.enter([post.organisation]):
            seen.extend(Fact.objects.filter(counter__gt=seen[-1] if seen else 0).order_by("counter").values_list("counter", flat=True))
        connection.close()

    first: Child = fork(late)
    assert first.wait_for("numbered")
    second = fork(quick)
    second.wait_for("committed", timeout=0.5)
    pull()
    say_go()
    first.finish()
    second.finish()
    pull()
    with scope.enter([post.organisation]):
        return sorted(set(Fact.objects.values_list("counter", flat=True)) - set(seen))


def _returned(post: Post) -> None:
    draft = Draft(
        kind="exchange.returned", payload={"quantity": 1}, site=post.site, encounter=ids.new(), device=ids.random(), device_sequence=1
    )
    record(draft, actor=post.actor, mode=Mode.ARRIVED)


def test_a_puller_never_misses_a_fact_that_was_committed_late(post: Post, stop: tuple[int, Callable[[], None]]) -> None:
    assert missed_by_a_puller(post, stop) == []


def test_a_number_from_a_sequence_would_be_noticed(
    post: Post, stop: tuple[int, Callable[[], None]], own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scope.enter([post.organisation]):
        start = Head.objects.get().counter
    connection.close()
    plugin.SERVER.sql(f"CREATE SEQUENCE planted START {start + 1}; GRANT USAGE ON planted TO handrail_app", own_database)
    planted = known_module._LOCK.replace("h.counter,", "nextval('planted') - 1,").replace("FOR UPDATE OF h", "")
    monkeypatch.setattr(known_module, "_LOCK", planted)
    monkeypatch.setattr(record_module, "_INSERT", record_module._INSERT.replace("WHERE key = %s::bigint", "WHERE key = -%s::bigint"))
    assert missed_by_a_puller(post, stop) == [start + 1]


def test_writers_without_the_lock_would_be_noticed(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_module, "_LOCK", known_module._LOCK.replace("FOR UPDATE OF h", ""))
    children = [fork(give_until_none_is_left(post)) for _ in range(WRITERS)]
    failed = 0
    for child in children:
        try:
            child.finish()
        except AssertionError as error:
            if "Race" not in str(error) and "duplicate key" not in str(error):
                raise
            failed += 1
    assert failed, "without the lock the writers should have run into one another"
