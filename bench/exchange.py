"""A two-item exchange, from the posted form to the committed fact, against a bare PostgreSQL insert in the same run.

Aims: median ≤ 20× the bare insert, p99 ≤ 4× own median, 8 clients ≥ 1/20 of the bare insert's rate.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import psycopg

from bench._server import Browser, serving
from handrail.kernel.embedded_postgres import EmbeddedPostgres
from tests.words import PASSWORD

COUNT, CLIENTS = 600, 8


def quantile(values: list[float], share: float) -> float:
    """Nearest rank."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def visit_form() -> dict[str, str]:
    """Two items out, as the composer posts them."""
    return {
        "visit": str(uuid.uuid4()), "at": datetime.now(UTC).isoformat(), "who": "none", "on_behalf_of": "0", "people_count": "1",
        "exchange.given:syringe-1ml-29g": "1", "exchange.given:filter": "1", "confirm": "short",
    }


def post_visits(port: int, count: int) -> list[float]:
    """Seconds of each visit posted over one connection."""
    return _post(*_signed_in(port), count)


def _signed_in(port: int) -> tuple[Browser, str]:
    browser = Browser(port)
    browser.sign_in("naima", PASSWORD)
    return browser, f"/visits/at/{browser.site('Van 1')}/"


def _post(browser: Browser, path: str, count: int) -> list[float]:
    found = []
    for _number in range(count):
        form = visit_form()
        started = time.perf_counter()
        status, where = browser.post(path, form)
        found.append(time.perf_counter() - started)
        if status != 302 or "saved" not in where:
            raise RuntimeError(f"{status}: {where[:300]}")
    return found


def bare(var: Path, count: int) -> list[float]:
    """Seconds of each insert and commit of one row over one connection."""
    login = EmbeddedPostgres(var / "postgres").login("owner")
    found = []
    with psycopg.connect(host=str(login.socket), user=login.user, password=login.password, dbname=login.database, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bench_bare (id uuid PRIMARY KEY, body jsonb NOT NULL)")
        for _number in range(count):
            started = time.perf_counter()
            connection.execute("INSERT INTO bench_bare VALUES (%s, %s)", [uuid.uuid4(), json.dumps({"n": 1})], prepare=True)
            found.append(time.perf_counter() - started)
    return found


def _exchange_client(gate: Barrier, results: SimpleQueue[tuple[float, float]], port: int, count: int) -> None:
    browser, path = _signed_in(port)
    gate.wait()
    started = time.time()
    _post(browser, path, count)
    results.put((started, time.time()))


def _bare_client(gate: Barrier, results: SimpleQueue[tuple[float, float]], var: str, count: int) -> None:
    bare(Path(var), 10)
    gate.wait()
    started = time.time()
    bare(Path(var), count)
    results.put((started, time.time()))


def _rate(client: Callable[..., None], arguments: tuple[object, ...]) -> float:
    """Operations a second of all clients together, from the first start to the last end; signing in is not counted."""
    context = multiprocessing.get_context("spawn")
    gate, results = context.Barrier(CLIENTS), context.SimpleQueue()
    clients = [context.Process(target=client, args=(gate, results, *arguments)) for _client in range(CLIENTS)]
    for process in clients:
        process.start()
    spans = [results.get() for _client in clients]
    for process in clients:
        process.join()
    count = int(str(arguments[1])) * CLIENTS
    return count / (max(end for _start, end in spans) - min(start for start, _end in spans))


def _fsync(var: Path) -> float:
    probe = var / "fsync-probe"
    found = []
    with probe.open("wb", buffering=0) as handle:
        for _number in range(200):
            handle.write(b"x" * 8192)
            started = time.perf_counter()
            os.fsync(handle.fileno())
            found.append(time.perf_counter() - started)
    return statistics.median(found)


def main() -> None:
    """Print the ratios."""
    with serving(workers=2) as server:
        post_visits(server.port, 100)
        bare(server.var, 100)
        ours, plain = [], []
        for _round in range(4):
            plain += bare(server.var, COUNT // 4)
            ours += post_visits(server.port, COUNT // 4)
        median, bare_median = statistics.median(ours), statistics.median(plain)
        print(f"fsync here: {_fsync(server.var) * 1e6:.0f} µs; bare insert {bare_median * 1e3:.2f} ms, exchange {median * 1e3:.2f} ms")
        print(f"exchange / bare insert, median: {median / bare_median:.1f}  (aim ≤ 20)")
        print(f"exchange p99 / own median: {quantile(ours, 0.99) / median:.1f}  (aim ≤ 4)")
        bare_rate = _rate(_bare_client, (str(server.var), 1000))
        rate = _rate(_exchange_client, (server.port, 150))
        print(f"bare rate / exchange rate, {CLIENTS} clients: {bare_rate / rate:.1f}  (aim ≤ 20)  [{rate:.0f}/s]")


if __name__ == "__main__":
    main()
