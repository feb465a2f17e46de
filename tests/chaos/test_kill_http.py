"""The real server behind HTTP, its workers killed while people save visits: every answer that was given stays true.

The two hundred kills are in `test_kill.py`, which skips the start of a web server; here the whole stack is in play.
"""

from __future__ import annotations

import http.client
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from datetime import UTC, datetime

import pytest

from bench._server import ROOT, Browser, Server, serving
from handrail.kernel.embedded_postgres import EmbeddedPostgres
from tests.words import PASSWORD

pytestmark = pytest.mark.chaos
KILLS = int(os.environ.get("CHAOS_HTTP_KILLS", "20"))


def workers_of(server: Server) -> list[int]:
    """Process ids of granian's workers: children of the process that listens on the server's port."""
    found = subprocess.run(["pgrep", "-f", f"granian.*--port {server.port} "], capture_output=True, text=True, check=False).stdout.split()
    children: list[int] = []
    for parent in found:
        listed = subprocess.run(["pgrep", "-P", parent], capture_output=True, text=True, check=False).stdout.split()
        children += [int(pid) for pid in listed]
    return children


def save_visits(server: Server, stop: threading.Event, acknowledged: list[str], tries: list[int]) -> None:
    """Post visits until told to stop; each is sent again with the same ids until the server has answered."""
    browser = Browser(server.port)
    path = ""
    while not path and not stop.is_set():
        try:
            browser.sign_in("naima", PASSWORD)
            path = f"/visits/at/{browser.site('Van 1')}/"
        except (OSError, http.client.HTTPException, RuntimeError, KeyError):  # the worker was killed under the sign-in
            browser.close()
            time.sleep(0.05)
    while not stop.is_set():
        visit = str(uuid.uuid4())
        form = {
            "visit": visit, "at": datetime.now(UTC).isoformat(), "who": "none", "exchange.given:filter": "1",
            "exchange.returned:quantity": "2", "confirm": "short",
        }
        for _attempt in range(200):
            tries.append(1)
            try:
                status, where = browser.post(path, form)
            except (OSError, http.client.HTTPException):
                browser.close()
                time.sleep(0.05)
                continue
            if status == 302 and visit in where:
                acknowledged.append(visit)
                break
    browser.close()


def test_what_was_answered_is_there_once_and_whole_though_the_workers_are_killed():
    generator = random.Random(7)
    with serving(workers=2) as server:
        stop, acknowledged, tries = threading.Event(), [], []
        clients = [threading.Thread(target=save_visits, args=(server, stop, acknowledged, tries)) for _client in range(3)]
        for client in clients:
            client.start()
        killed = before = 0
        deadline = time.monotonic() + 600
        while killed < KILLS and time.monotonic() < deadline:
            time.sleep(generator.uniform(1.2, 2.4))
            pids = workers_of(server)
            if pids and len(acknowledged) > before:  # a busy machine gets its time to answer somebody between two kills
                before = len(acknowledged)
                os.kill(generator.choice(pids), signal.SIGKILL)
                killed += 1
        stop.set()
        for client in clients:
            client.join(timeout=60)
        assert killed == KILLS
        assert len(acknowledged) >= KILLS
        assert len(tries) > len(acknowledged), "no visit was ever interrupted; the test shows nothing"
        wanted = ",".join(f"'{visit}'" for visit in acknowledged)
        rows = EmbeddedPostgres(server.var / "postgres").sql(
            f"SELECT v, (SELECT count(*) FROM facts_fact WHERE id = v AND kind = 'facts.encounter'),"
            f" (SELECT count(*) FROM facts_fact WHERE encounter = v) FROM unnest(ARRAY[{wanted}]::uuid[]) AS v",
            "handrail",
        )
        wrong = [row for row in rows.split() if not row.endswith("|1|2")]
        assert wrong == []
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HANDRAIL_")} | {"HANDRAIL_VAR": str(server.var)}
        for command in (["audit", "verify"], ["rebuild", "--verify"]):
            done = subprocess.run([sys.executable, "-m", "handrail.cli", *command], env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
