"""A quarter's numbers as somebody who knows DuckDB would write them by hand, over the same Parquet files: what our own are measured against.

Only the convention `barrels` of counting needles, no more than the measures of `QUERIES`, and no names or notes.
"""

from __future__ import annotations

from typing import Any

import duckdb

from handrail.facts.spec import KINDS
from handrail.insight.arrows import schema_of
from handrail.insight.periods import Window, months_before
from handrail.insight.spec import INDICATORS, Measure
from handrail.insight.tables import ENCOUNTER
from handrail.insight.warehouse import Manifest

_BASE = """
CREATE TEMP TABLE visit AS SELECT root, site, coalesce(survivor, f.participant) AS participant, local_date, people_count, channel
  FROM {encounter} f LEFT JOIN {survivors} s ON s.participant = f.participant ANTI JOIN {asides} a ON a.{aside} = f.{fact};
CREATE TEMP TABLE given AS SELECT kind, f.id, site, coalesce(survivor, f.participant) AS participant, encounter, root, local_date, quantity * counts_as_ns AS ns,
  quantity, coalesce(v.sale, f.channel = 'pharmacy', false) AS sold
  FROM (SELECT 'given' AS kind, id, counter, site, participant, encounter, root, local_date, item, quantity, NULL AS channel FROM {given} WHERE {year}
        UNION ALL SELECT 'dispensed', id, counter, site, participant, encounter, root, local_date, item, quantity, channel FROM {dispensed} WHERE {year}) f
  JOIN {items} i ON i.code = f.item AND i.counts_as_ns > 0 LEFT JOIN {survivors} s ON s.participant = f.participant
  LEFT JOIN (SELECT DISTINCT root AS seen, true AS sale FROM visit WHERE channel = 'pharmacy') v ON v.seen = f.encounter AND f.kind = 'given'
  ANTI JOIN {asides} a ON a.{aside} = f.{fact};
CREATE TEMP TABLE test AS SELECT id, root, encounter, site, coalesce(survivor, f.participant) AS participant, local_date, occurred_at, disease, state, result
  FROM {test} f LEFT JOIN {survivors} s ON s.participant = f.participant ANTI JOIN {asides} a ON a.{aside} = f.{fact};
CREATE TEMP TABLE referral AS SELECT root, encounter, site, coalesce(survivor, f.participant) AS participant, local_date, status, service
  FROM {referral} f LEFT JOIN {survivors} s ON s.participant = f.participant ANTI JOIN {asides} a ON a.{aside} = f.{fact};
CREATE TEMP TABLE back AS SELECT root, encounter, site, coalesce(survivor, f.participant) AS participant, local_date, quantity
  FROM {returned} f LEFT JOIN {survivors} s ON s.participant = f.participant ANTI JOIN {asides} a ON a.{aside} = f.{fact} WHERE {year};
CREATE TEMP TABLE answer AS SELECT participant, injects FROM (
  SELECT coalesce(survivor, f.participant) AS participant, arg_max(injects, (occurred_at, counter)) AS injects, max(local_date) AS day
  FROM (SELECT id, participant, injects, occurred_at, counter, local_date FROM {asked}
        UNION ALL SELECT id, participant, 'not_said', occurred_at, counter, local_date FROM {profile} WHERE list_contains(withdrawn, 'injects')) f
  LEFT JOIN {survivors} s ON s.participant = f.participant ANTI JOIN {asides} a ON a.{aside} = f.{fact}
  WHERE f.participant IS NOT NULL AND local_date < DATE '{end}' GROUP BY 1) WHERE day >= DATE '{asked_since}';
CREATE TEMP TABLE said AS SELECT participant,
  CASE WHEN trans = 'yes' THEN 'other' WHEN gender IN ('female', 'male') THEN gender WHEN coalesce(gender, '') IN ('', 'not_said') THEN 'unknown' ELSE 'other' END AS gender, birth_year
  FROM (SELECT coalesce(survivor, f.participant) AS participant,
    arg_max(array_to_string(gender, ','), (occurred_at, counter)) FILTER (gender IS NOT NULL) AS gender, arg_max(trans, (occurred_at, counter)) FILTER (trans IS NOT NULL) AS trans,
    arg_max(birth_year, (occurred_at, counter)) FILTER (birth_year IS NOT NULL) AS birth_year
    FROM {profile} f LEFT JOIN {survivors} s ON s.participant = f.participant ANTI JOIN {asides} a ON a.{aside} = f.{fact}
    WHERE f.participant IS NOT NULL AND local_date < DATE '{end}' GROUP BY 1);
CREATE TEMP TABLE served AS SELECT site, participant, year(max(local_date)) AS year, max(local_date) >= DATE '{start}' AS now FROM ({served}) WHERE participant IS NOT NULL GROUP BY ALL;
CREATE TEMP TABLE took AS SELECT site, participant, encounter, local_date, sold, local_date >= DATE '{start}' AS now FROM given WHERE kind = 'given' AND quantity >= 1;
"""

_WHO = "coalesce(participant, encounter, root) AS person, participant IS NOT NULL AS coded, CASE WHEN participant IS NULL THEN 0 ELSE year(local_date) END AS year"
_QUARTER = "local_date >= DATE '{start}' AND local_date < DATE '{end}'"
_YEAR = "local_date >= DATE '{year_start}' AND local_date < DATE '{end}'"
_INJECTS, _ANSWERED = "('last_month', 'last_12_months')", "('last_month', 'last_12_months', 'never', 'ever')"


def _needles(condition: str) -> str:
    return f"SELECT coalesce(site, '?') AS site, {_WHO}, sum(ns) AS amount, (kind = 'given')::int AS alone FROM given WHERE {condition} GROUP BY ALL"


def _visits(condition: str) -> str:
    return (
        f"SELECT coalesce(site, '?') AS site, coalesce(participant, root) AS person, participant IS NOT NULL AS coded,"
        f" CASE WHEN participant IS NULL THEN 0 ELSE year(local_date) END AS year, sum(people_count) AS amount, 1 AS alone FROM visit WHERE {condition} GROUP BY ALL"
    )


def _people(source: str) -> str:
    """Of rows of (site, participant, year): one a site and person, with the year of the person's last."""
    return f"SELECT coalesce(site, '?') AS site, participant AS person, true AS coded, max(max(year)) OVER (PARTITION BY participant) AS year, 1 AS amount, 1 AS alone FROM ({source}) WHERE participant IS NOT NULL GROUP BY site, participant"


def _injecting(source: str) -> str:
    return f"SELECT * FROM ({source}) SEMI JOIN (SELECT participant FROM answer WHERE injects IN {_INJECTS}) USING (participant)"


_SERVED_YEAR, _SERVED = "SELECT site, participant, year FROM served", "SELECT site, participant, year FROM served WHERE now"
_TOOK = "SELECT site, participant, year(local_date) AS year FROM took WHERE now"
_TOOK_UNSOLD = "SELECT site, participant, year(local_date) AS year FROM took WHERE NOT sold"
_TESTED = f"SELECT site, participant, year(local_date) AS year FROM test WHERE {_QUARTER} AND state = 'resulted' AND "
_KNOWN = (
    "NOT EXISTS (SELECT 1 FROM test b WHERE b.participant = test.participant AND b.occurred_at < test.occurred_at AND "
    "(b.disease = 'HCV_Ab' AND b.result = 'positive' OR b.disease IN ('HCV_Ab', 'HCV_RNA') AND b.state = 'known_positive' OR b.disease = 'HCV_RNA' AND b.result = 'positive'))"
)
_REFERRED = (
    "SELECT coalesce(site, '?') AS site, {who}, count(DISTINCT root) AS amount, 1 AS alone, coalesce(service, '') AS part FROM referral WHERE {quarter} AND "
    "(status IN {ever} OR root IN (SELECT referral FROM {{outcome}} o ANTI JOIN {{asides}} a ON a.{{aside}} = o.{{fact}} WHERE status IN {ever})) GROUP BY ALL"
)
_WANTED = "('accepted', 'booked', 'attended', 'result_known', 'not_attended', 'refused_by_service', 'withdrawn')"
_MONTHLY = "SELECT participant FROM took WHERE now AND participant IS NOT NULL GROUP BY participant HAVING count(DISTINCT encounter) >= 3"
_WINDOWS = (
    "SELECT participant FROM took WHERE now AND participant IS NOT NULL AND (local_date - DATE '{start}') // 30 < {windows}"
    " GROUP BY participant HAVING count(DISTINCT (local_date - DATE '{start}') // 30) >= {windows}"
)


def _regular(source: str) -> str:
    return f"SELECT '?' AS site, participant AS person, true AS coded, {{last_year}} AS year, 1 AS amount, 1 AS alone FROM ({_injecting(source)})"


def _referred(ever: str) -> str:
    return _REFERRED.format(who=_WHO, quarter=_QUARTER, ever=ever)


QUERIES: dict[tuple[str, str], str] = {
    ("contacts", "n"): _visits(_QUARTER),
    ("contacts_without_code", "n"): _visits(f"{_QUARTER} AND participant IS NULL"),
    ("people_estimate", "d"): _visits(f"{_QUARTER} AND participant IS NOT NULL"),
    ("needles_given", "n"): _needles(_QUARTER),
    ("kp_4", "n"): _needles("NOT sold"),
    ("prv_10a", "n"): _needles("true"),
    ("returned", "n"): f"SELECT coalesce(site, '?') AS site, {_WHO}, sum(quantity) AS amount, 1 AS alone FROM back WHERE {_QUARTER} GROUP BY ALL",
    ("hcv_tests", "n"): f"SELECT coalesce(site, '?') AS site, {_WHO}, count(DISTINCT id) AS amount, 1 AS alone FROM test WHERE {_QUARTER} AND state = 'resulted' AND disease IN ('HCV_Ab', 'HCV_RNA') GROUP BY ALL",
    ("people_reached", "n"): _people(_SERVED),
    ("prv_8a", "d"): _people(_injecting(_SERVED)),
    ("prv_8a", "n"): _people(_injecting(_TOOK)),
    ("prv_10a", "d"): _people(_injecting(_SERVED_YEAR)),
    ("kp_4", "d"): _people(_injecting(_TOOK_UNSOLD)),
    ("hep_2a", "n"): _people(f"{_TESTED} disease IN ('HCV_Ab', 'HCV_RNA')"),
    ("hep_4a", "d"): _people(f"{_TESTED} disease = 'HCV_Ab' AND result IN ('positive', 'negative')"),
    ("hep_4a", "n"): _people(f"{_TESTED} disease = 'HCV_Ab' AND result = 'positive' AND {_KNOWN}"),
    ("prv_9a", "n"): _regular(_WINDOWS),
    ("prv_9b", "n"): _regular(_MONTHLY),
    ("referral_bridge", "n"): _referred("('attended', 'result_known')"),
    ("referral_bridge", "d"): _referred(_WANTED),
}
"""Each measure by the indicator and part whose it is."""

_CELLS = """
WITH counted AS (
  SELECT m, a.site, coded, person, amount, part AS service, CASE WHEN coded THEN 0 ELSE coalesce(v.people_count, alone) END AS heads, p.provider_type, p.setting, p.area,
    coalesce(s.gender, 'unknown') AS gender, CASE WHEN a.year - s.birth_year BETWEEN 0 AND 24 THEN 'under_25' WHEN a.year - s.birth_year BETWEEN 25 AND 199 THEN '25_plus' ELSE 'unknown' END AS age_2
  FROM ({atoms}) a LEFT JOIN (SELECT root, people_count FROM visit WHERE participant IS NULL) v ON NOT a.coded AND v.root = a.person
  LEFT JOIN said s ON a.coded AND s.participant = a.person LEFT JOIN {sites} p ON p.id = a.site
)
SELECT m, {slice} AS slice, sum(amount)::bigint, count(DISTINCT person) FILTER (coded), sum(heads)::bigint
FROM counted GROUP BY GROUPING SETS ({sets})
"""


def measures() -> dict[tuple[str, str], Measure]:
    """What is measured, by the indicator and part whose it is."""
    found = {}
    for key, part in QUERIES:
        measure = INDICATORS[key].numerator if part == "n" else INDICATORS[key].denominator
        assert measure is not None
        found[key, part] = measure
    return found


def told_apart() -> dict[Measure, set[str]]:
    """How each measure is told apart by hand: as its own indicator asks, whatever others ask of it."""
    found: dict[Measure, set[str]] = {}
    for key, measure in measures().items():
        found.setdefault(measure, set()).update(INDICATORS[key[0]].breakdowns)
    return found


def pack(manifest: Manifest, quarter: Window, year: Window, limits: dict[str, str]) -> dict[tuple[tuple[str, str], str], tuple[int, int, int]]:
    """Amount, people with a code and heads without one, of each measure in each slice."""
    con = duckdb.connect(":memory:", config=limits)

    def files(kind: str) -> str:
        found = manifest.files(kind)
        if not found:
            con.register(f"no_{kind.split('.')[1]}", schema_of(KINDS[kind]).empty_table())
            return f"no_{kind.split('.')[1]}"
        listed = ", ".join(f"'{path}'" for path in found)
        return f"read_parquet([{listed}])"

    served = [kind.key for kind in KINDS if kind.key == ENCOUNTER or (kind.needs_encounter and manifest.files(kind.key))]
    named = {name: f"read_parquet('{manifest.folder / path}')" for name, path in manifest.dimensions.items()}
    counts = ("survivors", "asides", "items", "sites")
    words: dict[str, Any] = {name: named[name] for name in counts} | {
        kind.split(".")[1]: files(kind)
        for kind in (ENCOUNTER, "exchange.given", "exchange.dispensed", "exchange.test", "exchange.returned", "facts.referral", "facts.asked", "facts.profile")
    }
    words |= {
        "outcome": files("facts.referral_outcome"), "aside": "counter", "fact": "counter", "start": quarter.starts_on, "end": quarter.ends_before,
        "year_start": year.starts_on, "year": _YEAR.format(year_start=year.starts_on, end=quarter.ends_before), "windows": quarter.days // 30,
        "last_year": quarter.last_year, "asked_since": months_before(quarter.ends_before, 12),
    }
    words["served"] = " UNION ALL ".join(
        f"SELECT site, coalesce(survivor, f.participant) AS participant, local_date FROM {files(kind)} f LEFT JOIN {named['survivors']} s ON s.participant = f.participant"
        f" ANTI JOIN {named['asides']} a ON a.counter = f.counter WHERE {words['year']}"
        for kind in served
    )
    con.execute(_BASE.format(**words))
    found = {}
    told_apart = {key: tuple(INDICATORS[key[0]].breakdowns) for key in QUERIES}
    for columns in sorted(set(told_apart.values())):
        keys = [key for key in QUERIES if told_apart[key] == columns]
        atoms = " UNION ALL ".join(
            f"SELECT {number} AS m, site, person, coded, year, amount, alone, {'part' if 'service' in columns else 'NULL'} AS part FROM ({QUERIES[key].format(**words)})"
            for number, key in enumerate(keys)
        )
        sets = ", ".join(["(m)", "(m, site)", *(f"(m, {column})" for column in columns)])
        apart = " ".join(f"WHEN grouping({column}) = 0 THEN '{column}=' || coalesce(nullif({column}, ''), 'unknown')" for column in columns)
        slice_ = f"CASE WHEN grouping(site) = 0 THEN site {apart} ELSE '*' END"
        rows = con.execute(_CELLS.format(atoms=atoms, sets=sets, slice=slice_, **words)).fetchall()
        found |= {(keys[m], place): (amount, coded, heads) for m, place, amount, coded, heads in rows}
    con.close()
    return found
