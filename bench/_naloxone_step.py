"""The measuring itself, in a process whose house stands in a folder of its own (`bench.naloxone`)."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "handrail.settings"

import django

django.setup()

import psycopg  # noqa: E402

from bench._crowd import superuser  # noqa: E402
from bench.people import timed  # noqa: E402
from handrail.cli import _migrate_now, _open_house  # noqa: E402
from handrail.facts import organisations  # noqa: E402
from handrail.kernel import clock, ids, scope  # noqa: E402
from handrail.ledgers.stock import commands as stock  # noqa: E402
from handrail.ledgers.stock import forecast  # noqa: E402
from handrail.ledgers.stock import queries as shelves  # noqa: E402
from handrail.ledgers.stock.models import Location, Lot  # noqa: E402
from handrail.services.naloxone import commands, numbers, reach  # noqa: E402
from handrail.services.naloxone.models import Given  # noqa: E402
from tests import world as small_world  # noqa: E402
from tests.world import today  # noqa: E402

BAGS, LOTS, ITEM = 400, 10, "naloxone-nasal-4mg"
SIZES = (10_000, 100_000, 1_000_000)
DOSES, KITS = 2, 2
"""Doses in a kit, and kits in a hand-over."""
Connection = psycopg.Connection[Any]
_PLACES = """
SELECT p.site_id, p.key, row_number() OVER (ORDER BY p.key) - 1 AS number FROM stock_location p JOIN facts_site s ON s.key = p.site_id
WHERE p.organisation_id = {organisation} AND p.kind = 'site' AND s.name LIKE 'Bag %'
"""
_BALANCES = """
SELECT g.location_id, g.lot_id, sum(g.quantity)::bigint FROM stock_leg g JOIN stock_location p ON p.key = g.location_id AND p.kind = 'site'
WHERE g.organisation_id = %s GROUP BY 1, 2 HAVING sum(g.quantity) <> 0
"""
_OUT = """
SELECT sent + held - ended FROM
 (SELECT coalesce(sum(g.quantity), 0)::bigint AS sent FROM stock_leg g JOIN stock_location p ON p.key = g.location_id AND p.kind = 'people'
   WHERE g.organisation_id = %s AND g.lot_id = %s) a,
 (SELECT coalesce(sum(g.quantity), 0)::bigint AS held FROM stock_leg g JOIN stock_location p ON p.key = g.location_id AND p.kind = 'site'
   JOIN facts_site s ON s.key = p.site_id AND s.kind = 'peer_bag' WHERE g.organisation_id = %s AND g.lot_id = %s) b,
 (SELECT coalesce(sum(quantity), 0)::bigint AS ended FROM naloxone_kitend WHERE organisation_id = %s AND lot = %s AND event = 'used') c
"""
_USED = """
SELECT coalesce(sum(g.quantity), 0)::bigint FROM stock_leg g JOIN stock_location p ON p.key = g.location_id AND p.kind = 'people'
JOIN stock_lot l ON l.key = g.lot_id JOIN stock_item i ON i.key = l.item_id AND i.code = %s
WHERE g.organisation_id = %s AND g.at >= %s AND g.at < %s
"""
_GIVEN = "SELECT coalesce(sum(quantity), 0)::bigint FROM naloxone_given WHERE organisation_id = %s AND occurred_at >= %s"


def _columns(connection: Connection, table: str) -> list[str]:
    found = connection.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_identity = 'NO'", [table])
    return [row[0] for row in found.fetchall()]


def _copied(connection: Connection, table: str, pattern: str, changed: dict[str, str], source: str) -> None:
    columns = _columns(connection, table)
    listed = ", ".join(changed.get(name, f"{pattern}.{name}") for name in columns)
    connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {listed} FROM {source}".encode())


def hand_out_more(connection: Connection, organisation: int, pattern: tuple[str, str], before: int, count: int) -> None:
    """So many more hand-overs like one that came through the door: from every bag and lot in turn, over a hundred days; of each twentieth a kit was used."""
    visit, supply = f"md5('visit ' || ({before} + v))::uuid", f"md5('supply ' || ({before} + v))::uuid"
    at = f"now() - interval '1 hour' - (v * interval '100 days' / {count})"
    places = f"({_PLACES.format(organisation=organisation)}) b"
    lots = f"(SELECT key, id, row_number() OVER (ORDER BY key) - 1 AS number FROM stock_lot WHERE organisation_id = {organisation} AND code LIKE 'BENCH-%') l"
    of = f"generate_series(1, {count}) v JOIN {places} ON b.number = v % {BAGS} JOIN {lots} ON l.number = (v / {BAGS}) % {LOTS}"
    first = "f.kind = 'facts.encounter'"
    _copied(connection, "facts_fact", "f", {
        "id": f"CASE WHEN {first} THEN {visit} ELSE {supply} END", "root": f"CASE WHEN {first} THEN {visit} ELSE {supply} END",
        "encounter": f"CASE WHEN f.encounter IS NULL THEN NULL ELSE {visit} END", "site_id": "b.site_id", "occurred_at": at, "recorded_at": "now()",
        "counter": f"1000000 + 2 * ({before} + v) - CASE WHEN {first} THEN 1 ELSE 0 END", "device_sequence": "NULL", "supersedes": "'[]'::jsonb",
    }, f"facts_fact f, {of} WHERE f.id IN ('{pattern[0]}', '{pattern[1]}')")
    _copied(connection, "stock_leg", "g", {
        "fact": supply, "cause": supply, "at": at, "site_id": "b.site_id", "lot_id": "l.key",
        "location_id": "CASE WHEN g.quantity < 0 THEN b.key ELSE g.location_id END",
    }, f"stock_leg g, {of} WHERE g.fact = '{pattern[1]}'")
    _copied(connection, "naloxone_given", "h", {"fact": supply, "site_id": "b.site_id", "occurred_at": at}, f"naloxone_given h, {of} WHERE h.fact = '{pattern[1]}'")
    connection.execute(
        "INSERT INTO naloxone_kitend (organisation_id, fact, event, lot, code, quantity, origin, ours, occurred_at, counter)"
        f" SELECT {organisation}, gen_random_uuid(), 'used', l.id, '', 1, 'bag', false, now(), 0 FROM {of} WHERE v % 20 = 0".encode()
    )
    connection.execute("DELETE FROM stock_balance WHERE organisation_id = %s", [organisation])
    connection.execute(
        "INSERT INTO stock_balance (organisation_id, location_id, lot_id, quantity) SELECT organisation_id, location_id, lot_id, sum(quantity)"
        " FROM stock_leg WHERE organisation_id = %s GROUP BY 1, 2, 3", [organisation],
    )
    connection.execute("VACUUM ANALYZE")


def plain_hand_over(connection: Connection) -> None:
    """What a hand-over writes, as bare rows: two facts, two sides of a move and two balances, in one transaction."""
    with connection.transaction():
        connection.execute("INSERT INTO bench_fact (body) SELECT jsonb_build_object('n', v) FROM generate_series(1, 2) v")
        connection.execute("INSERT INTO bench_leg (place, lot, quantity) VALUES (1, 1, -2), (2, 1, 2)")
        connection.execute("UPDATE bench_balance SET quantity = quantity + 1 WHERE place IN (1, 2)")


def _plain_tables(connection: Connection) -> None:
    connection.execute("CREATE TABLE bench_fact (key bigserial PRIMARY KEY, id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(), body jsonb NOT NULL)")
    connection.execute("CREATE TABLE bench_leg (key bigserial PRIMARY KEY, place int NOT NULL, lot int NOT NULL, quantity int NOT NULL)")
    connection.execute("CREATE TABLE bench_balance (place int PRIMARY KEY, quantity bigint NOT NULL)")
    connection.execute("INSERT INTO bench_balance VALUES (1, 0), (2, 0)")


def same(name: str, ours: object, plain: object) -> None:
    """The two answers to one question, or no measure at all."""
    if ours != plain:
        raise RuntimeError(f"{name}: ours says {str(ours)[:200]}, plain SQL says {str(plain)[:200]}")


def measure(work: Sequence[tuple[str, Callable[[], Any], Callable[[], Any]]], times: int) -> dict[str, tuple[float, float]]:
    """Median seconds of each, ours and plain in turns."""
    found = {}
    for name, ours, plain in work:
        pairs = [(timed(ours, 1)[0], timed(plain, 1)[0]) for _turn in range(times)]
        found[name] = (statistics.median(a for a, _b in pairs), statistics.median(b for _a, b in pairs))
    return found


# -- the world --------------------------------------------------------------------------------------------------------------


def _bags(found: Any) -> list[Any]:
    """Four hundred bags, each with some of every lot."""
    bags = [
        organisations.create_site(actor=found.system, name=f"Bag {number}", kind="peer_bag", time_zone="Africa/Nairobi", area="harbour-area")
        for number in range(BAGS)
    ]
    for bag in bags:
        lines = [stock.Delivery(ITEM, f"BENCH-{number}", 1_000_000, date(2031, 1, 31) + timedelta(days=number)) for number in range(LOTS)]
        stock.receive(actor=found.system, site=bag, lines=lines)
    return bags


def _pattern(found: Any, bag: Any) -> tuple[str, str]:
    """The two facts of one hand-over through the door."""
    visit = ids.new()
    commands.give(actor=found.system, site=bag, quantities={ITEM: KITS}, id=visit, said={"supply_type": "first", "recipient_kind": "person_at_risk"})
    return str(visit), str(Given.objects.order_by("-key").values_list("fact", flat=True)[0])


def questions(found: Any, bag: Any, connection: Connection) -> list[tuple[str, Callable[[], Any], Callable[[], Any]]]:
    """Each with our way and the plain one, after both gave the same answer."""
    organisation, day = found.harbour.key, today()
    lot, since = Lot.objects.get(code="BENCH-3"), clock.midnight(day - timedelta(days=90), "Africa/Nairobi")
    begins, ends = (clock.midnight(day - timedelta(days=back), "Africa/Nairobi") for back in (_window(), 0))
    place = dict(Location.objects.filter(kind="site").values_list("key", "site_id"))
    lots = dict(Lot.objects.values_list("key", "id"))

    def plain(query: str, *parameters: object) -> Any:
        return connection.execute(query, parameters, prepare=True).fetchall()

    def give() -> None:
        with scope.enter([organisation]):
            commands.give(actor=found.system, site=bag, quantities={ITEM: KITS}, id=ids.new(), said={"supply_type": "first", "recipient_kind": "person_at_risk"})

    asked = [
        ("every balance", lambda: shelves.lots(None), lambda: plain(_BALANCES, organisation)),
        ("recall list", lambda: reach.still_out([lot.id]), lambda: plain(_OUT, organisation, lot.key, organisation, lot.key, organisation, lot.id)),
        ("forecast", lambda: forecast.forecasts(None, day), lambda: plain(_USED, ITEM, organisation, begins, ends)),
        ("overview", lambda: numbers.handed_out(found.actors["coordinator"], since), lambda: plain(_GIVEN, organisation, since)),
    ]
    same("every balance", {(one.site, one.lot_id): one.quantity for one in asked[0][1]()}, {(place[p], lots[key]): n for p, key, n in asked[0][2]()})
    same("recall list", asked[1][1]().total, asked[1][2]()[0][0])
    same("forecast", next(one.supply.used for one in asked[2][1]() if one.item.code == ITEM), asked[2][2]()[0][0])
    same("overview", asked[3][1]().kits, asked[3][2]()[0][0])
    return [("hand out", give, lambda: plain_hand_over(connection)), *asked]


def _window() -> int:
    return int(forecast.values.USE_WINDOW_DAYS.read().value)


def main() -> None:
    """Print a line for each size, and what grew."""
    lines: list[dict[str, tuple[float, float]]] = []
    with _open_house() as config:
        _migrate_now()
        small_world.build()
        small_world.busy()
        found = small_world.find()
        with superuser(Path(config.var)) as connection:
            _plain_tables(connection)
            with scope.enter([found.harbour.key]):
                bags = _bags(found)
                pattern, there = _pattern(found, bags[0]), 0
            for doses in SIZES:
                hand_out_more(connection, found.harbour.key, pattern, there, doses // (DOSES * KITS) - there)
                there = doses // (DOSES * KITS)
                with scope.enter([found.harbour.key]):
                    work = questions(found, bags[7], connection)
                    lines.append(measure(work[1:], 7))
                lines[-1] |= measure(work[:1], 60)
                print(f"{doses:>9,} doses, {BAGS} bags: " + ", ".join(f"{name} {a * 1e3:.1f} ms ÷ plain {b * 1e3:.1f} ms = {a / b:.1f}" for name, (a, b) in lines[-1].items()), flush=True)
    print(f"growth from {SIZES[0]:,} to {SIZES[-1]:,} doses: " + ", ".join(f"{name} ×{lines[-1][name][0] / lines[0][name][0]:.1f} (plain ×{lines[-1][name][1] / lines[0][name][1]:.1f})" for name in lines[0]))


if __name__ == "__main__":
    main()
