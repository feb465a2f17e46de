"""50,000 people with cards and 400,000 facts: finding one, the first page of each list, and the day of ten workers.

Each is printed beside plain SQL that reads the same thing over one connection in the same run.
"""

from __future__ import annotations

import multiprocessing
import random
import statistics
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import psycopg

from bench._crowd import add_people, add_visits, harbour, superuser
from bench._server import Browser, serving
from bench.exchange import quantile, visit_form
from handrail.kernel import crypto
from tests.words import PASSWORD

PEOPLE, VISITS, WORKERS, ROUNDS = 50_000, 200_000, 10, 40
LISTS = {
    "naima": ("/", "/visits/", "/stock/", "/expected/", "/same-person/"),
    "store": ("/stock/", "/stock/runs-out/", "/stock/differences/", "/stock/orders/", "/stock/catalogue/"),
    "coordinator": ("/visits/", "/same-person/", "/to-look-at/", "/quarter/", "/expected/", "/audit/", "/devices/", "/accounts/"),
}
NEWEST = "SELECT id, occurred_at, payload FROM facts_fact WHERE organisation_id = %s AND site_id = %s AND kind = 'facts.encounter' ORDER BY occurred_at DESC LIMIT 60"
CARD = "SELECT participant FROM facts_cardtoken WHERE organisation_id = %s AND token = %s"


def timed(work: Callable[[], Any], times: int = ROUNDS) -> list[float]:
    """Seconds of each run, after two that are not counted."""
    found = []
    for number in range(times + 2):
        started = time.perf_counter()
        work()
        if number >= 2:
            found.append(time.perf_counter() - started)
    return found


def look_up(browser: Browser, site: str, code: str) -> None:
    """Find somebody by card, as the find page does; raises when nobody is found."""
    status, where = browser.post(f"/people/find/{site}/", {"how": "card", "card": code})
    if status != 302:
        raise RuntimeError(f"{status}: {where[where.find('<main'):][:1500]}")


def plain_look_up(connection: psycopg.Connection[Any], organisation: int, key: bytes, code: str) -> None:
    """The same by one prepared statement."""
    found = connection.execute(CARD, [organisation, crypto.code_token(key, code.replace("-", ""))], prepare=True).fetchone()
    if found is None:
        raise RuntimeError("nobody")


def _worker(gate: Barrier, results: SimpleQueue[tuple[float, float, list[float]]], port: int, codes: list[str]) -> None:
    browser = Browser(port)
    browser.sign_in("naima", PASSWORD)
    site = browser.site("Van 1")
    gate.wait()
    started, found = time.time(), []
    for number, code in enumerate(codes):
        for work in (lambda code=code: look_up(browser, site, code), lambda: browser.post(f"/visits/at/{site}/", visit_form())):
            before = time.perf_counter()
            work()
            found.append(time.perf_counter() - before)
        if number % 5 == 0:
            browser.get("/visits/")
    results.put((started, time.time(), found))


def day(port: int, codes: list[str], each: int) -> tuple[float, list[float]]:
    """Ten workers at once, each with so many people: operations a second, and seconds of each."""
    context = multiprocessing.get_context("spawn")
    gate, results = context.Barrier(WORKERS), context.SimpleQueue()
    clients = [context.Process(target=_worker, args=(gate, results, port, codes[n * each : (n + 1) * each])) for n in range(WORKERS)]
    for client in clients:
        client.start()
    done = [results.get() for _client in clients]
    for client in clients:
        client.join()
    seconds = [second for _start, _end, found in done for second in found]
    return len(seconds) / (max(end for _s, end, _f in done) - min(start for start, _e, _f in done)), seconds


def _lists(port: int, plain: float) -> None:
    for name, paths in LISTS.items():
        browser = Browser(port)
        browser.sign_in(name, PASSWORD)
        for path in paths:
            if "<main" not in (page := browser.get(path)) and "<h1" not in page:
                print(f"  {name} {path}: not shown to this role")
                continue
            seconds = timed(partial(browser.get, path), 15)
            print(f"  {name} {path}: {statistics.median(seconds) * 1e3:.1f} ms, p99 {quantile(seconds, 0.99) * 1e3:.1f}; / plain list {statistics.median(seconds) / plain:.0f}")


def main() -> None:
    """Print the numbers."""
    with serving(workers=2) as server, superuser(server.var) as connection:
        started = time.monotonic()
        codes = add_people(connection, server.var, PEOPLE)
        add_visits(connection, VISITS, PEOPLE)
        print(f"{PEOPLE:,} people, {2 * VISITS:,} facts in {time.monotonic() - started:.0f} s")
        organisation, key, chance = harbour(connection), crypto.key(Path(server.var) / "keys", "lookup"), random.Random(5)
        browser = Browser(server.port)
        browser.sign_in("naima", PASSWORD)
        site = browser.site("Van 1")
        site_key = connection.execute("SELECT key FROM facts_site WHERE id = %s", [site]).fetchall()[0][0]
        plain = statistics.median(timed(lambda: plain_look_up(connection, organisation, key, chance.choice(codes))))
        found = timed(lambda: look_up(browser, site, chance.choice(codes)))
        print(f"card look-up: {statistics.median(found) * 1e3:.1f} ms, p99 {quantile(found, 0.99) * 1e3:.1f}; / plain look-up ({plain * 1e3:.2f} ms) {statistics.median(found) / plain:.0f}")
        plain_list = statistics.median(timed(lambda: connection.execute(NEWEST, [organisation, site_key], prepare=True).fetchall()))
        print(f"first pages, beside a plain list of 60 rows ({plain_list * 1e3:.2f} ms):")
        _lists(server.port, plain_list)
        each = 30
        rate, seconds = day(server.port, codes, each)
        print(f"ten workers, {each} people each (look up, visit): {rate:.0f} operations/s, median {statistics.median(seconds) * 1e3:.0f} ms, p99 {quantile(seconds, 0.99) * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
