"""A real server on a durable database of its own, for benchmarks and tests over HTTP."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[1]
_SET_UP = """
from handrail.cli import _open_house, _migrate_now
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "handrail.settings"
with _open_house() as config:
    _migrate_now()
    from tests import world
    world.build()
    world.busy()
    from django.core.management import call_command
    call_command("collectstatic", interactive=False, verbosity=0)
"""


@dataclass
class Server:
    """Where it listens, and its folder."""

    port: int
    var: Path


def free_port() -> int:
    """A port nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(workers: int = 2, **settings: str) -> Iterator[Server]:
    """The small world of the tests behind granian, fully durable. Other settings by their names, such as `behind_proxy="true"`."""
    with tempfile.TemporaryDirectory(prefix="hrbench") as folder:
        var, port = Path(folder) / "var", free_port()
        var.parent.chmod(0o755)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HANDRAIL_")}
        environment |= {"HANDRAIL_VAR": str(var), "HANDRAIL_PORT": str(port), "HANDRAIL_WORKERS": str(workers), "HANDRAIL_SESSION_IDLE_MINUTES": "600"}
        environment |= {f"HANDRAIL_{name.upper()}": value for name, value in settings.items()}
        subprocess.run([sys.executable, "-c", _SET_UP], env=environment, cwd=ROOT, check=True)
        log = (Path(folder) / "log").open("wb")
        process = subprocess.Popen([sys.executable, "-m", "handrail.cli", "run"], env=environment, cwd=ROOT, stdout=log, stderr=log)
        try:
            _wait(port, Path(folder) / "log")
            yield Server(port, var)
        finally:
            process.terminate()
            process.wait(timeout=30)
            log.close()


def _wait(port: int, log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/sign-in/")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise RuntimeError(log.read_text())


class Browser:
    """The least of a browser: cookies, forms, one kept-alive connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("localhost", port, timeout=30)
        self._cookies: dict[str, str] = {}

    def close(self) -> None:
        """Drop the connection; the next request opens another. The sign-in stays."""
        self._connection.close()

    def get(self, path: str) -> str:
        """A page's text."""
        return self._request("GET", path, None)[1]

    def post(self, path: str, fields: dict[str, str]) -> tuple[int, str]:
        """Status and text (or location of a redirect)."""
        return self._request("POST", path, urlencode(fields | {"csrfmiddlewaretoken": self._cookies["handrail-csrf"]}))

    def _request(self, method: str, path: str, body: str | None) -> tuple[int, str]:
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self._cookies.items()), "Origin": f"http://localhost:{self._connection.port}"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        for value in answer.headers.get_all("set-cookie") or []:
            name, _, rest = value.strip().partition("=")
            self._cookies[name] = rest.split(";")[0]
        return answer.status, answer.headers.get("location") or text

    def sign_in(self, username: str, password: str) -> None:
        """Sign in, or raise."""
        self.get("/sign-in/")
        status, where = self.post("/sign-in/", {"username": username, "password": password, "next": "/"})
        if status != 302:
            raise RuntimeError(f"sign-in failed: {status} {where[:500]}")

    def site(self, name: str) -> str:
        """Id of a place on the start page."""
        found = re.search(rf'/visits/at/([0-9a-f-]+)/"><b>{re.escape(name)}<', self.get("/"))
        if found is None:
            raise RuntimeError(f"{name} is not on the start page")
        return found[1]
