"""A real Chromium against a real server with the busy world: one browser for all, a fresh server for each file of tests.

A story changes its world (it recalls a lot, reports a death), so no file may find what another left behind.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bench._server import ROOT, Server, serving
from tests.words import PASSWORD

PHONE = {"width": 360, "height": 780}
DESK = {"width": 1440, "height": 900}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(workers=2) as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    program = next((p for name in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(name))), None)
    assert program, "Install Chromium: apt-get install chromium"
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # playwright keeps an event loop in this thread
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


class Visitor:
    """Somebody with a browser: counts taps, notes every address asked for and every complaint of the browser."""

    def __init__(self, context: BrowserContext, server: Server) -> None:
        self.context, self.origin = context, f"http://localhost:{server.port}"
        self.page: Page = context.new_page()
        self.taps = 0
        self.elsewhere: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", self._note)
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type in {"error", "warning"} else None)
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))

    def _note(self, request: object) -> None:
        url: str = request.url  # type: ignore[attr-defined]
        if not url.startswith((self.origin, "data:", "about:")):
            self.elsewhere.append(url)

    def open(self, path: str) -> Page:
        self.page.goto(self.origin + path)
        return self.page

    def sign_in(self, username: str) -> Page:
        self.open("/sign-in/")
        self.page.fill("#username", username)
        self.page.fill("#password", PASSWORD)
        self.tap("main button")
        self.taps = 0
        return self.page

    def tap(self, selector: str) -> None:
        self.taps += 1
        found = self.page.locator(selector).first
        if found.evaluate("e => e.matches('a[href]:not([data-fill]), form button:not([type=button],[data-fill])')"):
            with self.page.expect_navigation():
                found.tap()
        else:
            found.tap()

    def path(self) -> str:
        return self.page.url.removeprefix(self.origin)


@pytest.fixture
def visitor(request: pytest.FixtureRequest, chromium: Browser, server: Server) -> Iterator[Visitor]:
    marker = request.node.get_closest_marker("viewport")
    size = marker.args[0] if marker else PHONE
    context = chromium.new_context(viewport=size, has_touch=True, device_scale_factor=2 if size is PHONE else 1)
    found = Visitor(context, server)
    yield found
    context.close()
    assert found.elsewhere == [], "a page asked another origin for something"
    assert found.complaints == [], "the browser complained"


def handrail(server: Server, *arguments: str) -> str:
    """Run the command line against the server's own programme."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HANDRAIL_")} | {"HANDRAIL_VAR": str(server.var)}
    done = subprocess.run(
        [sys.executable, "-m", "handrail.cli", *arguments], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def picture(page: Page, name: str) -> None:
    """Keep a screenshot: in docs/start when `HANDRAIL_PICTURES` is set, else only to see that it can be made."""
    shot = page.screenshot()
    assert len(shot) > 5000
    if os.environ.get("PICTURES"):
        Path(ROOT / "docs" / "start" / f"{name}.png").write_bytes(shot)
