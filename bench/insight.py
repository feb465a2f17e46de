"""Warehouse and numbers of 1 and 4 (`--full`: 16) million facts: build, append, a quarter's pack, one indicator, suppression, memory.

Each is a ratio to something plain of the same run: a raw COPY, SQL by hand with the same answers (checked), a raw scan.
Aims: pack ≤ 1.5× by hand, one indicator ≤ 5× its quarter's scan, full export ≤ 5× COPY, memory flat under 2 GB, append
proportional to what is new.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench._country import add_places, grow, only_needed_indexes
from bench._crowd import harbour, superuser
from bench._server import _SET_UP, ROOT
from handrail.kernel.embedded_postgres import EmbeddedPostgres

SIZES = (1_000_000, 4_000_000)
FULL = (*SIZES, 16_000_000)
NEW = 20_000
"""Facts of the append."""
_VERSIONS = """
import json, os
os.environ["DJANGO_SETTINGS_MODULE"] = "handrail.settings"
import django
django.setup()
from handrail.facts.spec import KINDS
print(json.dumps({kind.key: kind.version for kind in KINDS}))
"""


def step(var: Path, name: str) -> dict[str, Any]:
    """Run a step in a process of its own."""
    done = subprocess.run([sys.executable, "-m", "bench._insight_step", name], env=_environment(var), cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _environment(var: Path) -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("HANDRAIL_")} | {"HANDRAIL_VAR": str(var)}


def measure(var: Path, facts: int) -> dict[str, float]:
    """Everything of one size, printed."""
    before, built, after = step(var, "copy"), step(var, "build"), step(var, "copy")
    copy = (before["seconds"] + after["seconds"]) / 2
    print(f"{facts:>11,} facts: full export {built['seconds']:.1f} s = {built['seconds'] / copy:.1f} × a raw COPY (aim ≤ 5), peak {built['peak_mb']:.0f} MB", flush=True)
    with superuser(var) as connection:
        grow(connection, harbour(connection), NEW, versions=_versions(var), newest=True)
    appended = step(var, "build")
    nothing = step(var, "build")
    share = (appended["seconds"] - nothing["seconds"]) / appended["facts"] / (built["seconds"] / built["facts"])
    print(
        f"    append of {appended['facts']:,} facts {appended['seconds']:.2f} s, of nothing {nothing['seconds']:.2f} s: each {share:.1f} × a fact of the full export (aim ~1)", flush=True,
    )
    pack = step(var, "pack")
    print(
        f"    pack of a quarter, {pack['measures']} measures: {pack['same']:.2f} s = {pack['same'] / pack['plain']:.2f} × by hand (aim ≤ 1.5; by work {pack['cpu_same'] / pack['cpu_plain']:.2f}),"
        f" {pack['cells']} cells alike; of it {pack['fixed']:.2f} s are spent also without facts; whole pack {pack['all']:.2f} s", flush=True,
    )
    one = step(var, "one")
    print(
        f"    one indicator {one['one'] * 1e3:.0f} ms = {one['one'] / one['scan']:.1f} × its quarter's scan (aim ≤ 5; by work {one['cpu_one'] / one['cpu_scan']:.1f}), without the fixed {one['fixed'] * 1e3:.0f} ms"
        f" {max(one['one'] - one['fixed'], 0) / one['scan']:.1f} ×", flush=True,
    )
    memory, whole = step(var, "memory"), step(var, "everything")
    print(
        f"    peak memory of the pack {memory['peak_mb']:.0f} MB (aim < 2,000); computed, stored and made safe {whole['seconds']:.1f} s,"
        f" of it the suppression of {whole['numbers']} numbers {whole['suppression']:.1f} s", flush=True,
    )
    return {
        "full export": built["seconds"], "append": appended["seconds"], "pack": pack["same"], "by hand": pack["plain"], "one": one["one"], "memory": memory["peak_mb"],
        "suppression": whole["suppression"],
    }


def _versions(var: Path) -> dict[str, int]:
    found: dict[str, int] = json.loads(subprocess.run([sys.executable, "-c", _VERSIONS], env=_environment(var), cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return found


def main() -> None:
    """Print the ratios of each size, and what grew."""
    sizes = FULL if "--full" in sys.argv else SIZES[:1] if "--small" in sys.argv else SIZES
    lines = []
    with tempfile.TemporaryDirectory(prefix="hrbench") as folder:
        Path(folder).chmod(0o755)
        for size in sizes:
            var = Path(folder) / f"var{size}"
            subprocess.run([sys.executable, "-c", _SET_UP], env=_environment(var), cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            with EmbeddedPostgres(var / "postgres"), superuser(var) as connection:
                organisation = harbour(connection)
                only_needed_indexes(connection)
                add_places(connection, organisation)
                grow(connection, organisation, size, versions=_versions(var))
                lines.append(measure(var, size))
    grown = ", ".join(f"{name} ×{lines[-1][name] / lines[0][name]:.1f}" for name in lines[0])
    print(f"growth from {sizes[0]:,} to {sizes[-1]:,} facts: {grown}")


if __name__ == "__main__":
    main()
