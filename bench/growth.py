"""How recording, the list of visits and finding somebody grow from a thousand facts to a hundred thousand (`--full`: a million).

Each is printed with its growth against the smallest size; plain SQL of the same run stands beside.
"""

from __future__ import annotations

import random
import statistics
import sys
from pathlib import Path

from bench._crowd import add_people, add_visits, harbour, superuser
from bench._server import Browser, serving
from bench.exchange import visit_form
from bench.people import NEWEST, look_up, plain_look_up, timed
from handrail.kernel import crypto
from tests.words import PASSWORD

PEOPLE = 2_000
SIZES = (1_000, 10_000, 100_000)
FULL = (*SIZES, 1_000_000)


def main() -> None:
    """Print a line for each size, and what grew."""
    sizes = FULL if "--full" in sys.argv else SIZES
    lines: list[dict[str, float]] = []
    with serving(workers=2) as server, superuser(server.var) as connection:
        organisation, key, chance = harbour(connection), crypto.key(Path(server.var) / "keys", "lookup"), random.Random(5)
        browsers = {}
        for name in ("naima", "coordinator"):
            browsers[name] = Browser(server.port)
            browsers[name].sign_in(name, PASSWORD)
        site = browsers["naima"].site("Van 1")
        site_key = connection.execute("SELECT key FROM facts_site WHERE id = %s", [site]).fetchall()[0][0]
        facts, codes = 0, add_people(connection, server.var, PEOPLE)
        works = {
            "record": lambda: browsers["naima"].post(f"/visits/at/{site}/", visit_form()),
            "composer": lambda: browsers["naima"].get(f"/visits/at/{site}/"),
            "own visits": lambda: browsers["naima"].get("/visits/"),
            "all visits": lambda: browsers["coordinator"].get("/visits/"),
            "stock": lambda: browsers["naima"].get("/stock/"),
            "look-up": lambda: look_up(browsers["naima"], site, chance.choice(codes)),
            "plain list": lambda: connection.execute(NEWEST, [organisation, site_key], prepare=True).fetchall(),
            "plain look-up": lambda: plain_look_up(connection, organisation, key, chance.choice(codes)),
        }
        for size in sizes:
            add_visits(connection, (size - facts) // 2, len(codes))
            facts = size
            lines.append({})
            for name, work in works.items():
                for browser in browsers.values():
                    browser.close()  # the one that waited for the other's turns would find its connection closed
                lines[-1][name] = statistics.median(timed(work, 25))
            print(f"{size:>9,} facts: " + ", ".join(f"{name} {seconds * 1e3:.1f} ms" for name, seconds in lines[-1].items()), flush=True)
    print(f"growth from {sizes[0]:,} to {sizes[-1]:,} facts: " + ", ".join(f"{name} ×{lines[-1][name] / lines[0][name]:.1f}" for name in lines[0]))


if __name__ == "__main__":
    main()
