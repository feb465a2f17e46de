"""What a phone loads to open the composer: everything, gzipped, as a share of the aim of 60 kB."""

from __future__ import annotations

import gzip
import re

from bench._server import Browser, serving
from tests.words import PASSWORD

AIM = 60_000


def main() -> None:
    """Print the weight of the page and of each file it asks for."""
    with serving(workers=1) as server:
        browser = Browser(server.port)
        browser.sign_in("naima", PASSWORD)
        page = browser.get(f"/visits/at/{browser.site('Van 1')}/")
        files = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
        weights = {"the page": len(gzip.compress(page.encode()))} | {name: len(gzip.compress(browser.get(name).encode())) for name in files}
        blocking = re.findall(r"<script(?![^>]*(?:type=\"module\"|defer|async))", page)
    for name, weight in weights.items():
        print(f"{weight:>7} {name}")
    print(f"all together / aim of 60 kB: {sum(weights.values()) / AIM:.2f}  (aim ≤ 1); blocking scripts: {len(blocking)}")


if __name__ == "__main__":
    main()
