"""A country's facts made quickly: eighteen months of visits at forty places by plain SQL, for measuring only (their digests are no chain).

About two facts a visit: the encounter, needles given, equipment back, tests, answers about injecting, profiles, referrals,
what a machine dispensed; some taken back, some people merged.
"""

from __future__ import annotations

from typing import Any

import psycopg

from bench._crowd import BLANK, PERSON

PLACES, AREAS = 40, 8
VISITS_A_PERSON = 30
CHUNK = 200_000
_KEPT_INDEXES = ("facts_fact_pkey", "fact_id", "fact_counter")

_SHAPES = """
    SELECT v, 1 AS place, 'facts.encounter' AS kind, jsonb_build_object('channel', CASE WHEN v % 40 = 7 THEN 'pharmacy' ELSE 'outreach' END,
           'people_count', CASE WHEN who IS NULL THEN 1 + v % 4 ELSE 1 END) AS payload, {version_encounter} AS version FROM visit
    UNION ALL SELECT v, 2, 'exchange.given', jsonb_build_object('lines', jsonb_build_array(
           jsonb_build_object('item', 'syringe-1ml-29g', 'quantity', 1 + v % 37), jsonb_build_object('item', 'filter', 'quantity', 10))), {version_given}
           FROM visit WHERE v % 10 < 7
    UNION ALL SELECT v, 3, 'exchange.returned', jsonb_build_object('quantity', 1 + v % 29), {version_returned} FROM visit WHERE v % 5 = 1
    UNION ALL SELECT v, 4, 'exchange.test', jsonb_build_object('disease', (ARRAY['HIV', 'HCV_Ab', 'HCV_RNA'])[1 + v % 3], 'state', 'resulted',
           'result', (ARRAY['negative', 'negative', 'positive', 'indeterminate'])[1 + (v / 20) % 4]), {version_test} FROM visit WHERE v % 20 = 5
    UNION ALL SELECT v, 5, 'facts.asked', jsonb_build_object('injects', (ARRAY['last_month', 'last_12_months', 'last_month', 'never', 'not_said'])[1 + (v / 8) % 5]),
           {version_asked} FROM visit WHERE who IS NOT NULL AND v % 8 IN (2, 3)
    UNION ALL SELECT v, 6, 'facts.profile', jsonb_build_object('gender', jsonb_build_array((ARRAY['female', 'male', 'male', 'diverse'])[1 + who % 4]),
           'birth_year', 1950 + who % 60), {version_profile} FROM visit WHERE who IS NOT NULL AND v % 16 = 9
    UNION ALL SELECT v, 7, 'facts.referral', jsonb_build_object('service', 'OAT', 'status', (ARRAY['accepted', 'declined', 'booked'])[1 + (v / 50) % 3]),
           {version_referral} FROM visit WHERE who IS NOT NULL AND v % 50 = 11
    UNION ALL SELECT v, 8, 'exchange.dispensed', jsonb_build_object('lines', jsonb_build_array(jsonb_build_object('item', 'syringe-1ml-29g', 'quantity', 2))),
           {version_dispensed} FROM visit WHERE v % 60 = 13
"""


def add_places(connection: psycopg.Connection[Any], organisation: int) -> None:
    """Places beside those of the small world, in areas with estimates of how many people inject there."""
    columns = [r[0] for r in connection.execute("SELECT column_name FROM information_schema.columns WHERE table_name = 'facts_site' AND is_identity = 'NO'").fetchall()]
    changed = {
        "id": "md5('place ' || n)::uuid", "name": "'Place ' || n", "area": f"'area-' || n % {AREAS}",
        "setting": "CASE WHEN n % 3 = 0 THEN 'facility' ELSE 'community' END", "provider_type": "(ARRAY['community_led', 'public', 'other'])[1 + n % 3]",
    }
    listed = ", ".join(changed.get(name, f"s.{name}") for name in columns)
    connection.execute(
        f"INSERT INTO facts_site ({', '.join(columns)}) SELECT {listed} FROM facts_site s, generate_series(1, {PLACES}) n"
        f" WHERE s.organisation_id = {organisation} AND s.name = 'Van 1'".encode()
    )
    areas = ", ".join(f"('targeted_area', 'area-{n}', {1000 + n})" for n in range(AREAS)) + ", ('targeted_area', 'harbour-area', 500), ('country', 'KE', 50000)"
    blank = connection.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'insight_sizeestimate' AND is_nullable = 'NO' AND is_identity = 'NO'"
    ).fetchall()
    values = {name: BLANK[kind] for name, kind in blank} | {
        "organisation_id": str(organisation), "population": "'pwid'", "level": "a.level", "area": "a.area", "value": "a.value", "year": "2024", "method": "'survey'",
    }
    connection.execute(
        f"INSERT INTO insight_sizeestimate ({', '.join(values)}) SELECT {', '.join(values.values())} FROM (VALUES {areas}) a (level, area, value)".encode()
    )


def only_needed_indexes(connection: psycopg.Connection[Any]) -> None:
    """Without the indexes that only pages use, millions of rows are written in minutes."""
    for name, owner in connection.execute("SELECT indexrelid::regclass::text, conname FROM pg_index LEFT JOIN pg_constraint ON conindid = indexrelid WHERE indrelid = 'facts_fact'::regclass").fetchall():
        if name not in _KEPT_INDEXES:
            connection.execute((f"ALTER TABLE facts_fact DROP CONSTRAINT {owner}" if owner else f"DROP INDEX {name}").encode())


def grow(connection: psycopg.Connection[Any], organisation: int, facts: int, *, versions: dict[str, int], newest: bool = False) -> int:
    """So many more facts (about), in the order of time: over eighteen months that end now, or (`newest`) of the last hour."""
    connection.execute("SET session_replication_role = replica")  # no triggers, no foreign keys: the rows are right
    start = int(connection.execute("SELECT counter FROM facts_head WHERE organisation_id = %s", [organisation]).fetchall()[0][0])
    visits, people = int(facts / 2.315), max(int(facts / 2.315 / VISITS_A_PERSON), 50)
    shapes = _SHAPES.format(**{f"version_{key.split('.')[1]}": version for key, version in versions.items()})
    span = "interval '1 hour'" if newest else "interval '540 days'"
    for low in range(0, visits, CHUNK):
        high = min(low + CHUNK, visits)
        connection.execute(
            f"""
            WITH visit AS (
                SELECT v + {start} AS v, now() - interval '1 hour' - ({visits} - v) * {span} / {visits} AS at,
                       CASE WHEN (v + {start}) % 5 < 3 THEN (v::bigint * 7919) % {people} END AS who,
                       (SELECT array_agg(key ORDER BY key) FROM facts_site WHERE organisation_id = {organisation} AND kind <> 'store') AS places
                FROM generate_series({low + 1}, {high}) v
            ), shape AS ({shapes}), made AS (
                SELECT visit.v, shape.place, shape.kind, shape.payload, shape.version, visit.at, visit.who,
                       places[1 + (coalesce(who, visit.v) + (visit.v % 9 = 0)::int) % array_length(places, 1)] AS site,
                       row_number() OVER (ORDER BY shape.v, shape.place) AS number
                FROM shape JOIN visit ON visit.v = shape.v
            )
            INSERT INTO facts_fact (organisation_id, id, kind, kind_version, site_id, encounter, participant, occurred_at, recorded_at, device, counter,
                                    supersedes, root, payload, payload_digest, digest)
            SELECT {organisation}, md5(place || ' of ' || v)::uuid, kind, version, site, CASE WHEN place > 1 AND place <> 8 THEN md5('1 of ' || v)::uuid END,
                   CASE WHEN place <> 8 THEN {PERSON.format('who')} END, at, now(), '00000000-0000-4000-8000-000000000001',
                   (SELECT counter FROM facts_head WHERE organisation_id = {organisation}) + number, '[]', md5(place || ' of ' || v)::uuid, payload, '', ''
            FROM made
            """.encode()
        )
        connection.execute("UPDATE facts_head SET counter = (SELECT max(counter) FROM facts_fact WHERE organisation_id = %s) WHERE organisation_id = %s", [organisation] * 2)
    if not newest:
        _take_back_and_merge(connection, organisation, people)
    connection.execute("ANALYZE facts_fact")
    return int(connection.execute("SELECT counter FROM facts_head WHERE organisation_id = %s", [organisation]).fetchall()[0][0]) - start


def _take_back_and_merge(connection: psycopg.Connection[Any], organisation: int, people: int) -> None:
    """One in two hundred given does not count any more; one person in a hundred had two records."""
    connection.execute(
        f"INSERT INTO facts_aside (organisation_id, fact, reason, is_open) SELECT {organisation}, id, 'superseded', false FROM facts_fact"
        f" WHERE organisation_id = {organisation} AND kind = 'exchange.given' AND counter % 200 = 0 ON CONFLICT DO NOTHING".encode()
    )
    rows = connection.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'facts_participant' AND is_nullable = 'NO' AND is_identity = 'NO'"
    ).fetchall()
    values = {name: BLANK[kind] for name, kind in rows} | {
        "organisation_id": str(organisation), "status": "'merged'", "flags": "'{}'::jsonb", "id": PERSON.format("n::text"), "merged_into": PERSON.format("(n + 1)::text"),
    }
    connection.execute(
        f"INSERT INTO facts_participant ({', '.join(values)}) SELECT {', '.join(values.values())} FROM generate_series(0, {people - 2}, 100) n ON CONFLICT DO NOTHING".encode()
    )
