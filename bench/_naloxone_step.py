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

from bench._crowd import insert, superuser  # noqa: E402
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
from tests.words import PASSWORD  # noqa: E402
from tests.world import today  # noqa: E402

BAGS, VANS, LOTS, ITEM = 400, 20, 10, "naloxone-nasal-4mg"
SIZES = (10_000, 100_000, 1_000_000)
DOSES, KITS = 2, 2
"""Doses in a kit, and kits in a hand-over."""
Connection = psycopg.Connection[Any]
EVERY, COMES, REACHED, LEFT_ALONE = 5, 4, 3, 15
"""Each fifth hand-over is from a van to somebody with a code, who comes four times; each third of them chose a way to be reached, and each fifth of those wants to be left alone."""
_HANDS = """
INSERT INTO bench_hand
SELECT v, s.key, p.key, l.key, l.id, CASE WHEN v % {every} = 0 THEN md5('holder ' || ({before} + v) / {every} / {comes})::uuid END
FROM generate_series(1, {count}) v
JOIN facts_site s ON s.name = CASE WHEN v % {every} = 0 THEN 'Bench van ' || v / {every} % {vans} ELSE 'Bag ' || (v - v / {every} - 1) % {bags} END AND s.organisation_id = {organisation}
JOIN stock_location p ON p.site_id = s.key AND p.kind = 'site'
JOIN stock_lot l ON l.organisation_id = {organisation} AND l.code = 'BENCH-' || CASE WHEN v % {every} = 0 THEN v / {every} / {vans} ELSE v / {bags} END % {lots}
"""
_BALANCES = """
SELECT g.location_id, g.lot_id, sum(g.quantity)::bigint FROM stock_leg g JOIN stock_location p ON p.key = g.location_id AND p.kind = 'site'
WHERE g.organisation_id = %s GROUP BY 1, 2 HAVING sum(g.quantity) <> 0
"""
_IN_REACH = """
EXISTS (SELECT 1 FROM vault_sealedrecord c WHERE c.organisation_id = f.organisation_id AND c.store = 'vault.contact' AND c.participant = f.participant)
AND NOT EXISTS (SELECT 1 FROM facts_participant w WHERE w.organisation_id = f.organisation_id AND w.id = f.participant AND w.status IN ('do_not_contact', 'deceased'))
"""
_OUT = f"""
SELECT way, sum(quantity)::bigint FROM (
 SELECT CASE WHEN s.kind = 'peer_bag' THEN 'passed_on' WHEN {_IN_REACH} THEN 'reachable' ELSE 'anonymous' END AS way, g.quantity
  FROM stock_leg g JOIN stock_location p ON p.key = g.location_id AND p.kind = 'people' JOIN facts_fact f ON f.organisation_id = g.organisation_id AND f.id = g.fact
  JOIN facts_site s ON s.key = f.site_id WHERE g.organisation_id = %(organisation)s AND g.lot_id = %(lot)s
 UNION ALL SELECT CASE s.kind WHEN 'peer_bag' THEN 'in_bag' ELSE 'in_vehicle' END, g.quantity
  FROM stock_leg g JOIN stock_location p ON p.key = g.location_id AND p.kind = 'site' JOIN facts_site s ON s.key = p.site_id AND s.kind IN ('peer_bag', 'vehicle')
  WHERE g.organisation_id = %(organisation)s AND g.lot_id = %(lot)s
 UNION ALL SELECT CASE WHEN f.origin = 'bag' THEN 'passed_on' WHEN {_IN_REACH} THEN 'reachable' ELSE 'anonymous' END, -f.quantity
  FROM naloxone_kitend f WHERE f.organisation_id = %(organisation)s AND f.lot = %(lot_id)s AND f.event = 'used'
) x GROUP BY 1 HAVING sum(quantity) <> 0
"""
_TO_REACH = f"""
SELECT f.participant, (sum(g.quantity) - coalesce(max(e.used), 0))::bigint
FROM stock_leg g JOIN stock_location p ON p.key = g.location_id AND p.kind = 'people' JOIN facts_fact f ON f.organisation_id = g.organisation_id AND f.id = g.fact
JOIN facts_site s ON s.key = f.site_id AND s.kind = 'vehicle'
LEFT JOIN (SELECT participant, sum(quantity) AS used FROM naloxone_kitend WHERE organisation_id = %(organisation)s AND lot = %(lot_id)s GROUP BY 1) e ON e.participant = f.participant
WHERE g.organisation_id = %(organisation)s AND g.lot_id = %(lot)s AND f.participant IS NOT NULL AND {_IN_REACH}
GROUP BY 1 HAVING sum(g.quantity) > coalesce(max(e.used), 0)
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
    """So many more hand-overs like one that came through the door: from every bag, van and lot in turn, over a hundred days; of each tenth a kit was used."""
    said = {"every": EVERY, "comes": COMES, "vans": VANS, "bags": BAGS, "lots": LOTS, "before": before, "count": count, "organisation": organisation}
    connection.execute("TRUNCATE bench_hand")
    connection.execute(_HANDS.format(**said).encode())
    visit, supply = f"md5('visit ' || ({before} + v))::uuid", f"md5('supply ' || ({before} + v))::uuid"
    at = f"now() - interval '1 hour' - (v * interval '100 days' / {count})"
    first = "f.kind = 'facts.encounter'"
    _copied(connection, "facts_fact", "f", {
        "id": f"CASE WHEN {first} THEN {visit} ELSE {supply} END", "root": f"CASE WHEN {first} THEN {visit} ELSE {supply} END",
        "encounter": f"CASE WHEN f.encounter IS NULL THEN NULL ELSE {visit} END", "participant": "h.participant", "site_id": "h.site", "occurred_at": at, "recorded_at": "now()",
        "counter": f"1000000 + 2 * ({before} + v) - CASE WHEN {first} THEN 1 ELSE 0 END", "device_sequence": "NULL", "supersedes": "'[]'::jsonb",
    }, f"facts_fact f, bench_hand h WHERE f.id IN ('{pattern[0]}', '{pattern[1]}')")
    _copied(connection, "stock_leg", "g", {
        "fact": supply, "cause": supply, "at": at, "site_id": "h.site", "lot_id": "h.lot", "location_id": "CASE WHEN g.quantity < 0 THEN h.place ELSE g.location_id END",
    }, f"stock_leg g, bench_hand h WHERE g.fact = '{pattern[1]}'")
    _copied(connection, "naloxone_given", "o", {"fact": supply, "site_id": "h.site", "occurred_at": at}, f"naloxone_given o, bench_hand h WHERE o.fact = '{pattern[1]}'")
    connection.execute(
        "INSERT INTO naloxone_kitend (organisation_id, fact, event, lot, code, quantity, origin, participant, ours, occurred_at, counter)"
        f" SELECT {organisation}, gen_random_uuid(), 'used', lot_id, '', 1, CASE WHEN participant IS NULL THEN 'bag' ELSE 'given' END, participant, false, now(), 0"
        " FROM bench_hand WHERE v % 20 IN (0, 1)".encode()
    )
    _holders(connection, said)
    connection.execute("DELETE FROM stock_balance WHERE organisation_id = %s", [organisation])
    connection.execute(
        "INSERT INTO stock_balance (organisation_id, location_id, lot_id, quantity) SELECT organisation_id, location_id, lot_id, sum(quantity)"
        " FROM stock_leg WHERE organisation_id = %s GROUP BY 1, 2, 3", [organisation],
    )
    connection.execute("VACUUM ANALYZE")


def _holders(connection: Connection, said: dict[str, int]) -> None:
    """Who holds kits with a code: known, and as many of them as do can be reached, or want to be left alone."""
    holders, organisation = f"(SELECT DISTINCT ON (participant) participant, site, ({said['before']} + v) / {EVERY} / {COMES} AS number FROM bench_hand WHERE participant IS NOT NULL) h", str(said["organisation"])
    status = f"CASE WHEN number % {LEFT_ALONE} = 0 THEN 'do_not_contact' ELSE 'active' END"
    known = "NOT EXISTS (SELECT 1 FROM {} k WHERE k.{} = h.participant)"
    insert(connection, "vault_sealedrecord", {"organisation_id": organisation, "store": "'vault.contact'", "participant": "participant", "site_id": "site"},
           f"{holders} WHERE number % {REACHED} = 0 AND {known.format('vault_sealedrecord', 'participant')}")
    insert(connection, "facts_participant", {"organisation_id": organisation, "id": "participant", "status": status, "flags": "'{}'::jsonb"},
           f"{holders} WHERE {known.format('facts_participant', 'id')}")


def plain_hand_over(connection: Connection) -> None:
    """What a hand-over writes, as bare rows: two facts, two sides of a move and two balances, in one transaction."""
    with connection.transaction():
        connection.execute("INSERT INTO bench_fact (body) SELECT jsonb_build_object('n', v) FROM generate_series(1, 2) v")
        connection.execute("INSERT INTO bench_leg (place, lot, quantity) VALUES (1, 1, -2), (2, 1, 2)")
        connection.execute("UPDATE bench_balance SET quantity = quantity + 1 WHERE place IN (1, 2)")


def _plain_tables(connection: Connection) -> None:
    connection.execute("CREATE TABLE bench_fact (key bigserial PRIMARY KEY, id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(), body jsonb NOT NULL)")
    connection.execute("CREATE TABLE bench_leg (key bigserial PRIMARY KEY, place int NOT NULL, lot int NOT NULL, quantity int NOT NULL)")
    connection.execute("CREATE TABLE bench_hand (v int, site bigint, place bigint, lot bigint, lot_id uuid, participant uuid)")
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


def _places(found: Any) -> list[Any]:
    """Four hundred bags and twenty vans, each with some of every lot."""
    kinds = [*((f"Bag {number}", "peer_bag") for number in range(BAGS)), *((f"Bench van {number}", "vehicle") for number in range(VANS))]
    places = [organisations.create_site(actor=found.system, name=name, kind=kind, time_zone="Africa/Nairobi", area="harbour-area") for name, kind in kinds]
    for place in places:
        lines = [stock.Delivery(ITEM, f"BENCH-{number}", 1_000_000, date(2031, 1, 31) + timedelta(days=number)) for number in range(LOTS)]
        stock.receive(actor=found.system, site=place, lines=lines)
    return places


def _who_reaches(found: Any) -> Any:
    """Somebody who works on every van, and may open how people there want to be reached."""
    staff = organisations.create_staff(actor=found.system, username="reacher", name="Reacher", password=PASSWORD, grants=[("outreach", None)])
    return organisations.actor_for(staff)


def _pattern(found: Any, bag: Any) -> tuple[str, str]:
    """The two facts of one hand-over through the door."""
    visit = ids.new()
    commands.give(actor=found.system, site=bag, quantities={ITEM: KITS}, id=visit, said={"supply_type": "first", "recipient_kind": "person_at_risk"})
    return str(visit), str(Given.objects.order_by("-key").values_list("fact", flat=True)[0])


def questions(found: Any, bag: Any, who: Any, connection: Connection) -> list[tuple[str, Callable[[], Any], Callable[[], Any]]]:
    """Each with our way and the plain one, after both gave the same answer."""
    organisation, day = found.harbour.key, today()
    lot, since = Lot.objects.get(code="BENCH-3"), clock.midnight(day - timedelta(days=90), "Africa/Nairobi")
    begins, ends = (clock.midnight(day - timedelta(days=back), "Africa/Nairobi") for back in (_window(), 0))
    place = dict(Location.objects.filter(kind="site").values_list("key", "site_id"))
    lots = dict(Lot.objects.values_list("key", "id"))

    of_lot = {"organisation": organisation, "lot": lot.key, "lot_id": lot.id}

    def plain(query: str, *parameters: object) -> Any:
        return connection.execute(query, parameters, prepare=True).fetchall()

    def plain_of_lot(query: str) -> dict[Any, int]:
        return dict(connection.execute(query.encode(), of_lot, prepare=True).fetchall())

    def give() -> None:
        with scope.enter([organisation]):
            commands.give(actor=found.system, site=bag, quantities={ITEM: KITS}, id=ids.new(), said={"supply_type": "first", "recipient_kind": "person_at_risk"})

    asked: list[tuple[str, Callable[[], Any], Callable[[], Any]]] = [
        ("every balance", lambda: shelves.lots(None), lambda: plain(_BALANCES, organisation)),
        ("recall list", lambda: reach.still_out([lot.id]), lambda: plain_of_lot(_OUT)),
        ("people to reach", lambda: reach.to_reach(who, [lot.id]), lambda: plain_of_lot(_TO_REACH)),
        ("forecast", lambda: forecast.forecasts(None, day), lambda: plain(_USED, ITEM, organisation, begins, ends)),
        ("overview", lambda: numbers.handed_out(found.actors["coordinator"], since), lambda: plain(_GIVEN, organisation, since)),
    ]
    same("every balance", {(one.site, one.lot_id): one.quantity for one in asked[0][1]()}, {(place[p], lots[key]): n for p, key, n in asked[0][2]()})
    same("recall list", {group: n for group, n in asked[1][1]().groups.items() if n}, asked[1][2]())
    same("people to reach", {one.who: one.quantity for one in asked[2][1]()}, asked[2][2]())
    same("ways to reach", {"reachable", "anonymous", "passed_on", "in_bag", "in_vehicle"}, set(asked[1][2]()))
    same("forecast", next(one.supply.used for one in asked[3][1]() if one.item.code == ITEM), asked[3][2]()[0][0])
    same("overview", asked[4][1]().kits, asked[4][2]()[0][0])
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
                places, who = _places(found), _who_reaches(found)
                pattern, there = _pattern(found, places[0]), 0
            for doses in SIZES:
                hand_out_more(connection, found.harbour.key, pattern, there, doses // (DOSES * KITS) - there)
                there = doses // (DOSES * KITS)
                with scope.enter([found.harbour.key]):
                    work = questions(found, places[7], who, connection)
                    lines.append(measure(work[1:], 7))
                lines[-1] |= measure(work[:1], 60)
                print(f"{doses:>9,} doses, {BAGS} bags, {VANS} vans: " + ", ".join(f"{name} {a * 1e3:.1f} ms ÷ plain {b * 1e3:.1f} ms = {a / b:.1f}" for name, (a, b) in lines[-1].items()), flush=True)
    print(f"growth from {SIZES[0]:,} to {SIZES[-1]:,} doses: " + ", ".join(f"{name} ×{lines[-1][name][0] / lines[0][name][0]:.1f} (plain ×{lines[-1][name][1] / lines[0][name][1]:.1f})" for name in lines[0]))


if __name__ == "__main__":
    main()
