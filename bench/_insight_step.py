"""One step of `bench.insight` in a process of its own, so that its peak memory is its own. Prints a line of JSON."""

from __future__ import annotations

import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "handrail.settings"

import django

django.setup()

import duckdb  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402

from bench import _plain  # noqa: E402
from handrail.facts.models import Organisation  # noqa: E402
from handrail.insight import compute, disclose, results, warehouse  # noqa: E402
from handrail.insight.compile import Measured, Reader  # noqa: E402
from handrail.insight.periods import Period, Window  # noqa: E402
from handrail.insight.spec import INDICATORS, Measure  # noqa: E402
from handrail.kernel import clock, scope  # noqa: E402

ROUNDS = 5
Pack = dict[tuple[Measure, Window], Measured]


def organisation(name: str = "Harbour") -> Organisation:
    """The one that grew, or one without facts."""
    return Organisation.objects.get(name=name)


def quarter() -> Period:
    """The last whole quarter."""
    return Period.of("quarter", clock.now().date()).previous()


def timed(work: Callable[[], Any]) -> float:
    """Seconds it takes by the clock."""
    return both(work)[0]


def both(work: Callable[[], Any]) -> tuple[float, float]:
    """Seconds by the clock, and of all cores together: the second hardly minds who else is at work on the machine."""
    started, worked = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - worked


def medians(times: dict[str, list[tuple[float, float]]]) -> dict[str, float]:
    """Of each the median by the clock, and of the work as `cpu_…`."""
    clocks = {name: statistics.median(found[0] for found in each) for name, each in times.items()}
    return clocks | {f"cpu_{name}": statistics.median(found[1] for found in each) for name, each in times.items()}


def build() -> dict[str, Any]:
    """The warehouse from zero, or what is new."""
    report = warehouse.build(organisation().key)
    return {"seconds": report.seconds, "facts": report.facts_read, "files": report.files_written}


def copy() -> dict[str, Any]:
    """The same columns out of PostgreSQL by a raw COPY, thrown away."""
    columns = "kind, id, root, site_id, encounter, participant, staff, occurred_at, counter, kind_version, payload"
    size = 0

    def work() -> None:
        nonlocal size
        with connection.cursor() as cursor, cursor.copy(f"COPY (SELECT {columns} FROM facts_fact WHERE organisation_id = {organisation().key} ORDER BY counter) TO STDOUT") as out:
            for block in out:
                size += len(block)

    with scope.enter([organisation().key]):
        return {"seconds": timed(work), "megabytes": size / 1e6}


def asked(indicators: Any, only: set[Measure] | None = None) -> dict[tuple[Measure, Window], set[str]]:
    """What a pack of these indicators measures, as `compute` asks it."""
    found: dict[tuple[Measure, Window], set[str]] = {}
    by_hand = _plain.told_apart()
    for indicator in indicators:
        window = quarter().window(indicator.window)
        for part in (*indicator.inputs, *indicator.beside):
            if only is None or part in only:
                breakdowns = set(indicator.breakdowns if part in indicator.inputs else ())
                found.setdefault((part, window), set()).update(breakdowns if only is None else breakdowns & by_hand[part])
    return found


def ours(indicators: Any, name: str = "Harbour", only: set[Measure] | None = None) -> Pack:
    """The pack as the programme computes it, with a connection of its own."""
    wanted = asked(indicators, only)
    with scope.enter([organisation(name).key]), Reader(str(organisation(name).id)) as reader:
        reader.measure_all(wanted, wanted)
        return {pair: reader.measure(*pair) for pair in wanted}


def plain() -> dict[Any, Any]:
    """The pack by hand."""
    with scope.enter([organisation().key]):
        return _plain.pack(manifest(), quarter().window("period"), quarter().window("rolling_12_months"), limits())


def manifest() -> warehouse.Manifest:
    """What is in the warehouse."""
    return warehouse.read_manifest(str(organisation().id))


def limits() -> dict[str, str]:
    """The same memory for both."""
    return {"memory_limit": f"{settings.CONFIG.engine_memory_mb}MB", "temp_directory": str(settings.CONFIG.var / "plain")}


def compare(mine: Pack, by_hand: dict[Any, Any]) -> int:
    """Every cell of both; raises if one differs. How many there were."""
    checked = 0
    for key, measure in _plain.measures().items():
        window = quarter().window(INDICATORS[key[0]].window)
        found = mine[measure, window]
        of_people = type(measure).__name__ == "People"
        cells = {"*": found.everywhere, **found.by_site, **found.by_cell}
        for slice_, cell in cells.items():
            amount, coded, heads = by_hand.get((key, slice_), (0, 0, 0))
            expected = (coded if of_people else amount, coded + heads)
            assert cell is not None
            assert (cell.value, cell.people) == expected, (key, slice_, cell, expected)
            checked += 1
    return checked


def pack() -> dict[str, Any]:
    """A quarter's pack, ours and by hand in turns; the first of each warms the files."""
    only = set(_plain.measures().values())
    whole = list(INDICATORS)
    checked = compare(ours(whole, only=only), plain())
    times: dict[str, list[tuple[float, float]]] = {"same": [], "plain": [], "all": [], "fixed": []}
    warehouse.build(organisation("Hillside").key)
    for _round in range(ROUNDS):
        times["same"].append(both(lambda: ours(whole, only=only)))
        times["plain"].append(both(plain))
        times["fixed"].append(both(lambda: ours(whole, "Hillside", only=only)))
    for _round in range(2):
        times["all"].append(both(lambda: ours(whole)))
    return medians(times) | {"cells": checked, "measures": len(only)}


def memory() -> dict[str, Any]:
    """The whole pack once, for its memory."""
    return {"seconds": timed(lambda: ours(list(INDICATORS)))}


def scan(kinds: dict[str, tuple[str, ...]], window: Window) -> None:
    """Raw read of these columns of these days: what cannot be avoided."""
    con = duckdb.connect(":memory:", config=limits())
    for kind, columns in kinds.items():
        listed = ", ".join(f"'{path}'" for path in manifest().files(kind))
        read = ", ".join(f"max({column})" for column in columns)
        con.execute(f"SELECT {read} FROM read_parquet([{listed}]) WHERE local_date >= DATE '{window.starts_on}' AND local_date < DATE '{window.ends_before}'").fetchall()
    con.close()


def one() -> dict[str, Any]:
    """One indicator (needles given) against a raw scan of its columns in its quarter."""
    window = quarter().window("period")
    kinds = {
        "exchange.given": ("counter", "id", "site", "participant", "encounter", "root", "local_date", "item", "quantity"),
        "exchange.dispensed": ("counter", "id", "site", "participant", "encounter", "root", "local_date", "item", "quantity"),
        "facts.encounter": ("counter", "root", "participant", "people_count"),
    }
    chosen = [INDICATORS["needles_given"]]
    times: dict[str, list[tuple[float, float]]] = {"one": [], "scan": [], "fixed": []}
    for _round in range(ROUNDS + 1):
        times["one"].append(both(lambda: ours(chosen)))
        times["scan"].append(both(lambda: scan(kinds, window)))
        times["fixed"].append(both(lambda: ours(chosen, "Hillside")))
    return medians({name: found[1:] for name, found in times.items()})


def everything() -> dict[str, Any]:
    """The pack computed and stored, and how long of it the suppression takes."""
    key, written = organisation().key, str(quarter())
    whole = timed(lambda: compute.compute(key, [written]))
    with scope.enter([key]):
        read = results.read(Period.parse(written))
        hidden = timed(lambda: disclose.share(read))
    return {"seconds": whole, "suppression": hidden, "numbers": len(read.rows)}


def profile() -> dict[str, Any]:
    """Where the time of a pack goes: for people who make it quicker."""
    import cProfile  # noqa: PLC0415
    import pstats  # noqa: PLC0415

    watch = cProfile.Profile()
    watch.runcall(ours, list(INDICATORS))
    pstats.Stats(watch, stream=sys.stderr).sort_stats("cumulative").print_stats(45)
    return {}


def main() -> None:
    """Run the step that is named."""
    found = globals()[sys.argv[1]]()
    print(json.dumps(found | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
