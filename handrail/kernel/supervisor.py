"""What `handrail run` starts and keeps alive: the web server, two workers and, in high-risk mode, a holder for each ring of keys.

When a holder ends because it locked, everything that may hold what was opened ends as well and is started again.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from types import FrameType
from typing import TextIO

from handrail.kernel.config import Config
from handrail.kernel.keyholder import LOCKED

RINGS = ("codes", "vault")
_PATIENCE, _SOON, _LONGEST_WAIT = 10, 20.0, 30.0


@dataclass
class _Kept:
    """One process and how to start it again."""

    command: list[str]
    environment: dict[str, str]
    holds_keys: bool = False
    process: subprocess.Popen[bytes] = field(init=False)
    started: float = 0.0
    waits: float = 1.0
    """Seconds before it is started again; longer each time it ends soon after its start."""

    def start(self) -> None:
        self.process, self.started = subprocess.Popen(self.command, env=self.environment), time.monotonic()

    def again(self) -> None:
        """Start it again, if it has been down long enough."""
        now = time.monotonic()
        if now < self.started + self.waits:
            return
        _say(f"A process ended with code {self.process.returncode}; starting it again.", sys.stderr)
        self.waits = min(self.waits * 2, _LONGEST_WAIT) if now < self.started + self.waits + _SOON else 1.0
        self.start()


def _say(line: str, where: TextIO) -> None:
    where.write(f"{line}\n")
    where.flush()


def _commands(config: Config) -> list[_Kept]:
    program = [sys.executable, "-m", "handrail.cli"]
    serve = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", config.host, "--port", str(config.port), "--workers", str(config.workers),
        "--blocking-threads", "1", "--no-access-log", "--log-level", "warning", "--respawn-failed-workers", "handrail.wsgi:application",
    ]
    environment = os.environ | {"HANDRAIL_VAR": str(config.var)}
    kept = [_Kept(command, environment) for command in (serve, [*program, "worker"], [*program, "worker", "--errands"])]
    if (config.keys / "vault.age").exists():
        kept = [*(_Kept([*program, "keyholder", ring], environment, holds_keys=True) for ring in RINGS), *kept]
    return kept


def run(config: Config, lines: list[str]) -> int:
    """Start everything, say where it is, and keep it alive until a signal."""
    stopping = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    kept = _commands(config)
    for one in kept:
        one.start()
    _say("\n".join(lines) if lines else f"Handrail is at http://{config.host}:{config.port}", sys.stdout)
    if any(one.holds_keys for one in kept):
        _say("The keys are locked. Unlock: `handrail keys unlock --officer NAME`, or the page Keys.", sys.stdout)
    while not stopping:
        time.sleep(0.3)
        _look_after(kept)
    _end([one.process for one in kept])
    return 0


def _look_after(kept: list[_Kept]) -> None:
    ended = [one for one in kept if one.process.poll() is not None]
    if any(one.holds_keys and one.process.returncode == LOCKED for one in ended):
        _say("Locked.", sys.stderr)
        time.sleep(0.3)  # both rings are locked one after the other: everything is started again once
        ended = [one for one in kept if one.process.poll() is not None]
        others = [one for one in kept if not one.holds_keys]
        _end([one.process for one in others])
        for one in [*(one for one in ended if one.holds_keys), *others]:
            one.start()
        return
    for one in ended:
        one.again()


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
